//! The conversation: what Anthropic puts into one message may be several of OpenAI's.
//!
//! Source: Anthropic API reference, "Messages", and docs "Handle tool calls", read 2026-11.

use llm_provider_core::{IngressError, Note, NoteKind};
use llm_types::{Extra, Message, MessageContent, Nullable, Role, ThinkingBlock, ToolCall};
use serde_json::Value;

use super::Reader;
use super::blocks::{Place, part, remaining, text};
use crate::chat::CALLER;
use crate::chat::decode::thinking_block;
use crate::ingress::kept::unsealed;
use crate::ingress::{cited, hosted};
use crate::wire::{self, Content, ContentBlock, InputMessage, ToolResultBlock};

/// The first block of Claude Code's system prompt begins so. It changes from request to request and speaks to
/// Anthropic's accounting only.
const BILLING: &str = "x-anthropic-billing-header:";

impl Reader {
    pub(super) fn system(
        &mut self,
        system: Option<Content>,
        messages: &mut Vec<Message>,
    ) -> Result<(), IngressError> {
        let content = match system {
            None => return Ok(()),
            Some(Content::Text(text)) => MessageContent::Text(text),
            Some(Content::Blocks(mut blocks)) => {
                if let Some(ContentBlock::Text(first)) = blocks.first()
                    && first.text.starts_with(BILLING)
                {
                    blocks.remove(0);
                    self.notes.push(Note::dropped("system[0]", "is for Anthropic's accounting only"));
                }
                let blocks = blocks.into_iter().enumerate();
                let parts = blocks.map(|(index, block)| part(block, Place::System(index)));
                MessageContent::Parts(parts.collect::<Result<_, _>>()?)
            }
        };
        if !content.is_empty() {
            messages.push(Message::system(content));
        }
        Ok(())
    }

    pub(super) fn message(
        &mut self,
        index: usize,
        message: InputMessage,
        messages: &mut Vec<Message>,
    ) -> Result<(), IngressError> {
        let first = messages.len();
        match message.role {
            wire::Role::User => self.user(index, message.content, messages)?,
            wire::Role::Assistant => messages.push(self.assistant(index, message.content)),
            wire::Role::System => messages.push(Message::system(instructions(index, message.content)?)),
            wire::Role::Other(role) => {
                return Err(IngressError {
                    path: format!("messages[{index}].role"),
                    message: format!("`{role}` is no role; expected `user`, `assistant` or `system`"),
                });
            }
        }
        let path = format!("messages[{index}]");
        let extra = self.unnamed::<Message>(message.extra, &path);
        if let Some(read) = messages.get_mut(first) {
            // The first result of a tool has members of its own.
            for (name, value) in extra.into_iter().filter(|(_, value)| !value.is_null()) {
                match read.extra.get(&name) {
                    Some(said) if *said != value => {
                        self.note(
                            NoteKind::Dropped,
                            format!("{path}.{name}"),
                            "its first result says another",
                        );
                    }
                    _ => {
                        read.extra.insert(name, value);
                    }
                }
            }
        }
        Ok(())
    }

    /// Results of tools become messages of their own, before what else the user says: OpenAI takes nothing
    /// between calls and their results.
    fn user(&mut self, index: usize, said: Content, messages: &mut Vec<Message>) -> Result<(), IngressError> {
        let blocks = match said {
            Content::Text(text) => {
                messages.push(Message::user(text));
                return Ok(());
            }
            Content::Blocks(blocks) => blocks,
        };
        let mut parts = Vec::with_capacity(blocks.len());
        let mut has_results = false;
        for (number, block) in blocks.into_iter().enumerate() {
            match block {
                ContentBlock::ToolResult(block) => {
                    has_results = true;
                    if !parts.is_empty() {
                        let place = Place::Message(index, number).to_string();
                        self.note(NoteKind::Moved, place, "before what the user says");
                    }
                    messages.push(self.result(block, index, number)?);
                }
                block => parts.push(part(block, Place::Message(index, number))?),
            }
        }
        if !has_results {
            messages.push(Message::user(MessageContent::Parts(parts)));
        } else if !parts.is_empty() {
            messages.push(Message::user(remaining(parts)));
        }
        Ok(())
    }

    fn result(
        &mut self,
        block: ToolResultBlock,
        index: usize,
        number: usize,
    ) -> Result<Message, IngressError> {
        let said = match block.content.into_option() {
            None => MessageContent::Text(String::new()),
            Some(Content::Text(text)) => MessageContent::Text(text),
            Some(Content::Blocks(blocks)) => {
                let blocks = blocks.into_iter().enumerate();
                let parts = blocks.map(|(inner, block)| part(block, Place::Result(index, number, inner)));
                MessageContent::Parts(parts.collect::<Result<_, _>>()?)
            }
        };
        let mut message = Message::tool(block.tool_use_id, said);
        message.cache_control = block.cache_control;
        message.extra = self.unnamed::<Message>(block.extra, &Place::Message(index, number).to_string());
        if let Some(is_error) = block.is_error.get() {
            message.extra.insert("is_error".to_owned(), (*is_error).into());
        }
        Ok(message)
    }

    /// Thinking, text and calls, with what was sealed for their vendor. Where these three in this order do not say it all, the blocks are kept too.
    fn assistant(&mut self, index: usize, said: Content) -> Message {
        let blocks = match said {
            Content::Text(text) => return Message::assistant(text),
            Content::Blocks(blocks) => blocks,
        };
        let mut message = Message::empty(Role::Assistant);
        let mut blocks = blocks;
        for block in &mut blocks {
            if let ContentBlock::Text(text) = block {
                cited::without_others(text);
            }
        }
        let told = blocks.iter().position(hosted::is_told_for_another);
        let is_plain = is_plain(&blocks);
        let mut fields = if is_plain { Extra::new() } else { self.keep(index, &blocks) };
        let mut call_members = Extra::new();
        let mut parts = Vec::new();
        let mut reasoning: Option<String> = None;
        let mut thinking = Vec::new();
        let mut calls = Vec::new();
        for (number, block) in blocks.into_iter().enumerate() {
            if let Some(kept) = unsealed(&block) {
                let text = match block {
                    ContentBlock::Thinking(block) => block.thinking,
                    _ => String::new(),
                };
                reasoning = joined(reasoning, &text);
                match kept {
                    Some(kept) => {
                        call_members.extend(kept.calls);
                        fields.extend(kept.fields);
                        thinking.extend(kept.thinking.map(|block| with_text(block, text)));
                    }
                    None => {
                        let path = Place::Message(index, number).to_string();
                        self.note(NoteKind::Dropped, path, "was changed on its way");
                    }
                }
                continue;
            }
            match block {
                ContentBlock::Text(mut block) => {
                    block.citations = Nullable::Absent;
                    block.extra.clear();
                    parts.push(text(block));
                }
                ContentBlock::Thinking(block) => {
                    // Signed blocks with other members are kept whole.
                    for name in block.extra.keys().filter(|_| !is_signed(&block)) {
                        let path = format!("{}.{name}", Place::Message(index, number));
                        self.note(NoteKind::Dropped, path, "thinking without a signature has no such member");
                    }
                    reasoning = joined(reasoning, &block.thinking);
                    if is_signed(&block) {
                        thinking.push(ThinkingBlock {
                            thinking: Nullable::Value(block.thinking),
                            signature: block.signature,
                            ..thinking_block("thinking")
                        });
                    }
                }
                ContentBlock::RedactedThinking(block) => thinking.push(ThinkingBlock {
                    data: Nullable::Value(block.data),
                    ..thinking_block("redacted_thinking")
                }),
                ContentBlock::ToolUse(block) => {
                    let mut call = ToolCall::function(block.id, block.name, block.input.to_string());
                    call.extra.extend(block.extra.into_iter().filter(|(name, _)| name == CALLER));
                    calls.push(call);
                }
                _ => {}
            }
        }
        if let Some(number) = told.filter(|_| fields.keys().all(|name| name == "content_blocks")) {
            let path = Place::Message(index, number).to_string();
            let why = "another vendor's tool ran it, which needs nothing of it back";
            self.note(NoteKind::Dropped, path, why);
        }
        for call in &mut calls {
            let members = call.id.as_deref().and_then(|id| call_members.get(id));
            call.extra.extend(members.and_then(Value::as_object).cloned().unwrap_or_default());
        }
        let is_all = calls.is_empty() && thinking.is_empty();
        message.content = match (parts.is_empty(), calls.is_empty()) {
            (true, false) => Nullable::Null,
            (true, true) => Nullable::Value(MessageContent::Text(String::new())),
            (false, _) if is_all => Nullable::Value(MessageContent::Parts(parts)),
            (false, _) => Nullable::Value(remaining(parts)),
        };
        message.reasoning_content = reasoning.into();
        message.thinking_blocks = some(thinking);
        message.tool_calls = some(calls);
        if !fields.is_empty() {
            message.provider_specific_fields = Nullable::Value(fields);
        }
        message
    }

    /// The blocks of an answer as they came, where the Anthropic translator looks for them.
    fn keep(&mut self, index: usize, blocks: &[ContentBlock]) -> Extra {
        let foreign: Vec<&str> = blocks
            .iter()
            .filter(|block| !is_others(block))
            .filter(|block| {
                !matches!(
                    block,
                    ContentBlock::Text(_)
                        | ContentBlock::Thinking(_)
                        | ContentBlock::RedactedThinking(_)
                        | ContentBlock::ToolUse(_)
                )
            })
            .map(ContentBlock::kind)
            .collect();
        if !foreign.is_empty() {
            let detail = format!("{} kept in `provider_specific_fields.content_blocks`", foreign.join(", "));
            self.note(NoteKind::Moved, format!("messages[{index}].content"), detail);
        }
        let kept = blocks.iter().filter(|block| !is_others(block));
        let kept: Vec<Value> = kept.filter_map(|block| serde_json::to_value(block).ok()).collect();
        Extra::from_iter([("content_blocks".to_owned(), Value::Array(kept))])
    }
}

/// Thinking without a signature, or with a seal for one, is another vendor's, and so is what its tools did, as this dialect
/// told it to the client. Anthropic would refuse it.
fn is_others(block: &ContentBlock) -> bool {
    unsealed(block).is_some()
        || hosted::is_told_for_another(block)
        || matches!(block, ContentBlock::Thinking(block) if !is_signed(block))
}

fn joined(reasoning: Option<String>, more: &str) -> Option<String> {
    Some(reasoning.unwrap_or_default() + more)
}

/// A block with the text that the client saw beside the seal.
fn with_text(block: ThinkingBlock, text: String) -> ThinkingBlock {
    match block.r#type.as_str() {
        "thinking" if !block.thinking.is_value() => {
            ThinkingBlock { thinking: Nullable::Value(text), ..block }
        }
        _ => block,
    }
}

fn is_signed(block: &wire::ThinkingBlock) -> bool {
    block.signature.as_deref().is_some_and(|signature| !signature.is_empty())
}

/// Whether thinking, text and calls, in this order, say everything that the blocks say.
fn is_plain(blocks: &[ContentBlock]) -> bool {
    let mut rank = 0;
    blocks.iter().filter(|block| !is_others(block)).all(|block| {
        let next = match block {
            ContentBlock::Thinking(block) if block.extra.is_empty() => 1,
            ContentBlock::RedactedThinking(block) if block.extra.is_empty() => 1,
            ContentBlock::Text(block) if block.extra.is_empty() && block.citations.is_absent() => 2,
            ContentBlock::ToolUse(call)
                if !call.cache_control.is_value()
                    && call.extra.iter().all(|(name, value)| name == CALLER && value["type"] == "direct") =>
            {
                3
            }
            _ => return false,
        };
        let in_order = next >= rank;
        rank = next;
        in_order
    })
}

fn instructions(index: usize, said: Content) -> Result<MessageContent, IngressError> {
    match said {
        Content::Text(text) => Ok(MessageContent::Text(text)),
        Content::Blocks(blocks) => {
            let blocks = blocks.into_iter().enumerate();
            let parts = blocks.map(|(number, block)| part(block, Place::Message(index, number)));
            parts.collect::<Result<_, _>>().map(MessageContent::Parts)
        }
    }
}

fn some<T>(list: Vec<T>) -> Nullable<Vec<T>> {
    if list.is_empty() { Nullable::Absent } else { Nullable::Value(list) }
}
