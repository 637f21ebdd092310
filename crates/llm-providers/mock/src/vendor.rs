//! [`Mock`]: the mock as a vendor like any other, on OpenAI's wire.

use std::sync::LazyLock;

use llm_provider_core::{Capabilities, Chat, Dialect, Embeddings, Provider, Relay, Translator, VendorInfo};
use llm_provider_openai::{Auth, ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, WireOptions};

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "mock".into(),
    name: "Mock".into(),
    key_variables: Vec::new(),
    base_url_variables: Vec::new(),
    base_url: Mock::BASE_URL.into(),
    docs: "".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: false,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// The mock as a vendor: requests in OpenAI's dialect, which a `MockService` answers in process and a mock server over
/// a socket.
#[derive(Debug, Clone)]
pub struct Mock {
    chat: ChatWire,
    relay: ChatRelay,
    embeddings: EmbeddingWire,
}

impl Mock {
    /// An address that leads nowhere: requests to it are answered in process.
    pub const BASE_URL: &'static str = "http://mock.invalid/v1";

    /// The mock.
    pub fn new() -> Self {
        let options =
            WireOptions { base_url: Self::BASE_URL.to_owned(), auth: Auth::None, ..WireOptions::default() };
        Self {
            chat: ChatWire::new(options.clone()),
            relay: ChatRelay::new(options.clone()),
            embeddings: EmbeddingWire::new(options, EmbeddingOptions::default()),
        }
    }
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Mock {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&self.embeddings)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        self.embeddings.options().max_inputs
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::OpenAiChat).then_some(&self.relay)
    }
}
