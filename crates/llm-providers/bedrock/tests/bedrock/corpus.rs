//! The corpus of all vendors, for each family of models.

use std::collections::BTreeSet;

use http::HeaderMap;
use llm_provider_bedrock::wire::ConverseRequest;
use llm_provider_core::{Call, OnUnsupported};
use llm_testkit::corpus::corpus;
use llm_testkit::laws::{self, Equivalence};
use llm_types::ChatRequest;

use crate::spoken::Spoken;
use crate::{CLAUDE, GPT_OSS, LLAMA, NOVA, NOVA_2, OLD_CLAUDE, PROFILE, body, chat, encode, sent};

/// Claims that are true of Bedrock: it says the same in other words, or needs no word for it.
pub(crate) const EQUIVALENCES: &[Equivalence] = &[
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
    // The tools are left out then, which a note says.
    Equivalence::of("tool_choice", "none", ""),
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
    Equivalence::of("messages[*].is_error", "false", "\"status\":\"success\""),
    Equivalence::of(
        "messages[*].content[*].image_url.url",
        "data:image/jpg;base64,/9j/4AAQ",
        "\"format\":\"jpeg\"",
    ),
    Equivalence::of(
        "messages[*].content[*].video_url.url",
        "data:video/quicktime;base64,AAAA",
        "\"format\":\"mov\"",
    ),
    // The mark stands after what it marks.
    Equivalence::any("messages[*].cache_control.ttl", "\"ttl\""),
    Equivalence::any("messages[*].content[*].cache_control.ttl", "\"ttl\""),
    // Where the model's own blocks were kept, they say it all.
    Equivalence::any("messages[*].reasoning_content", "\"reasoningContent\":{"),
    Equivalence::any("messages[*].provider_specific_fields.converse_content", "\"content\":["),
    Equivalence::any("messages[*].annotations", "\"citationsContent\":{"),
];

pub(crate) fn laws_of(request: &ChatRequest, model: &str) {
    let headers = HeaderMap::new();
    let call = Call::new(model, &headers);
    laws::encode_is_stable(chat(), request, &call);
    laws::no_silent_loss(&Spoken, request, &call, EQUIVALENCES);
    let rejecting = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
    laws::no_silent_loss(&Spoken, request, &rejecting, EQUIVALENCES);
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
    let mut failed = Vec::new();
    for model in models {
        for case in corpus() {
            if std::panic::catch_unwind(|| laws_of(&case.request(), model)).is_err() {
                failed.push(format!("{model}: {}", case.name));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// What cannot be said is refused for every model alike: what must be fetched before, and what says
/// nothing.
#[test]
fn what_is_refused() {
    let refused = |model: &str| -> BTreeSet<&str> {
        corpus().iter().filter(|case| encode(&case.request(), model).is_err()).map(|case| case.name).collect()
    };
    let wanted = BTreeSet::from(["empty_content", "images_bare_url", "images_url"]);
    for model in [CLAUDE, NOVA, GPT_OSS, LLAMA, PROFILE] {
        assert_eq!(refused(model), wanted, "{model}");
    }
}
