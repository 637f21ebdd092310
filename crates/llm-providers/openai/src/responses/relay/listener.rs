//! [`ResponsesListener`]: reads as little as it can. Only the end, failures and whole answers are read as JSON.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use llm_provider_core::{Heard, Listener, Seen, SseEvent, UpstreamError};
use llm_types::FinishReason;
use memchr::{memchr2, memmem};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::responses::chat::{failed, finish_reason};
use crate::responses::items::Items;
use crate::responses::options::ResponsesOptions;
use crate::responses::usage;
use crate::responses::wire::{IncompleteDetails, Status, Usage};

/// Listens to one answer.
#[derive(Debug)]
pub struct ResponsesListener {
    options: Arc<ResponsesOptions>,
    seen: Seen,
    called: bool,
    failure: Option<UpstreamError>,
    items: Items,
}

/// What is heard of an answer.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    status: Option<Status>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    incomplete_details: Option<IncompleteDetails>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    response: Answer<'a>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
}

impl ResponsesListener {
    /// For one answer.
    pub fn new(options: Arc<ResponsesOptions>) -> Self {
        Self { options, seen: Seen::default(), called: false, failure: None, items: Items::default() }
    }

    fn hear(&mut self, answer: Answer<'_>) {
        if let Some(model) = answer.model.filter(|model| !model.is_empty()) {
            self.seen.model = Some(model.into_owned());
        }
        if let Some(id) = answer.id.filter(|id| !id.is_empty()) {
            self.seen.id = Some(id.into_owned());
        }
        if let Some(told) = &answer.usage {
            self.seen.usage = Some(usage::canonical(told));
        }
        if let Some(output) = answer.output {
            self.called |= calls(output.get());
        }
        if let Some(status @ (Status::Completed | Status::Incomplete)) = &answer.status {
            self.seen.finish_reason =
                Some(finish_reason(status, answer.incomplete_details.as_ref(), self.called));
        }
    }

    fn fail(&mut self, data: &[u8]) -> Heard {
        let value = serde_json::from_slice::<Value>(data)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(data).into_owned()));
        self.failure = Some(failed(&value, data, &self.options.wire.answer.error_codes));
        Heard::Failure
    }

    fn end(&mut self, data: &[u8]) -> Heard {
        if let Ok(frame) = serde_json::from_slice::<Frame<'_>>(data) {
            self.hear(frame.response);
        }
        if self.seen.finish_reason.is_none() {
            self.seen.finish_reason =
                Some(if self.called { FinishReason::ToolCalls } else { FinishReason::Stop });
        }
        self.seen.complete = true;
        Heard::End
    }
}

/// Whether an output holds calls of the client's tools.
fn calls(output: &str) -> bool {
    [r#""function_call""#, r#""custom_tool_call""#]
        .iter()
        .any(|kind| memmem::find(output.as_bytes(), kind.as_bytes()).is_some())
}

impl Listener for ResponsesListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        let event = SseEvent::parse(frame);
        if !event.has_data || event.data.trim_ascii().is_empty() {
            return Heard::Other;
        }
        let kind = if event.event.is_empty() {
            match serde_json::from_slice::<Kind<'_>>(&event.data) {
                Ok(kind) => Cow::Owned(kind.r#type.as_bytes().to_vec()),
                // Some who speak this dialect end a stream as OpenAI's older one ends, or fail as it fails.
                Err(_) if memmem::find(&event.data, b"\"error\"").is_some() => Cow::Borrowed(&b"error"[..]),
                Err(_) => return Heard::Other,
            }
        } else {
            Cow::Borrowed(event.event)
        };
        self.items.hear(&kind, &event.data);
        match kind.as_ref() {
            b"response.completed" | b"response.incomplete" => self.end(&event.data),
            b"response.failed" | b"error" => self.fail(&event.data),
            b"response.created" | b"response.in_progress" | b"response.queued" => {
                if self.seen.model.is_none()
                    && let Ok(frame) = serde_json::from_slice::<Frame<'_>>(&event.data)
                {
                    self.seen.model = frame.response.model.map(Cow::into_owned);
                }
                Heard::Other
            }
            b"response.output_item.added" | b"response.output_item.done" => {
                self.called |= std::str::from_utf8(&event.data).is_ok_and(calls);
                Heard::Other
            }
            kind if kind.ends_with(b".delta") => {
                self.seen.wrote_escaped(delta(&event.data));
                Heard::Content
            }
            _ => Heard::Other,
        }
    }

    fn body(&mut self, body: &[u8]) {
        let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else { return };
        let Some(output) = answer.output else { return };
        match &answer.status {
            Some(Status::Failed) => {
                self.fail(body);
                return;
            }
            // An answer that will come later is whole for now: the client asks for the rest of it.
            Some(_) => self.seen.complete = true,
            None => self.seen.complete = output.get().starts_with('['),
        }
        self.seen.content_bytes = text_bytes(output.get().as_bytes());
        self.hear(answer);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }

    fn left_open(&self) -> Option<Bytes> {
        self.items.frame()
    }
}

/// Bytes of a delta, as they stand: for an estimate.
fn delta(data: &[u8]) -> &[u8] {
    const MARKER: &[u8] = b"\"delta\":";
    let Some(at) = memmem::find(data, MARKER) else { return &[] };
    let value = data[at + MARKER.len()..].trim_ascii_start();
    let length = usize::try_from(string_length(value)).unwrap_or(0);
    value.get(1..=length).unwrap_or_default()
}

/// Bytes of texts and arguments in an output, as they stand.
fn text_bytes(output: &[u8]) -> u64 {
    let markers: [&[u8]; 3] = [b"\"text\":", b"\"arguments\":", b"\"input\":"];
    let lengths = markers.iter().flat_map(|marker| {
        memmem::find_iter(output, *marker)
            .map(move |at| string_length(output[at + marker.len()..].trim_ascii_start()))
    });
    lengths.sum()
}

/// How far a JSON string goes, its quotes not counted; 0 for anything else.
fn string_length(value: &[u8]) -> u64 {
    let Some(text) = value.strip_prefix(b"\"") else { return 0 };
    let mut end = 0;
    while let Some(at) = memchr2(b'"', b'\\', &text[end..]) {
        if text[end + at] == b'"' {
            return (end + at) as u64;
        }
        end = (end + at + 2).min(text.len());
    }
    text.len() as u64
}
