//! Records out of a container's stream, which SageMaker cuts at any byte.
//!
//! Source: Amazon SageMaker Runtime API Reference, "ResponseStream": events `PayloadPart`, and the exceptions
//! `ModelStreamError` and `InternalStreamFailure`, read 2026-11.

use bytes::Bytes;
use llm_provider_core::{LineBuffer, SseEvent};
use llm_provider_envelope::Opened;
use serde_json::{Value, json};

/// What is said where a stream is one of server-sent events and over.
const DONE: &[u8] = b"[DONE]";

/// Puts lines together again and reads the records in them.
#[derive(Debug, Default)]
pub(crate) struct Records {
    lines: LineBuffer,
    /// What came after the last line end.
    rest: Vec<u8>,
}

impl Records {
    /// Reads one event of the stream; `read` makes chunks of a record.
    pub(crate) fn open(&mut self, event: &SseEvent<'_>, mut read: impl FnMut(Value) -> Vec<Value>) -> Opened {
        if !matches!(event.event, b"PayloadPart" | b"") {
            return failure(event);
        }
        let block = match self.lines.push(Bytes::copy_from_slice(&event.data)) {
            Ok(block) => block.unwrap_or_default(),
            Err(error) => return broken(&error.to_string(), 502),
        };
        if let Some(end) = event.data.iter().rposition(|byte| *byte == b'\n') {
            self.rest = event.data[end + 1..].to_vec();
        } else {
            self.rest.extend_from_slice(&event.data);
        }
        let mut chunks = Vec::new();
        for line in block.split(|byte| *byte == b'\n') {
            match record(line) {
                Record::None => {}
                Record::Done => return Opened::Last(chunks),
                Record::Json(value) => chunks.extend(read(value)),
            }
        }
        // A last record may come without a line end.
        match record(&self.rest) {
            Record::None => {}
            found => {
                self.rest.clear();
                self.lines = LineBuffer::default();
                match found {
                    Record::Json(value) => chunks.extend(read(value)),
                    _ => return Opened::Last(chunks),
                }
            }
        }
        Opened::Chunks(chunks)
    }
}

enum Record {
    /// Nothing, or the beginning of something.
    None,
    Done,
    Json(Value),
}

/// Reads a line: JSON, or `data:` and JSON. Anything else is framing.
fn record(line: &[u8]) -> Record {
    let line = line.trim_ascii();
    let data = line.strip_prefix(b"data:").map_or(line, <[u8]>::trim_ascii);
    if data == DONE {
        return Record::Done;
    }
    if !data.starts_with(b"{") && !data.starts_with(b"[") {
        return Record::None;
    }
    match serde_json::from_slice::<Value>(data) {
        Ok(Value::Array(mut records)) if records.len() == 1 => Record::Json(records.remove(0)),
        Ok(value) => Record::Json(value),
        Err(_) => Record::None,
    }
}

/// An exception of the stream.
fn failure(event: &SseEvent<'_>) -> Opened {
    let said: Value = serde_json::from_slice(&event.data).unwrap_or_default();
    let words = said["Message"].as_str().or_else(|| said["message"].as_str());
    match event.event {
        b"ModelStreamError" | b"InternalStreamFailure" => broken(words.unwrap_or("the stream broke"), 503),
        _ if words.is_some() => broken(words.unwrap_or_default(), 500),
        _ => Opened::NOTHING,
    }
}

fn broken(words: &str, status: u16) -> Opened {
    Opened::Chunks(vec![json!({ "error": { "message": words, "code": status } })])
}
