//! A streamed answer as Anthropic's events.
//!
//! Source: Anthropic API reference, "Streaming messages", read 2026-11.

mod blocks;
pub(super) mod events;
mod whole;

use bytes::BytesMut;
use llm_provider_core::{
    Beside, ChunkWriter, HostedCalls, Keeping, Kept, Note, NoteKind, Reply, Source, is_signed_elsewhere,
};
use llm_types::{
    ApiError, ChatChunk, ChunkChoice, Delta, Extra, FinishReason, Nullable, ServiceTier, ThinkingBlock,
    ToolCall, Usage,
};
use serde_json::Value;

use super::ending::Ending;
use super::write::{NO_IMAGES, NO_PAGE, OWN_FIELDS, PLACELESS, has_images, is_unknown};
use super::{cited, error, hosted, kept, names, usage};
use crate::chat::CALLER;
use crate::wire::{MessageDeltaBody, MessageResponse, Role};
use blocks::{Blocks, CallPiece};
use events::Event;

/// Writes chunks as events: a beginning, one block after the other, an end. What the answer took and why it
/// stopped are told at the end, as the vendor tells them last.
#[derive(Debug)]
pub(super) struct MessagesWriter {
    reply: Reply,
    id: String,
    model: String,
    stage: Stage,
    blocks: Blocks,
    finish: Option<FinishReason>,
    was_refused: bool,
    specifics: Extra,
    /// What other vendors must have back of the message as a whole.
    kept: Keeping,
    /// What is said beside the words, until it is told.
    beside: Beside,
    /// Blocks told that only Anthropic has.
    own_blocks: usize,
    /// Texts told to begin with members that nobody here knows.
    own_texts: usize,
    /// What tools of another vendor's did.
    hosted: HostedCalls,
    /// Names of those that were told to begin.
    begun: Vec<String>,
    has_citations: bool,
    usage: Option<Usage>,
    tier: Option<ServiceTier>,
    notes: Vec<Note>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Within,
    After,
}

impl MessagesWriter {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            reply: reply.clone(),
            id: String::new(),
            model: String::new(),
            stage: Stage::Before,
            blocks: Blocks::new(names::call_prefix(&reply.request_id)),
            finish: None,
            was_refused: false,
            specifics: Extra::new(),
            kept: Keeping::default(),
            beside: Beside::default(),
            own_blocks: 0,
            own_texts: 0,
            hosted: HostedCalls::default(),
            begun: Vec::new(),
            has_citations: false,
            usage: None,
            tier: None,
            notes: Vec::new(),
        }
    }

    fn start(&mut self, out: &mut BytesMut) {
        if self.stage != Stage::Before {
            return;
        }
        self.stage = Stage::Within;
        let message = MessageResponse {
            id: Nullable::Value(names::message(&self.id, &self.reply.request_id)),
            r#type: Nullable::Value("message".to_owned()),
            role: Nullable::Value(Role::Assistant),
            model: Nullable::Value(
                if self.model.is_empty() { &self.reply.model } else { &self.model }.clone(),
            ),
            content: Vec::new(),
            stop_reason: Nullable::Null,
            stop_sequence: Nullable::Null,
            stop_details: Nullable::Absent,
            usage: Nullable::Value(usage::to_wire(self.usage.as_ref(), self.tier.as_ref())),
            container: Nullable::Absent,
            context_management: Nullable::Absent,
            extra: self.beside.take_answer(is_unknown),
        };
        Event::MessageStart { message: &message }.write(out);
        Event::Ping.write(out);
    }

    fn choice(&mut self, choice: &ChunkChoice, out: &mut BytesMut) {
        if choice.index.get().is_some_and(|index| *index > 0) {
            return self.dropped_once("choices[1..]", "a Messages answer has one choice");
        }
        self.beside.hear_choice(choice);
        if choice.logprobs.is_value() {
            self.dropped_once("choices[0].logprobs", "Messages answers have none");
        }
        if let Some(delta) = choice.delta.get() {
            self.delta(delta, out);
        }
        if let Some(finish) = choice.finish_reason.get() {
            self.finish = Some(finish.clone());
        }
    }

    fn delta(&mut self, delta: &Delta, out: &mut BytesMut) {
        let specifics = delta.provider_specific_fields.get();
        self.kept.add(specifics, &delta.extra, OWN_FIELDS);
        if let Some(Value::Object(block)) = specifics.and_then(|specifics| specifics.get("content_block")) {
            self.own_block(block, out);
        }
        self.thinking(delta, out);
        // Where another vendor has blocks of text too, sources belong to one of them.
        if specifics
            .is_some_and(|specifics| specifics.get("content_block_start").is_some_and(|kind| kind == "text"))
        {
            self.blocks.next_text(out);
        }
        if let Some(text) = delta.content.as_deref() {
            self.blocks.text(text, out);
        }
        if let Some(words) = delta.audio.get().and_then(|audio| audio.transcript.as_deref()) {
            self.blocks.text(words, out);
        }
        if let Some(specifics) = specifics {
            self.specifics(specifics, out);
        }
        if let Some(words) = delta.refusal.as_deref().filter(|words| !words.is_empty()) {
            self.was_refused = true;
            // Where the vendor explains a refusal, these are the words of the explanation.
            if !self.specifics.get("stop_details").is_some_and(Value::is_object) {
                self.blocks.text(words, out);
            }
        }
        for call in delta.tool_calls.get().into_iter().flatten() {
            self.call(piece_of(call), out);
        }
        if let Some(call) = delta.function_call.get() {
            // There is one at most, so it needs no index of its own among the calls.
            let piece = CallPiece {
                index: Some(u32::MAX),
                name: call.name.as_deref().unwrap_or_default(),
                arguments: call.arguments.as_deref().unwrap_or_default(),
                ..CallPiece::default()
            };
            self.call(piece, out);
        }
        if delta.audio.is_value() {
            self.dropped_once("choices[0].delta.audio", "Messages answers have no sound");
        }
        if has_images(&delta.extra) {
            self.dropped_once("choices[0].delta.images", NO_IMAGES);
        }
        for annotation in delta.annotations.get().into_iter().flatten() {
            if self.has_citations {
                continue;
            }
            match Source::of_annotation(annotation) {
                Some(page) => {
                    self.blocks.citation(&cited::citation(&page), out);
                    self.noted_once(NoteKind::Converted, "choices[0].delta.annotations", PLACELESS);
                }
                None => self.dropped_once("choices[0].delta.annotations", NO_PAGE),
            }
        }
        if let Some(specifics) = specifics.filter(|specifics| !has_own_blocks(specifics)) {
            self.hosted(specifics, out);
        }
    }

    /// Calls of tools that another vendor ran itself.
    fn hosted(&mut self, specifics: &Extra, out: &mut BytesMut) {
        for call in self.hosted.hear(specifics) {
            let answer = names::message(&self.id, &self.reply.request_id);
            if !hosted::tells(&call.act) {
                self.dropped_once("choices[0].delta.provider_specific_fields", NO_IMAGES);
            }
            if !self.begun.contains(&call.id) {
                self.begun.push(call.id.clone());
                if let Some(block) = hosted::asked(&call, &answer) {
                    self.blocks.whole(block, out);
                }
            }
            if let Some(block) = hosted::came(&call, &answer).filter(|_| call.is_over()) {
                self.blocks.whole(block, out);
            }
        }
    }

    fn thinking(&mut self, delta: &Delta, out: &mut BytesMut) {
        let pieces = delta.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        let text = |piece: &ThinkingBlock| piece.thinking.as_deref().is_some_and(|text| !text.is_empty());
        // Both members tell the same words; the blocks tell more.
        if !pieces.iter().any(text)
            && let Some(words) = delta.reasoning_content.as_deref()
        {
            self.blocks.thinking(words, out);
        }
        for piece in pieces {
            if piece.r#type == "thinking" {
                self.thought(piece, out);
            } else if !kept::is_own(piece) {
                self.blocks.carry(&Kept { thinking: Some(piece.clone()), ..Kept::default() }, out);
            } else if let Ok(Value::Object(block)) = serde_json::to_value(piece) {
                self.blocks.whole(block, out);
            }
        }
    }

    /// A piece of thinking. A signature ends it, its own or the block sealed.
    fn thought(&mut self, piece: &ThinkingBlock, out: &mut BytesMut) {
        self.blocks.thinking(piece.thinking.as_deref().unwrap_or_default(), out);
        if kept::is_own(piece) && kept::is_signed(piece) {
            self.blocks.members(kept::members(piece), out);
        }
        if kept::is_signed(piece) || is_signed_elsewhere(piece, "anthropic") {
            self.blocks.signature(&kept::signature(piece), out);
        } else {
            self.blocks.members(kept::members(piece), out);
        }
    }

    fn call(&mut self, piece: CallPiece<'_>, out: &mut BytesMut) {
        if self.blocks.call(piece, out).is_err() {
            self.dropped_once("choices[0].delta.tool_calls", "arguments after their own end");
        }
    }

    /// A block that only Anthropic has; or the beginning of a text that is a block of its own.
    fn own_block(&mut self, block: &Extra, out: &mut BytesMut) {
        match block.get("type").and_then(Value::as_str) {
            Some("text") => {
                self.own_texts += usize::from(!is_usual(block));
                self.blocks.begin_text(block.clone(), out);
            }
            kind if is_own(kind) => {
                self.own_blocks += 1;
                self.blocks.whole(block.clone(), out);
            }
            _ => {}
        }
    }

    fn specifics(&mut self, specifics: &Extra, out: &mut BytesMut) {
        for (name, value) in specifics {
            match name.as_str() {
                name if Ending::MEMBERS.contains(&name) => {
                    self.specifics.insert(name.to_owned(), value.clone());
                }
                // Sources in another vendor's words are told at the end, beside the answer.
                "citation" if is_source(value) => {
                    self.has_citations = true;
                    self.blocks.citation(value, out);
                }
                "citation" => {
                    if let Some(source) = Source::read(value) {
                        self.has_citations = true;
                        self.blocks.citation(&cited::citation(&source), out);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether all blocks were told in their turn, as they should have been.
    fn told_all_blocks(&self) -> bool {
        let blocks = match self.beside.get("content_blocks") {
            None => return true,
            Some(Value::Array(blocks)) => blocks,
            Some(_) => return false,
        };
        let own = blocks.iter().filter(|block| is_own(block["type"].as_str())).count();
        let has_sources =
            |block: &Value| block["citations"].as_array().is_some_and(|sources| !sources.is_empty());
        let mut usual = blocks.iter().filter(|block| !is_own(block["type"].as_str()));
        let mut odd_texts = 0;
        let is_said = usual.all(|block| match block.as_object() {
            Some(block) if is_usual(block) => true,
            Some(block) if block.get("type").is_some_and(|kind| kind == "text") => {
                odd_texts += 1;
                true
            }
            _ => false,
        });
        own <= self.own_blocks
            && (self.has_citations || !blocks.iter().any(has_sources))
            && is_said
            && odd_texts <= self.own_texts
    }

    fn dropped_once(&mut self, path: &str, detail: &str) {
        self.noted_once(NoteKind::Dropped, path, detail);
    }

    fn noted_once(&mut self, kind: NoteKind, path: &str, detail: &str) {
        if self.notes.iter().all(|note| (note.kind, note.path.as_str()) != (kind, path)) {
            self.notes.push(Note::new(kind, path, detail));
        }
    }
}

impl ChunkWriter for MessagesWriter {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        for (ours, told) in [(&mut self.id, &chunk.id), (&mut self.model, &chunk.model)] {
            if ours.is_empty()
                && let Some(told) = told.as_deref()
            {
                told.clone_into(ours);
            }
        }
        if let Some(usage) = chunk.usage.get() {
            self.usage = Some(usage.clone());
        }
        if let Some(tier) = chunk.service_tier.get() {
            self.tier = Some(tier.clone());
        }
        self.beside.hear(chunk);
        // Some vendors send what they think of the prompt first, before the answer has a name.
        if !chunk.choices().is_empty() {
            self.start(out);
        }
        for choice in chunk.choices() {
            self.choice(choice, out);
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        self.start(out);
        self.stage = Stage::After;
        self.blocks.finish(out);
        let mut kept = self.kept.take();
        // What comes too late for blocks of its own goes back sealed.
        if !self.told_all_blocks()
            && let Some(blocks) = self.beside.get("content_blocks")
        {
            kept.fields.insert("content_blocks".to_owned(), blocks.clone());
        }
        if !kept.is_empty() {
            self.blocks.carry(&kept, out);
        }
        if self.blocks.lost_members() {
            self.dropped_once(
                "choices[0].delta.thinking_blocks",
                "events of signed thinking have no other members",
            );
        }
        if self.blocks.has_nameless_calls() {
            self.dropped_once("choices[0].delta.tool_calls", "a call without a name");
        }
        if self.has_citations {
            self.beside.forget(&["citation", "citations"]);
        }
        if self.told_all_blocks() {
            self.beside.forget(&["content_block", "content_blocks"]);
        }
        let ending = Ending::new(
            self.finish.as_ref(),
            self.beside.reason(),
            Some(&self.specifics),
            self.blocks.has_calls(),
            self.was_refused,
        );
        let mut beside = std::mem::take(&mut self.beside);
        ending.forget(&mut beside);
        beside.forget_said(hosted::tells);
        beside.count(self.usage.as_ref(), usage::says);
        let mut extra = beside.take_answer(is_unknown);
        beside.write(&mut extra);
        let delta = MessageDeltaBody {
            stop_reason: Nullable::Value(ending.stop_reason),
            stop_sequence: ending.stop_sequence.map_or(Nullable::Null, Nullable::Value),
            stop_details: ending.stop_details,
            container: ending.container,
            extra,
        };
        let usage = usage::to_wire(self.usage.as_ref(), self.tier.as_ref());
        let context_management = Some(&ending.context_management).filter(|member| !member.is_absent());
        Event::MessageDelta { delta: &delta, usage: &usage, context_management }.write(out);
        Event::MessageStop.write(out);
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        if self.stage != Stage::After {
            self.stage = Stage::After;
            error::write_event(error, &self.reply, out);
        }
    }

    fn notes(&mut self) -> Vec<Note> {
        self.notes.clone()
    }
}

fn piece_of(call: &ToolCall) -> CallPiece<'_> {
    let (name, arguments, is_custom) = match (call.function.get(), call.custom.get()) {
        (None, Some(custom)) => (&custom.name, &custom.input, true),
        (Some(function), _) => (&function.name, &function.arguments, false),
        (None, None) => (&Nullable::Absent, &Nullable::Absent, false),
    };
    CallPiece {
        index: call.index.get().copied(),
        id: call.id.as_deref().unwrap_or_default(),
        name: name.as_deref().unwrap_or_default(),
        arguments: arguments.as_deref().unwrap_or_default(),
        is_custom,
        caller: call.extra.get(CALLER),
        members: Some(&call.extra),
    }
}

/// Whether Anthropic itself tells its blocks.
fn has_own_blocks(specifics: &Extra) -> bool {
    specifics.contains_key("content_block") || specifics.contains_key("content_blocks")
}

/// Whether a source is said in Anthropic's words, all of whose types have such a name.
fn is_source(citation: &Value) -> bool {
    citation["type"].as_str().is_some_and(|kind| kind.ends_with("_location"))
}

/// Whether chunks say all that a block of a usual kind says.
fn is_usual(block: &Extra) -> bool {
    let known: &[&str] = match block.get("type").and_then(Value::as_str) {
        Some("text") => &["type", "text", "citations"],
        Some("thinking") => &["type", "thinking", "signature"],
        Some("redacted_thinking") => &["type", "data"],
        Some("tool_use") => &["type", "id", "name", "input", CALLER],
        _ => return false,
    };
    block.iter().all(|(name, value)| value.is_null() || known.contains(&name.as_str()))
}

/// Whether a block has no place in chunks.
fn is_own(kind: Option<&str>) -> bool {
    !matches!(kind, None | Some("text" | "thinking" | "redacted_thinking" | "tool_use"))
}
