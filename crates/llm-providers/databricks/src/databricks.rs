//! [`Databricks`]: the vendor itself.

use std::sync::LazyLock;

use http::Response;
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, Embeddings, EncodeError, Encoded, Login,
    ParameterInfo, Parameters, Provider, Relay, Secret, StreamDecoder, Translator, UpstreamError, VendorInfo,
};
use llm_provider_oauth::{ClientCredentials, ClientSecretIn};
use llm_provider_openai::{
    AnswerOptions, Changes, ChatWire, EmbeddingOptions, EmbeddingWire, OutputLimit, RequestOptions,
    ThinkingMember, WireOptions,
};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, ErrorKind};

use crate::address::{Place, place, workspace};
use crate::messages::MessagesRelay;
use crate::stream::DatabricksInterpret;
use crate::{answer, request};

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "databricks".into(),
    name: "Databricks".into(),
    key_variables: vec!["DATABRICKS_API_KEY".into(), "DATABRICKS_TOKEN".into()],
    key_optional: true,
    base_url_variables: vec!["DATABRICKS_API_BASE".into(), "DATABRICKS_HOST".into()],
    parameters: vec![
        ParameterInfo::new("client_id", &["DATABRICKS_CLIENT_ID"], "service principal"),
        ParameterInfo::new("client_secret", &["DATABRICKS_CLIENT_SECRET"], "the principal's secret"),
        ParameterInfo::new(
            "databricks_host",
            &["DATABRICKS_HOST", "DATABRICKS_API_BASE"],
            "the workspace, for the login",
        ),
    ],
    docs: "https://docs.databricks.com/aws/machine-learning/foundation-model-apis/api-reference".into(),
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

/// Databricks model serving. Source: see the crate's README.
#[derive(Debug, Clone)]
pub struct Databricks {
    chat: ChatWire,
    embeddings: EmbeddingWire,
}

fn wire() -> WireOptions {
    WireOptions {
        base_url: String::new(),
        request: RequestOptions {
            limit: OutputLimit::MaxTokens,
            developer_role: false,
            stream_usage: false,
            thinking: ThinkingMember::Keep,
            top_k: true,
            ..RequestOptions::default()
        },
        answer: AnswerOptions {
            error_codes: [
                ("REQUEST_LIMIT_EXCEEDED", ErrorKind::RateLimit),
                ("RESOURCE_DOES_NOT_EXIST", ErrorKind::NotFound),
                ("ENDPOINT_NOT_FOUND", ErrorKind::NotFound),
                ("PERMISSION_DENIED", ErrorKind::PermissionDenied),
                ("TEMPORARILY_UNAVAILABLE", ErrorKind::Unavailable),
            ]
            .map(|(code, kind)| (code.to_owned(), kind))
            .to_vec(),
            ..AnswerOptions::default()
        },
        ..WireOptions::default()
    }
}

impl Databricks {
    /// Databricks.
    pub fn new() -> Self {
        Self {
            chat: ChatWire::new(wire()),
            embeddings: EmbeddingWire::new(
                wire(),
                // Source: "Foundation model REST API reference", "Embedding task": texts, at most 150; read 2026-11.
                EmbeddingOptions {
                    base64: false,
                    tokens: false,
                    max_inputs: 150,
                    ..EmbeddingOptions::default()
                },
            ),
        }
    }
}

impl Default for Databricks {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks one endpoint at its own address.
fn at(place: &Place, mut encoded: Encoded) -> Result<Encoded, EncodeError> {
    if place.whole {
        *encoded.request.uri_mut() = place
            .base
            .parse()
            .map_err(|error| EncodeError::Setup(format!("`{}` is no address: {error}", place.base)))?;
    }
    Ok(encoded)
}

impl Provider for Databricks {
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
        if key.is_some_and(|key| !key.expose().is_empty()) {
            return Ok(None);
        }
        let (Some(client_id), Some(client_secret)) =
            (parameters.get("client_id"), parameters.get("client_secret"))
        else {
            return Ok(None);
        };
        let host = parameters.get("databricks_host").or_else(|| parameters.get("api_base"));
        let host = host.ok_or("a login as a service principal needs `databricks_host`")?;
        Ok(Some(Box::new(ClientCredentials {
            token_url: format!("{}/oidc/v1/token", workspace(host)),
            client_id: client_id.to_owned(),
            client_secret: Secret::new(client_secret),
            scope: "all-apis".to_owned(),
            secret_in: ClientSecretIn::Header,
        })))
    }

    /// OpenAI chat does not pass through: answers come in parts that its clients do not expect.
    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::AnthropicMessages).then_some(&MessagesRelay)
    }
}

impl Translator<Chat> for Databricks {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let place = place(call)?;
        let mut changes = Changes::new(call);
        let request = request::adapt(request, call, &mut changes);
        let below = Call { base_url: Some(&place.base), ..call.clone() };
        at(&place, self.chat.encode_changed(&request, &below, changes)?)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        match answer::mended(response.body(), "message") {
            Some(value) if response.status().is_success() => {
                let body = value.to_string();
                self.chat.decode(response.map(|_| body.as_bytes()))
            }
            _ => self.chat.decode(response),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::sse(DatabricksInterpret::new(self.chat.options())))
    }
}

impl Translator<Embeddings> for Databricks {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let place = place(call)?;
        let below = Call { base_url: Some(&place.base), ..call.clone() };
        at(&place, self.embeddings.encode(request, &below)?)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        self.embeddings.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        self.embeddings.decoder()
    }
}
