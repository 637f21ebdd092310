//! A streamed answer: Converse's events as chunks.
//!
//! What has no place in a chunk goes into `provider_specific_fields` of its delta: `citation`, one source of the text
//! around it, and `content_block_start`, where text begins a block of its own right after another. The last delta has the blocks again, as `converse_content`, where they must come back exactly.
//!
//! Source: Amazon Bedrock API Reference, "ConverseStream" and "ConverseStreamOutput", read 2026-11.

mod block;

use std::collections::BTreeMap;

use llm_provider_core::{Outbox, SseEvent, StreamError, Unheard};
use llm_types::{
    ChatChunk, ChunkChoice, Delta as Added, Extra, FunctionCall, Nullable, Role, ThinkingBlock, ToolCall,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use block::Block;

use super::decode::{
    IMAGES, annotation, call, empty_thinking, finish_reason, image, keep_native, kept, said, specifics,
};
use super::{BLOCK_START, FORM_TOOL, KEPT};
use crate::wire::{
    BlockDelta, BlockStart, BlockStop, ContentBlock, Delta, MessageStart, MessageStop, Metadata,
    ReasoningDelta, Start,
};
use crate::{error, usage};

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(crate) struct ConverseInterpret {
    blocks: BTreeMap<u32, Block>,
    calls: u32,
    /// The blocks of the images that were told.
    images: Vec<u32>,
    /// The block of the last words, if nothing else came since.
    last_text: Option<u32>,
    /// Letters of text so far: citations tell which span they support.
    letters: usize,
    /// Members of the model's own answer.
    own: Option<Value>,
    /// The last event, if it came before its turn.
    early: Option<Metadata>,
    has_begun: bool,
    is_complete: bool,
    is_counted: bool,
    /// Members of events that nobody here knows, until they are told.
    unknown: Unheard,
}

impl ConverseInterpret {
    /// Whether this is an event of Converse's.
    pub(crate) fn knows(name: &str) -> bool {
        matches!(
            name,
            "messageStart"
                | "contentBlockStart"
                | "contentBlockDelta"
                | "contentBlockStop"
                | "messageStop"
                | "metadata"
        )
    }

    pub(crate) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(crate) fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        let name = String::from_utf8_lossy(event.event);
        let read = self.named(&name, &event.data, out);
        if let Err(why) = read {
            out.fail(StreamError::Corrupt(format!("{name}: {why}")));
        }
    }

    /// One event by its name; others are failures, or are told whole under theirs.
    pub(crate) fn named(
        &mut self,
        name: &str,
        data: &[u8],
        out: &mut Outbox<ChatChunk>,
    ) -> Result<(), llm_types::ParseError> {
        match name {
            "messageStart" => {
                let MessageStart { role: _, extra } = json(data)?;
                self.keep(extra);
                self.begin(out);
            }
            "contentBlockStart" if !self.is_complete => self.block_start(json(data)?, out),
            "contentBlockDelta" if !self.is_complete => self.block_delta(json(data)?, out),
            "contentBlockStop" if !self.is_complete => {
                let BlockStop { index, extra } = json(data)?;
                self.keep(extra);
                self.block_stop(index, out);
            }
            "messageStop" if !self.is_complete => self.message_stop(json(data)?, out),
            "metadata" => {
                let metadata = json(data)?;
                if self.is_complete {
                    self.metadata(metadata, out);
                } else {
                    self.early = Some(metadata);
                }
            }
            name if error::is_exception(name, data) => out.fail(error::in_stream(name, data)),
            name if !Self::knows(name) => {
                let mut event: Extra = json(data)?;
                event.shift_remove(PADDING);
                self.unknown.put(name, Value::Object(event));
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps members that nobody here knows.
    fn keep(&mut self, mut members: Extra) {
        members.shift_remove(PADDING);
        self.unknown.keep(members);
    }

    fn begin(&mut self, out: &mut Outbox<ChatChunk>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            let delta = Added { role: Nullable::Value(Role::Assistant), ..Added::default() };
            out.chunk(chunk(vec![ChunkChoice::new(delta)]));
        }
    }

    fn send(&mut self, delta: Added, out: &mut Outbox<ChatChunk>) {
        self.begin(out);
        if delta.tool_calls.is_value() || delta.thinking_blocks.is_value() {
            self.last_text = None;
        }
        out.chunk(chunk(vec![ChunkChoice::new(delta)]));
    }

    fn block_start(&mut self, start: BlockStart, out: &mut Outbox<ChatChunk>) {
        let (started, company) = start.start.without_company();
        self.keep(start.extra);
        self.keep(company);
        if let Start::ToolUse(call) = &started {
            self.keep(call.extra.clone());
        }
        let block = match started {
            Start::ToolUse(call) if call.name == FORM_TOOL => Block::Form(String::new()),
            Start::ToolUse(call) if call.r#type.as_deref() == Some("server_tool_use") => {
                Block::Own { call, input: String::new() }
            }
            Start::ToolUse(started) => {
                let mut piece = call(&started.tool_use_id, &started.name, "");
                piece.index = Nullable::Value(self.calls);
                let block = Block::Call { index: self.calls, call: started, input: String::new() };
                self.calls += 1;
                self.send(Added { tool_calls: Nullable::Value(vec![piece]), ..Added::default() }, out);
                block
            }
            Start::ToolResult(started) => Block::result(&started),
            Start::Image(started) => Block::image(&started),
            Start::Unknown(started) => return self.keep(started),
        };
        self.blocks.insert(start.index, block);
    }

    fn block_delta(&mut self, delta: BlockDelta, out: &mut Outbox<ChatChunk>) {
        let (added, company) = delta.delta.without_company();
        self.keep(delta.extra);
        self.keep(company);
        match added {
            Delta::Text(text) => {
                self.letters += text.chars().count();
                self.block(delta.index, Block::text).add_text(&text);
                if !text.is_empty() {
                    let before = self.last_text;
                    let mut added = Added::text(text);
                    if before.is_some_and(|before| before != delta.index) {
                        let fields = Extra::from_iter([(BLOCK_START.to_owned(), "text".into())]);
                        added.provider_specific_fields = Nullable::Value(fields);
                    }
                    self.send(added, out);
                    self.last_text = Some(delta.index);
                }
            }
            Delta::ToolUse(piece) => {
                self.keep(piece.extra);
                let Some(input) = piece.input.into_option().filter(|input| !input.is_empty()) else { return };
                let index = match self.blocks.get_mut(&delta.index) {
                    Some(Block::Form(answer)) => {
                        answer.push_str(&input);
                        return self.send(Added::text(input), out);
                    }
                    Some(Block::Call { index, input: whole, .. }) => {
                        whole.push_str(&input);
                        *index
                    }
                    Some(Block::Own { input: whole, .. }) => return whole.push_str(&input),
                    _ => return,
                };
                self.send(arguments(index, input), out);
            }
            Delta::Reasoning(piece) => self.thought(delta.index, piece, out),
            Delta::Citation(citation) => {
                let end = self.letters;
                let start = end.saturating_sub(self.block(delta.index, Block::text).letters());
                let mut added = Added {
                    annotations: annotation(&citation, start, end).map(|annotation| vec![annotation]).into(),
                    ..Added::default()
                };
                let fields = Extra::from_iter([("citation".to_owned(), citation.clone())]);
                added.provider_specific_fields = Nullable::Value(fields);
                self.block(delta.index, Block::text).add_citation(citation);
                self.send(added, out);
            }
            Delta::ToolResult(pieces) => {
                self.block(delta.index, || Block::result(&Value::Null)).add_result(pieces);
            }
            Delta::Image(piece) => {
                self.block(delta.index, || Block::image(&Value::Null)).add_image(piece);
            }
            Delta::Unknown(added) => self.keep(added),
        }
    }

    fn thought(&mut self, index: u32, piece: ReasoningDelta, out: &mut Outbox<ChatChunk>) {
        self.block(index, Block::reasoning).add_thought(&piece);
        self.keep(piece.extra);
        let mut added = Added::default();
        let block = if let Some(data) = piece.redacted_content.into_option() {
            ThinkingBlock { data: Nullable::Value(data), ..empty_thinking("redacted_thinking") }
        } else {
            let text = piece.text.into_option().filter(|text| !text.is_empty());
            let signature = piece.signature.into_option().filter(|signature| !signature.is_empty());
            if text.is_none() && signature.is_none() {
                return;
            }
            added.reasoning_content = text.clone().into();
            ThinkingBlock { thinking: text.into(), signature: signature.into(), ..empty_thinking("thinking") }
        };
        added.thinking_blocks = Nullable::Value(vec![block]);
        self.send(added, out);
    }

    fn block(&mut self, index: u32, new: impl FnOnce() -> Block) -> &mut Block {
        self.blocks.entry(index).or_insert_with(new)
    }

    fn block_stop(&mut self, index: u32, out: &mut Outbox<ChatChunk>) {
        let made = self.blocks.get(&index).and_then(Block::made_image);
        if let Some(made) = made.filter(|_| !self.images.contains(&index)) {
            let images: Vec<Value> = image(&made, self.images.len()).into_iter().collect();
            self.images.push(index);
            if !images.is_empty() {
                let extra = Extra::from_iter([(IMAGES.to_owned(), images.into())]);
                self.send(Added { extra, ..Added::default() }, out);
                self.last_text = None;
            }
            return;
        }
        let Some(Block::Call { index, input, .. }) = self.blocks.get_mut(&index) else { return };
        // A tool without parameters may be called with no word at all.
        if input.is_empty() {
            input.push_str("{}");
            let index = *index;
            self.send(arguments(index, "{}".to_owned()), out);
        }
    }

    fn message_stop(&mut self, stop: MessageStop, out: &mut Outbox<ChatChunk>) {
        let open: Vec<u32> = self.blocks.keys().copied().collect();
        for index in open {
            self.block_stop(index, out);
        }
        self.begin(out);
        self.is_complete = true;
        let finish = finish_reason(Some(&stop.stop_reason), self.calls > 0);
        let blocks = std::mem::take(&mut self.blocks).into_values();
        let blocks: Vec<ContentBlock> = blocks.filter_map(Block::whole).collect();
        let fields = kept(blocks).map(|kept| Extra::from_iter([(KEPT.to_owned(), kept)]));
        let delta = Added { provider_specific_fields: fields.into(), ..Added::default() };
        let mut choice = ChunkChoice::new(delta);
        keep_native(Some(&stop.stop_reason), &finish, &mut choice.extra);
        choice.finish_reason = Nullable::Value(finish);
        let mut last = chunk(vec![choice]);
        self.own = said(&stop.additional_model_response_fields);
        self.keep(stop.extra);
        if let Some(own) = self.own.clone() {
            self.unknown.put("additionalModelResponseFields", own);
        }
        last.provider_specific_fields = self.unknown.take();
        out.chunk(last);
        if let Some(early) = self.early.take() {
            self.metadata(early, out);
        }
    }

    fn metadata(&mut self, metadata: Metadata, out: &mut Outbox<ChatChunk>) {
        if std::mem::replace(&mut self.is_counted, true) {
            return;
        }
        let mut last = chunk(Vec::new());
        last.usage = metadata.usage.get().map(|told| usage::canonical(told, self.own.as_ref())).into();
        last.service_tier = metadata.service_tier.get().map(usage::tier).into();
        let mut fields = specifics(&[
            ("metrics", said(&metadata.metrics)),
            ("trace", said(&metadata.trace)),
            ("performanceConfig", said(&metadata.performance_config)),
        ])
        .unwrap_or_default();
        if let Some(tier) = metadata.service_tier.get() {
            self.unknown.keep(tier.extra.clone());
        }
        self.keep(metadata.extra);
        fields.extend(self.unknown.take().into_option().unwrap_or_default());
        if !fields.is_empty() {
            last.provider_specific_fields = Nullable::Value(fields);
        }
        out.chunk(last);
    }
}

/// Padding that hides the lengths of events.
const PADDING: &str = "p";

fn json<T: DeserializeOwned>(data: &[u8]) -> Result<T, llm_types::ParseError> {
    llm_types::from_slice(data)
}

/// A chunk; Converse tells neither its name, nor the time, nor the model.
fn chunk(choices: Vec<ChunkChoice>) -> ChatChunk {
    ChatChunk {
        id: Nullable::Absent,
        created: Nullable::Absent,
        model: Nullable::Absent,
        ..ChatChunk::new("", 0, "", choices)
    }
}

fn arguments(index: u32, piece: String) -> Added {
    let call = ToolCall {
        index: Nullable::Value(index),
        id: Nullable::Absent,
        r#type: Nullable::Absent,
        function: Nullable::Value(FunctionCall {
            name: Nullable::Absent,
            arguments: Nullable::Value(piece),
            extra: Extra::new(),
        }),
        custom: Nullable::Absent,
        extra: Extra::new(),
    };
    Added { tool_calls: Nullable::Value(vec![call]), ..Added::default() }
}
