//! [`Script`]: what the mock vendor is told to answer, and the checks on it.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash::draw;

/// Most chunks a script may ask for; an endless stream has no such end.
pub const MAX_CHUNKS: u64 = 1_000_000;
/// Most bytes of padded text a script may ask for: 64 MiB.
pub const MAX_BODY_BYTES: u64 = 64 << 20;

/// What to answer, and how badly.
///
/// Every field is optional; the empty script is a short greeting that repeats the last user message.
/// "Chunks" are the deltas that carry text, reasoning or tool arguments; events around them do not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// Text of the answer. Default: a greeting that repeats the last user message; with `chunks`, that many words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Answer with the last user message, whole. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub echo: bool,
    /// Reasoning before the text: `reasoning_content` on OpenAI's wire, a signed thinking block on Anthropic's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
    /// Tools to call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Call the first so many tools of the request, with arguments made up from their schemas. A request without
    /// tools, or one whose last message is a tool's result, gets text instead. Default: 0.
    #[serde(skip_serializing_if = "is_default")]
    pub call_tools: u64,
    /// Finish reason in OpenAI's words; the Anthropic wire translates those it knows. Default: `stop` or `tool_calls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Number of chunks the text is streamed in, at most one a character. 1 to 1,000,000. Default: one a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunks: Option<u64>,
    /// Size of a text chunk in characters, at least 1. Not with `chunks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunk_size: Option<u64>,
    /// Wait before the status line, in milliseconds. Default: 0.
    #[serde(skip_serializing_if = "is_default")]
    pub delay_ms: u64,
    /// Wait between the head and the first event, in milliseconds; added to `delay_ms` where nothing is streamed.
    #[serde(skip_serializing_if = "is_default")]
    pub first_chunk_ms: u64,
    /// Wait between chunks, in milliseconds. Streams and endless answers only.
    #[serde(skip_serializing_if = "is_default")]
    pub chunk_ms: u64,
    /// Refuse with this error. With `fail_first` only so often; with `error_in_stream_after_chunks` in the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorScript>,
    /// Fail only the first so many requests, with `error` or a 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_first: Option<u64>,
    /// Fail this share of the requests, 0 to 1, with `error` or a 500; which ones is drawn by `seed`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_share: Option<f64>,
    /// What `fail_share` draws by: the same seed fails the same requests, by their order. Default: 0.
    #[serde(skip_serializing_if = "is_default")]
    pub seed: u64,
    /// Send an error event after so many chunks, then end. Streams only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_in_stream_after_chunks: Option<u64>,
    /// Fall silent after so many chunks. 0 is right after the head. Half of an unstreamed answer is sent where this
    /// is above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall_after_chunks: Option<u64>,
    /// How long a stall lasts, in milliseconds. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall_ms: Option<u64>,
    /// Break the connection after so many chunks, without a terminator. 0 is right after the head. Half of an
    /// unstreamed answer is sent where this is above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_after_chunks: Option<u64>,
    /// Tokens to report. Default: words counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageScript>,
    /// End the text after as many words as the request's `max_completion_tokens` or `max_tokens` allows, with finish
    /// reason `length`, and report no more. Default: false.
    #[serde(skip_serializing_if = "is_default")]
    pub obeys_max_tokens: bool,
    /// Never end: the text is repeated for ever, an unstreamed answer is preceded by endless white space.
    #[serde(skip_serializing_if = "is_default")]
    pub endless: bool,
    /// Pad the text to at least so many bytes, up to 64 MiB. Default: 0.
    #[serde(skip_serializing_if = "is_default")]
    pub body_bytes: u64,
    /// Response headers to add or replace.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Answer with this text, byte for byte, instead of anything made here. Chunking, delays, stalls and cuts apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawScript>,
}

/// One tool call to answer with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// Id of the call. Default: derived from the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of the tool.
    pub name: String,
    /// Arguments: an object, or a string that is sent as it is, valid JSON or not.
    /// Default: made up from the schema of the request's tool of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
}

/// An error to answer with, in the shape of the wire's vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ErrorScript {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// What went wrong. Default: a sentence that names the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The vendor's error type. Default: the one the vendor documents for the status.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// OpenAI's error code. Default: the one the vendor documents for the status, or null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Seconds for the `retry-after` header. Default: no header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// Tokens to report; what is left out is counted or zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UsageScript {
    /// All tokens of the prompt, those read from and written to the cache included. Default: words of the messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    /// All tokens of the answer, reasoning included. Default: its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    /// Prompt tokens read from the cache. Default: 0.
    #[serde(skip_serializing_if = "is_default")]
    pub cached_tokens: u64,
    /// Prompt tokens written to the cache. Default: 0.
    #[serde(skip_serializing_if = "is_default")]
    pub cache_write_tokens: u64,
    /// Answer tokens spent on reasoning. Default: words of the reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
}

/// A verbatim answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawScript {
    /// HTTP status. Default: 200.
    #[serde(default = "ok")]
    pub status: u16,
    /// `content-type` of the answer. Default: `application/json`.
    #[serde(default = "json")]
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// A script that cannot be played.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// Not JSON, an unknown field, or a value of the wrong type.
    #[error("mock: {0}")]
    Json(#[from] serde_json::Error),
    /// A value out of its range, or two that contradict each other.
    #[error("mock: {field}: {problem}")]
    Value {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Script {
    /// A script that answers with `text`.
    pub fn saying(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// A script that refuses with `status`.
    pub fn refusing(status: u16) -> Self {
        Self { error: Some(ErrorScript::new(status)), ..Self::default() }
    }

    /// Whether the request with so many like it before is to fail by `fail_first` or `fail_share`; `None` if neither is
    /// set.
    pub(crate) fn fails(&self, ordinal: u64) -> Option<bool> {
        let first = self.fail_first.map(|times| ordinal < times);
        let drawn = self.fail_share.map(|share| draw(self.seed, ordinal) < share);
        first.or(drawn).map(|fails| fails || drawn == Some(true))
    }

    /// Whether it matters how many like requests came before.
    pub(crate) fn counts(&self) -> bool {
        self.fail_first.is_some() || self.fail_share.is_some()
    }

    /// Reads LiteLLM's `mock_response`: the text to answer with, or the name of one of its errors.
    ///
    /// Source: LiteLLM documentation, mock requests, read 2026-11.
    pub fn from_mock_response(text: &str) -> Self {
        let refusing = |status, message: &str, code: Option<&str>| Self {
            error: Some(ErrorScript {
                message: Some(message.to_owned()),
                code: code.map(str::to_owned),
                ..ErrorScript::new(status)
            }),
            ..Self::default()
        };
        match text {
            "litellm.RateLimitError" => Self::refusing(429),
            "litellm.InternalServerError" => Self::refusing(500),
            "litellm.ContextWindowExceededError" => refusing(
                400,
                "This model's maximum context length is 8 tokens. However, your messages are longer.",
                Some("context_length_exceeded"),
            ),
            "litellm.ContentPolicyViolationError" => refusing(
                400,
                "Your request was rejected as a result of our safety system.",
                Some("content_policy_violation"),
            ),
            _ => Self::saying(text),
        }
    }

    /// Reads a script from JSON and checks it.
    ///
    /// # Errors
    /// [`ScriptError`] when the JSON has an unknown field, a wrong type or a value out of range.
    pub fn from_json(json: &[u8]) -> Result<Self, ScriptError> {
        let script: Self = serde_json::from_slice(json)?;
        script.check()?;
        Ok(script)
    }

    /// Checks ranges and contradictions that types cannot express.
    ///
    /// # Errors
    /// [`ScriptError::Value`] naming the field.
    pub fn check(&self) -> Result<(), ScriptError> {
        let wrong = |field, problem: String| Err(ScriptError::Value { field, problem });
        if self.chunks.is_some_and(|n| n == 0 || n > MAX_CHUNKS) {
            return wrong("chunks", format!("must be 1 to {MAX_CHUNKS}"));
        }
        if self.chunk_size == Some(0) {
            return wrong("chunk_size", "must be at least 1".to_owned());
        }
        if self.chunks.is_some() && self.chunk_size.is_some() {
            return wrong("chunk_size", "cannot be set together with `chunks`".to_owned());
        }
        if self.body_bytes > MAX_BODY_BYTES {
            return wrong("body_bytes", format!("must be at most {MAX_BODY_BYTES}"));
        }
        if self.fail_share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return wrong("fail_share", "must be 0 to 1".to_owned());
        }
        if let Some(error) = &self.error
            && !(400..=599).contains(&error.status)
        {
            return wrong("error.status", format!("must be 400 to 599, not {}", error.status));
        }
        if let Some(call) =
            self.tool_calls.iter().find(|call| call.arguments.as_ref().is_some_and(not_arguments))
        {
            return wrong(
                "tool_calls",
                format!("arguments of `{}` must be an object or a string", call.name),
            );
        }
        if let Some(raw) = &self.raw {
            if !(200..=599).contains(&raw.status) {
                return wrong("raw.status", format!("must be 200 to 599, not {}", raw.status));
            }
            if HeaderValue::try_from(&raw.content_type).is_err() {
                return wrong("raw.content_type", "is not a header value".to_owned());
            }
        }
        for (name, value) in &self.headers {
            if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
                return wrong("headers", format!("`{name}` is not a header"));
            }
        }
        Ok(())
    }
}

impl ErrorScript {
    /// An error of `status` that says what the vendor would.
    pub fn new(status: u16) -> Self {
        Self { status, message: None, kind: None, code: None, retry_after_s: None }
    }
}

fn not_arguments(value: &Value) -> bool {
    !value.is_object() && !value.is_string()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn ok() -> u16 {
    200
}

fn json() -> String {
    "application/json".to_owned()
}
