//! [`Oci`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, Embeddings, Login, ParameterInfo, Parameters, Provider, Rerank, Secret, Translator,
    VendorInfo,
};
use llm_provider_envelope::EnvelopeWire;
use llm_provider_openai::{Auth, DoneMarker, RequestOptions, ThinkingMember, WireOptions};

use crate::chat::OciChat;
use crate::login;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "oci".into(),
    name: "Oracle Cloud Generative AI".into(),
    key_variables: vec!["OCI_KEY".into()],
    base_url_variables: vec!["OCI_API_BASE".into()],
    base_url: "".into(),
    parameters: vec![
        ParameterInfo::new("oci_region", &["OCI_REGION"], "the region"),
        ParameterInfo::new("oci_user", &["OCI_USER"], "the user who signs"),
        ParameterInfo::new("oci_fingerprint", &["OCI_FINGERPRINT"], "the signing key's fingerprint"),
        ParameterInfo::new("oci_tenancy", &["OCI_TENANCY"], "the tenancy"),
        ParameterInfo::new("oci_key", &["OCI_KEY"], "the signing key, in PEM"),
        ParameterInfo::new("oci_key_file", &["OCI_KEY_FILE"], "the file of the signing key"),
        ParameterInfo::new("oci_compartment_id", &["OCI_COMPARTMENT_ID"], "the compartment"),
        ParameterInfo::new("oci_serving_mode", &[], "ON_DEMAND or DEDICATED"),
        ParameterInfo::new("oci_endpoint_id", &[], "the endpoint of a dedicated cluster"),
    ],
    docs: "https://docs.oracle.com/en-us/iaas/api/#/en/generative-ai-inference/20231130/".into(),
    key_optional: true,
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

/// Oracle Cloud's Generative AI service: chat, vectors, rankings.
///
/// Source: Oracle Cloud Infrastructure API, "Generative AI Service Inference API", version 20231130
/// (docs.oracle.com/en-us/iaas/api), read 2026-11.
#[derive(Debug)]
pub struct Oci {
    chat: EnvelopeWire<OciChat>,
}

impl Oci {
    /// The vendor; its address follows the region of each call.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(OciChat, options()) }
    }
}

/// What is said to be written first in OpenAI's form.
pub(crate) fn options() -> WireOptions {
    let mut options = WireOptions {
        base_url: String::new(),
        auth: Auth::None,
        request: RequestOptions {
            developer_role: false,
            stream_usage: false,
            thinking: ThinkingMember::Effort,
            top_k: true,
            ..RequestOptions::default()
        },
        ..WireOptions::default()
    };
    options.request.limit = llm_provider_openai::OutputLimit::AsGiven;
    options.answer.done = DoneMarker::Optional;
    options
}

impl Default for Oci {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Oci {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&crate::embeddings::Vectors)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        crate::embeddings::Vectors::MAX_INPUTS
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(&crate::rerank::Ranking)
    }

    fn login(
        &self,
        parameters: &Parameters,
        _key: Option<&Secret>,
    ) -> Result<Option<Box<dyn Login>>, String> {
        Ok(login::login(parameters))
    }
}
