//! A streamed answer as the frames of ConverseStream.
//!
//! Blocks come one after the other: a block ends before the next begins, and calls that come at once wait for each other.
//! A piece of a call that ended comes under its own index all the same.

use std::collections::BTreeMap;

use bytes::BytesMut;
use llm_provider_core::{
    Beside, ChunkWriter, InTurn, Keeping, Kept, Note, Reply, Source, add_members, members_of,
    write_event_stream,
};
use llm_types::{
    ApiError, ChatChunk, Delta, Extra, FinishReason, Nullable, ServiceTier, ThinkingBlock, ToolCall, Usage,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::write::{
    ADDITIONAL, CONTENT, NO_PAGE, NO_SUCH_IMAGE, OWN_FIELDS, additional, call_id, images, metrics,
    stop_reason, tier,
};
use super::{cited, error, kept};
use crate::converse::decode::empty_thinking;
use crate::converse::{BLOCK_START, KEPT};
use crate::usage;
use crate::wire::{MediaBlock, MessageStop, Metadata};

/// Writes the chunks of one answer.
pub(super) struct ConverseWriter {
    request_id: String,
    stage: Stage,
    open: Option<Open>,
    next_block: u32,
    calls: BTreeMap<u32, Call>,
    turn: InTurn,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
    tier: Option<ServiceTier>,
    /// What is said beside the words, until the end.
    beside: Beside,
    /// Whether sources were told, in Converse's own words.
    has_citations: bool,
    /// Members of the thinking that goes on that only its vendor knows, sealed at its end.
    thought: Extra,
    /// What other vendors must have back of the message as a whole.
    kept: Keeping,
    notes: Vec<Note>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Within,
    After,
}

/// The block that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text(u32),
    Thinking(u32),
    Call(u32),
}

impl Open {
    const fn block(self) -> u32 {
        match self {
            Self::Text(block) | Self::Thinking(block) | Self::Call(block) => block,
        }
    }
}

/// A call, which begins once its name is known.
#[derive(Debug, Default)]
struct Call {
    block: Option<u32>,
    id: String,
    name: String,
    waiting: String,
    /// Members that only its vendor knows.
    members: Extra,
    /// Whether some of those are not told yet.
    has_untold: bool,
}

impl Call {
    /// What must come back of the call, if it is not told yet.
    fn untold(&mut self) -> Option<Kept> {
        let has_untold = std::mem::take(&mut self.has_untold);
        has_untold.then(|| Kept::of_call(&self.id, self.members.clone()))
    }
}

impl ConverseWriter {
    pub(super) fn new(reply: &Reply) -> Self {
        Self {
            request_id: reply.request_id.clone(),
            stage: Stage::Before,
            open: None,
            next_block: 0,
            calls: BTreeMap::new(),
            turn: InTurn::default(),
            usage: None,
            finish: None,
            tier: None,
            beside: Beside::default(),
            has_citations: false,
            thought: Extra::new(),
            kept: Keeping::default(),
            notes: Vec::new(),
        }
    }

    fn begin(&mut self, out: &mut BytesMut) {
        if self.stage == Stage::Before {
            self.stage = Stage::Within;
            event("messageStart", &json!({ "role": "assistant" }), out);
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        if let Some(open) = self.open.take() {
            if !self.thought.is_empty() {
                let extra = std::mem::take(&mut self.thought);
                let kept = Kept::of_thinking(ThinkingBlock { extra, ..empty_thinking("thinking") });
                let signature = json!({ "reasoningContent": { "signature": kept.seal() } });
                delta(open.block(), &signature, out);
            }
            event("contentBlockStop", &json!({ "contentBlockIndex": open.block() }), out);
        }
    }

    fn next(&mut self) -> u32 {
        let block = self.next_block;
        self.next_block += 1;
        block
    }

    fn text(&mut self, text: &str, out: &mut BytesMut) {
        if text.is_empty() {
            return;
        }
        let block = self.text_block(out);
        delta(block, &json!({ "text": text }), out);
    }

    fn text_block(&mut self, out: &mut BytesMut) -> u32 {
        if let Some(Open::Text(block)) = self.open {
            return block;
        }
        self.close(out);
        let block = self.next();
        self.open = Some(Open::Text(block));
        block
    }

    fn thinking(&mut self, delta: &Delta, out: &mut BytesMut) {
        let blocks = delta.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        let is_said = |block: &ThinkingBlock| block.thinking.as_deref().is_some_and(|text| !text.is_empty());
        if !blocks.iter().any(is_said)
            && let Some(text) = delta.reasoning_content.as_deref().filter(|text| !text.is_empty())
        {
            self.thought(&json!({ "text": text }), out);
        }
        for block in blocks {
            if !kept::is_own(block) {
                self.sealed(block, out);
                continue;
            }
            if let Some(data) = block.data.get() {
                self.close(out);
                self.thought(&json!({ "redactedContent": data }), out);
                self.close(out);
                continue;
            }
            if let Some(text) = block.thinking.as_deref().filter(|text| !text.is_empty()) {
                self.thought(&json!({ "text": text }), out);
            }
            if let Some(signature) = block.signature.as_deref().filter(|signature| !signature.is_empty()) {
                if self.thought.is_empty() {
                    self.thought(&json!({ "signature": signature }), out);
                } else {
                    // One signature: what earlier pieces said beside their words is sealed with it.
                    let extra = std::mem::take(&mut self.thought);
                    let kept = kept::sealed(&ThinkingBlock { extra, ..block.clone() });
                    self.thought(&json!({ "signature": kept.seal() }), out);
                }
                // A signature ends what it signs.
                self.close(out);
            }
        }
    }

    /// A block that is not Converse's own: its text, and a seal for a signature. Without a signature there may be more
    /// of it.
    fn sealed(&mut self, block: &ThinkingBlock, out: &mut BytesMut) {
        if block.r#type != "thinking" {
            return self.carry(&kept::sealed(block), out);
        }
        if let Some(text) = block.thinking.as_deref().filter(|text| !text.is_empty()) {
            self.thought(&json!({ "text": text }), out);
        }
        let members = kept::members(&block.extra);
        if kept::is_signed(block) {
            let mut extra = std::mem::take(&mut self.thought);
            add_members(&mut extra, members);
            let kept = kept::sealed(&ThinkingBlock { extra, ..block.clone() });
            self.thought(&json!({ "signature": kept.seal() }), out);
            self.close(out);
            return;
        }
        let is_open = matches!(self.open, Some(Open::Thinking(_)));
        // That thinking is whole says nothing of thinking that has ended.
        if !is_open && members.keys().any(|name| name != "closed") {
            self.close(out);
            let block = self.next();
            self.open = Some(Open::Thinking(block));
        }
        if let Some(Open::Thinking(_)) = self.open {
            add_members(&mut self.thought, members);
        }
    }

    /// A block that holds nothing but what must come back.
    fn carry(&mut self, kept: &Kept, out: &mut BytesMut) {
        self.close(out);
        self.thought(&json!({ "signature": kept.seal() }), out);
        self.close(out);
    }

    fn thought(&mut self, piece: &Value, out: &mut BytesMut) {
        let block = match self.open {
            Some(Open::Thinking(block)) => block,
            _ => {
                self.close(out);
                let block = self.next();
                self.open = Some(Open::Thinking(block));
                block
            }
        };
        delta(block, &json!({ "reasoningContent": piece }), out);
    }

    /// An image is a block of its own, in one piece.
    fn image(&mut self, image: &MediaBlock, out: &mut BytesMut) {
        self.close(out);
        let block = self.next();
        let start = json!({ "image": { "format": image.format } });
        event("contentBlockStart", &json!({ "start": start, "contentBlockIndex": block }), out);
        delta(block, &json!({ "image": { "source": image.source } }), out);
        event("contentBlockStop", &json!({ "contentBlockIndex": block }), out);
    }

    /// A piece of a call, when it is its turn.
    fn piece(&mut self, piece: &ToolCall, out: &mut BytesMut) {
        let mut turn = std::mem::take(&mut self.turn);
        turn.push(piece, |index, piece| self.call(index, piece, out));
        self.turn = turn;
    }

    fn call(&mut self, index: u32, piece: &ToolCall, out: &mut BytesMut) {
        let (name, input) = match (piece.function.get(), piece.custom.get()) {
            (Some(function), _) => (function.name.as_deref(), function.arguments.as_deref()),
            (None, Some(custom)) => (custom.name.as_deref(), custom.input.as_deref()),
            (None, None) => (None, None),
        };
        let call = self.calls.entry(index).or_default();
        if let Some(id) = piece.id.get() {
            call.id.clone_from(id);
        }
        call.name.push_str(name.unwrap_or_default());
        call.waiting.push_str(input.unwrap_or_default());
        for (name, value) in members_of(piece) {
            call.has_untold |= call.members.get(&name) != Some(&value);
            call.members.insert(name, value);
        }
        if call.block.is_none() {
            if call.name.is_empty() {
                return;
            }
            self.begin_call(index, out);
        }
        let Some(call) = self.calls.get_mut(&index) else { return };
        let waiting = std::mem::take(&mut call.waiting);
        if let Some(block) = call.block
            && !waiting.is_empty()
        {
            delta(block, &json!({ "toolUse": { "input": waiting } }), out);
        }
    }

    fn begin_call(&mut self, index: u32, out: &mut BytesMut) {
        self.close(out);
        let Some(call) = self.calls.get_mut(&index) else { return };
        if call.id.is_empty() {
            call.id = call_id(&self.request_id, index as usize);
        }
        if let Some(kept) = call.untold() {
            self.carry(&kept, out);
        }
        let block = self.next();
        self.open = Some(Open::Call(block));
        let Some(call) = self.calls.get_mut(&index) else { return };
        call.block = Some(block);
        let start = json!({ "toolUse": { "toolUseId": call.id, "name": call.name } });
        event("contentBlockStart", &json!({ "start": start, "contentBlockIndex": block }), out);
    }

    /// What must come back and has not been told in its place.
    fn rest(&mut self, out: &mut BytesMut) {
        let calls = self.calls.values_mut().filter(|call| call.block.is_some());
        let mut all: Vec<Kept> = calls.filter_map(Call::untold).collect();
        all.push(self.kept.take());
        for kept in all.iter().filter(|kept| !kept.is_empty()) {
            self.carry(kept, out);
        }
    }

    fn dropped_once(&mut self, path: &str, detail: &str) {
        if !self.notes.iter().any(|note| note.path == path) {
            self.notes.push(Note::dropped(path, detail));
        }
    }

    fn added(&mut self, added: &Delta, out: &mut BytesMut) {
        self.thinking(added, out);
        let fields = added.provider_specific_fields.get();
        self.kept.add(fields, &added.extra, OWN_FIELDS);
        if fields.is_some_and(|fields| fields.contains_key(BLOCK_START)) {
            self.close(out);
        }
        self.text(added.content.as_deref().unwrap_or_default(), out);
        self.text(added.refusal.as_deref().unwrap_or_default(), out);
        let spoken = added.audio.get().and_then(|audio| audio.transcript.as_deref());
        self.text(spoken.unwrap_or_default(), out);
        self.sources(added, out);
        for image in images(&added.extra) {
            match image {
                Some(image) => self.image(&image, out),
                None => self.dropped_once("choices[0].delta.images", NO_SUCH_IMAGE),
            }
        }
        for piece in added.tool_calls.get().into_iter().flatten() {
            self.piece(piece, out);
        }
        if let Some(function) = added.function_call.get() {
            let piece = ToolCall {
                index: Nullable::Value(0),
                id: Nullable::Absent,
                r#type: Nullable::Absent,
                function: Nullable::Value(function.clone()),
                custom: Nullable::Absent,
                extra: Extra::new(),
            };
            self.piece(&piece, out);
        }
        if added.audio.is_value() {
            self.dropped_once("choices[0].delta.audio", "Converse answers have no sound");
        }
    }
}

impl ConverseWriter {
    /// Sources of the text. An answer that names them in its vendor's words is not heard when it names them once more.
    fn sources(&mut self, added: &Delta, out: &mut BytesMut) {
        let told = added.provider_specific_fields.get().and_then(|fields| fields.get("citation"));
        let own = |citation: &&Value| citation.get("type").is_none() && citation.get("sources").is_none();
        let citation = told.filter(own).cloned();
        let citation = citation.or_else(|| told.and_then(Source::read).as_ref().map(cited::citation));
        if let Some(citation) = citation {
            self.has_citations = true;
            self.cite(&citation, out);
            return;
        }
        let annotations = added.annotations.get().filter(|_| !self.has_citations);
        for annotation in annotations.into_iter().flatten() {
            match Source::of_annotation(annotation) {
                Some(page) => self.cite(&cited::citation(&page), out),
                None => self.dropped_once("choices[0].delta.annotations", NO_PAGE),
            }
        }
    }

    fn cite(&mut self, citation: &Value, out: &mut BytesMut) {
        let block = self.text_block(out);
        delta(block, &json!({ "citation": citation }), out);
    }
}

impl ChunkWriter for ConverseWriter {
    fn chunk(&mut self, chunk: &ChatChunk, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        if let Some(usage) = chunk.usage.get() {
            self.usage = Some(usage.clone());
        }
        if let Some(tier) = chunk.service_tier.get() {
            self.tier = Some(tier.clone());
        }
        self.beside.hear(chunk);
        for choice in chunk.choices() {
            if choice.index.get().copied().unwrap_or(0) != 0 {
                self.dropped_once("choices[1..]", "a Converse answer has one choice");
                continue;
            }
            self.begin(out);
            self.beside.hear_choice(choice);
            if choice.logprobs.is_value() {
                self.dropped_once("choices[0].logprobs", "Converse answers have none");
            }
            if let Some(added) = choice.delta.get() {
                self.added(added, out);
            }
            if let Some(finish) = choice.finish_reason.get() {
                self.finish = Some(finish.clone());
            }
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if self.stage == Stage::After {
            return;
        }
        self.begin(out);
        std::mem::take(&mut self.turn).finish(|index, piece| self.call(index, piece, out));
        self.close(out);
        self.rest(out);
        self.stage = Stage::After;
        let has_calls = self.calls.values().any(|call| call.block.is_some());
        if self.calls.values().any(|call| call.block.is_none()) {
            self.dropped_once("choices[0].delta.tool_calls", "a call without a name");
        }
        let mut beside = std::mem::take(&mut self.beside);
        beside.forget(&[BLOCK_START]);
        if self.has_citations {
            beside.forget(&["citation"]);
        }
        if told_all_blocks(&beside) {
            beside.forget(CONTENT);
        }
        let stop_reason = stop_reason(self.finish.as_ref(), beside.reason(), has_calls);
        beside.forget_reason(stop_reason.as_str());
        let told = usage::told(beside.answer().get(ADDITIONAL));
        beside.count(self.usage.as_ref(), told);
        let metadata = Metadata {
            usage: Nullable::Value(usage::to_wire(self.usage.as_ref())),
            metrics: Nullable::Value(metrics(&mut beside)),
            trace: beside.take("trace").into(),
            performance_config: beside.take("performanceConfig").into(),
            service_tier: self.tier.as_ref().and_then(|told| tier(told, &mut beside)).into(),
            extra: Extra::new(),
        };
        let stop = MessageStop {
            stop_reason,
            additional_model_response_fields: additional(beside).into(),
            extra: Extra::new(),
        };
        event("messageStop", &stop, out);
        event("metadata", &metadata, out);
    }

    fn error(&mut self, error: &ApiError, out: &mut BytesMut) {
        if self.stage != Stage::After {
            self.stage = Stage::After;
            error::write_exception(error, out);
        }
    }

    fn notes(&mut self) -> Vec<Note> {
        self.notes.clone()
    }
}

/// Whether the blocks that the model's answer is made of were told in their turn.
fn told_all_blocks(beside: &Beside) -> bool {
    const TOLD: &[&str] = &["text", "reasoningContent", "toolUse", "citationsContent", "image"];
    let blocks = beside.get(KEPT).and_then(Value::as_array);
    blocks.is_some_and(|blocks| {
        blocks.iter().filter_map(Value::as_object).all(|block| {
            // A call with a type is one that Bedrock runs itself.
            block.iter().all(|(name, block)| TOLD.contains(&name.as_str()) && block.get("type").is_none())
        })
    })
}

fn delta(block: u32, piece: &Value, out: &mut BytesMut) {
    event("contentBlockDelta", &json!({ "delta": piece, "contentBlockIndex": block }), out);
}

pub(super) fn event<T: Serialize>(name: &str, payload: &T, out: &mut BytesMut) {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    // Maps with text as names, numbers and strings always have a text.
    write_event_stream(&headers, &serde_json::to_vec(payload).unwrap_or_default(), out);
}
