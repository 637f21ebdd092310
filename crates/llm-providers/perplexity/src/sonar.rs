//! Sonar chat: OpenAI's form with searches.
//!
//! Source: Perplexity docs, "Sonar API", "Chat completions" (docs.perplexity.ai/api-reference/chat-completions-post),
//! read 2026-11; the vendor ended it on 2026-09-27.

use llm_provider_envelope::{functions_only, leave_out, leave_out_parts, plain_history};
use llm_provider_openai::{
    AnswerOptions, Changes, DoneMarker, OutputLimit, RequestOptions, ThinkingMember, WireOptions,
};
use llm_types::{ChatRequest, ContentPart};

/// Members of OpenAI's requests that Sonar chat lacks.
const LACKS: &[&str] = &[
    "audio",
    "logit_bias",
    "logprobs",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "top_logprobs",
    "user",
    "verbosity",
];

/// In what it differs from OpenAI's.
pub(crate) fn options() -> WireOptions {
    WireOptions {
        base_url: crate::route::BASE_URL.to_owned(),
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            stream_usage: false,
            thinking: ThinkingMember::Effort,
            top_k: true,
            file_urls: true,
            ..RequestOptions::default()
        },
        answer: AnswerOptions { think_tags: true, done: DoneMarker::Optional, ..AnswerOptions::default() },
        ..WireOptions::default()
    }
}

/// Leaves out what it lacks.
pub(crate) fn prepare(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    leave_out(request, LACKS, changes);
    functions_only(request, changes);
    plain_history(request, changes);
    leave_out_parts(request, changes, |part| !matches!(part, ContentPart::InputAudio(_)));
}
