//! The conversation.
//!
//! Source: Cohere API reference, "Chat API (v2)", and docs "Errors", read 2026-11: instructions stand first, no message
//! is empty.

use llm_provider_core::{EncodeError, NoteKind, is_signed_elsewhere, out_of_role};
use llm_types::{
    ChatRequest, ContentPart, Extra, FunctionCall, Message, MessageContent, Nullable, Role, ToolCall,
};
use serde_json::{Value, json};

use super::Encoder;
use super::parts::{Place, text};
use crate::chat::DOCUMENTS;
use crate::wire::{self, ChatMessage};

/// The conversation while it is built.
#[derive(Default)]
struct Turns {
    /// All instructions: they are one message, the first.
    system: Vec<ContentPart>,
    /// Whether they came as plain text.
    system_is_plain: bool,
    turns: Vec<ChatMessage>,
    /// What was taken out of results and waits for the last result of the turn.
    taken: Vec<ContentPart>,
    /// The call that a result of the oldest form, which names none, belongs to.
    last_call: Option<String>,
}

impl Encoder<'_> {
    pub(super) fn messages(
        &mut self,
        request: &ChatRequest,
        wire: &mut wire::ChatRequest,
    ) -> Result<(), EncodeError> {
        let mut turns = Turns { system_is_plain: true, ..Turns::default() };
        for (index, message) in request.messages.iter().enumerate() {
            let path = format!("messages[{index}]");
            if restored(message, wire) {
                continue;
            }
            self.message(message, index, &path, &mut turns)?;
        }
        turns.give_back();
        if !turns.system.is_empty() {
            let mut system = ChatMessage::new("system");
            system.content = Nullable::Value(joined(turns.system, turns.system_is_plain));
            wire.messages.push(system);
        }
        wire.messages.append(&mut turns.turns);
        Ok(())
    }

    fn message(
        &mut self,
        message: &Message,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<(), EncodeError> {
        if message.name.is_value() && message.role != Role::Function {
            self.note(NoteKind::Dropped, format!("{path}.name"), "Cohere knows no names of speakers");
        }
        if message.cache_control.is_value() {
            self.note(NoteKind::Dropped, format!("{path}.cache_control"), "Cohere caches prompts by itself");
        }
        // That a tool did not fail goes without saying.
        let is_said = |name: &str, value: &Value| name == "is_error" && *value == Value::Bool(false);
        for (name, _) in message.extra.iter().filter(|(name, value)| !is_said(name, value)) {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Cohere's messages have no such member");
        }
        self.notes.extend(out_of_role(message, path));
        self.specifics(message, path);
        match &message.role {
            Role::System | Role::Developer => self.instructions(message, path, turns),
            Role::Assistant => {
                turns.give_back();
                self.said(message, index, path, turns)
            }
            Role::Tool | Role::Function => self.result(message, path, turns),
            role => {
                if let Role::Other(role) = role {
                    let detail = format!("Cohere knows no role `{role}`; said as the user");
                    self.note(NoteKind::Converted, format!("{path}.role"), detail);
                }
                turns.give_back();
                let content = self.content(message.content.get(), &format!("{path}.content"), Place::User)?;
                match content {
                    Some(content) => {
                        let mut turn = ChatMessage::new("user");
                        turn.content = Nullable::Value(content);
                        turns.turns.push(turn);
                    }
                    None => self.note(NoteKind::Dropped, path, "Cohere takes no empty message"),
                }
                Ok(())
            }
        }
    }

    /// Members of `provider_specific_fields` that mean nothing to Cohere.
    fn specifics(&mut self, message: &Message, path: &str) {
        let known: &[&str] = match message.role {
            Role::Assistant => &["tool_plan", "citations"],
            Role::Tool | Role::Function => &[DOCUMENTS],
            _ => &[],
        };
        for name in message.provider_specific_fields.get().into_iter().flat_map(Extra::keys) {
            if !known.contains(&name.as_str()) {
                let path = format!("{path}.provider_specific_fields.{name}");
                self.note(NoteKind::Dropped, path, "of no use to Cohere");
            }
        }
    }

    /// Instructions are one message at the beginning.
    fn instructions(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let content = self.content(message.content.get(), &format!("{path}.content"), Place::Text)?;
        let Some(content) = content else {
            self.note(NoteKind::Dropped, path, "Cohere takes no empty message");
            return Ok(());
        };
        if message.role == Role::Developer {
            self.note(NoteKind::Renamed, format!("{path}.role"), "system");
        }
        if !turns.turns.is_empty() {
            self.note(NoteKind::Moved, path, "to the beginning, where Cohere wants instructions");
        }
        match content {
            MessageContent::Text(plain) => turns.system.push(text(&plain)),
            MessageContent::Parts(parts) => {
                turns.system_is_plain = false;
                turns.system.extend(parts);
            }
        }
        Ok(())
    }

    /// What the model said: thinking, text, plan and calls.
    fn said(
        &mut self,
        message: &Message,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<(), EncodeError> {
        let mut turn = ChatMessage::new("assistant");
        let mut calls = Vec::new();
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            calls.push(self.call(call, &format!("{path}.tool_calls[{number}]"))?);
        }
        if let Some(call) = message.function_call.get() {
            let id = format!("call_{index}");
            turns.last_call = Some(id.clone());
            calls.push(function_call(id, call, &format!("{path}.function_call"))?);
        }
        let mut parts = self.thoughts(message, path, !calls.is_empty(), &mut turn);
        let thinks = !parts.is_empty();
        let content = self.content(message.content.get(), &format!("{path}.content"), Place::Text)?;
        let mut more = Vec::new();
        if let Some(refusal) = message.refusal.as_deref().filter(|refusal| !refusal.is_empty()) {
            self.note(NoteKind::Converted, format!("{path}.refusal"), "to text");
            more.push(text(refusal));
        }
        if let Some(audio) = message.audio.get() {
            match audio.transcript.as_deref().filter(|words| !words.is_empty()) {
                Some(words) => {
                    self.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                    more.push(text(words));
                }
                None => self.unsupported(format!("{path}.audio"), "Cohere knows no spoken answers")?,
            }
        }
        turn.content = match content {
            Some(MessageContent::Text(plain)) if !thinks && more.is_empty() => {
                Nullable::Value(MessageContent::Text(plain))
            }
            content => {
                match content {
                    Some(MessageContent::Text(plain)) => parts.push(text(&plain)),
                    Some(MessageContent::Parts(said)) => parts.extend(said),
                    None => {}
                }
                parts.append(&mut more);
                if parts.is_empty() {
                    Nullable::Absent
                } else {
                    Nullable::Value(MessageContent::Parts(parts))
                }
            }
        };
        let citations = message.provider_specific_fields.get().and_then(|own| own.get("citations"));
        match citations {
            Some(Value::Array(citations)) => turn.citations = Nullable::Value(citations.clone()),
            Some(_) => {
                let path = format!("{path}.provider_specific_fields.citations");
                self.note(NoteKind::Dropped, path, "are no list");
            }
            None => {}
        }
        if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
            let path = format!("{path}.annotations");
            self.note(NoteKind::Dropped, path, "sources go back as `citations` only");
        }
        if !calls.is_empty() {
            turn.tool_calls = Nullable::Value(calls);
        }
        if turn.content.is_value() || turn.tool_calls.is_value() {
            turns.turns.push(turn);
        } else {
            self.note(NoteKind::Dropped, path, "Cohere takes no empty message");
        }
        Ok(())
    }

    /// Thinking goes back as parts, a plan as `tool_plan`. Signed thinking is another vendor's. Thinking as text alone
    /// is the plan where the message calls tools.
    fn thoughts(
        &mut self,
        message: &Message,
        path: &str,
        calls: bool,
        turn: &mut ChatMessage,
    ) -> Vec<ContentPart> {
        let mut parts = Vec::new();
        let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        for (number, block) in blocks.iter().enumerate() {
            match block.thinking.as_deref() {
                Some(thought)
                    if block.r#type == "thinking"
                        && !block.signature.is_value()
                        && !is_signed_elsewhere(block, "cohere") =>
                {
                    for name in block.extra.keys().filter(|name| *name != "format") {
                        let path = format!("{path}.thinking_blocks[{number}].{name}");
                        self.note(NoteKind::Dropped, path, "Cohere's thinking has no such member");
                    }
                    if !thought.is_empty() {
                        parts.push(thinking(thought));
                    }
                }
                _ => {
                    let path = format!("{path}.thinking_blocks[{number}]");
                    self.note(NoteKind::Dropped, path, "signed or sealed by another vendor");
                }
            }
        }
        let plan = message.provider_specific_fields.get().and_then(|own| own.get("tool_plan"));
        if plan.is_some_and(|plan| !plan.is_string() && !plan.is_null()) {
            let path = format!("{path}.provider_specific_fields.tool_plan");
            self.note(NoteKind::Dropped, path, "is no text");
        }
        let plan = plan.and_then(Value::as_str);
        turn.tool_plan = plan.map(str::to_owned).into();
        let Some(thought) = message.reasoning_content.as_deref().filter(|text| !text.is_empty()) else {
            return parts;
        };
        let place = format!("{path}.reasoning_content");
        if parts.is_empty() && plan.is_none() {
            if !blocks.is_empty() {
                self.note(NoteKind::Dropped, place, "signed or sealed by another vendor");
            } else if calls {
                turn.tool_plan = Nullable::Value(thought.to_owned());
            } else {
                parts.push(thinking(thought));
            }
        } else if plan != Some(thought) || !parts.is_empty() {
            self.note(NoteKind::Converted, place, "said by the parts it is made of");
        }
        parts
    }

    fn call(&mut self, call: &ToolCall, path: &str) -> Result<ToolCall, EncodeError> {
        let id = call.id.get().ok_or_else(|| EncodeError::invalid(format!("{path}.id"), "is missing"))?;
        for name in call.extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Cohere's calls have no such member");
        }
        match (call.custom.get(), call.function.get()) {
            (Some(custom), _) => {
                self.note(
                    NoteKind::Converted,
                    format!("{path}.custom"),
                    "to a function with one text, `input`",
                );
                let input = json!({ "input": custom.input.as_deref().unwrap_or_default() });
                Ok(ToolCall::function(id, custom.name.as_deref().unwrap_or_default(), input.to_string()))
            }
            (None, Some(function)) => function_call(id.clone(), function, &format!("{path}.function")),
            (None, None) => Err(EncodeError::invalid(format!("{path}.function"), "is missing")),
        }
    }

    /// Results hold text and documents; images go into a message of the user after the last result.
    fn result(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let id = match (message.tool_call_id.as_deref(), &message.role) {
            (Some(id), _) => id.to_owned(),
            (None, Role::Function) => turns
                .last_call
                .clone()
                .ok_or_else(|| EncodeError::invalid(path, "is the result of no call"))?,
            (None, _) => return Err(EncodeError::invalid(format!("{path}.tool_call_id"), "is missing")),
        };
        let mut turn = ChatMessage::new("tool");
        let own = message.provider_specific_fields.get().and_then(|own| own.get(DOCUMENTS));
        let own = own.map(|own| llm_types::from_value::<MessageContent>(own.clone()));
        if let Some(Ok(content)) = own {
            if message.content.get().is_some_and(|content| !content.is_empty()) {
                self.note(NoteKind::Converted, format!("{path}.content"), "said by its documents");
            }
            turn.content = Nullable::Value(content);
        } else {
            if own.is_some() {
                let path = format!("{path}.provider_specific_fields.{DOCUMENTS}");
                self.note(NoteKind::Dropped, path, "are no content");
            }
            let content = self.without_images(message.content.get(), &id, path, turns);
            let content = self.content(content.as_ref(), &format!("{path}.content"), Place::Result)?;
            // A tool that gives nothing has a result all the same.
            turn.content = Nullable::Value(content.unwrap_or_else(|| MessageContent::Text(String::new())));
        }
        turn.tool_call_id = Nullable::Value(id);
        turns.turns.push(turn);
        Ok(())
    }

    fn without_images(
        &mut self,
        content: Option<&MessageContent>,
        id: &str,
        path: &str,
        turns: &mut Turns,
    ) -> Option<MessageContent> {
        let Some(MessageContent::Parts(parts)) = content else { return content.cloned() };
        let is_image = |part: &ContentPart| matches!(part, ContentPart::ImageUrl(_));
        if !parts.iter().any(is_image) {
            return content.cloned();
        }
        turns.taken.push(text(&format!("Attachments of the result of tool call {id}:")));
        let mut kept = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let place = format!("{path}.content[{index}]");
            match part {
                ContentPart::ImageUrl(image) => {
                    turns.taken.push(self.image(image, &place));
                    self.note(NoteKind::Moved, place, "into a user message after the results");
                }
                part => kept.push(part.clone()),
            }
        }
        if kept.is_empty() {
            kept.push(text("(attached in the next user message)"));
        }
        Some(MessageContent::Parts(kept))
    }
}

impl Turns {
    /// The user says what was taken out of the results before.
    fn give_back(&mut self) {
        if !self.taken.is_empty() {
            let mut turn = ChatMessage::new("user");
            turn.content = Nullable::Value(MessageContent::Parts(std::mem::take(&mut self.taken)));
            self.turns.push(turn);
        }
    }
}

/// The request's documents, where a message tells them in words for vendors that know none. Gives whether the message
/// was nothing else.
fn restored(message: &Message, wire: &mut wire::ChatRequest) -> bool {
    if message.role != Role::System {
        return false;
    }
    let own = message.provider_specific_fields.get().and_then(|own| own.get(DOCUMENTS));
    match own {
        Some(Value::Array(documents)) => {
            wire.documents = Nullable::Value(documents.clone());
            true
        }
        _ => false,
    }
}

/// Plain instructions as one text, others as parts.
fn joined(parts: Vec<ContentPart>, plain: bool) -> MessageContent {
    if !plain {
        return MessageContent::Parts(parts);
    }
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| if let ContentPart::Text(part) = part { Some(part.text.as_str()) } else { None })
        .collect();
    MessageContent::Text(texts.join("\n\n"))
}

fn thinking(thought: &str) -> ContentPart {
    let members = [("type", "thinking"), ("thinking", thought)];
    ContentPart::Unknown(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

fn function_call(id: String, call: &FunctionCall, path: &str) -> Result<ToolCall, EncodeError> {
    let name =
        call.name.as_deref().ok_or_else(|| EncodeError::invalid(format!("{path}.name"), "is missing"))?;
    let arguments = call.arguments.as_deref().filter(|text| !text.trim().is_empty()).unwrap_or("{}");
    Ok(ToolCall::function(id, name, arguments))
}
