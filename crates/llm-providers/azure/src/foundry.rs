//! [`AzureAi`]: Azure AI Foundry, where models of many makers are deployed, each behind one of three wires.

mod betas;
mod family;
mod models;
mod relay;
mod rerank;

use std::sync::LazyLock;

use http::HeaderMap;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Allowances, Call, Capabilities, Chat, Decoded, Decoder, Demands, Dialect, Embeddings, EncodeError,
    Encoded, Login, Note, Parameters, Prefill, Provider, Relay, Rerank, Secret, StreamDecoder, Translator,
    UpstreamError, VendorInfo,
};
use llm_provider_openai::{EmbeddingOptions, EmbeddingWire};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, UnixMs};

use self::family::{Family, Reached};
use self::models::Models;
use self::relay::{ChatSide, MessagesSide, ResponsesSide};
use self::rerank::Ranking;
use crate::azure::wire;
use crate::either::{EitherDecoder, is_typed};
use crate::stream::AzureInterpret;
use crate::{Azure, login};

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "azure_ai".into(),
    name: "Azure AI Foundry".into(),
    key_variables: vec!["AZURE_AI_API_KEY".into()],
    key_optional: true,
    base_url_variables: vec!["AZURE_AI_API_BASE".into()],
    base_url: "https://{AZURE_AI_RESOURCE_NAME}.services.ai.azure.com".into(),
    parameters: login::parameters(&["AZURE_AI_API_VERSION"]),
    client_headers: vec!["anthropic-beta".into()],
    docs: "https://learn.microsoft.com/azure/foundry/foundry-models/concepts/endpoints".into(),
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

/// Azure AI Foundry: the model inference API and serverless endpoints, OpenAI's models at their own addresses, and
/// Claude behind Anthropic's Messages; vectors and rankings.
///
/// Which wire a model is behind is told by the address and, for Claude alone, by the model's name: Foundry serves Claude
/// by the Messages API only. Source: see the crate's README.
#[derive(Debug, Clone)]
pub struct AzureAi {
    models: Models,
    openai: Azure,
    embeddings: EmbeddingWire,
    chat_side: ChatSide,
    responses_side: ResponsesSide,
}

impl AzureAi {
    /// Azure AI Foundry.
    pub fn new() -> Self {
        let models = Models::new();
        let options = EmbeddingOptions { input_type: true, ..EmbeddingOptions::default() };
        Self {
            chat_side: ChatSide::new(models.relay.clone()),
            responses_side: ResponsesSide::new(),
            openai: Azure::new(),
            embeddings: EmbeddingWire::new(wire(), options),
            models,
        }
    }
}

impl Default for AzureAi {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for AzureAi {
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
        // Source: Cohere API reference, "Embed", which Foundry serves: 96 texts a request; read 2026-11.
        96
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(&Ranking)
    }

    fn prefill(&self, model: &str, _base_url: Option<&str>) -> Option<Prefill> {
        family::is_claude(model).then(|| llm_provider_anthropic::prefill(model)).flatten()
    }

    fn demands(&self, model: &str) -> Demands {
        if family::is_claude(model) { llm_provider_anthropic::DEMANDS } else { Demands::default() }
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        login::login(parameters, key)
    }

    fn allowances(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        llm_provider_openai::allowances(headers, now)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::OpenAiChat => Some(&self.chat_side),
            Dialect::AnthropicMessages => Some(&MessagesSide),
            Dialect::OpenAiResponses => Some(&self.responses_side),
            _ => None,
        }
    }
}

impl Translator<Chat> for AzureAi {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let Reached { family, prepared } = family::reach(call)?;
        let below = prepared.call(call);
        match family {
            Family::Models => prepared.name(self.models.encode(request, &below)?),
            Family::OpenAi => Translator::<Chat>::encode(&self.openai, request, call),
            Family::Claude => {
                let encoded = Translator::<Chat>::encode(&Anthropic, request, &below)?;
                let mut encoded = prepared.name(encoded)?;
                let gone = betas::without_refused(encoded.request.headers_mut());
                let why = "Foundry refuses this beta";
                encoded
                    .notes
                    .extend(gone.into_iter().map(|beta| Note::dropped(format!("betas.{beta}"), why)));
                Ok(encoded)
            }
        }
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if is_typed(response.body()) == Some(true) {
            Translator::<Chat>::decode(&Anthropic, response)
        } else {
            self.models.chat.decode(response)
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        let chunks = StreamDecoder::sse(AzureInterpret::new(self.models.chat.options()));
        Box::new(EitherDecoder::new(Box::new(chunks), Translator::<Chat>::decoder(&Anthropic)))
    }
}

impl Translator<Embeddings> for AzureAi {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let Reached { family, prepared } = family::reach(call)?;
        match family {
            Family::Models => prepared.name(self.embeddings.encode(request, &prepared.call(call))?),
            Family::OpenAi => Translator::<Embeddings>::encode(&self.openai, request, call),
            Family::Claude => Err(EncodeError::unsupported("model", "Claude makes no vectors")),
        }
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        self.embeddings.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        self.embeddings.decoder()
    }
}
