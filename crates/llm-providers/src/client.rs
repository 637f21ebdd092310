//! The unified client: `chat("anthropic/claude-…", messages)`, its streaming twin, vectors and rankings.

mod account;
mod builder;
mod error;

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use llm_provider_core::{Chat, Encoded, Note, OnUnsupported, Operation, Translator, vectors};
use llm_transport::{
    Answer, CallError, CallOptions, ChunkError, ChunkStream, Clock, Fetcher, inline_or_hand_on,
};
use llm_types::{
    ChatChunk, ChatRequest, ChatResponse, EmbeddingInput, EmbeddingRequest, EmbeddingResponse,
    EncodingFormat, Message, Nullable, RerankRequest, RerankResponse,
};
use serde_json::Value;

pub use self::account::Account;
use self::account::{Entry, Target};
pub use self::builder::ClientBuilder;
pub use self::error::ClientError;
use crate::bare_name_vendor;

/// Asks models of any vendor through one interface.
///
/// A model is named `vendor/model`; well-known names such as `gpt-4o` need no vendor. Logs in where a vendor wants
/// it, and fetches remote media for vendors that do not. Makes one attempt per call: retries and fallbacks are the
/// router's.
#[derive(Clone)]
pub struct Client {
    client: llm_transport::Client,
    entries: Arc<HashMap<String, Arc<Entry>>>,
    options: CallOptions,
    unsupported: OnUnsupported,
    fetcher: Arc<Fetcher>,
    clock: Clock,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("accounts", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for every vendor that is built in, with keys, addresses and settings from the environment, through
    /// the proxies that the environment names.
    ///
    /// # Errors
    /// [`ClientError::Transport`] if the environment names a proxy that is none.
    pub fn from_env() -> Result<Self, ClientError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "reading the environment is what this constructor is for"
        )]
        let variable = |name: &str| std::env::var(name).ok();
        Self::builder().variables(&variable).build()
    }

    /// A client made step by step.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Asks a model.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn chat(
        &self,
        model: &str,
        messages: impl Into<Vec<Message>>,
    ) -> Result<ChatResponse, ClientError> {
        Ok(self.send(ChatRequest::new(model, messages.into())).await?.value)
    }

    /// Asks a model; the answer comes in chunks.
    ///
    /// # Errors
    /// [`ClientError`] for what goes wrong before the answer begins.
    pub async fn chat_stream(
        &self,
        model: &str,
        messages: impl Into<Vec<Message>>,
    ) -> Result<ChatStream, ClientError> {
        self.stream(ChatRequest::new(model, messages.into())).await
    }

    /// Sends a whole request. The answer comes with notes on what could not be said to the vendor as it was asked.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn send(&self, mut request: ChatRequest) -> Result<Answer<ChatResponse>, ClientError> {
        request.stream = Nullable::Absent;
        let name = request.model.clone();
        let target = self.target(&name).await?;
        let chat = target.provider().chat().ok_or_else(|| target.lacks("chat"))?;
        let notes = self.fetch(&target, &mut request).await?;
        let answer = self.ask(&target, chat, &request).await?;
        Ok(Answer { notes: joined(notes, answer.notes), ..answer })
    }

    /// Sends a whole request; the answer comes in chunks, usage in the last.
    ///
    /// # Errors
    /// [`ClientError`] for what goes wrong before the answer begins.
    pub async fn stream(&self, mut request: ChatRequest) -> Result<ChatStream, ClientError> {
        request.stream = Nullable::Value(true);
        let name = request.model.clone();
        let target = self.target(&name).await?;
        let chat = target.provider().chat().ok_or_else(|| target.lacks("chat"))?;
        let notes = self.fetch(&target, &mut request).await?;
        let call = target.call(self.unsupported, (self.clock)());
        let chunks = self.client_of(&target).stream(chat, &request, &call, self.options).await;
        let chunks = chunks.inspect_err(|error| target.heed(error))?;
        Ok(ChatStream { notes: joined(notes, chunks.notes().to_vec()), chunks })
    }

    /// Makes vectors, in numbers.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn embeddings(
        &self,
        model: &str,
        input: EmbeddingInput,
    ) -> Result<EmbeddingResponse, ClientError> {
        Ok(self.embed(EmbeddingRequest::new(model, input)).await?.value)
    }

    /// Sends a whole request for vectors, in as many pieces as the vendor's limit demands, one after the other. The
    /// vectors come in the order and the form that was asked for; usage is the sum.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn embed(&self, request: EmbeddingRequest) -> Result<Answer<EmbeddingResponse>, ClientError> {
        let target = self.target(&request.model).await?;
        let translator = target.provider().embeddings().ok_or_else(|| target.lacks("embeddings"))?;
        let mut pieces =
            request.input.pieces(target.provider().max_embedding_inputs(target.model)).into_iter();
        let mut piece = request.clone();
        piece.input = pieces.next().unwrap_or(piece.input);
        let mut answer = self.ask(&target, translator, &piece).await?;
        let mut asked = piece.input.len();
        for input in pieces {
            piece.input = input;
            answer.value.append(self.ask(&target, translator, &piece).await?.value, asked);
            asked += piece.input.len();
        }
        let base64 = request.encoding_format.get() == Some(&EncodingFormat::Base64);
        for embedding in &mut answer.value.data {
            vectors::write_as(&mut embedding.embedding, base64);
        }
        Ok(answer)
    }

    /// Ranks documents, texts or objects, by their relevance to `query`.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn rerank(
        &self,
        model: &str,
        query: &str,
        documents: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Result<RerankResponse, ClientError> {
        let documents = documents.into_iter().map(Into::into).collect();
        Ok(self.rank(RerankRequest::new(model, query, documents)).await?.value)
    }

    /// Sends a whole request for a ranking.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn rank(&self, request: RerankRequest) -> Result<Answer<RerankResponse>, ClientError> {
        let target = self.target(&request.model).await?;
        let translator = target.provider().rerank().ok_or_else(|| target.lacks("rankings"))?;
        self.ask(&target, translator, &request).await
    }

    /// What [`send`](Self::send) would send, with `***` in the place of every credential. Nobody is asked: no login, and
    /// remote media stay addresses.
    ///
    /// # Errors
    /// [`ClientError`], where the request cannot be said to the vendor.
    pub fn encode(&self, request: &ChatRequest) -> Result<Encoded, ClientError> {
        let (entry, model) = self.entry(&request.model)?;
        let target = Target { entry, model, credential: entry.masked() };
        let chat = target.provider().chat().ok_or_else(|| target.lacks("chat"))?;
        let call = target.call(self.unsupported, (self.clock)());
        Ok(chat.encode(request, &call).map_err(CallError::from)?)
    }

    /// Timeouts and protocol of every call.
    pub const fn call_options(&self) -> CallOptions {
        self.options
    }

    /// The same client with other timeouts and another protocol.
    #[must_use]
    pub fn with_call_options(&self, options: CallOptions) -> Self {
        Self { options, ..self.clone() }
    }

    /// The vendor behind a model's name, the name without the vendor, and the credential.
    async fn target<'a>(&'a self, name: &'a str) -> Result<Target<'a>, ClientError> {
        let (entry, model) = self.entry(name)?;
        Ok(Target { entry, model, credential: entry.credential().await? })
    }

    fn entry<'a>(&'a self, name: &'a str) -> Result<(&'a Entry, &'a str), ClientError> {
        let (vendor, model) = match name.split_once('/') {
            Some((vendor, model)) if self.entries.contains_key(vendor) => (vendor, model),
            _ => (bare_name_vendor(name).unwrap_or_default(), name),
        };
        let entry = self.entries.get(vendor).ok_or_else(|| ClientError::UnknownModel(name.to_owned()))?;
        Ok((entry, model))
    }

    /// Fetches the media that the vendor wants as bytes.
    async fn fetch(&self, target: &Target<'_>, request: &mut ChatRequest) -> Result<Vec<Note>, ClientError> {
        let wants = |url: &str| target.provider().wants_fetched(url);
        let reads = |url: &str| target.provider().reads_address(url);
        Ok(inline_or_hand_on(request, wants, reads, &self.fetcher, &|_| true).await?)
    }

    async fn ask<O: Operation>(
        &self,
        target: &Target<'_>,
        translator: &dyn Translator<O>,
        request: &O::Request,
    ) -> Result<Answer<O::Response>, ClientError> {
        let call = target.call(self.unsupported, (self.clock)());
        let answer = self.client_of(target).send(translator, request, &call, self.options).await;
        Ok(answer.inspect_err(|error| target.heed(error))?)
    }

    fn client_of(&self, target: &Target<'_>) -> llm_transport::Client {
        match &target.entry.account.service {
            Some(service) => llm_transport::Client::new(Arc::clone(service)),
            None => self.client.clone(),
        }
    }
}

fn joined(mut notes: Vec<Note>, more: Vec<Note>) -> Vec<Note> {
    notes.extend(more);
    notes
}

/// An answer in chunks. An error is its last item.
#[derive(Debug)]
pub struct ChatStream {
    chunks: ChunkStream<Chat>,
    notes: Vec<Note>,
}

impl ChatStream {
    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`ChunkError`] if the stream broke.
    pub async fn next(&mut self) -> Option<Result<ChatChunk, ChunkError>> {
        self.chunks.next().await
    }

    /// What could not be said to the vendor as it was asked.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Status, headers and version of the vendor's answer.
    pub const fn head(&self) -> &http::response::Parts {
        self.chunks.head()
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatChunk, ChunkError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.chunks).poll_next(cx)
    }
}
