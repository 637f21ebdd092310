//! Requests, answers and errors, and the laws that hold for all of them.
//!
//! The fixtures here follow Snowflake's documentation ("Cortex REST API"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Decoder, Dialect, EncodeError, Encoded, OnUnsupported, Payload, Peek,
    Provider, RelayOperation, Secret, Translator, UpstreamError, VendorInfo,
};
use llm_provider_snowflake::Snowflake;
use llm_testkit::conformance::{self, Scenario, Vendor};
use llm_testkit::{corpus, laws};
use llm_types::{
    ChatRequest, ChatResponse, EmbeddingInput, EmbeddingRequest, EmbeddingVector, ErrorKind, Message,
};
use serde_json::{Value, json};

const ACCOUNT: &str = "https://a.snowflakecomputing.com";

fn with_call<T>(model: &str, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("pat/k"));
    then(&Call { base_url: Some(ACCOUNT), credential: Some(&key), ..Call::new(model, &headers) })
}

fn sent(encoded: Encoded) -> Value {
    let (parts, payload) = encoded.request.into_parts();
    let Payload::Bytes(body) = payload else { panic!("segments") };
    let mut headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let body: Value = serde_json::from_slice(&body).unwrap();
    json!({ "request": format!("{} {}", parts.method, parts.uri), "headers": headers, "body": body, "notes": notes })
}

#[test]
fn the_corpus() {
    let vendor = Snowflake::new();
    let chat = vendor.chat().unwrap();
    for case in corpus::corpus() {
        let request = case.request();
        with_call("claude-sonnet-4-5", |call| {
            insta::assert_json_snapshot!(case.name, sent(chat.encode(&request, call).unwrap()));
            laws::encode_is_stable(chat, &request, call);
            laws::no_silent_loss(chat, &request, call, &[]);
            let strict = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
            laws::no_silent_loss(chat, &request, &strict, &[]);
        });
    }
}

/// The vendor at an address.
struct At(Snowflake);

impl Provider for At {
    fn info(&self) -> &VendorInfo {
        self.0.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for At {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let call = Call { base_url: Some(ACCOUNT), ..call.clone() };
        self.0.chat().unwrap().encode(request, &call)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.0.chat().unwrap().decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.0.chat().unwrap().decoder()
    }
}

#[test]
fn the_grid() {
    let vendor = At(Snowflake::new());
    let capabilities = vendor.info().capabilities;
    let impossible = |scenario: &Scenario| scenario.is_possible(&capabilities) == Some(false);
    let skips: Vec<_> = Scenario::ALL
        .into_iter()
        .filter(impossible)
        .map(|scenario| (scenario, "the vendor's wire has no place for it"))
        .collect();
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/conformance/openai");
    let report = conformance::run(&Vendor {
        provider: &vendor,
        fixtures: &story,
        model: "model-1",
        terminal: "data: [DONE]",
        junk: &["event: new\ndata: {\"object\":\"new\"}\n\n"],
        skips: &skips,
    });
    assert_eq!(report.passed.len() + skips.len(), Scenario::ALL.len(), "{report}");
    assert!(skips.len() <= 1, "{report}");
}

#[test]
fn errors() {
    for (status, body, kind) in [
        (400, r#"{"message":"invalid options object","request_id":"r-1"}"#, ErrorKind::InvalidRequest),
        (400, r#"{"code":"390144","message":"JWT token is invalid."}"#, ErrorKind::Authentication),
        (
            401,
            r#"{"data":null,"code":"390303","message":"Invalid OAuth access token","success":false}"#,
            ErrorKind::Authentication,
        ),
        (403, r#"{"message":"Not Authorized"}"#, ErrorKind::PermissionDenied),
        (429, r#"{"message":"too many requests","error_code":"429"}"#, ErrorKind::RateLimit),
        (503, r#"{"message":"model not available"}"#, ErrorKind::Unavailable),
    ] {
        let response = || Response::builder().status(status).body(body.as_bytes()).unwrap();
        let vendor = Snowflake::new();
        let error = vendor.chat().unwrap().decode(response()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        assert_eq!(vendor.embeddings().unwrap().decode(response()).unwrap_err(), error);
        assert_eq!(vendor.relay(Dialect::OpenAiChat).unwrap().error(response()), error);
    }
}

#[test]
fn vectors_have_a_form_of_their_own() {
    let vendor = Snowflake::new();
    let embeddings = vendor.embeddings().unwrap();
    let mut request = EmbeddingRequest::new("m", EmbeddingInput::Texts(vec!["a".to_owned(), "b".to_owned()]));
    request.dimensions = 7.into();
    let asked = with_call("e5-base-v2", |call| sent(embeddings.encode(&request, call).unwrap()));
    assert_eq!(asked["request"], format!("POST {ACCOUNT}/api/v2/cortex/inference:embed"));
    assert_eq!(asked["body"], json!({"model": "e5-base-v2", "text": ["a", "b"]}));
    assert_eq!(asked["notes"], json!(["dropped dimensions: this vendor's vectors have no such parameter"]));
    let strict = with_call("e5-base-v2", |call| {
        embeddings.encode(&request, &Call { unsupported: OnUnsupported::Reject, ..call.clone() })
    });
    assert!(matches!(strict, Err(EncodeError::Unsupported { path, .. }) if path == "dimensions"));
    let tokens = EmbeddingRequest::new("m", EmbeddingInput::Tokens(vec![1]));
    assert!(with_call("e", |call| embeddings.encode(&tokens, call)).is_err());

    let body = br#"{"object":"list","data":[{"object":"embedding","embedding":[[0.5,-1]],"index":0},{"object":"embedding","embedding":[[1,2]],"index":1}],"model":"e5-base-v2","usage":{"total_tokens":4}}"#;
    let Decoded::Answer(answer) = embeddings.decode(Response::new(body)).unwrap() else {
        panic!("no answer")
    };
    assert_eq!(answer.data.len(), 2);
    assert!(matches!(&answer.data[1].embedding, EmbeddingVector::Numbers(numbers) if numbers.len() == 2));
    assert_eq!(answer.usage.get().unwrap().counts().input, 4);
    assert!(embeddings.decode(Response::new(b"[]")).is_err());
}

#[test]
fn both_dialects_pass_through() {
    let vendor = Snowflake::new();
    let edits = |dialect, model: &str, body: &Value| {
        let bytes = Bytes::from(body.to_string());
        let peek = Peek::new(&bytes).unwrap();
        with_call(model, |call| vendor.relay(dialect).unwrap().edits(&peek, call).is_some())
    };
    let plain = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let image = |url: &str| {
        let part = json!({"type": "image_url", "image_url": {"url": url}});
        json!({"model": "m", "messages": [{"role": "user", "content": [part]}]})
    };
    assert!(edits(Dialect::OpenAiChat, "m", &plain));
    assert!(edits(Dialect::OpenAiChat, "m", &image("data:image/png;base64,AA==")));
    assert!(!edits(Dialect::OpenAiChat, "m", &image("https://a.example/b.png")), "it is fetched first");
    assert!(edits(Dialect::AnthropicMessages, "claude-x", &plain));
    assert!(!edits(Dialect::AnthropicMessages, "mistral-large2", &plain));
    for (dialect, path) in
        [(Dialect::OpenAiChat, "chat/completions"), (Dialect::AnthropicMessages, "messages")]
    {
        let head = with_call("claude-x", |call| {
            vendor.relay(dialect).unwrap().head(RelayOperation::Chat, call).unwrap()
        });
        assert_eq!(head.uri.to_string(), format!("{ACCOUNT}/api/v2/cortex/v1/{path}"));
        assert_eq!(head.headers["authorization"], "Bearer k");
        assert_eq!(head.headers["x-snowflake-authorization-token-type"], "PROGRAMMATIC_ACCESS_TOKEN");
    }
    assert!(vendor.wants_fetched("https://a.example/b.png"));
    let headers = HeaderMap::new();
    let request = ChatRequest::new("m", vec![Message::user("?")]);
    assert!(vendor.chat().unwrap().encode(&request, &Call::new("m", &headers)).is_err());
}
