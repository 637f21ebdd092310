//! [`Vertex`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, CountTokens, Demands, Dialect, Embeddings, Login, Parameters, Prefill, Provider,
    Relay, Rerank, Secret, Translator, VendorInfo,
};
use llm_provider_gemini::generate;

use crate::model::{Family, Model};
use crate::relay::{ClaudeRelay, GeminiRelay};
use crate::{embeddings, login, setup};

/// Vertex AI: Google's models and its partners', in a project of Google Cloud.
///
/// Gemini by its name, a tuned model by the number of its endpoint, Claude, Mistral and Jamba by their names, and
/// `publisher/model` for those that speak OpenAI's chat. `openai/NUMBER` is an endpoint of one's own that does. A key
/// without a project is the express mode; else a login is found as Google's own libraries find it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vertex;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "vertex_ai".into(),
    aliases: vec!["vertex_ai_beta".into(), "vertex-ai".into(), "vertex".into()],
    name: "Google Vertex AI".into(),
    key_variables: vec!["VERTEXAI_API_KEY".into(), "VERTEX_API_KEY".into()],
    key_optional: true,
    base_url_variables: vec!["VERTEXAI_API_BASE".into(), "VERTEX_API_BASE".into()],
    parameters: setup::parameters(),
    client_headers: vec!["anthropic-beta".into()],
    docs: "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: true,
    },
    ..VendorInfo::default()
});

impl Provider for Vertex {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn count_tokens(&self) -> Option<&dyn Translator<CountTokens>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn max_embedding_inputs(&self, model: &str) -> usize {
        embeddings::max_inputs(Model::of(model).name)
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(self)
    }

    fn wants_fetched(&self, url: &str) -> bool {
        generate::wants_fetched(url)
    }

    fn reads_address(&self, url: &str) -> bool {
        generate::reads_address(url)
    }

    fn prefill(&self, model: &str, _base_url: Option<&str>) -> Option<Prefill> {
        match Model::of(model).family {
            Family::Claude => llm_provider_anthropic::prefill(model),
            _ => None,
        }
    }

    fn demands(&self, model: &str) -> Demands {
        match Model::of(model).family {
            Family::Claude => llm_provider_anthropic::DEMANDS,
            Family::Gemini => llm_provider_gemini::DEMANDS,
            _ => Demands::default(),
        }
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        login::login(parameters, key)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::Gemini => Some(&GeminiRelay),
            Dialect::AnthropicMessages => Some(&ClaudeRelay),
            _ => None,
        }
    }
}

/// Whether a model speaks Gemini.
pub(crate) fn is_gemini(model: &str) -> bool {
    Model::of(model).family == Family::Gemini
}
