//! Quirks of how thinking is asked for.

use llm_provider_core::{Call, NoteKind, Peek};
use llm_provider_openai::Changes;
use llm_types::{Nullable, ReasoningEffort};
use serde_json::{Value, json};

use super::Request;

/// Whether thinking is switched off.
pub(super) fn is_off(thinking: Option<&Value>) -> bool {
    thinking.is_some_and(|thinking| thinking["type"] == "disabled")
}

/// An effort as a switch; with `only_off`, only the effort `none`.
pub(super) fn switch(request: &mut Request<'_>, only_off: bool, changes: &mut Changes<'_>) {
    let Some(effort) = request.reasoning_effort.get() else { return };
    let off = *effort == ReasoningEffort::None;
    if only_off && !off {
        return;
    }
    let kind = if off { "disabled" } else { "enabled" };
    changes.note(NoteKind::Converted, "reasoning_effort", format!("thinking {kind}"));
    let request = request.to_mut();
    request.reasoning_effort = Nullable::Absent;
    if !request.thinking.is_value() {
        request.thinking = json!({ "type": kind }).into();
    }
}

/// `null` for the effort `none`.
pub(super) fn none_as_null(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if request.reasoning_effort.get() == Some(&ReasoningEffort::None) {
        request.to_mut().reasoning_effort = Nullable::Null;
        changes.note(NoteKind::Converted, "reasoning_effort", "null, which switches thinking off");
    }
}

/// `reasoning: {"enabled": false}` for the effort `none`.
pub(super) fn none_as_disabled(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if request.reasoning_effort.get() == Some(&ReasoningEffort::None) {
        reasoning(request, json!({ "enabled": false }), changes);
    }
}

/// `reasoning: {"effort": …}` for an effort.
pub(super) fn effort_inside(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if let Some(effort) = request.reasoning_effort.get() {
        let value = json!({ "effort": effort.as_str() });
        reasoning(request, value, changes);
    }
}

fn reasoning(request: &mut Request<'_>, value: Value, changes: &mut Changes<'_>) {
    let request = request.to_mut();
    request.reasoning_effort = Nullable::Absent;
    request.extra.entry("reasoning").or_insert(value);
    changes.note(NoteKind::Converted, "reasoning_effort", "said by `reasoning`");
}

/// Where thinking is asked for in the words of others.
const ASKED: [&str; 3] = ["thinking", "reasoning_effort", "output_config"];

/// The member that [`enable`] writes.
const ENABLE: &str = "enable_thinking";

/// `enable_thinking` and `thinking_budget` for all other words.
pub(super) fn enable(request: &mut Request<'_>, call: &Call<'_>, changes: &mut Changes<'_>) {
    if request.extra.contains_key(ENABLE) {
        return;
    }
    let thinking = request.thinking.get();
    let kind = thinking.and_then(|thinking| thinking["type"].as_str());
    let named = request.extra.get("output_config").and_then(|config| config["effort"].as_str());
    let effort = request.reasoning_effort.get().cloned().or_else(|| named.map(ReasoningEffort::from));
    let tokens = effort.as_ref().and_then(|effort| call.effort_budgets.tokens(effort));
    let (on, budget) = match (kind, &effort) {
        (None, None) => return,
        (Some("disabled"), _) | (None, Some(ReasoningEffort::None)) => (false, None),
        (Some(_), _) => (true, thinking.and_then(|thinking| thinking["budget_tokens"].as_u64()).or(tokens)),
        (None, Some(_)) => (true, tokens),
    };
    let words = match budget {
        Some(budget) => format!("said by `enable_thinking` and a `thinking_budget` of {budget}"),
        None => format!("said by `enable_thinking`: {on}"),
    };
    let request = request.to_mut();
    let asked = [
        request.thinking.take().is_some(),
        request.reasoning_effort.take().is_some(),
        request.extra.shift_remove("output_config").is_some(),
    ];
    for (name, _) in ASKED.iter().zip(asked).filter(|(_, asked)| *asked) {
        changes.note(NoteKind::Converted, *name, words.clone());
    }
    request.extra.insert(ENABLE.to_owned(), on.into());
    if let Some(budget) = budget {
        request.extra.entry("thinking_budget").or_insert(budget.into());
    }
}

/// As [`enable`] looks for it, in a request that was not read.
pub(super) fn asks(peek: &Peek<'_>) -> bool {
    !peek.has(ENABLE) && ASKED.iter().any(|name| peek.has(name))
}
