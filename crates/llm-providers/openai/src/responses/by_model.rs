//! [`ByModel`]: chat completions, or the Responses API for models whose name asks for it.

use llm_provider_core::{
    Call, Chat, Decoded, Decoder, Dialect, Edit, EncodeError, Encoded, Interpret, Listener, Outbox, Peek,
    Relay, RelayOperation, SseEvent, StreamDecoder, Translator, UpstreamError,
};
use llm_types::{ChatChunk, ChatRequest, ChatResponse};
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::chat::{ResponsesInterpret, ResponsesWire};
use crate::{ChatInterpret, ChatRelay, ChatWire};

/// What precedes the name of a model that is asked by the Responses API, as LiteLLM writes it.
const PREFIX: &str = "responses/";

/// The model's own name, if it is to be asked by the Responses API.
pub(super) fn bare(model: &str) -> Option<&str> {
    model.strip_prefix(PREFIX)
}

/// Whether a model's name asks for the Responses API.
pub fn is_responses_model(model: &str) -> bool {
    bare(model).is_some()
}

/// Chat for a vendor that has both APIs: a model named `responses/…` is asked by the Responses API, without the
/// prefix, every other by chat completions.
#[derive(Debug, Clone)]
pub struct ByModel {
    chat: ChatWire,
    responses: ResponsesWire,
}

impl ByModel {
    /// Of the two.
    pub const fn new(chat: ChatWire, responses: ResponsesWire) -> Self {
        Self { chat, responses }
    }
}

impl Translator<Chat> for ByModel {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        match bare(call.model) {
            Some(model) => self.responses.encode(request, &Call { model, ..call.clone() }),
            None => self.chat.encode(request, call),
        }
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        // Only one of the two answers with `output`; failures are the same in both.
        #[derive(Deserialize)]
        struct Glance {
            output: Option<IgnoredAny>,
            choices: Option<IgnoredAny>,
        }
        let body = *response.body();
        let may_be = memmem::find(body, b"\"output\"").is_some();
        match may_be.then(|| serde_json::from_slice::<Glance>(body)) {
            Some(Ok(Glance { output: Some(_), choices: None })) => self.responses.decode(response),
            _ => self.chat.decode(response),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::new(StreamDecoder::sse(Either {
            chat: self.chat.interpret(),
            responses: self.responses.interpret(),
            is_responses: None,
        }))
    }
}

/// Reads the stream of whichever API answers: the first event tells.
#[derive(Debug)]
struct Either {
    chat: ChatInterpret,
    responses: ResponsesInterpret,
    is_responses: Option<bool>,
}

/// Whether an event is of the Responses API; `None` if it tells neither.
fn is_responses(event: &SseEvent<'_>) -> Option<bool> {
    #[derive(Deserialize)]
    struct Glance<'a> {
        #[serde(borrow, default)]
        r#type: Option<std::borrow::Cow<'a, str>>,
        choices: Option<IgnoredAny>,
    }
    if event.event.starts_with(b"response.") {
        return Some(true);
    }
    let glance = serde_json::from_slice::<Glance<'_>>(&event.data).ok()?;
    match glance {
        Glance { choices: Some(_), .. } => Some(false),
        Glance { r#type: Some(kind), .. } if kind.starts_with("response.") => Some(true),
        _ => None,
    }
}

impl Interpret for Either {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        if self.is_responses.is_none() {
            self.is_responses = is_responses(event);
        }
        if self.is_responses == Some(true) {
            self.responses.event(event, out);
        } else {
            self.chat.event(event, out);
        }
    }

    fn is_complete(&self) -> bool {
        if self.is_responses == Some(true) { self.responses.is_complete() } else { self.chat.is_complete() }
    }
}

/// [`ChatRelay`] for a vendor that has both APIs: a model named `responses/…` is not passed through but translated.
#[derive(Debug, Clone)]
pub struct ByModelRelay(ChatRelay);

impl ByModelRelay {
    /// Around the relay for all other models.
    pub const fn new(relay: ChatRelay) -> Self {
        Self(relay)
    }
}

impl Relay for ByModelRelay {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    fn carries(&self, operation: RelayOperation) -> bool {
        self.0.carries(operation)
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if bare(call.model).is_some() { None } else { self.0.edits(peek, call) }
    }

    fn takes_include_usage(&self) -> bool {
        self.0.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        self.0.head(operation, call)
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.0.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.0.listener()
    }
}
