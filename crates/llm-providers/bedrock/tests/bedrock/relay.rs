//! Converse passed through as bytes.

use bytes::Bytes;
use http::{HeaderMap, Response};
use llm_provider_core::{
    AwsKeys, Call, Credential, Dialect, Edit, EncodeError, Framing, Heard, Kept, Peek, Provider, Relay,
    RelayOperation, Secret, apply,
};
use llm_types::{ErrorKind, FinishReason};
use serde_json::{Value, json};

use crate::spoken::frames;
use crate::{BEDROCK, CLAUDE, NOVA};

fn relay() -> &'static dyn Relay {
    BEDROCK.relay(Dialect::BedrockConverse).unwrap()
}

#[test]
fn with_a_key_that_is_borne_or_keys_that_sign() {
    let peek = Peek::new(b"{}").unwrap();
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("k"));
    let keys = Credential::Aws(AwsKeys {
        access_key_id: "AKIA".to_owned(),
        secret_access_key: Secret::new("s"),
        session_token: None,
    });
    let call = Call { credential: Some(&key), ..Call::new(NOVA, &headers) };
    assert_eq!(relay().edits(&peek, &call), Some(Vec::new()));
    let signing = Call { credential: Some(&keys), ..call.clone() };
    assert_eq!(relay().edits(&peek, &signing), Some(Vec::new()));
    let signed = |call: &Call<'_>, body: &[u8]| {
        let mut parts = relay().head(RelayOperation::Chat, call).unwrap();
        relay().sign(&mut parts, body, call).unwrap();
        parts.headers["authorization"].to_str().unwrap().to_owned()
    };
    assert!(signed(&signing, b"{}").starts_with("AWS4-HMAC-SHA256 Credential=AKIA/"));
    assert_ne!(signed(&signing, b"{}"), signed(&signing, b"{ }"), "a signature is over the body");
    assert_eq!(signed(&call, b"{}"), "Bearer k");
    let invoking = Call { model: "invoke/amazon.nova-pro-v1:0", ..call.clone() };
    assert_eq!(relay().edits(&peek, &invoking), None, "another door, other words");
    assert!(BEDROCK.relay(Dialect::OpenAiChat).is_none());
    assert_eq!((relay().framing(), relay().model_in_body()), (Framing::EventStream, false));

    for (operation, end) in
        [(RelayOperation::Chat, "converse"), (RelayOperation::ChatStream, "converse-stream")]
    {
        assert!(relay().carries(operation));
        let head = relay().head(operation, &call).unwrap();
        assert!(head.uri.path().ends_with(&format!("/model/amazon.nova-pro-v1%3A0/{end}")), "{}", head.uri);
        assert_eq!(head.headers["authorization"], "Bearer k");
    }
    let refused = relay().head(RelayOperation::Rerank, &call).unwrap_err();
    assert!(matches!(refused, EncodeError::Unsupported { .. }));
}

/// Thinking that another vendor made, or without a signature where one is wanted, is left out.
#[test]
fn what_others_thought_is_left_out() {
    let seal = Kept::default().seal();
    let thought = |signature: Option<&str>| match signature {
        Some(signature) => {
            json!({ "reasoningContent": { "reasoningText": { "text": "Hm.", "signature": signature } } })
        }
        None => json!({ "reasoningContent": { "reasoningText": { "text": "Hm." } } }),
    };
    let redacted = json!({ "reasoningContent": { "redactedContent": "AAAA" } });
    let text = json!({ "text": "a \"reasoningContent\"" });
    let passed = |model: &str, blocks: Value| {
        let body =
            Bytes::from(json!({ "messages": [{ "role": "assistant", "content": blocks }] }).to_string());
        let peek = Peek::new(&body).unwrap();
        let headers = HeaderMap::new();
        let edits = relay().edits(&peek, &Call::new(model, &headers)).unwrap();
        let sent: Value = serde_json::from_slice(&apply(&body, &peek, &edits)).unwrap();
        let notes: Vec<_> = edits.iter().filter_map(Edit::note).map(|note| note.to_string()).collect();
        (sent["messages"][0]["content"].clone(), notes)
    };
    let blocks = json!([thought(Some(&seal)), thought(Some("sig")), redacted, thought(None), text]);
    let sealed = "dropped messages[0].content[0]: another vendor's thinking".to_owned();
    let unsigned = "dropped messages[0].content[3]: this model takes back signed thinking only".to_owned();
    assert_eq!(
        passed(CLAUDE, blocks.clone()),
        (json!([thought(Some("sig")), redacted, text]), vec![sealed.clone(), unsigned])
    );
    assert_eq!(
        passed("deepseek.v3-v1:0", json!([thought(Some(&seal)), thought(None), text])),
        (json!([thought(None), text]), vec![sealed])
    );
}

fn heard(text: &str) -> (Vec<Heard>, Box<dyn llm_provider_core::Listener>) {
    let mut listener = relay().listener();
    let bytes = frames(text);
    let mut block = &bytes[..];
    let mut heard = Vec::new();
    while let Some(frame) = Framing::EventStream.next(&mut block) {
        heard.push(listener.frame(frame));
    }
    (heard, listener)
}

#[test]
fn a_stream() {
    let (heard, listener) = heard(include_str!("../fixtures/stream/thinking_tool.sse"));
    assert_eq!(heard.first(), Some(&Heard::Other));
    assert_eq!(heard.last(), Some(&Heard::End));
    assert!(heard.iter().filter(|heard| **heard == Heard::Content).count() >= 7);
    let seen = listener.seen();
    assert_eq!(seen.finish_reason, Some(FinishReason::ToolCalls));
    assert_eq!(seen.usage.as_ref().unwrap().counts().input, 12);
    assert_eq!(seen.content_bytes, "I must look.I look.{\"city\":\"Paris\"}".len() as u64);
    assert!(seen.complete);
}

#[test]
fn a_failure_in_mid_stream() {
    let (heard, mut listener) = heard("event: throttlingException\ndata: {\"message\":\"slow down\"}");
    assert_eq!(heard, [Heard::Failure]);
    let failure = listener.failure().unwrap();
    assert_eq!((failure.kind, failure.message.as_str()), (ErrorKind::RateLimit, "slow down"));
    assert!(!listener.seen().complete);
}

#[test]
fn a_whole_answer() {
    let mut listener = relay().listener();
    listener.body(include_bytes!("../fixtures/response/cached.json"));
    let seen = listener.seen();
    assert!(seen.complete);
    assert_eq!(seen.finish_reason, Some(FinishReason::Stop));
    let counts = seen.usage.as_ref().unwrap().counts();
    assert_eq!((counts.input, counts.input_cached, counts.output_reasoning), (20, 300, 3));
    let mut listener = relay().listener();
    listener.body(b"<html>");
    assert!(!listener.seen().complete && listener.failure().is_some());
    let refused = Response::builder()
        .status(403)
        .body(br#"{"message":"no","__type":"AccessDeniedException"}"#.as_slice());
    assert_eq!(relay().error(refused.unwrap()).kind, ErrorKind::PermissionDenied);
}
