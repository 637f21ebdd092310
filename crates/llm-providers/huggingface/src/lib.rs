#![doc = include_str!("../README.md")]

mod chat;
mod embed;
mod error;
mod place;
mod rerank;
mod tgi;
pub mod wire;

use std::sync::{Arc, LazyLock};

use llm_provider_core::{
    Capabilities, Chat, Embeddings, ParameterInfo, Provider, Rerank, Translator, VendorInfo,
};
use llm_provider_openai::{ChatWire, OutputLimit, RequestOptions, ThinkingMember, WireOptions};

/// Hugging Face: the router of its inference providers, and dedicated servers (TGI, TEI) by address.
///
/// Source: Hugging Face docs, "Inference Providers", "Text Generation Inference", "Text Embeddings Inference",
/// read 2026-11.
///
/// Nothing passes as bytes: the router's answers tell thinking as `reasoning` or as `reasoning_content`, as the provider
/// behind it does, and clients get it by the latter name.
#[derive(Debug, Clone)]
pub struct HuggingFace {
    options: Arc<WireOptions>,
    chat: ChatWire,
}

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "huggingface".into(),
    name: "Hugging Face".into(),
    key_variables: vec!["HF_TOKEN".into(), "HUGGINGFACE_API_KEY".into()],
    key_optional: true,
    base_url_variables: vec!["HF_API_BASE".into(), "HUGGINGFACE_API_BASE".into()],
    base_url: place::BASE_URL.into(),
    parameters: vec![ParameterInfo::new(
        place::BILL_TO,
        &["HF_BILL_TO"],
        "organisation that pays for what goes through the router",
    )],
    docs: "https://huggingface.co/docs/inference-providers".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: false,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// Texts of one embedding request, at most: the usual `--max-client-batch-size` of a TEI server.
///
/// Source: Hugging Face docs, "Text Embeddings Inference", "CLI arguments", read 2026-11.
const MAX_EMBED_INPUTS: usize = 32;

impl HuggingFace {
    /// Hugging Face at its own address.
    pub fn new() -> Self {
        let options = Arc::new(WireOptions {
            base_url: place::BASE_URL.to_owned(),
            request: RequestOptions {
                limit: OutputLimit::AsGiven,
                developer_role: false,
                thinking: ThinkingMember::Effort,
                top_k: true,
                ..RequestOptions::default()
            },
            ..WireOptions::default()
        });
        Self { chat: ChatWire::new(WireOptions::clone(&options)), options }
    }
}

impl Default for HuggingFace {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for HuggingFace {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        MAX_EMBED_INPUTS
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(self)
    }
}
