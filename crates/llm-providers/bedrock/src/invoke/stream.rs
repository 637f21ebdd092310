//! A streamed answer of InvokeModel: each event holds a piece in the model's words, in base64.
//!
//! Source: Amazon Bedrock API Reference, "InvokeModelWithResponseStream", read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{Chat, Decoder, Outbox, StreamError, Translator};
use llm_types::{ChatChunk, ChunkChoice, Delta, Nullable, Role, Usage};
use serde::Deserialize;
use serde_json::Value;

use super::{metrics, open, text};
use crate::converse::stream::ConverseInterpret;

/// Reads the pieces of one answer, in whose words they are.
#[derive(Default)]
pub(crate) struct ChunkInterpret {
    words: Option<Words>,
}

enum Words {
    /// Anthropic's or OpenAI's events, which their own decoders read.
    Theirs {
        decoder: Box<dyn Decoder<Chat>>,
        is_complete: bool,
        is_counted: bool,
    },
    /// Nova's, which are Converse's.
    Converse(Box<ConverseInterpret>),
    Text(TextPieces),
}

#[derive(Debug, Default)]
struct TextPieces {
    has_begun: bool,
    is_complete: bool,
    /// Thinking whose end has not come: what may be the beginning of the tag that ends it.
    held: Option<String>,
    /// Whether space at the beginning of the words is none of theirs.
    trims: bool,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    bytes: String,
}

impl ChunkInterpret {
    pub(crate) fn is_complete(&self) -> bool {
        match &self.words {
            None => false,
            Some(Words::Theirs { is_complete, .. }) => *is_complete,
            Some(Words::Converse(converse)) => converse.is_complete(),
            Some(Words::Text(pieces)) => pieces.is_complete,
        }
    }

    /// Reads the payload of one event.
    pub(crate) fn chunk(&mut self, payload: &[u8], out: &mut Outbox<ChatChunk>) {
        if let Err(why) = self.read(payload, out) {
            out.fail(StreamError::Corrupt(format!("chunk: {why}")));
        }
    }

    fn read(&mut self, payload: &[u8], out: &mut Outbox<ChatChunk>) -> Result<(), String> {
        let part: Part = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let data = STANDARD.decode(&part.bytes).map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_slice(&data).map_err(|error| error.to_string())?;
        if self.words.is_none() {
            self.words = words(&value);
        }
        match &mut self.words {
            // What nobody knows may stand before the first words.
            None => Ok(()),
            Some(Words::Theirs { decoder, is_complete, is_counted }) => {
                theirs(decoder.as_mut(), is_complete, is_counted, &data, &value, out);
                Ok(())
            }
            Some(Words::Converse(converse)) => {
                let Some(members) = value.as_object() else { return Ok(()) };
                for (name, event) in members.iter().filter(|(name, _)| ConverseInterpret::knows(name)) {
                    let event = event.to_string();
                    converse
                        .named(name, event.as_bytes(), out)
                        .map_err(|error| format!("{name}: {error}"))?;
                }
                Ok(())
            }
            Some(Words::Text(pieces)) => {
                pieces.add(&value, out);
                Ok(())
            }
        }
    }
}

/// In whose words the first piece is.
fn words(value: &Value) -> Option<Words> {
    let theirs = |decoder| Some(Words::Theirs { decoder, is_complete: false, is_counted: false });
    let members = value.as_object()?;
    if members.keys().any(|name| ConverseInterpret::knows(name)) {
        Some(Words::Converse(Box::default()))
    } else if members.contains_key("choices") && text::piece(value).is_none() {
        theirs(open::decoder())
    } else if members.contains_key("type") {
        theirs(Translator::<Chat>::decoder(&Anthropic))
    } else {
        text::piece(value).map(|_| Words::Text(TextPieces::default()))
    }
}

/// Hands an event on as their decoders expect it: a server-sent event.
fn theirs(
    decoder: &mut dyn Decoder<Chat>,
    is_complete: &mut bool,
    is_counted: &mut bool,
    data: &[u8],
    value: &Value,
    out: &mut Outbox<ChatChunk>,
) {
    let data = open::with_finish_reasons(data);
    let mut event = Vec::with_capacity(data.len() + 8);
    event.extend_from_slice(b"data: ");
    // A line end inside JSON is space.
    event.extend(data.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    event.extend_from_slice(b"\n\n");
    for item in decoder.push(Bytes::from(event)) {
        match item {
            Ok(chunk) => {
                *is_complete |= chunk.choices().iter().any(|choice| choice.finish_reason.is_value());
                *is_counted |= chunk.usage.is_value();
                out.chunk(chunk);
            }
            Err(error) => out.fail(error),
        }
    }
    if *is_complete
        && !*is_counted
        && let Some(usage) = metrics(value)
    {
        *is_counted = true;
        out.chunk(counted(usage));
    }
}

impl TextPieces {
    /// More text: thinking, up to the tag that ends it, then words.
    fn say(&mut self, text: &str, is_last: bool, out: &mut Outbox<ChatChunk>) {
        let mut send = |delta: Delta| out.chunk(nameless(vec![ChunkChoice::new(delta)]));
        let thought =
            |text: &str| Delta { reasoning_content: Nullable::Value(text.to_owned()), ..Delta::default() };
        let Some(mut held) = self.held.take() else {
            let text = if self.trims { text.trim_start() } else { text };
            if !text.is_empty() {
                self.trims = false;
                send(Delta::text(text));
            }
            return;
        };
        held.push_str(text);
        if let Some((before, after)) = held.split_once(text::THOUGHT_ENDS) {
            if !before.trim_end().is_empty() {
                send(thought(before.trim_end()));
            }
            self.trims = after.trim_start().is_empty();
            if !self.trims {
                send(Delta::text(after.trim_start()));
            }
            return;
        }
        // What may be the beginning of the tag, and space before it, waits.
        let tag = text::THOUGHT_ENDS;
        let waits = (1..tag.len()).rev().find(|length| held.ends_with(&tag[..*length])).unwrap_or(0);
        let sure = if is_last { held.len() } else { held[..held.len() - waits].trim_end().len() };
        if sure > 0 {
            send(thought(&held[..sure]));
        }
        self.held = Some(held[sure..].to_owned());
    }

    fn add(&mut self, value: &Value, out: &mut Outbox<ChatChunk>) {
        let Some(piece) = text::piece(value).filter(|_| !self.is_complete) else { return };
        if !std::mem::replace(&mut self.has_begun, true) {
            let delta = Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() };
            out.chunk(nameless(vec![ChunkChoice::new(delta)]));
            self.held = piece.thinks.then(String::new);
        }
        self.say(&piece.text, piece.stop.is_some(), out);
        let Some(stop) = piece.stop else { return };
        self.is_complete = true;
        let finish = text::finish_reason(Some(&stop));
        let mut choice = ChunkChoice::new(Delta::default());
        text::keep_native(Some(&stop), &finish, &mut choice.extra);
        choice.finish_reason = Nullable::Value(finish);
        out.chunk(nameless(vec![choice]));
        if let Some(usage) = piece.usage.or_else(|| metrics(value)) {
            out.chunk(counted(usage));
        }
    }
}

fn counted(usage: Usage) -> ChatChunk {
    ChatChunk { usage: Nullable::Value(usage), ..nameless(Vec::new()) }
}

fn nameless(choices: Vec<ChunkChoice>) -> ChatChunk {
    ChatChunk {
        id: Nullable::Absent,
        created: Nullable::Absent,
        model: Nullable::Absent,
        ..ChatChunk::new("", 0, "", choices)
    }
}
