//! What passes through, what is patched, what must be translated, and what is heard.

use bytes::Bytes;
use http::HeaderMap;
use llm_provider_core::{Heard, apply};
use llm_types::{ErrorKind, FinishReason};
use serde_json::{Value, json};

use super::*;
use crate::{AnswerOptions, DoneMarker, RequestOptions, UsageRules};

fn edited(relay: &ChatRelay, model: &str, body: &Value) -> Option<Value> {
    let body = Bytes::from(body.to_string());
    let peek = Peek::new(&body).unwrap();
    let edits = relay.edits(&peek, &Call::new(model, &HeaderMap::new()))?;
    Some(serde_json::from_slice(&apply(&body, &peek, &edits)).unwrap())
}

fn own() -> ChatRelay {
    ChatRelay::new(WireOptions::default())
}

fn with(request: RequestOptions) -> ChatRelay {
    ChatRelay::new(WireOptions { request, ..WireOptions::default() })
}

#[test]
fn a_plain_request_is_not_touched() {
    let body = json!({"model": "m", "messages": [{"role": "developer", "content": "\"cache_control\": no"}],
        "max_tokens": 5, "n": 2, "anything": {"x": 1}});
    assert_eq!(edited(&own(), "gpt-4o", &body), Some(body.clone()));
    let bytes = Bytes::from(body.to_string());
    let peek = Peek::new(&bytes).unwrap();
    assert!(own().edits(&peek, &Call::new("gpt-4o", &HeaderMap::new())).unwrap().is_empty());
}

#[test]
fn the_limit_gets_the_name_that_the_model_knows() {
    let body = json!({"model": "m", "messages": [], "max_tokens": 5});
    let renamed = json!({"model": "m", "messages": [], "max_completion_tokens": 5});
    assert_eq!(edited(&own(), "o3", &body), Some(renamed.clone()));
    assert_eq!(edited(&own(), "o3", &renamed), Some(renamed.clone()));
    let old = with(RequestOptions { limit: crate::OutputLimit::MaxTokens, ..RequestOptions::default() });
    assert_eq!(edited(&old, "any", &renamed), Some(body.clone()));
    let both = json!({"model": "m", "messages": [], "max_completion_tokens": 5, "max_tokens": 5});
    assert_eq!(edited(&old, "any", &both), Some(body));
}

#[test]
fn drops_renames_and_defaults_are_patches() {
    let mut defaults = llm_types::Extra::new();
    defaults.insert("usage".to_owned(), json!({"include": true}));
    let options = RequestOptions {
        drop: vec!["store".to_owned(), "n".to_owned()],
        rename: vec![("seed".to_owned(), "random_seed".to_owned())],
        stream_usage: false,
        defaults,
        ..RequestOptions::default()
    };
    let relay = with(options);
    let body = json!({"messages": [], "store": true, "seed": 1, "stream_options": {"include_usage": true}});
    let wanted = json!({"messages": [], "random_seed": 1, "usage": {"include": true}});
    assert_eq!(edited(&relay, "m", &body), Some(wanted));
    assert!(!relay.takes_include_usage());
    let own_value = json!({"messages": [], "usage": false});
    assert_eq!(edited(&relay, "m", &own_value), Some(own_value));

    let bytes = Bytes::from(body.to_string());
    let peek = Peek::new(&bytes).unwrap();
    let headers = HeaderMap::new();
    let strict = Call { unsupported: OnUnsupported::Reject, ..Call::new("m", &headers) };
    assert!(relay.edits(&peek, &strict).is_none(), "the translator refuses");
    let forward = ["store".to_owned()];
    let forward = Call { forward: &forward, ..strict };
    assert!(relay.edits(&peek, &forward).unwrap().iter().all(|edit| edit.name() != "store"));
}

#[test]
fn what_stands_inside_is_translated() {
    let message = |message: Value| json!({"model": "m", "messages": [message]});
    for touched in [
        message(
            json!({"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}),
        ),
        message(json!({"role": "assistant", "content": "a", "reasoning_content": "b"})),
        message(json!({"role": "assistant", "content": "a", "thinking_blocks": []})),
        message(
            json!({"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "b"}]}]}),
        ),
        message(json!({"role": "assistant", "tool_calls": [{"id": "c", "caller": {"type": "direct"}}]})),
        json!({"messages": [{"role": "assistant", "content": "a"},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "image_url", "image_url": "u"}]}]}),
        json!({"messages": [], "thinking": {"type": "enabled"}}),
        json!({"messages": [], "tools": [{"type": "function", "cache_control": {}}]}),
    ] {
        assert_eq!(edited(&own(), "gpt-4o", &touched), None, "{touched}");
    }
    for passed in [
        json!({"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a"}]},
            {"role": "user", "content": [{"type": "image_url", "image_url": "u"}]},
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "u"}]}]}),
        message(json!({"role": "user", "content": [{"type": "image_url", "image_url": "u"}]})),
    ] {
        assert_eq!(edited(&own(), "gpt-4o", &passed), Some(passed.clone()));
    }
    let plain = with(RequestOptions { developer_role: false, ..RequestOptions::default() });
    assert_eq!(edited(&plain, "m", &message(json!({"role": "developer", "content": "a"}))), None);
}

fn listen(options: AnswerOptions, frames: &[&str]) -> (Vec<Heard>, Box<dyn Listener>) {
    let relay = ChatRelay::new(WireOptions { answer: options, ..WireOptions::default() });
    let mut listener = relay.listener();
    (frames.iter().map(|frame| listener.frame(frame.as_bytes())).collect(), listener)
}

#[test]
fn a_stream_is_heard() {
    let (heard, listener) = listen(
        AnswerOptions::default(),
        &[
            ": ping\n\n",
            "data: {\"model\":\"real\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"a \\\"usage\\\":1 \\\"error\\\"\"}}]}\n\n",
            "data: {\"choices\": [{\"delta\": {\"content\": \"bcd\", \"reasoning_content\": \"ef\"}}]}\r\n\r\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
            "data: [DONE]\n\n",
        ],
    );
    use Heard::{Content, End, Other, UsageOnly};
    assert_eq!(heard, [Other, Other, Content, Content, Content, Content, UsageOnly, End]);
    let seen = listener.seen();
    assert_eq!(seen.model.as_deref(), Some("real"));
    assert_eq!(seen.finish_reason, Some(FinishReason::ToolCalls), "tools were called");
    assert_eq!(seen.usage.as_ref().unwrap().counts().output, 4);
    assert_eq!(seen.content_bytes, 23 + 3 + 2 + 2);
    assert!(seen.complete);
}

#[test]
fn failures_are_heard() {
    for frame in [
        "data: {\"error\":{\"message\":\"m\",\"code\":429}}\n\n",
        "event: error\ndata: {\"message\":\"m\",\"code\":429}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}],\"error\":{\"message\":\"m\",\"code\":429}}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\",\"error\":{\"message\":\"m\",\"code\":429}}]}\n\n",
    ] {
        let (heard, mut listener) = listen(AnswerOptions::default(), &[frame]);
        assert_eq!(heard, [Heard::Failure], "{frame}");
        let failure = listener.failure().unwrap();
        assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::RateLimit, "m"));
        assert!(!listener.seen().complete);
    }
    let (heard, _) = listen(
        AnswerOptions::default(),
        &["data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"error\":null}\n\n"],
    );
    assert_eq!(heard, [Heard::Content]);
}

#[test]
fn other_habits_are_heard() {
    let options = AnswerOptions {
        done: DoneMarker::Optional,
        usage: UsageRules { pointer: Some("/x/usage".to_owned()), ..UsageRules::default() },
        ..AnswerOptions::default()
    };
    let frame = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"eos\"}],\"x\":{\"usage\":{\"prompt_tokens\":3}}}\n\n";
    let (heard, listener) = listen(options, &[frame]);
    assert_eq!(heard, [Heard::Content]);
    assert_eq!(listener.seen().finish_reason, Some(FinishReason::Stop));
    assert_eq!(listener.seen().usage.as_ref().unwrap().counts().input, 3);
    assert!(listener.seen().complete);
}

#[test]
fn a_whole_answer_is_heard() {
    let mut listener = own().listener();
    listener.body(
        br#"{"model":"real","choices":[{"message":{"content":"abc","tool_calls":null},"finish_reason":"length"}],
            "usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
    );
    let seen = listener.seen();
    assert_eq!((seen.model.as_deref(), seen.content_bytes, seen.complete), (Some("real"), 3, true));
    assert_eq!(seen.finish_reason, Some(FinishReason::Length));
    assert_eq!(seen.usage.as_ref().unwrap().counts().input_total(), 1);
    let mut listener = own().listener();
    listener.body(b"<html>");
    assert_eq!(listener.seen(), &llm_provider_core::Seen::default());
}

#[test]
fn there_is_no_counting() {
    assert!(own().head(RelayOperation::CountTokens, &Call::new("m", &HeaderMap::new())).is_err());
}
