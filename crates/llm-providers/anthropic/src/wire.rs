//! Anthropic's JSON, in Anthropic's names: losslessly read and written, by either side.
//!
//! Source: Anthropic API reference, "Messages", "Streaming messages", "Count message tokens" and "Errors"
//! (platform.claude.com/docs/en/api), version `2023-06-01`, read 2026-11.

mod content;
mod request;
mod response;
mod stream;
mod tagged;

pub use content::{
    Content, ContentBlock, DocumentBlock, ImageBlock, RedactedThinkingBlock, Source, TextBlock,
    ThinkingBlock, ToolResultBlock, ToolUseBlock,
};
pub use request::{
    InputMessage, MessagesRequest, Metadata, OutputConfig, OutputFormat, Role, Thinking, Tool, ToolChoice,
};
pub use response::{
    CacheCreation, CountTokensResponse, ErrorBody, ErrorResponse, MessageResponse, OutputTokensDetails,
    StopDetails, StopReason, Usage,
};
pub use stream::{
    BlockDelta, BlockStart, BlockStop, CitationsDelta, CompactionDelta, Delta, Empty, InputJsonDelta,
    MessageDelta, MessageDeltaBody, MessageStart, SignatureDelta, StreamError, StreamEvent, TextDelta,
    ThinkingDelta,
};

#[cfg(test)]
mod tests;
