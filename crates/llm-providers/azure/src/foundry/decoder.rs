//! [`EitherDecoder`]: a stream that is OpenAI's or Anthropic's, which its first line tells.

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Chat, Decoder, Items};
use llm_types::ChatChunk;

/// Reads a stream in either form.
pub(super) struct EitherDecoder {
    openai: Box<dyn Decoder<Chat>>,
    messages: Box<dyn Decoder<Chat>>,
    form: Form,
    /// What came before the first line that tells.
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
        match self.form {
            // Nothing but comments, or a cut within the first line.
            Form::Unknown | Form::OpenAi => self.openai.finish(),
            Form::Messages => self.messages.finish(),
        }
    }
}

/// Anthropic names every event before its data; OpenAI's chunks have data alone.
fn form(held: &[u8]) -> Form {
    for line in held.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        if line.starts_with(b"event:") {
            return Form::Messages;
        }
        if line.starts_with(b"data:") {
            return Form::OpenAi;
        }
    }
    Form::Unknown
}
