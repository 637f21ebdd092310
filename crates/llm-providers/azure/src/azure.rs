//! [`Azure`]: Azure OpenAI.

use std::sync::LazyLock;

use http::HeaderMap;
use llm_provider_core::{
    Allowances, Call, Capabilities, Chat, Decoded, Decoder, Dialect, Edit, Embeddings, EncodeError, Encoded,
    Listener, Login, NoteKind, Parameters, Peek, Provider, Relay, RelayOperation, Secret, StreamDecoder,
    Translator, UpstreamError, VendorInfo,
};
use llm_provider_openai::{
    Auth, ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, OutputLimit, RequestOptions,
    ResponsesOptions, ResponsesRelay, ResponsesWire, WireOptions,
};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, UnixMs};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::either::EitherDecoder;
use crate::prepared::{KeyIn, Prepared, by_responses, deployment};
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
    /// For names that begin with `responses/`.
    responses: ResponsesWire,
    relay: AzureRelay,
    responses_relay: AzureResponses,
    embeddings: EmbeddingWire,
}

#[derive(Debug, Clone)]
struct AzureRelay(ChatRelay);

/// Responses that pass through as bytes.
#[derive(Debug, Clone)]
pub(crate) struct AzureResponses(ResponsesRelay);

/// OpenAI's own wire; the credential stands in the call's headers.
pub(crate) fn wire() -> WireOptions {
    WireOptions { base_url: String::new(), auth: Auth::None, ..WireOptions::default() }
}

fn responses() -> ResponsesOptions {
    ResponsesOptions { wire: wire(), vendor: "azure".to_owned(), ..ResponsesOptions::default() }
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
            responses: ResponsesWire::new(responses()),
            relay: AzureRelay(ChatRelay::new(wire())),
            responses_relay: AzureResponses::new(),
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

/// The call for OpenAI's Responses.
fn prepare_responses<'a>(call: &Call<'a>) -> Result<Prepared<'a>, EncodeError> {
    let base = address::given(call, "AZURE_API_BASE")?;
    let place = address::responses(call, base);
    let model = by_responses(call).unwrap_or(call.model);
    Prepared::new(&Call { model, ..call.clone() }, place.base, KeyIn::ApiKey)
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

    fn allowances(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        llm_provider_openai::allowances(headers, now)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::OpenAiChat => Some(&self.relay),
            Dialect::OpenAiResponses => Some(&self.responses_relay),
            _ => None,
        }
    }
}

impl Translator<Chat> for Azure {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        if by_responses(call).is_some() {
            let prepared = prepare_responses(call)?;
            return prepared.name(self.responses.encode(request, &prepared.call(call))?);
        }
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
        if is_response(response.body()) {
            self.responses.decode(response)
        } else {
            self.chat.decode(response)
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        let chunks = StreamDecoder::sse(AzureInterpret::new(self.chat.options()));
        Box::new(EitherDecoder::new(Box::new(chunks), self.responses.decoder()))
    }
}

/// Whether an answer is of the Responses API: errors are the same in both.
fn is_response(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Glance {
        output: Option<IgnoredAny>,
        choices: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Glance>(body)
        .is_ok_and(|glance| glance.output.is_some() && glance.choices.is_none())
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
        if older || !prepared.is_named_alike(call) || by_responses(call).is_some() {
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

impl AzureResponses {
    pub(crate) fn new() -> Self {
        Self(ResponsesRelay::new(responses()))
    }
}

impl Relay for AzureResponses {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let prepared = prepare_responses(call).ok()?;
        let asked = by_responses(call).unwrap_or(call.model);
        if prepared.deployment == asked { self.0.edits(peek, call) } else { None }
    }

    fn takes_include_usage(&self) -> bool {
        self.0.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        let prepared = prepare_responses(call)?;
        self.0.head(operation, &prepared.call(call))
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.0.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.0.listener()
    }
}
