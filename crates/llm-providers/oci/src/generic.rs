//! The form GENERIC: OpenAI's own in other words.
//!
//! Source: Oracle Cloud Infrastructure API, "GenericChatRequest", "GenericChatResponse" and what they refer to, version
//! 20231130, read 2026-11.

use llm_provider_core::NoteKind;
use llm_provider_envelope::{beside, unknown, unknown_beside};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, Extra, Nullable};
use serde_json::{Value, json};

use crate::chat::{finish, name, take, usage};

/// Members that only have another name there.
const NAMES: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("stop", "stop"),
    ("frequency_penalty", "frequencyPenalty"),
    ("presence_penalty", "presencePenalty"),
    ("logit_bias", "logitBias"),
    ("n", "numGenerations"),
    ("parallel_tool_calls", "isParallelToolCalls"),
    ("metadata", "metadata"),
];

/// `logprobs` and `top_logprobs` are one number there, and efforts are in capitals.
pub(crate) fn prepare(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    if let Some(effort) = request.reasoning_effort.get() {
        let detail = format!("reasoningEffort {}", effort.as_str().to_uppercase());
        changes.note(NoteKind::Renamed, "reasoning_effort", detail);
    }
    if let Some(wanted) = request.logprobs.take() {
        changes.note(NoteKind::Converted, "logprobs", "as a number, `logProbs`");
        if wanted && !request.top_logprobs.is_value() {
            request.top_logprobs = Nullable::Value(1);
        }
    }
}

/// The request in the vendor's words.
pub(crate) fn request(mut body: Extra, model: &str) -> Extra {
    let mut chat = Extra::new();
    chat.insert("apiFormat".to_owned(), "GENERIC".into());
    let messages = body.shift_remove("messages").unwrap_or_default();
    let messages: Vec<Value> = messages.as_array().into_iter().flatten().map(message).collect();
    chat.insert("messages".to_owned(), messages.into());
    if body.shift_remove("stream") == Some(true.into()) {
        chat.insert("isStream".to_owned(), true.into());
        chat.insert("streamOptions".to_owned(), json!({ "isIncludeUsage": true }));
    }
    body.shift_remove("stream_options");
    let limits = ["max_completion_tokens", "max_tokens"].map(|name| body.shift_remove(name));
    if let Some(limit) = limits.into_iter().flatten().next() {
        // OpenAI's own models refuse the older name.
        let is_openai = model.starts_with("openai.") && !model.starts_with("openai.gpt-oss");
        chat.insert(if is_openai { "maxCompletionTokens" } else { "maxTokens" }.to_owned(), limit);
    }
    for (ours, theirs) in NAMES {
        chat.extend(body.shift_remove(*ours).map(|value| ((*theirs).to_owned(), value)));
    }
    if let Some(stop) = chat.get_mut("stop").filter(|stop| stop.is_string()) {
        *stop = json!([stop.take()]);
    }
    chat.extend(body.shift_remove("top_logprobs").map(|count| ("logProbs".to_owned(), count)));
    for (ours, theirs) in [("reasoning_effort", "reasoningEffort"), ("verbosity", "verbosity")] {
        let word = body.shift_remove(ours);
        chat.extend(word.map(|word| (theirs.to_owned(), upper(&word))));
    }
    if let Some(Value::Array(tools)) = body.shift_remove("tools") {
        let tools: Vec<Value> = tools.into_iter().map(tool).collect();
        chat.insert("tools".to_owned(), tools.into());
    }
    chat.extend(
        body.shift_remove("tool_choice").map(|choice| ("toolChoice".to_owned(), tool_choice(&choice))),
    );
    chat.extend(body.shift_remove("response_format").map(|form| ("responseFormat".to_owned(), format(form))));
    // What is left is the vendor's own.
    chat.extend(body);
    chat
}

fn upper(word: &Value) -> Value {
    word.as_str().map_or_else(|| word.clone(), |word| word.to_uppercase().into())
}

fn message(message: &Value) -> Value {
    let mut out = Extra::new();
    out.insert("role".to_owned(), upper(&message["role"]));
    match &message["content"] {
        Value::Null => {}
        Value::Array(parts) => {
            let parts: Vec<Value> = parts.iter().map(part).collect();
            out.insert("content".to_owned(), parts.into());
        }
        text => {
            out.insert("content".to_owned(), json!([{ "type": "TEXT", "text": text }]));
        }
    }
    if let Some(calls) = message["tool_calls"].as_array() {
        let calls: Vec<Value> = calls
            .iter()
            .map(|call| {
                let function = &call["function"];
                json!({ "id": call["id"], "type": "FUNCTION", "name": function["name"], "arguments": function["arguments"] })
            })
            .collect();
        out.insert("toolCalls".to_owned(), calls.into());
    }
    for (name, value) in message.as_object().into_iter().flatten() {
        match name.as_str() {
            "role" | "content" | "tool_calls" => {}
            "tool_call_id" => {
                out.insert("toolCallId".to_owned(), value.clone());
            }
            _ if value.is_null() => {}
            // A result has no name there; its call has.
            "name" if message["role"] == "tool" && message["tool_call_id"].is_string() => {}
            other => {
                out.insert(other.to_owned(), value.clone());
            }
        }
    }
    out.into()
}

fn part(part: &Value) -> Value {
    match part["type"].as_str() {
        Some("text") => json!({ "type": "TEXT", "text": part["text"] }),
        Some("image_url") => {
            let mut image = json!({ "url": part["image_url"]["url"] });
            if part["image_url"]["detail"].is_string() {
                image["detail"] = upper(&part["image_url"]["detail"]);
            }
            json!({ "type": "IMAGE", "imageUrl": image })
        }
        _ => part.clone(),
    }
}

fn tool(mut tool: Value) -> Value {
    let mut function = tool["function"].take();
    if let Some(members) = function.as_object_mut() {
        members.insert("type".to_owned(), "FUNCTION".into());
    }
    function
}

fn tool_choice(choice: &Value) -> Value {
    match choice {
        Value::String(mode) => json!({ "type": mode.to_uppercase() }),
        named => json!({ "type": "FUNCTION", "name": named["function"]["name"] }),
    }
}

fn format(mut format: Value) -> Value {
    if format["type"] != "json_schema" {
        let kind = upper(&format["type"]);
        format["type"] = kind;
        return format;
    }
    let mut schema = format["json_schema"].take();
    if let Some(members) = schema.as_object_mut()
        && let Some(strict) = members.shift_remove("strict")
    {
        members.insert("isStrict".to_owned(), strict);
    }
    let mut whole =
        Extra::from_iter([("type".to_owned(), json!("JSON_SCHEMA")), ("jsonSchema".to_owned(), schema)]);
    if let Value::Object(mut rest) = format {
        rest.retain(|name, _| !matches!(name.as_str(), "type" | "json_schema"));
        whole.extend(rest);
    }
    whole.into()
}

/// A whole answer in OpenAI's words.
pub(crate) fn answer(mut said: Value) -> Value {
    let id = name(&said);
    let choices: Vec<Value> = match take(&mut said, "choices") {
        Value::Array(choices) => choices.into_iter().map(|choice| one(choice, "message")).collect(),
        _ => Vec::new(),
    };
    let mut answer = json!({ "id": id, "choices": choices });
    let usage = usage(take(&mut said, "usage"));
    if usage.is_object() {
        answer["usage"] = usage;
    }
    // What was told was taken out.
    beside(&mut answer, unknown(&said, &["apiFormat", "timeCreated"]));
    answer
}

/// A chunk in OpenAI's words; `None` for an event that says nothing.
pub(crate) fn chunk(mut event: Value) -> Option<Value> {
    let mut chunk = json!({ "id": "oci", "object": "chat.completion.chunk", "choices": [] });
    let usage = usage(take(&mut event, "usage"));
    let has_usage = usage.is_object();
    if has_usage {
        chunk["usage"] = usage;
    }
    if event["message"].is_object() || event["finishReason"].is_string() {
        chunk["choices"] = json!([one(event, "delta")]);
        return Some(chunk);
    }
    if !has_usage {
        return None;
    }
    beside(&mut chunk, unknown(&event, CHOICE));
    Some(chunk)
}

/// Members of a choice that are told in OpenAI's words, and what pads an event.
const CHOICE: &[&str] = &["apiFormat", "finishReason", "index", "pad"];

/// One of the answers.
fn one(mut choice: Value, member: &str) -> Value {
    let mut theirs = take(&mut choice, "message");
    let mut message = json!({ "role": "assistant" });
    if let Value::Array(parts) = take(&mut theirs, "content") {
        let text: String = parts.iter().filter_map(|part| part["text"].as_str()).collect();
        if !text.is_empty() || member == "message" {
            message["content"] = text.into();
        }
        let is_text = |part: &Value| part["text"].is_string();
        let others: Vec<Value> = parts
            .into_iter()
            .map(|part| if is_text(&part) { unknown(&part, &["text", "type"]) } else { part })
            .filter(|part| part.as_object().is_some_and(|part| !part.is_empty()))
            .collect();
        beside(&mut message, json!({ "content_parts": others }));
    } else if member == "message" {
        message["content"] = Value::Null;
    }
    for (name, ours) in [("reasoningContent", "reasoning_content"), ("refusal", "refusal")] {
        if theirs[name].is_string() {
            message[ours] = take(&mut theirs, name);
        }
    }
    if theirs["toolCalls"].as_array().is_some_and(|calls| !calls.is_empty()) {
        let calls = take(&mut theirs, "toolCalls");
        let calls: Vec<Value> = calls.as_array().into_iter().flatten().map(call).collect();
        message["tool_calls"] = calls.into();
    }
    beside(&mut message, unknown(&theirs, &["role"]));
    let (reason, native) = finish(&choice["finishReason"], message.get("tool_calls").is_some());
    let mut out = json!({ "index": choice["index"].as_u64().unwrap_or(0), "finish_reason": reason });
    out[member] = message;
    if let Some(native) = native {
        out["provider_specific_fields"] = native;
    }
    if choice["logprobs"].is_object() {
        out["logprobs"] = take(&mut choice, "logprobs");
    }
    beside(&mut out, unknown(&choice, CHOICE));
    out
}

/// Adds to a call what nobody here knows of it.
pub(crate) fn put_rest(out: &mut Value, call: &Value, told: &[&str]) {
    if let (Value::Object(rest), Some(out)) = (unknown_beside(call, told, &[]), out.as_object_mut()) {
        for (name, value) in rest {
            out.entry(name).or_insert(value);
        }
    }
}

/// A call, or a piece of one: a piece that goes on has no id and no name.
fn call(call: &Value) -> Value {
    let mut function = Extra::new();
    if let Some(name) = call["name"].as_str().filter(|name| !name.is_empty()) {
        function.insert("name".to_owned(), name.into());
    }
    if call["arguments"].is_string() {
        function.insert("arguments".to_owned(), call["arguments"].clone());
    }
    let mut out = json!({ "type": "function", "function": function });
    if let Some(id) = call["id"].as_str().filter(|id| !id.is_empty()) {
        out["id"] = id.into();
    }
    put_rest(&mut out, call, &["arguments", "id", "name", "type"]);
    out
}
