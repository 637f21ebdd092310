//! A vendor that speaks the canonical form itself: what the kit is tried on.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Method;
use llm_provider_core::{
    Call, Capabilities, Chat, Decoded, Decoder, EncodeError, Encoded, Interpret, Items, Note, OnUnsupported,
    Outbox, Provider, SseEvent, StreamDecoder, StreamError, Translator, UpstreamError, VendorInfo,
    header_text, retry_after_ms, triage,
};
use llm_types::{ChatChunk, ChatRequest, ChatResponse, Nullable};
use serde_json::Value;

/// The vendor, and its faults.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) info: VendorInfo,
    pub(crate) fault: Fault,
}

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every tool call has index 0.
    IndexZero,
    /// The end of the body counts as the end of the answer.
    NoTruncation,
    /// An event that it does not know breaks the stream.
    StrictEvents,
    /// Every push is taken for whole frames.
    ByPush,
    /// The seed is left out, and nobody hears of it.
    SilentSeed,
    /// The seed is left out, and a note says so.
    NotedSeed,
    /// No two requests have the same bytes.
    Unstable,
    /// The usage is in every chunk.
    UsageEverywhere,
}

impl Plain {
    pub(crate) fn new(fault: Fault) -> Self {
        let capabilities = Capabilities {
            streaming: true,
            tools: true,
            images: true,
            documents: true,
            reasoning: true,
            json_schema: true,
            count_tokens: false,
        };
        let info = VendorInfo {
            id: "plain".into(),
            name: "Plain".into(),
            key_variables: Vec::new(),
            base_url_variables: Vec::new(),
            base_url: "".into(),
            docs: "".into(),
            capabilities,
            ..VendorInfo::default()
        };
        Self { info, fault }
    }
}

impl Provider for Plain {
    fn info(&self) -> &VendorInfo {
        &self.info
    }

    fn chat(&self) -> Option<&dyn Translator<Chat>> {
        Some(self)
    }
}

impl Translator<Chat> for Plain {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut request = request.clone();
        request.model = call.model.to_owned();
        let mut notes = Vec::new();
        if matches!(self.fault, Fault::SilentSeed | Fault::NotedSeed) && request.seed.take().is_some() {
            if call.unsupported == OnUnsupported::Reject {
                return Err(EncodeError::unsupported("seed", "the vendor has no such member"));
            }
            if self.fault == Fault::NotedSeed {
                notes.push(Note::dropped("seed", "the vendor has no such member"));
            }
        }
        if self.fault == Fault::Unstable {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            request.extra.insert("nonce".to_owned(), COUNT.fetch_add(1, Ordering::Relaxed).into());
        }
        let url = format!("{}/chat", call.base_url_or("https://plain.invalid"));
        let body = serde_json::to_vec(&request).unwrap();
        let request = http::Request::builder().method(Method::POST).uri(url).body(body.into()).unwrap();
        Ok(Encoded { request, notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        let body = *response.body();
        if response.status().is_success() {
            return llm_types::from_slice(body)
                .map(Decoded::Answer)
                .map_err(|error| UpstreamError::unreadable(response.status(), body, error));
        }
        let error: Value = serde_json::from_slice(body).unwrap_or_default();
        Err(UpstreamError {
            retry_after_ms: retry_after_ms(response.headers()),
            request_id: header_text(response.headers(), "x-request-id").map(str::to_owned),
            body: Bytes::copy_from_slice(body),
            ..failure(response.status().as_u16(), &error["error"])
        })
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        if self.fault == Fault::ByPush {
            return Box::new(ByPush::new());
        }
        Box::new(StreamDecoder::sse(Read { fault: self.fault, complete: false }))
    }
}

fn failure(status: u16, error: &Value) -> UpstreamError {
    let text = |name: &str| error[name].as_str();
    let kind = triage(status, &[text("code"), text("message")]);
    UpstreamError::new(kind, status, text("message").unwrap_or_default())
}

struct Read {
    fault: Fault,
    complete: bool,
}

impl Interpret for Read {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        if event.data.as_ref() == b"[DONE]" {
            self.complete = true;
            return;
        }
        let tree: Value = match serde_json::from_slice(&event.data) {
            Ok(tree) => tree,
            Err(error) => return out.fail(StreamError::Corrupt(error.to_string())),
        };
        if tree.get("error").is_some() {
            return out.fail(failure(503, &tree["error"]));
        }
        if tree.get("choices").is_none() {
            if self.fault == Fault::StrictEvents {
                out.fail(StreamError::Corrupt("what is this?".to_owned()));
            }
            return;
        }
        let mut chunk: ChatChunk = match llm_types::from_value(tree) {
            Ok(chunk) => chunk,
            Err(error) => return out.fail(StreamError::Corrupt(error.to_string())),
        };
        if self.fault == Fault::UsageEverywhere {
            chunk.usage = Nullable::Value(llm_types::Usage::new(1, 1));
        }
        if self.fault == Fault::IndexZero {
            let choices = chunk.choices.get_mut().into_iter().flatten();
            let deltas = choices.filter_map(|choice| choice.delta.get_mut());
            for call in deltas.filter_map(|delta| delta.tool_calls.get_mut()).flatten() {
                call.index = Nullable::Value(0);
            }
        }
        out.chunk(chunk);
    }

    fn is_complete(&self) -> bool {
        self.complete || self.fault == Fault::NoTruncation
    }
}

/// Forgets at each push what was incomplete before.
struct ByPush(StreamDecoder<Read>);

impl ByPush {
    fn new() -> Self {
        Self(StreamDecoder::sse(Read { fault: Fault::None, complete: true }))
    }
}

impl Decoder<Chat> for ByPush {
    fn push(&mut self, bytes: Bytes) -> Items<'_, ChatChunk> {
        *self = Self::new();
        Decoder::<Chat>::push(&mut self.0, bytes)
    }

    fn finish(&mut self) -> Items<'_, ChatChunk> {
        *self = Self::new();
        Decoder::<Chat>::finish(&mut self.0)
    }
}
