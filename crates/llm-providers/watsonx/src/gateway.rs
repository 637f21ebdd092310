//! [`WatsonxGateway`]: the vendor's model gateway, which speaks OpenAI.
//!
//! Source: IBM watsonx docs, "Inferencing models with the model gateway"
//! (ibm.com/docs/en/watsonx/saas?topic=generation-inferencing-gateway-models), read 2026-11.

use std::sync::LazyLock;

use http::Uri;
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Embeddings, EncodeError, Encoded, Login, Parameters,
    Provider, Secret, Translator, UpstreamError, VendorInfo,
};
use llm_provider_envelope::address;
use llm_provider_openai::{ChatWire, EmbeddingOptions, EmbeddingWire, WireOptions};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse};

use crate::{head, login, vendor};

/// What stands between the vendor's address and OpenAI's paths.
const PATH: &str = "/ml/gateway/v1";

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "watsonx_gateway".into(),
    name: "IBM watsonx.ai model gateway".into(),
    key_variables: ["WATSONX_API_KEY", "WATSONX_APIKEY", "WX_API_KEY"].map(Into::into).into(),
    base_url_variables: ["WATSONX_API_BASE", "WATSONX_URL", "WX_URL", "WML_URL"].map(Into::into).into(),
    parameters: vendor::parameters(),
    docs: "https://www.ibm.com/docs/en/watsonx/saas?topic=generation-inferencing-gateway-models".into(),
    key_optional: true,
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

/// The model gateway of IBM watsonx.ai: models of many makers in OpenAI's form, under names that its administrator gives.
#[derive(Debug)]
pub struct WatsonxGateway {
    chat: ChatWire,
    embeddings: EmbeddingWire,
}

impl WatsonxGateway {
    /// The gateway; its address comes with each call.
    pub fn new() -> Self {
        let wire = WireOptions { base_url: String::new(), ..WireOptions::default() };
        Self {
            chat: ChatWire::new(wire.clone()),
            embeddings: EmbeddingWire::new(wire, EmbeddingOptions::default()),
        }
    }
}

impl Default for WatsonxGateway {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for WatsonxGateway {
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
}

/// The address that OpenAI's paths follow.
fn base(call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = head::base(call)?;
    address(base.strip_suffix(PATH).unwrap_or(&base), PATH)
}

/// Encodes with the gateway's address and the credential of the settings.
fn encode(
    call: &Call<'_>,
    write: impl FnOnce(&Call<'_>) -> Result<Encoded, EncodeError>,
) -> Result<Encoded, EncodeError> {
    let base = base(call)?.to_string();
    let mut encoded = write(&Call { base_url: Some(&base), ..call.clone() })?;
    head::credential(encoded.request.headers_mut(), call)?;
    Ok(encoded)
}

impl Translator<Chat> for WatsonxGateway {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        encode(call, |call| self.chat.encode(request, call))
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.chat.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.chat.decoder()
    }
}

impl Translator<Embeddings> for WatsonxGateway {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        encode(call, |call| self.embeddings.encode(request, call))
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        self.embeddings.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        self.embeddings.decoder()
    }
}
