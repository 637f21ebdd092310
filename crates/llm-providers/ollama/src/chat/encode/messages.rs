//! The conversation: text as one string, images apart, calls with objects for arguments.

use std::collections::HashMap;

use llm_provider_core::{
    EncodeError, NoteKind, is_signed_elsewhere, out_of_role, words_of_file, words_of_part,
};
use llm_types::{
    ChatRequest, ContentPart, FunctionCall, ImagePart, ImageSource, Message, MessageContent, Nullable, Role,
    ToolCall,
};
use serde_json::{Map, Value, json};

use super::Encoder;
use crate::wire::{self, ChatMessage, ToolFunction};

/// What stands between the texts of one message.
const BETWEEN: &str = "\n";

/// The calls so far: the name of the tool for each id, and the latest id.
#[derive(Default)]
struct Calls {
    names: HashMap<String, String>,
    last: Option<String>,
}

impl Encoder<'_> {
    pub(super) fn messages(&mut self, request: &ChatRequest) -> Result<Vec<ChatMessage>, EncodeError> {
        let mut calls = Calls::default();
        let mut out = Vec::with_capacity(request.messages.len());
        for (index, message) in request.messages.iter().enumerate() {
            out.push(self.message(message, index, &mut calls)?);
        }
        Ok(out)
    }

    fn message(
        &mut self,
        message: &Message,
        index: usize,
        calls: &mut Calls,
    ) -> Result<ChatMessage, EncodeError> {
        let path = format!("messages[{index}]");
        let role = match &message.role {
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool | Role::Function => "tool",
            Role::Other(role) => {
                let detail = format!("Ollama knows no role `{role}`; said as the user");
                self.note(NoteKind::Converted, format!("{path}.role"), detail);
                "user"
            }
        };
        if message.role == Role::Developer {
            self.note(NoteKind::Renamed, format!("{path}.role"), "system");
        }
        self.leftover(message, &path);
        self.notes.extend(out_of_role(message, &path));
        let mut out = ChatMessage::new(role);
        self.content(message, &path, &mut out)?;
        match role {
            "assistant" => self.said(message, index, &path, calls, &mut out)?,
            "tool" => self.result(message, &path, calls, &mut out)?,
            _ => {}
        }
        Ok(out)
    }

    /// Members that have no place over there.
    fn leftover(&mut self, message: &Message, path: &str) {
        let is_result = matches!(message.role, Role::Tool | Role::Function);
        if message.name.is_value() && !is_result {
            self.note(NoteKind::Dropped, format!("{path}.name"), "Ollama knows no names of speakers");
        }
        if message.cache_control.is_value() {
            self.note(NoteKind::Dropped, format!("{path}.cache_control"), "Ollama caches prompts by itself");
        }
        if message.provider_specific_fields.is_value() {
            let path = format!("{path}.provider_specific_fields");
            self.note(NoteKind::Dropped, path, "said by a vendor to the client, and of no use to Ollama");
        }
        if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
            self.note(NoteKind::Dropped, format!("{path}.annotations"), "Ollama knows no sources");
        }
        // That a tool did not fail goes without saying.
        let is_said = |name: &str, value: &Value| name == "is_error" && *value == Value::Bool(false);
        for (name, _) in message.extra.iter().filter(|(name, value)| !is_said(name, value)) {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Ollama's messages have no such member");
        }
    }

    /// Text as one string, and images beside it.
    fn content(&mut self, message: &Message, path: &str, out: &mut ChatMessage) -> Result<(), EncodeError> {
        let mut texts: Vec<String> = Vec::new();
        let mut images = Vec::new();
        match message.content.get() {
            None => {}
            Some(MessageContent::Text(text)) => texts.push(text.clone()),
            Some(MessageContent::Parts(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    self.part(part, &format!("{path}.content[{index}]"), &mut texts, &mut images)?;
                }
            }
        }
        let is_answer = message.role == Role::Assistant;
        let refusal = message.refusal.as_deref().filter(|refusal| is_answer && !refusal.is_empty());
        if let Some(refusal) = refusal {
            self.note(NoteKind::Converted, format!("{path}.refusal"), "to text");
            texts.push(refusal.to_owned());
        }
        if let Some(audio) = message.audio.get().filter(|_| is_answer) {
            match audio.transcript.as_deref().filter(|words| !words.is_empty()) {
                Some(words) => {
                    self.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                    texts.push(words.to_owned());
                }
                None => self.unsupported(format!("{path}.audio"), "Ollama knows no spoken answers")?,
            }
        }
        out.content = Nullable::Value(texts.join(BETWEEN));
        if !images.is_empty() {
            out.images = Nullable::Value(images);
        }
        Ok(())
    }

    fn part(
        &mut self,
        part: &ContentPart,
        path: &str,
        texts: &mut Vec<String>,
        images: &mut Vec<String>,
    ) -> Result<(), EncodeError> {
        if part.cache_control().is_some() {
            self.note(NoteKind::Dropped, format!("{path}.cache_control"), "Ollama caches prompts by itself");
        }
        match part {
            ContentPart::Text(part) => {
                for name in part.extra.keys() {
                    self.note(NoteKind::Dropped, format!("{path}.{name}"), "Ollama has no place for it");
                }
                texts.push(part.text.clone());
            }
            ContentPart::Refusal(part) => {
                self.note(NoteKind::Converted, path, "to text");
                texts.push(part.refusal.clone());
            }
            ContentPart::ImageUrl(part) => images.push(self.image(part, path)?),
            ContentPart::InputAudio(_) => self.unsupported(path, "Ollama hears no sound")?,
            ContentPart::File(part) => {
                if let Some(words) = words_of_file(part) {
                    self.note(NoteKind::Converted, path, "to text");
                    texts.push(words);
                    return Ok(());
                }
                self.unsupported(path, "Ollama reads no files")?;
            }
            ContentPart::Unknown(map) => {
                if let Some(words) = words_of_part(map) {
                    self.note(NoteKind::Converted, path, "to text");
                    texts.push(words);
                    return Ok(());
                }
                self.unsupported(path, format!("Ollama has no content of type `{}`", part.kind()))?;
            }
        }
        Ok(())
    }

    /// An image as bytes. The gateway fetches those that are given by address before this.
    fn image(&mut self, part: &ImagePart, path: &str) -> Result<String, EncodeError> {
        let place = match part.image_url {
            ImageSource::Url(_) => format!("{path}.image_url.url"),
            ImageSource::Bare(_) => format!("{path}.image_url"),
        };
        let url = part.image_url.url();
        let data =
            url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")).map(|(_, data)| data);
        let data = data.ok_or_else(|| {
            EncodeError::invalid(place.as_str(), "is no `data:` URL in base64, and Ollama takes bytes only")
        })?;
        self.note(NoteKind::Converted, place, "to bytes without a media type");
        if let ImageSource::Url(image) = &part.image_url {
            if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
                self.note(NoteKind::Dropped, format!("{path}.image_url.detail"), "Ollama has no such choice");
            }
            for name in image.extra.keys() {
                self.note(
                    NoteKind::Dropped,
                    format!("{path}.image_url.{name}"),
                    "Ollama has no place for it",
                );
            }
            if image.format.is_value() {
                self.note(
                    NoteKind::Dropped,
                    format!("{path}.image_url.format"),
                    "the bytes tell the media type",
                );
            }
        }
        for name in part.extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Ollama has no place for it");
        }
        Ok(data.to_owned())
    }

    /// What the model thought and called. Signed thinking is another vendor's.
    fn said(
        &mut self,
        message: &Message,
        index: usize,
        path: &str,
        calls: &mut Calls,
        out: &mut ChatMessage,
    ) -> Result<(), EncodeError> {
        let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        let mut own = Vec::new();
        for (number, block) in blocks.iter().enumerate() {
            match block.thinking.as_deref() {
                Some(thought)
                    if !block.signature.is_value()
                        && !block.data.is_value()
                        && !is_signed_elsewhere(block, "ollama") =>
                {
                    for name in block.extra.keys().filter(|name| *name != "format") {
                        let path = format!("{path}.thinking_blocks[{number}].{name}");
                        self.note(NoteKind::Dropped, path, "Ollama's thinking has no such member");
                    }
                    own.push(thought);
                }
                _ => {
                    let path = format!("{path}.thinking_blocks[{number}]");
                    self.note(NoteKind::Dropped, path, "signed or sealed by another vendor");
                }
            }
        }
        let reasoning = message.reasoning_content.as_deref().filter(|text| !text.is_empty());
        out.thinking = match reasoning {
            Some(_) if !blocks.is_empty() && own.is_empty() => {
                let path = format!("{path}.reasoning_content");
                self.note(NoteKind::Dropped, path, "signed or sealed by another vendor");
                Nullable::Absent
            }
            Some(reasoning) => {
                if own.iter().any(|thought| !reasoning.contains(thought)) {
                    let path = format!("{path}.thinking_blocks");
                    self.note(NoteKind::Dropped, path, "`reasoning_content` is said too and wins");
                }
                Nullable::Value(reasoning.to_owned())
            }
            None if own.is_empty() => Nullable::Absent,
            None => Nullable::Value(own.concat()),
        };
        let mut said = Vec::new();
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            let call = self.call(call, &format!("{path}.tool_calls[{number}]"))?;
            if let Some(id) = call.id.get() {
                calls.names.insert(id.clone(), call.function.name.clone());
                calls.last = Some(id.clone());
            }
            said.push(call);
        }
        if let Some(call) = message.function_call.get() {
            let call =
                self.function_call(Some(format!("call_{index}")), call, &format!("{path}.function_call"))?;
            calls.last = call.id.get().cloned();
            calls.names.insert(format!("call_{index}"), call.function.name.clone());
            said.push(call);
        }
        if !said.is_empty() {
            out.tool_calls = Nullable::Value(said);
        }
        Ok(())
    }

    fn call(&mut self, call: &ToolCall, path: &str) -> Result<wire::ToolCall, EncodeError> {
        for name in call.extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Ollama's calls have no such member");
        }
        let id = call.id.get().cloned();
        match (call.custom.get(), call.function.get()) {
            (Some(custom), _) => {
                self.note(
                    NoteKind::Converted,
                    format!("{path}.custom"),
                    "to a function with one text, `input`",
                );
                let arguments = json!({ "input": custom.input.as_deref().unwrap_or_default() });
                Ok(of(id, custom.name.as_deref().unwrap_or_default(), arguments))
            }
            (None, Some(function)) => self.function_call(id, function, &format!("{path}.function")),
            (None, None) => Err(EncodeError::invalid(format!("{path}.function"), "is missing")),
        }
    }

    fn function_call(
        &mut self,
        id: Option<String>,
        call: &FunctionCall,
        path: &str,
    ) -> Result<wire::ToolCall, EncodeError> {
        let name = call.name.as_deref();
        let name = name.ok_or_else(|| EncodeError::invalid(format!("{path}.name"), "is missing"))?;
        let text = call.arguments.as_deref().unwrap_or_default();
        let arguments = match serde_json::from_str(text) {
            Ok(arguments @ Value::Object(_)) => arguments,
            Ok(Value::Null) => Value::Object(Map::new()),
            Err(_) if text.trim().is_empty() => Value::Object(Map::new()),
            // What the model got wrong must still be shown to it.
            Ok(_) | Err(_) => {
                let path = format!("{path}.arguments");
                self.note(NoteKind::Converted, path, "no JSON object; kept as the text `arguments` of one");
                json!({ "arguments": text })
            }
        };
        Ok(of(id, name, arguments))
    }

    /// A result names its tool; the call itself only newer servers know.
    fn result(
        &mut self,
        message: &Message,
        path: &str,
        calls: &Calls,
        out: &mut ChatMessage,
    ) -> Result<(), EncodeError> {
        let id = match (message.tool_call_id.get(), &message.role) {
            (Some(id), _) => Some(id),
            (None, Role::Function) => calls.last.as_ref(),
            (None, _) => return Err(EncodeError::invalid(format!("{path}.tool_call_id"), "is missing")),
        };
        let known = id.and_then(|id| calls.names.get(id));
        out.tool_name = message.name.get().or(known).cloned().into();
        out.tool_call_id = id.cloned().into();
        Ok(())
    }
}

fn of(id: Option<String>, name: &str, arguments: Value) -> wire::ToolCall {
    wire::ToolCall {
        id: id.into(),
        function: ToolFunction {
            name: name.to_owned(),
            index: Nullable::Absent,
            arguments: Nullable::Value(arguments),
            extra: Default::default(),
        },
        extra: Default::default(),
    }
}
