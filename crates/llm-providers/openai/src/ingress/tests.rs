//! What a client gets.

use bytes::BytesMut;
use llm_types::{ChatChunk, Layer, Message};
use serde_json::json;

use super::*;

fn reply(include_usage: bool) -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "alias".to_owned(), created_s: 7, include_usage }
}

fn written(chunks: &[Value], reply: &Reply) -> String {
    let mut writer = ChatIngress.writer(reply);
    let mut out = BytesMut::new();
    for chunk in chunks {
        let chunk: ChatChunk = serde_json::from_value(chunk.clone()).unwrap();
        writer.chunk(&chunk, &mut out);
    }
    writer.end(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn a_request_that_is_wrong_names_the_place() {
    let error = ChatIngress
        .read(br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":3}]}]}"#);
    let error = error.unwrap_err();
    assert_eq!(error.path, "messages[0].content[0].text");
    assert!(ChatIngress.read(b"[]").is_err() && ChatIngress.read(b"").is_err());
}

#[test]
fn a_whole_answer_is_completed() {
    let response: ChatResponse =
        serde_json::from_value(json!({"choices": [], "id": "", "model": null, "x": 1})).unwrap();
    let body: Value = serde_json::from_slice(&ChatIngress.write(&response, &reply(false)).body).unwrap();
    assert_eq!(
        body,
        json!({"choices": [], "id": "req-1", "object": "chat.completion", "created": 7, "model": "alias", "x": 1})
    );
    let full = json!({"choices": [], "id": "v", "object": "chat.completion", "created": 1, "model": "m"});
    let response: ChatResponse = serde_json::from_value(full.clone()).unwrap();
    let body: Value = serde_json::from_slice(&ChatIngress.write(&response, &reply(false)).body).unwrap();
    assert_eq!(body, full);
}

#[test]
fn a_stream_has_one_id_and_usage_for_those_who_asked() {
    let chunks = [
        json!({"id": "v1", "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}),
        json!({"id": "v2", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}),
    ];
    insta::assert_snapshot!(written(&chunks, &reply(true)), @r#"
    data: {"choices":[{"index":0,"delta":{"content":"a"}}],"id":"v1","model":"m","created":7,"object":"chat.completion.chunk","usage":null}

    data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"id":"v1","usage":null,"created":7,"model":"m","object":"chat.completion.chunk"}

    data: {"choices":[],"id":"v1","usage":{"prompt_tokens":1},"created":7,"model":"m","object":"chat.completion.chunk"}

    data: [DONE]
    "#);
    insta::assert_snapshot!(written(&chunks[1..], &reply(false)), @r#"
    data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"id":"v2","created":7,"model":"alias","object":"chat.completion.chunk"}

    data: [DONE]
    "#);
}

#[test]
fn errors_have_openais_names() {
    let table: Vec<String> = ErrorKind::ALL
        .iter()
        .map(|kind| {
            let body: Value = serde_json::from_slice(
                &ChatIngress.error(&ApiError::new(*kind, Layer::Provider, "m"), &reply(false)),
            )
            .unwrap();
            assert_eq!(body["error"]["message"], "m");
            assert_eq!(body["error"]["param"], Value::Null);
            format!("{} {}: {} {}", kind.status(), kind.label(), body["error"]["type"], body["error"]["code"])
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn a_code_that_says_something_is_told_on() {
    let body = |error: ApiError| -> Value {
        serde_json::from_slice(&ChatIngress.error(&error, &reply(false))).unwrap()
    };
    let error = ApiError::new(ErrorKind::ContextWindow, Layer::Provider, "m").with_param("messages");
    let own = body(error.clone().with_code("string_too_long"));
    assert_eq!(
        (&own["error"]["code"], &own["error"]["param"]),
        (&json!("string_too_long"), &json!("messages"))
    );
    assert_eq!(body(error.with_code("1261"))["error"]["code"], "context_length_exceeded");
    let number = ApiError::new(ErrorKind::NotFound, Layer::Provider, "m").with_code("1500");
    assert_eq!(body(number)["error"]["code"], "1500");
}

/// Vendors of this family are heard as they speak: type, and members of their own.
#[test]
fn a_vendors_own_words_are_told_on() {
    let said = br#"{"error":{"message":"No.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"{"}}"#;
    let response = http::Response::builder().status(400).body(&said[..]).unwrap();
    let error: ApiError = crate::error::read(&response, &[]).into();
    let body: Value = serde_json::from_slice(&ChatIngress.error(&error, &reply(false))).unwrap();
    assert_eq!(
        body,
        json!({ "error": { "message": "No.", "type": "invalid_request_error", "param": null,
            "code": "tool_use_failed", "failed_generation": "{" } })
    );
    let google = ApiError {
        vendor_type: Some("INVALID_ARGUMENT".to_owned()),
        ..ApiError::new(ErrorKind::InvalidRequest, Layer::Provider, "m")
    };
    let body: Value = serde_json::from_slice(&ChatIngress.error(&google, &reply(false))).unwrap();
    assert_eq!(body["error"]["type"], "invalid_request_error");
}

#[test]
fn an_error_in_mid_stream_is_an_event() {
    let error = ApiError::new(ErrorKind::Internal, Layer::Provider, "broke");
    let mut out = BytesMut::new();
    ChatIngress.writer(&reply(false)).error(&error, &mut out);
    assert_eq!(out, ChatIngress.error_event(&error, &reply(false)));
    assert!(out.starts_with(b"data: {\"error\":{") && out.ends_with(b"}}\n\n"));
}

#[test]
fn what_was_read_is_written_the_same() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"hi"}],"x":null}"#;
    let incoming = ChatIngress.read(body).unwrap();
    assert_eq!(incoming.request.messages, [Message::user("hi")]);
    assert_eq!(serde_json::to_vec(&incoming.request).unwrap(), body);
}
