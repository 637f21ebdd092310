//! What a stream of events says, read from its bytes without any translator: the expectation of a replay.

mod others;

use llm_provider_core::{Dialect, Framing};
use serde_json::{Map, Value, json};

/// One event: its name and its data.
type Event = (String, Value);

/// What a stream says, as one JSON value.
pub(crate) fn facts(dialect: Dialect, framing: Framing, mut stream: &[u8]) -> Value {
    let mut events: Vec<Event> = Vec::new();
    while let Some(frame) = framing.next(&mut stream) {
        let Ok(event) = framing.event(frame) else { continue };
        if let Ok(data) = serde_json::from_slice::<Value>(&event.data) {
            events.push((String::from_utf8_lossy(event.event).into_owned(), data));
        }
    }
    let data = || events.iter().map(|(_, data)| data.clone());
    match dialect {
        Dialect::AnthropicMessages => messages(data()),
        Dialect::OpenAiResponses => others::responses(data()),
        Dialect::Gemini | Dialect::GeminiArray => others::gemini(data()),
        Dialect::BedrockConverse => others::converse(&events),
        Dialect::CohereChat => others::cohere(data()),
        Dialect::OllamaChat | Dialect::OllamaGenerate => others::ollama(data()),
        _ => chat(data()),
    }
}

fn add(to: &mut Map<String, Value>, name: &str, piece: &Value) {
    let Some(piece) = piece.as_str().filter(|piece| !piece.is_empty()) else { return };
    match to.entry(name).or_insert_with(|| json!("")) {
        Value::String(text) => text.push_str(piece),
        other => *other = json!(piece),
    }
}

/// Text, thinking, tool calls, finish reason of each choice, and the last usage.
fn chat(events: impl Iterator<Item = Value>) -> Value {
    let mut choices: Vec<Map<String, Value>> = Vec::new();
    let mut calls: Vec<Vec<Map<String, Value>>> = Vec::new();
    let mut all = Map::new();
    for event in events {
        if !event["usage"].is_null() {
            all.insert("usage".to_owned(), event["usage"].clone());
        }
        if !event["error"].is_null() {
            all.insert("error".to_owned(), event["error"]["message"].clone());
        }
        for choice in event["choices"].as_array().into_iter().flatten() {
            let index = choice["index"].as_u64().unwrap_or(0) as usize;
            if index >= choices.len() {
                choices.resize(index + 1, Map::new());
                calls.resize(index + 1, Vec::new());
            }
            let (to, delta) = (&mut choices[index], &choice["delta"]);
            add(to, "content", &delta["content"]);
            add(to, "refusal", &delta["refusal"]);
            let thinking = ["reasoning_content", "reasoning"].map(|name| &delta[name]);
            if let Some(piece) = thinking.into_iter().find(|piece| piece.is_string()) {
                add(to, "thinking", piece);
            }
            if let Some(reason) = choice["finish_reason"].as_str() {
                to.insert("finish_reason".to_owned(), json!(reason));
            }
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                let at = call["index"].as_u64().unwrap_or(0) as usize;
                if at >= calls[index].len() {
                    calls[index].resize(at + 1, Map::new());
                }
                let to = &mut calls[index][at];
                if let Some(id) = call["id"].as_str().filter(|id| !id.is_empty()) {
                    to.insert("id".to_owned(), json!(id));
                }
                add(to, "name", &call["function"]["name"]);
                add(to, "arguments", &call["function"]["arguments"]);
            }
        }
    }
    for (choice, calls) in choices.iter_mut().zip(calls) {
        if !calls.is_empty() {
            choice.insert("tool_calls".to_owned(), json!(calls));
        }
    }
    all.insert("choices".to_owned(), json!(choices));
    Value::Object(all)
}

/// The blocks with their pieces joined, the stop reason, and the last word on usage.
fn messages(events: impl Iterator<Item = Value>) -> Value {
    let mut blocks: Vec<Map<String, Value>> = Vec::new();
    let mut all = Map::new();
    let mut usage = Map::new();
    for event in events {
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                all.insert("id".to_owned(), event["message"]["id"].clone());
                all.insert("model".to_owned(), event["message"]["model"].clone());
                usage.extend(event["message"]["usage"].as_object().cloned().unwrap_or_default());
            }
            "content_block_start" => {
                blocks.push(event["content_block"].as_object().cloned().unwrap_or_default());
            }
            "content_block_delta" => {
                let Some(block) = blocks.last_mut() else { continue };
                let delta = &event["delta"];
                add(block, "text", &delta["text"]);
                add(block, "thinking", &delta["thinking"]);
                add(block, "signature", &delta["signature"]);
                add(block, "input_json", &delta["partial_json"]);
                if !delta["citation"].is_null() {
                    match block.get_mut("citations").and_then(Value::as_array_mut) {
                        Some(list) => list.push(delta["citation"].clone()),
                        None => {
                            block.insert("citations".to_owned(), json!([delta["citation"]]));
                        }
                    }
                }
            }
            "message_delta" => {
                all.insert("stop_reason".to_owned(), event["delta"]["stop_reason"].clone());
                all.insert("stop_sequence".to_owned(), event["delta"]["stop_sequence"].clone());
                usage.extend(event["usage"].as_object().cloned().unwrap_or_default());
            }
            "error" => {
                all.insert("error".to_owned(), event["error"]["message"].clone());
            }
            _ => {}
        }
    }
    for block in &mut blocks {
        // Arguments count as what they say, not as how they were cut or spaced.
        if let Some(Value::String(text)) = block.remove("input_json")
            && let Ok(input) = serde_json::from_str::<Value>(&text)
        {
            block.insert("input".to_owned(), input);
        }
    }
    blocks.retain(|block| {
        block.get("type") != Some(&json!("text")) || block.get("text").is_some_and(|text| text != "")
    });
    all.insert("blocks".to_owned(), json!(blocks));
    all.insert("usage".to_owned(), Value::Object(usage));
    Value::Object(all)
}
