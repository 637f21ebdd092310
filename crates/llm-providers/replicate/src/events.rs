//! The events of a prediction's stream.
//!
//! Source: Replicate docs, "Streaming output" (replicate.com/docs/topics/predictions/streaming), read 2026-11: events
//! `output` with plain text, `error` and `done` with JSON; others may come.

use llm_provider_core::{Framing, SseEvent, UpstreamError};
use llm_provider_envelope::{Opened, Opener, beside, json as tree, unknown};
use serde_json::{Value, json};

use crate::prediction;

/// A stream tells neither its prediction's name nor its model's.
const ID: &str = "prediction";

/// Takes text out of the events of one stream.
///
/// A text waits for the event after it: cut off in its middle, plain text looks like a shorter one.
#[derive(Debug, Default)]
pub(crate) struct Events {
    has_begun: bool,
    waiting: Option<String>,
}

impl Events {
    fn chunk(&mut self, mut delta: Value, finish: Option<&str>) -> Value {
        if !std::mem::replace(&mut self.has_begun, true) {
            delta["role"] = "assistant".into();
        }
        json!({ "id": ID, "object": "chat.completion.chunk",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
    }

    /// The text that waited, if there is one.
    fn waited(&mut self) -> Vec<Value> {
        let text = self.waiting.take().filter(|text| !text.is_empty());
        text.map(|text| self.chunk(json!({ "content": text }), None)).into_iter().collect()
    }

    fn done(&mut self, done: &Value) -> Opened {
        match done["reason"].as_str() {
            Some("error") => self.broken("the prediction failed"),
            Some("canceled" | "aborted") => self.broken("the prediction was cancelled"),
            _ => {
                let mut chunks = self.waited();
                let mut end = self.chunk(json!({}), Some("stop"));
                beside(&mut end, unknown(done, &[]));
                chunks.push(end);
                Opened::Last(chunks)
            }
        }
    }

    fn broken(&mut self, words: &str) -> Opened {
        let mut chunks = self.waited();
        chunks.push(json!({ "error": { "message": words, "code": 503 } }));
        Opened::Chunks(chunks)
    }
}

impl Opener for Events {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        match event.event {
            b"output" => {
                let chunks = self.waited();
                self.waiting = Some(String::from_utf8_lossy(&event.data).into_owned());
                Opened::Chunks(chunks)
            }
            // Otherwise it is cut off.
            b"done" => tree(event).map_or(Opened::NOTHING, |done| self.done(&done)),
            b"error" => {
                let said =
                    tree(event).unwrap_or_else(|| json!({ "detail": String::from_utf8_lossy(&event.data) }));
                let failure = prediction::failure(&said, &event.data);
                self.broken(&failure.message)
            }
            _ => Opened::NOTHING,
        }
    }
}

/// A whole stream as a prediction that is ready; `None` if it did not end.
///
/// # Errors
/// What its event `error` says.
pub(crate) fn whole(mut stream: &[u8]) -> Result<Option<Value>, Box<UpstreamError>> {
    let body = stream;
    let mut output = String::new();
    while let Some(frame) = Framing::Sse.next(&mut stream) {
        let Ok(event) = Framing::Sse.event(frame) else { continue };
        match event.event {
            b"output" if event.has_data => output.push_str(&String::from_utf8_lossy(&event.data)),
            b"error" => {
                let said =
                    tree(&event).unwrap_or_else(|| json!({ "detail": String::from_utf8_lossy(&event.data) }));
                return Err(Box::new(prediction::failure(&said, body)));
            }
            b"done" => {
                let mut prediction = tree(&event).filter(Value::is_object).unwrap_or_else(|| json!({}));
                prediction["status"] = "succeeded".into();
                prediction["output"] = output.into();
                return Ok(Some(prediction));
            }
            _ => {}
        }
    }
    Ok(None)
}
