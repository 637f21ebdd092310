//! Operations that are asked and answered whole: vectors, rankings, counts of tokens.

use std::sync::Arc;

use http::HeaderMap;
use llm_provider_core::{
    Call, CountTokens, Embeddings, Incoming, Note, NoteKind, Operation, Rerank, Seen, TokenCount, Translator,
    WholeIngress,
};
use llm_tokens::Encoding;
use llm_transport::{CallOptions, FollowUp};
use llm_types::{
    ApiError, ChatRequest, EmbeddingRequest, EmbeddingResponse, ErrorKind, Extra, Layer, RerankMeta, Usage,
};
use serde_json::Value;

use super::attempt::{Asked, decode_whole, lacks, send, weigh_losses};
use super::book::Book;
use super::edits;
use super::{Door, Request, payload_bytes};
use crate::app::App;
use crate::deployment::Deployment;
use crate::pricing;
use crate::services::count;
use crate::serving::Serving;

/// One attempt at one deployment.
pub(super) struct Attempt<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) serving: &'a Serving,
    pub(super) deployment: &'a Deployment,
    pub(super) request: &'a Request<'a>,
    pub(super) call: Call<'a>,
    pub(super) options: CallOptions,
}

impl Attempt<'_> {
    /// Asks what the route asks.
    pub(super) async fn through(&self, door: Door, book: &mut Book<'_>) -> Result<Asked, ApiError> {
        match door {
            Door::Chat => Err(lacks(self.deployment, "chat that is not chat")),
            Door::CountTokens(ingress) => self.count(ingress, book).await,
            Door::Embeddings(ingress) => self.embed(ingress, book).await,
            Door::Rerank(ingress) => self.rank(ingress, book).await,
        }
    }

    /// Counts tokens: at the vendor where it can, here otherwise.
    async fn count(
        &self,
        ingress: &dyn WholeIngress<CountTokens>,
        book: &mut Book<'_>,
    ) -> Result<Asked, ApiError> {
        let (request, notes) = self.edited(ingress.read(&self.request.ask.body.bytes)?)?;
        let (request, count, headers) = match self.deployment.provider.count_tokens() {
            Some(translator) => {
                let (mut count, headers) = self.ask(translator, &request, notes, book).await?;
                count.tokenizer = format!("{}_api", self.deployment.provider_name).into();
                (request, count, headers)
            }
            None => {
                let is_prompt = self.request.peek.has("prompt") && !self.request.peek.has("messages");
                let how = if is_prompt { count::words } else { count::tokens };
                let (request, count) = count_here(request, self.deployment.encoding, how).await?;
                let detail = match self.deployment.encoding {
                    Some(encoding) => format!("counted by the gateway, with {}", encoding.name()),
                    None => "estimated by the gateway; this vendor cannot be asked".to_owned(),
                };
                book.note(vec![Note::new(NoteKind::Converted, "input_tokens", detail)]);
                (request, count, HeaderMap::new())
            }
        };
        let outgoing = ingress.write(&request, &count, &self.request.reply);
        book.note(outgoing.notes);
        let seen = Box::new(Seen { complete: true, ..Seen::default() });
        Ok(Asked::Whole { body: outgoing.body, headers, seen, reading: None })
    }

    /// Makes vectors, in as many requests as the vendor's limit demands.
    async fn embed(
        &self,
        ingress: &dyn WholeIngress<Embeddings>,
        book: &mut Book<'_>,
    ) -> Result<Asked, ApiError> {
        let Some(translator) = self.deployment.provider.embeddings() else {
            return Err(lacks(self.deployment, "embeddings"));
        };
        let (request, mut notes) = self.edited(ingress.read(&self.request.ask.body.bytes)?)?;
        let limit = self.deployment.provider.max_embedding_inputs(&self.deployment.model);
        let mut whole: Option<EmbeddingResponse> = None;
        let mut headers = HeaderMap::new();
        let mut asked = 0;
        for input in request.input.pieces(limit) {
            let inputs = input.len();
            let piece = EmbeddingRequest { input, ..request.clone() };
            let (answer, head) = self.ask(translator, &piece, std::mem::take(&mut notes), book).await?;
            headers = head;
            if inputs < request.input.len() {
                // Paid for, whatever becomes of the others.
                book.answered_part(Seen {
                    complete: true,
                    usage: answer.usage.get().cloned(),
                    model: answer.model.get().cloned(),
                    ..Seen::default()
                });
            }
            match &mut whole {
                None => whole = Some(answer),
                Some(whole) => whole.append(answer, asked),
            }
            asked += inputs;
        }
        let mut whole =
            whole.unwrap_or_else(|| EmbeddingResponse::new(&self.request.reply.model, Vec::new()));
        let usage = whole.usage.get().cloned();
        if usage.is_none() {
            // Some vendors count nothing here; the client is told what is booked.
            let asked = self.request.ask.body.bytes.len() as u64;
            whole.usage = pricing::estimated_usage(None, 0, asked).into();
            book.note(vec![pricing::estimate_note(None)]);
        }
        let outgoing = ingress.write(&request, &whole, &self.request.reply);
        book.note(outgoing.notes);
        let seen = Seen { complete: true, usage, model: whole.model.into_option(), ..Seen::default() };
        Ok(Asked::Whole { body: outgoing.body, headers, seen: Box::new(seen), reading: None })
    }

    /// Ranks documents.
    async fn rank(&self, ingress: &dyn WholeIngress<Rerank>, book: &mut Book<'_>) -> Result<Asked, ApiError> {
        let Some(translator) = self.deployment.provider.rerank() else {
            return Err(lacks(self.deployment, "rerank"));
        };
        let (request, notes) = self.edited(ingress.read(&self.request.ask.body.bytes)?)?;
        let (answer, headers) = self.ask(translator, &request, notes, book).await?;
        let outgoing = ingress.write(&request, &answer, &self.request.reply);
        book.note(outgoing.notes);
        let usage = Some(usage_of(answer.meta.get()));
        let seen = Seen { complete: true, usage, model: answer.model.into_option(), ..Seen::default() };
        Ok(Asked::Whole { body: outgoing.body, headers, seen: Box::new(seen), reading: None })
    }

    /// The request as the configuration wants it, and what is said of it so far.
    fn edited<T: HasExtra>(&self, incoming: Incoming<T>) -> Result<(T, Vec<Note>), ApiError> {
        let Incoming { request, mut notes } = incoming;
        let edited = edits::edit_tree(self.request, self.deployment, &request, request.extra(), &mut notes)?;
        Ok((edited.unwrap_or(request), notes))
    }

    /// Sends one request and reads the answer.
    async fn ask<O: Operation>(
        &self,
        translator: &dyn Translator<O>,
        request: &O::Request,
        mut notes: Vec<Note>,
        book: &mut Book<'_>,
    ) -> Result<(O::Response, HeaderMap), ApiError> {
        let encoded = translator.encode(request, &self.call)?;
        notes.extend(encoded.notes);
        weigh_losses(self.serving, self.deployment, self.request, book, &notes, self.call.unsupported)?;
        book.note(notes);
        let (parts, payload) = encoded.request.into_parts();
        let upstream = http::Request::from_parts(parts, payload_bytes(payload)?);
        let follow_up = FollowUp::new(&upstream, self.options);
        let response = send(self.app, self.deployment, book, upstream, self.options, false).await?;
        let limit = self.serving.max_answer_bytes;
        decode_whole(self.app, self.deployment, book, translator, response, &follow_up, limit).await
    }
}

/// What a ranking took: tokens, or searches. A vendor that says nothing has searched once.
fn usage_of(meta: Option<&RerankMeta>) -> Usage {
    let billed = meta.and_then(|meta| meta.billed_units.get());
    let tokens = meta.and_then(|meta| meta.tokens.get());
    let read = tokens.and_then(|tokens| tokens.input_tokens.get());
    let read = read.or_else(|| billed.and_then(|billed| billed.total_tokens.get())).cloned();
    let written = tokens.and_then(|tokens| tokens.output_tokens.get()).cloned();
    let searches = billed.and_then(|billed| billed.search_units.get()).cloned();
    let searches = searches.or_else(|| read.is_none().then(|| 1.into()));
    let mut usage = Usage {
        completion_tokens: written.unwrap_or_else(|| 0.into()).into(),
        prompt_tokens: read.unwrap_or_else(|| 0.into()).into(),
        ..Usage::default()
    };
    usage.extra.extend(searches.map(|searches| (Usage::SEARCH_UNITS.to_owned(), Value::Number(searches))));
    usage
}

/// Counts here, apart from the threads that serve requests.
async fn count_here(
    request: ChatRequest,
    encoding: Option<Encoding>,
    how: fn(&ChatRequest, Option<Encoding>) -> TokenCount,
) -> Result<(ChatRequest, TokenCount), ApiError> {
    let counted = tokio::task::spawn_blocking(move || {
        let count = how(&request, encoding);
        (request, count)
    });
    counted.await.map_err(|error| ApiError::new(ErrorKind::Internal, Layer::Gateway, error.to_string()))
}

/// Requests with members that nobody has named.
trait HasExtra: serde::Serialize + serde::de::DeserializeOwned {
    fn extra(&self) -> &Extra;
}

impl HasExtra for ChatRequest {
    fn extra(&self) -> &Extra {
        &self.extra
    }
}

impl HasExtra for EmbeddingRequest {
    fn extra(&self) -> &Extra {
        &self.extra
    }
}

impl HasExtra for llm_types::RerankRequest {
    fn extra(&self) -> &Extra {
        &self.extra
    }
}
