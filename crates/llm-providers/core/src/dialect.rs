//! Dialects that clients speak: reading them into the canonical form and writing answers back.

use bytes::{Bytes, BytesMut};
use llm_types::{
    ApiError, ChatChunk, ChatRequest, ChatResponse, ChunkChoice, ErrorKind, FinishReason, Layer, Nullable,
    Usage,
};

use crate::{Framing, Note, Operation, Peek};

/// A wire format for chat that clients and vendors speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `POST /v1/chat/completions`
    OpenAiChat,
    /// `POST /v1/messages`
    AnthropicMessages,
    /// `POST /v1/responses`
    OpenAiResponses,
    /// `POST /v1beta/models/{model}:generateContent`, and streams of server-sent events
    Gemini,
    /// `POST /v1beta/models/{model}:streamGenerateContent` without `alt=sse`: the stream is one JSON array
    GeminiArray,
    /// `POST /model/{id}/converse`
    BedrockConverse,
    /// `POST /v2/chat`
    CohereChat,
    /// `POST /api/chat`
    OllamaChat,
    /// `POST /api/generate`
    OllamaGenerate,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: &'static [Self] = &[
        Self::OpenAiChat,
        Self::AnthropicMessages,
        Self::OpenAiResponses,
        Self::Gemini,
        Self::GeminiArray,
        Self::BedrockConverse,
        Self::CohereChat,
        Self::OllamaChat,
        Self::OllamaGenerate,
    ];

    /// Its place in [`Dialect::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// A name for logs and command lines.
    pub const fn label(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai",
            Self::AnthropicMessages => "anthropic",
            Self::OpenAiResponses => "openai-responses",
            Self::Gemini => "gemini",
            Self::GeminiArray => "gemini-array",
            Self::BedrockConverse => "bedrock",
            Self::CohereChat => "cohere",
            Self::OllamaChat => "ollama",
            Self::OllamaGenerate => "ollama-generate",
        }
    }
}

/// The client's side of a dialect.
pub trait Ingress: Send + Sync {
    /// Which dialect.
    fn dialect(&self) -> Dialect;

    /// Reads a request. Where the address names the model, or whether to stream, the caller sets those after it.
    ///
    /// # Errors
    /// [`IngressError`] names the member at fault.
    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError>;

    /// Whether the client asks for a stream, where the body says so.
    ///
    /// # Errors
    /// [`IngressError`] if the member is no boolean.
    fn wants_stream(&self, peek: &Peek<'_>) -> Result<bool, IngressError> {
        peek.stream()
    }

    /// The media type of a streamed answer.
    fn stream_content_type(&self) -> &'static str {
        Framing::Sse.content_type()
    }

    /// What keeps a silent stream alive and says nothing; `None` if the dialect has no such thing.
    fn keepalive(&self) -> Option<&'static [u8]> {
        Some(b": keep-alive\n\n")
    }

    /// Writes a whole answer.
    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing;

    /// Writes a streamed answer.
    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter>;

    /// Writes an error as a whole body.
    fn error(&self, error: &ApiError, reply: &Reply) -> Bytes;

    /// The HTTP status of an error. A dialect whose clients know a status of their own tells that one.
    fn error_status(&self, error: &ApiError) -> u16 {
        error.status()
    }

    /// The header in which the dialect's clients look for the request's name, if that is a header of their own.
    fn request_id_header(&self) -> Option<http::HeaderName> {
        None
    }

    /// Adds what an error tells in headers.
    fn error_headers(&self, _error: &ApiError, _headers: &mut http::HeaderMap) {}

    /// Writes an error as an event in mid-stream, for a stream whose bytes are passed through.
    fn error_event(&self, error: &ApiError, reply: &Reply) -> Bytes;

    /// Ends a stream whose bytes were passed through so far with an error. `frames` are those of
    /// [`cut_short`](Self::cut_short).
    fn broken(&self, _frames: &[Bytes], error: &ApiError, reply: &Reply) -> Bytes {
        self.error_event(error, reply)
    }

    /// Ends a stream whose bytes were passed through so far as if the model had written as much as it may. `frames` are the
    /// stream's first, the latest from the last words on, and what its listener says is
    /// [left open](crate::Listener::left_open); `usage` is what the answer took.
    fn cut_short(&self, _frames: &[Bytes], usage: &Usage, reply: &Reply) -> Bytes {
        let mut writer = self.writer(reply);
        let mut out = BytesMut::new();
        let mut chunk = ChatChunk::new(&reply.request_id, reply.created_s, &reply.model, Vec::new());
        chunk.choices = Nullable::Value(vec![ChunkChoice::ended(0, FinishReason::Length)]);
        writer.chunk(&chunk, &mut out);
        chunk.choices = Nullable::Value(Vec::new());
        chunk.usage = Nullable::Value(usage.clone());
        writer.chunk(&chunk, &mut out);
        writer.end(&mut out);
        out.freeze()
    }
}

/// The client's side of a dialect, for an operation that is asked and answered whole.
pub trait WholeIngress<O: Operation>: Send + Sync {
    /// Reads a request. Where the address names the model, the caller sets it after this.
    ///
    /// # Errors
    /// [`IngressError`] names the member at fault.
    fn read(&self, body: &[u8]) -> Result<Incoming<O::Request>, IngressError>;

    /// Writes an answer to `request`.
    fn write(&self, request: &O::Request, response: &O::Response, reply: &Reply) -> Outgoing;
}

/// A request in canonical form.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming<T = ChatRequest> {
    /// The request.
    pub request: T,
    /// What the canonical form says differently.
    pub notes: Vec<Note>,
}

/// An answer in a client's dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The body.
    pub body: Bytes,
    /// What the dialect has no place for.
    pub notes: Vec<Note>,
}

/// What an answer carries beside the model's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Our name for the request; stands in where the vendor gives none.
    pub request_id: String,
    /// The model as the client named it; stands in where the vendor gives none.
    pub model: String,
    /// When the answer began, in seconds since the epoch; stands in where the vendor gives none.
    pub created_s: i64,
    /// Whether the client asked for a usage chunk at the end of an OpenAI stream.
    pub include_usage: bool,
}

/// Writes chunks as events of a dialect.
pub trait ChunkWriter: Send {
    /// Writes one chunk; may write nothing yet.
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut);

    /// The stream ended as it should.
    fn end(&mut self, out: &mut BytesMut);

    /// The stream broke.
    fn error(&mut self, error: &ApiError, out: &mut BytesMut);

    /// What the dialect had no place for, so far.
    fn notes(&mut self) -> Vec<Note> {
        Vec::new()
    }
}

/// A client's request that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct IngressError {
    /// The member at fault, such as `messages[3].content[0].text`; empty if the body is no JSON object.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl From<llm_types::ParseError> for IngressError {
    fn from(error: llm_types::ParseError) -> Self {
        Self { path: error.path, message: error.message }
    }
}

impl From<IngressError> for ApiError {
    fn from(error: IngressError) -> Self {
        let new = Self::new(ErrorKind::InvalidRequest, Layer::Client, error.to_string());
        if error.path.is_empty() { new } else { new.with_param(error.path) }
    }
}
