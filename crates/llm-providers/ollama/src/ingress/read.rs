//! A chat request in canonical form, and what both forms of request share.

use llm_provider_core::{Incoming, IngressError, Note, NoteKind};
use llm_types::{
    ChatRequest, ContentPart, Extra, JsonSchemaFormat, JsonSchemaPart, Message, MessageContent, Nullable,
    ReasoningEffort, ResponseFormat, Role, Stop, StreamOptions, ToolCall,
};
use serde_json::{Value, json};

use crate::media::media_type;
use crate::wire::{self, ChatMessage};

/// The name of a schema that nobody named: OpenAI's need one.
const UNNAMED_FORM: &str = "answer";

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    let wire: wire::ChatRequest = llm_types::from_slice(body)?;
    let mut reader = Reader { notes: Vec::new() };
    let mut request = ChatRequest::new(wire.model, Vec::new());
    let mut calls = Calls::default();
    for (index, message) in wire.messages.into_option().unwrap_or_default().into_iter().enumerate() {
        request.messages.push(reader.message(message, index, &mut calls));
    }
    request.tools = wire.tools.into_option().filter(|tools| !tools.is_empty()).into();
    reader.format(wire.format.get(), &mut request)?;
    reader.think(wire.think.get(), &mut request)?;
    reader.options(wire.options.into_option(), &mut request)?;
    reader.rest(wire.extra, wire.keep_alive.is_value(), &mut request);
    request.logprobs = wire.logprobs;
    request.top_logprobs = wire.top_logprobs;
    stream(wire.stream.get().copied(), &mut request);
    Ok(Incoming { request, notes: reader.notes })
}

/// The calls so far whose results are not there yet: name of the tool and of the call.
#[derive(Default)]
struct Calls {
    waiting: Vec<(String, String)>,
    count: usize,
}

impl Calls {
    /// The call that a result belongs to: the oldest of this tool, or the oldest of all.
    fn answered(&mut self, tool: Option<&str>) -> Option<String> {
        let at = match tool {
            Some(tool) => self.waiting.iter().position(|(name, _)| name == tool),
            None => None,
        };
        let at = at.or(if self.waiting.is_empty() { None } else { Some(0) })?;
        Some(self.waiting.remove(at).1)
    }
}

/// What is noted while a request is read.
pub(super) struct Reader {
    pub(super) notes: Vec<Note>,
}

impl Reader {
    fn message(&mut self, wire: ChatMessage, index: usize, calls: &mut Calls) -> Message {
        let path = format!("messages[{index}]");
        let mut message = Message::empty(Role::from(wire.role.as_str()));
        for name in wire.extra.keys() {
            self.notes.push(Note::dropped(format!("{path}.{name}"), "Ollama's messages have no such member"));
        }
        let text = wire.content.into_option().unwrap_or_default();
        message.content = Nullable::Value(content(text, wire.images.into_option().unwrap_or_default()));
        if let Some(thought) = wire.thinking.into_option().filter(|thought| !thought.is_empty()) {
            message.reasoning_content = Nullable::Value(thought);
        }
        let said = wire.tool_calls.into_option().unwrap_or_default();
        if !said.is_empty() {
            let mut out = Vec::with_capacity(said.len());
            for (number, call) in said.into_iter().enumerate() {
                let beside = [("", &call.extra), (".function", &call.function.extra)];
                for (inner, name) in
                    beside.into_iter().flat_map(|(inner, extra)| extra.keys().map(move |name| (inner, name)))
                {
                    let path = format!("{path}.tool_calls[{number}]{inner}.{name}");
                    self.notes.push(Note::dropped(path, "Ollama's calls have no such member"));
                }
                if call.function.index.is_value() {
                    let path = format!("{path}.tool_calls[{number}].function.index");
                    self.notes.push(Note::new(NoteKind::Converted, path, "said by their order"));
                }
                let id = call.id.as_deref().filter(|id| !id.is_empty());
                let id = id.map_or_else(|| format!("call_{}", calls.count), str::to_owned);
                calls.count += 1;
                calls.waiting.push((call.function.name.clone(), id.clone()));
                out.push(function_call(id, call));
            }
            message.tool_calls = Nullable::Value(out);
            if message.content.get().is_some_and(MessageContent::is_empty) {
                message.content = Nullable::Null;
            }
        }
        if message.role == Role::Tool {
            let tool = wire.tool_name.get();
            let id = match wire.tool_call_id.into_option().filter(|id| !id.is_empty()) {
                Some(id) => {
                    calls.waiting.retain(|(_, waiting)| *waiting != id);
                    id
                }
                None => match calls.answered(tool.map(String::as_str)) {
                    Some(id) => id,
                    None => {
                        let detail = "the result of no call that the conversation has";
                        self.notes.push(Note::new(
                            NoteKind::Defaulted,
                            format!("{path}.tool_call_id"),
                            detail,
                        ));
                        format!("call_{}", tool.map_or("0", String::as_str))
                    }
                },
            };
            message.tool_call_id = Nullable::Value(id);
        } else {
            let beside =
                [("tool_name", wire.tool_name.is_value()), ("tool_call_id", wire.tool_call_id.is_value())];
            for (name, _) in beside.into_iter().filter(|(_, is_there)| *is_there) {
                let path = format!("{path}.{name}");
                self.notes.push(Note::dropped(path, "results of tools alone have one"));
            }
        }
        message
    }

    pub(super) fn format(
        &mut self,
        format: Option<&Value>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        request.response_format = match format {
            None => return Ok(()),
            Some(Value::String(name)) if name.is_empty() => return Ok(()),
            Some(Value::String(name)) if name == "json" => {
                Nullable::Value(ResponseFormat::JsonObject(Extra::new()))
            }
            Some(schema @ Value::Object(_)) => Nullable::Value(ResponseFormat::JsonSchema(JsonSchemaPart {
                json_schema: JsonSchemaFormat {
                    name: UNNAMED_FORM.to_owned(),
                    description: Nullable::Absent,
                    schema: Nullable::Value(schema.clone()),
                    strict: Nullable::Absent,
                    extra: Extra::new(),
                },
                extra: Extra::new(),
            })),
            Some(_) => return Err(fault("format", "is neither `json` nor a schema")),
        };
        Ok(())
    }

    /// Off is said by `thinking`, which vendors without a switch pass over; on, and how long, by `reasoning_effort`.
    pub(super) fn think(
        &mut self,
        think: Option<&Value>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        match think {
            None => {}
            Some(Value::Bool(true)) => {
                request.reasoning_effort = Nullable::Value(ReasoningEffort::Medium);
            }
            Some(Value::Bool(false)) => request.thinking = Nullable::Value(json!({ "type": "disabled" })),
            Some(Value::String(level)) if level.is_empty() => {}
            Some(Value::String(level)) => {
                request.reasoning_effort = Nullable::Value(ReasoningEffort::from(level.as_str()));
            }
            Some(_) => return Err(fault("think", "is neither a boolean nor a level")),
        }
        Ok(())
    }

    pub(super) fn options(
        &mut self,
        options: Option<Extra>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        for (name, value) in options.unwrap_or_default() {
            if value.is_null() {
                continue;
            }
            match name.as_str() {
                "temperature" => request.temperature = option(&name, value)?,
                "top_p" => request.top_p = option(&name, value)?,
                "frequency_penalty" => request.frequency_penalty = option(&name, value)?,
                "presence_penalty" => request.presence_penalty = option(&name, value)?,
                "seed" => request.seed = option(&name, value)?,
                "stop" => request.stop = option::<Stop>(&name, value)?,
                "top_k" => {
                    request.extra.insert(name, value);
                }
                "num_predict" => match value.as_i64().or_else(|| value.as_f64().map(|float| float as i64)) {
                    // Below zero there is no limit.
                    Some(limit) if limit < 0 => {}
                    Some(limit) => {
                        if value.as_i64().is_none() {
                            let path = "options.num_predict";
                            self.notes.push(Note::new(NoteKind::Clamped, path, limit.to_string()));
                        }
                        request.max_tokens = Nullable::Value(limit.unsigned_abs());
                    }
                    None => return Err(fault("options.num_predict", "is no number")),
                },
                _ => {
                    let reason = "runs a model at Ollama, and means nothing to others";
                    self.notes.push(Note::dropped(format!("options.{name}"), reason));
                }
            }
        }
        Ok(())
    }

    /// Members that Ollama does not know, without those that mean something in the canonical form: nobody has asked for
    /// that meaning here.
    pub(super) fn rest(&mut self, extra: Extra, keeps_alive: bool, request: &mut ChatRequest) {
        if keeps_alive {
            self.notes
                .push(Note::dropped("keep_alive", "runs a model at Ollama, and means nothing to others"));
        }
        for (name, value) in extra {
            if ChatRequest::has_member(&name) {
                self.notes.push(Note::dropped(name, "Ollama's requests have no such member"));
            } else {
                request.extra.insert(name, value);
            }
        }
    }
}

/// Whether to stream; absent is yes. Usage always comes at the end, so others are asked for it.
pub(super) fn stream(stream: Option<bool>, request: &mut ChatRequest) {
    let stream = stream.unwrap_or(true);
    request.stream = Nullable::Value(stream);
    if stream {
        request.stream_options = Nullable::Value(StreamOptions {
            include_usage: Nullable::Value(true),
            include_obfuscation: Nullable::Absent,
            extra: Extra::new(),
        });
    }
}

/// Text, and images after it.
pub(super) fn content(text: String, images: Vec<String>) -> MessageContent {
    if images.is_empty() {
        return MessageContent::Text(text);
    }
    let words = (!text.is_empty()).then(|| ContentPart::text(text));
    let images = images.into_iter().map(|data| {
        if data.starts_with("data:") {
            return ContentPart::image(data);
        }
        ContentPart::image(format!("data:{};base64,{data}", media_type(&data)))
    });
    MessageContent::Parts(words.into_iter().chain(images).collect())
}

fn function_call(id: String, call: wire::ToolCall) -> ToolCall {
    let arguments = match call.function.arguments.into_option() {
        None => "{}".to_owned(),
        Some(Value::String(text)) => text,
        Some(arguments) => arguments.to_string(),
    };
    ToolCall::function(id, call.function.name, arguments)
}

fn option<T: serde::de::DeserializeOwned>(name: &str, value: Value) -> Result<Nullable<T>, IngressError> {
    llm_types::from_value(value)
        .map(Nullable::Value)
        .map_err(|why| IngressError { path: format!("options.{name}"), message: why.message })
}

fn fault(path: &str, message: &str) -> IngressError {
    IngressError { path: path.to_owned(), message: message.to_owned() }
}
