//! [`Watsonx`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_core::{
    Capabilities, Chat, Embeddings, Login, ParameterInfo, Parameters, Provider, Rerank, Secret, Translator,
    VendorInfo,
};
use llm_provider_envelope::EnvelopeWire;
use llm_provider_openai::{DoneMarker, OutputLimit, RequestOptions, ThinkingMember, WireOptions};

use crate::chat::TextChat;
use crate::login;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "watsonx".into(),
    aliases: vec!["watsonx_text".into()],
    name: "IBM watsonx.ai".into(),
    key_variables: ["WATSONX_API_KEY", "WATSONX_APIKEY", "WX_API_KEY"].map(Into::into).into(),
    base_url_variables: ["WATSONX_API_BASE", "WATSONX_URL", "WX_URL", "WML_URL"].map(Into::into).into(),
    base_url: "".into(),
    parameters: parameters(),
    docs: "https://cloud.ibm.com/apidocs/watsonx-ai".into(),
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

pub(crate) fn parameters() -> Vec<ParameterInfo> {
    vec![
        ParameterInfo::new("project_id", &["WATSONX_PROJECT_ID", "WX_PROJECT_ID"], "the project"),
        ParameterInfo::new("watsonx_project", &[], "the project, under LiteLLM's other name"),
        ParameterInfo::new(
            "space_id",
            &["WATSONX_DEPLOYMENT_SPACE_ID", "WATSONX_SPACE_ID", "WX_SPACE_ID"],
            "the deployment space, instead of a project",
        ),
        ParameterInfo::new("region_name", &["WATSONX_REGION", "WX_REGION"], "the region, such as eu-de"),
        ParameterInfo::new("watsonx_region_name", &[], "the region, under LiteLLM's other name"),
        ParameterInfo::new("api_version", &["WATSONX_API_VERSION"], "the version's date"),
        ParameterInfo::new("token", &["WATSONX_TOKEN"], "a token in hand"),
        ParameterInfo::new("zen_api_key", &["WATSONX_ZENAPIKEY"], "base64 of user:key, at an installation"),
        ParameterInfo::new("watsonx_username", &["WATSONX_USERNAME"], "the user, at an installation"),
        ParameterInfo::new("watsonx_password", &["WATSONX_PASSWORD"], "the user's password"),
        ParameterInfo::new("watsonx_iam_url", &["WATSONX_IAM_URL"], "where keys are exchanged for tokens"),
        ParameterInfo::new(
            "watsonx_auth_url",
            &["WATSONX_AUTH_URL"],
            "where users log in, at an installation",
        ),
    ]
}

/// IBM watsonx.ai: chat, vectors, rankings.
///
/// Source: IBM Cloud API docs, "IBM watsonx.ai" (cloud.ibm.com/apidocs/watsonx-ai), and the official Python package
/// ibm-watsonx-ai 1.8, read 2026-11.
#[derive(Debug)]
pub struct Watsonx {
    chat: EnvelopeWire<TextChat>,
}

impl Watsonx {
    /// The vendor; its address comes with each call.
    pub fn new() -> Self {
        Self { chat: EnvelopeWire::new(TextChat, options()) }
    }
}

/// In what its messages differ from OpenAI's.
pub(crate) fn options() -> WireOptions {
    let mut options = WireOptions {
        base_url: String::new(),
        request: RequestOptions {
            limit: OutputLimit::AsGiven,
            developer_role: false,
            stream_usage: false,
            thinking: ThinkingMember::Effort,
            ..RequestOptions::default()
        },
        ..WireOptions::default()
    };
    // The last event has the usage; there is no marker after it.
    options.answer.done = DoneMarker::Optional;
    options.answer.think_tags = true;
    options
}

impl Default for Watsonx {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Watsonx {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(&self.chat)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(&crate::embeddings::Vectors)
    }

    /// Source: IBM watsonx.ai docs, "Text embedding", at most 1,000 inputs a request, read 2026-11.
    fn max_embedding_inputs(&self, _model: &str) -> usize {
        1000
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(&crate::rerank::Ranking)
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        login::login(parameters, key)
    }
}
