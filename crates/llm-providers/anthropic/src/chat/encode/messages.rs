//! The conversation: turns of the person and the model, instructions apart.
//!
//! Source: Anthropic API reference, "Messages", "Handle tool calls" and "Mid-conversation system messages",
//! read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, more_marks, out_of_role};
use llm_types::{
    CacheControl, ChatRequest, Extra, FunctionCall, Message, MessageContent, Nullable, Role as Speaker,
    ToolCall,
};
use serde_json::{Map, Value, json};

use super::blocks::Place;
use super::kept::{beside_blocks, kept_blocks};
use super::{Encoder, content, typed};
use crate::chat::CALLER;
use crate::wire::{
    Content, ContentBlock, InputMessage, MessagesRequest, RedactedThinkingBlock, Role, ThinkingBlock,
    ToolResultBlock, ToolUseBlock,
};

/// The conversation while it is built.
#[derive(Default)]
struct Turns {
    system: Vec<ContentBlock>,
    /// Whether all instructions came as plain text.
    system_is_plain: bool,
    turns: Vec<Turn>,
    /// Instructions amid the conversation, until it is known where they may stand.
    waiting: Vec<Waiting>,
    /// The call that a result of the oldest form, which names none, belongs to.
    last_call: Option<String>,
}

/// What one speaker says in a row.
struct Turn {
    role: Role,
    blocks: Vec<ContentBlock>,
    /// Whether it came as plain text, and so may go.
    is_plain: bool,
}

/// Instructions that wait for the end of the user's turn.
struct Waiting {
    path: String,
    blocks: Vec<ContentBlock>,
    is_plain: bool,
    is_moved: bool,
}

impl Turns {
    /// Adds to the turn of `role`: one speaker's messages in a row are one turn.
    fn add(&mut self, role: Role, blocks: Vec<ContentBlock>, is_plain: bool) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => {
                turn.blocks.extend(blocks);
                turn.is_plain = false;
            }
            _ => self.turns.push(Turn { role, blocks, is_plain }),
        }
    }

    fn ends_in(&self, role: &Role) -> bool {
        self.turns.last().is_some_and(|turn| turn.role == *role)
    }
}

impl Encoder<'_> {
    pub(super) fn messages(
        &mut self,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        let mut turns = Turns { system_is_plain: true, ..Turns::default() };
        match wire.system.take() {
            Some(Content::Text(text)) => turns.system.push(ContentBlock::text(text)),
            Some(Content::Blocks(blocks)) => {
                turns.system.extend(blocks);
                turns.system_is_plain = false;
            }
            None => {}
        }
        for (index, message) in request.messages.iter().enumerate() {
            let path = format!("messages[{index}]");
            self.message(message, index, &path, &mut turns)?;
        }
        self.place_waiting(&mut turns);
        if let Some(Turn { role: Role::Assistant, blocks, .. }) = turns.turns.last_mut()
            && let Some(ContentBlock::Text(text)) = blocks.last_mut()
            && text.text.ends_with(char::is_whitespace)
        {
            text.text.truncate(text.text.trim_end().len());
            let path = format!("messages[{}].content", request.messages.len() - 1);
            self.note(NoteKind::Converted, path, "a beginning of an answer cannot end in spaces");
        }
        if !turns.system.is_empty() {
            wire.system = Nullable::Value(content(turns.system, turns.system_is_plain));
        }
        let turns = turns.turns.into_iter();
        wire.messages =
            turns.map(|turn| InputMessage::new(turn.role, content(turn.blocks, turn.is_plain))).collect();
        Ok(())
    }

    fn message(
        &mut self,
        message: &Message,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<(), EncodeError> {
        if message.name.is_value() && message.role != Speaker::Function {
            self.note(NoteKind::Dropped, format!("{path}.name"), "Anthropic knows no names of speakers");
        }
        let is_result = matches!(message.role, Speaker::Tool | Speaker::Function);
        let is_told = |name: &str, value: &Value| is_result && name == "is_error" && value.is_boolean();
        for (name, _) in message.extra.iter().filter(|(name, value)| !is_told(name, value)) {
            self.note(
                NoteKind::Dropped,
                format!("{path}.{name}"),
                "Anthropic's messages have no such member",
            );
        }
        self.notes.extend(out_of_role(message, path));
        let kept = if message.role == Speaker::Assistant { kept_blocks(message) } else { None };
        self.beside(message, kept.is_some(), path);
        match &message.role {
            Speaker::System | Speaker::Developer => return self.instructions(message, path, turns),
            Speaker::Assistant => {
                self.place_waiting(turns);
                let mut blocks = self.said(message, kept, index, path, turns)?;
                self.mark(&mut blocks, message, path);
                return self.turn(Role::Assistant, blocks, message, path, turns);
            }
            Speaker::Tool | Speaker::Function => self.result(message, path, turns)?,
            role => {
                if let Speaker::Other(role) = role {
                    let detail = format!("Anthropic knows no role `{role}`; said as the user");
                    self.note(NoteKind::Converted, format!("{path}.role"), detail);
                }
                let mut blocks =
                    self.blocks(message.content.get(), &format!("{path}.content"), Place::User)?;
                self.mark(&mut blocks, message, path);
                self.turn(Role::User, blocks, message, path, turns)?;
            }
        }
        for waiting in turns.waiting.iter_mut().filter(|waiting| !waiting.is_moved) {
            waiting.is_moved = true;
            self.note(NoteKind::Moved, waiting.path.clone(), "after the user's turn");
        }
        Ok(())
    }

    /// What a vendor said beside its words. Anthropic takes its own blocks back, where the message `has_own`, and needs
    /// nothing else of its own.
    fn beside(&mut self, message: &Message, has_own: bool, path: &str) {
        const OWN: &[&str] = &[
            "citation",
            "citations",
            "container",
            "content_block",
            "context_management",
            "stop_details",
            "stop_reason",
            "stop_sequence",
        ];
        for name in message.provider_specific_fields.get().into_iter().flat_map(Extra::keys) {
            if !(OWN.contains(&name.as_str()) || has_own && name == "content_blocks") {
                let path = format!("{path}.provider_specific_fields.{name}");
                let detail = match name.as_str() {
                    "content_blocks" => "the message is not, or no longer, what Anthropic said",
                    _ => "said by a vendor to the client, and of no use to Anthropic",
                };
                self.note(NoteKind::Dropped, path, detail);
            }
        }
    }

    fn turn(
        &mut self,
        role: Role,
        blocks: Vec<ContentBlock>,
        message: &Message,
        path: &str,
        turns: &mut Turns,
    ) -> Result<(), EncodeError> {
        if blocks.is_empty() {
            self.note(NoteKind::Dropped, path, "Anthropic takes no empty message");
        } else {
            turns.add(role, blocks, is_plain(message));
        }
        Ok(())
    }

    /// Instructions at the beginning are the system prompt. Later ones stay in their place where the model
    /// takes them, right after the user's turn; elsewhere they join the system prompt, which keeps their
    /// authority and gives up their place.
    fn instructions(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let mut blocks = self.blocks(message.content.get(), &format!("{path}.content"), Place::System)?;
        self.mark(&mut blocks, message, path);
        if blocks.is_empty() {
            self.note(NoteKind::Dropped, path, "Anthropic takes no empty instructions");
        } else if turns.turns.is_empty() {
            turns.system_is_plain &= is_plain(message);
            turns.system.extend(blocks);
        } else if self.model.takes_system_messages() {
            let is_plain = is_plain(message);
            turns.waiting.push(Waiting { path: path.to_owned(), blocks, is_plain, is_moved: false });
        } else {
            self.note(
                NoteKind::Moved,
                path,
                "to the system prompt; this model takes instructions there only",
            );
            turns.system.extend(blocks);
        }
        Ok(())
    }

    fn place_waiting(&mut self, turns: &mut Turns) {
        if turns.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut turns.waiting);
        if turns.ends_in(&Role::User) {
            for waiting in waiting {
                turns.add(Role::System, waiting.blocks, waiting.is_plain);
            }
        } else {
            for waiting in waiting {
                let detail = "to the system prompt; between two answers there is no place";
                self.note(NoteKind::Moved, waiting.path, detail);
                turns.system.extend(waiting.blocks);
            }
        }
    }

    /// What the model said: its own blocks where they were `kept`, otherwise thinking, text and calls.
    fn said(
        &mut self,
        message: &Message,
        kept: Option<Vec<ContentBlock>>,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<Vec<ContentBlock>, EncodeError> {
        if let Some(mut blocks) = kept {
            // It says such text itself, and refuses it when it comes back.
            let is_blank = |block: &ContentBlock| matches!(block, ContentBlock::Text(text) if text.text.trim().is_empty());
            if blocks.iter().any(is_blank) {
                blocks.retain(|block| !is_blank(block));
                let path = format!("{path}.provider_specific_fields.content_blocks");
                self.note(NoteKind::Dropped, path, "Anthropic takes no text of spaces only");
            }
            if message.refusal.get().is_some_and(|refusal| !refusal.is_empty()) {
                self.note(NoteKind::Dropped, format!("{path}.refusal"), "its own blocks go back");
            }
            if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
                self.note(NoteKind::Converted, format!("{path}.annotations"), "said by its own blocks");
            }
            for place in beside_blocks(&blocks, message) {
                self.note(
                    NoteKind::Dropped,
                    format!("{path}.{place}"),
                    "its own blocks go back, which have no such member",
                );
            }
            return Ok(blocks);
        }
        let mut blocks = self.thinking_of(message, path);
        blocks.extend(self.blocks(message.content.get(), &format!("{path}.content"), Place::Assistant)?);
        if let Some(refusal) = message.refusal.as_deref().filter(|refusal| !refusal.is_empty()) {
            self.note(NoteKind::Converted, format!("{path}.refusal"), "to text");
            blocks.push(ContentBlock::text(refusal));
        }
        if let Some(audio) = message.audio.get() {
            let transcript = audio.transcript.as_deref().filter(|words| !words.trim().is_empty());
            match transcript {
                Some(words) => {
                    self.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                    blocks.push(ContentBlock::text(words));
                }
                None => self.unsupported(format!("{path}.audio"), "Anthropic knows no spoken answers")?,
            }
        }
        if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
            self.note(
                NoteKind::Dropped,
                format!("{path}.annotations"),
                "sources go back as `content_blocks` only",
            );
        }
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            blocks.push(ContentBlock::ToolUse(self.call(call, &format!("{path}.tool_calls[{number}]"))?));
        }
        if let Some(call) = message.function_call.get() {
            let id = format!("call_{index}");
            turns.last_call = Some(id.clone());
            let call = self.function_call(id, call, &format!("{path}.function_call"))?;
            blocks.push(ContentBlock::ToolUse(call));
        }
        Ok(blocks)
    }

    /// Signed thinking, byte for byte, whatever its text. Unsigned thinking is not taken back.
    fn thinking_of(&mut self, message: &Message, path: &str) -> Vec<ContentBlock> {
        let mut blocks = Vec::new();
        for (number, block) in message.thinking_blocks.get().into_iter().flatten().enumerate() {
            let mut extra = block.extra.clone();
            if let Some(Value::String(format)) = extra.shift_remove("format")
                && !format.starts_with("anthropic")
            {
                let path = format!("{path}.thinking_blocks[{number}]");
                self.note(NoteKind::Dropped, path, "signed by another vendor, and Anthropic would refuse it");
                continue;
            }
            let is_sealed = block.r#type == "redacted_thinking";
            let beside = [
                ("thinking", is_sealed && block.thinking.get().is_some_and(|words| !words.is_empty())),
                ("signature", is_sealed && block.signature.is_value()),
                ("data", !is_sealed && block.data.is_value()),
            ];
            for (name, _) in beside.into_iter().filter(|(_, is_beside)| *is_beside) {
                let path = format!("{path}.thinking_blocks[{number}].{name}");
                self.note(NoteKind::Dropped, path, "no member of such a block");
            }
            match (block.r#type.as_str(), block.signature.get(), block.data.get()) {
                ("redacted_thinking", _, Some(data)) => {
                    blocks.push(ContentBlock::RedactedThinking(RedactedThinkingBlock {
                        data: data.clone(),
                        extra,
                    }));
                }
                ("thinking", Some(signature), _) => blocks.push(ContentBlock::Thinking(ThinkingBlock {
                    thinking: block.thinking.as_deref().unwrap_or_default().to_owned(),
                    signature: Nullable::Value(signature.clone()),
                    extra,
                })),
                _ => {
                    let path = format!("{path}.thinking_blocks[{number}]");
                    self.note(NoteKind::Dropped, path, "Anthropic takes back signed thinking only");
                }
            }
        }
        // Where blocks have words, those are the same.
        let has_words = blocks
            .iter()
            .any(|block| matches!(block, ContentBlock::Thinking(block) if !block.thinking.is_empty()));
        if !has_words && message.reasoning_content.as_deref().is_some_and(|text| !text.is_empty()) {
            let path = format!("{path}.reasoning_content");
            self.note(NoteKind::Dropped, path, "Anthropic takes back signed thinking only");
        }
        blocks
    }

    fn call(&mut self, call: &ToolCall, path: &str) -> Result<ToolUseBlock, EncodeError> {
        let id =
            call.id.as_deref().ok_or_else(|| EncodeError::invalid(format!("{path}.id"), "is missing"))?;
        let id = self.id(id, &format!("{path}.id"));
        let mut block = match (call.custom.get(), call.function.get()) {
            (Some(custom), _) => {
                let name = custom.name.as_deref().unwrap_or_default().to_owned();
                tool_use(id, name, json!({ "input": custom.input.as_deref().unwrap_or_default() }))
            }
            (None, Some(function)) => self.function_call(id, function, &format!("{path}.function"))?,
            (None, None) => return Err(EncodeError::invalid(format!("{path}.function"), "is missing")),
        };
        for (name, value) in &call.extra {
            match name.as_str() {
                CALLER => {
                    block.extra.insert(name.clone(), value.clone());
                }
                "cache_control" => {
                    block.cache_control = typed(&format!("{path}.cache_control"), value)?.into();
                }
                _ => self.note(
                    NoteKind::Dropped,
                    format!("{path}.{name}"),
                    "Anthropic's calls have no such member",
                ),
            }
        }
        Ok(block)
    }

    fn function_call(
        &mut self,
        id: String,
        call: &FunctionCall,
        path: &str,
    ) -> Result<ToolUseBlock, EncodeError> {
        let name =
            call.name.get().ok_or_else(|| EncodeError::invalid(format!("{path}.name"), "is missing"))?;
        let text = call.arguments.as_deref().unwrap_or_default();
        let input = match serde_json::from_str(text) {
            Ok(input @ Value::Object(_)) => input,
            Ok(Value::Null) => Value::Object(Map::new()),
            Err(_) if text.trim().is_empty() => Value::Object(Map::new()),
            // What the model got wrong must still be shown to it.
            Ok(_) | Err(_) => {
                let path = format!("{path}.arguments");
                self.note(NoteKind::Converted, path, "no JSON object; kept as the text `arguments` of one");
                json!({ "arguments": text })
            }
        };
        Ok(tool_use(id, name.clone(), input))
    }

    /// Puts a message's prompt-cache marker on the last of its blocks that can have one, in the place of that one's own.
    fn mark(&mut self, blocks: &mut [ContentBlock], message: &Message, path: &str) {
        let Some(marker) = message.cache_control.get() else { return };
        let Some(place) = blocks.iter_mut().rev().find_map(marker_of) else { return };
        let own = std::mem::replace(place, Nullable::Value(marker.clone()));
        if own.get().is_some_and(|own| own != marker) {
            let parts = match message.content.get() {
                Some(MessageContent::Parts(parts)) => parts.as_slice(),
                Some(MessageContent::Text(_)) | None => &[],
            };
            let place = match parts.iter().rposition(|part| part.cache_control().is_some()) {
                Some(part) => format!("{path}.content[{part}].cache_control"),
                None => format!("{path}.content"),
            };
            self.note(NoteKind::Dropped, place, "the message's own mark stands in its place");
        }
    }

    /// Results of the calls of one turn stand together, before anything else that the user says.
    fn result(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let id = match (message.tool_call_id.as_deref(), &message.role) {
            (Some(id), _) => self.id(id, &format!("{path}.tool_call_id")),
            (None, Speaker::Function) => turns
                .last_call
                .clone()
                .ok_or_else(|| EncodeError::invalid(path, "is the result of no call"))?,
            (None, _) => return Err(EncodeError::invalid(format!("{path}.tool_call_id"), "is missing")),
        };
        let mut blocks = self.blocks(message.content.get(), &format!("{path}.content"), Place::Result)?;
        self.notes.extend(more_marks(message, path));
        let last = blocks.iter_mut().filter_map(take_marker).last();
        let cache_control = message.cache_control.get().cloned().or(last).into();
        let result = ContentBlock::ToolResult(ToolResultBlock {
            tool_use_id: id,
            content: match blocks.is_empty() {
                true => Nullable::Absent,
                false => Nullable::Value(content(blocks, is_plain(message))),
            },
            is_error: message.extra.get("is_error").and_then(Value::as_bool).into(),
            cache_control,
            extra: Extra::new(),
        });
        match turns.turns.last_mut() {
            Some(Turn { role: Role::User, blocks, .. }) => {
                let results =
                    blocks.iter().take_while(|block| matches!(block, ContentBlock::ToolResult(_))).count();
                if results < blocks.len() {
                    self.note(NoteKind::Moved, path, "before what the user says");
                }
                blocks.insert(results, result);
            }
            _ => turns.add(Role::User, vec![result], false),
        }
        Ok(())
    }

    /// A name that Anthropic takes: other letters become `_`, here and in the result alike.
    fn id(&mut self, id: &str, path: &str) -> String {
        let is_taken = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        if !id.is_empty() && id.chars().all(is_taken) {
            return id.to_owned();
        }
        let renamed: String = id.chars().map(|letter| if is_taken(letter) { letter } else { '_' }).collect();
        let renamed = if renamed.is_empty() { "_".to_owned() } else { renamed };
        self.note(NoteKind::Renamed, path, renamed.clone());
        renamed
    }
}

fn is_plain(message: &Message) -> bool {
    matches!(message.content, Nullable::Value(MessageContent::Text(_)))
}

fn tool_use(id: String, name: String, input: Value) -> ToolUseBlock {
    ToolUseBlock { id, name, input, cache_control: Nullable::Absent, extra: Extra::new() }
}

fn take_marker(block: &mut ContentBlock) -> Option<CacheControl> {
    marker_of(block).and_then(Nullable::take)
}

fn marker_of(block: &mut ContentBlock) -> Option<&mut Nullable<CacheControl>> {
    match block {
        ContentBlock::Text(block) => Some(&mut block.cache_control),
        ContentBlock::Image(block) => Some(&mut block.cache_control),
        ContentBlock::Document(block) => Some(&mut block.cache_control),
        ContentBlock::ToolUse(block) | ContentBlock::ServerToolUse(block) => Some(&mut block.cache_control),
        ContentBlock::ToolResult(block) => Some(&mut block.cache_control),
        ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_) | ContentBlock::Unknown(_) => None,
    }
}
