//! A `generateContent` request in canonical form.
//!
//! Source: Gemini API reference, "Generating content" (ai.google.dev/api/generate-content), read 2026-11.

mod config;
mod contents;
mod tools;

use llm_provider_core::{Incoming, IngressError, Note, NoteKind};
use llm_types::{ChatRequest, Message, Nullable, ParseError, Role, ServiceTier};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wire::{Content, CountTokensRequest, GenerateContentRequest, camel_case};

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    Reader::default().incoming(typed(body)?)
}

/// A request for a count is a conversation by itself, or holds a whole request.
pub(super) fn read_count(body: &[u8]) -> Result<Incoming, IngressError> {
    let count: CountTokensRequest = typed(body)?;
    let wire = match count.generate_content_request.into_option() {
        Some(inner) => inner,
        None => GenerateContentRequest {
            contents: count.contents,
            system_instruction: count.system_instruction,
            tools: count.tools,
            generation_config: count.generation_config,
            extra: count.extra,
            ..GenerateContentRequest::default()
        },
    };
    Reader::default().incoming(wire)
}

/// A body, with every name of Google's in camel case.
pub(super) fn typed<T: DeserializeOwned>(body: &[u8]) -> Result<T, IngressError> {
    let tree: Value = llm_types::from_slice(body)?;
    if !tree.is_object() {
        return Err(IngressError { path: String::new(), message: "the body is no JSON object".to_owned() });
    }
    llm_types::from_value(in_lists(camel_case(tree)))
        .map_err(|ParseError { path, message }| IngressError { path, message })
}

/// One object where a list stands is a list of one: Google's servers read it so, and clients count on it.
fn in_lists(mut tree: Value) -> Value {
    fn list<'v>(members: &'v mut Value, name: &str) -> impl Iterator<Item = &'v mut Value> {
        let member = members.get_mut(name);
        let list = member.and_then(|member| {
            if member.as_object().is_some_and(|object| !object.is_empty()) {
                *member = Value::Array(vec![member.take()]);
            }
            member.as_array_mut()
        });
        list.into_iter().flatten()
    }
    for content in list(&mut tree, "contents") {
        list(content, "parts").for_each(drop);
    }
    if let Some(system) = tree.get_mut("systemInstruction") {
        list(system, "parts").for_each(drop);
    }
    for tool in list(&mut tree, "tools") {
        list(tool, "functionDeclarations").for_each(drop);
    }
    list(&mut tree, "safetySettings").for_each(drop);
    if let Some(inner) = tree.get_mut("generateContentRequest") {
        *inner = in_lists(inner.take());
    }
    tree
}

/// What is known while a request is read.
#[derive(Default)]
struct Reader {
    notes: Vec<Note>,
    /// Calls that have no result yet: their functions and names.
    pending: Vec<(String, String)>,
}

impl Reader {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    fn incoming(mut self, wire: GenerateContentRequest) -> Result<Incoming, IngressError> {
        let request = self.request(wire)?;
        Ok(Incoming { request, notes: self.notes })
    }

    fn request(&mut self, wire: GenerateContentRequest) -> Result<ChatRequest, IngressError> {
        let contents = wire.contents.into_option().unwrap_or_default();
        let mut request = ChatRequest::new("", Vec::with_capacity(contents.len() + 1));
        request.extra = self.unnamed(wire.extra);
        if let Some(system) = wire.system_instruction.into_option() {
            self.system(system, &mut request.messages);
        }
        for (index, content) in contents.into_iter().enumerate() {
            self.content(index, content, &mut request.messages)?;
        }
        self.tools(wire.tools.into_option(), &mut request)?;
        self.tool_config(wire.tool_config.into_option(), &mut request);
        self.config(wire.generation_config.into_option(), &mut request)?;
        request.service_tier = wire
            .service_tier
            .as_deref()
            .map(|tier| match tier.to_ascii_lowercase().as_str() {
                "standard" => ServiceTier::Default,
                other => other.into(),
            })
            .into();
        let labels = wire.labels.into_option().filter(|labels| !labels.is_empty());
        request.metadata = labels.into();
        put(&mut request, "safetySettings", &wire.safety_settings);
        put(&mut request, "cachedContent", &wire.cached_content);
        Ok(request)
    }

    fn system(&mut self, system: Content, messages: &mut Vec<Message>) {
        for name in system.extra.keys() {
            self.note(
                NoteKind::Dropped,
                format!("systemInstruction.{name}"),
                "instructions have no such member",
            );
        }
        let parts = system.parts.into_option().unwrap_or_default();
        if let Some(content) = self.user_content(parts, "systemInstruction.parts") {
            messages.push(Message::new(Role::System, content));
        }
    }

    /// Members that Gemini does not know, without those that mean something in OpenAI's requests: nobody has asked
    /// for that meaning here.
    fn unnamed(&mut self, mut extra: llm_types::Extra) -> llm_types::Extra {
        // What clients put into the body although it stands in the address.
        extra.shift_remove("model");
        extra.retain(|name, _| {
            let is_unnamed = !ChatRequest::has_member(name);
            if !is_unnamed {
                self.notes.push(Note::dropped(name.clone(), "Gemini's requests have no such member"));
            }
            is_unnamed
        });
        extra
    }
}

/// Keeps a member in Gemini's words, unless it is absent or `null`.
fn put<T: serde::Serialize>(request: &mut ChatRequest, name: &str, value: &Nullable<T>) {
    if let Some(Ok(value)) = value.get().map(serde_json::to_value) {
        request.extra.insert(name.to_owned(), value);
    }
}
