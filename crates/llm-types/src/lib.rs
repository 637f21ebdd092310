#![doc = include_str!("../README.md")]

extern crate self as llm_types;

mod chat;
mod embeddings;
mod error;
#[doc(hidden)]
pub mod members;
mod nullable;
mod open_enum;
mod parse;
mod rerank;
mod tagged;
mod time;
mod usage;
mod wire_struct;

pub use chat::{
    AllowedTools, Annotation, Audio, AudioPart, AudioRequest, CacheControl, ChatChunk, ChatRequest,
    ChatResponse, Choice, ChunkChoice, ContentPart, CustomCall, CustomDefinition, CustomTool, Delta,
    FileData, FilePart, FinishReason, FunctionCall, FunctionDefinition, FunctionTool, ImagePart, ImageSource,
    ImageUrl, InputAudio, JsonSchemaFormat, JsonSchemaPart, Message, MessageContent, NamedCustom,
    NamedFunction, NamedTool, OPENAI_ONLY, Prediction, ReasoningEffort, RefusalPart, ResponseFormat, Role,
    ServiceTier, Stop, StreamOptions, TextPart, ThinkingBlock, Tool, ToolCall, ToolChoice, ToolChoiceMode,
    Verbosity,
};
pub use embeddings::{
    Embedding, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, EncodingFormat,
};
pub use error::{ApiError, ErrorKind, Layer};
pub use nullable::Nullable;
pub use parse::{ParseError, from_slice, from_value, in_words};
pub use rerank::{BilledUnits, RerankMeta, RerankRequest, RerankResponse, RerankResult, RerankTokens};
pub use tagged::{TaggedMap, tagged, tagged_or_not};
pub use time::UnixMs;
pub use usage::{CompletionTokensDetails, PromptTokensDetails, TokenCounts, Usage};

/// Members of a JSON object that a type does not name: kept in order, written back unchanged.
pub type Extra = serde_json::Map<String, serde_json::Value>;

#[doc(hidden)]
pub mod __private {
    pub use serde;
}
