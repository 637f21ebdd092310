use bytes::Bytes;
use http::HeaderMap;
use llm_provider_core::{Heard, apply};
use llm_types::{ErrorKind, FinishReason, Nullable, ThinkingBlock};
use serde_json::{Value, json};

use super::*;
use crate::responses::kept::{block_of, empty_block};

fn relay() -> ResponsesRelay {
    ResponsesRelay::new(ResponsesOptions::default())
}

/// The body that is sent, and what is noted.
fn passed(body: &Value, model: &str) -> (String, Vec<String>) {
    let headers = HeaderMap::new();
    let bytes = Bytes::from(body.to_string());
    let peek = Peek::new(&bytes).unwrap();
    let edits = relay().edits(&peek, &Call::new(model, &headers)).unwrap();
    let notes = edits.iter().filter_map(Edit::note).map(|note| note.to_string()).collect();
    (String::from_utf8(apply(&bytes, &peek, &edits).to_vec()).unwrap(), notes)
}

#[test]
fn bytes_pass_as_they_are() {
    let body = json!({ "model": "m", "input": [{ "role": "user", "content": "llmgw" }], "store": true, "previous_response_id": "resp_1" });
    assert_eq!(passed(&body, "m"), (body.to_string(), Vec::new()));
}

#[test]
fn the_prefix_is_ours() {
    let (body, _) = passed(&json!({ "model": "alias", "input": "a" }), "responses/gpt-5-pro");
    assert_eq!(body, r#"{"model":"gpt-5-pro","input":"a"}"#);
}

#[test]
fn what_another_vendor_thought_is_taken_out() {
    let sealed = |block: ThinkingBlock| {
        let content = Kept { thinking: Some(block), ..Kept::default() }.seal();
        json!({ "type": "reasoning", "id": "rs_9", "summary": [], "encrypted_content": content })
    };
    let signed = ThinkingBlock { signature: Nullable::Value("sig".to_owned()), ..empty_block("thinking") };
    let own = json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA" });
    let item: ReasoningItem =
        serde_json::from_value(json!({ "id": "rs_1", "summary": [], "encrypted_content": "gAAAA" })).unwrap();
    let user = json!({ "role": "user", "content": "a", "z": 1 });
    let input = json!([
        user,
        sealed(signed),
        own,
        sealed(block_of(&item, Some("openai"))),
        sealed(block_of(&item, Some("xai"))),
        { "type": "reasoning", "id": "rs_9", "summary": [], "encrypted_content": Kept::default().seal() }
    ]);
    let (body, notes) = passed(&json!({ "model": "m", "input": input, "stream": true }), "m");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["input"], json!([user, own, own]));
    assert_eq!(body["stream"], true);
    let note = |index: u8| format!("dropped input[{index}]: another vendor's thinking");
    assert_eq!(notes, [note(1), note(4), note(5)]);
}

#[test]
fn the_head() {
    let headers = HeaderMap::new();
    let call = Call { base_url: Some("http://h/v1"), ..Call::new("m", &headers) };
    let parts = relay().head(RelayOperation::ChatStream, &call).unwrap();
    assert_eq!((parts.method.as_str(), parts.uri.to_string().as_str()), ("POST", "http://h/v1/responses"));
    assert!(relay().head(RelayOperation::Embeddings, &call).is_err());
    assert!(!relay().takes_include_usage() && !relay().carries(RelayOperation::CountTokens));
}

fn heard(listener: &mut dyn Listener, frames: &[&str]) -> Vec<Heard> {
    frames.iter().map(|frame| listener.frame(frame.as_bytes())).collect()
}

#[test]
fn a_stream() {
    let mut listener = relay().listener();
    let heard = heard(
        listener.as_mut(),
        &[
            "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"gpt-x\",\"output\":[],\"status\":\"in_progress\"}}\n\n",
            ": keep-alive\n\n",
            "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\"}}\n\n",
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"a\\\"b\",\"item_id\":\"m\"}\n\n",
            "data: {\"type\":\"response.function_call_arguments.delta\",\"delta\": \"{}\"}\n\n",
            "event: response.future\ndata: {\"type\":\"response.future\"}\n\n",
            "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\"}}\n\n",
            "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"model\":\"gpt-y\",\"status\":\"completed\",\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":3},\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":12}}}\n\n",
        ],
    );
    use Heard::{Content, End, Other};
    assert_eq!(heard, [Other, Other, Other, Content, Content, Other, Other, End]);
    let seen = listener.seen();
    assert_eq!(seen.model.as_deref(), Some("gpt-y"));
    assert_eq!(seen.finish_reason, Some(FinishReason::ToolCalls));
    assert_eq!(seen.content_bytes, 4 + 2);
    let counts = seen.usage.as_ref().unwrap().counts();
    assert_eq!((counts.input, counts.input_cached, counts.output, counts.output_reasoning), (4, 3, 3, 2));
    assert!(seen.complete && listener.failure().is_none());
}

#[test]
fn how_a_stream_ends() {
    let incomplete = "event: response.incomplete\ndata: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n";
    let mut listener = relay().listener();
    assert_eq!(listener.frame(incomplete.as_bytes()), Heard::End);
    assert_eq!(listener.seen().finish_reason, Some(FinishReason::Length));
    for (frame, kind) in [
        (
            "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"no\"}}}\n\n",
            ErrorKind::RateLimit,
        ),
        (
            "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"no\",\"param\":null}\n\n",
            ErrorKind::Internal,
        ),
        ("data: {\"error\":{\"message\":\"no\",\"code\":\"rate_limit_exceeded\"}}\n\n", ErrorKind::RateLimit),
        ("event: error\ndata: oops\n\n", ErrorKind::Internal),
    ] {
        let mut listener = relay().listener();
        assert_eq!(listener.frame(frame.as_bytes()), Heard::Failure, "{frame}");
        assert_eq!(listener.failure().unwrap().kind, kind, "{frame}");
        assert!(!listener.seen().complete);
    }
}

#[test]
fn a_whole_answer() {
    let mut listener = relay().listener();
    listener.body(br#"{"status":"completed","model":"m","output":[{"type":"function_call","arguments":"{}"}],"usage":{"input_tokens":2,"output_tokens":1,"total_tokens":3}}"#);
    let seen = listener.seen();
    assert!(seen.complete);
    assert_eq!((&seen.finish_reason, seen.content_bytes), (&Some(FinishReason::ToolCalls), 2));
    assert_eq!(seen.usage.as_ref().unwrap().counts().input, 2);
    let mut later = relay().listener();
    later.body(br#"{"status":"queued","model":"m","output":[]}"#);
    assert!(later.seen().complete && later.seen().finish_reason.is_none());
    let mut failed = relay().listener();
    failed.body(br#"{"status":"failed","output":[],"error":{"code":"server_error","message":"no"}}"#);
    assert!(!failed.seen().complete && failed.failure().is_some());
    for not_one in [r#"{"error":{"message":"no"}}"#, "{}", "[]", ""] {
        let mut listener = relay().listener();
        listener.body(not_one.as_bytes());
        assert!(!listener.seen().complete, "{not_one}");
    }
}
