//! [`reasoning_said`]: OpenRouter's `reasoning`, for vendors that have other words for how much to think.
//!
//! Source: OpenRouter docs, "Reasoning Tokens": `effort`, `max_tokens`, `enabled` and `exclude`, read 2026-11.

use std::borrow::Cow;

use llm_types::{ChatRequest, Nullable, ReasoningEffort};
use serde_json::{Value, json};

use crate::{Call, Note, NoteKind};

const NAME: &str = "reasoning";

/// The request with `reasoning` said by `reasoning_effort` or `thinking`, where it is an object; those win if they are there
/// too. What it asks beside, such as to leave thinking out of the answer, is noted. `allowed_openai_params: [reasoning]` sends
/// it as it is.
pub fn reasoning_said<'a>(request: &'a ChatRequest, call: &Call<'_>) -> (Cow<'a, ChatRequest>, Vec<Note>) {
    let is_forwarded = call.forward.iter().any(|forward| forward == NAME);
    let told = request.extra.get(NAME).and_then(Value::as_object).filter(|_| !is_forwarded);
    let Some(told) = told else { return (Cow::Borrowed(request), Vec::new()) };
    let mut said = request.clone();
    said.extra.shift_remove(NAME);
    let mut notes = Vec::new();
    let mut converted =
        |to: &str| notes.push(Note::new(NoteKind::Converted, NAME, format!("said by `{to}`")));
    let effort = told.get("effort").and_then(Value::as_str);
    let budget = told.get("max_tokens").and_then(Value::as_u64);
    let enabled = told.get("enabled").and_then(Value::as_bool);
    if request.reasoning_effort.is_value() {
        converted("reasoning_effort");
    } else if request.thinking.is_value() {
        converted("thinking");
    } else if let Some(effort) = effort {
        said.reasoning_effort = Nullable::Value(ReasoningEffort::from(effort));
        converted("reasoning_effort");
    } else if let Some(budget) = budget {
        said.thinking = Nullable::Value(json!({ "type": "enabled", "budget_tokens": budget }));
        converted("thinking");
    } else if let Some(enabled) = enabled {
        let effort = if enabled { ReasoningEffort::Medium } else { ReasoningEffort::None };
        said.reasoning_effort = Nullable::Value(effort);
        converted("reasoning_effort");
    }
    // What says no when it is absent, and what was said above, is not lost.
    let is_lost = |name: &str, value: &Value| match name {
        "effort" | "max_tokens" | "enabled" => false,
        "exclude" => *value == Value::Bool(true),
        _ => !value.is_null(),
    };
    for (name, _) in told.iter().filter(|(name, value)| is_lost(name, value)) {
        notes.push(Note::dropped(format!("{NAME}.{name}"), "only OpenRouter has it"));
    }
    (Cow::Owned(said), notes)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn said(body: &Value) -> (Value, Vec<String>) {
        let mut request = json!({ "model": "m", "messages": [] });
        for (name, value) in body.as_object().unwrap() {
            request[name] = value.clone();
        }
        let request: ChatRequest = llm_types::from_value(request).unwrap();
        let headers = HeaderMap::new();
        let (said, notes) = reasoning_said(&request, &Call::new("m", &headers));
        let mut said = serde_json::to_value(said).unwrap();
        said.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "model" | "messages"));
        (said, notes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn each_way_to_ask() {
        let by_effort = "converted reasoning: said by `reasoning_effort`";
        let by_thinking = "converted reasoning: said by `thinking`";
        let exclude = "dropped reasoning.exclude: only OpenRouter has it";
        for (body, wanted, notes) in [
            (
                json!({ "reasoning": { "effort": "high" } }),
                json!({ "reasoning_effort": "high" }),
                vec![by_effort],
            ),
            (
                json!({ "reasoning": { "max_tokens": 2000, "exclude": true } }),
                json!({ "thinking": { "type": "enabled", "budget_tokens": 2000 } }),
                vec![by_thinking, exclude],
            ),
            (
                json!({ "reasoning": { "enabled": true } }),
                json!({ "reasoning_effort": "medium" }),
                vec![by_effort],
            ),
            (
                json!({ "reasoning": { "enabled": false, "exclude": false } }),
                json!({ "reasoning_effort": "none" }),
                vec![by_effort],
            ),
            (
                json!({ "reasoning": { "effort": "high" }, "reasoning_effort": "low" }),
                json!({ "reasoning_effort": "low" }),
                vec![by_effort],
            ),
            (json!({ "reasoning": { "exclude": true } }), json!({}), vec![exclude]),
            (json!({ "reasoning": "deep" }), json!({ "reasoning": "deep" }), vec![]),
            (json!({ "top_k": 1 }), json!({ "top_k": 1 }), vec![]),
        ] {
            assert_eq!(said(&body), (wanted, notes.into_iter().map(str::to_owned).collect()), "{body}");
        }
    }

    #[test]
    fn who_wants_it_gets_it() {
        let request: ChatRequest =
            llm_types::from_value(json!({ "model": "m", "messages": [], "reasoning": { "effort": "high" } }))
                .unwrap();
        let (headers, forward) = (HeaderMap::new(), ["reasoning".to_owned()]);
        let call = Call { forward: &forward, ..Call::new("m", &headers) };
        let (said, notes) = reasoning_said(&request, &call);
        assert_eq!((&*said, notes.len()), (&request, 0));
    }
}
