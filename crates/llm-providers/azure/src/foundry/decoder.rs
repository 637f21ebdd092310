//! [`EitherDecoder`]: a stream that is OpenAI's or Anthropic's, which its first data tell.

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Chat, Decoder, Items};
use llm_types::ChatChunk;

use super::speaks_messages;

/// Reads a stream in either form.
pub(super) struct EitherDecoder {
    openai: Box<dyn Decoder<Chat>>,
    messages: Box<dyn Decoder<Chat>>,
    form: Form,
    /// What came before the data that tell.
    held: BytesMut,
}

#[derive(Clone, Copy)]
enum Form {
    Unknown,
    OpenAi,
    Messages,
}

impl EitherDecoder {
    pub(super) fn new(openai: Box<dyn Decoder<Chat>>, messages: Box<dyn Decoder<Chat>>) -> Self {
        Self { openai, messages, form: Form::Unknown, held: BytesMut::new() }
    }
}

impl Decoder<Chat> for EitherDecoder {
    fn push(&mut self, bytes: Bytes) -> Items<'_, ChatChunk> {
        match self.form {
            Form::OpenAi => self.openai.push(bytes),
            Form::Messages => self.messages.push(bytes),
            Form::Unknown => {
                self.held.extend_from_slice(&bytes);
                self.form = form(&self.held);
                match self.form {
                    Form::Unknown => self.openai.push(Bytes::new()),
                    Form::OpenAi => self.openai.push(self.held.split().freeze()),
                    Form::Messages => self.messages.push(self.held.split().freeze()),
                }
            }
        }
    }

    fn finish(&mut self) -> Items<'_, ChatChunk> {
        if matches!(self.form, Form::Unknown) {
            // No data, or a cut within the first line of it: nothing that could be a chunk by itself.
            drop(self.openai.push(self.held.split().freeze()));
        }
        match self.form {
            Form::Unknown | Form::OpenAi => self.openai.finish(),
            Form::Messages => self.messages.finish(),
        }
    }
}

/// The first data tells: Anthropic's events say their type, OpenAI's chunks have choices.
fn form(held: &[u8]) -> Form {
    let complete = held.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    let first = held[..complete]
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter_map(|line| line.strip_prefix(b"data:"))
        .map(<[u8]>::trim_ascii)
        .find(|data| !data.is_empty());
    match first {
        None => Form::Unknown,
        Some(data) if speaks_messages(data) => Form::Messages,
        Some(_) => Form::OpenAi,
    }
}
