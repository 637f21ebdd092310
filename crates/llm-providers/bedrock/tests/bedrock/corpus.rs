//! The corpus of all vendors, for each family of models.

use std::collections::BTreeSet;

use http::HeaderMap;
use llm_provider_bedrock::wire::ConverseRequest;
use llm_provider_core::{Call, OnUnsupported};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::ChatRequest;

use crate::{CLAUDE, GPT_OSS, LLAMA, NOVA, NOVA_2, OLD_CLAUDE, PROFILE, body, chat, encode, sent};

/// Claims that are true of Bedrock: it says the same in other words, or needs no word for it.
pub const EQUIVALENCES: &[Equivalence] = &[
    Equivalence::any("stream", ""),
    Equivalence::any("stream_options.include_usage", ""),
    Equivalence::any("stream_options.include_obfuscation", ""),
    Equivalence::of("n", "1", ""),
    Equivalence::of("store", "false", ""),
    Equivalence::of("logprobs", "false", ""),
    Equivalence::of("top_logprobs", "0", ""),
    Equivalence::of("modalities", "text", ""),
    Equivalence::of("parallel_tool_calls", "true", ""),
    Equivalence::of("parallel_tool_calls", "false", "\"disable_parallel_tool_use\":true"),
    Equivalence::of("tool_choice", "required", "\"toolChoice\":{\"any\":{}"),
    Equivalence::of("tool_choice", "auto", ""),
    Equivalence::of("function_call", "auto", ""),
    Equivalence::of("reasoning_effort", "none", ""),
    Equivalence::any("response_format.json_schema.strict", "\"outputConfig\":{"),
    Equivalence::of("tools[*].function.strict", "false", ""),
    Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
    Equivalence::any("web_search_options.user_location", "nova_grounding"),
    Equivalence::any("messages[*].function_call.name", "\"toolUse\":{"),
    Equivalence::any("messages[*].name", "\"toolResult\":{"),
    Equivalence::of("messages[*].is_error", "true", "\"status\":\"error\""),
    Equivalence::of("messages[*].content[*].input_audio.format", "wav", "\"audio\":{\"format\":\"wav\""),
    // The mark stands after what it marks.
    Equivalence::any("messages[*].cache_control.ttl", "\"ttl\""),
    Equivalence::any("messages[*].content[*].cache_control.ttl", "\"ttl\""),
    // Media types are forms here.
    Equivalence::of(
        "messages[*].content[*].image_url.url",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "{\"format\":\"png\",\"source\":{\"bytes\":\"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\"}}",
    ),
    // Where the model's own blocks were kept, they say it all.
    Equivalence::any("messages[*].reasoning_content", "\"reasoningContent\":{"),
    Equivalence::any("messages[*].provider_specific_fields.converse_content", "\"content\":["),
    Equivalence::any("messages[*].annotations", "\"citationsContent\":{"),
];

pub fn laws_of(request: &ChatRequest, model: &str) {
    let headers = HeaderMap::new();
    let call = Call::new(model, &headers);
    laws::encode_is_stable(chat(), request, &call);
    laws::no_silent_loss(chat(), request, &call, EQUIVALENCES);
    let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
    laws::no_silent_loss(chat(), request, &rejecting, EQUIVALENCES);
    if let Ok(encoded) = chat().encode(request, &call) {
        laws::json_identity::<ConverseRequest>(&body(&encoded).to_string());
    }
}

#[test]
fn every_case_of_claude() {
    for case in corpus() {
        insta::assert_snapshot!(format!("claude.{}", case.name), sent(encode(&case.request(), CLAUDE)));
    }
}

#[test]
fn every_case_of_nova() {
    for case in corpus() {
        insta::assert_snapshot!(format!("nova.{}", case.name), sent(encode(&case.request(), NOVA)));
    }
}

#[test]
fn every_case_of_every_family() {
    let models = [
        CLAUDE,
        OLD_CLAUDE,
        NOVA,
        NOVA_2,
        GPT_OSS,
        LLAMA,
        PROFILE,
        "anthropic.claude-opus-4-8",
        "openai.gpt-5.4",
        "deepseek.v3-v1:0",
        "us.deepseek.r1-v1:0",
        "qwen.qwen3-32b-v1:0",
        "mistral.mistral-large-3-675b-instruct",
        "cohere.command-r-plus-v1:0",
        "amazon.titan-text-express-v1",
        "somebodys.new-model-v9:0",
    ];
    for model in models {
        for case in corpus() {
            let tried = std::panic::catch_unwind(|| laws_of(&case.request(), model));
            assert!(tried.is_ok(), "{model}: {}", case.name);
        }
    }
}

/// What cannot be said is refused for every model alike: what must be fetched before, and uploads at OpenAI.
#[test]
fn what_is_refused() {
    let refused = |model: &str| -> BTreeSet<&str> {
        corpus().iter().filter(|case| encode(&case.request(), model).is_err()).map(|case| case.name).collect()
    };
    let wanted = BTreeSet::from(["images_bare_url", "images_url"]);
    for model in [CLAUDE, NOVA, GPT_OSS, LLAMA, PROFILE] {
        assert_eq!(refused(model), wanted, "{model}");
    }
}
