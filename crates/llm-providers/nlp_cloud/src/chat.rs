//! Chat by two endpoints: `chatbot`, which knows turns and nothing else, and `generation`, which knows parameters and
//! one text.
//!
//! Source: NLP Cloud API reference, "Chatbot and conversational AI" and "Generation" (docs.nlpcloud.com), and its Python
//! client (github.com/nlpcloud/nlpcloud-python), read 2026-11.

mod ask;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Uri, request};
use llm_provider_core::{Call, EncodeError, Framing, NoteKind};
use llm_provider_envelope::{Envelope, Opener, address, beside, leave_out, said_by_prompt, unknown_beside};
use llm_provider_openai::{
    AnswerOptions, Auth, Changes, DoneMarker, OutputLimit, RequestOptions, WireOptions,
};
use llm_provider_words::{Keeps, Whole, answer, plain};
use llm_types::{ChatRequest, Extra, Nullable};
use serde_json::{Value, json};

use ask::Endpoint;

/// The address of models on GPUs, which all chat models are.
pub(crate) const BASE_URL: &str = "https://api.nlpcloud.io/v1/gpu";

/// Members of OpenAI's that NLP Cloud has no place for.
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
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "stream_options",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "user",
    "verbosity",
    "web_search_options",
];

/// What stands inside the envelope.
pub(crate) fn wire() -> WireOptions {
    WireOptions {
        base_url: BASE_URL.to_owned(),
        // The key travels as `Token …`.
        auth: Auth::None,
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            stream_usage: false,
            top_k: true,
            ..RequestOptions::default()
        },
        answer: AnswerOptions { think_tags: true, done: DoneMarker::Optional, ..AnswerOptions::default() },
        ..WireOptions::default()
    }
}

/// A model at NLP Cloud.
#[derive(Debug)]
pub(crate) struct Generation;

impl Envelope for Generation {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        said_by_prompt(request, changes);
        plain(request, Keeps::default(), changes);
        if request.streams() {
            changes.note(NoteKind::Converted, "stream", "asked for in one piece");
        }
        request.stream = Nullable::Absent;
        Ok(())
    }

    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        let model = call.model;
        if model.is_empty() || !model.chars().all(is_safe) || model.split('/').any(|part| part == "..") {
            return Err(EncodeError::invalid("model", format!("`{model}` cannot be part of an address")));
        }
        address(call.base_url_or(BASE_URL), &format!("/{model}/{}", Endpoint::of(request).name()))
    }

    fn wrap(&self, body: Extra, request: &ChatRequest, _call: &Call<'_>) -> Result<Extra, EncodeError> {
        Ok(match Endpoint::of(request) {
            Endpoint::Chatbot => ask::chatbot(&body),
            Endpoint::Generation => ask::generation(body),
        })
    }

    fn seal(&self, parts: &mut request::Parts, _body: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        let Some(key) = call.key().filter(|_| !parts.headers.contains_key(AUTHORIZATION)) else {
            return Ok(());
        };
        let mut value = HeaderValue::from_str(&format!("Token {}", key.expose()))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    fn unwrap(&self, said: Value) -> Value {
        whole(said)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Whole::new(whole))
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }
}

/// Members of answers that are told in OpenAI's words.
const KNOWN: &[&str] =
    &["finish_reason", "generated_text", "nb_generated_tokens", "nb_input_tokens", "response"];

/// The answer of either endpoint in OpenAI's form; a failure as it is.
fn whole(said: Value) -> Value {
    let Some(text) = said["generated_text"].as_str().or_else(|| said["response"].as_str()) else {
        return said;
    };
    let count = |name: &str| said[name].as_u64();
    let usage = count("nb_input_tokens").zip(count("nb_generated_tokens")).map(|(input, output)| {
        json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input.saturating_add(output) })
    });
    let mut whole = answer(text, said["finish_reason"].as_str().unwrap_or("stop"), usage);
    // The conversation is told back as it was asked, with the answer at its end.
    beside(&mut whole, unknown_beside(&said, &["history"], KNOWN));
    whole
}
