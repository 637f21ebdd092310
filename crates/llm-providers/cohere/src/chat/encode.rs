//! A canonical request as a Cohere request.
//!
//! Source: Cohere API reference, "Chat API (v2)", read 2026-11.

mod messages;
mod parts;
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
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::wire::{self, Thinking};

/// A request in Cohere's form, and what could not be carried into it.
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

    /// Something that Cohere has no place for.
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
        let mut wire = wire::ChatRequest::new(self.call.model, Vec::new());
        self.extras(request, &mut wire)?;
        self.messages(request, &mut wire)?;
        self.tools(request, &mut wire)?;
        self.thinking(request, &mut wire)?;
        self.form(request, &mut wire)?;
        self.sampling(request, &mut wire);
        self.limit(request, &mut wire);
        let stops = request.stop.get().map(Stop::as_slice).unwrap_or_default();
        if !stops.is_empty() {
            wire.stop_sequences.get_or_insert_with(Vec::new).extend(stops.iter().cloned());
        }
        if let Nullable::Value(stream) = request.stream {
            wire.stream = Nullable::Value(stream);
        }
        if request.logprobs.get() == Some(&true) {
            wire.logprobs = Nullable::Value(true);
        }
        self.lacking(request, &mut wire)?;
        // What stands beside `json_object` is sent as it is.
        if !matches!(request.response_format.get(), Some(ResponseFormat::JsonObject(_))) {
            self.notes.extend(unplaced_in_form(request));
        }
        self.notes.extend(unplaced_in_calls(request));
        Ok(wire)
    }

    /// Members in Cohere's own words, and those that nobody here knows.
    fn extras(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        let forward = self.call.forward;
        let forwards = |name: &str| forward.iter().any(|forward| forward == name);
        for (name, value) in &request.extra {
            match name.as_str() {
                "top_k" if request.extra.contains_key("k") => {
                    self.note(NoteKind::Dropped, "top_k", "`k` is said too and wins");
                }
                "k" | "top_k" => wire.k = typed(name, value)?.into(),
                "p" => wire.p = typed(name, value)?.into(),
                "strict_tools" => wire.strict_tools = typed(name, value)?.into(),
                "documents" => wire.documents = typed(name, value)?.into(),
                "safety_mode" => wire.safety_mode = typed(name, value)?.into(),
                "stop_sequences" => wire.stop_sequences = typed(name, value)?.into(),
                "priority" => wire.priority = typed(name, value)?.into(),
                "citation_options" => wire.citation_options = Nullable::Value(value.clone()),
                "cache_control" if !forwards(name) => {
                    self.note(NoteKind::Dropped, name, "Cohere caches prompts by itself");
                }
                _ if OPENAI_ONLY.contains(&name.as_str()) => {}
                _ => match foreign_member(name, Dialect::CohereChat).filter(|_| !forwards(name)) {
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

    /// `thinking` wins over `reasoning_effort`; a budget may stand there in Anthropic's words or in Cohere's.
    fn thinking(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        if let Some(thinking) = request.thinking.get() {
            if !thinking.is_object() {
                return Err(EncodeError::invalid("thinking", "is no object"));
            }
            let kind = thinking.get("type").and_then(Value::as_str).unwrap_or("enabled");
            let said = if kind == "disabled" { "disabled" } else { "enabled" };
            if said != kind {
                self.note(NoteKind::Converted, "thinking.type", format!("to `{said}`"));
            }
            let budget =
                ["token_budget", "budget_tokens"].iter().find_map(|name| thinking.get(*name)?.as_u64());
            for name in thinking.as_object().into_iter().flatten().map(|(name, _)| name) {
                let reason = match name.as_str() {
                    "type" if thinking[name].is_string() || thinking[name].is_null() => continue,
                    "type" => "is no kind of thinking",
                    "token_budget" | "budget_tokens" if thinking[name].is_null() => continue,
                    "token_budget" | "budget_tokens"
                        if thinking[name].as_u64() == budget && budget.is_some() =>
                    {
                        continue;
                    }
                    "token_budget" | "budget_tokens" => "is no number of tokens, or said in two ways",
                    _ => "Cohere has no such choice",
                };
                self.note(NoteKind::Dropped, format!("thinking.{name}"), reason);
            }
            wire.thinking = Nullable::Value(switch(said, budget));
            if request.reasoning_effort.is_value() {
                self.note(NoteKind::Converted, "reasoning_effort", "said by `thinking`");
            }
            return Ok(());
        }
        let Some(effort) = request.reasoning_effort.get() else { return Ok(()) };
        if *effort == ReasoningEffort::None {
            wire.thinking = Nullable::Value(switch("disabled", None));
            self.note(NoteKind::Converted, "reasoning_effort", "thinking disabled");
        } else if let Some(budget) = self.call.effort_budgets.tokens(effort) {
            wire.thinking = Nullable::Value(switch("enabled", Some(budget)));
            self.note(
                NoteKind::Converted,
                "reasoning_effort",
                format!("thinking for {budget} tokens at most"),
            );
        } else {
            self.unsupported("reasoning_effort", format!("Cohere knows no effort `{effort}`"))?;
        }
        Ok(())
    }

    fn form(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        let Some(form) = request.response_format.get() else { return Ok(()) };
        let mut format = wire::ResponseFormat {
            r#type: "json_object".to_owned(),
            json_schema: Nullable::Absent,
            extra: Extra::new(),
        };
        match form {
            ResponseFormat::Text(_) => return Ok(()),
            ResponseFormat::JsonObject(extra) => format.extra = extra.clone(),
            ResponseFormat::JsonSchema(part) => {
                let schema = part.json_schema.schema.get().filter(|schema| schema.is_object());
                let schema = schema.ok_or_else(|| {
                    EncodeError::invalid("response_format.json_schema.schema", "is missing")
                })?;
                format.json_schema = Nullable::Value(named(&part.json_schema, schema));
            }
            ResponseFormat::Unknown(_) => {
                return self.unsupported("response_format", "Cohere has no such form");
            }
        }
        wire.response_format = Nullable::Value(format);
        Ok(())
    }

    /// Where OpenAI's ranges are wider than Cohere's, the nearest value is sent.
    fn sampling(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) {
        wire.temperature = request.temperature.get().cloned().into();
        if let Nullable::Value(seed) = request.seed {
            wire.seed = Nullable::Value(seed);
        }
        if let Some(top_p) = request.top_p.get() {
            if wire.p.is_value() {
                self.note(NoteKind::Dropped, "top_p", "`p` is said too and wins");
            } else {
                wire.p = self.within("top_p", top_p, 0.01, 0.99).into();
            }
        }
        if let Some(penalty) = request.frequency_penalty.get() {
            wire.frequency_penalty = self.within("frequency_penalty", penalty, 0.0, 1.0).into();
        }
        if let Some(penalty) = request.presence_penalty.get() {
            wire.presence_penalty = self.within("presence_penalty", penalty, 0.0, 1.0).into();
        }
    }

    fn within(&mut self, name: &str, number: &Number, least: f64, most: f64) -> Number {
        let Some(value) = number.as_f64().filter(|value| !(least..=most).contains(value)) else {
            return number.clone();
        };
        let nearest = Number::from_f64(value.clamp(least, most)).unwrap_or_else(|| number.clone());
        self.note(NoteKind::Clamped, name, format!("to {nearest}; Cohere takes {least} to {most}"));
        nearest
    }

    fn limit(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) {
        wire.max_tokens = request.output_limit().or(self.call.default_max_tokens).into();
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

    /// Everything of OpenAI's that Cohere lacks. Values that ask for nothing pass without a word.
    fn lacking(&mut self, request: &ChatRequest, wire: &mut wire::ChatRequest) -> Result<(), EncodeError> {
        let usual = |tier: &ServiceTier| matches!(tier, ServiceTier::Auto | ServiceTier::Default);
        for name in request.stream_options.get().into_iter().flat_map(|options| options.extra.keys()) {
            self.note(NoteKind::Dropped, format!("stream_options.{name}"), "Cohere has no such option");
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
        self.lack("top_logprobs", &request.top_logprobs, |count| *count == 0, wire)?;
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
            Some(value) if !is_nothing(value) => self.unsupported(name, "Cohere has no such parameter"),
            _ => Ok(()),
        }
    }
}

fn switch(kind: &str, token_budget: Option<u64>) -> Thinking {
    Thinking { r#type: kind.to_owned(), token_budget: token_budget.into(), extra: Extra::new() }
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

/// A member in Cohere's own form; `null` counts as absent.
fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<Option<T>, EncodeError> {
    llm_types::from_value(value.clone()).map_err(|error| {
        let path = if error.path.is_empty() { name.to_owned() } else { format!("{name}.{}", error.path) };
        EncodeError::invalid(path, error.message)
    })
}
