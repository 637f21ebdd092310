//! Any translator over any transport: one request, one answer or one stream.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Request, Response, header, response};
use llm_provider_core::{
    Call, Decoded, Decoder, EncodeError, Encoded, Note, Operation, Payload, StreamError, Translator,
    UpstreamError, header_text,
};
use llm_types::ApiError;

use crate::body::Body;
use crate::error::TransportError;
use crate::follow_up::FollowUp;
use crate::options::CallOptions;
use crate::payload::payload_bytes;
use crate::service::HttpService;

/// Drives translators over a transport. Makes no second attempt at anything: routers do.
#[derive(Clone)]
pub struct Client {
    service: Arc<dyn HttpService>,
    max_answer_bytes: usize,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer<T> {
    /// The answer in canonical form.
    pub value: T,
    /// Status, headers and version of the vendor's answer.
    pub head: response::Parts,
    /// What could not be carried into the request.
    pub notes: Vec<Note>,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The request cannot be said to this vendor. Nothing was sent.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Nobody answered.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The vendor answered no.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// Why a stream of chunks broke.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The vendor broke off, or what it sent cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The connection broke, or time ran out.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Encode(error) => error.into(),
            CallError::Transport(error) => error.into(),
            CallError::Upstream(error) => error.into(),
        }
    }
}

impl From<ChunkError> for ApiError {
    fn from(error: ChunkError) -> Self {
        match error {
            ChunkError::Stream(error) => error.into(),
            ChunkError::Transport(error) => error.into(),
        }
    }
}

/// A streamed answer, chunk by chunk. An error is its last item.
pub struct ChunkStream<O: Operation> {
    head: response::Parts,
    notes: Vec<Note>,
    body: Option<Body>,
    decoder: Box<dyn Decoder<O>>,
    ready: VecDeque<Result<O::Chunk, ChunkError>>,
}

impl Client {
    /// A client over `service`, which reads answers of up to 64 MiB.
    pub fn new(service: Arc<dyn HttpService>) -> Self {
        Self { service, max_answer_bytes: 64 * 1024 * 1024 }
    }

    /// The same client with another limit for answers that are not streamed, and for refusals.
    #[must_use]
    pub fn with_max_answer_bytes(self, max_answer_bytes: usize) -> Self {
        Self { max_answer_bytes, ..self }
    }

    /// The transport.
    pub fn service(&self) -> &Arc<dyn HttpService> {
        &self.service
    }

    /// Asks and reads the whole answer. A vendor that says "not yet" is asked again when it says, within
    /// [`Timeouts::total`](crate::Timeouts::total) for all together.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send<O: Operation>(
        &self,
        translator: &dyn Translator<O>,
        request: &O::Request,
        call: &Call<'_>,
        mut options: CallOptions,
    ) -> Result<Answer<O::Response>, CallError> {
        let Encoded { mut request, notes } = translator.encode(request, call)?;
        let follow_up = FollowUp::new(&request, options);
        loop {
            let (head, body) = self.exchange(request, options).await?.into_parts();
            let body = body.collect(self.max_answer_bytes).await?;
            match decode(translator, &head, &body)? {
                Decoded::Answer(value) => return Ok(Answer { value, head, notes }),
                Decoded::Again { request: next, after_ms } => {
                    (request, options) = follow_up.ready(*next, after_ms).await?;
                }
            }
        }
    }

    /// Asks and reads the answer as it comes. `request` must be one that asks for a stream. A vendor that answers whole
    /// all the same is heard in pieces; one that says where the stream is, is asked there.
    ///
    /// # Errors
    /// [`CallError`] for what goes wrong before the stream begins.
    pub async fn stream<O: Operation>(
        &self,
        translator: &dyn Translator<O>,
        request: &O::Request,
        call: &Call<'_>,
        mut options: CallOptions,
    ) -> Result<ChunkStream<O>, CallError> {
        let Encoded { mut request, notes } = translator.encode(request, call)?;
        let follow_up = FollowUp::new(&request, options);
        let decoder = translator.decoder();
        loop {
            let (head, body) = self.exchange(request, options).await?.into_parts();
            if head.status.is_success() && !is_json(&head.headers) {
                return Ok(ChunkStream { head, notes, body: Some(body), decoder, ready: VecDeque::new() });
            }
            let body = body.collect(self.max_answer_bytes).await?;
            match decode(translator, &head, &body)? {
                Decoded::Answer(answer) if head.status.is_success() => {
                    let ready = O::chunks(answer).into_iter().map(Ok).collect();
                    return Ok(ChunkStream { head, notes, body: None, decoder, ready });
                }
                Decoded::Answer(_) => {
                    let why = "a refusal without an error";
                    return Err(UpstreamError::unreadable(head.status, &body, why).into());
                }
                Decoded::Again { request: next, after_ms } => {
                    (request, options) = follow_up.ready(*next, after_ms).await?;
                }
            }
        }
    }

    async fn exchange(
        &self,
        request: Request<Payload>,
        options: CallOptions,
    ) -> Result<Response<Body>, TransportError> {
        let (parts, payload) = request.into_parts();
        let body = payload_bytes(payload, |_| None)?;
        self.service.call(Request::from_parts(parts, body), options).await
    }
}

/// Whether an answer is one JSON text, and so no stream.
fn is_json(headers: &HeaderMap) -> bool {
    header_text(headers, header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json"))
}

fn decode<O: Operation>(
    translator: &dyn Translator<O>,
    head: &response::Parts,
    body: &Bytes,
) -> Result<Decoded<O::Response>, UpstreamError> {
    let mut response = Response::new(body.as_ref());
    *response.status_mut() = head.status;
    *response.version_mut() = head.version;
    *response.headers_mut() = head.headers.clone();
    translator.decode(response)
}

impl<O: Operation> ChunkStream<O> {
    /// Status, headers and version of the vendor's answer.
    pub const fn head(&self) -> &response::Parts {
        &self.head
    }

    /// What could not be carried into the request.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The next chunk, or `None` when the vendor has said its last word.
    ///
    /// # Errors
    /// [`ChunkError`]; then `None` follows.
    pub async fn next(&mut self) -> Option<Result<O::Chunk, ChunkError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// The body is over; `fault` says how, if not well. A cut after the vendor's last word took nothing away.
    fn end(&mut self, fault: Option<&TransportError>) {
        self.body = None;
        for item in self.decoder.finish() {
            let truncated = matches!(item, Err(StreamError::Truncated));
            self.ready.push_back(match fault {
                Some(fault) if truncated => Err(fault.clone().into()),
                _ => item.map_err(ChunkError::from),
            });
        }
    }
}

impl<O: Operation> Stream for ChunkStream<O> {
    type Item = Result<O::Chunk, ChunkError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.pop_front() {
                if item.is_err() {
                    this.ready.clear();
                    this.body = None;
                }
                return Poll::Ready(Some(item));
            }
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            match ready!(body.poll_data(cx)) {
                Some(Ok(bytes)) => {
                    this.ready.extend(this.decoder.push(bytes).map(|item| item.map_err(ChunkError::from)));
                }
                Some(Err(fault)) => this.end(Some(&fault)),
                None => this.end(None),
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("max_answer_bytes", &self.max_answer_bytes).finish_non_exhaustive()
    }
}

impl<O: Operation> fmt::Debug for ChunkStream<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkStream").field("head", &self.head).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
