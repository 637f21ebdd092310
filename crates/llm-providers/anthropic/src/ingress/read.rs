//! A Messages request in canonical form.
//!
//! Source: Anthropic API reference, "Messages", and docs "Effort", "Structured outputs", read 2026-11.

mod blocks;
mod messages;
mod tools;

use llm_provider_core::{EffortBudgets, Incoming, IngressError, Note, NoteKind};
use llm_types::{
    ChatRequest, Extra, JsonSchemaFormat, JsonSchemaPart, Message, Nullable, ParseError, ReasoningEffort,
    ResponseFormat, ServiceTier, Stop, StreamOptions,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::chat::UNNAMED_FORM;
use crate::wire::{MessagesRequest, Metadata, OutputConfig, OutputFormat, Thinking};

pub(super) fn read(body: &[u8]) -> Result<Incoming, IngressError> {
    let wire: MessagesRequest = llm_types::from_slice(body)?;
    let mut reader = Reader { notes: Vec::new() };
    let request = reader.request(wire)?;
    Ok(Incoming { request, notes: reader.notes })
}

/// What is noted while a request is read.
struct Reader {
    notes: Vec<Note>,
}

impl Reader {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    fn request(&mut self, wire: MessagesRequest) -> Result<ChatRequest, IngressError> {
        let mut request = ChatRequest::new(wire.model, Vec::with_capacity(wire.messages.len() + 1));
        request.extra = self.unnamed::<ChatRequest>(wire.extra, "");
        self.system(wire.system.into_option(), &mut request.messages)?;
        for (index, message) in wire.messages.into_iter().enumerate() {
            self.message(index, message, &mut request.messages)?;
        }
        request.tools = self.tools(wire.tools)?;
        self.tool_choice(wire.tool_choice.into_option(), &mut request)?;
        self.answer_form(wire.output_config.into_option(), &mut request)?;
        thinking(wire.thinking, &mut request);
        request.max_tokens = wire.max_tokens;
        request.temperature = wire.temperature;
        request.top_p = wire.top_p;
        request.stop = wire.stop_sequences.into_option().map(Stop::Many).into();
        request.service_tier = wire.service_tier.as_deref().map(service_tier).into();
        who(wire.metadata.into_option(), &mut request);
        request.stream = wire.stream;
        if request.streams() {
            // A Messages stream always ends in its usage; other vendors must be asked for it.
            request.stream_options = Nullable::Value(StreamOptions {
                include_usage: Nullable::Value(true),
                include_obfuscation: Nullable::Absent,
                extra: Extra::new(),
            });
        }
        put(&mut request.extra, "top_k", &wire.top_k);
        put(&mut request.extra, "cache_control", &wire.cache_control);
        put(&mut request.extra, "speed", &wire.speed);
        put(&mut request.extra, "inference_geo", &wire.inference_geo);
        put(&mut request.extra, "container", &wire.container);
        put(&mut request.extra, "mcp_servers", &wire.mcp_servers);
        put(&mut request.extra, "context_management", &wire.context_management);
        Ok(request)
    }

    /// `output_config.format`, or the older `output_format`, as the form of the answer; the rest of
    /// `output_config` stays in Anthropic's words, and its effort is said in OpenAI's as well.
    fn answer_form(
        &mut self,
        config: Option<OutputConfig>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        let mut config = config.unwrap_or(OutputConfig {
            effort: Nullable::Absent,
            format: Nullable::Absent,
            extra: Extra::new(),
        });
        if let Some(effort) = config.effort.as_deref() {
            request.reasoning_effort = Nullable::Value(ReasoningEffort::from(effort));
        }
        let mut place = "output_config.format";
        let mut format = config.format.take();
        if format.is_none() {
            place = "output_format";
            format = older_format(&mut request.extra)?;
        }
        match format {
            Some(format) if format.r#type == "json_schema" => {
                request.response_format = Nullable::Value(self.json_schema(format, place)?);
            }
            other => config.format = other.into(),
        }
        if config.effort.is_value() || config.format.is_value() || !config.extra.is_empty() {
            put(&mut request.extra, "output_config", &Nullable::Value(config));
        }
        Ok(())
    }

    fn json_schema(&mut self, format: OutputFormat, place: &str) -> Result<ResponseFormat, IngressError> {
        let schema = format.schema.into_option().ok_or_else(|| missing(format!("{place}.schema")))?;
        // OpenAI's strict schemas know no optional members; Anthropic's do.
        let strict = if demands_everything(&schema) {
            Nullable::Value(true)
        } else {
            let detail = "kept, but not strict: OpenAI enforces only schemas without optional members";
            self.note(NoteKind::Converted, place, detail);
            Nullable::Absent
        };
        for name in format.extra.keys() {
            self.note(NoteKind::Dropped, format!("{place}.{name}"), "a form has no such member");
        }
        Ok(ResponseFormat::JsonSchema(JsonSchemaPart {
            json_schema: JsonSchemaFormat {
                name: UNNAMED_FORM.to_owned(),
                description: Nullable::Absent,
                schema: Nullable::Value(schema),
                strict,
                extra: Extra::new(),
            },
            extra: Extra::new(),
        }))
    }

    /// Members that Anthropic does not know, without those that mean something in `T`: nobody has asked for
    /// that meaning here.
    fn unnamed<T: Canonical>(&mut self, mut extra: Extra, place: &str) -> Extra {
        extra.retain(|name, _| {
            let is_unnamed = !T::names(name);
            if !is_unnamed {
                let path = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                self.notes.push(Note::dropped(path, "Messages requests have no such member"));
            }
            is_unnamed
        });
        extra
    }
}

/// A canonical object that knows its own members.
trait Canonical {
    /// Whether `name` is one of them.
    fn names(name: &str) -> bool;
}

impl Canonical for ChatRequest {
    fn names(name: &str) -> bool {
        let probe = json!({ "model": "", "messages": [], name: null });
        llm_types::from_value::<Self>(probe).is_ok_and(|request| !request.extra.contains_key(name))
    }
}

impl Canonical for Message {
    fn names(name: &str) -> bool {
        let probe = json!({ "role": "user", name: null });
        llm_types::from_value::<Self>(probe).is_ok_and(|message| !message.extra.contains_key(name))
    }
}

fn older_format(extra: &mut Extra) -> Result<Option<OutputFormat>, IngressError> {
    match extra.shift_remove("output_format") {
        None | Some(Value::Null) => Ok(None),
        Some(format) => {
            llm_types::from_value(format).map(Some).map_err(|error| below("output_format", error))
        }
    }
}

/// Whether every object in a schema demands all of its members and no others.
fn demands_everything(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let complete = members.get("properties").and_then(Value::as_object).is_none_or(|properties| {
                let required = members.get("required").and_then(Value::as_array);
                members.get("additionalProperties") == Some(&Value::Bool(false))
                    && properties.keys().all(|name| {
                        required.is_some_and(|required| required.iter().any(|one| one == name.as_str()))
                    })
            });
            complete && members.values().all(demands_everything)
        }
        Value::Array(items) => items.iter().all(demands_everything),
        _ => true,
    }
}

/// `thinking` stays as it is. A budget is said as an effort too, for vendors that know no budgets.
fn thinking(thinking: Nullable<Thinking>, request: &mut ChatRequest) {
    let Some(thinking) = thinking.into_option() else { return };
    if thinking.r#type == "enabled"
        && request.reasoning_effort.is_absent()
        && let Some(budget) = thinking.budget_tokens.get()
    {
        request.reasoning_effort = Nullable::Value(nearest_effort(*budget));
    }
    request.thinking = serde_json::to_value(thinking).ok().into();
}

/// The effort whose usual budget is nearest, the lower one in the middle. It stays between `low` and `high`,
/// which every model that thinks knows: the client has not asked for more in so many words.
fn nearest_effort(budget: u64) -> ReasoningEffort {
    let usual = EffortBudgets::default();
    [
        (usual.low, ReasoningEffort::Low),
        (usual.medium, ReasoningEffort::Medium),
        (usual.high, ReasoningEffort::High),
    ]
    .into_iter()
    .min_by_key(|(tokens, _)| tokens.abs_diff(budget))
    .map_or(ReasoningEffort::Medium, |(_, effort)| effort)
}

fn service_tier(tier: &str) -> ServiceTier {
    match tier {
        "standard_only" => ServiceTier::Default,
        other => other.into(),
    }
}

/// `metadata.user_id` names the end user; other labels stay labels.
fn who(metadata: Option<Metadata>, request: &mut ChatRequest) {
    let Some(metadata) = metadata else { return };
    request.user = metadata.user_id.into_option().into();
    if !metadata.extra.is_empty() {
        request.metadata = Nullable::Value(metadata.extra);
    }
}

/// Keeps a member in Anthropic's words, unless it is absent or `null`.
fn put<T: Serialize>(extra: &mut Extra, name: &str, value: &Nullable<T>) {
    if let Some(Ok(value)) = value.get().map(serde_json::to_value) {
        extra.insert(name.to_owned(), value);
    }
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

fn missing(path: impl Into<String>) -> IngressError {
    IngressError { path: path.into(), message: "is missing".to_owned() }
}
