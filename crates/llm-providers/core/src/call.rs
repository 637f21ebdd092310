//! What a translator is told beside the request, and what it gives back.

use bytes::Bytes;
use http::HeaderMap;
use llm_types::{ReasoningEffort, UnixMs};

use crate::{Credential, Note, Parameters, Secret};

/// One call to a vendor: everything a translator may know that is not in the request itself.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The model's name at the vendor.
    pub model: &'a str,
    /// Where the vendor is; `None` means the vendor's own address.
    pub base_url: Option<&'a str>,
    /// The credential, ready for use.
    pub credential: Option<&'a Credential>,
    /// Settings of the vendor beside model, key and address.
    pub parameters: &'a Parameters,
    /// Further headers from configuration or client; they win over the translator's own.
    pub headers: &'a HeaderMap,
    /// What to do with what the vendor lacks.
    pub unsupported: OnUnsupported,
    /// Members that are sent as they are although the vendor is said to lack them.
    pub forward: &'a [String],
    /// Tokens to write at most, where the vendor demands a limit and the request has none.
    pub default_max_tokens: Option<u64>,
    /// How many tokens of thinking an effort is worth, for vendors that count.
    pub effort_budgets: EffortBudgets,
    /// Now.
    pub now: UnixMs,
}

impl<'a> Call<'a> {
    /// A call with nothing but a model and headers.
    pub fn new(model: &'a str, headers: &'a HeaderMap) -> Self {
        Self {
            model,
            base_url: None,
            credential: None,
            parameters: Parameters::NONE,
            headers,
            unsupported: OnUnsupported::Drop,
            forward: &[],
            default_max_tokens: None,
            effort_budgets: EffortBudgets::default(),
            now: UnixMs(0),
        }
    }

    /// The key or token, if that is what the credential is.
    pub fn key(&self) -> Option<&'a Secret> {
        self.credential.and_then(Credential::secret)
    }

    /// A setting of the vendor by its name.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name)
    }

    /// The base URL without a trailing slash.
    pub fn base_url_or(&self, default: &'a str) -> &'a str {
        self.base_url.unwrap_or(default).trim_end_matches('/')
    }
}

/// What to do with a member that the vendor has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnsupported {
    /// Leave it out and say so in a [`Note`].
    #[default]
    Drop,
    /// Refuse the request.
    Reject,
}

/// Tokens of thinking that each effort is worth, for vendors that take a budget.
///
/// The defaults are LiteLLM's, so that a deployment moved from there thinks as long as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffortBudgets {
    /// `minimal`
    pub minimal: u64,
    /// `low`
    pub low: u64,
    /// `medium`
    pub medium: u64,
    /// `high`
    pub high: u64,
    /// `xhigh`
    pub xhigh: u64,
    /// `max`
    pub max: u64,
}

impl Default for EffortBudgets {
    fn default() -> Self {
        Self { minimal: 128, low: 1024, medium: 2048, high: 4096, xhigh: 8192, max: 16384 }
    }
}

impl EffortBudgets {
    /// Tokens for an effort; `None` for no thinking and for efforts that nobody has named.
    pub fn tokens(&self, effort: &ReasoningEffort) -> Option<u64> {
        match effort {
            ReasoningEffort::None | ReasoningEffort::Other(_) => None,
            ReasoningEffort::Minimal => Some(self.minimal),
            ReasoningEffort::Low => Some(self.low),
            ReasoningEffort::Medium => Some(self.medium),
            ReasoningEffort::High => Some(self.high),
            ReasoningEffort::Xhigh => Some(self.xhigh),
            ReasoningEffort::Max => Some(self.max),
        }
    }
}

/// A request ready to be sent, and what could not be carried into it.
#[derive(Debug)]
pub struct Encoded {
    /// Method, address, headers and body.
    pub request: http::Request<Payload>,
    /// What was changed or left out.
    pub notes: Vec<Note>,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Bytes.
    Bytes(Bytes),
    /// Pieces, some of which the transport fills from a spooled part of the client's upload.
    Segments(Vec<Segment>),
}

/// A piece of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Bytes.
    Bytes(Bytes),
    /// The spooled part of this name.
    Part(String),
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

/// What a vendor's answer means.
#[derive(Debug)]
pub enum Decoded<T> {
    /// The answer.
    Answer(T),
    /// Not yet: ask this after a while.
    Again {
        /// The next question.
        request: Box<http::Request<Payload>>,
        /// How long to wait, in milliseconds.
        after_ms: u64,
    },
}
