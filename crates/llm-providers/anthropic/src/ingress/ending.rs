//! How an answer ended, in Anthropic's words.

use llm_provider_core::Beside;
use llm_types::{Extra, FinishReason, Nullable};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::chat::decode::finish_reason;
use crate::wire::{StopDetails, StopReason};

/// How an answer ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) stop_reason: StopReason,
    pub(super) stop_sequence: Option<String>,
    pub(super) stop_details: Nullable<StopDetails>,
    pub(super) container: Nullable<Value>,
    pub(super) context_management: Nullable<Value>,
}

impl Ending {
    /// Where Anthropic's own words stand in `provider_specific_fields`.
    pub(super) const MEMBERS: &[&str] =
        &["stop_reason", "stop_sequence", "stop_details", "container", "context_management"];

    /// Anthropic's own reason, or another vendor's that has the same name here, else the nearest. What was called counts
    /// more than what was said of it: clients act on `tool_use`, and it makes no sense without a call.
    pub(super) fn new(
        finish: Option<&FinishReason>,
        native: Option<&str>,
        specifics: Option<&Extra>,
        has_calls: bool,
        was_refused: bool,
    ) -> Self {
        let told = |name: &str| specifics.and_then(|specifics| specifics.get(name));
        let stop_sequence = told("stop_sequence").and_then(Value::as_str).map(str::to_owned);
        let own = told("stop_reason").and_then(Value::as_str).map(StopReason::from);
        let native = native.map(|native| StopReason::from(native.to_ascii_lowercase().as_str()));
        let stop_reason = [own, native]
            .into_iter()
            .flatten()
            .find(|own| fits(own, finish, has_calls))
            .unwrap_or_else(|| translated(finish, has_calls, was_refused, stop_sequence.is_some()));
        Self {
            stop_reason,
            stop_sequence,
            stop_details: member(told("stop_details")),
            container: member(told("container")),
            context_management: member(told("context_management")),
        }
    }

    /// Takes out of what is said beside the answer what this says.
    pub(super) fn forget(&self, beside: &mut Beside) {
        beside.forget_reason(self.stop_reason.as_str());
        for (name, is_said) in [
            ("stop_sequence", self.stop_sequence.is_some()),
            ("stop_details", self.stop_details.is_value()),
            ("container", self.container.is_value()),
            ("context_management", self.context_management.is_value()),
        ] {
            if is_said {
                beside.forget(&[name]);
            }
        }
    }
}

/// A member in Anthropic's words; `null` stays `null`.
fn member<T: DeserializeOwned>(told: Option<&Value>) -> Nullable<T> {
    match told {
        None => Nullable::Absent,
        Some(Value::Null) => Nullable::Null,
        Some(value) => llm_types::from_value(value.clone()).ok().into(),
    }
}

/// Whether Anthropic's own reason, if it is one, says the same as the canonical one.
fn fits(own: &StopReason, finish: Option<&FinishReason>, has_calls: bool) -> bool {
    !matches!(own, StopReason::Other(_))
        && (*own != StopReason::ToolUse || has_calls)
        && finish.is_none_or(|finish| finish_reason(Some(own), has_calls) == *finish)
        && !(has_calls && matches!(own, StopReason::EndTurn | StopReason::StopSequence))
}

/// Words of refusal are a refusal, although the other vendor's model said its say: OpenAI tells them apart from text for the
/// sake of forms, and Anthropic's own models end so where they refuse to fill one.
///
/// Source: Anthropic docs, "Structured outputs", "Refusals"; OpenAI docs, "Structured model outputs", "Refusals", read 2026-11.
fn translated(
    finish: Option<&FinishReason>,
    has_calls: bool,
    was_refused: bool,
    met_stop_sequence: bool,
) -> StopReason {
    match finish {
        Some(FinishReason::Length) => StopReason::MaxTokens,
        Some(FinishReason::ContentFilter) => StopReason::Refusal,
        _ if has_calls => StopReason::ToolUse,
        _ if was_refused => StopReason::Refusal,
        _ if met_stop_sequence => StopReason::StopSequence,
        _ => StopReason::EndTurn,
    }
}
