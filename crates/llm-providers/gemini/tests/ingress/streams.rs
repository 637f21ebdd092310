//! Streams, written for clients.

use super::*;

fn decoder() -> Box<dyn Decoder<Chat>> {
    chat().decoder()
}

fn written(ingress: &dyn Ingress, chunks: &[ChatChunk]) -> String {
    let mut writer = ingress.writer(&Reply::default());
    let mut out = BytesMut::new();
    for chunk in chunks {
        writer.chunk(chunk, &mut out);
    }
    writer.end(&mut out);
    writer.end(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

/// Gemini's own streams, written again as Gemini's, tell the same answer; the array has the same pieces.
#[test]
fn gemini_s_own_tell_the_same() {
    for stream in [
        &include_bytes!("../fixtures/stream/text.sse")[..],
        include_bytes!("../fixtures/stream/finish_in_every_event.sse"),
        include_bytes!("../fixtures/stream/thinking.sse"),
        include_bytes!("../fixtures/stream/parallel_tools.sse"),
        include_bytes!("../fixtures/stream/grounding.sse"),
        include_bytes!("../fixtures/stream/code_execution.sse"),
        include_bytes!("../fixtures/stream/image.sse"),
        include_bytes!("../fixtures/stream/audio.sse"),
        include_bytes!("../fixtures/stream/blocked.sse"),
        include_bytes!("../fixtures/stream/two_candidates.sse"),
        include_bytes!("../fixtures/stream/logprobs.sse"),
        include_bytes!("../fixtures/stream/signed_end.sse"),
        include_bytes!("../fixtures/stream/streamed_arguments.sse"),
    ] {
        let chunks = laws::chunks(decoder, stream);
        let events = written(&GeminiIngress, &chunks);
        let again = laws::chunks(decoder, events.as_bytes());
        let essence = |chunks: &[ChatChunk]| {
            let mut whole = llm_testkit::assemble(chunks);
            for choice in &mut whole.choices {
                // An empty text that closes the stream is none.
                if let Nullable::Null = choice.message.content {
                    choice.message.content = Nullable::Absent;
                }
            }
            serde_json::to_value(whole).unwrap()
        };
        assert_eq!(essence(&again), essence(&chunks), "{events}");

        let array: Vec<Value> = serde_json::from_str(&written(&GeminiArrayIngress, &chunks)).unwrap();
        let events: Vec<Value> = events
            .split_terminator("\r\n\r\n")
            .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
            .collect();
        assert_eq!(array, events);
        let last = array.last().unwrap();
        assert!(last["usageMetadata"]["totalTokenCount"].is_number());
        let early = array[..array.len() - 1].iter().filter(|piece| {
            piece.get("usageMetadata").is_some() || piece["candidates"][0].get("finishReason").is_some()
        });
        assert_eq!(early.count(), 0, "the end comes at the end");
    }
}

/// Calls in pieces, mixed, with usage behind the end, as OpenAI streams them.
#[test]
fn openai_s_stream() {
    let chunk = |delta: Value, finish: Value| -> ChatChunk {
        llm_types::from_value(json!({
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }))
        .unwrap()
    };
    let none = Value::Null;
    let chunks = [
        chunk(json!({"role": "assistant", "content": ""}), none.clone()),
        chunk(json!({"reasoning_content": "Think."}), none.clone()),
        chunk(json!({"content": "Let me see."}), none.clone()),
        chunk(json!({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]}), none.clone()),
        chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\""}}]}), none.clone()),
        chunk(json!({"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": "{"}}]}), none.clone()),
        chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "function": {"arguments": "}"}}]}), none),
        chunk(json!({}), json!("tool_calls")),
        llm_types::from_value(json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})).unwrap(),
    ];
    let array: Vec<Value> = serde_json::from_str(&written(&GeminiArrayIngress, &chunks)).unwrap();
    let part = |part: Value| {
        json!({
            "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}],
            "modelVersion": "gpt-x", "responseId": "c",
        })
    };
    assert_eq!(
        array,
        [
            part(json!({"text": "Think.", "thought": true})),
            part(json!({"text": "Let me see."})),
            json!({
                "candidates": [{
                    "content": {"role": "model", "parts": [
                        {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}},
                        {"functionCall": {"id": "b", "name": "g", "args": {}}},
                    ]},
                    "finishReason": "STOP", "index": 0,
                }],
                "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3},
                "modelVersion": "gpt-x", "responseId": "c",
            }),
        ]
    );
}

#[test]
fn streams_that_break_and_streams_of_nothing() {
    let error = ApiError::new(ErrorKind::Unavailable, Layer::Provider, "Overloaded.");
    let chunk: ChatChunk =
        llm_types::from_value(json!({"choices": [{"index": 0, "delta": {"content": "a"}}]})).unwrap();
    for (ingress, first) in [
        (&GeminiIngress as &dyn Ingress, true),
        (&GeminiArrayIngress, true),
        (&GeminiIngress, false),
        (&GeminiArrayIngress, false),
    ] {
        let mut writer = ingress.writer(&Reply::default());
        let mut out = BytesMut::new();
        if !first {
            writer.chunk(&chunk, &mut out);
        }
        writer.error(&error, &mut out);
        writer.end(&mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        let pieces: Vec<Value> = if text.starts_with('[') {
            serde_json::from_str(&text).unwrap()
        } else {
            let events = text.split_terminator("\r\n\r\n").map(|event| event.strip_prefix("data: ").unwrap());
            events.map(|event| serde_json::from_str(event).unwrap()).collect()
        };
        assert_eq!(pieces.last().unwrap()["error"]["status"], "UNAVAILABLE");
        assert_eq!(pieces.len(), if first { 1 } else { 2 });
    }
    let nothing: Vec<Value> = serde_json::from_str(&written(&GeminiArrayIngress, &[])).unwrap();
    assert_eq!(nothing, [json!({})]);
    assert_eq!(GeminiArrayIngress.stream_content_type(), "application/json; charset=utf-8");
    assert_eq!(GeminiArrayIngress.keepalive(), Some(&b"\n"[..]));
}
