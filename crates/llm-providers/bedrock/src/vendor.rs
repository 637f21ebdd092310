//! [`Bedrock`]: the vendor itself.

use std::sync::LazyLock;

use llm_provider_anthropic::DEMANDS;
use llm_provider_core::{
    Capabilities, Chat, CountTokens, Demands, Dialect, Embeddings, Login, ParameterInfo, Parameters, Prefill,
    Provider, Relay, Rerank, Secret, Translator, VendorInfo,
};

use crate::model::{Door, Family, Model};
use crate::{embed, login};

/// Amazon Bedrock.
///
/// Models are named as Amazon names them: `anthropic.claude-sonnet-4-20250514-v1:0`, a profile such as
/// `us.amazon.nova-pro-v1:0`, or an ARN. Before the name may stand `converse/` (which goes without saying), `invoke/` for
/// InvokeModel, a region, and for imported models whose words they speak: `llama/arn:…`.
///
/// A Bedrock API key goes as a bearer token and wins; else requests are signed with the keys that the settings name, or
/// that Amazon's own tools would find.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bedrock;

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "bedrock".into(),
    aliases: vec!["bedrock_converse".into()],
    name: "Amazon Bedrock".into(),
    key_variables: vec!["AWS_BEARER_TOKEN_BEDROCK".into()],
    base_url_variables: vec![],
    base_url: "https://bedrock-runtime.{aws_region_name}.amazonaws.com".into(),
    parameters: vec![
        ParameterInfo::new("aws_access_key_id", &["AWS_ACCESS_KEY_ID"], "the name of the key that signs"),
        ParameterInfo::new("aws_secret_access_key", &["AWS_SECRET_ACCESS_KEY"], "the key that signs"),
        ParameterInfo::new(
            "aws_session_token",
            &["AWS_SESSION_TOKEN"],
            "the token that belongs to temporary keys",
        ),
        ParameterInfo::new(
            "aws_region_name",
            &["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"],
            "the region; us-west-2 if nobody says",
        ),
        ParameterInfo::new("aws_profile_name", &["AWS_PROFILE_NAME"], "the profile in Amazon's files"),
        ParameterInfo::new("aws_role_name", &["AWS_ROLE_NAME"], "the ARN of the role to take on"),
        ParameterInfo::new("aws_session_name", &["AWS_SESSION_NAME"], "what the role's session is called"),
        ParameterInfo::new(
            "aws_external_id",
            &["AWS_EXTERNAL_ID"],
            "the external name that the role demands",
        ),
        ParameterInfo::new(
            "aws_web_identity_token",
            &["AWS_WEB_IDENTITY_TOKEN"],
            "a token of another identity: itself, a path, or oidc/file/<path>",
        ),
        ParameterInfo::new(
            "aws_sts_endpoint",
            &["AWS_STS_ENDPOINT", "AWS_ENDPOINT_URL_STS"],
            "the address of STS",
        ),
        ParameterInfo::new(
            "aws_bedrock_runtime_endpoint",
            &["AWS_BEDROCK_RUNTIME_ENDPOINT", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
            "the address of Bedrock",
        ),
    ],
    client_headers: vec!["anthropic-beta".into()],
    docs: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html".into(),
    key_optional: true,
    capabilities: Capabilities {
        streaming: true,
        tools: true,
        images: true,
        documents: true,
        reasoning: true,
        json_schema: true,
        count_tokens: true,
    },
});

impl Provider for Bedrock {
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
        embed::most_inputs(model)
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        Some(self)
    }

    /// Bedrock reads objects in S3 itself, and fetches nothing else.
    fn wants_fetched(&self, url: &str) -> bool {
        !url.starts_with("s3:") && !url.starts_with("data:")
    }

    /// Source: Amazon Bedrock API Reference, "Converse" and "Message", and User Guide, "Using the Converse API", read
    /// 2026-11.
    fn prefill(&self, model: &str, _base_url: Option<&str>) -> Option<Prefill> {
        (Model::of(model).family == Family::Claude).then(|| llm_provider_anthropic::prefill(model)).flatten()
    }

    fn demands(&self, model: &str) -> Demands {
        let model = Model::of(model);
        if model.door == Door::Invoke {
            return if model.family == Family::Claude { DEMANDS } else { Demands::default() };
        }
        Demands {
            a_message: true,
            user_first: true,
            user_last: true,
            turns: true,
            paired_calls: false,
            instead_of_blank: Some("Please continue."),
            thinking_before_calls: true,
            cache_brings_all: false,
        }
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        if key.is_some_and(|key| !key.expose().is_empty()) {
            return Ok(None);
        }
        login::login(parameters).map(Some)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        (dialect == Dialect::BedrockConverse).then_some(self as &dyn Relay)
    }
}
