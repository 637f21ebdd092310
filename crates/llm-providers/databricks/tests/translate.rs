//! Requests, answers, streams and errors, and the laws that hold for all of them.
//!
//! The fixtures here follow Databricks' documentation ("Foundation model REST API reference", "Query reasoning models"),
//! read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Decoder, Dialect, Encoded, LoginInput, LoginStep, OnUnsupported,
    Parameters, Payload, Peek, Provider as _, RelayOperation, Secret,
};
use llm_provider_databricks::Databricks;
use llm_testkit::conformance::{self, Scenario, Vendor};
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::{assemble, corpus};
use llm_types::{
    ChatRequest, ChatResponse, EmbeddingInput, EmbeddingRequest, ErrorKind, Message, ReasoningEffort, UnixMs,
};
use serde_json::{Value, json};

const WORKSPACE: &str = "https://w.cloud.databricks.com";

fn sent(encoded: Encoded) -> Value {
    let (parts, payload) = encoded.request.into_parts();
    let Payload::Bytes(body) = payload else { panic!("segments") };
    let headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let notes: Vec<_> = encoded.notes.iter().map(ToString::to_string).collect();
    let body: Value = serde_json::from_slice(&body).unwrap();
    json!({ "request": format!("{} {}", parts.method, parts.uri), "headers": headers, "body": body, "notes": notes })
}

fn with_call<T>(base: &str, model: &str, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    let key = Credential::Key(Secret::new("dapi-1"));
    then(&Call { base_url: Some(base), credential: Some(&key), ..Call::new(model, &headers) })
}

fn encoded(request: &ChatRequest, model: &str) -> Value {
    with_call(WORKSPACE, model, |call| sent(Databricks::new().chat().unwrap().encode(request, call).unwrap()))
}

#[test]
fn the_corpus() {
    for case in corpus::corpus() {
        let sent = encoded(&case.request(), "databricks-claude-sonnet-4-5");
        insta::assert_json_snapshot!(case.name, sent);
    }
}

const CLAIMS: &[Equivalence] = &[
    Equivalence::of("messages[*].role", "developer", "\"role\":\"system\""),
    Equivalence::any("messages[*].reasoning_content", "\"type\":\"reasoning\""),
    Equivalence::of("messages[*].thinking_blocks[*].type", "thinking", "\"type\":\"summary_text\""),
];

#[test]
fn nothing_is_lost_in_silence() {
    let vendor = Databricks::new();
    let chat = vendor.chat().unwrap();
    for case in corpus::corpus() {
        for model in ["databricks-claude-sonnet-4-5", "databricks-gpt-oss-120b", "other"] {
            with_call(WORKSPACE, model, |call| {
                laws::encode_is_stable(chat, &case.request(), call);
                laws::no_silent_loss(chat, &case.request(), call, CLAIMS);
                let strict = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
                laws::no_silent_loss(chat, &case.request(), &strict, CLAIMS);
            });
        }
    }
}

#[test]
fn the_grid() {
    let vendor = Databricks::new();
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/conformance/openai");
    let report = conformance::run(&Vendor {
        provider: &vendor,
        fixtures: &story,
        model: "model-1",
        terminal: "data: [DONE]",
        junk: &["event: new\ndata: {\"object\":\"new\"}\n\n"],
        skips: &skips(&vendor),
    });
    assert_eq!(report.passed.len() + report.skipped.len(), Scenario::ALL.len(), "{report}");
    assert!(report.skipped.len() <= 1, "{report}");
}

fn skips(vendor: &Databricks) -> Vec<(Scenario, &'static str)> {
    let capabilities = vendor.info().capabilities;
    let impossible = |scenario: &Scenario| scenario.is_possible(&capabilities) == Some(false);
    let lacks = Scenario::ALL.into_iter().filter(impossible);
    lacks.map(|scenario| (scenario, "the vendor's wire has no place for it")).collect()
}

#[test]
fn an_effort_is_a_budget_for_claude_alone() {
    let mut request = ChatRequest::new("m", vec![Message::user("?")]);
    request.reasoning_effort = ReasoningEffort::High.into();
    let claude = encoded(&request, "databricks-claude-sonnet-4-5");
    assert_eq!(claude["body"]["thinking"], json!({"type": "enabled", "budget_tokens": 4096}));
    assert_eq!(claude["notes"], json!(["converted reasoning_effort: thinking of 4096 tokens"]));
    let open = encoded(&request, "databricks-gpt-oss-20b");
    assert_eq!(
        (&open["body"]["reasoning_effort"], &open["body"]["thinking"]),
        (&json!("high"), &Value::Null)
    );
    request.reasoning_effort = ReasoningEffort::Minimal.into();
    assert_eq!(encoded(&request, "claude")["body"]["thinking"]["budget_tokens"], 1024, "no less is taken");
    request.reasoning_effort = ReasoningEffort::None.into();
    assert_eq!(encoded(&request, "claude")["body"]["thinking"], Value::Null);
}

fn answered(body: &Value) -> ChatResponse {
    let body = body.to_string();
    match Databricks::new().chat().unwrap().decode(Response::new(body.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

fn thinking() -> Value {
    json!({
        "id": "msg_1", "object": "chat.completion", "created": 1_700_000_000, "model": "claude-sonnet-4-5",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Light scatters.", "signature": "EqoB"}]},
            {"type": "text", "text": "Because light scatters."},
        ]}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
    })
}

#[test]
fn thinking_comes_in_parts_and_goes_back_as_it_came() {
    let body = thinking();
    let answer = answered(&body);
    insta::assert_json_snapshot!("answer.thinking", answer);
    let message = answer.choices.into_iter().next().unwrap().message;
    let request = ChatRequest::new("m", vec![Message::user("Why?"), message, Message::user("Go on.")]);
    let sent = encoded(&request, "databricks-claude-sonnet-4-5");
    assert_eq!(sent["body"]["messages"][1]["content"], body["choices"][0]["message"]["content"]);
    assert_eq!(sent["body"]["messages"][1]["thinking_blocks"], Value::Null);
}

const STREAM: &str = r#"data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"role":"assistant","content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Light "}]}]},"finish_reason":null}],"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}

data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"scatters.","signature":"EqoB"}]}]},"finish_reason":null}]}

data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"content":"I look."},"finish_reason":null}]}

data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"look","arguments":"{}"}}]},"finish_reason":null}]}

data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":\"sky\"}"}}]},"finish_reason":null}]}

data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"toolu_2","type":"function","function":{"name":"now","arguments":"{}"}}]},"finish_reason":null}]}

data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"content":""},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":30,"total_tokens":40}}

data: [DONE]

"#;

#[test]
fn a_stream_in_parts() {
    let vendor = Databricks::new();
    let decoder = || -> Box<dyn Decoder<Chat>> { vendor.chat().unwrap().decoder() };
    let stream = STREAM.as_bytes();
    let chunks = laws::chunks(decoder, stream);
    let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
    insta::assert_snapshot!("stream.thinking_tools", lines.join("\n"));
    laws::stream_laws(&chunks);
    laws::cut_anywhere(decoder, stream);
    laws::truncation(decoder, stream, laws::after_last(stream, "data: [DONE]"));
    laws::unknown_events_harmless(decoder, stream, laws::COMMENTS);
    let whole = assemble(&chunks);
    let message = &whole.choices[0].message;
    assert_eq!(message.reasoning_content.as_deref(), Some("Light scatters."));
    let arguments: Vec<_> = message
        .tool_calls
        .as_deref()
        .unwrap()
        .iter()
        .map(|call| call.function.get().unwrap().arguments.as_deref().unwrap())
        .collect();
    assert_eq!(arguments, [r#"{"at":"sky"}"#, "{}"]);
    assert_eq!(whole.usage.get().unwrap().counts().output, 30, "told once, the last");
}

#[test]
fn errors() {
    for (status, body, kind) in [
        (
            400,
            r#"{"error_code":"BAD_REQUEST","message":"Bad request: messages are missing"}"#,
            ErrorKind::InvalidRequest,
        ),
        (403, r#"{"error_code":"PERMISSION_DENIED","message":"no"}"#, ErrorKind::PermissionDenied),
        (
            404,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such endpoint"}"#,
            ErrorKind::NotFound,
        ),
        (429, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#, ErrorKind::RateLimit),
        (400, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#, ErrorKind::RateLimit),
        (401, r#"{"error_code":401,"message":"Credential was not sent"}"#, ErrorKind::Authentication),
        (503, r#"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}"#, ErrorKind::Unavailable),
    ] {
        let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
        let error = Databricks::new().chat().unwrap().decode(response).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        assert_eq!(error.body, body.as_bytes());
    }
}

#[test]
fn one_endpoint_is_asked_at_its_own_address() {
    const ONE: &str = "https://w.cloud.databricks.com/serving-endpoints/mine/invocations";
    let vendor = Databricks::new();
    let request = ChatRequest::new("m", vec![Message::user("?")]);
    let sent = with_call(ONE, "mine", |call| sent(vendor.chat().unwrap().encode(&request, call).unwrap()));
    assert_eq!(sent["request"], format!("POST {ONE}"));
    assert_eq!(sent["headers"], json!(["content-type: application/json", "authorization: Bearer dapi-1"]));
    let input = EmbeddingRequest::new("e", EmbeddingInput::Text("a".to_owned()));
    let at = |base| {
        with_call(base, "e", |call| {
            vendor.embeddings().unwrap().encode(&input, call).unwrap().request.uri().to_string()
        })
    };
    assert_eq!(at(ONE), ONE);
    assert_eq!(at(WORKSPACE), format!("{WORKSPACE}/serving-endpoints/embeddings"));
    let headers = HeaderMap::new();
    assert!(vendor.chat().unwrap().encode(&request, &Call::new("m", &headers)).is_err());
}

#[test]
fn a_service_principal_logs_in_at_its_workspace() {
    let vendor = Databricks::new();
    let login = |settings: &[(&str, &str)], key: Option<&Secret>| {
        vendor.login(&settings.iter().copied().collect::<Parameters>(), key)
    };
    let principal = [("client_id", "c"), ("client_secret", "s")];
    assert!(login(&principal, None).unwrap_err().contains("databricks_host"));
    assert!(login(&principal, Some(&Secret::new("dapi"))).unwrap().is_none());
    assert!(login(&principal[..1], None).unwrap().is_none());
    for name in ["databricks_host", "api_base"] {
        let all: Vec<_> = principal.into_iter().chain([(name, "https://w/serving-endpoints")]).collect();
        let login = login(&all, None).unwrap().unwrap();
        let LoginStep::Send(request) = login.begin().step(LoginInput::Begin, UnixMs(0)) else {
            panic!("no request")
        };
        assert_eq!(request.uri(), "https://w/oidc/v1/token");
        assert_eq!(request.body(), "grant_type=client_credentials&scope=all-apis");
        assert_eq!(request.headers()["authorization"], "Basic Yzpz");
    }
}

#[test]
fn messages_pass_through_to_claude() {
    let vendor = Databricks::new();
    let relay = vendor.relay(Dialect::AnthropicMessages).unwrap();
    let body = Bytes::from_static(br#"{"model":"m","messages":[],"max_tokens":1}"#);
    let peek = Peek::new(&body).unwrap();
    with_call("https://w/serving-endpoints", "databricks-claude-x", |call| {
        assert_eq!(relay.edits(&peek, call), Some(Vec::new()));
        let head = relay.head(RelayOperation::Chat, call).unwrap();
        assert_eq!(head.uri, "https://w/serving-endpoints/anthropic/v1/messages");
        assert_eq!(head.headers["authorization"], "Bearer dapi-1");
        assert!(!head.headers.contains_key("x-api-key"));
    });
    with_call(WORKSPACE, "databricks-gpt-oss-20b", |call| assert_eq!(relay.edits(&peek, call), None));
    assert!(vendor.relay(Dialect::OpenAiChat).is_none());
}
