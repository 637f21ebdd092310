//! [`Compat`]: a vendor made of a row.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use llm_provider_core::{
    Allowances, Call, Chat, Decoded, Decoder, Dialect, Edit, Embeddings, EncodeError, Encoded, Framing,
    Listener, NoteKind, Peek, Prefill, Provider, Relay, RelayOperation, Rerank, StreamDecoder, Translator,
    UpstreamError, VendorInfo,
};
use llm_provider_openai::{
    ByModel, Changes, ChatRelay, ChatWire, EmbeddingOptions, EmbeddingWire, MessageGlance, Replay,
    ResponsesOptions, ResponsesRelay, ResponsesWire, is_responses_model,
};
use llm_types::{ChatRequest, ChatResponse, Nullable, UnixMs};

use crate::rerank::RerankWire;
use crate::row::Told;
use crate::whole::Whole;
use crate::{Capability, RowError, VendorOperation, VendorRow, quirk};

/// A vendor that speaks OpenAI chat.
///
/// Where it has the Responses API too, a model named `responses/…` is asked by that, without the prefix.
#[derive(Debug, Clone)]
pub struct Compat {
    row: Arc<VendorRow>,
    info: VendorInfo,
    wire: ChatWire,
    relay: CompatRelay,
    /// Chat by either API, for a vendor that has both.
    by_model: Option<ByModel>,
    responses: ResponsesRelay,
    embeddings: EmbeddingWire,
    rerank: RerankWire,
    told: Told,
}

/// Requests that pass through as bytes, unless a quirk touches them.
#[derive(Debug, Clone)]
struct CompatRelay {
    row: Arc<VendorRow>,
    relay: ChatRelay,
}

/// Vectors as all of these vendors make them: numbers, whatever else the client wants to be told; a client that wants
/// base64 gets it from the gateway.
fn embeddings(row: &VendorRow) -> EmbeddingOptions {
    EmbeddingOptions {
        base64: false,
        tokens: true,
        input_type: true,
        dimensions: Some("dimensions"),
        max_inputs: row.max_inputs.unwrap_or(EmbeddingOptions::default().max_inputs),
    }
}

/// Whether the Responses API can be asked. Where the vendor names models otherwise, the body would have to be written anew.
fn has_responses(row: &VendorRow) -> bool {
    row.has(VendorOperation::Responses) && row.model_prefix.is_empty()
}

impl Compat {
    /// The vendor of a row.
    ///
    /// # Errors
    /// [`RowError`] if the row makes no sense.
    pub fn new(row: VendorRow) -> Result<Self, RowError> {
        row.check()?;
        let wire = row.wire()?;
        let row = Arc::new(row);
        let chat = ChatWire::new(wire.clone());
        let responses =
            ResponsesOptions { wire: wire.clone(), vendor: row.id.clone(), ..ResponsesOptions::default() };
        let by_model = || ByModel::new(chat.clone(), ResponsesWire::new(responses.clone()));
        Ok(Self {
            info: row.info(),
            by_model: has_responses(&row).then(by_model),
            wire: chat,
            relay: CompatRelay { row: Arc::clone(&row), relay: ChatRelay::new(wire.clone()) },
            responses: ResponsesRelay::new(responses),
            embeddings: EmbeddingWire::new(wire.clone(), embeddings(&row)),
            rerank: RerankWire::new(wire, row.rerank.clone()),
            told: row.told()?,
            row,
        })
    }

    /// The row.
    pub fn row(&self) -> &VendorRow {
        &self.row
    }
}

impl Provider for Compat {
    fn info(&self) -> &VendorInfo {
        &self.info
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        self.row.has(VendorOperation::Chat).then_some(self as _)
    }

    fn embeddings(&self) -> Option<&dyn Translator<Embeddings>> {
        self.row.has(VendorOperation::Embeddings).then_some(&self.embeddings as _)
    }

    fn max_embedding_inputs(&self, _model: &str) -> usize {
        self.embeddings.options().max_inputs
    }

    fn rerank(&self) -> Option<&dyn Translator<Rerank>> {
        self.row.has(VendorOperation::Rerank).then_some(&self.rerank as _)
    }

    fn prefill(&self, _model: &str, base_url: Option<&str>) -> Option<Prefill> {
        let rule = self.row.prefill.as_ref()?;
        let address = base_url.unwrap_or(&self.row.base_url).trim_end_matches('/');
        address.ends_with(&rule.only_at).then(|| match rule.member.as_str() {
            "" => Prefill::LastMessage,
            member => Prefill::Member(member.to_owned().into()),
        })
    }

    fn allowances(&self, headers: &HeaderMap, now: UnixMs) -> Allowances {
        self.told.read(headers, now)
    }

    fn relay(&self, dialect: Dialect) -> Option<&dyn Relay> {
        match dialect {
            Dialect::OpenAiChat if self.row.has(VendorOperation::Chat) => Some(&self.relay),
            Dialect::OpenAiResponses if has_responses(&self.row) => Some(&self.responses),
            _ => None,
        }
    }
}

impl Translator<Chat> for Compat {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        if let Some(by_model) = self.by_model.as_ref().filter(|_| is_responses_model(call.model)) {
            return by_model.encode(request, call);
        }
        let mut changes = Changes::new(call);
        let mut request = Cow::Borrowed(request);
        let row = &*self.row;
        quirk::nearest_effort(&row.efforts, &mut request, &mut changes);
        for quirk in &row.quirks {
            quirk.apply(&mut request, call, &mut changes);
        }
        if let Some(limit) = row.max_temperature {
            quirk::lower_temperature(limit, &mut request, &mut changes);
        }
        if !row.can(Capability::Streaming) {
            ask_for_all(&mut request, &mut changes);
        }
        let target = row.target(call)?;
        let base_url = target.base_url.as_deref().or(call.base_url);
        self.wire.encode_changed(&request, &Call { model: &target.model, base_url, ..call.clone() }, changes)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        match &self.by_model {
            Some(by_model) => by_model.decode(response),
            None => self.wire.decode(response),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        if self.row.can(Capability::Streaming) {
            self.by_model.as_ref().map_or_else(|| self.wire.decoder(), Translator::decoder)
        } else {
            Box::new(StreamDecoder::new(Framing::Lines, Whole::new(self.wire.clone())))
        }
    }
}

/// Asks a vendor that does not stream for the answer in one piece, of which [`Whole`] makes a stream.
fn ask_for_all(request: &mut Cow<'_, ChatRequest>, changes: &mut Changes<'_>) {
    if request.streams() {
        changes.note(NoteKind::Converted, "stream", "the vendor answers in one piece only");
        request.to_mut().stream = Nullable::Absent;
    }
    if !request.stream_options.is_absent() {
        changes.note(NoteKind::Converted, "stream_options", "an answer in one piece has its usage");
        request.to_mut().stream_options = Nullable::Absent;
    }
}

impl Relay for CompatRelay {
    fn dialect(&self) -> Dialect {
        self.relay.dialect()
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let row = &self.row;
        if has_responses(row) && is_responses_model(call.model) {
            return None;
        }
        let hot = row.max_temperature.is_some_and(|limit| {
            peek.get::<f64>("temperature").ok().flatten().is_some_and(|temperature| temperature > limit)
        });
        let effort = peek.get::<Cow<'_, str>>("reasoning_effort").ok().flatten();
        let rare = effort.is_some_and(|effort| row.efforts.contains_key(&*effort));
        let whole = !row.can(Capability::Streaming) && (peek.has("stream") || peek.has("stream_options"));
        // Thinking that answers tell under another name than the field's is told under that name too.
        let thinks_apart =
            row.thinks_apart || row.can(Capability::Reasoning) && row.replay != Replay::ReasoningContent;
        if hot || rare || whole || thinks_apart || !row.target(call).is_ok_and(|target| target.is_plain()) {
            return None;
        }
        if !row.quirks.is_empty() {
            let messages = if row.quirks.iter().any(|quirk| quirk.reads_messages()) {
                MessageGlance::all(peek)?
            } else {
                Vec::new()
            };
            if row.quirks.iter().any(|quirk| quirk.touches(peek, &messages)) {
                return None;
            }
        }
        self.relay.edits(peek, call)
    }

    fn takes_include_usage(&self) -> bool {
        self.relay.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        self.relay.head(operation, call)
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.relay.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.relay.listener()
    }
}
