//! [`Snowflake`]: the vendor itself.

use std::sync::LazyLock;

use http::Response;
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Dialect, Embeddings, EncodeError, Encoded, Login,
    ParameterInfo, Parameters, Provider, Relay, Secret, Translator, UpstreamError, VendorInfo,
};
use llm_provider_openai::{
    AnswerOptions, Auth, ChatRelay, ChatWire, OutputLimit, RequestOptions, ThinkingMember, WireOptions,
};
use llm_types::{ChatRequest, ChatResponse, ErrorKind};

use crate::login;
use crate::prepared::Prepared;
use crate::relay::{ChatSide, MessagesSide};

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "snowflake".into(),
    name: "Snowflake Cortex".into(),
    key_variables: vec!["SNOWFLAKE_JWT".into(), "SNOWFLAKE_PAT".into(), "SNOWFLAKE_API_KEY".into()],
    key_optional: true,
    base_url_variables: vec!["SNOWFLAKE_API_BASE".into()],
    base_url: "https://{SNOWFLAKE_ACCOUNT_ID}.snowflakecomputing.com".into(),
    parameters: vec![
        ParameterInfo::new("account_id", &["SNOWFLAKE_ACCOUNT_ID", "SNOWFLAKE_ACCOUNT"], "account"),
        ParameterInfo::new("snowflake_user", &["SNOWFLAKE_USER"], "user of the key pair"),
        ParameterInfo::new("snowflake_private_key", &["SNOWFLAKE_PRIVATE_KEY"], "private RSA key in PEM"),
        ParameterInfo::new(
            "snowflake_private_key_path",
            &["SNOWFLAKE_PRIVATE_KEY_PATH"],
            "file with that key",
        ),
    ],
    docs: "https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api".into(),
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

/// Snowflake Cortex. Source: see the crate's README.
#[derive(Debug, Clone)]
pub struct Snowflake {
    chat: ChatWire,
    relay: ChatSide,
}

/// OpenAI's wire; the credential stands in the call's headers.
pub(crate) fn wire() -> WireOptions {
    WireOptions {
        base_url: String::new(),
        auth: Auth::None,
        request: RequestOptions {
            limit: OutputLimit::MaxCompletionTokens,
            thinking: ThinkingMember::Effort,
            ..RequestOptions::default()
        },
        // Source: "Cortex REST API", "Error codes": 390… are failed logins; read 2026-11.
        answer: AnswerOptions {
            error_codes: [
                ("390144", ErrorKind::Authentication),
                ("390303", ErrorKind::Authentication),
                ("390318", ErrorKind::Authentication),
            ]
            .map(|(code, kind)| (code.to_owned(), kind))
            .to_vec(),
            ..AnswerOptions::default()
        },
        ..WireOptions::default()
    }
}

impl Snowflake {
    /// Snowflake Cortex.
    pub fn new() -> Self {
        Self { chat: ChatWire::new(wire()), relay: ChatSide(ChatRelay::new(wire())) }
    }
}

impl Default for Snowflake {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Snowflake {
    fn info(&self) -> &VendorInfo {
        &INFO
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        Some(self)
    }

    fn login(&self, parameters: &Parameters, key: Option<&Secret>) -> Result<Option<Box<dyn Login>>, String> {
        login::login(parameters, key)
    }

    fn wants_fetched(&self, _url: &str) -> bool {
        true
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::OpenAiChat => Some(&self.relay),
            Dialect::AnthropicMessages => Some(&MessagesSide),
            _ => None,
        }
    }
}

impl Translator<Chat> for Snowflake {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        self.chat.encode(request, &Prepared::new(call)?.call(call))
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        self.chat.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.chat.decoder()
    }
}
