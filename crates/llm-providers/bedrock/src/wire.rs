//! Bedrock's JSON, in Bedrock's names: losslessly read and written, by either side.
//!
//! Source: Amazon Bedrock API Reference, "Converse", "ConverseStream" and their types
//! (docs.aws.amazon.com/bedrock/latest/APIReference), and the service model `bedrock-runtime` of 2023-09-30 that
//! Amazon publishes with botocore 1.44.5, read 2026-11.

mod content;
mod request;
mod response;
mod stream;
mod union;

pub use content::{
    CachePoint, CitationsContent, ContentBlock, DocumentBlock, MediaBlock, ReasoningContent, ReasoningText,
    S3Location, Source, ToolResultBlock, ToolResultContent, ToolUseBlock,
};
pub use request::{
    ConverseRequest, InferenceConfig, InputMessage, JsonSchema, OutputConfig, Role, ServiceTier, SystemBlock,
    TextFormat, Tool, ToolChoice, ToolConfig, ToolSpec,
};
pub use response::{CacheDetail, ConverseOutput, ConverseResponse, Metrics, StopReason, TokenUsage};
pub use stream::{
    BlockDelta, BlockStart, BlockStop, Delta, Exception, MessageStart, MessageStop, Metadata, ReasoningDelta,
    Start, ToolUseDelta, ToolUseStart,
};

#[cfg(test)]
mod tests;
