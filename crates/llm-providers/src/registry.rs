//! The vendors that are built in, by name.

use std::sync::{Arc, LazyLock};

use llm_provider_core::{
    CountTokens, Dialect, Embeddings, Parameters, Provider, Rerank, VendorInfo, WholeIngress,
};

static PROVIDERS: LazyLock<Vec<Arc<dyn Provider>>> = LazyLock::new(|| {
    let list: Vec<Arc<dyn Provider>> = vec![
        #[cfg(feature = "openai")]
        Arc::new(llm_provider_openai::OpenAi::new()),
        #[cfg(feature = "anthropic")]
        Arc::new(llm_provider_anthropic::Anthropic),
        #[cfg(feature = "bedrock")]
        Arc::new(llm_provider_bedrock::Bedrock),
        #[cfg(feature = "gemini")]
        Arc::new(llm_provider_gemini::Gemini),
        #[cfg(feature = "vertex")]
        Arc::new(llm_provider_vertex::Vertex),
        #[cfg(feature = "cohere")]
        Arc::new(llm_provider_cohere::Cohere),
        #[cfg(feature = "ollama")]
        Arc::new(llm_provider_ollama::Ollama),
        #[cfg(feature = "azure")]
        Arc::new(llm_provider_azure::Azure::new()),
        #[cfg(feature = "azure")]
        Arc::new(llm_provider_azure::AzureAi::new()),
        #[cfg(feature = "databricks")]
        Arc::new(llm_provider_databricks::Databricks::new()),
        #[cfg(feature = "github-copilot")]
        Arc::new(llm_provider_github_copilot::GithubCopilot::new()),
        #[cfg(feature = "snowflake")]
        Arc::new(llm_provider_snowflake::Snowflake::new()),
        #[cfg(feature = "mistral")]
        Arc::new(llm_provider_mistral::Mistral::new()),
        #[cfg(feature = "mistral")]
        Arc::new(llm_provider_mistral::Mistral::codestral()),
        #[cfg(feature = "voyage")]
        Arc::new(llm_provider_voyage::Voyage),
        #[cfg(feature = "nvidia-nim")]
        Arc::new(llm_provider_nvidia_nim::NvidiaNim),
        #[cfg(feature = "huggingface")]
        Arc::new(llm_provider_huggingface::HuggingFace::new()),
        #[cfg(feature = "jina")]
        Arc::new(llm_provider_jina::Jina::new()),
        #[cfg(feature = "triton")]
        Arc::new(llm_provider_triton::Triton::new()),
        #[cfg(feature = "nlp-cloud")]
        Arc::new(llm_provider_nlp_cloud::NlpCloud::new()),
        #[cfg(feature = "predibase")]
        Arc::new(llm_provider_predibase::Predibase::new()),
        #[cfg(feature = "nomic")]
        Arc::new(llm_provider_nomic::Nomic),
        #[cfg(feature = "perplexity")]
        Arc::new(llm_provider_perplexity::Perplexity::new()),
        #[cfg(feature = "watsonx")]
        Arc::new(llm_provider_watsonx::Watsonx::new()),
        #[cfg(feature = "watsonx")]
        Arc::new(llm_provider_watsonx::WatsonxGateway::new()),
        #[cfg(feature = "replicate")]
        Arc::new(llm_provider_replicate::Replicate::new()),
        #[cfg(feature = "oci")]
        Arc::new(llm_provider_oci::Oci::new()),
        #[cfg(feature = "gigachat")]
        Arc::new(llm_provider_gigachat::GigaChat::new()),
        #[cfg(feature = "sap")]
        Arc::new(llm_provider_sap::Sap::new()),
        #[cfg(feature = "sagemaker")]
        Arc::new(llm_provider_sagemaker::SageMaker::chat()),
        #[cfg(feature = "sagemaker")]
        Arc::new(llm_provider_sagemaker::SageMaker::text()),
        #[cfg(feature = "agents")]
        Arc::new(llm_provider_agents::Dify::new()),
        #[cfg(feature = "agents")]
        Arc::new(llm_provider_agents::Langflow::new()),
        #[cfg(feature = "agents")]
        Arc::new(llm_provider_agents::LangGraph::new()),
        #[cfg(feature = "mock")]
        Arc::new(llm_provider_mock::Mock::new()),
    ];
    #[cfg(feature = "openai-compat")]
    let list = {
        let mut list = list;
        // Every row is made into a vendor by the table's own tests; one that could not be would not have got here.
        let rows = llm_provider_openai_compat::rows().iter().cloned();
        list.extend(
            rows.filter_map(|row| llm_provider_openai_compat::Compat::new(row).ok())
                .map(|vendor| Arc::new(vendor) as Arc<dyn Provider>),
        );
        list
    };
    list
});

/// Every vendor that is built in.
pub fn providers() -> &'static [Arc<dyn Provider>] {
    &PROVIDERS
}

/// The vendor of this name or alias: what stands before the slash in `vendor/model`.
pub fn find(id: &str) -> Option<Arc<dyn Provider>> {
    PROVIDERS
        .iter()
        .find(|provider| {
            let info = provider.info();
            info.id == id || info.aliases.iter().any(|alias| alias == id)
        })
        .cloned()
}

/// The vendor of a well-known model that is named without one, such as `gpt-4o` or `claude-sonnet-4-5`; `mock` is the
/// built-in one's.
///
/// Source: OpenAI and Anthropic model lists (platform.openai.com/docs/models, docs.anthropic.com "Models
/// overview"), read 2026-11.
pub fn bare_name_vendor(model: &str) -> Option<&'static str> {
    const OPENAI: &[&str] =
        &["gpt-", "chatgpt-", "o1", "o3", "o4", "codex-", "computer-use-preview", "ft:gpt-"];
    const ANTHROPIC: &[&str] = &["claude-"];
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| model.starts_with(prefix));
    if model.contains('/') {
        None
    } else if begins(OPENAI) {
        Some("openai")
    } else if begins(ANTHROPIC) {
        Some("anthropic")
    } else if model == "mock" {
        Some("mock")
    } else {
        None
    }
}

/// Where a vendor is, as far as variables tell: the address in one of its usual variables, or its usual address with
/// every `{NAME}` in it filled in. `None` leaves it to the vendor.
pub fn address(info: &VendorInfo, variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(address) = info.base_url_variables.iter().find_map(|name| set(name)) {
        return Some(address);
    }
    let mut filled = String::new();
    let mut rest = &*info.base_url;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&set(name)?);
        rest = after;
    }
    (!filled.is_empty()).then(|| filled + rest)
}

/// A vendor's settings as far as variables tell them.
pub fn parameters(info: &VendorInfo, variable: &impl Fn(&str) -> Option<String>) -> Parameters {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    info.parameters
        .iter()
        .filter_map(|parameter| {
            let value = parameter.variables.iter().find_map(|name| set(name))?;
            Some((parameter.name.clone(), value))
        })
        .collect()
}

/// The client's side of a dialect.
#[cfg(any(feature = "openai", feature = "anthropic"))]
pub fn ingress(dialect: Dialect) -> &'static dyn llm_provider_core::Ingress {
    match dialect {
        #[cfg(feature = "anthropic")]
        Dialect::AnthropicMessages => &llm_provider_anthropic::MessagesIngress,
        #[cfg(feature = "gemini")]
        Dialect::Gemini => &llm_provider_gemini::GeminiIngress,
        #[cfg(feature = "gemini")]
        Dialect::GeminiArray => &llm_provider_gemini::GeminiArrayIngress,
        #[cfg(feature = "bedrock")]
        Dialect::BedrockConverse => &llm_provider_bedrock::ConverseIngress,
        #[cfg(feature = "cohere")]
        Dialect::CohereChat => &llm_provider_cohere::CohereIngress,
        #[cfg(feature = "ollama")]
        Dialect::OllamaChat => &llm_provider_ollama::OllamaChatIngress,
        #[cfg(feature = "ollama")]
        Dialect::OllamaGenerate => &llm_provider_ollama::OllamaGenerateIngress,
        #[cfg(feature = "openai")]
        Dialect::OpenAiResponses => &llm_provider_openai::ResponsesIngress,
        #[cfg(feature = "openai")]
        _ => &llm_provider_openai::ChatIngress,
        #[cfg(not(feature = "openai"))]
        _ => &llm_provider_anthropic::MessagesIngress,
    }
}

/// A form in which clients ask for vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmbeddingForm {
    /// `POST /v1/embeddings`
    OpenAi,
    /// `POST /v1beta/models/{model}:embedContent`
    Gemini,
    /// `POST /v1beta/models/{model}:batchEmbedContents`
    GeminiBatch,
    /// `POST /v2/embed`
    Cohere,
    /// `POST /api/embed`
    Ollama,
    /// `POST /api/embeddings`, the older form
    OllamaOlder,
}

/// The client's side of a form in which vectors are asked for; `None` if its crate is not built in.
pub fn embedding_ingress(form: EmbeddingForm) -> Option<&'static dyn WholeIngress<Embeddings>> {
    match form {
        #[cfg(feature = "openai")]
        EmbeddingForm::OpenAi => Some(&llm_provider_openai::EmbeddingIngress),
        #[cfg(feature = "gemini")]
        EmbeddingForm::Gemini => Some(&llm_provider_gemini::EmbedContentIngress),
        #[cfg(feature = "gemini")]
        EmbeddingForm::GeminiBatch => Some(&llm_provider_gemini::BatchEmbedContentsIngress),
        #[cfg(feature = "cohere")]
        EmbeddingForm::Cohere => Some(&llm_provider_cohere::CohereEmbedIngress),
        #[cfg(feature = "ollama")]
        EmbeddingForm::Ollama => Some(&llm_provider_ollama::OllamaEmbedIngress),
        #[cfg(feature = "ollama")]
        EmbeddingForm::OllamaOlder => Some(&llm_provider_ollama::OllamaEmbeddingsIngress),
        #[allow(unreachable_patterns, reason = "with every crate built in, every form has one")]
        _ => None,
    }
}

/// The client's side of a dialect that counts tokens; `None` if it has no such thing.
pub fn count_ingress(dialect: Dialect) -> Option<&'static dyn WholeIngress<CountTokens>> {
    match dialect {
        #[cfg(feature = "anthropic")]
        Dialect::AnthropicMessages => Some(&llm_provider_anthropic::MessagesIngress),
        #[cfg(feature = "gemini")]
        Dialect::Gemini => Some(&llm_provider_gemini::GeminiIngress),
        _ => None,
    }
}

/// The client's side of rankings, as Cohere has them.
pub fn rerank_ingress() -> Option<&'static dyn WholeIngress<Rerank>> {
    #[cfg(feature = "cohere")]
    let ingress: Option<&'static dyn WholeIngress<Rerank>> = Some(&llm_provider_cohere::CohereRerankIngress);
    #[cfg(not(feature = "cohere"))]
    let ingress = None;
    ingress
}

#[cfg(all(test, feature = "openai-compat"))]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_filled_from_variables() {
        let info = find("cloudflare").unwrap();
        let info = info.info();
        assert!(info.base_url.contains("{CLOUDFLARE_ACCOUNT_ID}"));
        assert_eq!(address(info, &|_| None), None);
        let filled = address(info, &|name| (name == "CLOUDFLARE_ACCOUNT_ID").then(|| "abc".to_owned()));
        assert_eq!(filled, Some(info.base_url.replace("{CLOUDFLARE_ACCOUNT_ID}", "abc")));
        let openai = find("openai").unwrap();
        assert_eq!(address(openai.info(), &|_| None), None);
        let own =
            address(openai.info(), &|name| (name == "OPENAI_API_BASE").then(|| "http://x/v1".to_owned()));
        assert_eq!(own.as_deref(), Some("http://x/v1"));
    }
}
