//! [`VendorRow`]: one vendor that speaks OpenAI chat, as data.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use llm_provider_core::{Capabilities, VendorInfo};
use llm_provider_openai::{
    AnswerOptions, Auth, DoneMarker, OutputLimit, Replay, RequestOptions, ThinkingMember, UsageRules,
    WireOptions,
};
use llm_types::{ErrorKind, Extra};
use serde::{Deserialize, Serialize};

use crate::Quirk;

/// One vendor. The rows of the built-in table and those in a user's configuration have this type.
///
/// Only `id` and, unless each deployment gives its own, `base_url` are needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact")]
pub struct VendorRow {
    /// The name before the slash in `vendor/model`: lower-case letters, digits, `_`, `-` and `.`.
    pub id: String,
    /// The name for people; the id if empty.
    #[serde(default)]
    pub name: String,
    /// What precedes `/chat/completions`; `{NAME}` stands for a variable. Empty: each deployment gives its own.
    #[serde(default)]
    pub base_url: String,
    /// Environment variables that may hold the key; the first that is set wins.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Environment variables that may hold the address.
    #[serde(default)]
    pub base_urls: Vec<String>,
    /// How the key travels: `bearer`, `none`, `{ header = NAME }` or `{ query = NAME }`.
    #[serde(default = "bearer")]
    pub auth: Auth,
    /// The page that the facts come from.
    #[serde(default)]
    pub docs: String,
    /// When it was read, as year and month.
    #[serde(default)]
    pub read: String,
    /// What is known of the vendor and has no member here.
    #[serde(default)]
    pub notes: String,
    /// The endpoints that the vendor has.
    #[serde(default = "chat_only")]
    pub operations: Vec<VendorOperation>,
    /// What the vendor's chat can carry; a model may have less.
    #[serde(default = "usual_capabilities")]
    pub capabilities: Vec<Capability>,
    /// The name of the output limit.
    #[serde(default)]
    pub limit: OutputLimit,
    /// Members at the top level of a request that the vendor refuses.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Members at the top level of a request that have another name there.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Members that are sent unless the request has its own.
    #[serde(default)]
    pub defaults: Extra,
    /// Headers that every request carries.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Whether the role `developer` is known; else it is sent as `system`.
    #[serde(default)]
    pub developer_role: bool,
    /// Whether `stream_options.include_usage` is known.
    #[serde(default = "yes")]
    pub stream_options: bool,
    /// Whether `cache_control` markers are understood.
    #[serde(default)]
    pub cache_control: bool,
    /// Whether a tool's result may hold more than text.
    #[serde(default)]
    pub rich_tool_results: bool,
    /// How the model's earlier thinking is sent back.
    #[serde(default)]
    pub replay: Replay,
    /// What becomes of the member `thinking`.
    #[serde(default)]
    pub thinking: ThinkingMember,
    /// Whether text that begins with `<think>…</think>` is thinking.
    #[serde(default)]
    pub think_tags: bool,
    /// What ends a stream.
    #[serde(default)]
    pub done: DoneMarker,
    /// JSON pointer to the usage in a chunk, where it is not in `usage`.
    #[serde(default)]
    pub usage_pointer: Option<String>,
    /// The member of `usage` that counts tokens read from the prompt cache.
    #[serde(default)]
    pub cached_tokens: Option<String>,
    /// Whether `completion_tokens` leaves thinking out.
    #[serde(default)]
    pub reasoning_apart: bool,
    /// The kind of errors with these codes, where neither status nor words tell.
    #[serde(default)]
    pub error_codes: BTreeMap<String, ErrorKind>,
    /// What stands before a model's name that has no slash.
    #[serde(default)]
    pub model_prefix: String,
    /// The highest temperature; a higher one is lowered to it.
    #[serde(default)]
    pub max_temperature: Option<f64>,
    /// What needs code.
    #[serde(default)]
    pub quirks: Vec<Quirk>,
}

const fn bearer() -> Auth {
    Auth::Bearer
}

const fn yes() -> bool {
    true
}

fn chat_only() -> Vec<VendorOperation> {
    vec![VendorOperation::Chat]
}

fn usual_capabilities() -> Vec<Capability> {
    vec![Capability::Streaming, Capability::Tools, Capability::JsonSchema]
}

/// An endpoint of a vendor. The ones besides `chat` are facts for what is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the name of an endpoint")]
pub enum VendorOperation {
    Chat,
    Completions,
    Responses,
    Messages,
    Embeddings,
    Rerank,
    Moderations,
    Images,
    ImageEdit,
    AudioTranscription,
    AudioTranslation,
    AudioSpeech,
    Video,
    Ocr,
    Realtime,
    Files,
    Batches,
}

/// What a vendor's chat can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// Streaming.
    Streaming,
    /// Tools.
    Tools,
    /// Images in.
    Images,
    /// Documents in.
    Documents,
    /// Thinking.
    Reasoning,
    /// JSON by schema.
    JsonSchema,
}

/// A row that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("vendor `{id}`: {field}: {reason}")]
pub struct RowError {
    /// The row.
    pub id: String,
    /// The member at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl VendorRow {
    /// A row with nothing but its id and address.
    pub fn new(id: impl Into<String>, base_url: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: String::new(),
            base_url: base_url.into(),
            keys: Vec::new(),
            base_urls: Vec::new(),
            auth: bearer(),
            docs: String::new(),
            read: String::new(),
            notes: String::new(),
            operations: chat_only(),
            capabilities: usual_capabilities(),
            limit: OutputLimit::default(),
            drop: Vec::new(),
            rename: BTreeMap::new(),
            defaults: Extra::new(),
            headers: BTreeMap::new(),
            developer_role: false,
            stream_options: yes(),
            cache_control: false,
            rich_tool_results: false,
            replay: Replay::default(),
            thinking: ThinkingMember::default(),
            think_tags: false,
            done: DoneMarker::default(),
            usage_pointer: None,
            cached_tokens: None,
            reasoning_apart: false,
            error_codes: BTreeMap::new(),
            model_prefix: String::new(),
            max_temperature: None,
            quirks: Vec::new(),
        }
    }

    /// The variables that stand in `base_url`, such as `CLOUDFLARE_ACCOUNT_ID`.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.base_url.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }

    /// Looks for what makes no sense.
    ///
    /// # Errors
    /// [`RowError`] names the first member at fault.
    pub fn check(&self) -> Result<(), RowError> {
        let fault = |field, reason: String| Err(RowError { id: self.id.clone(), field, reason });
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        if self.id.is_empty() || !self.id.chars().all(is_id) {
            return fault("id", "only lower-case letters, digits, `_`, `-` and `.`".to_owned());
        }
        if !self.base_url.is_empty() {
            let filled = self
                .placeholders()
                .fold(self.base_url.clone(), |url, name| url.replace(&format!("{{{name}}}"), "x"));
            let Ok(uri) = filled.parse::<Uri>() else {
                return fault("base_url", format!("`{}` is no address", self.base_url));
            };
            let host = uri.host().unwrap_or_default();
            let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
            match uri.scheme_str() {
                Some("https") => {}
                Some("http") if local => {}
                _ => return fault("base_url", "`https:` is needed except on the own machine".to_owned()),
            }
            if self.base_url.ends_with('/') {
                return fault("base_url", "no slash at the end".to_owned());
            }
        }
        for name in self.keys.iter().chain(&self.base_urls).map(String::as_str).chain(self.placeholders()) {
            let is_variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            if name.is_empty() || !name.chars().all(is_variable) {
                return fault("keys", format!("`{name}` is no name of a variable"));
            }
        }
        for name in &self.drop {
            if matches!(name.as_str(), "model" | "messages" | "stream") {
                return fault("drop", format!("a chat cannot do without `{name}`"));
            }
            if self.rename.contains_key(name) || self.defaults.contains_key(name) {
                return fault("drop", format!("`{name}` is renamed or set as well"));
            }
        }
        for (from, to) in &self.rename {
            if from == to || self.rename.contains_key(to) || self.drop.contains(to) {
                return fault("rename", format!("`{from}` to `{to}` leads nowhere"));
            }
        }
        if self.max_temperature.is_some_and(|limit| !(0.0..=2.0).contains(&limit)) {
            return fault("max_temperature", "0 to 2".to_owned());
        }
        if self.usage_pointer.as_ref().is_some_and(|pointer| !pointer.starts_with('/')) {
            return fault("usage_pointer", "a JSON pointer begins with `/`".to_owned());
        }
        if let Auth::Header(name) = &self.auth
            && name.parse::<HeaderName>().is_err()
        {
            return fault("auth", format!("`{name}` is no header"));
        }
        self.header_map().map(|_| ())
    }

    fn header_map(&self) -> Result<HeaderMap, RowError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let pair = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(value).ok());
            let Some((name, value)) = pair else {
                return Err(RowError {
                    id: self.id.clone(),
                    field: "headers",
                    reason: format!("`{name}: {value}` is no header"),
                });
            };
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// Who the vendor is.
    pub(crate) fn info(&self) -> VendorInfo {
        let has = |capability| self.capabilities.contains(&capability);
        VendorInfo {
            id: self.id.clone().into(),
            name: if self.name.is_empty() { self.id.clone() } else { self.name.clone() }.into(),
            key_variables: self.keys.iter().cloned().map(Into::into).collect(),
            base_url_variables: self.base_urls.iter().cloned().map(Into::into).collect(),
            base_url: self.base_url.clone().into(),
            docs: self.docs.clone().into(),
            capabilities: Capabilities {
                streaming: has(Capability::Streaming),
                tools: has(Capability::Tools),
                images: has(Capability::Images),
                documents: has(Capability::Documents),
                reasoning: has(Capability::Reasoning),
                json_schema: has(Capability::JsonSchema),
                count_tokens: false,
            },
            ..VendorInfo::default()
        }
    }

    /// The vendor's wire.
    pub(crate) fn wire(&self) -> Result<WireOptions, RowError> {
        Ok(WireOptions {
            base_url: self.base_url.clone(),
            auth: self.auth.clone(),
            headers: self.header_map()?,
            request: RequestOptions {
                limit: self.limit,
                developer_role: self.developer_role,
                stream_usage: self.stream_options,
                cache_control: self.cache_control,
                rich_tool_results: self.rich_tool_results,
                file_urls: false,
                replay: self.replay,
                thinking: self.thinking,
                top_k: true,
                drop: self.drop.clone(),
                rename: self.rename.iter().map(|(from, to)| (from.clone(), to.clone())).collect(),
                defaults: self.defaults.clone(),
            },
            answer: AnswerOptions {
                think_tags: self.think_tags,
                done: self.done,
                usage: UsageRules {
                    pointer: self.usage_pointer.clone(),
                    cached_tokens: self.cached_tokens.clone(),
                    reasoning_apart: self.reasoning_apart,
                },
                error_codes: self.error_codes.iter().map(|(code, kind)| (code.clone(), *kind)).collect(),
            },
        })
    }
}
