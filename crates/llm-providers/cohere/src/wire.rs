//! Cohere's JSON, in Cohere's names. Where Cohere says what OpenAI says in the same words (parts of a message,
//! tools and calls), the types are those of `llm-types`.
//!
//! Source: Cohere API reference, "Chat API (v2)", "Embed API (v2)", "Rerank API (v2)", read 2026-11.

mod embed;
mod request;
mod response;
mod stream;

pub use embed::{ApiMeta, ApiTokens, ApiUnits, EmbedRequest, EmbedResponse};
pub use request::{ChatMessage, ChatRequest, Document, ResponseFormat, Thinking};
pub use response::{BilledUnits, ChatResponse, Citation, ErrorBody, Logprob, ResponseMessage, Tokens, Usage};
pub use stream::{EventDelta, EventKind, EventMessage, StreamEvent};

#[cfg(test)]
mod tests;
