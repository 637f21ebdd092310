//! Answers and events in OpenAI's form.

use llm_provider_core::SseEvent;
use llm_provider_envelope::{Opened, Opener, beside, json as tree};
use llm_types::Extra;
use serde_json::{Value, json};

/// Brings a whole answer, or a chunk, into OpenAI's form.
pub(crate) fn canonical(mut answer: Value, states: &mut States) -> Value {
    if let Some(choices) = answer.get_mut("choices").and_then(Value::as_array_mut) {
        for choice in choices.iter_mut().filter(|choice| choice.is_object()) {
            for name in ["message", "delta"] {
                if let Some(message) = choice.get_mut(name).and_then(Value::as_object_mut) {
                    call(message, name == "delta", states);
                }
            }
            let reason = match choice["finish_reason"].as_str() {
                Some("function_call") => "tool_calls",
                Some("blacklist") => "content_filter",
                _ => continue,
            };
            let native = std::mem::replace(&mut choice["finish_reason"], reason.into());
            beside(choice, json!({ "native_finish_reason": native }));
        }
    }
    if let Some(members) = answer.as_object_mut() {
        match members.get_mut("usage") {
            Some(Value::Null) => drop(members.shift_remove("usage")),
            Some(told) => usage(told),
            None => {}
        }
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
fn call(members: &mut Extra, is_delta: bool, states: &mut States) {
    let state = members.get("functions_state_id").and_then(Value::as_str).map(str::to_owned);
    if state.is_some() {
        states.state.clone_from(&state);
    }
    if !members.get("function_call").is_some_and(Value::is_object) {
        return;
    }
    let mut function = members.shift_remove("function_call").unwrap_or_default();
    let arguments = match &function["arguments"] {
        Value::String(text) => text.clone(),
        Value::Null => "{}".to_owned(),
        other => other.to_string(),
    };
    function["arguments"] = arguments.into();
    let mut call = json!({ "type": "function", "function": function });
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
fn usage(told: &mut Value) {
    let Some(usage) = told.as_object_mut() else { return };
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    let (Some(cached), Some(read), Some(written)) = (
        count("precached_prompt_tokens").filter(|cached| *cached > 0),
        count("prompt_tokens"),
        count("completion_tokens"),
    ) else {
        return;
    };
    let read = read.saturating_add(cached);
    usage.insert("prompt_tokens".to_owned(), read.into());
    usage.insert("total_tokens".to_owned(), read.saturating_add(written).into());
    usage.insert("prompt_tokens_details".to_owned(), json!({ "cached_tokens": cached }));
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
    let created = answer["created"].as_u64().unwrap_or_default();
    let Some(members) = answer.as_object_mut() else { return };
    if !members.get("id").is_some_and(Value::is_string) {
        members.insert("id".to_owned(), format!("gigachat-{created}").into());
    }
}
