//! [`WireOptions`]: in what a vendor's OpenAI-like wire differs from OpenAI's own.

use http::HeaderMap;
use llm_types::{ErrorKind, Extra};

/// One vendor's OpenAI-like wire. The default is OpenAI itself.
#[derive(Debug, Clone, PartialEq)]
pub struct WireOptions {
    /// What precedes `/chat/completions`; empty if there is no usual address.
    pub base_url: String,
    /// What stands between an address and the path of an operation, unless the address ends in it: `/v1` where the
    /// vendor's addresses are given without.
    pub path_prefix: String,
    /// Whether paths end in a slash.
    pub trailing_slash: bool,
    /// How the credential travels.
    pub auth: Auth,
    /// Headers that every request carries.
    pub headers: HeaderMap,
    /// What is asked, and how.
    pub request: RequestOptions,
    /// What is answered, and how.
    pub answer: AnswerOptions,
}

impl Default for WireOptions {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            path_prefix: String::new(),
            trailing_slash: false,
            auth: Auth::Bearer,
            headers: HeaderMap::new(),
            request: RequestOptions::default(),
            answer: AnswerOptions::default(),
        }
    }
}

/// How a credential travels.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// In the header of this name.
    Header(String),
    /// In the query parameter of this name.
    Query(String),
    /// Not at all.
    None,
}

/// What a request may hold, and in which form.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact")]
pub struct RequestOptions {
    /// The name of the output limit.
    pub limit: OutputLimit,
    /// Whether the role `developer` is known; else it is sent as `system`.
    pub developer_role: bool,
    /// Whether `stream_options.include_usage` is known. A vendor that does not know it tells usage unasked, and so do we.
    pub stream_usage: bool,
    /// Whether `cache_control` markers are understood.
    pub cache_control: bool,
    /// Whether a tool's result may hold more than text.
    pub rich_tool_results: bool,
    /// Whether files may be given by address.
    pub file_urls: bool,
    /// Whether files of plain text are taken; else their words stand in their place. Matters only where a request is
    /// translated, as with `top_k`.
    pub text_files: bool,
    /// How the model's earlier thinking is sent back.
    pub replay: Replay,
    /// What becomes of the member `thinking`.
    pub thinking: ThinkingMember,
    /// Whether `top_k` is taken. Matters only where a request is translated: what passes through, the vendor judges.
    pub top_k: bool,
    /// Types of tools that the vendor has itself, under names that OpenAI gives to its Responses API's or another vendor
    /// to its own; `*` stands for all. Types that nobody here knows are sent anyway.
    pub own_tools: Vec<String>,
    /// Members at the top level that the vendor refuses.
    pub drop: Vec<String>,
    /// Members at the top level that have another name there.
    pub rename: Vec<(String, String)>,
    /// Members that are sent unless the request has its own.
    pub defaults: Extra,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            limit: OutputLimit::ByModel,
            developer_role: true,
            stream_usage: true,
            cache_control: false,
            rich_tool_results: false,
            file_urls: false,
            text_files: true,
            replay: Replay::Drop,
            thinking: ThinkingMember::EffortByModel,
            top_k: false,
            own_tools: Vec::new(),
            drop: Vec::new(),
            rename: Vec::new(),
            defaults: Extra::new(),
        }
    }
}

/// The name of the output limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum OutputLimit {
    /// As the client said it.
    #[default]
    AsGiven,
    /// `max_completion_tokens` for OpenAI's reasoning models, else as the client said it.
    ByModel,
    /// `max_tokens`
    MaxTokens,
    /// `max_completion_tokens`
    MaxCompletionTokens,
}

/// How the model's earlier thinking is sent back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Replay {
    /// Not at all.
    #[default]
    Drop,
    /// In the message's `reasoning_content`.
    ReasoningContent,
    /// In the message's `reasoning`.
    Reasoning,
    /// In the message's `reasoning` and `reasoning_details`, signatures included.
    ReasoningDetails,
    /// As parts of type `thinking` before the text.
    Parts,
    /// Between `<think>` and `</think>` before the text.
    Tags,
}

/// What becomes of the member `thinking`, Anthropic's word for how to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum ThinkingMember {
    /// Its budget becomes a `reasoning_effort`, unless the request has one, for OpenAI's reasoning models.
    EffortByModel,
    /// Its budget becomes a `reasoning_effort`, unless the request has one.
    #[default]
    Effort,
    /// It is sent without its budget: the vendor only knows on and off.
    Switch,
    /// It is sent as it is.
    Keep,
}

/// Where an answer hides what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerOptions {
    /// Whether text that begins with `<think>…</think>` is thinking.
    pub think_tags: bool,
    /// What ends a stream.
    pub done: DoneMarker,
    /// Where usage stands, and what it leaves out.
    pub usage: UsageRules,
    /// Codes of the vendor's errors, and statuses, whose kind neither status nor words tell.
    pub error_codes: Vec<(String, ErrorKind)>,
}

/// What ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum DoneMarker {
    /// Only `data: [DONE]`.
    #[default]
    Required,
    /// A finish reason is enough.
    Optional,
}

/// Where usage stands, and what it leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageRules {
    /// JSON pointer to the usage in a chunk, where it is not in `usage`.
    pub pointer: Option<String>,
    /// The member of `usage` that counts tokens read from the prompt cache, where it is not in
    /// `prompt_tokens_details.cached_tokens`.
    pub cached_tokens: Option<String>,
    /// Whether `completion_tokens` leaves thinking out.
    pub reasoning_apart: bool,
}
