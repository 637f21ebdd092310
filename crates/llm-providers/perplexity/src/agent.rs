//! Requests to the Agent API: the Responses API's form, and nothing that it does not know.
//!
//! Source: Perplexity docs, "Agent API", "How to migrate from Sonar" and "Presets" (docs.perplexity.ai/docs/agent-api),
//! and the types of the official Python package perplexityai, read 2026-11. Which preset stands for which Sonar model
//! follows the clients that moved (hex/llm-perplexity 2026-09, TrueFoundry 2026-09); the vendor names none for
//! `sonar-reasoning`.

use http::Request;
use llm_provider_core::{Call, EncodeError, Encoded, Note, NoteKind, Payload};
use llm_provider_envelope::{leave_out, leave_out_parts, plain_history, said_by_prompt};
use llm_provider_openai::{Changes, EncryptedThinking, ResponsesOptions, ResponsesWire};
use llm_types::{
    ChatRequest, ContentPart, Extra, ImageSource, MessageContent, Nullable, ReasoningEffort, ResponseFormat,
    Tool, ToolChoice,
};
use serde_json::{Value, json};

/// Sonar's models, and the presets that do their work.
const SONAR: &[(&str, &str)] = &[
    ("sonar", "fast"),
    ("sonar-pro", "low"),
    ("sonar-reasoning", "low"),
    ("sonar-reasoning-pro", "medium"),
    ("sonar-deep-research", "high"),
];

/// The one model of the vendor's own.
const SONAR_MODEL: &str = "perplexity/sonar";

/// The least that may be asked for.
const MIN_OUTPUT_TOKENS: u64 = 16;

/// Members of OpenAI's requests that the Agent API refuses.
const LACKS: &[&str] = &[
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "metadata",
    "modalities",
    "n",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream_options",
    "top_logprobs",
    "user",
    "verbosity",
];

/// Members that the Agent API has and OpenAI's chat has not.
const OWN: &[&str] = &[
    "background",
    "instructions",
    "language_preference",
    "max_steps",
    "models",
    "preset",
    "previous_response_id",
    "skills",
];

/// Sonar's words for a search that are filters of the tool now.
const FILTERS: &[&str] = &[
    "search_domain_filter",
    "search_recency_filter",
    "search_after_date_filter",
    "search_before_date_filter",
    "last_updated_after_filter",
    "last_updated_before_filter",
];

/// The translator of everything that is the Responses API's.
pub(crate) fn wire() -> ResponsesWire {
    ResponsesWire::new(ResponsesOptions {
        wire: crate::sonar::options(),
        vendor: "perplexity".to_owned(),
        encrypted_thinking: EncryptedThinking::Never,
    })
}

/// Writes a request.
pub(crate) fn encode(
    wire: &ResponsesWire,
    uri: http::Uri,
    request: &ChatRequest,
    call: &Call<'_>,
    mut changes: Changes<'_>,
) -> Result<Encoded, EncodeError> {
    let mut request = request.clone();
    let search = search(&mut request, &mut changes);
    let format = prepare(&mut request, &mut changes);
    let own = own_members(&mut request, &mut changes);
    let mut encoded = wire.encode_changed(&request, &Call { base_url: None, ..call.clone() }, changes)?;
    let (mut parts, payload) = encoded.request.into_parts();
    let Payload::Bytes(bytes) = payload else {
        return Err(EncodeError::Setup("a chat request has no parts to be filled in".to_owned()));
    };
    let mut body: Extra =
        serde_json::from_slice(&bytes).map_err(|error| EncodeError::invalid("", error.to_string()))?;
    for name in ["store", "include", "stream_options", "text"] {
        body.shift_remove(name);
    }
    body.retain(|_, value| !value.is_null());
    if let Some(choice) = body.get_mut("tool_choice").filter(|choice| choice["type"] == "allowed_tools") {
        // Forms of a choice that the Agent API has no word of are refused; that some tool is to be used can be said.
        *choice = choice["mode"].take();
        encoded.notes.push(Note::new(
            NoteKind::Converted,
            "tool_choice",
            "the vendor has no choice among tools of its own; some tool is to be used",
        ));
    }
    body.extend(own);
    body.extend(format.map(|format| ("response_format".to_owned(), format)));
    model(call.model, &search, &mut body);
    if let Search::Tool(tool) = search {
        match body.entry("tools").or_insert_with(|| json!([])) {
            Value::Array(tools) if !tools.iter().any(|tool| tool["type"] == "web_search") => tools.push(tool),
            _ => {}
        }
    }
    for tool in body.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(filters) = tool.get_mut("filters").and_then(Value::as_object_mut) {
            domains(filters);
        }
    }
    parts.uri = uri;
    let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
    // What is the wire's own habit is no change for the client.
    let notes =
        encoded.notes.into_iter().filter(|note| !(note.kind == NoteKind::Defaulted && note.path == "store"));
    Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: notes.collect() })
}

/// What is said of searching.
#[derive(Debug, PartialEq)]
enum Search {
    /// Nothing: as the preset has it.
    AsPreset,
    /// Not at all.
    Never,
    /// With this tool.
    Tool(Value),
}

/// Takes Sonar's words for a search out of the request.
fn search(request: &mut ChatRequest, changes: &mut Changes<'_>) -> Search {
    let mut filters = Extra::new();
    for &name in FILTERS {
        if let Some(value) = request.extra.shift_remove(name).filter(|value| !value.is_null()) {
            filters.insert(name.to_owned(), value);
            changes.note(NoteKind::Moved, name, "into the filters of the tool `web_search`");
        }
    }
    let mut tool = Extra::new();
    if let Some(options) = request.web_search_options.take() {
        let mut options = options.as_object().cloned().unwrap_or_default();
        if let Some(Value::Object(mut location)) = options.shift_remove("user_location") {
            // OpenAI's form has the place one level deeper.
            if let Some(Value::Object(place)) = location.shift_remove("approximate") {
                location = place;
            }
            location.shift_remove("type");
            options.insert("user_location".to_owned(), location.into());
        }
        tool.extend(options);
        changes.note(NoteKind::Converted, "web_search_options", "as the tool `web_search`");
    }
    if let Some(results) = request.extra.shift_remove("num_search_results") {
        tool.insert("max_results".to_owned(), results);
        changes.note(NoteKind::Renamed, "num_search_results", "max_results of the tool `web_search`");
    }
    let is_off = request.extra.shift_remove("disable_search");
    if is_off.as_ref().is_some_and(|value| !value.is_null()) {
        changes.note(NoteKind::Converted, "disable_search", "by asking with or without a search");
    }
    if is_off == Some(true.into()) {
        return Search::Never;
    }
    if !filters.is_empty() {
        match tool.entry("filters").or_insert_with(|| json!({})) {
            Value::Object(said) => said.extend(filters),
            said => *said = filters.into(),
        }
    }
    if tool.is_empty() {
        return Search::AsPreset;
    }
    let mut whole = Extra::from_iter([("type".to_owned(), json!("web_search"))]);
    whole.extend(tool);
    Search::Tool(whole.into())
}

/// Says the domains of other vendors' searches in the vendor's words: those that are left out begin with `-`.
fn domains(filters: &mut Extra) {
    let mut list = Vec::new();
    for (name, sign) in [("allowed_domains", ""), ("blocked_domains", "-")] {
        // What is no list of texts stays as it is: the vendor may say what it thinks of it.
        let Some(Value::Array(domains)) = filters.get(name).cloned() else { continue };
        if domains.iter().all(Value::is_string) {
            filters.shift_remove(name);
            let domains = domains.iter().filter_map(Value::as_str);
            list.extend(domains.map(|domain| json!(format!("{sign}{domain}"))));
        }
    }
    if list.is_empty() {
        return;
    }
    if let Value::Array(said) = filters.entry("search_domain_filter").or_insert_with(|| json!([])) {
        said.extend(list);
    }
}

/// Leaves out what the Agent API lacks; gives the form of the answer.
fn prepare(request: &mut ChatRequest, changes: &mut Changes<'_>) -> Option<Value> {
    leave_out(request, LACKS, changes);
    plain_history(request, changes);
    leave_out_parts(request, changes, |part| matches!(part, ContentPart::Text(_) | ContentPart::ImageUrl(_)));
    for (index, message) in request.messages.iter_mut().enumerate() {
        if message.provider_specific_fields.is_value() {
            message.provider_specific_fields = Nullable::Absent;
            let path = format!("messages[{index}].provider_specific_fields");
            changes.note(NoteKind::Dropped, path, "the Agent API takes messages, calls and results back");
        }
    }
    image_details(request, changes);
    if let Some(tools) = request.tools.get_mut() {
        let mut index = 0;
        tools.retain(|tool| {
            let is_taken = !matches!(tool, Tool::Custom(_));
            if is_taken {
                index += 1;
            } else {
                changes.lost(NoteKind::Dropped, format!("tools[{index}]"), "the vendor has no such tools");
                changes.taken_out("tools", index);
            }
            is_taken
        });
        if tools.is_empty() {
            request.tools = Nullable::Absent;
        }
    }
    if matches!(request.tool_choice.get(), Some(ToolChoice::Custom(_) | ToolChoice::AllowedTools(_))) {
        request.tool_choice = Nullable::Absent;
        changes.lost(NoteKind::Dropped, "tool_choice", "the vendor has no such choice of tools");
    }
    if request.reasoning_effort.get() == Some(&ReasoningEffort::None) {
        request.reasoning_effort = Nullable::Absent;
        changes.lost(NoteKind::Dropped, "reasoning_effort", "the vendor cannot switch thinking off");
    }
    for (name, limit) in [
        ("max_completion_tokens", &mut request.max_completion_tokens),
        ("max_tokens", &mut request.max_tokens),
    ] {
        if let Some(limit) = limit.get_mut().filter(|limit| **limit < MIN_OUTPUT_TOKENS) {
            *limit = MIN_OUTPUT_TOKENS;
            changes.note(NoteKind::Clamped, name, MIN_OUTPUT_TOKENS.to_string());
        }
    }
    if !matches!(request.response_format.get(), Some(ResponseFormat::JsonSchema(_))) {
        said_by_prompt(request, changes);
        return None;
    }
    request.response_format.take().and_then(|format| serde_json::to_value(format).ok())
}

/// The Agent API's images are an address and nothing else.
fn image_details(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        for (index, part) in parts.iter_mut().enumerate() {
            if let ContentPart::ImageUrl(image) = part
                && let ImageSource::Url(image) = &mut image.image_url
                && image.detail.take().is_some_and(|detail| detail != "auto")
            {
                let path = format!("messages[{at}].content[{index}].image_url.detail");
                changes.note(NoteKind::Dropped, path, "the vendor's images have no such member");
            }
        }
    }
}

/// Takes members out that the Agent API names; what nobody names would be refused.
fn own_members(request: &mut ChatRequest, changes: &mut Changes<'_>) -> Extra {
    let mut own = Extra::new();
    let names: Vec<String> = request.extra.keys().cloned().collect();
    for name in names {
        let is_anthropics = name == "output_config";
        let is_known = OWN.contains(&name.as_str()) || changes.forwards(&name);
        if is_anthropics && !is_known {
            continue;
        }
        let Some(value) = request.extra.shift_remove(&name) else { continue };
        if is_known {
            own.insert(name, value);
        } else if !value.is_null() {
            changes.lost(NoteKind::Dropped, name, "the Agent API refuses members that it does not know");
        }
    }
    own
}

/// Says which model, or which preset, is asked.
fn model(model: &str, search: &Search, body: &mut Extra) {
    let preset = SONAR.iter().find(|(name, _)| *name == model).map(|(_, preset)| *preset);
    match (model.strip_prefix("preset/"), preset) {
        (Some(preset), _) => {
            body.shift_remove("model");
            body.insert("preset".to_owned(), preset.into());
        }
        (None, Some(preset)) => {
            body.insert("model".to_owned(), SONAR_MODEL.into());
            if *search != Search::Never && !body.contains_key("preset") {
                body.insert("preset".to_owned(), preset.into());
            }
        }
        (None, None) => {
            body.insert("model".to_owned(), model.into());
        }
    }
}
