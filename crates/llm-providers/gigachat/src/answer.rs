//! Answers and events in OpenAI's form.

use llm_provider_core::SseEvent;
use llm_provider_envelope::{Opened, Opener, json as tree};
use serde_json::{Value, json};

/// Brings a whole answer, or a chunk, into OpenAI's form.
pub(crate) fn canonical(mut answer: Value, states: &mut States) -> Value {
    if let Some(choices) = answer.get_mut("choices").and_then(Value::as_array_mut) {
        for choice in choices.iter_mut().filter(|choice| choice.is_object()) {
            for name in ["message", "delta"] {
                if let Some(message) = choice.get_mut(name).filter(|message| message.is_object()) {
                    call(message, name == "delta", states);
                }
            }
            let native = choice["finish_reason"].take();
            choice["finish_reason"] = match native.as_str() {
                Some("function_call") => "tool_calls".into(),
                Some("blacklist") => "content_filter".into(),
                _ => native.clone(),
            };
            if choice["finish_reason"] != native {
                choice["provider_specific_fields"] = json!({ "native_finish_reason": native });
            }
        }
    }
    usage(&mut answer["usage"]);
    if answer["usage"].is_null()
        && let Some(members) = answer.as_object_mut()
    {
        members.shift_remove("usage");
    }
    answer
}

/// What a stream has said of its calls so far.
#[derive(Debug, Default)]
pub(crate) struct States {
    calls: u64,
    state: Option<String>,
}

/// Moves `function_call` to `tool_calls`: arguments become JSON text, the state's id is the call's.
fn call(message: &mut Value, is_delta: bool, states: &mut States) {
    let Some(members) = message.as_object_mut() else { return };
    let state = members.get("functions_state_id").and_then(Value::as_str).map(str::to_owned);
    if state.is_some() {
        states.state.clone_from(&state);
    }
    let Some(function) = members.shift_remove("function_call").filter(Value::is_object) else { return };
    let arguments = match &function["arguments"] {
        Value::String(text) => text.clone(),
        Value::Null => "{}".to_owned(),
        other => other.to_string(),
    };
    let mut call =
        json!({ "type": "function", "function": { "name": function["name"], "arguments": arguments } });
    if let Some(id) = states.state.take() {
        call["id"] = id.into();
    }
    if is_delta {
        call["index"] = states.calls.into();
    }
    states.calls += 1;
    members.insert("tool_calls".to_owned(), json!([call]));
}

/// The vendor counts what it read from its cache apart.
///
/// Source: GigaChat API reference, "usage.precached_prompt_tokens", read 2026-11.
fn usage(usage: &mut Value) {
    let (Some(cached), Some(read), Some(written)) = (
        usage["precached_prompt_tokens"].as_u64().filter(|cached| *cached > 0),
        usage["prompt_tokens"].as_u64(),
        usage["completion_tokens"].as_u64(),
    ) else {
        return;
    };
    let read = read.saturating_add(cached);
    usage["prompt_tokens"] = read.into();
    usage["total_tokens"] = read.saturating_add(written).into();
    usage["prompt_tokens_details"] = json!({ "cached_tokens": cached });
}

/// The events of one stream. They have no id, and a client wants one.
#[derive(Debug, Default)]
pub(crate) struct Events {
    states: States,
}

impl Opener for Events {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        match tree(event) {
            Some(chunk) if chunk.get("choices").is_some() => {
                let mut chunk = canonical(chunk, &mut self.states);
                name(&mut chunk);
                Opened::Chunks(vec![chunk])
            }
            _ => Opened::AsItIs,
        }
    }
}

/// Gives an answer the name that the vendor gives none: its instant.
pub(crate) fn name(answer: &mut Value) {
    if answer.is_object() && !answer["id"].is_string() {
        let created = answer["created"].as_u64().unwrap_or_default();
        answer["id"] = format!("gigachat-{created}").into();
    }
}
