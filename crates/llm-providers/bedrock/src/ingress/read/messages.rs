//! The conversation: what Converse puts into one message may be several of OpenAI's.

use llm_provider_core::{IngressError, NoteKind};
use llm_types::{
    ContentPart, Extra, Message, MessageContent, Nullable, Role as Speaker, ThinkingBlock, ToolCall,
};
use serde_json::Value;

use super::blocks::{content, mark, part};
use super::{Reader, at, cache_control};
use crate::converse::{KEPT, decode};
use crate::ingress::kept::unsealed;
use crate::wire::{ContentBlock, InputMessage, Role, SystemBlock, ToolResultBlock, ToolResultContent};

impl Reader {
    pub(super) fn system(&mut self, blocks: Vec<SystemBlock>, messages: &mut Vec<Message>) {
        let mut parts: Vec<ContentPart> = Vec::with_capacity(blocks.len());
        for (index, block) in blocks.into_iter().enumerate() {
            let path = format!("system[{index}]");
            match block {
                SystemBlock::Text(text) => parts.push(ContentPart::text(text)),
                SystemBlock::GuardContent(value) => parts.extend(part(ContentBlock::GuardContent(value))),
                SystemBlock::CachePoint(point) => self.mark_last(&mut parts, &point, path),
                SystemBlock::Unknown(map) => parts.extend(part(ContentBlock::Unknown(map))),
            }
        }
        if !parts.is_empty() {
            messages.push(Message::system(content(parts)));
        }
    }

    pub(super) fn message(
        &mut self,
        index: usize,
        message: InputMessage,
        messages: &mut Vec<Message>,
    ) -> Result<(), IngressError> {
        let path = format!("messages[{index}]");
        for name in message.extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "nobody knows it");
        }
        match message.role {
            Role::User => self.user(message.content, &path, messages),
            Role::Assistant => {
                let said = self.assistant(message.content, &path);
                messages.push(said);
            }
            Role::System => {
                let mut parts = Vec::with_capacity(message.content.len());
                self.parts(message.content, &path, &mut parts);
                messages.push(Message::system(content(parts)));
            }
            Role::Other(role) => {
                let expected = format!("`{role}` is no role; expected `user`, `assistant` or `system`");
                return Err(at(format!("{path}.role"), expected));
            }
        }
        Ok(())
    }

    /// Results of tools become messages of their own, before what else the user says: OpenAI takes nothing between
    /// calls and their results.
    fn user(&mut self, blocks: Vec<ContentBlock>, path: &str, messages: &mut Vec<Message>) {
        let mut parts = Vec::with_capacity(blocks.len());
        let mut results = 0_usize;
        let mut after_result = false;
        for (number, block) in blocks.into_iter().enumerate() {
            let path = format!("{path}.content[{number}]");
            match block {
                ContentBlock::ToolResult(result) => {
                    if !parts.is_empty() {
                        self.note(NoteKind::Moved, path.as_str(), "before what the user says");
                    }
                    messages.push(self.result(result, &path));
                    results += 1;
                    after_result = true;
                    continue;
                }
                ContentBlock::CachePoint(point) if after_result => {
                    self.unknown(&format!("{path}.cachePoint"), &point.extra);
                    if let Some(result) = messages.last_mut() {
                        result.cache_control = Nullable::Value(cache_control(&point));
                    }
                }
                ContentBlock::CachePoint(point) => self.mark_last(&mut parts, &point, path),
                block => self.one(block, path, &mut parts),
            }
            after_result = false;
        }
        if results == 0 || !parts.is_empty() {
            messages.push(Message::user(content(parts)));
        }
    }

    fn parts(&mut self, blocks: Vec<ContentBlock>, path: &str, parts: &mut Vec<ContentPart>) {
        for (number, block) in blocks.into_iter().enumerate() {
            let path = format!("{path}.content[{number}]");
            match block {
                ContentBlock::CachePoint(point) => self.mark_last(parts, &point, path),
                block => self.one(block, path, parts),
            }
        }
    }

    fn one(&mut self, block: ContentBlock, path: String, parts: &mut Vec<ContentPart>) {
        match part(block) {
            Some(part) => parts.push(part),
            None => self.note(NoteKind::Dropped, path, "it is the model's to say"),
        }
    }

    fn mark_last(&mut self, parts: &mut [ContentPart], point: &crate::wire::CachePoint, path: String) {
        self.unknown(&format!("{path}.cachePoint"), &point.extra);
        let is_marked = parts.last_mut().is_some_and(|part| mark(part, cache_control(point)));
        if !is_marked {
            self.note(NoteKind::Dropped, path, "there is nothing before it that can be marked");
        }
    }

    fn result(&mut self, block: ToolResultBlock, path: &str) -> Message {
        let mut parts = Vec::with_capacity(block.content.len());
        for (number, piece) in block.content.into_iter().enumerate() {
            let path = format!("{path}.toolResult.content[{number}]");
            match piece {
                ToolResultContent::Text(text) => parts.push(ContentPart::text(text)),
                ToolResultContent::Json(value) => {
                    self.note(NoteKind::Converted, path, "to JSON text");
                    parts.push(ContentPart::text(value.to_string()));
                }
                ToolResultContent::Image(image) => parts.extend(part(ContentBlock::Image(image))),
                ToolResultContent::Document(document) => parts.extend(part(ContentBlock::Document(document))),
                ToolResultContent::Video(video) => parts.extend(part(ContentBlock::Video(video))),
                ToolResultContent::SearchResult(result) => {
                    parts.extend(part(ContentBlock::SearchResult(result)));
                }
                ToolResultContent::Unknown(map) => parts.extend(part(ContentBlock::Unknown(map))),
            }
        }
        let said = if parts.is_empty() { MessageContent::Text(String::new()) } else { content(parts) };
        let mut message = Message::tool(block.tool_use_id, said);
        match block.status.as_deref() {
            Some("error") => drop(message.extra.insert("is_error".to_owned(), true.into())),
            Some("success") => drop(message.extra.insert("is_error".to_owned(), false.into())),
            Some(other) => {
                let detail = format!("nobody knows a status `{other}`");
                self.note(NoteKind::Dropped, format!("{path}.toolResult.status"), detail);
            }
            None => {}
        }
        self.unknown(&format!("{path}.toolResult"), &block.extra);
        message
    }

    /// Thinking, text and calls, with what was sealed for their vendor. Where these three in this order do not say it all, the blocks are kept too.
    fn assistant(&mut self, blocks: Vec<ContentBlock>, path: &str) -> Message {
        let mut message = Message::empty(Speaker::Assistant);
        for (number, block) in blocks.iter().enumerate() {
            if let ContentBlock::CachePoint(point) = block {
                self.unknown(&format!("{path}.content[{number}].cachePoint"), &point.extra);
            }
        }
        let (points, blocks): (Vec<_>, Vec<_>) =
            blocks.into_iter().partition(|block| matches!(block, ContentBlock::CachePoint(_)));
        if let Some(ContentBlock::CachePoint(point)) = points.last() {
            message.cache_control = Nullable::Value(cache_control(point));
        }
        if points.len() > 1 {
            self.note(NoteKind::Moved, format!("{path}.content"), "all cache points to its end");
        }
        let mut fields = Extra::new();
        let own = blocks.iter().filter(|block| !is_sealed(block)).cloned();
        if let Some(kept) = decode::kept(own.collect()) {
            fields.insert(KEPT.to_owned(), kept);
            self.note(
                NoteKind::Moved,
                format!("{path}.content"),
                format!("kept in `provider_specific_fields.{KEPT}`"),
            );
        }
        let mut parts = Vec::new();
        let mut reasoning: Option<String> = None;
        let mut thinking: Vec<ThinkingBlock> = Vec::new();
        let mut calls: Vec<ToolCall> = Vec::new();
        let mut call_members = Extra::new();
        for (number, block) in blocks.into_iter().enumerate() {
            match block {
                ContentBlock::Reasoning(thought) => {
                    if let Some(text) = thought.reasoning_text.get() {
                        let path = format!("{path}.content[{number}].reasoningContent.reasoningText");
                        self.unknown(&path, &text.extra);
                    }
                    let text = thought.reasoning_text.get().map(|text| text.text.as_str());
                    if let Some(text) = text {
                        reasoning.get_or_insert_default().push_str(text);
                    }
                    match unsealed(&thought) {
                        None => thinking.extend(decode::thinking_block(&thought)),
                        Some(Some(kept)) => {
                            call_members.extend(kept.calls);
                            fields.extend(kept.fields);
                            thinking.extend(kept.thinking.map(|block| with_text(block, text)));
                        }
                        Some(None) => {
                            let path = format!("{path}.content[{number}]");
                            self.note(NoteKind::Dropped, path, "was changed on its way");
                        }
                    }
                }
                ContentBlock::ToolUse(call) if !call.runs_at_bedrock() => {
                    self.unknown(&format!("{path}.content[{number}].toolUse"), &call.extra);
                    let arguments = match &call.input {
                        Value::Null => "{}".to_owned(),
                        input => input.to_string(),
                    };
                    calls.push(ToolCall::function(call.tool_use_id, call.name, arguments));
                }
                ContentBlock::Citations(cited) => {
                    let text = cited.text();
                    parts.extend((!text.is_empty()).then(|| ContentPart::text(text)));
                }
                ContentBlock::Text(text) => parts.push(ContentPart::text(text)),
                ContentBlock::Image(_) | ContentBlock::Document(_) | ContentBlock::Video(_) => {
                    parts.extend(part(block));
                }
                _ => {}
            }
        }
        for call in &mut calls {
            let members = call.id.as_deref().and_then(|id| call_members.get(id));
            call.extra.extend(members.and_then(Value::as_object).cloned().unwrap_or_default());
        }
        if !fields.is_empty() {
            message.provider_specific_fields = Nullable::Value(fields);
        }
        message.content = match (parts.is_empty(), calls.is_empty()) {
            (true, false) => Nullable::Null,
            (true, true) => Nullable::Value(MessageContent::Text(String::new())),
            (false, _) => Nullable::Value(content(parts)),
        };
        message.reasoning_content = reasoning.into();
        message.thinking_blocks =
            if thinking.is_empty() { Nullable::Absent } else { Nullable::Value(thinking) };
        message.tool_calls = if calls.is_empty() { Nullable::Absent } else { Nullable::Value(calls) };
        message
    }
}

fn is_sealed(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::Reasoning(thought) if unsealed(thought).is_some())
}

/// A block with the text that the client saw beside the seal.
fn with_text(block: ThinkingBlock, text: Option<&str>) -> ThinkingBlock {
    match text {
        Some(text) if block.r#type == "thinking" && !block.thinking.is_value() => {
            ThinkingBlock { thinking: Nullable::Value(text.to_owned()), ..block }
        }
        _ => block,
    }
}
