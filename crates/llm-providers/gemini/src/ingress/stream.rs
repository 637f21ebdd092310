//! Chunks as the pieces of a streamed answer: server-sent events, or the items of one JSON array.
//!
//! Calls are told whole, as Gemini tells them; the reason to stop comes last, with what the answer took.

use bytes::{BufMut as _, BytesMut};
use llm_provider_core::{Beside, ChunkWriter, HostedCall, HostedCalls, Keeping, Note, Reply};
use llm_types::{
    Annotation, ApiError, ChatChunk, ChunkChoice, Delta, Extra, FinishReason, Nullable, ServiceTier,
    ToolCall, Usage,
};
use serde::Serialize;

use super::{error, foreign, hosted, write};
use crate::turn::{PART, SIGNATURE, SIGNATURES};
use crate::wire::{Candidate, GenerateContentResponse, Part};
use crate::{logprobs, usage};

/// How the pieces are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Events,
    /// The items of one array.
    Array,
}

impl Form {
    /// Writes one piece.
    pub(super) fn write<T: Serialize>(self, piece: &T, is_first: bool, out: &mut BytesMut) {
        match (self, is_first) {
            (Self::Events, _) => out.put_slice(b"data: "),
            (Self::Array, true) => out.put_slice(b"["),
            (Self::Array, false) => out.put_slice(b",\r\n"),
        }
        out.put_slice(&serde_json::to_vec(piece).unwrap_or_default());
        if self == Self::Events {
            out.put_slice(b"\r\n\r\n");
        }
    }

    /// Writes what stands behind the last piece.
    pub(super) fn end(self, out: &mut BytesMut) {
        if self == Self::Array {
            out.put_slice(b"]\n");
        }
    }
}

/// Writes the pieces of one answer.
pub(super) struct GenerateWriter {
    form: Form,
    reply: Reply,
    id: Option<String>,
    model: Option<String>,
    choices: Vec<Open>,
    usage: Option<Usage>,
    tier: Option<ServiceTier>,
    /// What is said beside the choices, until the end.
    beside: Beside,
    wrote: bool,
    has_ended: bool,
    notes: Vec<Note>,
}

/// A choice under way.
struct Open {
    index: u32,
    text: String,
    /// Calls that are not told yet.
    calls: Vec<ToolCall>,
    annotations: Vec<Annotation>,
    finish: Option<FinishReason>,
    /// What is said beside the words, until the end.
    beside: Beside,
    /// Whether a signature over text was told.
    is_signed: bool,
    /// What other vendors must have back of the message as a whole.
    kept: Keeping,
    /// What tools of another vendor's did.
    hosted: HostedCalls,
    /// Those calls, as they were told last.
    calls_there: Vec<HostedCall>,
}

impl Open {
    /// Parts that say nothing and hold what must come back: Gemini's signature over text that is told yet, and what
    /// other vendors alone know of the message.
    fn carriers(&mut self) -> impl Iterator<Item = Part> {
        let signature = self.beside.get(SIGNATURES).and_then(|all| all.get(0)?.as_str());
        let own = signature.filter(|_| !self.is_signed);
        let own = own.map(|own| Part { thought_signature: own.to_owned().into(), ..Part::text("") });
        let kept = self.kept.take();
        own.into_iter().chain((!kept.is_empty()).then(|| foreign::carrier(&kept)))
    }
}

impl GenerateWriter {
    pub(super) fn new(form: Form, reply: &Reply) -> Self {
        Self {
            form,
            reply: reply.clone(),
            id: None,
            model: None,
            choices: Vec::new(),
            usage: None,
            tier: None,
            beside: Beside::default(),
            wrote: false,
            has_ended: false,
            notes: Vec::new(),
        }
    }

    fn open(&mut self, index: u32) -> &mut Open {
        let at = self.choices.iter().position(|open| open.index == index).unwrap_or_else(|| {
            self.choices.push(Open {
                index,
                text: String::new(),
                calls: Vec::new(),
                annotations: Vec::new(),
                finish: None,
                beside: Beside::default(),
                is_signed: false,
                kept: Keeping::default(),
                hosted: HostedCalls::default(),
                calls_there: Vec::new(),
            });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }

    fn choice(&mut self, choice: &ChunkChoice, out: &mut BytesMut) {
        let index = choice.index.get().copied().unwrap_or(0);
        let mut parts = Vec::new();
        if let Some(delta) = choice.delta.get() {
            parts = self.delta(index, delta);
        }
        let open = self.open(index);
        if let Some(finish) = choice.finish_reason.get() {
            open.finish = Some(finish.clone());
        }
        open.beside.hear_choice(choice);
        let told = choice.logprobs.get();
        let logprobs = told.and_then(logprobs::to_wire);
        let unsaid = told.filter(|told| !logprobs::is_said(told));
        if !parts.is_empty() || logprobs.is_some() || unsaid.is_some() {
            let mut candidate = write::piece(index, parts);
            candidate.logprobs_result = logprobs.into();
            if let Some(unsaid) = unsaid {
                let mut beside = Beside::default();
                beside.put("logprobs", unsaid.clone());
                beside.write(&mut candidate.extra);
            }
            self.write(vec![candidate], out);
        }
    }

    /// The parts that a delta tells, and calls before them that are whole now.
    fn delta(&mut self, index: u32, delta: &Delta) -> Vec<Part> {
        let mut parts = Vec::new();
        let own = delta.provider_specific_fields.get();
        match (delta.thinking_blocks.get(), delta.reasoning_content.as_deref()) {
            (Some(blocks), _) if !blocks.is_empty() => parts.extend(blocks.iter().map(write::thought)),
            (_, Some(text)) if !text.is_empty() => {
                parts.push(Part { thought: Nullable::Value(true), ..Part::text(text) });
            }
            _ => {}
        }
        let text = delta.content.as_deref().unwrap_or_default();
        let signature = own.and_then(|own| own.get(SIGNATURE)?.as_str());
        if !text.is_empty() || signature.is_some() {
            parts.push(Part { thought_signature: signature.map(str::to_owned).into(), ..Part::text(text) });
        }
        if let Some(refusal) = delta.refusal.as_deref().filter(|refusal| !refusal.is_empty()) {
            parts.push(Part::text(refusal));
        }
        parts.extend(write::images(&delta.extra));
        if let Some(audio) = delta.audio.get() {
            parts.extend(write::sound(audio));
            write::keep_sound(audio, &mut self.open(index).beside);
        }
        if let Some(part) = own.and_then(|own| own.get(PART)).cloned() {
            parts.extend(llm_types::from_value::<Part>(part).ok());
        }
        if let Some(own) = own.filter(|own| !hosted::is_geminis(own)) {
            parts.extend(self.hosted(index, own));
        }
        let mut told = if parts.is_empty() { Vec::new() } else { self.calls(index) };
        told.append(&mut parts);
        let open = self.open(index);
        open.text.push_str(text);
        open.is_signed |= signature.is_some();
        open.kept.add(own, &delta.extra, write::OWN_FIELDS);
        for piece in delta.tool_calls.get().into_iter().flatten() {
            add(&mut open.calls, piece);
        }
        if let Some(function) = delta.function_call.get() {
            let piece = ToolCall {
                function: Nullable::Value(function.clone()),
                index: Nullable::Value(0),
                ..ToolCall::function("", "", "")
            };
            add(&mut open.calls, &piece);
        }
        open.annotations.extend(delta.annotations.get().into_iter().flatten().cloned());
        told
    }

    /// Code that another vendor ran itself; what it looked for and read is told at the end.
    fn hosted(&mut self, index: u32, own: &Extra) -> Vec<Part> {
        let id = self.frame().response_id.into_option().unwrap_or_default();
        let open = self.open(index);
        let mut parts = Vec::new();
        for call in open.hosted.hear(own) {
            match open.calls_there.iter_mut().find(|known| known.id == call.id) {
                Some(known) => {
                    parts.extend(hosted::result(&call, &id));
                    *known = call;
                }
                None => {
                    parts.extend(hosted::code(&call, &id).into_iter().chain(hosted::result(&call, &id)));
                    open.calls_there.push(call);
                }
            }
        }
        parts
    }

    /// The calls of a choice that are not told yet.
    fn calls(&mut self, index: u32) -> Vec<Part> {
        let calls = std::mem::take(&mut self.open(index).calls);
        let path = format!("choices[{index}].tool_calls");
        calls.iter().map(|call| write::function_call(call, &path, &mut self.notes)).collect()
    }

    fn frame(&self) -> GenerateContentResponse {
        write::frame(self.id.as_deref(), self.model.as_deref(), &self.reply)
    }

    fn write(&mut self, candidates: Vec<Candidate>, out: &mut BytesMut) {
        let mut answer = self.frame();
        answer.candidates = Nullable::Value(candidates);
        self.form.write(&answer, !self.wrote, out);
        self.wrote = true;
    }
}

impl ChunkWriter for GenerateWriter {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        if self.has_ended {
            return;
        }
        self.id = self.id.take().or_else(|| chunk.id.get().cloned());
        self.model = self.model.take().or_else(|| chunk.model.get().cloned());
        for choice in chunk.choices() {
            self.choice(choice, out);
        }
        if let Some(told) = chunk.usage.get() {
            self.usage = Some(told.clone());
        }
        if let Some(tier) = chunk.service_tier.get() {
            self.tier = Some(tier.clone());
        }
        self.beside.hear(chunk);
    }

    fn end(&mut self, out: &mut BytesMut) {
        if self.has_ended {
            return;
        }
        let mut last = Vec::new();
        for index in self.choices.iter().map(|open| open.index).collect::<Vec<_>>() {
            let mut parts = self.calls(index);
            let open = self.open(index);
            parts.extend(open.carriers());
            let is_empty = parts.is_empty();
            let mut candidate = write::piece(index, if is_empty { vec![Part::text("")] } else { parts });
            let mut beside = std::mem::take(&mut open.beside);
            write::forget_parts(&mut beside);
            write::ending(&mut candidate, open.finish.as_ref(), &mut beside);
            write::members(&mut candidate, &mut beside);
            write::sources(&mut candidate, Some(&open.annotations), &open.text, &mut beside);
            hosted::searches(open.calls_there.iter(), &mut candidate);
            write::forget_said(&mut beside);
            beside.write(&mut candidate.extra);
            last.push(candidate);
        }
        self.has_ended = true;
        let mut answer = self.frame();
        let mut beside = std::mem::take(&mut self.beside);
        answer.prompt_feedback = beside.take("prompt_feedback").into();
        beside.count(self.usage.as_ref(), usage::says);
        answer.extra = beside.take_answer(|name| !write::is_member(name));
        beside.write(&mut answer.extra);
        if !last.is_empty() {
            answer.candidates = Nullable::Value(last);
        }
        if let Some(told) = &self.usage {
            answer.usage_metadata = Nullable::Value(usage::to_wire(told, self.tier.as_ref()));
        }
        self.form.write(&answer, !self.wrote, out);
        self.form.end(out);
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        if !self.has_ended {
            self.has_ended = true;
            self.form.write(&error::response(error), !self.wrote, out);
            self.form.end(out);
        }
    }

    fn notes(&mut self) -> Vec<Note> {
        self.notes.clone()
    }
}

/// Puts a piece of a call where it belongs: to the call of its index, or, without one, to the last.
fn add(calls: &mut Vec<ToolCall>, piece: &ToolCall) {
    let known = calls.iter().position(|call| call.index == piece.index);
    let is_new =
        piece.id.get().is_some_and(|id| !id.is_empty()) && known.is_some_and(|at| calls[at].id != piece.id);
    let at = match known {
        Some(at) if !is_new => at,
        _ => {
            calls.push(piece.clone());
            return;
        }
    };
    let call = &mut calls[at];
    if let Some(more) = piece.function.get() {
        let function = call.function.get_or_insert_with(|| llm_types::FunctionCall {
            name: Nullable::Absent,
            arguments: Nullable::Absent,
            extra: Extra::new(),
        });
        if !function.name.is_value() {
            function.name = more.name.clone();
        }
        let text = more.arguments.as_deref().unwrap_or_default();
        function.arguments.get_or_insert_with(String::new).push_str(text);
    }
    if let (Some(whole), Some(more)) = (call.custom.get_mut(), piece.custom.get()) {
        whole.input.get_or_insert_with(String::new).push_str(more.input.as_deref().unwrap_or_default());
    }
    call.extra.extend(piece.extra.clone());
}
