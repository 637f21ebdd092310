//! [`Azure`]: Azure OpenAI.

use std::sync::LazyLock;

use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, Edit, Embeddings, EncodeError, Encoded, Listener,
    Login, NoteKind, Parameters, Peek, Provider, Relay, RelayOperation, Secret, StreamDecoder, Translator,
    UpstreamError, VendorInfo,
};
use llm_provider_openai::{
    Auth, ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, OutputLimit, RequestOptions, WireOptions,
};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse};

use crate::prepared::{KeyIn, Prepared, deployment};
use crate::stream::AzureInterpret;
use crate::{address, login};

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "azure".into(),
    name: "Azure OpenAI".into(),
    key_variables: vec!["AZURE_API_KEY".into(), "AZURE_OPENAI_API_KEY".into()],
    key_optional: true,
    base_url_variables: vec!["AZURE_API_BASE".into(), "AZURE_OPENAI_ENDPOINT".into()],
    base_url: "https://{AZURE_RESOURCE_NAME}.openai.azure.com".into(),
    parameters: login::parameters(&["AZURE_API_VERSION", "OPENAI_API_VERSION"]),
    docs: "https://learn.microsoft.com/azure/foundry/openai/reference".into(),
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: false,
    },
    ..VendorInfo::default()
});

/// Azure OpenAI: OpenAI's wire at an address of each deployment, with a key or a login with Entra ID.
///
/// The model's name is the deployment's. What a deployment takes is told by that name, or by the parameter
/// `base_model` where the name is free. Source: see the crate's README.
#[derive(Debug, Clone)]
pub struct Azure {
    chat: ChatWire,
    /// For versions before 2024-09-01-preview.
    older: ChatWire,
    relay: AzureRelay,
    embeddings: EmbeddingWire,
}

#[derive(Debug, Clone)]
struct AzureRelay(ChatRelay);

/// OpenAI's own wire; the credential stands in the call's headers.
pub(crate) fn wire() -> WireOptions {
    WireOptions { base_url: String::new(), auth: Auth::None, ..WireOptions::default() }
}

impl Azure {
    /// Azure OpenAI.
    pub fn new() -> Self {
        let older = RequestOptions {
            limit: OutputLimit::MaxTokens,
            stream_usage: false,
            drop: vec!["parallel_tool_calls".to_owned()],
            ..RequestOptions::default()
        };
        Self {
            chat: ChatWire::new(wire()),
            older: ChatWire::new(WireOptions { request: older, ..wire() }),
            relay: AzureRelay(ChatRelay::new(wire())),
            embeddings: EmbeddingWire::new(wire(), EmbeddingOptions::default()),
        }
    }
}

impl Default for Azure {
    fn default() -> Self {
        Self::new()
    }
}

/// The call for OpenAI's wire, and whether the version is an older one.
pub(crate) fn prepare<'a>(call: &Call<'a>) -> Result<(Prepared<'a>, bool), EncodeError> {
    let base = address::given(call, "AZURE_API_BASE")?;
    let place = address::place(call, base, deployment(call).0);
    Ok((Prepared::new(call, place.base, KeyIn::ApiKey)?, place.older))
}

impl Provider for Azure {
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
        self.embeddings.options().max_inputs
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        login::login(parameters, key)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::OpenAiChat).then_some(&self.relay as _)
    }
}

impl Translator<Chat> for Azure {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let (prepared, older) = prepare(call)?;
        let wire = if older { &self.older } else { &self.chat };
        let mut encoded = wire.encode(request, &prepared.call(call))?;
        if older {
            for note in encoded.notes.iter_mut().filter(|note| note.path == "stream_options") {
                note.kind = NoteKind::Dropped;
                "this version of the API does not know it, and its streams tell no usage"
                    .clone_into(&mut note.detail);
            }
        }
        prepared.name(encoded)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.chat.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::sse(AzureInterpret::new(self.chat.options())))
    }
}

impl Translator<Embeddings> for Azure {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let (prepared, _) = prepare(call)?;
        prepared.name(self.embeddings.encode(request, &prepared.call(call))?)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        self.embeddings.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        self.embeddings.decoder()
    }
}

impl Relay for AzureRelay {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let (prepared, older) = prepare(call).ok()?;
        if older || !prepared.is_named_alike(call) {
            return None;
        }
        self.0.edits(peek, &prepared.call(call))
    }

    fn takes_include_usage(&self) -> bool {
        self.0.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        let (prepared, _) = prepare(call)?;
        self.0.head(operation, &prepared.call(call))
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.0.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.0.listener()
    }
}
