//! A streamed answer: Anthropic's events as chunks.
//!
//! What has no place in a chunk goes into `provider_specific_fields` of its delta, in its turn: `citation`, one
//! source of the text around it, and `content_block`, a whole block; one of type `text` is only the beginning
//! of a block, told where the text alone would not show that it begins. The last delta has all blocks again,
//! as `content_blocks`, for clients that send the answer back.
//!
//! Source: Anthropic API reference, "Streaming messages", read 2026-11.

mod block;

use llm_provider_core::{Interpret, Outbox, SseEvent, StreamError, Unheard};
use llm_types::{
    ChatChunk, ChunkChoice, Delta, Extra, FunctionCall, Nullable, Role, ThinkingBlock, ToolCall,
};
use serde::Serialize;

use block::Block;

use super::FORM_TOOL;
use super::decode::{Ending, annotation, call, finish_reason, thinking_block};
use crate::wire::{self, ContentBlock, MessageDelta, MessageStart, StreamEvent};
use crate::{error, usage};

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(crate) struct ChatInterpret {
    id: Nullable<String>,
    model: Nullable<String>,
    open: Vec<Block>,
    done: Vec<Block>,
    calls: u32,
    /// Whether the block that began last is text: more of it would seem to go on.
    after_text: bool,
    /// Letters of text so far: citations tell which span they support.
    letters: usize,
    usage: Option<wire::Usage>,
    ending: Ending,
    /// Members of the answer and its events that nobody here knows, until they are told.
    unknown: Unheard,
    is_complete: bool,
}

impl Interpret for ChatInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        // Some who speak this wire end it as OpenAI does.
        if self.is_complete || event.data.as_ref() == b"[DONE]" {
            return;
        }
        match serde_json::from_slice(&event.data) {
            Ok(StreamEvent::MessageStart(start)) => self.start(start, out),
            Ok(StreamEvent::ContentBlockStart(start)) => {
                self.unknown.keep(start.extra);
                self.block_start(Block::new(start.index, start.content_block), out);
            }
            Ok(StreamEvent::ContentBlockDelta(delta)) => {
                self.unknown.keep(delta.extra);
                self.block_delta(delta.index, delta.delta, out);
            }
            Ok(StreamEvent::ContentBlockStop(stop)) => {
                self.unknown.keep(stop.extra);
                self.block_stop(stop.index, out);
            }
            Ok(StreamEvent::MessageDelta(delta)) => self.message_delta(delta),
            Ok(StreamEvent::MessageStop(stop)) => {
                self.unknown.keep(stop.extra);
                self.stop(out);
            }
            Ok(StreamEvent::Error(told)) => out.fail(error::in_stream(&told, &event.data)),
            Ok(StreamEvent::Ping(ping)) => self.unknown.keep(ping.extra),
            // Anthropic asks its clients to go on at an event that they do not know.
            Ok(StreamEvent::Unknown(event)) => self.unknown.event(event),
            Err(why) => out.fail(StreamError::Corrupt(why.to_string())),
        }
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl ChatInterpret {
    fn start(&mut self, start: MessageStart, out: &mut Outbox<ChatChunk>) {
        let message = start.message;
        self.id = message.id;
        self.model = message.model;
        self.add_usage(message.usage);
        self.ending.stop_details = message.stop_details;
        self.ending.container = message.container;
        self.ending.context_management = message.context_management;
        self.unknown.keep(start.extra);
        self.unknown.keep(message.extra);
        let delta = Delta { role: Nullable::Value(Role::Assistant), ..Delta::default() };
        let mut chunk = self.chunk(vec![ChunkChoice::new(delta)]);
        chunk.provider_specific_fields = self.unknown.take();
        out.chunk(chunk);
    }

    fn block_start(&mut self, mut block: Block, out: &mut Outbox<ChatChunk>) {
        let after_text = std::mem::replace(&mut self.after_text, false);
        match &mut block.content {
            ContentBlock::Text(text) => {
                self.after_text = true;
                block.text_start = self.letters;
                let words = std::mem::take(&mut text.text);
                if after_text || !text.citations.is_absent() || !text.extra.is_empty() {
                    self.send_own("content_block", &block.content, out);
                }
                self.text(&mut block, &words, out);
            }
            ContentBlock::Thinking(thinking) => {
                let text = std::mem::take(&mut thinking.thinking);
                self.thinking(&mut block, &text, out);
            }
            ContentBlock::RedactedThinking(redacted) => {
                let piece = ThinkingBlock {
                    data: Nullable::Value(redacted.data.clone()),
                    extra: redacted.extra.clone(),
                    ..thinking_block("redacted_thinking")
                };
                self.send(Delta { thinking_blocks: Nullable::Value(vec![piece]), ..Delta::default() }, out);
            }
            ContentBlock::ToolUse(tool) if tool.name == FORM_TOOL => {}
            ContentBlock::ToolUse(tool) => {
                let mut piece = call(tool, "");
                piece.index = Nullable::Value(self.calls);
                block.call = Some(self.calls);
                self.calls += 1;
                self.send(Delta { tool_calls: Nullable::Value(vec![piece]), ..Delta::default() }, out);
            }
            _ => {}
        }
        self.open.push(block);
    }

    fn block_delta(&mut self, index: u32, delta: wire::Delta, out: &mut Outbox<ChatChunk>) {
        // The block is taken out while it and the answer as a whole change.
        let Some(at) = self.open.iter().rposition(|block| block.index == index) else { return };
        let mut block = self.open.swap_remove(at);
        match delta {
            wire::Delta::Text(delta) => {
                self.unknown.keep(delta.extra);
                self.text(&mut block, &delta.text, out);
            }
            wire::Delta::Thinking(delta) => {
                self.unknown.keep(delta.extra);
                self.thinking(&mut block, &delta.thinking, out);
            }
            wire::Delta::InputJson(delta) => {
                self.unknown.keep(delta.extra);
                self.input(&mut block, &delta.partial_json, out);
            }
            wire::Delta::Signature(delta) => {
                self.unknown.keep(delta.extra);
                block.sign(delta.signature);
            }
            wire::Delta::Citations(delta) => {
                self.unknown.keep(delta.extra);
                if matches!(block.content, ContentBlock::Text(_)) {
                    self.send_own("citation", &delta.citation, out);
                }
                block.cite(delta.citation);
            }
            wire::Delta::Compaction(delta) => block.compact(delta),
            wire::Delta::Unknown(mut delta) => {
                delta.insert("index".to_owned(), index.into());
                self.unknown.event(delta);
            }
        }
        self.open.push(block);
    }

    fn block_stop(&mut self, index: u32, out: &mut Outbox<ChatChunk>) {
        if let Some(at) = self.open.iter().rposition(|block| block.index == index) {
            let block = self.open.swap_remove(at);
            self.close(block, out);
        }
    }

    fn close(&mut self, mut block: Block, out: &mut Outbox<ChatChunk>) {
        // What has no arguments sends none, and others send them all at the start.
        if let Some(input) = block.close_input() {
            self.input_piece(&block, &input, out);
        }
        match &block.content {
            ContentBlock::Thinking(thinking) => {
                let piece = ThinkingBlock {
                    thinking: Nullable::Value(String::new()),
                    signature: thinking.signature.clone(),
                    extra: thinking.extra.clone(),
                    ..thinking_block("thinking")
                };
                if piece.signature.is_value() || !piece.extra.is_empty() {
                    self.send(
                        Delta { thinking_blocks: Nullable::Value(vec![piece]), ..Delta::default() },
                        out,
                    );
                }
            }
            ContentBlock::Text(text) => {
                let citations = text.citations.get().into_iter().flatten();
                let pages: Vec<_> = citations
                    .filter_map(|citation| annotation(citation, block.text_start, self.letters))
                    .collect();
                if !pages.is_empty() {
                    self.send(Delta { annotations: Nullable::Value(pages), ..Delta::default() }, out);
                }
            }
            ContentBlock::RedactedThinking(_) | ContentBlock::ToolUse(_) => {}
            ContentBlock::Image(_)
            | ContentBlock::Document(_)
            | ContentBlock::ToolResult(_)
            | ContentBlock::ServerToolUse(_)
            | ContentBlock::Unknown(_) => self.send_own("content_block", &block.content, out),
        }
        self.done.push(block);
    }

    fn message_delta(&mut self, delta: MessageDelta) {
        fn last<T>(old: &mut Option<T>, new: Nullable<T>) {
            if let Nullable::Value(new) = new {
                *old = Some(new);
            }
        }
        last(&mut self.ending.stop_reason, delta.delta.stop_reason);
        last(&mut self.ending.stop_sequence, delta.delta.stop_sequence);
        usage::last(&mut self.ending.stop_details, delta.delta.stop_details);
        usage::last(&mut self.ending.container, delta.delta.container);
        usage::last(&mut self.ending.context_management, delta.context_management);
        self.unknown.keep(delta.extra);
        self.unknown.keep(delta.delta.extra);
        self.add_usage(delta.usage);
    }

    fn add_usage(&mut self, newer: Nullable<wire::Usage>) {
        if let Nullable::Value(newer) = newer {
            usage::merge(self.usage.get_or_insert_default(), newer);
        }
    }

    /// The last chunk of the answer, and one with what it took.
    fn stop(&mut self, out: &mut Outbox<ChatChunk>) {
        for block in std::mem::take(&mut self.open) {
            self.close(block, out);
        }
        self.is_complete = true;
        let ending = std::mem::take(&mut self.ending);
        let finish = finish_reason(ending.stop_reason.as_ref(), self.calls > 0);
        let refusal = ending.refusal();
        let mut blocks = std::mem::take(&mut self.done);
        blocks.sort_by_key(|block| block.index);
        let specifics = ending.specifics(blocks.into_iter().map(|block| block.content).collect());
        let delta =
            Delta { refusal: refusal.into(), provider_specific_fields: specifics, ..Delta::default() };
        let mut choice = ChunkChoice::new(delta);
        choice.finish_reason = Nullable::Value(finish);
        let mut chunk = self.chunk(vec![choice]);
        chunk.provider_specific_fields = self.unknown.take();
        out.chunk(chunk);
        if let Some(usage) = self.usage.take() {
            let mut chunk = self.chunk(Vec::new());
            chunk.usage = Nullable::Value(usage::canonical(&usage));
            chunk.service_tier = usage::tier(&usage).into();
            out.chunk(chunk);
        }
    }

    fn text(&mut self, block: &mut Block, text: &str, out: &mut Outbox<ChatChunk>) {
        if !text.is_empty() {
            self.letters += text.chars().count();
            block.add_text(text);
            self.send(Delta::text(text), out);
        }
    }

    fn thinking(&mut self, block: &mut Block, text: &str, out: &mut Outbox<ChatChunk>) {
        if !text.is_empty() {
            block.add_text(text);
            let piece =
                ThinkingBlock { thinking: Nullable::Value(text.to_owned()), ..thinking_block("thinking") };
            let delta = Delta {
                reasoning_content: Nullable::Value(text.to_owned()),
                thinking_blocks: Nullable::Value(vec![piece]),
                ..Delta::default()
            };
            self.send(delta, out);
        }
    }

    fn input(&mut self, block: &mut Block, piece: &str, out: &mut Outbox<ChatChunk>) {
        if !piece.is_empty() {
            block.input.push_str(piece);
            self.input_piece(block, piece, out);
        }
    }

    /// A piece of a call's arguments; of the form tool, a piece of the answer.
    fn input_piece(&mut self, block: &Block, piece: &str, out: &mut Outbox<ChatChunk>) {
        match (&block.content, block.call) {
            (_, Some(index)) => {
                let call = ToolCall {
                    index: Nullable::Value(index),
                    id: Nullable::Absent,
                    r#type: Nullable::Absent,
                    function: Nullable::Value(FunctionCall {
                        name: Nullable::Absent,
                        arguments: Nullable::Value(piece.to_owned()),
                        extra: Default::default(),
                    }),
                    custom: Nullable::Absent,
                    extra: Default::default(),
                };
                self.send(Delta { tool_calls: Nullable::Value(vec![call]), ..Delta::default() }, out);
            }
            (ContentBlock::ToolUse(_), None) => {
                self.letters += piece.chars().count();
                self.send(Delta::text(piece), out);
            }
            _ => {}
        }
    }

    fn send(&self, delta: Delta, out: &mut Outbox<ChatChunk>) {
        out.chunk(self.chunk(vec![ChunkChoice::new(delta)]));
    }

    /// Something that only Anthropic has, in Anthropic's words.
    fn send_own<T: Serialize>(&self, name: &str, value: &T, out: &mut Outbox<ChatChunk>) {
        if let Ok(value) = serde_json::to_value(value) {
            let specifics = Extra::from_iter([(name.to_owned(), value)]);
            let delta = Delta { provider_specific_fields: Nullable::Value(specifics), ..Delta::default() };
            self.send(delta, out);
        }
    }

    /// Anthropic tells no time; whoever knows the clock puts it in.
    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatChunk {
        let mut chunk = ChatChunk::new("", 0, "", choices);
        chunk.id = self.id.clone();
        chunk.model = self.model.clone();
        chunk.created = Nullable::Absent;
        chunk
    }
}
