//! Requests, answers, streams and errors of both vendors, each as a snapshot, and the laws that hold for all of them.
//!
//! The fixtures follow Microsoft's documentation ("Azure OpenAI REST API reference", "Content filtering", "Content
//! streaming", "Azure OpenAI On Your Data API reference") and Anthropic's, read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use llm_provider_azure::{Azure, AzureAi};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Decoder, Dialect, EncodeError, Encoded, OnUnsupported, Parameters,
    Payload, Peek, Provider, RelayOperation, Secret, StreamError, apply,
};
use llm_testkit::laws::{self, Equivalence};
use llm_testkit::{assemble, corpus};
use llm_types::{ChatRequest, EmbeddingInput, EmbeddingRequest, ErrorKind, Message, RerankRequest};
use serde_json::{Value, json};

fn fixtures(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named =
        |path: PathBuf| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap());
    paths.into_iter().map(named).collect()
}

/// A way to call, whose parts live as long as a test.
struct Setting {
    key: Credential,
    parameters: Parameters,
    headers: HeaderMap,
    base: &'static str,
}

impl Setting {
    fn new(base: &'static str, parameters: &[(&str, &str)]) -> Self {
        Self {
            key: Credential::Key(Secret::new("test-key")),
            parameters: parameters.iter().copied().collect(),
            headers: HeaderMap::new(),
            base,
        }
    }

    fn call<'a>(&'a self, model: &'a str) -> Call<'a> {
        Call {
            base_url: Some(self.base),
            credential: Some(&self.key),
            parameters: &self.parameters,
            ..Call::new(model, &self.headers)
        }
    }
}

const RESOURCE: &str = "https://r.openai.azure.com";
const FOUNDRY: &str = "https://r.services.ai.azure.com";

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

fn encoded(vendor: &dyn Provider, request: &ChatRequest, call: &Call<'_>) -> Result<Value, EncodeError> {
    Ok(sent(vendor.chat().unwrap().encode(request, call)?))
}

fn hello() -> ChatRequest {
    ChatRequest::new("m", vec![Message::user("hello")])
}

mod requests {
    use super::*;

    #[test]
    fn the_corpus_to_azure() {
        let setting = Setting::new(RESOURCE, &[("api_version", "2024-10-21")]);
        for case in corpus::corpus() {
            let sent = encoded(&Azure::new(), &case.request(), &setting.call("gpt-5.1")).unwrap();
            insta::assert_json_snapshot!(format!("azure.{}", case.name), sent);
        }
    }

    #[test]
    fn the_corpus_to_foundry() {
        let setting = Setting::new(FOUNDRY, &[]);
        for case in corpus::corpus() {
            let sent = encoded(&AzureAi::new(), &case.request(), &setting.call("Phi-4")).unwrap();
            insta::assert_json_snapshot!(format!("azure_ai.{}", case.name), sent);
        }
    }

    /// Claims that are true of Claude: it says the same in other words, or needs no word for it.
    const CLAUDE: &[Equivalence] = &[
        Equivalence::any("stream_options", ""),
        Equivalence::of("n", "1", ""),
        Equivalence::of("store", "false", ""),
        Equivalence::of("logprobs", "false", ""),
        Equivalence::of("modalities", "text", ""),
        Equivalence::of("parallel_tool_calls", "true", ""),
        Equivalence::of("parallel_tool_calls", "false", "\"disable_parallel_tool_use\":true"),
        Equivalence::of("tool_choice", "required", "\"tool_choice\":{\"type\":\"any\""),
        Equivalence::of("reasoning_effort", "none", ""),
        Equivalence::any("response_format.json_schema.strict", "\"output_config\":{"),
        Equivalence::of("tools[*].function.strict", "false", ""),
        Equivalence::of("messages[*].content[*].image_url.detail", "auto", ""),
        Equivalence::any("web_search_options.user_location", "\"user_location\":{"),
        Equivalence::any("messages[*].function_call.name", "\"type\":\"tool_use\""),
        Equivalence::any("messages[*].name", "\"type\":\"tool_result\""),
        Equivalence::any("messages[*].reasoning_content", "\"type\":\"thinking\""),
    ];

    /// What Foundry needs no word for.
    const MODELS: &[Equivalence] = &[Equivalence::of("messages[*].role", "developer", "\"role\":\"system\"")];

    #[test]
    fn nothing_is_lost_in_silence() {
        let azure = Setting::new(RESOURCE, &[]);
        let older = Setting::new(RESOURCE, &[("api_version", "2024-02-01")]);
        let foundry = Setting::new(FOUNDRY, &[]);
        let (openai, ai) = (Azure::new(), AzureAi::new());
        for case in corpus::corpus() {
            let request = case.request();
            for (vendor, call, excuses) in [
                (&openai as &dyn Provider, azure.call("gpt-5.1"), &[][..]),
                (&openai, azure.call("my-deployment"), &[]),
                (&openai, older.call("gpt-4"), &[]),
                (&ai, foundry.call("Phi-4"), MODELS),
                (&ai, foundry.call("claude-sonnet-4-5"), CLAUDE),
            ] {
                let chat = vendor.chat().unwrap();
                laws::encode_is_stable(chat, &request, &call);
                laws::no_silent_loss(chat, &request, &call, excuses);
                let strict = Call { unsupported: OnUnsupported::Reject, ..call };
                laws::no_silent_loss(chat, &request, &strict, excuses);
            }
        }
    }

    #[test]
    fn a_free_name_is_told_by_its_base_model() {
        let mut request = hello();
        request.max_tokens = 5.into();
        let limit = |name: &str, parameters: &[(&str, &str)]| {
            let setting = Setting::new(RESOURCE, parameters);
            let sent = encoded(&Azure::new(), &request, &setting.call(name)).unwrap();
            let limit =
                sent["body"].as_object().unwrap().keys().find(|name| name.contains("tokens")).cloned();
            (sent["body"]["model"].clone(), limit.unwrap(), sent["request"].as_str().unwrap().to_owned())
        };
        let at = |name: &str| {
            format!(
                "POST {RESOURCE}/openai/deployments/{name}/chat/completions?api-version=2025-02-01-preview"
            )
        };
        let new = || "max_completion_tokens".to_owned();
        assert_eq!(limit("mine", &[]), (json!("mine"), "max_tokens".to_owned(), at("mine")));
        assert_eq!(limit("mine", &[("base_model", "azure/gpt-5")]), (json!("mine"), new(), at("mine")));
        assert_eq!(limit("o_series/mine", &[]), (json!("mine"), new(), at("mine")));
        assert_eq!(limit("gpt5_series/mine", &[]), (json!("mine"), new(), at("mine")));
    }

    #[test]
    fn an_older_version_is_spared_what_it_refuses() {
        let setting = Setting::new(RESOURCE, &[("api_version", "2024-02-01")]);
        let mut request = hello();
        request.stream = true.into();
        request.max_completion_tokens = 5.into();
        request.parallel_tool_calls = true.into();
        request.stream_options = llm_types::from_value(json!({"include_usage": true})).unwrap();
        insta::assert_json_snapshot!(
            "older",
            encoded(&Azure::new(), &request, &setting.call("gpt-4")).unwrap()
        );
    }

    #[test]
    fn a_name_asks_for_responses() {
        let setting = Setting::new(RESOURCE, &[("base_model", "gpt-5")]);
        let sent = encoded(&Azure::new(), &hello(), &setting.call("responses/mine")).unwrap();
        assert_eq!(sent["request"], json!(format!("POST {RESOURCE}/openai/v1/responses")));
        assert_eq!(sent["body"]["model"], "mine");
        assert_eq!(sent["body"]["input"][0]["role"], "user");
    }

    #[test]
    fn credentials_travel_in_their_own_headers() {
        let headers =
            |vendor: &dyn Provider, base: &'static str, model: &str, credential: Option<Credential>| {
                let setting = Setting::new(base, &[]);
                let call = Call { credential: credential.as_ref(), ..setting.call(model) };
                let headers = encoded(vendor, &hello(), &call).unwrap()["headers"].to_string();
                headers
                    .replace("\"content-type: application/json\"", "")
                    .replace(",\"extra-parameters: pass-through\"", "")
            };
        let key = || Some(Credential::Key(Secret::new("k")));
        let token = || Some(Credential::Token(Secret::new("t")));
        let (azure, ai) = (Azure::new(), AzureAi::new());
        assert_eq!(headers(&azure, RESOURCE, "m", key()), "[\"api-key: k\",]");
        assert_eq!(headers(&azure, RESOURCE, "m", token()), "[\"authorization: Bearer t\",]");
        assert_eq!(headers(&azure, RESOURCE, "m", None), "[]");
        assert_eq!(headers(&ai, FOUNDRY, "m", key()), "[\"api-key: k\",]");
        assert_eq!(
            headers(&ai, "https://m.x.models.ai.azure.com", "m", key()),
            "[\"authorization: Bearer k\",]"
        );
        let claude = headers(&ai, FOUNDRY, "claude-x", key());
        assert_eq!(claude, "[\"anthropic-version: 2023-06-01\",,\"x-api-key: k\"]");
        let claude = headers(&ai, FOUNDRY, "claude-x", token());
        assert_eq!(claude, "[\"anthropic-version: 2023-06-01\",\"authorization: Bearer t\",]");
    }

    #[test]
    fn data_sources_pass() {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "?"}],
            "data_sources": [{"type": "azure_search", "parameters": {"endpoint": "https://s", "index_name": "i"}}]});
        let request: ChatRequest = llm_types::from_value(body.clone()).unwrap();
        let sent = encoded(&Azure::new(), &request, &Setting::new(RESOURCE, &[]).call("m")).unwrap();
        assert_eq!((&sent["body"], &sent["notes"]), (&body, &json!([])));
    }

    #[test]
    fn betas_that_foundry_does_not_know_are_told() {
        let mut setting = Setting::new(FOUNDRY, &[]);
        let betas = HeaderValue::from_static("fast-mode-2026-02-01,effort-2025-11-24");
        setting.headers.insert("anthropic-beta", betas);
        let sent = encoded(&AzureAi::new(), &hello(), &setting.call("claude-sonnet-4-5")).unwrap();
        assert!(sent["headers"].to_string().contains("anthropic-beta: effort-2025-11-24\""), "{sent}");
        let notes = sent["notes"].to_string();
        assert!(notes.contains("dropped betas.fast-mode-2026-02-01"), "{notes}");
    }

    #[test]
    fn a_resource_without_an_address_is_told() {
        for vendor in [&Azure::new() as &dyn Provider, &AzureAi::new()] {
            let headers = HeaderMap::new();
            let error = encoded(vendor, &hello(), &Call::new("m", &headers)).unwrap_err();
            assert!(matches!(&error, EncodeError::Setup(why) if why.contains("api_base")), "{error}");
        }
    }

    #[test]
    fn vectors_and_rankings() {
        let request = EmbeddingRequest::new("m", EmbeddingInput::Text("a".to_owned()));
        let ask = |vendor: &dyn Provider, base, model: &str| {
            let setting = Setting::new(base, &[]);
            vendor.embeddings().unwrap().encode(&request, &setting.call(model)).map(sent)
        };
        let azure = ask(&Azure::new(), RESOURCE, "gpt5_series/e-1").unwrap();
        let at = format!("POST {RESOURCE}/openai/deployments/e-1/embeddings?api-version=2025-02-01-preview");
        assert_eq!((&azure["request"], &azure["body"]["model"]), (&json!(at), &json!("e-1")));
        let foundry = ask(&AzureAi::new(), FOUNDRY, "embed-v-4-0").unwrap();
        let at = format!("POST {FOUNDRY}/models/embeddings?api-version=2024-05-01-preview");
        assert_eq!(foundry["request"], json!(at));
        assert!(ask(&AzureAi::new(), FOUNDRY, "claude-x").is_err());

        let ai = AzureAi::new();
        let rerank = ai.rerank().unwrap();
        let request = RerankRequest::new("m", "q", vec![json!("a"), json!({"text": "b"})]);
        let encoded =
            sent(rerank.encode(&request, &Setting::new(FOUNDRY, &[]).call("Cohere-rerank-v4")).unwrap());
        let body = json!({"model": "Cohere-rerank-v4", "query": "q", "documents": ["a", {"text": "b"}]});
        assert_eq!(encoded["body"], body);
        assert_eq!(encoded["request"], json!(format!("POST {FOUNDRY}/providers/cohere/v2/rerank")));
        let answer = br#"{"id":"x","results":[{"index":1,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1}}}"#;
        let Decoded::Answer(answer) = rerank.decode(Response::new(answer)).unwrap() else {
            panic!("no answer")
        };
        assert_eq!(answer.results[0].index, 1);
        let refused = Response::builder().status(404).body(&br#"{"error":{"message":"no"}}"#[..]).unwrap();
        assert_eq!(rerank.decode(refused).unwrap_err().kind, ErrorKind::NotFound);
    }
}

fn answered(vendor: &dyn Provider, body: &[u8]) -> llm_types::ChatResponse {
    match vendor.chat().unwrap().decode(Response::new(body)).unwrap() {
        Decoded::Answer(answer) => answer,
        Decoded::Again { .. } => panic!("no answer"),
    }
}

#[test]
fn answers() {
    for (name, body) in fixtures("response") {
        let answer = answered(&AzureAi::new(), &body);
        insta::assert_json_snapshot!(format!("response.{name}"), answer);
        if name != "claude" {
            assert_eq!(answered(&Azure::new(), &body), answer, "{name}");
        }
    }
}

#[test]
fn errors() {
    let kinds = [
        ("400_content_filter", ErrorKind::ContentPolicy),
        ("400_context", ErrorKind::ContextWindow),
        ("400_inner_error", ErrorKind::ContentPolicy),
        ("401_gateway", ErrorKind::Authentication),
        ("401_key", ErrorKind::Authentication),
        ("404_deployment", ErrorKind::NotFound),
        ("422_foundry", ErrorKind::Unprocessable),
        ("429_rate", ErrorKind::RateLimit),
        ("529_claude", ErrorKind::Unavailable),
    ];
    let all = fixtures("error");
    assert_eq!(all.len(), kinds.len());
    for ((name, body), (expected, kind)) in all.into_iter().zip(kinds) {
        assert_eq!(name, expected);
        let status: u16 = name[..3].parse().unwrap();
        let response = || {
            let head =
                Response::builder().status(status).header("retry-after", "7").header("apim-request-id", "r");
            head.body(body.as_slice()).unwrap()
        };
        let error = AzureAi::new().chat().unwrap().decode(response()).unwrap_err();
        assert_eq!((error.kind, error.retry_after_ms), (kind, Some(7000)), "{name}");
        assert_eq!(error.body, body, "the whole answer is kept, inner errors included");
        if name != "529_claude" {
            let same = Azure::new().chat().unwrap().decode(response()).unwrap_err();
            assert_eq!(same, error);
            assert_eq!(Azure::new().relay(Dialect::OpenAiChat).unwrap().error(response()), error);
        }
    }
}

const JUNK: &[&str] = &["event: new\ndata: {\"object\":\"new\"}\n\n"];

#[test]
fn streams() {
    for (name, stream) in fixtures("stream") {
        let vendor = AzureAi::new();
        let decoder = || -> Box<dyn Decoder<Chat>> { vendor.chat().unwrap().decoder() };
        let chunks = laws::chunks(decoder, &stream);
        let lines: Vec<_> = chunks.iter().map(|chunk| serde_json::to_string(chunk).unwrap()).collect();
        insta::assert_snapshot!(format!("stream.{name}"), lines.join("\n"));
        laws::cut_anywhere(decoder, &stream);
        laws::unknown_events_harmless(decoder, &stream, laws::COMMENTS);
        laws::stream_laws(&chunks);
        if name == "claude" {
            laws::truncation(decoder, &stream, laws::after_last(&stream, "\"message_stop\"}"));
        } else {
            laws::truncation(decoder, &stream, laws::after_last(&stream, "data: [DONE]"));
            let azure = Azure::new();
            let own = || -> Box<dyn Decoder<Chat>> { azure.chat().unwrap().decoder() };
            laws::stream_laws(&laws::chunks(own, &stream));
            laws::cut_anywhere(own, &stream);
            laws::unknown_events_harmless(own, &stream, JUNK);
        }
    }
}

#[test]
fn a_stream_says_what_a_whole_answer_says() {
    let stream =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stream/filtered.sse")).unwrap();
    let whole = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/response/filtered.json"))
        .unwrap();
    let azure = Azure::new();
    let streamed = assemble(&laws::chunks(|| azure.chat().unwrap().decoder(), &stream));
    let whole = answered(&azure, &whole);
    let essence = |answer: &llm_types::ChatResponse| {
        let choice = &answer.choices[0];
        let usage = answer.usage.get().unwrap().counts();
        (
            choice.message.content.get().unwrap().text().into_owned(),
            choice.finish_reason.clone(),
            usage.input,
            usage.output,
        )
    };
    assert_eq!(essence(&streamed), essence(&whole));
    assert!(
        whole.extra.contains_key("prompt_filter_results")
            && streamed.extra.contains_key("prompt_filter_results")
    );
}

#[test]
fn a_stream_of_nothing_is_cut() {
    for stream in [&b""[..], b": comment\n\n", b"da"] {
        let vendor = AzureAi::new();
        let items = laws::read(|| vendor.chat().unwrap().decoder(), stream);
        assert_eq!(items, [Err(StreamError::Truncated)]);
    }
}

mod passed_through {
    use super::*;

    fn edited(
        vendor: &dyn Provider,
        dialect: Dialect,
        setting: &Setting,
        model: &str,
        body: &Value,
    ) -> Option<Value> {
        let bytes = Bytes::from(body.to_string());
        let peek = Peek::new(&bytes).unwrap();
        let edits = vendor.relay(dialect)?.edits(&peek, &setting.call(model))?;
        Some(serde_json::from_slice(&apply(&bytes, &peek, &edits)).unwrap())
    }

    #[test]
    fn openai_chat_to_azure() {
        let azure = Azure::new();
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5, "data_sources": []});
        let setting = Setting::new(RESOURCE, &[]);
        let edited = |setting, model| edited(&azure, Dialect::OpenAiChat, setting, model, &body);
        assert_eq!(edited(&setting, "mine"), Some(body.clone()));
        let known = Setting::new(RESOURCE, &[("base_model", "gpt-5")]);
        assert_eq!(edited(&known, "mine").unwrap()["max_completion_tokens"], 5);
        assert_eq!(edited(&setting, "o_series/mine"), None, "the name must be changed");
        assert_eq!(edited(&Setting::new(RESOURCE, &[("api_version", "2024-02-01")]), "gpt-4"), None);
        let relay = azure.relay(Dialect::OpenAiChat).unwrap();
        let head = relay.head(RelayOperation::ChatStream, &setting.call("mine")).unwrap();
        let at =
            format!("{RESOURCE}/openai/deployments/mine/chat/completions?api-version=2025-02-01-preview");
        assert_eq!(
            (head.uri.to_string(), &head.headers["api-key"]),
            (at, &HeaderValue::from_static("test-key"))
        );
        assert!(azure.relay(Dialect::AnthropicMessages).is_none());
    }

    #[test]
    fn responses_to_openais_models() {
        let body = json!({"model": "m", "input": "hi"});
        let setting = Setting::new(RESOURCE, &[("api_version", "2024-10-21")]);
        let foundry = Setting::new("https://r.services.ai.azure.com/openai/v1", &[]);
        let (azure, ai) = (Azure::new(), AzureAi::new());
        let pass = |vendor, setting, model| edited(vendor, Dialect::OpenAiResponses, setting, model, &body);
        assert_eq!(pass(&azure, &setting, "mine"), Some(body.clone()));
        assert_eq!(pass(&azure, &setting, "responses/mine").unwrap()["model"], "mine");
        assert_eq!(pass(&azure, &setting, "gpt5_series/mine"), None);
        assert_eq!(pass(&ai, &foundry, "mine"), Some(body.clone()));
        assert_eq!(pass(&ai, &Setting::new(FOUNDRY, &[]), "Phi-4"), None);
        let relay = azure.relay(Dialect::OpenAiResponses).unwrap();
        let head = relay.head(RelayOperation::Chat, &setting.call("mine")).unwrap();
        assert_eq!(head.uri.to_string(), format!("{RESOURCE}/openai/v1/responses"));
        assert_eq!(head.headers["api-key"], "test-key");
    }

    #[test]
    fn both_dialects_to_foundry() {
        let ai = AzureAi::new();
        let setting = Setting::new(FOUNDRY, &[]);
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        let chat = |model, body: &Value| edited(&ai, Dialect::OpenAiChat, &setting, model, body);
        assert_eq!(chat("Phi-4", &body), Some(body.clone()));
        assert_eq!(chat("claude-x", &body), None);
        let list = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]});
        assert_eq!(chat("Phi-4", &list), None);
        let named = json!({"model": "m", "messages": [{"role": "user", "content": "hi", "name": "ada"}]});
        assert_eq!(chat("Phi-4", &named), None);

        let messages = |model| edited(&ai, Dialect::AnthropicMessages, &setting, model, &body);
        assert_eq!(messages("claude-x"), Some(body.clone()));
        assert_eq!(messages("Phi-4"), None);
        let relay = ai.relay(Dialect::AnthropicMessages).unwrap();
        let call = setting.call("claude-x");
        let uri = |operation| relay.head(operation, &call).unwrap().uri.to_string();
        assert_eq!(uri(RelayOperation::Chat), format!("{FOUNDRY}/anthropic/v1/messages"));
        assert_eq!(uri(RelayOperation::CountTokens), format!("{FOUNDRY}/anthropic/v1/messages/count_tokens"));
        assert!(relay.carries(RelayOperation::CountTokens));
    }
}
