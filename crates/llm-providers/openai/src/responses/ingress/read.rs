//! A request of the Responses API in canonical form.
//!
//! Source: OpenAI API reference, "Create a model response", read 2026-11.

mod beside;
mod items;
mod tools;

use llm_provider_core::{Incoming, IngressError, Note, NoteKind};
use llm_types::{
    ChatRequest, Extra, JsonSchemaFormat, JsonSchemaPart, Message, Nullable, ParseError, ResponseFormat,
    StreamOptions, from_value,
};
use serde_json::Value;

use crate::responses::wire::{Input, Reasoning, ResponsesRequest, TextConfig, TextFormat};

/// Members that only this API has, and that say nothing to a model.
///
/// Source: the types of the official Python package 3.52 and the requests of OpenAI's Codex, read 2026-11.
const OWN: &[&str] = &[
    "access_programs",
    "client_metadata",
    "context_management",
    "image",
    "moderation",
    "prompt_cache_options",
];

const ONLY_HERE: &str = "only OpenAI's Responses API has it";

const NOT_STORED: &str = "stored state is not available; send the whole conversation as `input`";

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    let mut tree: Value = llm_types::from_slice(body)?;
    name_types(&mut tree);
    let wire: ResponsesRequest = from_value(tree)?;
    let mut reader = Reader { notes: Vec::new() };
    let request = reader.request(wire)?;
    Ok(Incoming { request, notes: reader.notes })
}

/// Puts the `type` of every item first, and gives one to items in their short form, so that an error can name its
/// place.
fn name_types(tree: &mut Value) {
    for list in ["input", "instructions"] {
        for item in tree.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(members) = item.as_object_mut() else { continue };
            let kind = match members.get("type") {
                Some(Value::String(kind)) => kind.clone(),
                Some(Value::Null) | None if members.contains_key("role") => "message".to_owned(),
                Some(Value::Null) | None if members.contains_key("id") => "item_reference".to_owned(),
                _ => continue,
            };
            members.shift_remove("type");
            members.shift_insert(0, "type".to_owned(), kind.into());
            for name in ["content", "output", "summary"] {
                let parts = members.get_mut(name).and_then(Value::as_array_mut);
                for part in parts.into_iter().flatten().filter_map(Value::as_object_mut) {
                    if let Some(kind) = part.shift_remove("type") {
                        part.shift_insert(0, "type".to_owned(), kind);
                    }
                }
            }
        }
    }
}

/// What is noted while a request is read.
struct Reader {
    notes: Vec<Note>,
}

fn error(path: impl Into<String>, message: impl Into<String>) -> IngressError {
    IngressError { path: path.into(), message: message.into() }
}

impl Reader {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    fn dropped(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.note(NoteKind::Dropped, path, why);
    }

    fn request(&mut self, mut wire: ResponsesRequest) -> Result<ChatRequest, IngressError> {
        refuse_stored(&wire)?;
        let model = wire.model.take().ok_or_else(|| error("model", "is missing"))?;
        let mut request = self.beside(model, std::mem::take(&mut wire.extra))?;
        let mut messages = Vec::new();
        match wire.instructions.take() {
            None => {}
            Some(Input::Text(text)) => messages.push(Message::system(text)),
            Some(Input::Items(items)) => messages.extend(self.items(items, "instructions")?),
        }
        match wire.input.take() {
            None => return Err(error("input", "is missing")),
            Some(Input::Text(text)) => messages.push(Message::user(text)),
            Some(Input::Items(items)) => messages.extend(self.items(items, "input")?),
        }
        request.messages = messages;
        self.tools(&mut wire, &mut request)?;
        self.text(wire.text.take(), &mut request);
        self.reasoning(wire.reasoning.take(), &mut request);
        self.include(&wire.include.take().unwrap_or_default(), &mut request);
        self.rest(wire, &mut request);
        Ok(request)
    }

    /// Members beside this API's own: what the canonical form knows means the same here.
    fn beside(&mut self, model: String, extra: Extra) -> Result<ChatRequest, IngressError> {
        let mut members = Extra::new();
        members.insert("model".to_owned(), model.into());
        members.insert("messages".to_owned(), Value::Array(Vec::new()));
        for (name, value) in extra {
            if name == "messages" {
                self.dropped(name, "the conversation stands in `input`");
            } else if OWN.contains(&name.as_str()) {
                self.dropped(name, ONLY_HERE);
            } else {
                members.insert(name, value);
            }
        }
        Ok(from_value(Value::Object(members))?)
    }

    fn text(&mut self, text: Option<TextConfig>, request: &mut ChatRequest) {
        let Some(text) = text else { return };
        set(&mut request.verbosity, text.verbosity);
        let format = match text.format.into_option() {
            None => None,
            Some(TextFormat::Text(extra)) => Some(ResponseFormat::Text(extra)),
            Some(TextFormat::JsonObject(extra)) => Some(ResponseFormat::JsonObject(extra)),
            Some(TextFormat::JsonSchema(form)) => Some(ResponseFormat::JsonSchema(JsonSchemaPart {
                json_schema: JsonSchemaFormat {
                    name: form.name,
                    description: form.description,
                    schema: form.schema,
                    strict: form.strict,
                    extra: form.extra,
                },
                extra: Extra::new(),
            })),
            Some(TextFormat::Unknown(map)) => Some(ResponseFormat::Unknown(map)),
        };
        set(&mut request.response_format, format.into());
        for name in text.extra.keys() {
            self.dropped(format!("text.{name}"), ONLY_HERE);
        }
    }

    fn reasoning(&mut self, reasoning: Option<Reasoning>, request: &mut ChatRequest) {
        let Some(reasoning) = reasoning else { return };
        set(&mut request.reasoning_effort, reasoning.effort);
        for (name, is_set) in [
            ("summary", reasoning.summary.is_value()),
            ("generate_summary", reasoning.generate_summary.is_value()),
        ] {
            if is_set {
                let detail = "thinking is told as the vendor tells it";
                self.note(NoteKind::Converted, format!("reasoning.{name}"), detail);
            }
        }
        for (name, _) in reasoning.extra.iter().filter(|(_, value)| !value.is_null()) {
            self.dropped(format!("reasoning.{name}"), ONLY_HERE);
        }
    }

    fn include(&mut self, include: &[String], request: &mut ChatRequest) {
        for (index, name) in include.iter().enumerate() {
            match name.as_str() {
                // They always come.
                "reasoning.encrypted_content"
                | "web_search_call.action.sources"
                | "code_interpreter_call.outputs"
                | "file_search_call.results" => {}
                "message.output_text.logprobs" => request.logprobs = Nullable::Value(true),
                _ => self.dropped(format!("include[{index}]"), "no tool of OpenAI's own runs here"),
            }
        }
    }

    fn rest(&mut self, wire: ResponsesRequest, request: &mut ChatRequest) {
        set(&mut request.max_tokens, wire.max_output_tokens);
        set(&mut request.metadata, wire.metadata);
        set(&mut request.parallel_tool_calls, wire.parallel_tool_calls);
        set(&mut request.prompt_cache_key, wire.prompt_cache_key);
        set(&mut request.prompt_cache_retention, wire.prompt_cache_retention);
        set(&mut request.safety_identifier, wire.safety_identifier);
        set(&mut request.service_tier, wire.service_tier);
        set(&mut request.stream, wire.stream);
        set(&mut request.temperature, wire.temperature);
        set(&mut request.top_p, wire.top_p);
        set(&mut request.user, wire.user);
        if let Some(count) = wire.top_logprobs.into_option().filter(|count| *count > 0) {
            request.logprobs = Nullable::Value(true);
            request.top_logprobs = Nullable::Value(count);
        }
        if wire.store.get() == Some(&true) {
            self.dropped("store", "stored state is not available, so nothing is kept");
        }
        if wire.max_tool_calls.is_value() {
            self.dropped("max_tool_calls", ONLY_HERE);
        }
        if wire.truncation.as_deref().is_some_and(|how| how != "disabled") {
            self.dropped("truncation", "no other API leaves old messages out by itself");
        }
        if let Some(options) = wire.stream_options.get() {
            if options.include_obfuscation.get() == Some(&true) {
                self.dropped("stream_options.include_obfuscation", "events are not padded");
            }
            for name in options.extra.keys() {
                self.dropped(format!("stream_options.{name}"), ONLY_HERE);
            }
        }
        if request.streams() {
            // A stream of this API always ends in its usage; other vendors must be asked for it.
            request.stream_options = Nullable::Value(StreamOptions {
                include_usage: Nullable::Value(true),
                include_obfuscation: Nullable::Absent,
                extra: Extra::new(),
            });
        }
    }
}

/// Takes a member over, unless it is absent or `null`.
fn set<T>(to: &mut Nullable<T>, from: Nullable<T>) {
    if from.is_value() {
        *to = from;
    }
}

/// What refers to state that nobody here has.
fn refuse_stored(wire: &ResponsesRequest) -> Result<(), IngressError> {
    let members = [
        ("previous_response_id", wire.previous_response_id.is_value()),
        ("conversation", wire.conversation.is_value()),
        ("prompt", wire.prompt.is_value()),
    ];
    if let Some((name, _)) = members.iter().find(|(_, is_there)| *is_there) {
        return Err(error(*name, NOT_STORED));
    }
    if wire.background.get() == Some(&true) {
        return Err(error("background", "stored state is not available, so answers cannot come later"));
    }
    Ok(())
}

/// The place of an error inside of a member that is read by itself.
fn below(place: &str, error: ParseError) -> IngressError {
    let path = match error.path.as_str() {
        "" => place.to_owned(),
        list if list.starts_with('[') => format!("{place}{list}"),
        member => format!("{place}.{member}"),
    };
    IngressError { path, message: error.message }
}
