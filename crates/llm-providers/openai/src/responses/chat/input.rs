//! Messages as items.

mod kept_items;

use std::collections::HashSet;

use llm_provider_core::{EncodeError, NoteKind, foreign_part, out_of_role, stored_part, words_of_part};
use llm_types::{
    ContentPart, Extra, FileData, ImageSource, Message, MessageContent, Nullable, Role, ToolCall, from_value,
};
use serde_json::Value;

use crate::Changes;
use crate::chat::messages::usual_name;
use crate::responses::kept;
use crate::responses::wire::{
    Annotation, CallOutput, Content, CustomToolCall, FunctionCall, InputAudioPart, InputFilePart,
    InputImagePart, Item, MessageItem, OutputItem, OutputTextPart, Part, RefusalPart,
};
use crate::responses::{IMAGES, OUTPUT_ITEMS};

/// The conversation as items. Thinking goes back if `vendor` made it.
pub(super) fn items(
    messages: &[Message],
    vendor: &str,
    changes: &mut Changes<'_>,
) -> Result<Vec<Item>, EncodeError> {
    let mut writer =
        Writer { vendor, changes, items: Vec::new(), custom: HashSet::new(), last_call: String::new() };
    for (index, message) in messages.iter().enumerate() {
        writer.message(message, index)?;
    }
    Ok(writer.items)
}

struct Writer<'w, 'c> {
    vendor: &'w str,
    changes: &'w mut Changes<'c>,
    items: Vec<Item>,
    /// Names of calls whose results are those of custom tools.
    custom: HashSet<String>,
    /// The name of the latest call of the oldest form, which has none of its own.
    last_call: String,
}

impl Writer<'_, '_> {
    fn dropped(&mut self, path: impl Into<String>, why: &str) {
        self.changes.note(NoteKind::Dropped, path, why);
    }

    fn message(&mut self, message: &Message, index: usize) -> Result<(), EncodeError> {
        let path = format!("messages[{index}]");
        if message.name.is_value() && message.role != Role::Function {
            self.dropped(format!("{path}.name"), "this API knows no names of speakers");
        }
        if message.cache_control.is_value() {
            self.dropped(format!("{path}.cache_control"), "the vendor caches prompts by itself");
        }
        let is_kept =
            message.provider_specific_fields.get().is_some_and(|fields| fields.contains_key(OUTPUT_ITEMS));
        // That a tool did not fail goes without saying.
        let is_told = |name: &str, value: &Value| name == "is_error" && *value == Value::Bool(false);
        let is_kept = |name: &str| is_kept && name == IMAGES;
        for (name, _) in message.extra.iter().filter(|(name, value)| !is_kept(name) && !is_told(name, value))
        {
            self.dropped(format!("{path}.{name}"), "this API's messages have no such member");
        }
        self.changes.add(out_of_role(message, &path));
        if message.provider_specific_fields.is_value() && message.role != Role::Assistant {
            let path = format!("{path}.provider_specific_fields");
            self.dropped(path, "the model alone says such a thing");
        }
        match &message.role {
            Role::Assistant => self.assistant(message, index, &path),
            Role::Tool | Role::Function => self.result(message, &path),
            role => {
                let content = match message.content.get() {
                    None => Content::Text(String::new()),
                    Some(MessageContent::Text(text)) => Content::Text(text.clone()),
                    Some(MessageContent::Parts(parts)) => Content::Parts(self.parts(parts, &path)?),
                };
                self.items.push(Item::Message(MessageItem::new(role.as_str(), content)));
                Ok(())
            }
        }
    }

    fn assistant(&mut self, message: &Message, index: usize, path: &str) -> Result<(), EncodeError> {
        if self.kept_items(message, path)? {
            return Ok(());
        }
        self.thinking(message, path);
        self.said(message, path)?;
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            self.call(call, &format!("{path}.tool_calls[{number}]"))?;
        }
        if let Some(call) = message.function_call.get() {
            self.last_call = format!("call_{index}");
            let name = call.name.get().cloned().unwrap_or_default();
            let arguments = call.arguments.get().cloned().unwrap_or_default();
            self.items.push(Item::FunctionCall(function_call(self.last_call.clone(), name, arguments)));
        }
        Ok(())
    }

    fn thinking(&mut self, message: &Message, path: &str) {
        const WHY: &str = "the vendor takes back its own encrypted thinking only";
        let (mut told, mut has_any) = (String::new(), false);
        for (number, block) in message.thinking_blocks.get().into_iter().flatten().enumerate() {
            let path = format!("{path}.thinking_blocks[{number}]");
            let is_own = kept::vendor_of(block).is_none_or(|made_by| made_by == self.vendor);
            match kept::item_of(block) {
                Some(item) if is_own => {
                    told.push_str(&kept::text_of(&item));
                    has_any = true;
                    for name in kept::beside_item(block, &item) {
                        self.dropped(format!("{path}.{name}"), WHY);
                    }
                    self.items.push(Item::Reasoning(item));
                }
                _ => self.dropped(path, WHY),
            }
        }
        let is_told = |words: &str| has_any && kept::tells(&told, words);
        if message.reasoning_content.as_deref().is_some_and(|words| !is_told(words)) {
            self.dropped(format!("{path}.reasoning_content"), WHY);
        }
    }

    fn said(&mut self, message: &Message, path: &str) -> Result<(), EncodeError> {
        let annotations = message.annotations.get().map(Vec::as_slice).unwrap_or_default();
        let refusal = message.refusal.as_deref().filter(|words| !words.is_empty());
        let has_calls = message.tool_calls.get().is_some_and(|calls| !calls.is_empty())
            || message.function_call.is_value();
        let mut parts = Vec::new();
        let mut has_sources = !annotations.is_empty();
        match message.content.get() {
            None => {}
            // Where the model only called, there is nothing to tell.
            Some(MessageContent::Text(text)) if text.is_empty() && has_calls => {}
            Some(MessageContent::Text(text)) if annotations.is_empty() && refusal.is_none() => {
                self.items.push(Item::Message(MessageItem::new("assistant", Content::Text(text.clone()))));
            }
            Some(MessageContent::Text(text)) => {
                has_sources = false;
                parts.push(text_part(text, annotations.iter().map(annotation).collect()));
            }
            Some(MessageContent::Parts(given)) => {
                for (number, part) in given.iter().enumerate() {
                    let path = format!("{path}.content[{number}]");
                    match part {
                        ContentPart::Text(part) => {
                            self.marker(part.cache_control.is_value(), &path);
                            self.beside(&part.extra, &path);
                            parts.push(text_part(&part.text, Vec::new()));
                        }
                        ContentPart::Refusal(part) => {
                            self.beside(&part.extra, &path);
                            parts.push(refused(&part.refusal));
                        }
                        // Thinking as other vendors' parts tell it.
                        ContentPart::Unknown(_) if part.kind() == "thinking" => {
                            self.dropped(path, "the vendor takes back its own encrypted thinking only");
                        }
                        ContentPart::Unknown(map) => match self.foreign(map, &path) {
                            Foreign::Words(words) => parts.push(text_part(&words, Vec::new())),
                            Foreign::Dropped => {}
                            Foreign::Not => parts.push(own(map, &path)?),
                        },
                        other => {
                            let why = format!("an answer of this API has no `{}`", other.kind());
                            self.changes.lost(NoteKind::Dropped, path, why);
                        }
                    }
                }
                if let Some(Part::OutputText(last)) = parts.last_mut() {
                    has_sources = false;
                    last.annotations = Nullable::Value(annotations.iter().map(annotation).collect());
                }
            }
        }
        if has_sources {
            self.dropped(format!("{path}.annotations"), "there is no text at the end that they are for");
        }
        if let Some(words) = refusal {
            parts.push(refused(words));
        }
        if let Some(audio) = message.audio.get() {
            match audio.transcript.as_deref() {
                Some(words) => {
                    self.changes.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                    parts.push(text_part(words, Vec::new()));
                }
                None => {
                    let why = "this API knows no spoken answers";
                    self.changes.lost(NoteKind::Dropped, format!("{path}.audio"), why);
                }
            }
        }
        if !parts.is_empty() {
            self.items.push(Item::Message(MessageItem::new("assistant", Content::Parts(parts))));
        }
        Ok(())
    }

    fn call(&mut self, call: &ToolCall, path: &str) -> Result<(), EncodeError> {
        let missing = |name: &str| EncodeError::invalid(format!("{path}.{name}"), "is missing");
        let id = call.id.get().ok_or_else(|| missing("id"))?.clone();
        for name in call.extra.keys() {
            self.dropped(format!("{path}.{name}"), "of no use to this vendor");
        }
        if let Some(custom) = call.custom.get() {
            self.custom.insert(id.clone());
            self.items.push(Item::CustomToolCall(CustomToolCall {
                call_id: id,
                name: custom.name.get().ok_or_else(|| missing("custom.name"))?.clone(),
                input: custom.input.get().cloned().unwrap_or_default(),
                id: Nullable::Absent,
                namespace: Nullable::Absent,
                status: Nullable::Absent,
                caller: Nullable::Absent,
                extra: Extra::new(),
            }));
            return Ok(());
        }
        let function = call.function.get().ok_or_else(|| missing("function"))?;
        let name = function.name.get().ok_or_else(|| missing("function.name"))?.clone();
        let arguments = function.arguments.get().cloned().unwrap_or_default();
        self.items.push(Item::FunctionCall(function_call(id, name, arguments)));
        Ok(())
    }

    fn result(&mut self, message: &Message, path: &str) -> Result<(), EncodeError> {
        let call_id = match (message.tool_call_id.get(), &message.role) {
            (Some(id), _) => id.clone(),
            (None, Role::Function) if !self.last_call.is_empty() => self.last_call.clone(),
            (None, _) => return Err(EncodeError::invalid(format!("{path}.tool_call_id"), "is missing")),
        };
        if message.role == Role::Function && message.name.is_value() {
            self.changes.note(NoteKind::Converted, format!("{path}.name"), "said by the call's name");
        }
        let output = match message.content.get() {
            None => CallOutput::Text(String::new()),
            Some(MessageContent::Text(text)) => CallOutput::Text(text.clone()),
            Some(MessageContent::Parts(parts)) => CallOutput::Parts(self.parts(parts, path)?),
        };
        let is_custom = self.custom.contains(&call_id);
        let item = OutputItem {
            call_id: Nullable::Value(call_id),
            output: Nullable::Value(output),
            id: Nullable::Absent,
            status: Nullable::Absent,
            extra: Extra::new(),
        };
        self.items.push(if is_custom {
            Item::CustomToolCallOutput(item)
        } else {
            Item::FunctionCallOutput(item)
        });
        Ok(())
    }

    fn marker(&mut self, is_there: bool, path: &str) {
        if is_there {
            self.dropped(format!("{path}.cache_control"), "the vendor caches prompts by itself");
        }
    }

    fn parts(&mut self, parts: &[ContentPart], path: &str) -> Result<Vec<Part>, EncodeError> {
        let mut out = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let path = format!("{path}.content[{index}]");
            self.marker(part.cache_control().is_some(), &path);
            if let Some(reason) = stored_part(part) {
                self.changes.lost(NoteKind::Dropped, path, reason);
                continue;
            }
            out.push(match part {
                ContentPart::Text(part) => {
                    self.beside(&part.extra, &path);
                    Part::input_text(part.text.as_str())
                }
                ContentPart::ImageUrl(part) => {
                    self.beside(&part.extra, &path);
                    self.image(&part.image_url, &path)
                }
                ContentPart::InputAudio(part) => {
                    self.beside(&part.extra, &path);
                    Part::InputAudio(InputAudioPart {
                        input_audio: part.input_audio.clone(),
                        extra: Extra::new(),
                    })
                }
                ContentPart::File(part) => {
                    self.beside(&part.extra, &path);
                    self.file(&part.file, &path)
                }
                ContentPart::Refusal(part) => {
                    self.changes.note(NoteKind::Converted, path, "to text");
                    Part::input_text(part.refusal.as_str())
                }
                ContentPart::Unknown(map) => match self.foreign(map, &path) {
                    Foreign::Words(words) => Part::input_text(words.as_str()),
                    Foreign::Dropped => continue,
                    Foreign::Not => own(map, &path)?,
                },
            });
        }
        Ok(out)
    }

    /// What other dialects have: said in words, or left out.
    fn foreign(&mut self, part: &Extra, path: &str) -> Foreign {
        if let Some(words) = words_of_part(part) {
            self.changes.note(NoteKind::Converted, path, "to text");
            return Foreign::Words(words);
        }
        let Some(reason) = foreign_part(part) else { return Foreign::Not };
        self.changes.lost(NoteKind::Dropped, path, reason);
        Foreign::Dropped
    }

    fn beside(&mut self, extra: &Extra, path: &str) {
        for name in extra.keys() {
            self.dropped(format!("{path}.{name}"), "this API's parts have no such member");
        }
    }

    fn image(&mut self, source: &ImageSource, path: &str) -> Part {
        let mut part = InputImagePart {
            image_url: Nullable::Value(source.url().to_owned()),
            file_id: Nullable::Absent,
            detail: Nullable::Absent,
            extra: Extra::new(),
        };
        if let ImageSource::Url(image) = source {
            part.detail.clone_from(&image.detail);
            part.extra.clone_from(&image.extra);
            if image.format.is_value() {
                self.dropped(format!("{path}.image_url.format"), "the address tells it");
            }
        }
        Part::InputImage(part)
    }

    fn file(&mut self, file: &FileData, path: &str) -> Part {
        let mut part = InputFilePart {
            file_data: file.file_data.clone(),
            file_id: file.file_id.clone(),
            file_url: file.file_url.clone(),
            filename: file.filename.clone(),
            detail: Nullable::Absent,
            extra: file.extra.clone(),
        };
        // An address may stand where the name of an upload belongs, as Google's clients name theirs.
        let is_address = |id: &str| id.starts_with("https://") || id.starts_with("http://");
        if part.file_url.is_absent() && part.file_id.as_deref().is_some_and(is_address) {
            part.file_url = part.file_id.take().into();
        }
        if file.format.is_value() && part.file_data.is_absent() {
            self.dropped(format!("{path}.file.format"), "the vendor finds it out");
        }
        if let Some(data) = part.file_data.get_mut() {
            if !data.starts_with("data:") {
                let media = file.format.as_deref().unwrap_or("application/pdf");
                *data = format!("data:{media};base64,{data}");
            } else if file.format.is_value() {
                self.dropped(format!("{path}.file.format"), "the `data:` URL tells it");
            }
            if !part.filename.is_value() {
                let name = usual_name(data);
                part.filename = Nullable::Value(name.clone());
                self.changes.note(NoteKind::Defaulted, format!("{path}.file.filename"), name);
            }
        }
        Part::InputFile(part)
    }
}

/// Text by the model. What is told of its tokens is of no use to it.
fn text_part(text: &str, annotations: Vec<Annotation>) -> Part {
    Part::OutputText(OutputTextPart {
        text: text.to_owned(),
        annotations: Nullable::Value(annotations),
        logprobs: Nullable::Absent,
        extra: Extra::new(),
    })
}

fn refused(words: &str) -> Part {
    Part::Refusal(RefusalPart { refusal: words.to_owned(), extra: Extra::new() })
}

/// What became of a part of another dialect.
enum Foreign {
    /// It is said in these words.
    Words(String),
    /// It was left out.
    Dropped,
    /// It is none.
    Not,
}

/// A part that the canonical form does not know: it may be this API's own.
fn own(map: &Extra, path: &str) -> Result<Part, EncodeError> {
    from_value(Value::Object(map.clone()))
        .map_err(|error| EncodeError::invalid(format!("{path}.{}", error.path), error.message))
}

/// `{"type": "url_citation", "url_citation": {…}}` without the inner object.
fn annotation(annotation: &llm_types::Annotation) -> Annotation {
    let mut flat = Extra::from_iter([("type".to_owned(), Value::from(annotation.r#type.as_str()))]);
    match annotation.url_citation.get() {
        Some(Value::Object(members)) => flat.extend(members.clone()),
        Some(other) => flat.extend([("url_citation".to_owned(), other.clone())]),
        None => {}
    }
    flat.extend(annotation.extra.clone());
    from_value(Value::Object(flat.clone())).unwrap_or(Annotation::Unknown(flat))
}

fn function_call(call_id: String, name: String, arguments: String) -> FunctionCall {
    FunctionCall {
        call_id,
        name,
        arguments,
        id: Nullable::Absent,
        namespace: Nullable::Absent,
        status: Nullable::Absent,
        caller: Nullable::Absent,
        extra: Extra::new(),
    }
}
