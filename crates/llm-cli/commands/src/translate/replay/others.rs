//! The facts of streams in the dialects of Gemini, Bedrock, Cohere, Ollama and OpenAI's Responses.

use serde_json::{Map, Value, json};

use super::{Event, add};

/// A place in a list; one that no answer has leads to the last that might be.
fn place(index: &Value) -> Option<usize> {
    const MOST: u64 = 4096;
    usize::try_from(index.as_u64()?.min(MOST)).ok()
}

/// Candidates with their parts, texts of one kind in a row joined; the last usage.
pub(super) fn gemini(events: impl Iterator<Item = Value>) -> Value {
    let mut candidates: Vec<Map<String, Value>> = Vec::new();
    let mut all = Map::new();
    for event in events {
        for name in ["usageMetadata", "modelVersion", "responseId", "promptFeedback", "error"] {
            if !event[name].is_null() {
                all.insert(name.to_owned(), event[name].clone());
            }
        }
        for (at, candidate) in event["candidates"].as_array().into_iter().flatten().enumerate() {
            let at = place(&candidate["index"]).unwrap_or(at);
            if at >= candidates.len() {
                candidates.resize(at + 1, Map::new());
            }
            let to = &mut candidates[at];
            for name in ["finishReason", "groundingMetadata", "citationMetadata", "safetyRatings"] {
                if !candidate[name].is_null() {
                    to.insert(name.to_owned(), candidate[name].clone());
                }
            }
            let parts = to.entry("parts").or_insert_with(|| json!([]));
            let Some(parts) = parts.as_array_mut() else { continue };
            for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                gemini_part(parts, part);
            }
        }
    }
    all.insert("candidates".to_owned(), json!(candidates));
    Value::Object(all)
}

fn gemini_part(parts: &mut Vec<Value>, part: &Value) {
    let is_text = |part: &Value| part["text"].is_string();
    if is_text(part)
        && let Some(last) =
            parts.last_mut().filter(|last| is_text(last) && last["thought"] == part["thought"])
        && let Some(last) = last.as_object_mut()
    {
        add(last, "text", &part["text"]);
        if !part["thoughtSignature"].is_null() {
            last.insert("thoughtSignature".to_owned(), part["thoughtSignature"].clone());
        }
    } else if part["text"] != "" || part.as_object().is_some_and(|members| members.len() > 1) {
        parts.push(part.clone());
    }
}

/// Blocks with their pieces joined, why it stopped, usage.
pub(super) fn converse(events: &[Event]) -> Value {
    let mut blocks: Vec<Map<String, Value>> = Vec::new();
    let mut all = Map::new();
    for (name, data) in events {
        let at = place(&data["contentBlockIndex"]).unwrap_or(0);
        if name.starts_with("contentBlock") && at >= blocks.len() {
            blocks.resize(at + 1, Map::new());
        }
        match name.as_str() {
            "messageStart" => {
                all.insert("role".to_owned(), data["role"].clone());
            }
            "contentBlockStart" => {
                let start = &data["start"]["toolUse"];
                for member in ["name", "toolUseId"] {
                    add(&mut blocks[at], member, &start[member]);
                }
            }
            "contentBlockDelta" => {
                let delta = &data["delta"];
                add(&mut blocks[at], "text", &delta["text"]);
                add(&mut blocks[at], "input", &delta["toolUse"]["input"]);
                for member in ["text", "signature", "redactedContent"] {
                    add(&mut blocks[at], &format!("reasoning.{member}"), &delta["reasoningContent"][member]);
                }
            }
            "messageStop" => {
                all.insert("stopReason".to_owned(), data["stopReason"].clone());
            }
            "metadata" => {
                all.insert("usage".to_owned(), data["usage"].clone());
            }
            "contentBlockStop" => {}
            other => {
                all.insert(other.to_owned(), data.clone());
            }
        }
    }
    for block in &mut blocks {
        if let Some(Value::String(input)) = block.get("input")
            && let Ok(input) = serde_json::from_str(input)
        {
            block.insert("input".to_owned(), input);
        }
    }
    blocks.retain(|block| !block.is_empty());
    all.insert("blocks".to_owned(), json!(blocks));
    Value::Object(all)
}

/// Text, thinking, plan, calls, citations, why it stopped, usage.
pub(super) fn cohere(events: impl Iterator<Item = Value>) -> Value {
    let mut all = Map::new();
    let mut calls: Vec<Map<String, Value>> = Vec::new();
    let mut citations: Vec<Value> = Vec::new();
    for event in events {
        let message = &event["delta"]["message"];
        match event["type"].as_str().unwrap_or_default() {
            "message-start" => {
                all.insert("id".to_owned(), event["id"].clone());
            }
            "content-start" | "content-delta" => {
                add(&mut all, "text", &message["content"]["text"]);
                add(&mut all, "thinking", &message["content"]["thinking"]);
            }
            "tool-plan-delta" => add(&mut all, "plan", &message["tool_plan"]),
            "tool-call-start" => {
                let call = &message["tool_calls"];
                let mut new = Map::new();
                new.insert("id".to_owned(), call["id"].clone());
                add(&mut new, "name", &call["function"]["name"]);
                add(&mut new, "arguments", &call["function"]["arguments"]);
                calls.push(new);
            }
            "tool-call-delta" => {
                if let Some(call) = calls.last_mut() {
                    add(call, "arguments", &message["tool_calls"]["function"]["arguments"]);
                }
            }
            "citation-start" => citations.push(message["citations"].clone()),
            "message-end" => {
                all.insert("finish_reason".to_owned(), event["delta"]["finish_reason"].clone());
                all.insert("usage".to_owned(), event["delta"]["usage"].clone());
            }
            _ => {}
        }
    }
    for call in &mut calls {
        if let Some(Value::String(text)) = call.get("arguments")
            && let Ok(arguments) = serde_json::from_str(text)
        {
            call.insert("arguments".to_owned(), arguments);
        }
    }
    all.insert("tool_calls".to_owned(), json!(calls));
    all.insert("citations".to_owned(), json!(citations));
    Value::Object(all)
}

/// Text, thinking, calls, and the counts of the last line.
pub(super) fn ollama(events: impl Iterator<Item = Value>) -> Value {
    let mut all = Map::new();
    let mut calls: Vec<Value> = Vec::new();
    for event in events {
        let message = &event["message"];
        add(&mut all, "content", &message["content"]);
        add(&mut all, "content", &event["response"]);
        add(&mut all, "thinking", &message["thinking"]);
        add(&mut all, "thinking", &event["thinking"]);
        calls.extend(message["tool_calls"].as_array().cloned().unwrap_or_default());
        for name in ["model", "done", "done_reason", "prompt_eval_count", "eval_count", "error"] {
            if !event[name].is_null() {
                all.insert(name.to_owned(), event[name].clone());
            }
        }
    }
    all.insert("tool_calls".to_owned(), json!(calls));
    Value::Object(all)
}

/// The answer as its last event tells it, and the texts as their pieces tell them.
pub(super) fn responses(events: impl Iterator<Item = Value>) -> Value {
    let mut all = Map::new();
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        match kind {
            "response.completed" | "response.incomplete" | "response.failed" => {
                let response = &event["response"];
                for name in ["id", "model", "status", "output", "usage", "error", "incomplete_details"] {
                    all.insert(name.to_owned(), response[name].clone());
                }
            }
            "error" => {
                all.insert("error".to_owned(), event["message"].clone());
            }
            _ if kind.ends_with(".delta") => {
                add(&mut all, kind, &event["delta"]);
            }
            _ => {}
        }
    }
    Value::Object(all)
}
