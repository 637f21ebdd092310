//! Chat by the grid and the corpus, and what is Predibase's own.
//!
//! The fixtures follow Predibase's API reference ("Create chat completion"), read 2026-11; none is a recording.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use http::{HeaderMap, Response};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Parameters, Payload, Provider, Translator,
    UpstreamError, VendorInfo,
};
use llm_provider_predibase::Predibase;
use llm_testkit::conformance::{Scenario, Vendor, run, run_corpus};
use llm_types::{ChatRequest, ChatResponse, Message};
use serde_json::{Value, json};

/// Predibase with a tenant in its settings, as a deployment's configuration has it.
struct Settled(Predibase);

impl Provider for Settled {
    fn info(&self) -> &VendorInfo {
        self.0.info()
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Settled {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let parameters: Parameters = [("tenant_id", "t-1")].into_iter().collect();
        self.0.chat().unwrap().encode(request, &Call { parameters: &parameters, ..call.clone() })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.0.chat().unwrap().decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.0.chat().unwrap().decoder()
    }
}

#[test]
fn chat_is_openais() {
    let vendor = Settled(Predibase::new());
    let report = run(&Vendor {
        provider: &vendor,
        fixtures: &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conformance"),
        model: "qwen3-8b",
        terminal: "data: [DONE]",
        junk: &["event: new\ndata: {\"object\":\"new\"}\n\n"],
        skips: &[(Scenario::Documents, "Predibase's chat takes no files")],
    });
    assert_eq!(report.skipped.len(), 1, "{report}");
    assert!(run_corpus(&vendor, "an-invented-model", &[]).is_empty());
}

fn sent(
    request: &ChatRequest,
    base_url: Option<&str>,
    model: &str,
    tenant: &str,
) -> Result<(String, Value), EncodeError> {
    let headers = HeaderMap::new();
    let parameters: Parameters = [("tenant_id", tenant)].into_iter().collect();
    let call = Call { base_url, parameters: &parameters, ..Call::new(model, &headers) };
    let encoded = Predibase::new().chat().unwrap().encode(request, &call)?;
    let uri = encoded.request.uri().to_string();
    let Payload::Bytes(body) = encoded.request.into_body() else { panic!("bytes") };
    Ok((uri, serde_json::from_slice(&body).unwrap()))
}

#[test]
fn tenant_deployment_and_adapter() {
    let mut request = ChatRequest::new("m", vec![Message::user("Hello")]);
    let usual = "https://serving.app.predibase.com/t-1/deployments/v2/llms/qwen3-8b/v1/chat/completions";
    let (uri, body) = sent(&request, None, "qwen3-8b", "t-1").unwrap();
    assert_eq!((uri.as_str(), &body["model"]), (usual, &json!("")));
    request.extra.insert("adapter_id".to_owned(), json!("repo/1"));
    request.extra.insert("adapter_source".to_owned(), json!("pbase"));
    let (_, body) = sent(&request, None, "qwen3-8b", "t-1").unwrap();
    assert_eq!((&body["model"], &body["adapter_source"]), (&json!("repo/1"), &json!("pbase")));
    assert!(body.get("adapter_id").is_none());
    for base in [
        "https://serving.app.predibase.com/t-1/deployments/v2/llms/qwen3-8b/v1",
        "https://serving.app.predibase.com/t-1/deployments/v2/llms/qwen3-8b",
        "https://serving.app.predibase.com/t-1/deployments/v2/llms/",
    ] {
        assert_eq!(sent(&request, Some(base), "qwen3-8b", "").unwrap().0, usual, "{base}");
    }
    assert!(matches!(sent(&request, None, "qwen3-8b", ""), Err(EncodeError::Setup(_))));
    assert!(matches!(sent(&request, None, "../x", "t-1"), Err(EncodeError::Invalid { .. })));
}
