//! [`EitherDecoder`]: a stream of chunks, or of events that say their type, which its first data tell.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Chat, Decoder, Items};
use llm_types::ChatChunk;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Reads a stream of OpenAI's chunks, or of typed events: Anthropic's, or those of OpenAI's Responses.
pub(crate) struct EitherDecoder {
    chunks: Box<dyn Decoder<Chat>>,
    typed: Box<dyn Decoder<Chat>>,
    form: Form,
    /// What came before the data that tell.
    held: BytesMut,
}

#[derive(Clone, Copy)]
enum Form {
    Unknown,
    Chunks,
    Typed,
}

impl EitherDecoder {
    pub(crate) fn new(chunks: Box<dyn Decoder<Chat>>, typed: Box<dyn Decoder<Chat>>) -> Self {
        Self { chunks, typed, form: Form::Unknown, held: BytesMut::new() }
    }
}

impl Decoder<Chat> for EitherDecoder {
    fn push(&mut self, bytes: Bytes) -> Items<'_, ChatChunk> {
        match self.form {
            Form::Chunks => self.chunks.push(bytes),
            Form::Typed => self.typed.push(bytes),
            Form::Unknown => {
                self.held.extend_from_slice(&bytes);
                self.form = form(&self.held);
                match self.form {
                    Form::Unknown => self.chunks.push(Bytes::new()),
                    Form::Chunks => self.chunks.push(self.held.split().freeze()),
                    Form::Typed => self.typed.push(self.held.split().freeze()),
                }
            }
        }
    }

    fn finish(&mut self) -> Items<'_, ChatChunk> {
        if matches!(self.form, Form::Unknown) {
            // Nothing that tells, or a cut within the first line of it: nothing that could be a chunk by itself.
            drop(self.chunks.push(self.held.split().freeze()));
        }
        match self.form {
            Form::Unknown | Form::Chunks => self.chunks.finish(),
            Form::Typed => self.typed.finish(),
        }
    }
}

fn form(held: &[u8]) -> Form {
    let complete = held.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    held[..complete]
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter_map(|line| line.strip_prefix(b"data:"))
        .map(<[u8]>::trim_ascii)
        .find_map(|data| match is_typed(data) {
            Some(true) => Some(Form::Typed),
            Some(false) => Some(Form::Chunks),
            None => None,
        })
        .unwrap_or(Form::Unknown)
}

/// Whether an answer, an error or an event says its type, as Anthropic's and those of Responses do; `None` if it tells
/// neither that nor that it is of chat completions.
pub(crate) fn is_typed(data: &[u8]) -> Option<bool> {
    #[derive(Deserialize)]
    struct Glance<'a> {
        #[serde(borrow, default)]
        r#type: Option<Cow<'a, str>>,
        choices: Option<IgnoredAny>,
        error: Option<IgnoredAny>,
    }
    let Ok(glance) = serde_json::from_slice::<Glance<'_>>(data) else {
        // The last word of chat completions is no JSON.
        return (!data.is_empty()).then_some(false);
    };
    match glance {
        Glance { choices: Some(_), .. } => Some(false),
        Glance { r#type: Some(kind), .. }
            if matches!(&*kind, "message" | "message_start" | "error") || kind.starts_with("response.") =>
        {
            Some(true)
        }
        Glance { error: Some(_), .. } => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells() {
        for (data, typed) in [
            (r#"{"type":"message_start","message":{}}"#, Some(true)),
            (r#"{"type":"message","content":[]}"#, Some(true)),
            (r#"{"type":"error","error":{}}"#, Some(true)),
            (r#"{"type":"response.created"}"#, Some(true)),
            (r#"{"choices":[],"type":"message"}"#, Some(false)),
            (r#"{"error":{"type":"x"}}"#, Some(false)),
            ("[DONE]", Some(false)),
            (r#"{"type":"ping"}"#, None),
            (r#"{"object":"new"}"#, None),
            ("", None),
        ] {
            assert_eq!(is_typed(data.as_bytes()), typed, "{data}");
        }
    }
}
