//! Clients that speak Converse.

use bytes::BytesMut;
use llm_provider_bedrock::{ConverseIngress, wire};
use llm_provider_core::{Decoded, Framing, Ingress, NoteKind, Reply, StreamError};
use llm_testkit::laws;
use llm_types::{ApiError, ChatChunk, ChatResponse, ErrorKind, Layer};
use serde_json::{Value, json};

use crate::{CLAUDE, NOVA, body, chat, decoder, encode, notes};

pub(crate) fn reply() -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "alias".to_owned(), ..Reply::default() }
}

/// Events of a stream: names and payloads.
pub(crate) fn events(bytes: &[u8]) -> Vec<(String, Value)> {
    let mut block = bytes;
    let mut events = Vec::new();
    while let Some(frame) = Framing::EventStream.next(&mut block) {
        let event = Framing::EventStream.event(frame).unwrap();
        let name = String::from_utf8(event.event.to_vec()).unwrap();
        events.push((name, serde_json::from_slice(&event.data).unwrap()));
    }
    events
}

pub(crate) fn written(chunks: &[ChatChunk]) -> Vec<u8> {
    let mut writer = ConverseIngress.writer(&reply());
    let mut out = BytesMut::new();
    for chunk in chunks {
        writer.chunk(chunk, &mut out);
    }
    writer.end(&mut out);
    out.to_vec()
}

macro_rules! requests {
    ($($name:ident)+) => { $(
        #[test]
        fn $name() {
            let json = include_str!(concat!("../fixtures/ingress/", stringify!($name), ".json"));
            laws::json_identity::<wire::ConverseRequest>(json);
            let incoming = ConverseIngress.read(json.as_bytes()).unwrap();
            let notes: Vec<_> = incoming.notes.iter().map(ToString::to_string).collect();
            insta::assert_json_snapshot!(stringify!($name), json!({ "request": incoming.request, "notes": notes }));
        }
    )+ };
}

mod request {
    use super::*;

    requests! { conversation form media minimal own_words tools }
}

/// A request is the same again, wherever the canonical form has a place for what it says.
#[test]
fn requests_come_through_unchanged() {
    for (json, model) in [
        (include_str!("../fixtures/ingress/minimal.json"), NOVA),
        (include_str!("../fixtures/ingress/conversation.json"), CLAUDE),
        (include_str!("../fixtures/ingress/tools.json"), CLAUDE),
        (include_str!("../fixtures/ingress/media.json"), NOVA),
        (include_str!("../fixtures/ingress/own_words.json"), CLAUDE),
    ] {
        let mut request = ConverseIngress.read(json.as_bytes()).unwrap().request;
        request.model = "m".to_owned();
        let encoded = encode(&request, model).unwrap();
        let sent = body(&encoded);
        let mut given: Value = serde_json::from_str(json).unwrap();
        // What Claude thought is asked for in addition.
        if sent.get("additionalModelResponseFieldPaths").is_some() {
            given["additionalModelResponseFieldPaths"] = sent["additionalModelResponseFieldPaths"].clone();
        }
        assert_eq!(sent, given, "{:#?}", notes(&encoded));
    }
}

#[test]
fn wrong_requests_name_the_place() {
    for (body, wanted) in [
        (r#"{"messages":[{"role":"critic","content":[]}]}"#, "messages[0].role"),
        (r#"{"messages":[{"role":"user","content":[{"text":1}]}]}"#, "messages[0].content[0].text"),
        (
            r#"{"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{}}}]}}"#,
            "toolConfig.tools[0].toolSpec.inputSchema.json",
        ),
        (r#"{"toolConfig":{"tools":[],"toolChoice":{"tool":{}}}}"#, "toolConfig.toolChoice.tool.name"),
        (
            r#"{"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{"}}}}}"#,
            "outputConfig.textFormat.structure.jsonSchema.schema",
        ),
        ("[]", ""),
    ] {
        let error = ConverseIngress.read(body.as_bytes()).unwrap_err();
        assert_eq!(error.path, wanted, "{error}");
    }
}

/// Answers of Bedrock's own are the same again, whole and streamed.
#[test]
fn answers_come_through_unchanged() {
    for json in [
        include_str!("../fixtures/response/cached.json"),
        include_str!("../fixtures/response/citations.json"),
        include_str!("../fixtures/response/guardrail.json"),
        include_str!("../fixtures/response/server_tool.json"),
        include_str!("../fixtures/response/text.json"),
        include_str!("../fixtures/response/thinking_between_calls.json"),
        include_str!("../fixtures/response/thinking_tool.json"),
    ] {
        let Decoded::Answer(answer) = chat().decode(http::Response::new(json.as_bytes())).unwrap() else {
            panic!()
        };
        let outgoing = ConverseIngress.write(&answer, &reply());
        let written: Value = serde_json::from_slice(&outgoing.body).unwrap();
        let mut given: Value = serde_json::from_str(json).unwrap();
        let usage = given["usage"].as_object_mut().unwrap();
        usage.retain(|name, value| !name.ends_with("TokenCount") && *value != json!({}));
        assert_eq!(written, given);
        laws::json_identity::<wire::ConverseResponse>(&written.to_string());
    }
}

#[test]
fn streams_come_through_unchanged() {
    for (text, same) in [
        (include_str!("../fixtures/stream/cached.sse"), true),
        (include_str!("../fixtures/stream/citations.sse"), true),
        (include_str!("../fixtures/stream/guardrail.sse"), true),
        (include_str!("../fixtures/stream/parallel_tools.sse"), true),
        (include_str!("../fixtures/stream/text.sse"), true),
        (include_str!("../fixtures/stream/thinking_between_calls.sse"), true),
        (include_str!("../fixtures/stream/thinking_tool.sse"), true),
        (include_str!("../fixtures/stream/empty_blocks.sse"), false),
    ] {
        let given = crate::spoken::frames(text);
        let chunks = laws::chunks(decoder, &given);
        let out = written(&chunks);
        // What is written is read as what it was written from.
        let again = laws::chunks(decoder, &out);
        assert_eq!(
            crate::essence(&llm_testkit::assemble(&again)),
            crate::essence(&llm_testkit::assemble(&chunks)),
            "{text}"
        );
        if same {
            let plain = |bytes: &[u8]| {
                let mut all = events(bytes);
                for (_, event) in &mut all {
                    event.as_object_mut().unwrap().remove("p");
                    if let Some(usage) = event.get_mut("usage").and_then(Value::as_object_mut) {
                        usage.retain(|name, _| !name.ends_with("TokenCount") && name != "serverToolUsage");
                    }
                    // The name as the client gave it.
                    if let Some(name) =
                        event.pointer_mut("/start/toolUse/name").filter(|name| *name == "mcp_x2E_time")
                    {
                        *name = "mcp.time".into();
                    }
                }
                all
            };
            assert_eq!(plain(&out), plain(&given));
        }
    }
}

pub(crate) fn answer(value: Value) -> ChatResponse {
    llm_types::from_value(value).unwrap()
}

#[test]
fn another_vendors_answer() {
    let answer = answer(json!({
        "id": "chatcmpl-1", "model": "m", "created": 1, "object": "chat.completion",
        "choices": [
            { "index": 0, "finish_reason": "tool_calls", "logprobs": { "content": [] }, "message": {
                "role": "assistant", "content": " ", "reasoning_content": "I look.", "refusal": null,
                "tool_calls": [
                    { "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } },
                    { "id": "call_1", "type": "function", "function": { "name": "g", "arguments": "no" } },
                    { "type": "function", "function": { "name": "h", "arguments": "" } },
                    { "id": "x", "type": "function", "function": { "arguments": "" } }
                ]
            } },
            { "index": 1, "finish_reason": "stop", "message": { "role": "assistant", "content": "b" } }
        ],
        "usage": { "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_tokens_details": { "cached_tokens": 4 } }
    }));
    let outgoing = ConverseIngress.write(&answer, &reply());
    let written: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        written,
        json!({
            "output": { "message": { "role": "assistant", "content": [
                { "reasoningContent": { "reasoningText": { "text": "I look." } } },
                { "toolUse": { "toolUseId": "call_1", "name": "f", "input": { "a": 1 } } },
                { "toolUse": { "toolUseId": "tooluse_req-1_1", "name": "g", "input": { "arguments": "no" } } },
                { "toolUse": { "toolUseId": "tooluse_req-1_2", "name": "h", "input": {} } }
            ] } },
            "stopReason": "tool_use", "metrics": { "latencyMs": 0 },
            "usage": { "inputTokens": 6, "outputTokens": 5, "totalTokens": 15, "cacheReadInputTokens": 4 }
        })
    );
    let dropped: Vec<_> = outgoing
        .notes
        .iter()
        .filter(|note| note.kind == NoteKind::Dropped)
        .map(|note| note.path.as_str())
        .collect();
    assert_eq!(dropped, ["choices[1..]", "choices[0].logprobs", "choices[0].message.tool_calls[3]"]);
}

#[test]
fn another_vendors_stream() {
    let chunk = |choice: Value| -> ChatChunk {
        llm_types::from_value(json!({ "id": "c", "choices": [choice] })).unwrap()
    };
    let delta = |delta: Value| chunk(json!({ "index": 0, "delta": delta, "finish_reason": null }));
    let call = |call: Value| delta(json!({ "tool_calls": [call] }));
    let chunks = [
        delta(json!({ "role": "assistant", "content": "" })),
        delta(json!({ "reasoning_content": "hm" })),
        delta(json!({ "content": "I look." })),
        call(json!({ "index": 0, "id": "a", "type": "function", "function": { "name": "f", "arguments": "" } })),
        call(json!({ "index": 0, "function": { "arguments": "{\"x\":" } })),
        call(json!({ "index": 0, "function": { "arguments": "1}" } })),
        call(json!({ "index": 1, "type": "function", "function": { "arguments": "{" } })),
        call(json!({ "index": 1, "function": { "name": "g", "arguments": "}" } })),
        chunk(json!({ "index": 0, "delta": {}, "finish_reason": "tool_calls" })),
        llm_types::from_value(json!({ "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 } })).unwrap(),
    ];
    let event = |name: &str, payload: Value| (name.to_owned(), payload);
    let piece = |index: u32, delta: Value| {
        event("contentBlockDelta", json!({ "contentBlockIndex": index, "delta": delta }))
    };
    let stop = |index: u32| event("contentBlockStop", json!({ "contentBlockIndex": index }));
    let start = |index: u32, id: &str, name: &str| {
        event(
            "contentBlockStart",
            json!({ "contentBlockIndex": index, "start": { "toolUse": { "toolUseId": id, "name": name } } }),
        )
    };
    assert_eq!(
        events(&written(&chunks)),
        [
            event("messageStart", json!({ "role": "assistant" })),
            piece(0, json!({ "reasoningContent": { "text": "hm" } })),
            stop(0),
            piece(1, json!({ "text": "I look." })),
            stop(1),
            start(2, "a", "f"),
            piece(2, json!({ "toolUse": { "input": "{\"x\":" } })),
            piece(2, json!({ "toolUse": { "input": "1}" } })),
            stop(2),
            start(3, "tooluse_req-1_1", "g"),
            piece(3, json!({ "toolUse": { "input": "{}" } })),
            stop(3),
            event("messageStop", json!({ "stopReason": "tool_use" })),
            event(
                "metadata",
                json!({ "usage": { "inputTokens": 3, "outputTokens": 2, "totalTokens": 5 }, "metrics": { "latencyMs": 0 } })
            ),
        ]
    );
}

/// A block ends before the next begins, so the pieces of a second call wait for the end of the first.
#[test]
fn calls_that_interleave_are_put_apart() {
    let call = |call: Value| -> ChatChunk {
        llm_types::from_value(json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] }))
            .unwrap()
    };
    let stream = written(&[
        call(
            json!({ "index": 0, "id": "a", "type": "function", "function": { "name": "f", "arguments": "" } }),
        ),
        call(
            json!({ "index": 1, "id": "b", "type": "function", "function": { "name": "g", "arguments": "{\"y\"" } }),
        ),
        call(json!({ "index": 0, "function": { "arguments": "{\"x\":1}" } })),
        call(json!({ "index": 1, "function": { "arguments": ":2}" } })),
        call(
            json!({ "index": 2, "id": "c", "type": "function", "function": { "name": "h", "arguments": "" } }),
        ),
    ]);
    let told: Vec<_> = events(&stream)
        .into_iter()
        .filter_map(|(name, payload)| {
            let name = name.strip_prefix("contentBlock")?.to_owned();
            let input = payload["delta"]["toolUse"]["input"].as_str().unwrap_or_default();
            Some(format!("{name} {} {input}", payload["contentBlockIndex"]))
        })
        .collect();
    let wanted = [
        "Start 0 ",
        "Delta 0 {\"x\":1}",
        "Stop 0 ",
        "Start 1 ",
        "Delta 1 {\"y\"",
        "Delta 1 :2}",
        "Stop 1 ",
        "Start 2 ",
        "Stop 2 ",
    ];
    assert_eq!(told, wanted);
}

/// A vendor's own reason is told where Converse has the same word; sources in others' words are told beside the answer.
#[test]
fn other_vendors_reasons_and_sources() {
    let cohere = json!({ "start": 0, "end": 1, "text": "a", "sources": [{ "type": "document", "id": "d" }] });
    for (message, choice, wanted) in [
        (json!({ "stop_reason": "stop_sequence", "stop_sequence": "E" }), json!({}), "stop_sequence"),
        (json!({}), json!({ "native_finish_reason": "STOP_SEQUENCE" }), "stop_sequence"),
        (json!({}), json!({ "native_finish_reason": "MAX_TOKENS" }), "end_turn"),
        (json!({}), json!({ "native_finish_reason": "MALFORMED_FUNCTION_CALL" }), "malformed_tool_use"),
        (json!({}), json!({ "native_finish_reason": "UNEXPECTED_TOOL_CALL" }), "malformed_tool_use"),
        (json!({}), json!({ "native_finish_reason": "MALFORMED_RESPONSE" }), "malformed_model_output"),
        (json!({ "citation": cohere }), json!({ "native_finish_reason": "COMPLETE" }), "end_turn"),
    ] {
        let chunk: ChatChunk = llm_types::from_value(json!({ "choices": [{ "index": 0, "finish_reason": "stop",
            "delta": { "content": "a", "provider_specific_fields": message }, "provider_specific_fields": choice }] }))
        .unwrap();
        let told = events(&written(&[chunk]));
        let stop = told.iter().find(|(name, _)| name == "messageStop").unwrap();
        assert_eq!(stop.1["stopReason"], wanted, "{message} {choice}");
        assert!(told.iter().all(|(_, payload)| payload["delta"]["citation"].is_null()), "{told:?}");
    }
}

#[test]
fn images_that_a_model_made() {
    let images = json!([
        { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" }, "index": 0 },
        { "type": "image_url", "image_url": { "url": "data:image/tiff;base64,AAAA" }, "index": 1 }
    ]);
    let whole = answer(json!({ "choices": [{ "index": 0, "finish_reason": "stop",
        "message": { "role": "assistant", "content": "Here.", "images": images } }] }));
    let outgoing = ConverseIngress.write(&whole, &reply());
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    assert_eq!(
        body["output"]["message"]["content"],
        json!([{ "text": "Here." }, { "image": { "format": "png", "source": { "bytes": "AAAA" } } }])
    );
    assert_eq!(outgoing.notes.len(), 1, "{:?}", outgoing.notes);
    let chunk = |delta: Value| -> ChatChunk {
        serde_json::from_value(json!({ "choices": [{ "index": 0, "delta": delta }] })).unwrap()
    };
    let stream = written(&[chunk(json!({ "content": "Here." })), chunk(json!({ "images": images }))]);
    let told = events(&stream);
    assert_eq!(
        told[1..6],
        [
            ("contentBlockDelta", json!({ "delta": { "text": "Here." }, "contentBlockIndex": 0 })),
            ("contentBlockStop", json!({ "contentBlockIndex": 0 })),
            (
                "contentBlockStart",
                json!({ "start": { "image": { "format": "png" } }, "contentBlockIndex": 1 })
            ),
            (
                "contentBlockDelta",
                json!({ "delta": { "image": { "source": { "bytes": "AAAA" } } }, "contentBlockIndex": 1 })
            ),
            ("contentBlockStop", json!({ "contentBlockIndex": 1 })),
        ]
        .map(|(name, payload)| (name.to_owned(), payload))
    );
}

#[test]
fn a_stream_that_says_nothing_ends_well() {
    let names: Vec<_> = events(&written(&[])).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["messageStart", "messageStop", "metadata"]);
    assert_eq!(ConverseIngress.stream_content_type(), "application/vnd.amazon.eventstream");
    assert_eq!(ConverseIngress.keepalive(), None);
}

#[test]
fn errors_in_amazons_words() {
    for (kind, name, status, in_stream) in [
        (ErrorKind::Authentication, "UnrecognizedClientException", 403, "validationException"),
        (ErrorKind::ContextWindow, "ValidationException", 400, "validationException"),
        (ErrorKind::Internal, "InternalServerException", 500, "internalServerException"),
        (ErrorKind::NotFound, "ResourceNotFoundException", 404, "validationException"),
        (ErrorKind::PermissionDenied, "AccessDeniedException", 403, "validationException"),
        (ErrorKind::RateLimit, "ThrottlingException", 429, "throttlingException"),
        (ErrorKind::QuotaExceeded, "ServiceQuotaExceededException", 400, "throttlingException"),
        (ErrorKind::Timeout, "ModelTimeoutException", 408, "serviceUnavailableException"),
        (ErrorKind::BadGateway, "ServiceUnavailableException", 503, "serviceUnavailableException"),
    ] {
        let error = ApiError::new(kind, Layer::Provider, "words");
        let body: Value = serde_json::from_slice(&ConverseIngress.error(&error, &reply())).unwrap();
        assert_eq!(body, json!({ "__type": name, "message": "words" }));
        assert_eq!(ConverseIngress.error_status(&error), status, "{name}");
        let mut headers = http::HeaderMap::new();
        ConverseIngress.error_headers(&error, &mut headers);
        assert_eq!(headers["x-amzn-errortype"], name);
        let event = ConverseIngress.error_event(&error, &reply());
        assert_eq!(events(&event), [(in_stream.to_owned(), json!({ "message": "words" }))]);
        let mut writer = ConverseIngress.writer(&reply());
        let mut out = BytesMut::new();
        writer.error(&error, &mut out);
        writer.end(&mut out);
        assert_eq!(out, event, "nothing follows a failure");
        assert!(
            matches!(laws::read(decoder, &out).last(), Some(Err(StreamError::Upstream(told))) if told.message == "words")
        );
    }
}

/// Whatever a client sends and a vendor answers, nothing here panics.
#[test]
fn every_kind_of_junk_is_survived() {
    for body in [
        "",
        "null",
        "{",
        "[1]",
        r#"{"messages":null,"system":null,"toolConfig":null}"#,
        r#"{"messages":[{"role":"user","content":[{}]}]}"#,
    ] {
        let _ = ConverseIngress.read(body.as_bytes());
    }
}

/// What other vendors sign comes back from a client that knows nothing of it.
#[test]
fn signatures_come_back() {
    let next = |content: Value| {
        let user = json!({ "role": "user", "content": [{ "text": "a" }] });
        json!({ "messages": [user, { "role": "assistant", "content": content }] })
    };
    laws::comes_back(
        &ConverseIngress,
        &[],
        |body| next(serde_json::from_slice::<Value>(body).unwrap()["output"]["message"]["content"].take()),
        |stream| next(assembled(&events(stream)).into()),
    );
}

/// `redactedContent` is bytes on this wire, and the SDKs fail on what is no base64.
#[test]
fn sealed_thinking_that_is_no_base64_is_a_signature() {
    let content = |data: &str| {
        let blocks = json!([{ "type": "redacted_thinking", "data": data }]);
        let message = json!({ "role": "assistant", "content": "a", "thinking_blocks": blocks });
        let choice = json!({ "index": 0, "finish_reason": "stop", "message": message });
        let answer = answer(
            json!({ "id": "c", "model": "m", "created": 1, "object": "chat.completion", "choices": [choice] }),
        );
        let body = ConverseIngress.write(&answer, &reply()).body;
        serde_json::from_slice::<Value>(&body).unwrap()["output"]["message"]["content"][0]["reasoningContent"]
            .take()
    };
    assert_eq!(content("eA=="), json!({ "redactedContent": "eA==" }));
    let signed = content("no base64!");
    assert!(
        signed["reasoningText"]["signature"].is_string() && signed.get("redactedContent").is_none(),
        "{signed}"
    );
}

/// Blocks as Amazon's examples put them together; the SDK has no helper for that.
fn assembled(events: &[(String, Value)]) -> Vec<Value> {
    let mut blocks: Vec<Value> = Vec::new();
    let mut input = String::new();
    for (name, event) in events {
        if let Some(index) = event["contentBlockIndex"].as_u64() {
            blocks.resize(blocks.len().max(index as usize + 1), Value::Null);
        }
        let Some(block) = blocks.last_mut() else { continue };
        let add = |to: &mut Value, more: &Value| {
            *to = (to.as_str().unwrap_or_default().to_owned() + more.as_str().unwrap()).into();
        };
        let delta = &event["delta"];
        match name.as_str() {
            "contentBlockStart" => *block = event["start"].clone(),
            "contentBlockDelta" if delta.get("text").is_some() => add(&mut block["text"], &delta["text"]),
            "contentBlockDelta" if delta.get("toolUse").is_some() => {
                input.push_str(delta["toolUse"]["input"].as_str().unwrap());
            }
            "contentBlockDelta" => {
                let thought = &delta["reasoningContent"];
                if let Some(data) = thought.get("redactedContent") {
                    block["reasoningContent"]["redactedContent"] = data.clone();
                    continue;
                }
                let text = &mut block["reasoningContent"]["reasoningText"];
                if text.is_null() {
                    *text = json!({ "text": "" });
                }
                for (name, more) in thought.as_object().unwrap() {
                    add(&mut text[name.as_str()], more);
                }
            }
            "contentBlockStop" if block.get("toolUse").is_some() => {
                block["toolUse"]["input"] = serde_json::from_str(&std::mem::take(&mut input)).unwrap();
            }
            _ => {}
        }
    }
    blocks
}
