//! [`Whole`]: a stream made of an answer that comes in one piece, for vendors that do not stream.

use std::sync::Arc;

use http::Response;
use llm_provider_core::{Decoded, Interpret, Outbox, SseEvent, StreamError, Translator};
use llm_provider_openai::{ChatInterpret, ChatWire};
use llm_types::{ChatChunk, ChatResponse, Choice, ChunkChoice, Delta, Extra, Nullable};

/// Reads lines until they are one JSON text. Events, if the vendor has learnt to stream, are read as they come.
#[derive(Debug)]
pub(crate) struct Whole {
    wire: ChatWire,
    text: Vec<u8>,
    told: bool,
    stream: ChatInterpret,
    /// The name of the event whose data comes next.
    name: Vec<u8>,
}

impl Whole {
    pub(crate) fn new(wire: ChatWire) -> Self {
        let stream = ChatInterpret::new(Arc::new(wire.options().clone()));
        Self { wire, text: Vec::new(), told: false, stream, name: Vec::new() }
    }

    /// Reads a line of a stream of events; `false` if a JSON text begins with it.
    fn streamed(&mut self, line: &[u8], out: &mut Outbox<ChatChunk>) -> bool {
        if let Some(data) = line.strip_prefix(b"data:") {
            let name = std::mem::take(&mut self.name);
            let event = SseEvent { event: &name, data: data.trim_ascii().into(), has_data: true };
            self.stream.event(&event, out);
        } else if let Some(name) = line.strip_prefix(b"event:") {
            self.name = name.trim_ascii().to_vec();
        }
        !matches!(line.first(), Some(b'{' | b'['))
    }
}

impl Interpret for Whole {
    type Chunk = ChatChunk;

    fn event(&mut self, line: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let begins = self.text.is_empty();
        let data = line.data.strip_prefix(b"\xEF\xBB\xBF").filter(|_| begins).unwrap_or(&line.data);
        if self.told || begins && self.streamed(data, out) {
            return;
        }
        self.text.extend_from_slice(data);
        self.text.push(b'\n');
        // A text ends in a bracket, and so do many of its lines.
        let may_end = data.ends_with(b"}") || data.ends_with(b"]");
        if !may_end || serde_json::from_slice::<serde::de::IgnoredAny>(&self.text).is_err() {
            return;
        }
        self.told = true;
        match self.wire.decode(Response::new(self.text.as_slice())) {
            Ok(Decoded::Answer(answer)) => {
                for chunk in chunks(answer) {
                    out.chunk(chunk);
                }
            }
            Ok(_) => out.fail(StreamError::Corrupt("the vendor wants to be asked again".to_owned())),
            Err(failure) => out.fail(failure),
        }
    }

    fn is_complete(&self) -> bool {
        self.told || self.stream.is_complete()
    }
}

/// One chunk with everything that is said, and one with usage.
fn chunks(answer: ChatResponse) -> impl Iterator<Item = ChatChunk> {
    let said = ChatChunk {
        choices: Nullable::Value(answer.choices.into_iter().map(choice).collect()),
        id: answer.id,
        object: Nullable::Value("chat.completion.chunk".to_owned()),
        created: answer.created,
        model: answer.model,
        usage: Nullable::Absent,
        service_tier: answer.service_tier,
        system_fingerprint: answer.system_fingerprint,
        provider_specific_fields: answer.provider_specific_fields,
        extra: answer.extra,
    };
    let usage = answer.usage.into_option().map(|usage| ChatChunk {
        choices: Nullable::Value(Vec::new()),
        usage: Nullable::Value(usage),
        provider_specific_fields: Nullable::Absent,
        extra: Extra::new(),
        ..said.clone()
    });
    std::iter::once(said).chain(usage)
}

fn choice(choice: Choice) -> ChunkChoice {
    let message = choice.message;
    let mut calls = message.tool_calls;
    for (index, call) in calls.get_mut().into_iter().flatten().enumerate() {
        call.index = u32::try_from(index).unwrap_or(u32::MAX).into();
    }
    ChunkChoice {
        index: choice.index,
        delta: Nullable::Value(Delta {
            role: Nullable::Value(message.role),
            content: message.content.into_option().map(|content| content.text().into_owned()).into(),
            refusal: message.refusal,
            tool_calls: calls,
            function_call: message.function_call,
            audio: message.audio,
            annotations: message.annotations,
            reasoning_content: message.reasoning_content,
            thinking_blocks: message.thinking_blocks,
            provider_specific_fields: message.provider_specific_fields,
            extra: message.extra,
        }),
        // An answer that is whole did end.
        finish_reason: choice.finish_reason.into_option().unwrap_or(llm_types::FinishReason::Stop).into(),
        logprobs: choice.logprobs,
        extra: choice.extra,
    }
}
