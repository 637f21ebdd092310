//! [`GithubCopilot`]: the vendor itself.

use std::sync::LazyLock;

use http::{HeaderMap, Response};
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, Embeddings, EncodeError, Encoded, Login, ParameterInfo,
    Parameters, Provider, Secret, Translator, UpstreamError, VendorInfo,
};
use llm_provider_openai::{
    Auth, ChatWire, EmbeddingOptions, EmbeddingWire, RequestOptions, ThinkingMember, WireOptions,
};
use llm_types::{ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, Extra};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::headers::headers;
use crate::login;

const BASE_URL: &str = "https://api.githubcopilot.com";

static INFO: LazyLock<VendorInfo> = LazyLock::new(|| VendorInfo {
    id: "github_copilot".into(),
    name: "GitHub Copilot".into(),
    key_variables: vec!["GITHUB_COPILOT_API_KEY".into(), "GITHUB_COPILOT_TOKEN".into()],
    base_url_variables: vec!["GITHUB_COPILOT_API_BASE".into()],
    base_url: BASE_URL.into(),
    parameters: vec![
        ParameterInfo::new(
            "github_copilot_token_file",
            &["GITHUB_COPILOT_TOKEN_FILE"],
            "file with a token of GitHub's, where it is not the key",
        ),
        ParameterInfo::new(
            "github_copilot_token_url",
            &["GITHUB_COPILOT_API_KEY_URL"],
            "where tokens are exchanged",
        ),
    ],
    key_optional: true,
    docs: "https://docs.github.com/en/copilot".into(),
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

/// GitHub Copilot, as editors ask it. Source: see the crate's README.
///
/// Requests do not pass through as bytes: a header tells what stands in them.
#[derive(Debug, Clone)]
pub struct GithubCopilot {
    chat: ChatWire,
    embeddings: EmbeddingWire,
}

fn wire() -> WireOptions {
    WireOptions {
        base_url: BASE_URL.to_owned(),
        auth: Auth::None,
        request: RequestOptions { thinking: ThinkingMember::Effort, ..RequestOptions::default() },
        ..WireOptions::default()
    }
}

impl GithubCopilot {
    /// GitHub Copilot.
    pub fn new() -> Self {
        Self {
            chat: ChatWire::new(wire()),
            embeddings: EmbeddingWire::new(wire(), EmbeddingOptions::default()),
        }
    }
}

impl Default for GithubCopilot {
    fn default() -> Self {
        Self::new()
    }
}

/// The call for the wire below: headers of its own, at the host that the token is for.
fn below<'b>(call: &Call<'b>, headers: &'b HeaderMap) -> Call<'b> {
    let own = call.key().and_then(|key| login::parts(key.expose()).1);
    // The vendor's usual address is no choice of anybody's.
    let chosen = call.base_url.filter(|base| base.trim_end_matches('/') != BASE_URL);
    Call { base_url: chosen.or(own), headers, credential: None, ..call.clone() }
}

impl Provider for GithubCopilot {
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

impl Translator<Chat> for GithubCopilot {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let headers = headers(call, Some(request))?;
        self.chat.encode(request, &below(call, &headers))
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if is_message(response.body()) {
            return Translator::<Chat>::decode(&Anthropic, response);
        }
        match joined(response.body()) {
            Some(body) => self.chat.decode(response.map(|_| body.as_bytes())),
            None => self.chat.decode(response),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.chat.decoder()
    }
}

/// Whether an answer of Claude's comes in Anthropic's form, which happens.
fn is_message(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Glance<'a> {
        #[serde(borrow, default)]
        r#type: Option<&'a str>,
        choices: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Glance<'_>>(body)
        .is_ok_and(|glance| glance.choices.is_none() && glance.r#type == Some("message"))
}

/// An answer of Claude's whose text and calls stand in choices of their own, none of them numbered, as one choice; `None`
/// for the usual ones.
fn joined(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Glance {
        choices: Vec<Numbered>,
    }
    #[derive(Deserialize)]
    struct Numbered {
        index: Option<IgnoredAny>,
    }
    let glance: Glance = serde_json::from_slice(body).ok()?;
    if glance.choices.len() < 2 || glance.choices.iter().any(|choice| choice.index.is_some()) {
        return None;
    }
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let choices = answer.get_mut("choices")?.as_array_mut()?;
    let rest = choices.split_off(1);
    let first = choices.first_mut()?.as_object_mut()?;
    let mut message = members(first.shift_remove("message"));
    for mut choice in rest.into_iter().map(|choice| members(Some(choice))) {
        for (name, value) in members(choice.shift_remove("message")) {
            match (message.entry(name.as_str()).or_insert(Value::Null), value) {
                (Value::Array(calls), Value::Array(more)) => calls.extend(more),
                (Value::String(text), Value::String(more)) if name == "content" => text.push_str(&more),
                (member @ Value::Null, value) => *member = value,
                _ => {}
            }
        }
        let reason = choice.shift_remove("finish_reason").unwrap_or_default();
        if first.get("finish_reason").is_none_or(Value::is_null) || reason == "tool_calls" {
            first.insert("finish_reason".to_owned(), reason);
        }
    }
    first.insert("message".to_owned(), message.into());
    first.insert("index".to_owned(), 0.into());
    Some(answer.to_string())
}

/// The members of an object; none of what is no object.
fn members(value: Option<Value>) -> Extra {
    match value {
        Some(Value::Object(members)) => members,
        _ => Extra::new(),
    }
}

impl Translator<Embeddings> for GithubCopilot {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let headers = headers(call, None)?;
        self.embeddings.encode(request, &below(call, &headers))
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        self.embeddings.decode(response)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        self.embeddings.decoder()
    }
}
