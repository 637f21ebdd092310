//! [`VendorRow`]: one vendor that speaks OpenAI chat, as data.

mod allowances;
mod check;

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use llm_provider_core::{Capabilities, VendorInfo};
use llm_provider_openai::{
    AnswerOptions, Auth, DoneMarker, OutputLimit, Replay, RequestOptions, ThinkingMember, UsageRules,
    WireOptions,
};
use llm_types::{ErrorKind, Extra};
use serde::{Deserialize, Serialize};

pub(crate) use allowances::Told;
pub use allowances::{AllowanceNames, LimitNames};

use crate::{Quirk, RerankOptions};

/// How a vendor takes the beginning of an answer: as the last message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PrefillRule {
    /// The member of that message that has to be true; empty for none.
    #[serde(default)]
    pub member: String,
    /// What an address ends in where this holds; empty for every address.
    #[serde(default)]
    pub only_at: String,
}

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
    /// Other names that may stand there.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The name for people; the id if empty.
    #[serde(default)]
    pub name: String,
    /// What precedes `/chat/completions`; `{NAME}` stands for a variable. Empty: each deployment gives its own.
    #[serde(default)]
    pub base_url: String,
    /// What stands between an address and `/chat/completions`, unless the address ends in it: `/v1` where the vendor's
    /// addresses are given without.
    #[serde(default)]
    pub path_prefix: String,
    /// Whether paths end in a slash.
    #[serde(default)]
    pub trailing_slash: bool,
    /// Where a model's name chooses the address: a model `chat/ID/name` with the route `chat` is asked for as `name`,
    /// at the address and this path after it, in which `{}` stands for the ID.
    #[serde(default)]
    pub routes: BTreeMap<String, String>,
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
    /// Whether `stream_options.include_usage` is known; what a vendor tells without it, clients get without it.
    #[serde(default = "yes")]
    pub stream_options: bool,
    /// Whether `cache_control` markers are understood.
    #[serde(default)]
    pub cache_control: bool,
    /// Whether a tool's result may hold more than text.
    #[serde(default)]
    pub rich_tool_results: bool,
    /// Types of tools that the vendor has itself, under names that OpenAI gives to its Responses API's or another vendor
    /// to its own; `*` stands for all. Types that nobody here knows are sent anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_tools: Vec<String>,
    /// How the model's earlier thinking is sent back.
    #[serde(default)]
    pub replay: Replay,
    /// How the beginning of an answer is taken; absent: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefill: Option<PrefillRule>,
    /// What becomes of the member `thinking`.
    #[serde(default)]
    pub thinking: ThinkingMember,
    /// Whether text that begins with `<think>…</think>` is thinking.
    #[serde(default = "yes")]
    pub think_tags: bool,
    /// Whether answers may tell thinking in the text or under another name than requests, as servers of many models do.
    /// Such answers are read and told in the field's names; else they may pass as bytes.
    #[serde(default)]
    pub thinks_apart: bool,
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
    /// The kind of errors with these codes, or statuses, where neither status nor words tell.
    #[serde(default)]
    pub error_codes: BTreeMap<String, ErrorKind>,
    /// What stands before a model's name that has no slash.
    #[serde(default)]
    pub model_prefix: String,
    /// How a model's name that has dots and no slash is sent: its parts fill the `{}`, the last one has what is left.
    #[serde(default)]
    pub model_pattern: Option<String>,
    /// Values of `reasoning_effort` that the vendor lacks, and the nearest that it has.
    #[serde(default)]
    pub efforts: BTreeMap<String, String>,
    /// The highest temperature; a higher one is lowered to it.
    #[serde(default)]
    pub max_temperature: Option<f64>,
    /// Inputs of one request for vectors, at most.
    #[serde(default)]
    pub max_inputs: Option<usize>,
    /// In what rankings differ from Cohere's.
    #[serde(default)]
    pub rerank: RerankOptions,
    /// The headers that say what is left of the vendor's limits, where they are not OpenAI's.
    #[serde(default)]
    pub allowances: Option<AllowanceNames>,
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

/// An endpoint of a vendor. Those besides `chat`, `embeddings` and `rerank` are facts for what is still to come.
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
            aliases: Vec::new(),
            name: String::new(),
            base_url: base_url.into(),
            path_prefix: String::new(),
            trailing_slash: false,
            routes: BTreeMap::new(),
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
            own_tools: Vec::new(),
            replay: Replay::default(),
            thinking: ThinkingMember::default(),
            think_tags: yes(),
            thinks_apart: false,
            done: DoneMarker::default(),
            usage_pointer: None,
            cached_tokens: None,
            reasoning_apart: false,
            error_codes: BTreeMap::new(),
            prefill: None,
            model_prefix: String::new(),
            model_pattern: None,
            efforts: BTreeMap::new(),
            max_temperature: None,
            max_inputs: None,
            rerank: RerankOptions::default(),
            allowances: None,
            quirks: Vec::new(),
        }
    }

    /// The variables that stand in `base_url`, such as `CLOUDFLARE_ACCOUNT_ID`.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.base_url.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
    }

    /// The headers, read.
    pub(crate) fn header_map(&self) -> Result<HeaderMap, RowError> {
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

    /// Whether the vendor has an endpoint.
    pub fn has(&self, operation: VendorOperation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether the vendor's chat can carry something.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Who the vendor is.
    pub(crate) fn info(&self) -> VendorInfo {
        VendorInfo {
            id: self.id.clone().into(),
            aliases: self.aliases.iter().cloned().map(Into::into).collect(),
            name: if self.name.is_empty() { self.id.clone() } else { self.name.clone() }.into(),
            key_variables: self.keys.iter().cloned().map(Into::into).collect(),
            base_url_variables: self.base_urls.iter().cloned().map(Into::into).collect(),
            base_url: self.base_url.clone().into(),
            docs: self.docs.clone().into(),
            capabilities: Capabilities {
                streaming: self.can(Capability::Streaming),
                tools: self.can(Capability::Tools),
                images: self.can(Capability::Images),
                documents: self.can(Capability::Documents),
                reasoning: self.can(Capability::Reasoning),
                json_schema: self.can(Capability::JsonSchema),
                count_tokens: false,
            },
            ..VendorInfo::default()
        }
    }

    /// The vendor's wire.
    pub(crate) fn wire(&self) -> Result<WireOptions, RowError> {
        Ok(WireOptions {
            base_url: self.base_url.clone(),
            path_prefix: self.path_prefix.clone(),
            trailing_slash: self.trailing_slash,
            auth: self.auth.clone(),
            headers: self.header_map()?,
            request: RequestOptions {
                limit: self.limit,
                developer_role: self.developer_role,
                stream_usage: self.stream_options,
                cache_control: self.cache_control,
                rich_tool_results: self.rich_tool_results,
                file_urls: false,
                text_files: self.can(Capability::Documents),
                replay: self.replay,
                thinking: self.thinking,
                top_k: true,
                own_tools: self.own_tools.clone(),
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
