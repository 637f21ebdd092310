//! What is known of a deployment beside its settings: the vendor's and the price table's facts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Facts about one deployment that stay the same while its configuration does.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The `model_name` that it belongs to. A virtual model or a routing group has deployments of several.
    pub group: Arc<str>,
    /// The vendor.
    pub provider: Arc<str>,
    /// The model's name at the vendor.
    pub model: Arc<str>,
    /// Where it is served from, as the vendor names the place.
    pub region: Option<Arc<str>>,
    /// Tokens of a prompt, at most.
    pub max_input_tokens: Option<u64>,
    /// Tokens of an answer, at most.
    pub max_output_tokens: Option<u64>,
    /// What the model is known to have.
    pub has: Capabilities,
    /// What the model is known to lack.
    pub lacks: Capabilities,
    /// Members of requests that the vendor is known to refuse, as OpenAI names them.
    pub refuses: Arc<[Box<str>]>,
    /// What it costs.
    pub price: Option<Price>,
    /// Deployments with the same number use the same key.
    pub credential: u64,
}

/// What a request costs: prices of one token, in 10⁻¹⁵ USD, and what comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Of a prompt.
    pub input: i64,
    /// Of a prompt that the vendor's cache has.
    pub cached: i64,
    /// Of an answer.
    pub output: i64,
    /// What each answer costs beside its tokens.
    #[serde(default)]
    pub request: i64,
}

/// A set of things that a model may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(u32);

impl Capabilities {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Reads images.
    pub const VISION: Self = Self(1);
    /// Hears.
    pub const AUDIO_INPUT: Self = Self(1 << 1);
    /// Speaks.
    pub const AUDIO_OUTPUT: Self = Self(1 << 2);
    /// Reads PDFs and other documents.
    pub const DOCUMENTS: Self = Self(1 << 3);
    /// Calls tools.
    pub const TOOLS: Self = Self(1 << 4);
    /// Answers by a JSON Schema.
    pub const RESPONSE_SCHEMA: Self = Self(1 << 5);
    /// Thinks when asked to.
    pub const REASONING: Self = Self(1 << 6);
    /// Searches the web.
    pub const WEB_SEARCH: Self = Self(1 << 7);
    /// Continues an answer that the request begins.
    pub const PREFILL: Self = Self(1 << 8);
    /// Reads video.
    pub const VIDEO_INPUT: Self = Self(1 << 9);

    /// All, with their names.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::VISION, "vision"),
        (Self::AUDIO_INPUT, "audio_input"),
        (Self::AUDIO_OUTPUT, "audio_output"),
        (Self::DOCUMENTS, "documents"),
        (Self::TOOLS, "tools"),
        (Self::RESPONSE_SCHEMA, "response_schema"),
        (Self::REASONING, "reasoning"),
        (Self::WEB_SEARCH, "web_search"),
        (Self::PREFILL, "prefill"),
        (Self::VIDEO_INPUT, "video_input"),
    ];

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets have.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in this.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of what is in it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(one, _)| self.contains(*one)).map(|(_, name)| name)
    }
}
