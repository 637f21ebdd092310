//! [`Replicate`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, Provider, Translator, VendorInfo};

use crate::chat::Predictions;

/// The usual address.
pub(crate) const BASE_URL: &str = "https://api.replicate.com/v1";

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "replicate".into(),
    name: "Replicate".into(),
    key_variables: vec!["REPLICATE_API_KEY".into(), "REPLICATE_API_TOKEN".into()],
    base_url_variables: vec!["REPLICATE_API_BASE".into()],
    base_url: BASE_URL.into(),
    docs: "https://replicate.com/docs/reference/http".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: false,
        images: true,
        documents: false,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// Replicate: chat by predictions.
///
/// Source: Replicate docs, "HTTP API" and "Streaming output" (replicate.com/docs), and the official Python package
/// replicate 1.0, read 2026-11.
#[derive(Debug)]
pub struct Replicate {
    chat: Predictions,
}

impl Replicate {
    /// The vendor at its own address.
    pub fn new() -> Self {
        Self { chat: Predictions::new() }
    }
}

impl Default for Replicate {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Replicate {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }
}
