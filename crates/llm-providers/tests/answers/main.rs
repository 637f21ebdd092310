//! No client's dialect loses anything of an answer in silence: answers at random, whole and streamed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod claims;
mod handed_on;
#[path = "../common/lost.rs"]
mod lost;
mod vendors;

use bytes::BytesMut;
use llm_providers::core::{Dialect, Framing, Reply};
use llm_providers::types::{ChatChunk, ChatResponse, from_value};
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::random_answer;
use serde_json::json;

const DIALECTS: &[(Dialect, Framing)] = &[
    (Dialect::OpenAiChat, Framing::Sse),
    (Dialect::OpenAiResponses, Framing::Sse),
    (Dialect::AnthropicMessages, Framing::Sse),
    (Dialect::Gemini, Framing::Sse),
    (Dialect::BedrockConverse, Framing::EventStream),
    (Dialect::CohereChat, Framing::Sse),
    (Dialect::OllamaChat, Framing::Lines),
    (Dialect::OllamaGenerate, Framing::Lines),
];

/// What is said in other words by every dialect but OpenAI's own.
const TRANSLATED: &[Equivalence] = &[
    Equivalence::any("choices[*].finish_reason", ""),
    // Counted apart instead of inside each other.
    Equivalence::any("usage.prompt_tokens", ""),
    Equivalence::any("usage.completion_tokens", ""),
    Equivalence::any("usage.total_tokens", ""),
];

const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";
const PNG_DATA: &str = "iVBORw0KGgo=";

/// What a dialect says in its own words.
fn claims(dialect: Dialect) -> Vec<Equivalence> {
    let own: &[Equivalence] = match dialect {
        Dialect::OpenAiChat => return Vec::new(),
        Dialect::OpenAiResponses => SEALED,
        Dialect::AnthropicMessages => {
            &[Equivalence::of("service_tier", "default", "\"service_tier\":\"standard\"")]
        }
        Dialect::Gemini => &[
            Equivalence::of("service_tier", "default", "\"serviceTier\":\"standard\""),
            Equivalence::any("choices[*].message.thinking_blocks[*].signature", "\"thoughtSignature\":"),
            Equivalence::any("choices[*].delta.thinking_blocks[*].signature", "\"thoughtSignature\":"),
        ],
        // These know no names of answers.
        Dialect::BedrockConverse => &[
            Equivalence::any("id", ""),
            // What rests on a source stands beside it.
            Equivalence::any("choices[*].message.annotations[*].url_citation.start_index", CITED),
            Equivalence::any("choices[*].message.annotations[*].url_citation.end_index", CITED),
            Equivalence::any("choices[*].delta.annotations[*].url_citation.start_index", "\"citation\":{"),
            Equivalence::any("choices[*].delta.annotations[*].url_citation.end_index", "\"citation\":{"),
        ],
        Dialect::OllamaChat | Dialect::OllamaGenerate => &[Equivalence::any("id", "")],
        _ => &[],
    };
    let images = match dialect {
        Dialect::OpenAiResponses | Dialect::BedrockConverse | Dialect::OllamaChat => IMAGES,
        _ => &[],
    };
    [TRANSLATED, own, images].concat()
}

/// A part of a text with its sources.
const CITED: &str = "\"citationsContent\":{";

/// What the Responses API carries sealed, so that it comes back.
const SEALED: &[Equivalence] = &[
    Equivalence::any("choices[*].message.thinking_blocks", "\"encrypted_content\":"),
    Equivalence::any("choices[*].delta.thinking_blocks", "\"encrypted_content\":"),
    Equivalence::any(
        "choices[*].message.provider_specific_fields.thought_signatures",
        "\"encrypted_content\":",
    ),
    Equivalence::any(
        "choices[*].delta.provider_specific_fields.thought_signatures",
        "\"encrypted_content\":",
    ),
    Equivalence::any(
        "choices[*].message.provider_specific_fields.reasoning_details",
        "\"encrypted_content\":",
    ),
    Equivalence::any("choices[*].delta.provider_specific_fields.reasoning_details", "\"encrypted_content\":"),
];

/// Where an image is told as its data, and its kind beside or not at all.
const IMAGES: &[Equivalence] = &[
    Equivalence::of("choices[*].message.images[*].image_url.url", PNG, PNG_DATA),
    Equivalence::of("choices[*].delta.images[*].image_url.url", PNG, PNG_DATA),
];

fn reply() -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "model-1".to_owned(), created_s: 7, include_usage: true }
}

#[test]
fn answers_at_random() {
    for &(dialect, framing) in DIALECTS {
        for seed in 0..400 {
            let answer = random_answer(seed);
            let ingress = llm_providers::ingress(dialect);
            laws::no_silent_answer_loss(ingress, framing, &answer, &reply(), &claims(dialect));
        }
    }
}

/// How each dialect says that an answer is as long as it may be.
const CUT: &[(Dialect, &[&str])] = &[
    (Dialect::OpenAiChat, &["\"finish_reason\":\"length\""]),
    (Dialect::OpenAiResponses, &["\"status\":\"incomplete\"", "\"reason\":\"max_output_tokens\""]),
    (Dialect::AnthropicMessages, &["\"stop_reason\":\"max_tokens\""]),
    (Dialect::Gemini, &["\"finishReason\":\"MAX_TOKENS\""]),
    (Dialect::BedrockConverse, &["\"stopReason\":\"max_tokens\""]),
    (Dialect::CohereChat, &["\"finish_reason\":\"MAX_TOKENS\""]),
    (Dialect::OllamaChat, &["\"done_reason\":\"length\""]),
    (Dialect::OllamaGenerate, &["\"done_reason\":\"length\""]),
];

/// That an answer was cut at its limit is told in every dialect, whole and streamed, also where the model was calling a
/// tool.
#[test]
fn a_cut_answer_is_told_as_one() {
    let call = json!([{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":"}}]);
    for said in [json!({"content": "So"}), json!({"tool_calls": call})] {
        let answer = json!({"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": said, "finish_reason": "length"}]});
        let mut answer = answer;
        answer["choices"][0]["message"]["role"] = "assistant".into();
        let answer: ChatResponse = from_value(answer).unwrap();
        for (dialect, words) in CUT {
            let ingress = llm_providers::ingress(*dialect);
            let whole = String::from_utf8(ingress.write(&answer, &reply()).body.to_vec()).unwrap();
            let (mut writer, mut out) = (ingress.writer(&reply()), BytesMut::new());
            for choice in [
                json!({"index": 0, "delta": said}),
                json!({"index": 0, "delta": {}, "finish_reason": "length"}),
            ] {
                let chunk = json!({"id": "a", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [choice]});
                writer.chunk(&from_value::<ChatChunk>(chunk).unwrap(), &mut out);
            }
            writer.end(&mut out);
            let streamed = String::from_utf8_lossy(&out);
            for word in *words {
                assert!(whole.contains(word), "{dialect:?}, {said}: {whole}");
                assert!(streamed.contains(word), "{dialect:?}, {said}: {streamed}");
            }
        }
    }
}
