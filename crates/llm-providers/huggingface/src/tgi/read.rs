//! What follows a prompt, whole or token by token.

use llm_provider_core::{Outbox, SseEvent, Unheard};
use llm_types::{
    ChatChunk, ChatResponse, Choice, ChunkChoice, Delta, Extra, FinishReason, Message, Nullable, Role, Usage,
};
use serde_json::{Number, Value, json};

use crate::wire::{Details, GenerateResponse, StreamResponse};

/// Reads a whole answer; `None` if it is not in TGI's own form. Some servers put it into a list of one.
pub(crate) fn decode(body: &[u8]) -> Option<ChatResponse> {
    let answer = match body.trim_ascii().first()? {
        b'[' => serde_json::from_slice::<Vec<GenerateResponse>>(body).ok()?.into_iter().next()?,
        _ => serde_json::from_slice::<GenerateResponse>(body).ok()?,
    };
    let details = answer.details.into_option().unwrap_or_default();
    let (reason, beside) = ending(&details);
    let mut choice = Choice::new(Message::assistant(answer.generated_text), reason);
    choice.extra = beside;
    let mut out = ChatResponse::new(String::new(), 0, String::new(), choice);
    // TGI tells neither name, model nor time; whoever knows them puts them in.
    out.id = Nullable::Absent;
    out.model = Nullable::Absent;
    out.created = Nullable::Absent;
    out.usage = usage(&details).into();
    let mut fields = rest(details);
    fields.extend(answer.extra);
    if !fields.is_empty() {
        out.provider_specific_fields = Nullable::Value(fields);
    }
    Some(out)
}

/// Reads the events of a streamed answer.
#[derive(Debug, Default)]
pub(crate) struct TgiInterpret {
    has_begun: bool,
    /// Members of events that nobody here knows, until they are told.
    unknown: Unheard,
    is_complete: bool,
}

impl TgiInterpret {
    /// Reads an event; gives whether it is one of TGI's.
    pub(crate) fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) -> bool {
        if self.is_complete {
            return true;
        }
        let Ok(mut read) = serde_json::from_slice::<StreamResponse>(&event.data) else { return false };
        if !std::mem::replace(&mut self.has_begun, true) {
            send(Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() }, out);
        }
        if read.token.special.get() != Some(&true) && !read.token.text.is_empty() {
            send(Delta::text(read.token.text), out);
        }
        self.unknown.keep(std::mem::take(&mut read.token.extra));
        self.unknown.keep(read.extra);
        // The last event has the whole text once more, and details where they were asked for.
        if read.generated_text.is_value() || read.details.is_value() {
            self.end(read.details.into_option().unwrap_or_default(), out);
        }
        true
    }

    /// Whether the last event came.
    pub(crate) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn end(&mut self, details: Details, out: &mut Outbox<ChatChunk>) {
        self.is_complete = true;
        let (reason, beside) = ending(&details);
        let usage = usage(&details);
        self.unknown.keep(rest(details));
        let mut choice = ChunkChoice::new(Delta::default());
        choice.finish_reason = Nullable::Value(reason);
        choice.extra = beside;
        let mut last = chunk(vec![choice]);
        last.provider_specific_fields = self.unknown.take();
        out.chunk(last);
        if let Some(usage) = usage {
            let mut chunk = chunk(Vec::new());
            chunk.usage = Nullable::Value(usage);
            out.chunk(chunk);
        }
    }
}

fn send(delta: Delta, out: &mut Outbox<ChatChunk>) {
    out.chunk(chunk(vec![ChunkChoice::new(delta)]));
}

fn chunk(choices: Vec<ChunkChoice>) -> ChatChunk {
    let mut chunk = ChatChunk::new("", 0, "", choices);
    chunk.id = Nullable::Absent;
    chunk.created = Nullable::Absent;
    chunk.model = Nullable::Absent;
    chunk
}

/// Why the model stopped, and the server's own word beside it.
fn ending(details: &Details) -> (FinishReason, Extra) {
    let native = details.finish_reason.as_deref().unwrap_or_default();
    let reason = match native {
        "" | "eos_token" | "stop_sequence" | "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        other => FinishReason::from(other),
    };
    let mut beside = Extra::new();
    if !native.is_empty() && native != reason.as_str() {
        beside.insert("provider_specific_fields".to_owned(), json!({ "native_finish_reason": native }));
    }
    (reason, beside)
}

/// What is said of how an answer came to be that nobody here knows.
fn rest(details: Details) -> Extra {
    let mut rest = details.extra;
    rest.retain(|_, value| !value.is_null() && value != &json!([]));
    if rest.is_empty() { rest } else { Extra::from_iter([("details".to_owned(), rest.into())]) }
}

/// Tokens written, and read where the server counts them.
fn usage(details: &Details) -> Option<Usage> {
    let whole = |number: &Number| Value::Number(number.clone()).as_u64();
    let written = details.generated_tokens.get().and_then(whole)?;
    let prefill = details.prefill.get().map(|tokens| tokens.len() as u64).filter(|count| *count > 0);
    let read = details.input_length.get().and_then(whole).or(prefill);
    Some(match read {
        Some(read) => Usage::new(read, written),
        None => Usage { completion_tokens: Nullable::Value(written.into()), ..Usage::default() },
    })
}
