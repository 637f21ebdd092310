//! Gemini's JSON, in Gemini's names: losslessly read and written, by either side.
//!
//! All members are optional, as everywhere in Google's APIs: an absent member and its zero say the same.
//!
//! Source: Gemini API reference, "Generating content", "Embeddings", "Counting tokens" (ai.google.dev/api), version
//! `v1beta`, and Vertex AI reference, "GenerateContent" (docs.cloud.google.com), read 2026-11.

mod content;
mod embed;
mod names;
mod object;
mod request;
mod response;

pub use content::{Blob, Content, FileData, FunctionCall, FunctionResponse, Part};
pub use embed::{
    BatchEmbedRequest, BatchEmbedResponse, ContentEmbedding, EmbedRequest, EmbedResponse, EmbedUsage,
};
pub use request::{
    CountTokensRequest, FunctionCallingConfig, FunctionDeclaration, GenerateContentRequest, GenerationConfig,
    PrebuiltVoiceConfig, SpeechConfig, ThinkingConfig, Tool, ToolConfig, VoiceConfig,
};
pub use response::{
    Candidate, CountTokensResponse, ErrorBody, ErrorResponse, FinishReason, GenerateContentResponse,
    ModalityCount, UsageMetadata,
};

pub(crate) use names::camel_case;
