//! The form COHERE: Cohere's first chat API in other words.
//!
//! Source: Oracle Cloud Infrastructure API, "CohereChatRequest", "CohereChatResponse" and what they refer to, version
//! 20231130, read 2026-11.

use std::collections::HashMap;

use llm_provider_core::{NoteKind, unplaced_in_form};
use llm_provider_envelope::{beside, unknown};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, Extra, Role, Tool};
use serde_json::{Value, json};

use crate::chat::{finish, name, take, usage};
use crate::generic::put_rest;

/// Members that only have another name there.
const NAMES: &[(&str, &str)] = &[
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("frequency_penalty", "frequencyPenalty"),
    ("presence_penalty", "presencePenalty"),
];

/// Says what has no place: names of speakers, ids of calls, instructions that come late.
pub(crate) fn prepare(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    for (index, message) in request.messages.iter_mut().enumerate() {
        if message.role != Role::Tool && message.name.take().is_some() {
            changes.note(
                NoteKind::Dropped,
                format!("messages[{index}].name"),
                "speakers have no names there",
            );
        }
        if message.tool_call_id.is_value() {
            changes.note(
                NoteKind::Converted,
                format!("messages[{index}].tool_call_id"),
                "as the call itself",
            );
        }
        for (number, _) in message.tool_calls.get().into_iter().flatten().enumerate() {
            let path = format!("messages[{index}].tool_calls[{number}].id");
            changes.note(NoteKind::Converted, path, "calls have no ids there");
        }
        message.extra.retain(|name, value| name != "is_error" || value.as_bool() != Some(false));
        for name in std::mem::take(&mut message.extra).keys() {
            let path = format!("messages[{index}].{name}");
            changes.lost(NoteKind::Dropped, path, "the vendor's messages have no such member");
        }
    }
    for (index, tool) in request.tools.get_mut().into_iter().flatten().enumerate() {
        let Tool::Function(tool) = tool else { continue };
        for name in std::mem::take(&mut tool.function.extra).keys() {
            let path = format!("tools[{index}].function.{name}");
            changes.lost(NoteKind::Dropped, path, "the vendor's definitions have no such member");
        }
    }
    changes.add(unplaced_in_form(request));
    if request.response_format.is_value() {
        changes.note(NoteKind::Converted, "response_format.json_schema", "as the schema of a JSON object");
    }
}

/// Says in which form parameters of tools go, by the client's own places.
pub(crate) fn note_parameters(request: &ChatRequest, changes: &mut Changes<'_>) {
    for (index, tool) in request.tools.get().into_iter().flatten().enumerate() {
        if matches!(tool, Tool::Function(_)) {
            let path = format!("tools[{index}].function.parameters");
            changes.note(NoteKind::Converted, path, "as definitions of parameters");
        }
    }
}

/// The request in the vendor's words.
pub(crate) fn request(mut body: Extra) -> Extra {
    let mut chat = Extra::new();
    chat.insert("apiFormat".to_owned(), "COHERE".into());
    let messages = body.shift_remove("messages").unwrap_or_default();
    conversation(messages.as_array().map_or(&[][..], Vec::as_slice), &mut chat);
    if body.shift_remove("stream") == Some(true.into()) {
        chat.insert("isStream".to_owned(), true.into());
        chat.insert("streamOptions".to_owned(), json!({ "isIncludeUsage": true }));
    }
    body.shift_remove("stream_options");
    let limits = ["max_completion_tokens", "max_tokens"].map(|name| body.shift_remove(name));
    chat.extend(limits.into_iter().flatten().next().map(|limit| ("maxTokens".to_owned(), limit)));
    for (ours, theirs) in NAMES {
        chat.extend(body.shift_remove(*ours).map(|value| ((*theirs).to_owned(), value)));
    }
    if let Some(stop) = body.shift_remove("stop") {
        let stop = if stop.is_string() { json!([stop]) } else { stop };
        chat.insert("stopSequences".to_owned(), stop);
    }
    if let Some(Value::Array(tools)) = body.shift_remove("tools") {
        let tools: Vec<Value> = tools.iter().map(|tool| definition(&tool["function"])).collect();
        chat.insert("tools".to_owned(), tools.into());
    }
    if let Some(form) = body.shift_remove("response_format") {
        let form = match form["type"].as_str() {
            Some("json_schema") => json!({ "type": "JSON_OBJECT", "schema": form["json_schema"]["schema"] }),
            Some(kind @ ("text" | "json_object")) => json!({ "type": kind.to_uppercase() }),
            // A form that nobody here knows keeps whatever it says.
            _ => form,
        };
        chat.insert("responseFormat".to_owned(), form);
    }
    // What is left is the vendor's own.
    chat.extend(body);
    chat
}

/// The last message of the user stands apart; instructions before it all are the preamble.
fn conversation(messages: &[Value], chat: &mut Extra) {
    let is_instruction = |message: &&Value| message["role"] == "system";
    let preamble: Vec<&str> = messages
        .iter()
        .take_while(is_instruction)
        .filter_map(|message| message["content"].as_str())
        .collect();
    let turns = &messages[preamble.len()..];
    let last = turns.iter().rposition(|message| message["role"] == "user");
    let mut calls: HashMap<&str, Value> = HashMap::new();
    let mut history: Vec<Value> = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        let text = turn["content"].as_str().unwrap_or_default();
        match turn["role"].as_str() {
            Some("assistant") => {
                let mut said = json!({ "role": "CHATBOT", "message": text });
                let made: Vec<Value> =
                    turn["tool_calls"].as_array().into_iter().flatten().map(call).collect();
                for (call, made) in turn["tool_calls"].as_array().into_iter().flatten().zip(&made) {
                    calls.insert(call["id"].as_str().unwrap_or_default(), made.clone());
                }
                if !made.is_empty() {
                    said["toolCalls"] = made.into();
                }
                history.push(said);
            }
            Some("tool") => {
                let id = turn["tool_call_id"].as_str().unwrap_or_default();
                let unknown =
                    || json!({ "name": turn["name"].as_str().unwrap_or_default(), "parameters": {} });
                let result = json!({ "call": calls.get(id).cloned().unwrap_or_else(unknown), "outputs": [{ "output": text }] });
                // All results of a turn stand in one message.
                match history.last_mut().filter(|last| last["role"] == "TOOL") {
                    Some(last) => {
                        if let Some(results) = last["toolResults"].as_array_mut() {
                            results.push(result);
                        }
                    }
                    None => history.push(json!({ "role": "TOOL", "toolResults": [result] })),
                }
            }
            Some("system") => history.push(json!({ "role": "SYSTEM", "message": text })),
            _ if Some(index) == last => {}
            _ => history.push(json!({ "role": "USER", "message": text })),
        }
    }
    let message = last.and_then(|at| turns[at]["content"].as_str()).unwrap_or_default();
    chat.insert("message".to_owned(), message.into());
    if !history.is_empty() {
        chat.insert("chatHistory".to_owned(), history.into());
    }
    if !preamble.is_empty() {
        chat.insert("preambleOverride".to_owned(), preamble.join("\n\n").into());
    }
}

fn call(call: &Value) -> Value {
    let text = call["function"]["arguments"].as_str().unwrap_or("{}");
    let parameters: Value = serde_json::from_str(text).unwrap_or_else(|_| json!({ "input": text }));
    json!({ "name": call["function"]["name"], "parameters": parameters })
}

/// A tool with its parameters one by one; what a definition cannot say of one stands in its description.
fn definition(function: &Value) -> Value {
    let schema = &function["parameters"];
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|one| one == name));
    let mut parameters = Extra::new();
    for (name, one) in schema["properties"].as_object().into_iter().flatten() {
        let about = one["description"].as_str().unwrap_or_default();
        let rest: Extra = one
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "description" && *name != "type")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let about = match (about.is_empty(), rest.is_empty()) {
            (_, true) => about.to_owned(),
            (true, false) => format!("JSON Schema: {}", Value::Object(rest)),
            (false, false) => format!("{about} JSON Schema: {}", Value::Object(rest)),
        };
        parameters.insert(
            name.clone(),
            json!({ "type": python(one["type"].as_str()), "description": about, "isRequired": required(name) }),
        );
    }
    let about = function["description"].as_str().unwrap_or_default();
    json!({ "name": function["name"], "description": about, "parameterDefinitions": parameters })
}

/// Types are Python's there.
fn python(kind: Option<&str>) -> &str {
    match kind {
        Some("integer") => "int",
        Some("number") => "float",
        Some("boolean") => "bool",
        Some("array") => "list",
        Some("object") => "dict",
        Some("string") | None => "str",
        Some(other) => other,
    }
}

/// A whole answer in OpenAI's words.
pub(crate) fn answer(mut said: Value) -> Value {
    let mut message = json!({ "role": "assistant", "content": take(&mut said, "text") });
    let calls = calls(&take(&mut said, "toolCalls"), false);
    let (reason, native) = finish(&said["finishReason"], !calls.is_empty());
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    for name in ["citations", "documents", "searchQueries"] {
        if said[name].as_array().is_some_and(|list| !list.is_empty()) {
            message["provider_specific_fields"][name] = take(&mut said, name);
        }
    }
    let told_usage = usage(take(&mut said, "usage"));
    take(&mut said, HISTORY);
    beside(&mut message, unknown(&said, KNOWN));
    let mut choice = json!({ "index": 0, "message": message, "finish_reason": reason });
    if let Some(native) = native {
        choice["provider_specific_fields"] = native;
    }
    let mut answer = json!({ "id": name(&said), "choices": [choice] });
    if told_usage.is_object() {
        answer["usage"] = told_usage;
    }
    answer
}

/// Members of answers and events that are told in OpenAI's words.
const KNOWN: &[&str] = &["apiFormat", "finishReason", "pad", "prompt", "text", "timeCreated"];

/// The conversation, told back as it was asked.
///
/// Source: Oracle Cloud Infrastructure API, "CohereChatResponse", version 20231130, read 2026-11.
const HISTORY: &str = "chatHistory";

/// Calls with names made of their place, which do not change; in a stream with their place itself.
fn calls(said: &Value, in_stream: bool) -> Vec<Value> {
    let calls = said.as_array().into_iter().flatten().enumerate();
    calls
        .map(|(index, call)| {
            let function = json!({ "name": call["name"], "arguments": call["parameters"].to_string() });
            let mut told = json!({ "id": format!("call_{index}"), "type": "function", "function": function });
            if in_stream {
                told["index"] = index.into();
            }
            put_rest(&mut told, call, &["name", "parameters"]);
            told
        })
        .collect()
}

/// One stream. Its last events say again what was said before.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    has_text: bool,
    /// The calls that were told.
    calls: Value,
}

impl Stream {
    /// A chunk in OpenAI's words; `None` for an event that says nothing.
    pub(crate) fn chunk(&mut self, mut event: Value) -> Option<Value> {
        let says_again = event[HISTORY].is_array() || event["toolCalls"].is_array();
        let mut delta = json!({ "role": "assistant" });
        let text = event["text"].as_str().filter(|text| !(text.is_empty() || says_again && self.has_text));
        if let Some(text) = text {
            delta["content"] = text.into();
            self.has_text = true;
        }
        if self.calls == event["toolCalls"] {
            take(&mut event, "toolCalls");
        }
        if self.calls.is_null() {
            let calls = calls(&event["toolCalls"], true);
            if !calls.is_empty() {
                self.calls = take(&mut event, "toolCalls");
                delta["tool_calls"] = calls.into();
            }
        }
        let (reason, native) = finish(&event["finishReason"], !self.calls.is_null());
        let mut choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
        if let Some(native) = native {
            choice["provider_specific_fields"] = native;
        }
        for name in ["citations", "documents"] {
            if event[name].as_array().is_some_and(|list| !list.is_empty()) {
                choice["delta"]["provider_specific_fields"][name] = take(&mut event, name);
            }
        }
        let usage = usage(take(&mut event, "usage"));
        take(&mut event, HISTORY);
        beside(&mut choice, unknown(&event, KNOWN));
        let mut chunk = json!({ "id": "oci", "object": "chat.completion.chunk", "choices": [choice] });
        if usage.is_object() {
            chunk["usage"] = usage;
        }
        Some(chunk)
    }
}
