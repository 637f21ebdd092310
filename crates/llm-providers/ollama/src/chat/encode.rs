//! A canonical request as an Ollama request.
//!
//! Source: Ollama docs, "Generate a chat message", "Thinking", "Structured outputs", "Tool calling", read 2026-11.

mod messages;
mod tools;

use llm_provider_core::{
    Call, Dialect, EncodeError, Note, NoteKind, OnUnsupported, foreign_member, reasoning_said, said_already,
    unplaced_in_calls, unplaced_in_form,
};
use llm_types::{
    ChatRequest, Extra, JsonSchemaFormat, Nullable, OPENAI_ONLY, ReasoningEffort, ResponseFormat,
    ServiceTier, Stop,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::options;
use crate::wire;

/// A request in Ollama's form, and what could not be carried into it.
pub(super) fn encode(
    request: &ChatRequest,
    call: &Call<'_>,
) -> Result<(wire::ChatRequest, Vec<Note>), EncodeError> {
    let (request, notes) = reasoning_said(request, call);
    let mut encoder = Encoder { call, notes };
    let wire = encoder.request(&request)?;
    Ok((wire, encoder.notes))
}

/// What is known while a request is written.
struct Encoder<'a> {
    call: &'a Call<'a>,
    notes: Vec<Note>,
}

impl Encoder<'_> {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    /// Something that Ollama has no place for.
    fn unsupported(&mut self, path: impl Into<String>, reason: impl Into<String>) -> Result<(), EncodeError> {
        match self.call.unsupported {
            OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
            OnUnsupported::Drop => {
                self.note(NoteKind::Dropped, path, reason);
                Ok(())
            }
        }
    }

    fn request(&mut self, request: &ChatRequest) -> Result<wire::ChatRequest, EncodeError> {
        let messages = self.messages(request)?;
        let mut wire = wire::ChatRequest::new(self.call.model, messages);
        let mut options = Extra::new();
        self.extras(request, &mut wire, &mut options)?;
        self.tools(request, &mut wire)?;
        self.think(request, &mut wire)?;
        self.form(request, &mut wire)?;
        self.options(request, &mut options);
        if !options.is_empty() {
            wire.options = Nullable::Value(options);
        }
        // Absent would be yes.
        wire.stream = Nullable::Value(request.streams());
        if let Nullable::Value(logprobs) = request.logprobs {
            wire.logprobs = Nullable::Value(logprobs);
        }
        if let Nullable::Value(count) = request.top_logprobs {
            wire.top_logprobs = Nullable::Value(count);
        }
        self.lacking(request, &mut wire)?;
        self.notes.extend(unplaced_in_form(request));
        self.notes.extend(unplaced_in_calls(request));
        Ok(wire)
    }

    /// Members in Ollama's own words, and those that nobody here knows.
    fn extras(
        &mut self,
        request: &ChatRequest,
        wire: &mut wire::ChatRequest,
        options: &mut Extra,
    ) -> Result<(), EncodeError> {
        match request.extra.get("options") {
            None | Some(Value::Null) => {}
            Some(Value::Object(given)) => options.extend(given.clone()),
            Some(_) => return Err(EncodeError::invalid("options", "is no object")),
        }
        let forward = self.call.forward;
        let forwards = |name: &str| forward.iter().any(|forward| forward == name);
        for (name, value) in &request.extra {
            match name.as_str() {
                "options" => {}
                "keep_alive" => wire.keep_alive = Nullable::Value(value.clone()),
                "think" => wire.think = Nullable::Value(value.clone()),
                "format" => wire.format = Nullable::Value(value.clone()),
                own if options::OWN.contains(&own) => self.option(own, value.clone(), options),
                "cache_control" if !forwards(name) => {
                    self.note(NoteKind::Dropped, name, "Ollama caches prompts by itself");
                }
                _ if OPENAI_ONLY.contains(&name.as_str()) => {}
                _ => match foreign_member(name, Dialect::OllamaChat).filter(|_| !forwards(name)) {
                    None => drop(wire.extra.insert(name.clone(), value.clone())),
                    Some(_) if value.is_null() => {}
                    Some(reason) => match said_already(request, name, value) {
                        Some(said) => self.note(NoteKind::Converted, name, said),
                        None => self.unsupported(name, reason)?,
                    },
                },
            }
        }
        Ok(())
    }

    /// What stands beside `options` wins over what stands in them.
    fn option(&mut self, name: &str, value: Value, options: &mut Extra) {
        if options.get(name).is_some_and(|given| !given.is_null() && *given != value) {
            self.note(
                NoteKind::Dropped,
                format!("options.{name}"),
                "said beside the options too, which wins",
            );
        }
        options.insert(name.to_owned(), value);
    }

    fn options(&mut self, request: &ChatRequest, options: &mut Extra) {
        let limit = request.output_limit().or(self.call.default_max_tokens);
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                self.option(name, value, options);
            }
        };
        put("temperature", request.temperature.get().map(|number| json!(number)));
        put("top_p", request.top_p.get().map(|number| json!(number)));
        put("seed", request.seed.get().map(|number| json!(number)));
        put("frequency_penalty", request.frequency_penalty.get().map(|number| json!(number)));
        put("presence_penalty", request.presence_penalty.get().map(|number| json!(number)));
        let stops = request.stop.get().map(Stop::as_slice).unwrap_or_default();
        put("stop", (!stops.is_empty()).then(|| json!(stops)));
        put("num_predict", limit.map(|limit| json!(limit)));
        if let (Some(newer), Some(older)) = (request.max_completion_tokens.get(), request.max_tokens.get())
            && newer != older
        {
            self.note(NoteKind::Dropped, "max_tokens", "`max_completion_tokens` is said too and wins");
        }
        if request.output_limit().is_none()
            && let Some(limit) = self.call.default_max_tokens
        {
            self.note(NoteKind::Defaulted, "max_tokens", format!("to {limit}"));
        }
    }

    /// Most models know thinking as on or off. The `gpt-oss` models know three levels, and neither on nor off.
    ///
    /// Source: Ollama docs, "Thinking" (docs.ollama.com/capabilities/thinking), read 2026-11.
    fn think(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        let has_levels = self.call.model.to_lowercase().contains("gpt-oss");
        if wire.think.is_value() {
            for (name, said) in [
                ("thinking", request.thinking.is_value()),
                ("reasoning_effort", request.reasoning_effort.is_value()),
            ] {
                if said {
                    self.note(NoteKind::Converted, name, "said by `think`");
                }
            }
            return Ok(());
        }
        let thinking = request.thinking.get();
        let budget = thinking.and_then(|thinking| thinking.get("budget_tokens")).and_then(Value::as_u64);
        let switch = thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
        let effort = request.reasoning_effort.get();
        let off = switch == Some("disabled") || (switch.is_none() && effort == Some(&ReasoningEffort::None));
        if thinking.is_none() && effort.is_none() {
            return Ok(());
        }
        if let (Some(ReasoningEffort::Other(name)), None) = (effort, switch) {
            return self.unsupported("reasoning_effort", format!("Ollama knows no effort `{name}`"));
        }
        let worth = &self.call.effort_budgets;
        let level = match (effort, budget) {
            (Some(ReasoningEffort::None | ReasoningEffort::Minimal | ReasoningEffort::Low), _) => "low",
            (Some(ReasoningEffort::High | ReasoningEffort::Xhigh | ReasoningEffort::Max), _) => "high",
            (None, Some(budget)) if budget >= worth.high => "high",
            (None, Some(budget)) if budget < worth.medium => "low",
            _ => "medium",
        };
        let think = match (has_levels, off) {
            (true, true) => json!("low"),
            (true, false) => json!(level),
            (false, off) => json!(!off),
        };
        let detail = format!("think: {think}");
        if thinking.is_some() {
            self.note(NoteKind::Converted, "thinking", detail.as_str());
        }
        if effort.is_some_and(|effort| think != effort.as_str()) {
            self.note(NoteKind::Converted, "reasoning_effort", detail);
        }
        wire.think = Nullable::Value(think);
        Ok(())
    }

    fn form(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        match request.response_format.get() {
            None | Some(ResponseFormat::Text(_)) => {}
            Some(ResponseFormat::JsonObject(_)) => {
                wire.format = Nullable::Value("json".into());
                self.note(NoteKind::Renamed, "response_format", "format");
            }
            Some(ResponseFormat::JsonSchema(part)) => {
                let schema = part.json_schema.schema.get().filter(|schema| schema.is_object());
                let schema = schema.ok_or_else(|| {
                    EncodeError::invalid("response_format.json_schema.schema", "is missing")
                })?;
                wire.format = Nullable::Value(named(&part.json_schema, schema));
            }
            Some(ResponseFormat::Unknown(_)) => {
                return self.unsupported("response_format", "Ollama has no such form");
            }
        }
        Ok(())
    }

    /// Everything of OpenAI's that Ollama lacks. Values that ask for nothing pass without a word.
    fn lacking(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        let usual = |tier: &ServiceTier| matches!(tier, ServiceTier::Auto | ServiceTier::Default);
        for name in request.stream_options.get().into_iter().flat_map(|options| options.extra.keys()) {
            self.note(NoteKind::Dropped, format!("stream_options.{name}"), "Ollama has no such option");
        }
        for name in OPENAI_ONLY {
            self.lack(name, &request.extra.get(*name).cloned().into(), Value::is_null, wire)?;
        }
        self.lack("audio", &request.audio, |_| false, wire)?;
        self.lack("logit_bias", &request.logit_bias, Extra::is_empty, wire)?;
        self.lack("metadata", &request.metadata, Extra::is_empty, wire)?;
        self.lack("modalities", &request.modalities, |all| all.iter().all(|one| one == "text"), wire)?;
        self.lack("n", &request.n, |n| *n == 1, wire)?;
        self.lack("parallel_tool_calls", &request.parallel_tool_calls, |several| *several, wire)?;
        self.lack("prediction", &request.prediction, |_| false, wire)?;
        self.lack("prompt_cache_key", &request.prompt_cache_key, |_| false, wire)?;
        self.lack("prompt_cache_retention", &request.prompt_cache_retention, |_| false, wire)?;
        self.lack("safety_identifier", &request.safety_identifier, |_| false, wire)?;
        self.lack("service_tier", &request.service_tier, usual, wire)?;
        self.lack("store", &request.store, |store| !store, wire)?;
        self.lack("user", &request.user, |_| false, wire)?;
        self.lack("verbosity", &request.verbosity, |_| false, wire)?;
        self.lack("web_search_options", &request.web_search_options, |_| false, wire)
    }

    fn lack<T: Serialize>(
        &mut self,
        name: &str,
        value: &Nullable<T>,
        is_nothing: impl Fn(&T) -> bool,
        wire: &mut wire::ChatRequest,
    ) -> Result<(), EncodeError> {
        match value.get() {
            Some(value) if self.call.forward.iter().any(|forward| forward == name) => {
                let value =
                    serde_json::to_value(value).map_err(|why| EncodeError::invalid(name, why.to_string()))?;
                wire.extra.insert(name.to_owned(), value);
                Ok(())
            }
            Some(value) if !is_nothing(value) => self.unsupported(name, "Ollama has no such parameter"),
            _ => Ok(()),
        }
    }
}

/// The schema with its name and description inside, where it has none of its own.
fn named(format: &JsonSchemaFormat, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.entry("title").or_insert_with(|| format.name.clone().into());
        if let Some(description) = format.description.as_deref() {
            members.entry("description").or_insert_with(|| description.into());
        }
    }
    schema
}
