//! The conversation: turns that alternate, results of tools first, marks of the prompt cache after what they mark.
//!
//! Source: Amazon Bedrock API Reference, "Message" and "ContentBlock", and User Guide, "Using the Converse API" and
//! "Prompt caching", read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, more_marks, out_of_role, words_of_part};
use llm_types::{
    CacheControl, ChatRequest, ContentPart, Extra, Message, MessageContent, Nullable, Role as Speaker,
    TextPart,
};
use serde_json::Value;

use super::documents::Documents;
use super::kept::kept_blocks;
use super::{Encoder, typed};
use crate::converse::decode::IMAGES;
use crate::converse::names;
use crate::model::Family;
use crate::wire::{
    CachePoint, ContentBlock, ConverseRequest, InputMessage, Role, SystemBlock, ToolResultBlock,
    ToolResultContent,
};

/// What the person says where Bedrock demands that somebody says something.
const GO_ON: &str = "Please continue.";

/// What stands beside documents where the person says nothing of them.
const SEE: &str = "See the attached document.";

/// Blocks in Converse's own words, which pass as they are: parts of the type that is the block's one member.
const OWN: &[&str] = &[
    "audio",
    "citationsContent",
    "document",
    "guardContent",
    "image",
    "searchResult",
    "toolAddition",
    "toolRemoval",
    "video",
];

/// The conversation so far.
#[derive(Default)]
pub(super) struct Turns {
    system: Vec<SystemBlock>,
    turns: Vec<InputMessage>,
    /// The name of the last call in the oldest form, which has none of its own.
    pub(super) last_call: Option<String>,
    pub(super) documents: Documents,
}

impl Turns {
    fn add(&mut self, role: Role, mut blocks: Vec<ContentBlock>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.append(&mut blocks),
            _ => self.turns.push(InputMessage { role, content: blocks, extra: Extra::new() }),
        }
    }
}

impl Encoder<'_> {
    pub(super) fn messages(
        &mut self,
        request: &ChatRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        let mut turns = Turns::default();
        for (index, message) in request.messages.iter().enumerate() {
            self.message(message, index, &format!("messages[{index}]"), &mut turns)?;
        }
        let is_prompt = self.model.id.contains(":prompt/");
        if turns.turns.is_empty() && turns.system.is_empty() && !is_prompt {
            return Err(EncodeError::invalid("messages", "hold nothing that Bedrock could answer"));
        }
        if !is_prompt && turns.turns.first().is_none_or(|turn| turn.role != Role::User) {
            self.note(
                NoteKind::Defaulted,
                "messages",
                format!("begin with `{GO_ON}`: Bedrock hears the user first"),
            );
            let content = vec![ContentBlock::Text(GO_ON.to_owned())];
            turns.turns.insert(0, InputMessage { role: Role::User, content, extra: Extra::new() });
        }
        for turn in turns.turns.iter_mut().filter(|turn| turn.role == Role::User) {
            let is = |wanted: fn(&ContentBlock) -> bool| turn.content.iter().any(wanted);
            if is(|block| matches!(block, ContentBlock::Document(_)))
                && !is(|block| matches!(block, ContentBlock::Text(_)))
            {
                self.note(
                    NoteKind::Defaulted,
                    "messages",
                    format!("`{SEE}`: Bedrock demands text beside documents"),
                );
                turn.content.push(ContentBlock::Text(SEE.to_owned()));
            }
        }
        if !turns.system.is_empty() {
            wire.system = Nullable::Value(turns.system);
        }
        if !turns.turns.is_empty() {
            wire.messages = Nullable::Value(turns.turns);
        }
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
            self.note(NoteKind::Dropped, format!("{path}.name"), "Bedrock knows no names of speakers");
        }
        let is_result = matches!(message.role, Speaker::Tool | Speaker::Function);
        let is_told = is_result && message.extra.get("is_error").is_some_and(Value::is_boolean);
        let kept = if message.role == Speaker::Assistant { kept_blocks(message) } else { None };
        // Where the model's own blocks go back, images are among them.
        let known = [("is_error", is_told), (IMAGES, kept.is_some())];
        let known: Vec<_> = known.into_iter().filter_map(|(name, is_told)| is_told.then_some(name)).collect();
        self.leftover(&message.extra, &known, path);
        self.notes.extend(out_of_role(message, path));
        if message.provider_specific_fields.is_value() && message.role != Speaker::Assistant {
            let path = format!("{path}.provider_specific_fields");
            self.note(NoteKind::Dropped, path, "the model alone says such a thing");
        }
        let content = format!("{path}.content");
        let (role, mut blocks) = match &message.role {
            Speaker::System | Speaker::Developer => return self.instructions(message, path, turns),
            Speaker::Tool | Speaker::Function => return self.result(message, path, turns),
            Speaker::Assistant => (Role::Assistant, self.said(message, kept, index, path, turns)?),
            role => {
                if let Speaker::Other(role) = role {
                    let detail = format!("Bedrock knows no role `{role}`; said as the user");
                    self.note(NoteKind::Converted, format!("{path}.role"), detail);
                }
                (Role::User, self.blocks(message.content.get(), &content, &mut turns.documents)?)
            }
        };
        if let Nullable::Value(marker) = &message.cache_control
            && !blocks.is_empty()
        {
            blocks.extend(
                self.cache_point(marker, &format!("{path}.cache_control")).map(ContentBlock::CachePoint),
            );
        }
        if blocks.is_empty() {
            self.note(NoteKind::Dropped, path, "Bedrock takes no empty message");
        } else {
            turns.add(role, blocks);
        }
        Ok(())
    }

    /// Instructions stand before the conversation, wherever they were said.
    fn instructions(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let before = turns.system.len();
        let content = format!("{path}.content");
        match message.content.get() {
            None => {}
            Some(MessageContent::Text(text)) => {
                let is_said = self.is_said(text, &content);
                turns.system.extend(is_said.then(|| SystemBlock::Text(text.clone())));
            }
            Some(MessageContent::Parts(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    let path = format!("{content}[{index}]");
                    match part {
                        ContentPart::Text(part) => {
                            self.leftover(&part.extra, &[], &path);
                            if self.is_said(&part.text, &path) {
                                turns.system.push(SystemBlock::Text(part.text.clone()));
                            }
                        }
                        ContentPart::Unknown(map) if map.contains_key("guardContent") => {
                            turns.system.push(SystemBlock::GuardContent(map["guardContent"].clone()));
                        }
                        _ => self.unsupported(path.as_str(), "Bedrock takes text only as instructions")?,
                    }
                    if let Some(marker) = part.cache_control()
                        && turns.system.len() > before
                    {
                        let point = self.cache_point(marker, &format!("{path}.cache_control"));
                        turns.system.extend(point.map(SystemBlock::CachePoint));
                    }
                }
            }
        }
        if turns.system.len() == before {
            self.note(NoteKind::Dropped, path, "Bedrock takes no empty instructions");
            return Ok(());
        }
        if !turns.turns.is_empty() {
            self.note(NoteKind::Moved, path, "to the system prompt; Bedrock takes instructions there only");
        }
        if let Nullable::Value(marker) = &message.cache_control {
            let point = self.cache_point(marker, &format!("{path}.cache_control"));
            turns.system.extend(point.map(SystemBlock::CachePoint));
        }
        Ok(())
    }

    /// Bedrock takes no text without a letter.
    pub(super) fn is_said(&mut self, text: &str, path: &str) -> bool {
        if !text.trim().is_empty() {
            return true;
        }
        if !text.is_empty() {
            self.note(NoteKind::Dropped, path, "Bedrock takes no text of spaces only");
        }
        false
    }

    /// A mark of the prompt cache, where the model's prompts are kept.
    pub(super) fn cache_point(&mut self, marker: &CacheControl, path: &str) -> Option<CachePoint> {
        if !self.model.keeps_prompts() {
            self.note(NoteKind::Dropped, path, "this model's prompts are not kept");
            return None;
        }
        for name in marker.extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "a cache point has no such member");
        }
        let mut ttl = marker.ttl.as_deref();
        if matches!(self.model.family, Family::Nova | Family::Nova2) && ttl.is_some_and(|ttl| ttl != "5m") {
            self.note(
                NoteKind::Clamped,
                format!("{path}.ttl"),
                "this model's prompts are kept for five minutes",
            );
            ttl = None;
        }
        Some(CachePoint::new(ttl))
    }

    pub(super) fn blocks(
        &mut self,
        content: Option<&MessageContent>,
        path: &str,
        documents: &mut Documents,
    ) -> Result<Vec<ContentBlock>, EncodeError> {
        let mut blocks = Vec::new();
        match content {
            None => {}
            Some(MessageContent::Text(text)) => {
                let is_said = self.is_said(text, path);
                blocks.extend(is_said.then(|| ContentBlock::Text(text.clone())));
            }
            Some(MessageContent::Parts(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let before = blocks.len();
                    self.part(part, &path, documents, &mut blocks)?;
                    let Some(marker) = part.cache_control() else { continue };
                    let path = format!("{path}.cache_control");
                    if blocks.is_empty() && before == 0 {
                        self.note(NoteKind::Dropped, path, "there is nothing before it");
                    } else {
                        blocks.extend(self.cache_point(marker, &path).map(ContentBlock::CachePoint));
                    }
                }
            }
        }
        Ok(blocks)
    }

    fn part(
        &mut self,
        part: &ContentPart,
        path: &str,
        documents: &mut Documents,
        blocks: &mut Vec<ContentBlock>,
    ) -> Result<(), EncodeError> {
        match part {
            ContentPart::Text(part) => self.text_part(part, path, blocks),
            ContentPart::Refusal(part) => {
                self.note(NoteKind::Converted, path, "to text");
                if self.is_said(&part.refusal, path) {
                    blocks.push(ContentBlock::Text(part.refusal.clone()));
                }
            }
            ContentPart::ImageUrl(part) => blocks.extend(self.image(part, path)?),
            ContentPart::File(part) => blocks.extend(self.file(part, path, documents)?),
            ContentPart::InputAudio(part) => blocks.extend(self.audio(part, path)?),
            ContentPart::Unknown(map) => {
                let kind = part.kind();
                if OWN.contains(&kind) && map.contains_key(kind) {
                    let own = Extra::from_iter([(kind.to_owned(), map[kind].clone())]);
                    let block: Option<ContentBlock> = typed(path, &Value::Object(own))?;
                    if let Some(ContentBlock::Document(document)) = &block {
                        documents.take(&document.name);
                    }
                    self.leftover(map, &["type", kind], path);
                    blocks.extend(block);
                } else if kind == "guarded_text" {
                    // LiteLLM's word for text that a guardrail looks at.
                    self.leftover(map, &["type", "text"], path);
                    let text = map.get("text").cloned().unwrap_or_default();
                    blocks.push(ContentBlock::GuardContent(serde_json::json!({ "text": { "text": text } })));
                } else if kind == "video_url" {
                    blocks.extend(self.video(map, path)?);
                } else if let Some(block) = self.pieces(map, path, documents) {
                    blocks.push(block);
                } else if let Some(words) = words_of_part(map) {
                    self.note(NoteKind::Converted, path, "to text");
                    if self.is_said(&words, path) {
                        blocks.push(ContentBlock::Text(words));
                    }
                } else {
                    self.unsupported(path, format!("Bedrock has no content of type `{kind}`"))?;
                }
            }
        }
        Ok(())
    }

    fn text_part(&mut self, part: &TextPart, path: &str, blocks: &mut Vec<ContentBlock>) {
        self.leftover(&part.extra, &[], path);
        if self.is_said(&part.text, path) {
            blocks.push(ContentBlock::Text(part.text.clone()));
        }
    }

    /// Results of the calls of one turn stand together, before anything else that the user says.
    fn result(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let id = match (message.tool_call_id.as_deref(), &message.role) {
            (Some(id), _) => self.call_id(id, &format!("{path}.tool_call_id")),
            (None, Speaker::Function) => turns
                .last_call
                .clone()
                .ok_or_else(|| EncodeError::invalid(path, "is the result of no call"))?,
            (None, _) => return Err(EncodeError::invalid(format!("{path}.tool_call_id"), "is missing")),
        };
        let content_path = format!("{path}.content");
        let said = self.blocks(message.content.get(), &content_path, &mut turns.documents)?;
        let mut content = Vec::with_capacity(said.len());
        let mut points = Vec::new();
        for block in said {
            match block {
                ContentBlock::Text(text) => content.push(ToolResultContent::Text(text)),
                ContentBlock::Image(image) => content.push(ToolResultContent::Image(image)),
                ContentBlock::Document(document) => content.push(ToolResultContent::Document(document)),
                ContentBlock::Video(video) => content.push(ToolResultContent::Video(video)),
                ContentBlock::SearchResult(result) => content.push(ToolResultContent::SearchResult(result)),
                ContentBlock::CachePoint(point) => points.push(point),
                _ => {
                    self.unsupported(
                        content_path.as_str(),
                        "Bedrock takes no such block in a tool's result",
                    )?;
                }
            }
        }
        if let Nullable::Value(marker) = &message.cache_control {
            points.extend(self.cache_point(marker, &format!("{path}.cache_control")));
        }
        let mut status = None;
        if let Some(is_error) = message.extra.get("is_error").and_then(Value::as_bool) {
            let is_known =
                matches!(self.model.family, Family::Claude | Family::Nova | Family::Nova2 | Family::Unknown);
            if is_known {
                status = Some(if is_error { "error" } else { "success" });
            } else if is_error {
                self.note(
                    NoteKind::Dropped,
                    format!("{path}.is_error"),
                    "this model is not told how a tool fared",
                );
            }
        }
        let mut blocks = vec![ContentBlock::ToolResult(ToolResultBlock {
            tool_use_id: id,
            content,
            status: status.map(str::to_owned).into(),
            r#type: Nullable::Absent,
            extra: Extra::new(),
        })];
        // One mark says it: everything before it is kept.
        self.notes.extend(more_marks(message, path));
        blocks.extend(points.pop().map(ContentBlock::CachePoint));
        match turns.turns.last_mut() {
            Some(turn) if turn.role == Role::User => {
                let is_result = |block: &&ContentBlock| {
                    matches!(block, ContentBlock::ToolResult(_) | ContentBlock::CachePoint(_))
                };
                let results = turn.content.iter().take_while(is_result).count();
                if results < turn.content.len() {
                    self.note(NoteKind::Moved, path, "before what the user says");
                }
                turn.content.splice(results..results, blocks);
            }
            _ => turns.add(Role::User, blocks),
        }
        Ok(())
    }

    /// A call's name in Bedrock's letters, here and in the result alike.
    pub(super) fn call_id(&mut self, id: &str, path: &str) -> String {
        let renamed = names::call(id);
        if renamed != id {
            self.note(NoteKind::Renamed, path, renamed.clone());
        }
        renamed.into_owned()
    }
}
