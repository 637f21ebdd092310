//! The grid of all vendors: Azure on OpenAI's wire, Foundry on OpenAI's and on Anthropic's.

#![expect(clippy::unwrap_used, reason = "a test may panic where a fixture is missing")]

use std::path::{Path, PathBuf};

use llm_provider_azure::{Azure, AzureAi};
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, EncodeError, Encoded, Provider, Translator, UpstreamError,
    VendorInfo,
};
use llm_testkit::conformance::{Scenario, Vendor, run};
use llm_types::{ChatRequest, ChatResponse};

/// A vendor at an address.
struct At {
    vendor: Box<dyn Provider>,
    base: &'static str,
    info: VendorInfo,
}

impl At {
    fn new(vendor: impl Provider + 'static, base: &'static str, capabilities: Capabilities) -> Self {
        let info = VendorInfo { capabilities, ..vendor.info().clone() };
        Self { vendor: Box::new(vendor), base, info }
    }
}

impl Provider for At {
    fn info(&self) -> &VendorInfo {
        &self.info
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for At {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let call = Call { base_url: Some(self.base), ..call.clone() };
        self.vendor.chat().unwrap().encode(request, &call)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.vendor.chat().unwrap().decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.vendor.chat().unwrap().decoder()
    }
}

/// The story as it is told in a wire, by the façade's own fixtures.
fn story(wire: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/conformance").join(wire)
}

fn holds(vendor: &At, wire: &str, model: &str, terminal: &str) {
    let report = run(&Vendor {
        provider: vendor,
        fixtures: &story(wire),
        model,
        terminal,
        junk: &["event: new\ndata: {\"type\":\"new\",\"object\":\"new\"}\n\n"],
        skips: &[],
    });
    assert_eq!(report.passed.len(), Scenario::ALL.len(), "{report}");
}

#[test]
fn azure() {
    let azure = Azure::new();
    let capabilities = azure.info().capabilities;
    holds(&At::new(azure, "https://r.openai.azure.com", capabilities), "openai", "gpt-5", "data: [DONE]");
}

#[test]
fn foundry() {
    let ai = AzureAi::new();
    let capabilities = Capabilities { documents: true, ..ai.info().capabilities };
    let at = At::new(ai, "https://r.services.ai.azure.com", capabilities);
    holds(&at, "openai", "Phi-4", "data: [DONE]");
    holds(&at, "anthropic", "claude-sonnet-4-5", "data: {\"type\":\"message_stop\"}");
}
