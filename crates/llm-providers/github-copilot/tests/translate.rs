//! Requests, answers and errors, and the laws that hold for all of them. The fixtures follow OpenAI's and Anthropic's
//! documentation, whose forms the vendor uses, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, HeaderValue, Response};
use llm_provider_core::{Call, Credential, Decoded, Encoded, OnUnsupported, Payload, Provider as _, Secret};
use llm_provider_github_copilot::GithubCopilot;
use llm_testkit::conformance::{self, Scenario, Vendor};
use llm_testkit::{corpus, laws};
use llm_types::{
    ChatRequest, ChatResponse, EmbeddingInput, EmbeddingRequest, ErrorKind, FinishReason, Message,
};
use serde_json::{Value, json};

fn with_call<T>(credential: &Credential, base: Option<&str>, then: impl FnOnce(&Call<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    then(&Call { base_url: base, credential: Some(credential), ..Call::new("gpt-4.1", &headers) })
}

fn key() -> Credential {
    Credential::Key(Secret::new("tid=1;exp=2"))
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
    let vendor = GithubCopilot::new();
    let chat = vendor.chat().unwrap();
    for case in corpus::corpus() {
        let request = case.request();
        with_call(&key(), None, |call| {
            insta::assert_json_snapshot!(case.name, sent(chat.encode(&request, call).unwrap()));
            laws::encode_is_stable(chat, &request, call);
            laws::no_silent_loss(chat, &request, call, &[]);
            let strict = Call { unsupported: OnUnsupported::Reject, ..call.clone() };
            laws::no_silent_loss(chat, &request, &strict, &[]);
        });
    }
}

#[test]
fn the_grid() {
    let vendor = GithubCopilot::new();
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
fn a_token_leads_to_its_own_host() {
    let vendor = GithubCopilot::new();
    let request = ChatRequest::new("m", vec![Message::user("hi")]);
    let own = Credential::Token(Secret::new("tid=1\nhttps://api.business.githubcopilot.com"));
    let asked = |credential: &Credential, base| {
        with_call(credential, base, |call| sent(vendor.chat().unwrap().encode(&request, call).unwrap()))
    };
    let to = |credential: &Credential, base| asked(credential, base)["request"].as_str().unwrap().to_owned();
    assert_eq!(to(&key(), None), "POST https://api.githubcopilot.com/chat/completions");
    assert_eq!(to(&own, None), "POST https://api.business.githubcopilot.com/chat/completions");
    let usual = Some("https://api.githubcopilot.com/");
    assert_eq!(to(&own, usual), "POST https://api.business.githubcopilot.com/chat/completions");
    assert_eq!(to(&own, Some("http://127.0.0.1:9")), "POST http://127.0.0.1:9/chat/completions");
    let headers = asked(&own, None)["headers"].to_string();
    assert!(headers.contains("authorization: Bearer tid=1\"") && !headers.contains("business"), "{headers}");

    let input = EmbeddingRequest::new("e", EmbeddingInput::Text("a".to_owned()));
    let asked =
        with_call(&own, None, |call| sent(vendor.embeddings().unwrap().encode(&input, call).unwrap()));
    assert_eq!(asked["request"], "POST https://api.business.githubcopilot.com/embeddings");
    assert!(asked["headers"].to_string().contains("editor-version"), "{asked}");
}

#[test]
fn headers_tell_what_stands_in_the_conversation() {
    let vendor = GithubCopilot::new();
    let told = |messages: Value| {
        let request: ChatRequest =
            llm_types::from_value(json!({"model": "m", "messages": messages})).unwrap();
        let headers = with_call(&key(), None, |call| {
            vendor.chat().unwrap().encode(&request, call).unwrap().request.headers().clone()
        });
        let vision = headers.contains_key("copilot-vision-request");
        (headers["x-initiator"].to_str().unwrap().to_owned(), vision)
    };
    let hi = json!({"role": "user", "content": "hi"});
    let image = json!({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]});
    assert_eq!(told(json!([hi])), ("user".to_owned(), false));
    assert_eq!(told(json!([{"role": "system", "content": "s"}, image])), ("user".to_owned(), true));
    assert_eq!(told(json!([hi, {"role": "assistant", "content": "a"}, hi])), ("agent".to_owned(), false));
    let mut given = HeaderMap::new();
    given.insert("x-initiator", HeaderValue::from_static("mine"));
    let request = ChatRequest::new("m", vec![Message::user("hi")]);
    let encoded = vendor.chat().unwrap().encode(&request, &Call::new("m", &given)).unwrap();
    assert_eq!(encoded.request.headers()["x-initiator"], "mine");
}

fn answered(body: &Value) -> ChatResponse {
    let body = body.to_string();
    match GithubCopilot::new().chat().unwrap().decode(Response::new(body.as_bytes())).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

#[test]
fn claude_answers_in_other_forms() {
    let call = json!({"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let apart = answered(&json!({"id": "1", "model": "claude", "choices": [
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "content": "I look."}},
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "content": null, "tool_calls": [call]}},
    ], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}));
    assert_eq!(apart.choices.len(), 1);
    let choice = &apart.choices[0];
    assert_eq!(choice.message.content.get().unwrap().text(), "I look.");
    assert_eq!(choice.message.tool_calls.get().unwrap().len(), 1);
    assert_eq!(choice.finish_reason.get(), Some(&FinishReason::ToolCalls));

    let whole = answered(&json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2}}));
    assert_eq!(whole.choices[0].message.content.get().unwrap().text(), "hi");
    assert_eq!(whole.usage.get().unwrap().counts().output, 2);

    let two = answered(&json!({"id": "1", "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a"}},
        {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "b"}},
    ]}));
    assert_eq!(two.choices.len(), 2, "what is numbered stays apart");
}

#[test]
fn errors() {
    for (status, body, kind) in [
        (
            400,
            r#"{"error":{"message":"The requested model is not supported.","code":"model_not_supported","param":"model","type":"invalid_request_error"}}"#,
            ErrorKind::InvalidRequest,
        ),
        (401, "unauthorized: token expired\n", ErrorKind::Authentication),
        (
            403,
            r#"{"error":{"message":"no access","code":"feature_flag_blocked"}}"#,
            ErrorKind::PermissionDenied,
        ),
        (429, r#"{"error":{"message":"slow down","code":"rate_limited"}}"#, ErrorKind::RateLimit),
    ] {
        let response = Response::builder().status(status).body(body.as_bytes()).unwrap();
        let error = GithubCopilot::new().chat().unwrap().decode(response).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
    }
}
