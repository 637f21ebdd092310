//! The scenarios of the grid.

use std::fmt;

use llm_provider_core::Capabilities;
use llm_types::ErrorKind;

/// One row of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// A whole answer in words.
    Text,
    /// The same answer, streamed.
    TextStream,
    /// A whole answer that calls a tool.
    Tools,
    /// The same call, streamed.
    ToolsStream,
    /// Two calls in one stream.
    ParallelToolsStream,
    /// A whole answer with thinking.
    Thinking,
    /// The same answer, streamed.
    ThinkingStream,
    /// An image goes out.
    Images,
    /// A document goes out.
    Documents,
    /// A schema for the answer goes out.
    JsonSchema,
    /// Too many requests; says when to come again.
    RateLimit,
    /// The prompt does not fit.
    ContextWindow,
    /// The content goes against the vendor's rules.
    ContentPolicy,
    /// The key is wrong.
    Auth,
    /// The vendor has too much to do.
    Overloaded,
    /// No such model.
    NotFound,
    /// The counts of `text` and `text_stream` are right and the same.
    Usage,
    /// A whole answer whose prompt came mostly from the cache.
    UsageCached,
    /// Every stream, ended too early at every place.
    TruncatedStream,
    /// The vendor fails after the first words.
    StreamError,
    /// Every stream, with events and members that nobody knows.
    UnknownEvents,
}

/// Which kind of fixture a scenario reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A body of status 200.
    Response,
    /// A stream.
    Stream,
    /// `{"status": …, "headers": {…}, "body": …}`
    Error,
}

impl Form {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Stream => "stream",
            Self::Error => "error",
        }
    }
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 21] = [
        Self::Text,
        Self::TextStream,
        Self::Tools,
        Self::ToolsStream,
        Self::ParallelToolsStream,
        Self::Thinking,
        Self::ThinkingStream,
        Self::Images,
        Self::Documents,
        Self::JsonSchema,
        Self::RateLimit,
        Self::ContextWindow,
        Self::ContentPolicy,
        Self::Auth,
        Self::Overloaded,
        Self::NotFound,
        Self::Usage,
        Self::UsageCached,
        Self::TruncatedStream,
        Self::StreamError,
        Self::UnknownEvents,
    ];

    /// The name, which fixtures begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextStream => "text_stream",
            Self::Tools => "tools",
            Self::ToolsStream => "tools_stream",
            Self::ParallelToolsStream => "parallel_tools_stream",
            Self::Thinking => "thinking",
            Self::ThinkingStream => "thinking_stream",
            Self::Images => "images",
            Self::Documents => "documents",
            Self::JsonSchema => "json_schema",
            Self::RateLimit => "rate_limit",
            Self::ContextWindow => "context_window",
            Self::ContentPolicy => "content_policy",
            Self::Auth => "auth",
            Self::Overloaded => "overloaded",
            Self::NotFound => "not_found",
            Self::Usage => "usage",
            Self::UsageCached => "usage_cached",
            Self::TruncatedStream => "truncated_stream",
            Self::StreamError => "stream_error",
            Self::UnknownEvents => "unknown_events",
        }
    }

    /// Whether the vendor claims it; `None` if no capability speaks of it.
    pub const fn is_possible(self, can: &Capabilities) -> Option<bool> {
        match self {
            Self::TextStream | Self::TruncatedStream | Self::UnknownEvents => Some(can.streaming),
            Self::Tools => Some(can.tools),
            Self::ToolsStream => Some(can.tools && can.streaming),
            Self::Thinking => Some(can.reasoning),
            Self::ThinkingStream => Some(can.reasoning && can.streaming),
            Self::Images => Some(can.images),
            Self::Documents => Some(can.documents),
            Self::JsonSchema => Some(can.json_schema),
            _ => None,
        }
    }

    /// Whether a vendor may lack it although no capability speaks of it.
    pub const fn may_be_skipped(self) -> bool {
        matches!(
            self,
            Self::ParallelToolsStream
                | Self::ContentPolicy
                | Self::Overloaded
                | Self::Usage
                | Self::UsageCached
                | Self::StreamError
        )
    }

    /// The form of its fixture; `None` if it needs none of its own.
    pub(super) const fn form(self) -> Option<Form> {
        match self {
            Self::Text | Self::Tools | Self::Thinking | Self::UsageCached => Some(Form::Response),
            Self::TextStream
            | Self::ToolsStream
            | Self::ParallelToolsStream
            | Self::ThinkingStream
            | Self::StreamError => Some(Form::Stream),
            Self::RateLimit
            | Self::ContextWindow
            | Self::ContentPolicy
            | Self::Auth
            | Self::Overloaded
            | Self::NotFound => Some(Form::Error),
            Self::Images
            | Self::Documents
            | Self::JsonSchema
            | Self::Usage
            | Self::TruncatedStream
            | Self::UnknownEvents => None,
        }
    }

    /// The kind that an error must have.
    pub(super) const fn error_kind(self) -> Option<ErrorKind> {
        match self {
            Self::RateLimit => Some(ErrorKind::RateLimit),
            Self::ContextWindow => Some(ErrorKind::ContextWindow),
            Self::ContentPolicy => Some(ErrorKind::ContentPolicy),
            Self::Auth => Some(ErrorKind::Authentication),
            Self::Overloaded => Some(ErrorKind::Unavailable),
            Self::NotFound => Some(ErrorKind::NotFound),
            _ => None,
        }
    }

    /// The request of the corpus that it sends, and the member that must arrive.
    pub(super) const fn sends(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Tools => Some(("tools", "tools")),
            Self::Thinking => Some(("reasoning_effort_high", "reasoning_effort")),
            Self::Images => Some(("images_base64", "messages[0].content[1].image_url.url")),
            Self::Documents => Some(("pdf_base64", "messages[0].content[1].file.file_data")),
            Self::JsonSchema => Some(("json_schema", "response_format.json_schema.schema")),
            _ => None,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
