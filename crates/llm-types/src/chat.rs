//! Chat completions: the request, the answer and the chunks of a streamed answer.
//!
//! Source: OpenAI API reference, "Chat Completions" (platform.openai.com/docs/api-reference/chat), read
//! 2026-11; what the field added around it (`reasoning_content`, `thinking_blocks`, `cache_control`,
//! `provider_specific_fields`) follows LiteLLM's documented output, read 2026-11.

mod content;
mod format;
mod message;
mod request;
mod response;
mod tools;

pub use content::{
    AudioPart, CacheControl, ContentPart, FileData, FilePart, ImagePart, ImageSource, ImageUrl, InputAudio,
    MessageContent, RefusalPart, TextPart,
};
pub use format::{JsonSchemaFormat, JsonSchemaPart, ResponseFormat};
pub use message::{Annotation, Audio, Message, Role, ThinkingBlock};
pub use request::{
    AudioRequest, ChatRequest, OPENAI_ONLY, Prediction, ReasoningEffort, ServiceTier, Stop, StreamOptions,
    Verbosity,
};
pub use response::{ChatChunk, ChatResponse, Choice, ChunkChoice, Delta, FinishReason};
pub use tools::{
    AllowedTools, CustomCall, CustomDefinition, CustomTool, FunctionCall, FunctionDefinition, FunctionTool,
    NamedCustom, NamedFunction, NamedTool, Tool, ToolCall, ToolChoice, ToolChoiceMode,
};

#[cfg(test)]
mod tests;
