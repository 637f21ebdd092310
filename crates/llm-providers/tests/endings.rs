//! A stream that passes through may be ended at any frame as one that is as long as it may be, in every dialect.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use llm_providers::core::{Dialect, Framing, Heard, Reply};
use llm_providers::types::{ApiError, ChatChunk, ErrorKind, FinishReason, Layer, Usage, from_value};
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
            let begun = all[..1].iter().chain(&latest).cloned();
            let known: Vec<Bytes> = begun.chain(listener.left_open()).collect();
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
        Dialect::OpenAiResponses => {
            assert_eq!(count("event: response.incomplete"), 1, "{place}");
            in_order(whole, "incomplete", place);
        }
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

/// Events of the Responses API: numbered one after the other, each item and part closed by itself, with the words that
/// came before, and all of it again in the answer at the end.
fn in_order(whole: &str, status: &str, place: &str) {
    let events: Vec<Value> = whole
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    for pair in events.windows(2) {
        let number = |event: &Value| event["sequence_number"].as_u64().unwrap();
        assert_eq!(number(&pair[0]) + 1, number(&pair[1]), "{place}");
    }
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).cloned().collect::<Vec<_>>();
    for (added, done) in [
        ("response.output_item.added", "response.output_item.done"),
        ("response.content_part.added", "response.content_part.done"),
        ("response.reasoning_summary_part.added", "response.reasoning_summary_part.done"),
    ] {
        let places = |kind: &str| {
            let at = ["output_index", "content_index", "summary_index"];
            of(kind).iter().map(|event| at.map(|name| event[name].clone())).collect::<Vec<_>>()
        };
        assert_eq!(places(added), places(done), "{place}");
    }
    for (words, done, name) in [
        ("response.output_text", "response.output_text.done", "text"),
        ("response.reasoning_text", "response.reasoning_text.done", "text"),
        ("response.reasoning_summary_text", "response.reasoning_summary_text.done", "text"),
        ("response.function_call_arguments", "response.function_call_arguments.done", "arguments"),
    ] {
        let deltas = of(&format!("{words}.delta"));
        let said: String = deltas.iter().map(|event| event["delta"].as_str().unwrap()).collect();
        let told: String = of(done).iter().map(|event| event[name].as_str().unwrap()).collect();
        assert_eq!(said, told, "{place}");
    }
    let answer = &events.last().unwrap()["response"];
    assert_eq!(answer["status"], status, "{place}");
    let items: Vec<Value> =
        of("response.output_item.done").iter().map(|event| event["item"].clone()).collect();
    assert_eq!(answer["output"], Value::from(items), "{place}");
}

#[test]
fn a_broken_answer_of_the_responses_api_is_told_in_order() {
    let dialect = Dialect::OpenAiResponses;
    let ingress = llm_providers::ingress(dialect);
    let reply = Reply { request_id: "req-1".to_owned(), model: "model-1".to_owned(), ..Reply::default() };
    let provider = llm_providers::find("openai").unwrap();
    let relay = provider.relay(dialect).unwrap();
    let mut out = BytesMut::new();
    let mut writer = ingress.writer(&reply);
    for chunk in beginning() {
        writer.chunk(&chunk, &mut out);
    }
    let all = frames(relay.framing(), &out);
    let error = ApiError::new(ErrorKind::BadGateway, Layer::Provider, "it broke off");
    for told in 1..=all.len() {
        let mut listener = relay.listener();
        for frame in &all[..told] {
            listener.frame(frame);
        }
        let known: Vec<Bytes> =
            [&all[0], &all[told - 1]].into_iter().cloned().chain(listener.left_open()).collect();
        let end = ingress.broken(&known, &error, &reply);
        let whole: Vec<u8> = all[..told].iter().flatten().chain(&end).copied().collect();
        let whole = String::from_utf8(whole).unwrap();
        let place = format!("after {told}: {whole}");
        assert_eq!(whole.matches("event: error\n").count(), 1, "{place}");
        assert_eq!(whole.matches("event: response.failed\n").count(), 1, "{place}");
        assert!(whole.contains("it broke off") && !whole.contains("llm-gateway"), "{place}");
        in_order(&whole, "failed", &place);
    }
}
