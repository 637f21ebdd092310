//! A vendor, and the operations it has.

use std::borrow::Cow;

use http::HeaderMap;
use llm_types::{
    ChatChunk, ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, RerankRequest, RerankResponse,
    UnixMs,
};

use crate::{
    Allowances, Call, Decoded, Decoder, Demands, Dialect, EncodeError, Encoded, Login, ParameterInfo,
    Parameters, Relay, Secret, UpstreamError,
};

/// An endpoint family: what is asked, answered and streamed.
pub trait Operation: 'static {
    /// What is asked.
    type Request;
    /// What is answered.
    type Response;
    /// A piece of a streamed answer.
    type Chunk: Send + Unpin;

    /// A whole answer in pieces, as a stream would have brought it; none for an operation without streams.
    fn chunks(_answer: Self::Response) -> Vec<Self::Chunk> {
        Vec::new()
    }
}

/// Chat.
#[derive(Debug, Clone, Copy)]
pub struct Chat;

impl Operation for Chat {
    type Request = ChatRequest;
    type Response = ChatResponse;
    type Chunk = ChatChunk;

    fn chunks(answer: ChatResponse) -> Vec<ChatChunk> {
        crate::chunks(answer)
    }
}

/// Counting the tokens of a chat request without answering it.
#[derive(Debug, Clone, Copy)]
pub struct CountTokens;

impl Operation for CountTokens {
    type Request = ChatRequest;
    type Response = TokenCount;
    type Chunk = std::convert::Infallible;
}

/// Vectors for texts.
#[derive(Debug, Clone, Copy)]
pub struct Embeddings;

impl Operation for Embeddings {
    type Request = EmbeddingRequest;
    type Response = EmbeddingResponse;
    type Chunk = std::convert::Infallible;
}

/// Documents in order of their relevance to a question.
#[derive(Debug, Clone, Copy)]
pub struct Rerank;

impl Operation for Rerank {
    type Request = RerankRequest;
    type Response = RerankResponse;
    type Chunk = std::convert::Infallible;
}

/// How many tokens a request would read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCount {
    /// Tokens.
    pub input_tokens: u64,
    /// Who counted, or by what; empty for the vendor itself.
    pub tokenizer: Cow<'static, str>,
}

impl TokenCount {
    /// A count of the vendor's.
    pub const fn new(input_tokens: u64) -> Self {
        Self { input_tokens, tokenizer: Cow::Borrowed("") }
    }
}

/// One vendor. Operations it lacks stay `None`, so adding one breaks nobody.
pub trait Provider: Send + Sync {
    /// Who it is and how it is reached.
    fn info(&self) -> &VendorInfo;

    /// Chat.
    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        None
    }

    /// Counting tokens.
    fn count_tokens(&self) -> Option<&dyn Translator<CountTokens>> {
        None
    }

    /// Vectors for texts.
    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        None
    }

    /// How many inputs one request for vectors may hold; more are sent in several requests.
    fn max_embedding_inputs(&self, _model: &str) -> usize {
        usize::MAX
    }

    /// Ranking documents.
    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        None
    }

    /// Whether the vendor wants what is at this address as bytes in the request, and does not fetch it itself.
    fn wants_fetched(&self, _url: &str) -> bool {
        false
    }

    /// Whether the vendor, although it [wants what is there as bytes](Provider::wants_fetched), can read this address
    /// itself, so that what could not be fetched is left to it.
    fn reads_address(&self, _url: &str) -> bool {
        false
    }

    /// How this model, at this address if it is not the usual one, takes the beginning of an answer, to go on with it;
    /// `None` if it has to be asked to.
    fn prefill(&self, _model: &str, _base_url: Option<&str>) -> Option<Prefill> {
        None
    }

    /// What it refuses conversations with this model for.
    fn demands(&self, _model: &str) -> Demands {
        Demands::default()
    }

    /// How a credential is got, where `key` is not the credential itself.
    ///
    /// # Errors
    /// In words: settings that contradict each other, or a key that is none.
    fn login(
        &self,
        _parameters: &Parameters,
        _key: Option<&Secret>,
    ) -> Result<Option<Box<dyn Login>>, String> {
        Ok(None)
    }

    /// What an answer's headers say is left of the vendor's limits, whatever the answer's status.
    fn allowances(&self, _headers: &HeaderMap, _now: UnixMs) -> Allowances {
        Allowances::default()
    }

    /// Requests in this dialect passed through as bytes.
    fn relay(&self, _dialect: Dialect) -> Option<&dyn Relay> {
        None
    }
}

/// How a vendor takes the beginning of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefill {
    /// It is the last message of the conversation.
    LastMessage,
    /// The same, with this member set to true.
    Member(Cow<'static, str>),
}

/// One operation in one vendor's dialect. Same input, same output.
pub trait Translator<O: Operation>: Send + Sync {
    /// Writes a request.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] when the request needs what the vendor lacks and `call.unsupported` is
    /// [`Reject`](crate::OnUnsupported::Reject).
    fn encode(&self, request: &O::Request, call: &Call<'_>) -> Result<Encoded, EncodeError>;

    /// Reads a whole answer of any status.
    ///
    /// # Errors
    /// What the vendor said, sorted into an [`ErrorKind`](llm_types::ErrorKind).
    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<O::Response>, UpstreamError>;

    /// A fresh decoder for one streamed answer. For an operation without streams, `StreamDecoder::sse(NeverStreams::default())`.
    fn decoder(&self) -> Box<dyn Decoder<O>>;
}

/// Who a vendor is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VendorInfo {
    /// The name before the slash in `vendor/model`.
    pub id: Cow<'static, str>,
    /// Other names that may stand there.
    pub aliases: Vec<Cow<'static, str>>,
    /// The name for people.
    pub name: Cow<'static, str>,
    /// Environment variables that may hold the key; the first that is set wins. Empty: needs no key.
    pub key_variables: Vec<Cow<'static, str>>,
    /// Environment variables that may hold the address.
    pub base_url_variables: Vec<Cow<'static, str>>,
    /// The usual address; empty if there is none.
    pub base_url: Cow<'static, str>,
    /// Settings beside model, key and address.
    pub parameters: Vec<ParameterInfo>,
    /// Headers of a client's that speak to this vendor and are handed on to it, in lower case.
    pub client_headers: Vec<Cow<'static, str>>,
    /// The page that the facts come from.
    pub docs: Cow<'static, str>,
    /// Whether it can be used without a key: it logs in by its settings, or needs none.
    pub key_optional: bool,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// What a vendor's wire can carry; a model may have less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact")]
pub struct Capabilities {
    /// Streaming.
    pub streaming: bool,
    /// Tools.
    pub tools: bool,
    /// Images in.
    pub images: bool,
    /// Documents in.
    pub documents: bool,
    /// Thinking.
    pub reasoning: bool,
    /// JSON by schema.
    pub json_schema: bool,
    /// Counting tokens at the vendor.
    pub count_tokens: bool,
}
