//! A canonical request as a request to the Responses API.
//!
//! Source: OpenAI API reference, "Create a model response", and the guide "Migrate to the Responses API", read
//! 2026-11.

use llm_provider_core::{
    Call, Dialect, EncodeError, Encoded, NoteKind, Payload, foreign_member, reasoning_said, unplaced_in_calls,
};
use llm_types::{ChatRequest, Extra, Nullable, ReasoningEffort, ResponseFormat, StreamOptions, from_value};
use serde_json::Value;

use super::mcp::SERVERS;
use super::{input, tools};
use crate::responses::options::{EncryptedThinking, ResponsesOptions};
use crate::responses::relay::PATH;
use crate::responses::wire::{Input, Reasoning, ResponsesRequest, SchemaFormat, TextConfig, TextFormat};
use crate::{Changes, head, models};

const NO_PARAMETER: &str = "the Responses API has no such parameter";
const ENCRYPTED: &str = "reasoning.encrypted_content";
const LOGPROBS: &str = "message.output_text.logprobs";

/// Members that only Anthropic's Messages requests have.
///
/// Source: Anthropic API reference, "Messages", read 2026-11.
const MESSAGES_ONLY: &[&str] =
    &["cache_control", "container", "inference_geo", SERVERS, "output_config", "speed", "top_k"];

pub(super) fn encode(
    request: &ChatRequest,
    call: &Call<'_>,
    options: &ResponsesOptions,
    mut changes: Changes<'_>,
) -> Result<Encoded, EncodeError> {
    let parts = head::post(PATH, &options.wire, call)?;
    // Both this API and OpenRouter have such a member; what only one of them knows tells which it is.
    let is_openrouters = request
        .extra
        .get("reasoning")
        .is_some_and(|told| ["max_tokens", "enabled", "exclude"].iter().any(|name| !told[*name].is_null()));
    let said = is_openrouters.then(|| reasoning_said(request, call));
    let request = match &said {
        Some((said, notes)) => {
            changes.add(notes.iter().cloned());
            &**said
        }
        None => request,
    };
    let mut wire = own_words(request, &mut changes)?;
    wire.model = Nullable::Value(call.model.to_owned());
    wire.input =
        Nullable::Value(Input::Items(input::items(&request.messages, &options.vendor, &mut changes)?));
    changes.add(unplaced_in_calls(request));
    tools::tools(request, &mut wire, &mut changes)?;
    limits(request, &mut wire, &mut changes);
    thinking(request, call, &mut wire, &mut changes);
    text_form(request, &mut wire, &mut changes)?;
    the_same(request, &mut wire);
    included(request, call.model, options, &mut wire, &mut changes);
    streaming(request, &mut wire, &mut changes);
    lacking(request, &mut wire, &mut changes)?;
    let body = serde_json::to_vec(&wire).map_err(|error| EncodeError::invalid("", error.to_string()))?;
    Ok(Encoded { request: http::Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
}

/// Members beside the canonical ones: those that this API knows are in its words already, others are the vendor's.
fn own_words(request: &ChatRequest, changes: &mut Changes<'_>) -> Result<ResponsesRequest, EncodeError> {
    let mut members = Extra::new();
    for (name, value) in &request.extra {
        let is_foreign = MESSAGES_ONLY.contains(&name.as_str())
            // Both APIs have one, in forms of their own.
            || name == "context_management" && value.is_object()
            || name != "context_management" && foreign_member(name, Dialect::OpenAiResponses).is_some();
        if is_foreign && !changes.forwards(name) && !value.is_null() {
            // An effort in Anthropic's words is said below, and servers stand among the tools.
            let is_said = name == "output_config" && effort_of(request).is_some()
                || name == SERVERS && value.is_array();
            if !is_said {
                changes.lost(NoteKind::Dropped, name.as_str(), NO_PARAMETER);
            }
        } else if matches!(name.as_str(), "input" | "instructions") {
            changes.lost(NoteKind::Dropped, name.as_str(), "the conversation stands in `messages`");
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    from_value(Value::Object(members)).map_err(|error| EncodeError::invalid(error.path, error.message))
}

/// Says something in this API's words, where the request may say otherwise in them, too; `by` is the canonical member.
fn say<T: PartialEq>(to: &mut Nullable<T>, value: T, path: &str, by: &str, changes: &mut Changes<'_>) {
    if to.get().is_some_and(|said| *said != value) {
        changes.note(NoteKind::Dropped, path, format!("`{by}` says otherwise"));
    }
    *to = Nullable::Value(value);
}

fn limits(request: &ChatRequest, wire: &mut ResponsesRequest, changes: &mut Changes<'_>) {
    const TO: &str = "max_output_tokens";
    let (new, old) = (request.max_completion_tokens.get(), request.max_tokens.get());
    if let Some(limit) = new.or(old) {
        let by = if new.is_some() { "max_completion_tokens" } else { "max_tokens" };
        say(&mut wire.max_output_tokens, *limit, TO, by, changes);
    }
    if new.is_some() {
        changes.note(NoteKind::Renamed, "max_completion_tokens", TO);
    }
    if old.is_some() {
        let kind = if new.is_some() { NoteKind::Converted } else { NoteKind::Renamed };
        let detail = if new.is_some() { "said by `max_completion_tokens`" } else { TO };
        changes.note(kind, "max_tokens", detail);
    }
}

/// Anthropic's word for an effort.
fn effort_of(request: &ChatRequest) -> Option<&str> {
    request.extra.get("output_config")?.get("effort")?.as_str()
}

fn thinking(request: &ChatRequest, call: &Call<'_>, wire: &mut ResponsesRequest, changes: &mut Changes<'_>) {
    let asked = request.thinking.get();
    let budget = asked.and_then(|thinking| thinking.get("budget_tokens")).and_then(Value::as_u64);
    let is_off = asked.and_then(|thinking| thinking.get("type")).is_some_and(|kind| kind == "disabled");
    let effort = match (request.reasoning_effort.get(), effort_of(request), budget) {
        (Some(effort), _, _) => Some(effort.clone()),
        (None, Some(effort), _) => Some(ReasoningEffort::from(effort)),
        (None, None, Some(budget)) if !is_off => Some(worth(budget, call)),
        _ => None,
    };
    let said = match &effort {
        Some(effort) => format!("said by `reasoning.effort` {effort}"),
        None => "said by the model's own habit".to_owned(),
    };
    if asked.is_some() {
        if effort.is_none() && is_off {
            changes.lost(NoteKind::Dropped, "thinking", "the vendor has no such switch");
        } else {
            changes.note(NoteKind::Converted, "thinking", said.clone());
        }
    }
    if effort_of(request).is_some() {
        changes.note(NoteKind::Converted, "output_config", said);
    }
    if let Some(effort) = effort {
        let to = &mut wire.reasoning.get_or_insert_with(Reasoning::default).effort;
        say(to, effort, "reasoning.effort", "reasoning_effort", changes);
    }
}

/// The effort that a budget stands for; only those that every model that thinks has.
fn worth(budget: u64, call: &Call<'_>) -> ReasoningEffort {
    let worth = &call.effort_budgets;
    match budget {
        budget if budget >= worth.high => ReasoningEffort::High,
        budget if budget >= worth.medium => ReasoningEffort::Medium,
        _ => ReasoningEffort::Low,
    }
}

fn text_form(
    request: &ChatRequest,
    wire: &mut ResponsesRequest,
    changes: &mut Changes<'_>,
) -> Result<(), EncodeError> {
    let format = match request.response_format.get() {
        None => None,
        Some(ResponseFormat::Text(extra)) => Some(TextFormat::Text(extra.clone())),
        Some(ResponseFormat::JsonObject(extra)) => Some(TextFormat::JsonObject(extra.clone())),
        Some(ResponseFormat::JsonSchema(part)) => {
            let form = &part.json_schema;
            Some(TextFormat::JsonSchema(SchemaFormat {
                name: form.name.clone(),
                schema: form.schema.clone(),
                description: form.description.clone(),
                strict: form.strict,
                extra: tools::joined(&part.extra, &form.extra, "response_format.json_schema", changes),
            }))
        }
        Some(ResponseFormat::Unknown(map)) => Some(
            from_value(Value::Object(map.clone()))
                .map_err(|error| EncodeError::invalid("response_format", error.message))?,
        ),
    };
    if let Some(format) = format {
        let to = &mut wire.text.get_or_insert_with(TextConfig::default).format;
        say(to, format, "text.format", "response_format", changes);
    }
    if let Some(verbosity) = request.verbosity.get() {
        let to = &mut wire.text.get_or_insert_with(TextConfig::default).verbosity;
        say(to, verbosity.clone(), "text.verbosity", "verbosity", changes);
    }
    Ok(())
}

/// Members that mean the same in both APIs.
fn the_same(request: &ChatRequest, wire: &mut ResponsesRequest) {
    fn set<T: Clone>(to: &mut Nullable<T>, from: &Nullable<T>) {
        if !from.is_absent() {
            to.clone_from(from);
        }
    }
    set(&mut wire.metadata, &request.metadata);
    set(&mut wire.parallel_tool_calls, &request.parallel_tool_calls);
    set(&mut wire.prompt_cache_key, &request.prompt_cache_key);
    set(&mut wire.prompt_cache_retention, &request.prompt_cache_retention);
    set(&mut wire.safety_identifier, &request.safety_identifier);
    set(&mut wire.service_tier, &request.service_tier);
    set(&mut wire.store, &request.store);
    set(&mut wire.stream, &request.stream);
    set(&mut wire.temperature, &request.temperature);
    set(&mut wire.top_logprobs, &request.top_logprobs);
    set(&mut wire.top_p, &request.top_p);
    set(&mut wire.user, &request.user);
}

/// What else the answer should hold. Chat completions are not kept unless asked for, answers of this API are.
fn included(
    request: &ChatRequest,
    model: &str,
    options: &ResponsesOptions,
    wire: &mut ResponsesRequest,
    changes: &mut Changes<'_>,
) {
    if !wire.store.is_value() {
        wire.store = Nullable::Value(false);
        changes.note(NoteKind::Defaulted, "store", "false");
    }
    let mut more = Vec::new();
    let thinks = match options.encrypted_thinking {
        EncryptedThinking::ByModel => models::takes_effort(model),
        EncryptedThinking::Always => true,
        EncryptedThinking::Never => false,
    };
    if thinks && wire.store.get() == Some(&false) {
        more.push(ENCRYPTED);
    }
    match request.logprobs.get() {
        Some(true) => {
            more.push(LOGPROBS);
            changes.note(NoteKind::Renamed, "logprobs", format!("include: {LOGPROBS}"));
        }
        Some(false) => changes.note(NoteKind::Converted, "logprobs", "said by not including them"),
        None => {}
    }
    for name in more {
        let include = wire.include.get_or_insert_with(Vec::new);
        if include.iter().all(|there| there != name) {
            include.push(name.to_owned());
        }
    }
}

fn streaming(request: &ChatRequest, wire: &mut ResponsesRequest, changes: &mut Changes<'_>) {
    let Some(asked) = request.stream_options.get() else { return };
    if asked.include_usage.is_value() {
        let detail = "the vendor sends usage without being asked";
        changes.note(NoteKind::Converted, "stream_options.include_usage", detail);
    }
    if asked.include_obfuscation.is_value() || !asked.extra.is_empty() {
        let rest = StreamOptions { include_usage: Nullable::Absent, ..asked.clone() };
        wire.stream_options = Nullable::Value(rest);
    }
}

/// What this API lacks.
fn lacking(
    request: &ChatRequest,
    wire: &mut ResponsesRequest,
    changes: &mut Changes<'_>,
) -> Result<(), EncodeError> {
    fn json<T: serde::Serialize>(member: &Nullable<T>) -> Option<Result<Value, serde_json::Error>> {
        member.get().map(serde_json::to_value)
    }
    let members = [
        ("audio", json(&request.audio)),
        ("frequency_penalty", json(&request.frequency_penalty)),
        ("logit_bias", json(&request.logit_bias)),
        ("modalities", json(&request.modalities)),
        ("n", json(&request.n)),
        ("prediction", json(&request.prediction)),
        ("presence_penalty", json(&request.presence_penalty)),
        ("seed", json(&request.seed)),
        ("stop", json(&request.stop)),
    ];
    for (name, value) in members {
        let Some(value) = value.transpose().map_err(|error| EncodeError::invalid(name, error.to_string()))?
        else {
            continue;
        };
        let is_empty = value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(serde_json::Map::is_empty);
        let is_usual = match name {
            "n" => value == 1,
            "modalities" => is_empty || value == serde_json::json!(["text"]),
            _ => is_empty,
        };
        if changes.forwards(name) {
            wire.extra.insert(name.to_owned(), value);
        } else if is_usual {
            changes.note(NoteKind::Converted, name, "said by the vendor's own habit");
        } else {
            changes.lost(NoteKind::Dropped, name, NO_PARAMETER);
        }
    }
    Ok(())
}
