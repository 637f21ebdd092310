//! The conversation: instructions apart, turns of user and model, results of functions in turns of their own.
//!
//! Source: Gemini API docs, "Text generation", "Function calling", "Thought signatures"
//! (ai.google.dev/gemini-api/docs), read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, out_of_role};
use llm_types::{ChatRequest, Extra, FunctionCall, Message, MessageContent, Nullable, Role, ToolCall};
use serde_json::{Value, json};

use super::Encoder;
use super::parts::Place;
use crate::media;
use crate::turn::{
    FORMAT, MADE_ID, SIGNATURE, SIGNATURES, arguments_object, bare_id, kept_parts, signature_of,
};
use crate::wire::{self, Content, FunctionResponse, GenerateContentRequest, Part};

const USER: &str = "user";
const MODEL: &str = "model";

/// Stands for the signature of a call that another model made, or whose signature a client lost. Gemini 3 refuses a
/// call without one.
///
/// Source: Gemini API docs, "Thought signatures", FAQ (ai.google.dev/gemini-api/docs/thought-signatures), read 2026-11.
pub(crate) const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

/// A conversation under way.
#[derive(Default)]
struct Turns {
    system: Vec<Part>,
    contents: Vec<Content>,
    /// The functions called so far, by the names of the calls.
    calls: Vec<(String, String)>,
}

impl Turns {
    fn add(&mut self, role: &str, parts: Vec<Part>) {
        let holds_results =
            |content: &Content| content.parts().iter().any(|part| part.function_response.is_value());
        match self.contents.last_mut() {
            // Results stand apart: their number must be that of the calls before them.
            Some(last) if last.role.as_deref() == Some(role) && !holds_results(last) => {
                last.parts.get_or_insert_with(Vec::new).extend(parts);
            }
            _ => self.contents.push(Content::new(role, parts)),
        }
    }

    fn add_result(&mut self, parts: Vec<Part>) {
        match self.contents.last_mut() {
            Some(last) if last.parts().first().is_some_and(|part| part.function_response.is_value()) => {
                last.parts.get_or_insert_with(Vec::new).extend(parts);
            }
            _ => self.contents.push(Content::new(USER, parts)),
        }
    }

    /// The function of the last call of this name.
    fn function_of(&self, id: &str) -> Option<&str> {
        self.calls.iter().rev().find(|(call, _)| call == id).map(|(_, function)| function.as_str())
    }
}

impl Encoder<'_> {
    pub(super) fn messages(
        &mut self,
        request: &ChatRequest,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        let mut turns = Turns::default();
        for (index, message) in request.messages.iter().enumerate() {
            self.message(index, message, &mut turns)?;
        }
        if turns.contents.is_empty() {
            self.note(NoteKind::Defaulted, "messages", "to one of a space; Gemini demands a turn");
            turns.add(USER, vec![Part::text(" ")]);
        }
        if !turns.system.is_empty() {
            wire.system_instruction =
                Nullable::Value(Content { parts: Nullable::Value(turns.system), ..Content::default() });
        }
        wire.contents = Nullable::Value(turns.contents);
        Ok(())
    }

    fn message(&mut self, index: usize, message: &Message, turns: &mut Turns) -> Result<(), EncodeError> {
        let path = &format!("messages[{index}]");
        let is_result = matches!(message.role, Role::Tool | Role::Function);
        if message.name.is_value() && !is_result {
            self.drop(format!("{path}.name"), "Gemini knows no names of speakers");
        }
        if message.cache_control.is_value() {
            self.cache_marker(&format!("{path}.cache_control"));
        }
        for (name, value) in &message.extra {
            let is_known = match name.as_str() {
                "is_error" => is_result && value.is_boolean(),
                "images" => message.role == Role::Assistant && value.is_array(),
                _ => false,
            };
            if !is_known && !value.is_null() {
                self.drop(format!("{path}.{name}"), "Gemini's turns have no such member");
            }
        }
        self.notes.extend(out_of_role(message, path));
        if message.provider_specific_fields.is_value() && !is_result && message.role != Role::Assistant {
            self.drop(format!("{path}.provider_specific_fields"), "the model alone says such a thing");
        }
        match &message.role {
            Role::System | Role::Developer => {
                let parts = self.parts(message.content.get(), &format!("{path}.content"), Place::System)?;
                if !parts.is_empty() && !turns.contents.is_empty() {
                    self.note(NoteKind::Moved, path, "to the instructions at the beginning");
                }
                turns.system.extend(parts);
            }
            Role::Assistant => {
                let parts = self.said(message, index, path, turns)?;
                self.turn(MODEL, parts, path, turns);
            }
            Role::Tool | Role::Function => self.result(message, path, turns)?,
            role => {
                if let Role::Other(role) = role {
                    let detail = format!("Gemini knows no role `{role}`; said as the user");
                    self.note(NoteKind::Converted, format!("{path}.role"), detail);
                }
                let parts = self.parts(message.content.get(), &format!("{path}.content"), Place::User)?;
                self.turn(USER, parts, path, turns);
            }
        }
        Ok(())
    }

    fn turn(&mut self, role: &str, parts: Vec<Part>, path: &str, turns: &mut Turns) {
        if parts.is_empty() {
            self.drop(path, "Gemini takes no empty turn");
        } else {
            turns.add(role, parts);
        }
    }

    pub(super) fn cache_marker(&mut self, path: &str) {
        self.drop(path, "Gemini finds cached prefixes by itself; `cached_content` names a cache");
    }

    /// What the model said: its own parts where they were kept, otherwise thoughts, text, pictures and calls.
    fn said(
        &mut self,
        message: &Message,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<Vec<Part>, EncodeError> {
        let own = message.provider_specific_fields.get();
        let mut parts = match kept_parts(message) {
            Some(parts) => {
                self.remember(message, turns);
                self.beside_parts(message, &parts, path);
                parts
            }
            None => {
                if own.is_some_and(|own| own.contains_key(crate::turn::PARTS)) {
                    let path = format!("{path}.provider_specific_fields.{}", crate::turn::PARTS);
                    self.drop(path, "the message is no longer what Gemini said");
                }
                self.made_of_members(message, index, path, turns)?
            }
        };
        for (name, value) in own.into_iter().flatten() {
            let is_known = name == crate::turn::PARTS || name == SIGNATURES && value.is_array();
            if !is_known {
                self.drop(format!("{path}.provider_specific_fields.{name}"), "Gemini does not take it back");
            }
        }
        if message.annotations.get().is_some_and(|annotations| !annotations.is_empty()) {
            self.drop(format!("{path}.annotations"), "Gemini does not take sources back");
        }
        self.sign_first_call(&mut parts, path);
        Ok(parts)
    }

    /// What a message says in its pictures and its signatures that the parts which go back do not say.
    fn beside_parts(&mut self, message: &Message, parts: &[Part], path: &str) {
        let is_signed = |signature: &Value| {
            let signature = signature.as_str();
            signature.is_some() && parts.iter().any(|part| part.thought_signature.as_deref() == signature)
        };
        const DETAIL: &str = "the parts go back as Gemini signed them";
        for (number, image) in images(message).iter().enumerate() {
            let path = format!("{path}.images[{number}]");
            self.beside_image(image, &path);
            if image.get(SIGNATURE).is_some_and(|signature| !signature.is_null() && !is_signed(signature)) {
                self.drop(format!("{path}.{SIGNATURE}"), DETAIL);
            }
        }
        let signatures =
            message.provider_specific_fields.get().and_then(|own| own.get(SIGNATURES)?.as_array());
        for (number, signature) in signatures.into_iter().flatten().enumerate() {
            if !is_signed(signature) {
                self.drop(format!("{path}.provider_specific_fields.{SIGNATURES}[{number}]"), DETAIL);
            }
        }
    }

    /// Members of a picture that have no place over there.
    fn beside_image(&mut self, image: &Value, path: &str) {
        let Some(members) = image.as_object() else { return };
        let known = ["type", "image_url", "index", SIGNATURE];
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            self.drop(format!("{path}.{name}"), "Gemini has no place for it");
        }
        let place = members.get("image_url").and_then(Value::as_object);
        for name in place.into_iter().flat_map(Extra::keys).filter(|name| *name != "url") {
            self.drop(format!("{path}.image_url.{name}"), "Gemini has no place for it");
        }
    }

    fn remember(&self, message: &Message, turns: &mut Turns) {
        for call in message.tool_calls.get().into_iter().flatten() {
            let name = call.function.get().and_then(|function| function.name.get());
            if let (Some(id), Some(name)) = (call.id.get(), name) {
                turns.calls.push((id.clone(), name.clone()));
            }
        }
    }

    fn made_of_members(
        &mut self,
        message: &Message,
        index: usize,
        path: &str,
        turns: &mut Turns,
    ) -> Result<Vec<Part>, EncodeError> {
        let mut parts = self.thoughts_of(message, path);
        let mut words = self.parts(message.content.get(), &format!("{path}.content"), Place::Model)?;
        if let Some(refusal) = message.refusal.as_deref().filter(|refusal| !refusal.is_empty()) {
            self.note(NoteKind::Converted, format!("{path}.refusal"), "to text");
            words.push(Part::text(refusal));
        }
        let signatures =
            message.provider_specific_fields.get().and_then(|own| own.get(SIGNATURES)?.as_array());
        for (number, signature) in signatures.into_iter().flatten().enumerate() {
            let Some(signature) = signature.as_str().filter(|_| number == 0) else {
                let path = format!("{path}.provider_specific_fields.{SIGNATURES}[{number}]");
                self.drop(path, "one text has one signature");
                continue;
            };
            if words.is_empty() {
                // As Gemini itself signs what it has no words for.
                words.push(Part::text(""));
            }
            if let Some(last) = words.last_mut() {
                last.thought_signature = Nullable::Value(signature.to_owned());
            }
        }
        parts.append(&mut words);
        if let Some(audio) = message.audio.get() {
            match audio.transcript.as_deref().filter(|words| !words.trim().is_empty()) {
                Some(words) => {
                    self.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                    parts.push(Part::text(words));
                }
                None => self.drop(format!("{path}.audio"), "Gemini does not take its speech back"),
            }
        }
        self.images_of(message, path, &mut parts)?;
        for (number, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            let path = format!("{path}.tool_calls[{number}]");
            parts.push(self.call(call, &path, turns)?);
        }
        if let Some(call) = message.function_call.get() {
            let id = format!("{MADE_ID}{index}");
            let call = self.function_call(&id, call, &format!("{path}.function_call"), turns)?;
            parts.push(Part { function_call: Nullable::Value(call), ..Part::default() });
        }
        Ok(parts)
    }

    /// Thoughts that Gemini signed go back; others it neither needs nor takes.
    fn thoughts_of(&mut self, message: &Message, path: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        let blocks = message.thinking_blocks.get().map(Vec::as_slice).unwrap_or_default();
        for (number, block) in blocks.iter().enumerate() {
            let is_own = block.extra.get(FORMAT.0).and_then(Value::as_str) == Some(FORMAT.1);
            match block.signature.get() {
                Some(signature) if is_own => {
                    for name in block.extra.keys().filter(|name| *name != FORMAT.0) {
                        let path = format!("{path}.thinking_blocks[{number}].{name}");
                        self.drop(path, "Gemini's thoughts have no such member");
                    }
                    parts.push(Part {
                        text: Nullable::Value(block.thinking.as_deref().unwrap_or_default().to_owned()),
                        thought: Nullable::Value(true),
                        thought_signature: Nullable::Value(signature.clone()),
                        ..Part::default()
                    });
                }
                _ => {
                    let path = format!("{path}.thinking_blocks[{number}]");
                    self.drop(path, "Gemini takes back the thoughts that it signed only");
                }
            }
        }
        let is_told = parts.iter().any(|part| part.text.as_deref() == message.reasoning_content.as_deref());
        if !is_told && message.reasoning_content.as_deref().is_some_and(|text| !text.is_empty()) {
            let path = format!("{path}.reasoning_content");
            self.drop(path, "Gemini takes back the thoughts that it signed only");
        }
        parts
    }

    fn images_of(&mut self, message: &Message, path: &str, parts: &mut Vec<Part>) -> Result<(), EncodeError> {
        for (number, image) in images(message).iter().enumerate() {
            let path = format!("{path}.images[{number}]");
            self.beside_image(image, &path);
            let url =
                image.get("image_url").and_then(|url| url.get("url").or(Some(url))).and_then(Value::as_str);
            let Some(url) = url else {
                self.drop(path, "has no `image_url`");
                continue;
            };
            let mut part = media::part_of_url(url, None, "image/png")
                .map_err(|reason| EncodeError::invalid(format!("{path}.image_url.url"), reason))?;
            part.thought_signature = image.get(SIGNATURE).and_then(Value::as_str).map(str::to_owned).into();
            parts.push(part);
        }
        Ok(())
    }

    fn call(&mut self, call: &ToolCall, path: &str, turns: &mut Turns) -> Result<Part, EncodeError> {
        let id = call.id.as_deref().unwrap_or_default();
        let made = match (call.custom.get(), call.function.get()) {
            (Some(custom), _) => {
                let name = custom.name.as_deref().unwrap_or_default().to_owned();
                turns.calls.push((id.to_owned(), name.clone()));
                let args = json!({ "input": custom.input.as_deref().unwrap_or_default() });
                wire::FunctionCall {
                    id: self.sent_id(id),
                    name: Nullable::Value(name),
                    args: Nullable::Value(args),
                    ..wire::FunctionCall::default()
                }
            }
            (None, Some(function)) => self.function_call(id, function, &format!("{path}.function"), turns)?,
            (None, None) => return Err(EncodeError::invalid(format!("{path}.function"), "is missing")),
        };
        const SIGNED: &[&str] = &["provider_specific_fields", "extra_content", SIGNATURE];
        let signature = signature_of(call);
        for name in call.extra.keys().filter(|name| signature.is_none() || !SIGNED.contains(&name.as_str())) {
            self.drop(format!("{path}.{name}"), "Gemini's calls have no such member");
        }
        if signature.is_some() {
            for place in unsigned(&call.extra) {
                self.drop(format!("{path}.{place}"), "Gemini's calls have no such member");
            }
        }
        if id != bare_id(id) {
            self.note(NoteKind::Renamed, format!("{path}.id"), bare_id(id));
        }
        Ok(Part {
            function_call: Nullable::Value(made),
            thought_signature: signature.map(str::to_owned).into(),
            ..Part::default()
        })
    }

    fn function_call(
        &mut self,
        id: &str,
        call: &FunctionCall,
        path: &str,
        turns: &mut Turns,
    ) -> Result<wire::FunctionCall, EncodeError> {
        let name =
            call.name.get().ok_or_else(|| EncodeError::invalid(format!("{path}.name"), "is missing"))?;
        turns.calls.push((id.to_owned(), name.clone()));
        let text = call.arguments.as_deref().unwrap_or_default();
        let args = arguments_object(text).unwrap_or_else(|| {
            // What the model got wrong must still be shown to it.
            let path = format!("{path}.arguments");
            self.note(NoteKind::Converted, path, "no JSON object; kept as the text `arguments` of one");
            json!({ "arguments": text })
        });
        Ok(wire::FunctionCall {
            id: self.sent_id(id),
            name: Nullable::Value(name.clone()),
            args: Nullable::Value(args),
            ..wire::FunctionCall::default()
        })
    }

    /// A call's name as Gemini gave it; names that were made for calls without one are not sent.
    fn sent_id(&self, id: &str) -> Nullable<String> {
        let id = bare_id(id);
        if id.is_empty() || id.starts_with(MADE_ID) {
            Nullable::Absent
        } else {
            Nullable::Value(id.to_owned())
        }
    }

    /// Gemini 3 wants the first call of a turn signed.
    fn sign_first_call(&mut self, parts: &mut [Part], path: &str) {
        if !self.model.is_third() {
            return;
        }
        let mut calls = parts.iter_mut().filter(|part| part.function_call.is_value());
        if let Some(first) = calls.next()
            && !first.thought_signature.is_value()
        {
            first.thought_signature = Nullable::Value(FOREIGN_SIGNATURE.to_owned());
            let path = format!("{path}.tool_calls[0].extra_content.google.thought_signature");
            self.note(NoteKind::Defaulted, path, "to Google's word for a call that it did not make");
        }
    }

    /// The result of a call, with the name of the function, which only the call tells.
    fn result(&mut self, message: &Message, path: &str, turns: &mut Turns) -> Result<(), EncodeError> {
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        let name = turns.function_of(id).or(message.name.as_deref());
        let name = match name {
            Some(name) => name.to_owned(),
            None if id.is_empty() => {
                return Err(EncodeError::invalid(format!("{path}.tool_call_id"), "is missing"));
            }
            None => {
                self.note(
                    NoteKind::Defaulted,
                    format!("{path}.name"),
                    "to the call's; no call has this name",
                );
                bare_id(id).to_owned()
            }
        };
        if message.name.as_deref().is_some_and(|told| told != name) {
            self.drop(format!("{path}.name"), "the call tells which function it was");
        }
        if id != bare_id(id) {
            self.note(NoteKind::Renamed, format!("{path}.tool_call_id"), bare_id(id));
        }
        let (text, media) = self.result_content(message.content.get(), &format!("{path}.content"))?;
        let is_error = message.extra.get("is_error").and_then(Value::as_bool).unwrap_or(false);
        let response = match serde_json::from_str(&text) {
            Ok(object @ Value::Object(_)) if !is_error => object,
            _ if is_error => json!({ "error": text }),
            _ => json!({ "output": text }),
        };
        let mut made = FunctionResponse {
            id: self.sent_id(id),
            name: Nullable::Value(name),
            response: Nullable::Value(response),
            ..FunctionResponse::default()
        };
        let mut beside = Vec::new();
        if self.model.is_third() && !media.is_empty() {
            made.parts = Nullable::Value(media);
        } else {
            beside = media;
        }
        if let Some(more) = message.provider_specific_fields.get() {
            self.response_members(more, &mut made, path)?;
        }
        let mut parts = vec![Part { function_response: Nullable::Value(made), ..Part::default() }];
        parts.append(&mut beside);
        turns.add_result(parts);
        Ok(())
    }

    /// Members of a result in Gemini's own words, such as `scheduling`.
    fn response_members(
        &mut self,
        own: &Extra,
        made: &mut FunctionResponse,
        path: &str,
    ) -> Result<(), EncodeError> {
        for (name, value) in own {
            match (name.as_str(), value) {
                ("function_response", Value::Object(members)) => made.extra.extend(members.clone()),
                _ => self
                    .drop(format!("{path}.provider_specific_fields.{name}"), "results have no such member"),
            }
        }
        Ok(())
    }

    /// A result's text, and what of it is no text.
    fn result_content(
        &mut self,
        content: Option<&MessageContent>,
        path: &str,
    ) -> Result<(String, Vec<Part>), EncodeError> {
        let mut text = String::new();
        let mut media = Vec::new();
        for mut part in self.parts(content, path, Place::Result)? {
            match part.text.take() {
                Some(words) => text.push_str(&words),
                None => media.push(part),
            }
        }
        Ok((text, media))
    }
}

/// Pictures that the model made.
fn images(message: &Message) -> &[Value] {
    message.extra.get("images").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What stands beside a call's signature in the objects that hold it, by its place in the call.
fn unsigned(extra: &Extra) -> Vec<String> {
    let members = |holder: &Value| holder.as_object().cloned().unwrap_or_default();
    let mut places = Vec::new();
    if let Some(own) = extra.get("provider_specific_fields").map(members) {
        let others = own.keys().filter(|name| *name != SIGNATURE);
        places.extend(others.map(|name| format!("provider_specific_fields.{name}")));
    }
    if let Some(more) = extra.get("extra_content").map(members) {
        places
            .extend(more.keys().filter(|name| *name != "google").map(|name| format!("extra_content.{name}")));
        let google = more.get("google").map(members).unwrap_or_default();
        let others = google.keys().filter(|name| *name != SIGNATURE);
        places.extend(others.map(|name| format!("extra_content.google.{name}")));
    }
    places
}
