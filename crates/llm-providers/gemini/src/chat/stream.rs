//! A streamed answer: each event is a whole `GenerateContentResponse` with what is new.
//!
//! Nothing in the stream says that it is over but a reason to stop, and some models give one with every event; what
//! was used is told anew each time. So the ends of the choices and the usage are told when the body ends.
//!
//! What has no place in a chunk goes into `provider_specific_fields` of its delta, in its turn: `part`, a whole part,
//! and `thought_signature`, the signature over the text beside it. The last delta has what a whole answer has there.
//!
//! Source: Gemini API reference, "streamGenerateContent" (ai.google.dev/api/generate-content), read 2026-11.

use bytes::{BufMut as _, Bytes, BytesMut};
use llm_provider_core::{
    Chat, Decoder, Framer, Framing, Interpret, Items, Outbox, SseEvent, StreamDecoder, StreamError, Unheard,
};
use llm_types::{ChatChunk, ChunkChoice, Delta, Nullable, Role};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::decode::{blocked, nothing, seed_of};
use crate::ending::Ending;
use crate::turn::{Turn, some};
use crate::wire::{Candidate, ErrorBody, GenerateContentResponse, UsageMetadata};
use crate::{error, logprobs, usage};

/// The name of the event that [`GenerateDecoder`] puts behind the last one. Google's events have no names.
const END: &[u8] = b"gateway.end";

/// The name of the event by which it tells that the bytes are no frames.
const BROKEN: &[u8] = b"gateway.broken";

/// Decodes one streamed answer: hands whole frames on, and says when the body ends.
#[derive(Debug)]
pub(crate) struct GenerateDecoder {
    framer: Framer,
    inner: StreamDecoder<ChatInterpret>,
}

impl Default for GenerateDecoder {
    fn default() -> Self {
        Self { framer: Framing::Sse.framer(), inner: StreamDecoder::sse(ChatInterpret::default()) }
    }
}

impl Decoder<Chat> for GenerateDecoder {
    fn push(&mut self, bytes: Bytes) -> Items<'_, ChatChunk> {
        let block = match self.framer.push(bytes) {
            Ok(block) => block.unwrap_or_default(),
            Err(why) => {
                let mut frame = frame(BROKEN, why.to_string().as_bytes());
                frame.put_slice(b"\n\n");
                frame.freeze()
            }
        };
        Decoder::<Chat>::push(&mut self.inner, block)
    }

    fn finish(&mut self) -> Items<'_, ChatChunk> {
        let rest = self.framer.finish();
        let last = SseEvent::parse(&rest);
        // A cut may fall inside an event. What cannot be read then is a cut.
        let is_whole = serde_json::from_slice::<IgnoredAny>(&last.data).is_ok();
        let end = frame(END, if is_whole { &last.data } else { b"" });
        // Without a blank line it waits for the end.
        Decoder::<Chat>::push(&mut self.inner, end.freeze()).for_each(drop);
        Decoder::<Chat>::finish(&mut self.inner)
    }
}

fn frame(name: &[u8], data: &[u8]) -> BytesMut {
    let mut frame = BytesMut::with_capacity(name.len() + data.len() + 16);
    frame.put_slice(b"event: ");
    frame.put_slice(name);
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        frame.put_slice(b"\ndata: ");
        frame.put_slice(line);
    }
    frame
}

/// Reads the events of one answer.
#[derive(Debug, Default)]
struct ChatInterpret {
    id: Nullable<String>,
    model: Nullable<String>,
    choices: Vec<Open>,
    feedback: Option<Value>,
    usage: Option<UsageMetadata>,
    /// Members of the answer that nobody here knows.
    unknown: Unheard,
    has_ended: bool,
}

/// A choice under way.
#[derive(Debug)]
struct Open {
    index: u32,
    turn: Turn,
    ending: Ending,
}

impl Interpret for ChatInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        if self.has_ended {
            return;
        }
        if event.event == BROKEN {
            out.fail(StreamError::Corrupt(String::from_utf8_lossy(&event.data).into_owned()));
            return;
        }
        // Some who speak this wire end it as OpenAI does.
        if !matches!(event.data.as_ref(), b"" | b"[DONE]") && !self.read(&event.data, out) {
            return;
        }
        if event.event == END && self.is_complete() {
            self.end(out);
        }
    }

    fn is_complete(&self) -> bool {
        let all_ended = self.choices.iter().all(|open| open.ending.finish.is_some());
        let has_answer = all_ended && !self.choices.is_empty();
        self.has_ended || has_answer || blocked(self.feedback.as_ref()).is_some()
    }
}

impl ChatInterpret {
    /// Reads one event; whether it was no failure.
    fn read(&mut self, data: &[u8], out: &mut Outbox<ChatChunk>) -> bool {
        let wire: GenerateContentResponse = match serde_json::from_slice(data) {
            Ok(wire) => wire,
            Err(why) => {
                out.fail(StreamError::Corrupt(why.to_string()));
                return false;
            }
        };
        if let Some(told) = wire.extra.get("error").filter(|told| told.is_object()) {
            let told: ErrorBody = serde_json::from_value(told.clone()).unwrap_or_default();
            out.fail(error::in_stream(&told, data));
            return false;
        }
        if !self.id.is_value() {
            self.id = wire.response_id;
        }
        if !self.model.is_value() {
            self.model = wire.model_version;
        }
        self.unknown.keep(wire.extra);
        if let Nullable::Value(feedback) = wire.prompt_feedback {
            self.feedback = Some(feedback);
        }
        if let Nullable::Value(newer) = wire.usage_metadata {
            merge(self.usage.get_or_insert_default(), newer);
        }
        for (at, candidate) in wire.candidates.into_option().unwrap_or_default().into_iter().enumerate() {
            let index = candidate.index.get().copied().unwrap_or(u32::try_from(at).unwrap_or(u32::MAX));
            self.candidate(index, candidate, out);
        }
        true
    }

    fn candidate(&mut self, index: u32, mut candidate: Candidate, out: &mut Outbox<ChatChunk>) {
        let at = match self.choices.iter().position(|open| open.index == index) {
            Some(at) => at,
            None => {
                self.choices.push(Open { index, turn: Turn::default(), ending: Ending::default() });
                let delta = Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() };
                self.send(index, delta, None, out);
                self.choices.len() - 1
            }
        };
        let seed = seed_of(self.id.as_deref().unwrap_or_default(), index);
        let ending = &mut self.choices[at].ending;
        let logprobs = candidate.logprobs_result.take();
        if let Some(logprobs) = &logprobs {
            ending.keep(logprobs::beside(logprobs));
        }
        let mut logprobs = logprobs.as_ref().and_then(logprobs::canonical);
        ending.take(&mut candidate);
        let parts = candidate.content.take().and_then(|content| {
            ending.keep(content.extra);
            content.parts.into_option()
        });
        for part in parts.into_iter().flatten() {
            let delta = self.choices[at].turn.add(part, &seed);
            if delta != Delta::default() {
                self.send(index, delta, logprobs.take(), out);
            }
        }
        if logprobs.is_some() {
            self.send(index, Delta::default(), logprobs, out);
        }
    }

    /// The ends of the choices, and what they took.
    fn end(&mut self, out: &mut Outbox<ChatChunk>) {
        self.has_ended = true;
        let mut specifics = self.unknown.take().into_option().unwrap_or_default();
        let feedback = self.feedback.take();
        let mut last: Vec<ChunkChoice> = std::mem::take(&mut self.choices).into_iter().map(ended).collect();
        if last.is_empty() {
            let choice = nothing(feedback.as_ref());
            let delta = Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() };
            last.push(ChunkChoice {
                finish_reason: choice.finish_reason,
                extra: choice.extra,
                ..ChunkChoice::new(delta)
            });
        }
        if let Some(feedback) = feedback {
            specifics.insert("prompt_feedback".to_owned(), feedback);
        }
        let mut specifics = if specifics.is_empty() { Nullable::Absent } else { Nullable::Value(specifics) };
        for choice in last {
            let mut chunk = self.chunk(vec![choice]);
            chunk.provider_specific_fields = std::mem::take(&mut specifics);
            out.chunk(chunk);
        }
        if let Some(told) = self.usage.take() {
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Nullable::Value(usage::canonical(&told));
            chunk.service_tier = usage::tier(&told).into();
            out.chunk(chunk);
        }
    }

    fn send(&self, index: u32, delta: Delta, logprobs: Option<Value>, out: &mut Outbox<ChatChunk>) {
        let choice = ChunkChoice {
            index: Nullable::Value(index),
            logprobs: logprobs.into(),
            ..ChunkChoice::new(delta)
        };
        out.chunk(self.chunk(vec![choice]));
    }

    /// Gemini tells no time; whoever knows the clock puts it in.
    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        let mut chunk = ChatChunk::new("", 0, "", choices);
        chunk.id = self.id.clone();
        chunk.model = self.model.clone();
        chunk.created = Nullable::Absent;
        chunk
    }
}

/// The last piece of a choice.
fn ended(open: Open) -> ChunkChoice {
    let Open { index, mut turn, ending } = open;
    let mut delta = turn.finish();
    delta.annotations = some(ending.annotations(turn.text()));
    let finish = ending.finish_reason(turn.has_calls());
    let extra = ending.choice_extra();
    let specifics = turn.specifics(ending.into_specifics());
    if !specifics.is_empty() {
        delta.provider_specific_fields = Nullable::Value(specifics);
    }
    ChunkChoice {
        index: Nullable::Value(index),
        finish_reason: Nullable::Value(finish),
        extra,
        ..ChunkChoice::new(delta)
    }
}

/// Takes over what a later event says; the last word counts, nothing is added up.
pub(crate) fn merge(usage: &mut UsageMetadata, newer: UsageMetadata) {
    fn last<T>(old: &mut Nullable<T>, new: Nullable<T>) {
        if new.is_value() {
            *old = new;
        }
    }
    last(&mut usage.prompt_token_count, newer.prompt_token_count);
    last(&mut usage.cached_content_token_count, newer.cached_content_token_count);
    last(&mut usage.candidates_token_count, newer.candidates_token_count);
    last(&mut usage.tool_use_prompt_token_count, newer.tool_use_prompt_token_count);
    last(&mut usage.thoughts_token_count, newer.thoughts_token_count);
    last(&mut usage.total_token_count, newer.total_token_count);
    last(&mut usage.prompt_tokens_details, newer.prompt_tokens_details);
    last(&mut usage.cache_tokens_details, newer.cache_tokens_details);
    last(&mut usage.candidates_tokens_details, newer.candidates_tokens_details);
    last(&mut usage.tool_use_prompt_tokens_details, newer.tool_use_prompt_tokens_details);
    last(&mut usage.traffic_type, newer.traffic_type);
    last(&mut usage.service_tier, newer.service_tier);
    usage.extra.extend(newer.extra);
}
