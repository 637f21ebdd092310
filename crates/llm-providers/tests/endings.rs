//! A stream that passes through may be ended at any frame as one that is as long as it may be, in every dialect.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use llm_providers::core::{Dialect, Framing, Heard, Reply};
use llm_providers::types::{ChatChunk, FinishReason, Usage, from_value};
use serde_json::{Value, json};

/// A dialect, who speaks it, and whether that one's decoder reads it.
const DIALECTS: &[(Dialect, &str, bool)] = &[
    (Dialect::OpenAiChat, "openai", true),
    (Dialect::OpenAiResponses, "openai", false),
    (Dialect::AnthropicMessages, "anthropic", true),
    (Dialect::Gemini, "gemini", true),
    (Dialect::BedrockConverse, "bedrock", true),
    (Dialect::CohereChat, "cohere", true),
    (Dialect::OllamaChat, "ollama", true),
    (Dialect::OllamaGenerate, "ollama", false),
];

fn chunk(delta: &Value) -> ChatChunk {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": null});
    let chunk = json!({"id": "vendors-name", "object": "chat.completion.chunk", "created": 5, "model": "m",
        "choices": [choice]});
    from_value(chunk).unwrap()
}

/// The beginning of an answer: thinking, words, a call whose arguments go on.
fn beginning() -> Vec<ChatChunk> {
    let arguments = |text: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]});
    let call = json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": ""}});
    [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "Hmm"}),
        json!({"reasoning_content": ", well"}),
        json!({"content": "Hello"}),
        json!({"content": ", you"}),
        json!({"tool_calls": [call]}),
        arguments("{\"a\":"),
        arguments("1"),
    ]
    .map(|delta| chunk(&delta))
    .into()
}

fn frames(framing: Framing, mut rest: &[u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    while let Some(frame) = framing.next(&mut rest) {
        frames.push(Bytes::copy_from_slice(frame));
    }
    frames
}

#[test]
fn at_any_frame() {
    let usage = Usage::new(7, 9);
    for &(dialect, vendor, is_read) in DIALECTS {
        let ingress = llm_providers::ingress(dialect);
        let reply = Reply {
            request_id: "req-1".to_owned(),
            model: "model-1".to_owned(),
            created_s: 7,
            include_usage: true,
        };
        let provider = llm_providers::find(vendor).unwrap();
        let relay = provider.relay(dialect).unwrap();
        let mut out = BytesMut::new();
        let mut writer = ingress.writer(&reply);
        for chunk in beginning() {
            writer.chunk(&chunk, &mut out);
        }
        let all = frames(relay.framing(), &out);
        assert!(all.len() >= 4, "{dialect:?}: {out:?}");
        for told in 1..=all.len() {
            let mut listener = relay.listener();
            let mut latest: Vec<Bytes> = Vec::new();
            for frame in &all[..told] {
                if listener.frame(frame) == Heard::Content {
                    latest.clear();
                }
                latest.push(frame.clone());
            }
            let known: Vec<Bytes> = all[..1].iter().chain(&latest).cloned().collect();
            let end = ingress.cut_short(&known, &usage, &reply);
            let place = format!("{dialect:?} after {told}: {}", String::from_utf8_lossy(&end));
            for frame in frames(relay.framing(), &end) {
                assert_ne!(listener.frame(&frame), Heard::Failure, "{place}");
            }
            let seen = listener.seen();
            assert!(seen.complete, "{place}");
            assert_eq!(seen.finish_reason, Some(FinishReason::Length), "{place}");
            assert_eq!(seen.usage.as_ref().unwrap().counts().output_total(), 9, "{place}");

            let whole: Vec<u8> = all[..told].iter().flatten().chain(&end).copied().collect();
            if is_read {
                let mut decoder = provider.chat().unwrap().decoder();
                let mut items: Vec<_> = decoder.push(whole.clone().into()).collect();
                items.extend(decoder.finish());
                let chunks: Result<Vec<ChatChunk>, _> = items.into_iter().collect();
                let chunks = chunks.unwrap_or_else(|error| panic!("{place}: {error}"));
                let ends: Vec<_> = chunks
                    .iter()
                    .flat_map(ChatChunk::choices)
                    .filter_map(|choice| choice.finish_reason.get())
                    .collect();
                assert_eq!(ends, [&FinishReason::Length], "{place}");
            }
            balanced(dialect, &String::from_utf8_lossy(&whole), &place);
        }
    }
}

/// Whatever begins in a dialect with beginnings ends.
fn balanced(dialect: Dialect, whole: &str, place: &str) {
    let count = |what: &str| whole.matches(what).count();
    match dialect {
        Dialect::OpenAiChat => {
            assert_eq!(count("\"id\":\"vendors-name\""), count("data: {"), "{place}");
            assert_eq!(count("data: [DONE]"), 1, "{place}");
        }
        Dialect::OpenAiResponses => assert_eq!(count("event: response.incomplete"), 1, "{place}"),
        Dialect::AnthropicMessages => {
            assert_eq!(count("event: content_block_start"), count("event: content_block_stop"), "{place}");
            assert_eq!(count("event: message_stop"), 1, "{place}");
        }
        Dialect::BedrockConverse => {
            let begun = (0..9).filter(|index| count(&format!("\"contentBlockIndex\":{index}")) > 0).count();
            assert_eq!(count("contentBlockStop"), begun, "{place}");
            assert_eq!((count("messageStop"), count("metadata")), (1, 1), "{place}");
        }
        Dialect::CohereChat => {
            assert_eq!(count("event: content-start"), count("event: content-end"), "{place}");
            assert_eq!(count("event: tool-call-start"), count("event: tool-call-end"), "{place}");
            assert_eq!(count("event: message-end"), 1, "{place}");
        }
        Dialect::OllamaChat | Dialect::OllamaGenerate => assert_eq!(count("\"done\":true"), 1, "{place}"),
        _ => assert_eq!(count("\"finishReason\":\"MAX_TOKENS\""), 1, "{place}"),
    }
}
