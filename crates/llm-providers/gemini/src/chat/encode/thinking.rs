//! How hard to think: a level for Gemini 3 and newer, a budget for those before.
//!
//! Source: Gemini API docs, "Gemini thinking" and "Gemini 3 developer guide" (ai.google.dev/gemini-api/docs), read
//! 2026-11: level and budget exclude each other, Gemini 3 still takes budgets, 2.5 Pro cannot be told not to think.

use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{ChatRequest, Nullable, ReasoningEffort};
use serde_json::Value;

use super::Encoder;
use super::own::Own;
use crate::wire::{GenerationConfig, ThinkingConfig};

impl Encoder<'_> {
    pub(super) fn thinking(
        &mut self,
        request: &ChatRequest,
        own: &Own,
        config: &mut GenerationConfig,
    ) -> Result<(), EncodeError> {
        let is_own = own.configures("thinkingConfig");
        for (name, is_said) in [
            ("thinking", request.thinking.is_value()),
            ("reasoning_effort", request.reasoning_effort.is_value()),
        ] {
            if is_own && is_said {
                self.drop(name, "`thinkingConfig` is said too and wins");
            }
        }
        if is_own {
            return Ok(());
        }
        if let Nullable::Value(thinking) = &request.thinking {
            // Thinking that adapts is told how hard by the effort.
            if let (Some("adaptive"), Some(effort)) =
                (thinking["type"].as_str(), request.reasoning_effort.get())
            {
                self.leftovers(thinking);
                return self.effort(effort, config);
            }
            if request.reasoning_effort.is_value() {
                self.drop("reasoning_effort", "`thinking` is said too and wins");
            }
            return self.in_anthropics_words(thinking, config);
        }
        if let Nullable::Value(effort) = &request.reasoning_effort {
            return self.effort(effort, config);
        }
        Ok(())
    }

    fn in_anthropics_words(
        &mut self,
        thinking: &Value,
        config: &mut GenerationConfig,
    ) -> Result<(), EncodeError> {
        let kind = thinking.get("type").and_then(Value::as_str).unwrap_or_default();
        let budget = thinking.get("budget_tokens").and_then(Value::as_u64);
        self.leftovers(thinking);
        match (kind, budget) {
            ("disabled", _) => self.silence("thinking", config),
            ("enabled", Some(0)) => self.silence("thinking", config),
            ("enabled", Some(budget)) => self.budget("thinking.budget_tokens", budget, config),
            ("enabled" | "adaptive", _) => {
                config.thinking_config = Nullable::Value(ThinkingConfig {
                    include_thoughts: Nullable::Value(true),
                    ..ThinkingConfig::default()
                });
            }
            _ => return self.unsupported("thinking", "is no thinking that Gemini knows"),
        }
        Ok(())
    }

    fn leftovers(&mut self, thinking: &Value) {
        for name in thinking.as_object().into_iter().flat_map(|members| members.keys()) {
            if !matches!(name.as_str(), "type" | "budget_tokens") {
                self.drop(format!("thinking.{name}"), "Gemini has no such member");
            }
        }
        if thinking.get("budget_tokens").is_some_and(|budget| !budget.is_null() && !budget.is_u64()) {
            self.drop("thinking.budget_tokens", "is no number of tokens");
        }
    }

    fn effort(&mut self, effort: &ReasoningEffort, config: &mut GenerationConfig) -> Result<(), EncodeError> {
        const PATH: &str = "reasoning_effort";
        if *effort == ReasoningEffort::None {
            self.silence(PATH, config);
            return Ok(());
        }
        let mut thinking =
            ThinkingConfig { include_thoughts: Nullable::Value(true), ..ThinkingConfig::default() };
        if effort.as_str() == "default" {
            self.note(NoteKind::Converted, PATH, "to as much as the model likes");
        } else if self.model.is_third() {
            let Some(level) = self.model.level(effort) else {
                return self.unsupported(PATH, format!("Gemini knows no effort `{effort}`"));
            };
            if level != effort.as_str() {
                self.note(
                    NoteKind::Clamped,
                    PATH,
                    format!("to `{level}`, the nearest that this model takes"),
                );
            }
            thinking.thinking_level = Nullable::Value(level.to_owned());
        } else {
            let Some(budget) = self.call.effort_budgets.tokens(effort) else {
                return self.unsupported(PATH, format!("Gemini knows no effort `{effort}`"));
            };
            let (least, most) = self.model.budgets();
            let budget = budget.clamp(least, most);
            self.note(NoteKind::Converted, PATH, format!("to a budget of {budget} tokens"));
            self.budget(PATH, budget, config);
            return Ok(());
        }
        config.thinking_config = Nullable::Value(thinking);
        Ok(())
    }

    fn budget(&mut self, path: &str, budget: u64, config: &mut GenerationConfig) {
        let (least, most) = self.model.budgets();
        let fitted = budget.clamp(least, most);
        if fitted != budget {
            self.note(NoteKind::Clamped, path, format!("to {fitted}, the nearest that this model takes"));
        }
        config.thinking_config = Nullable::Value(ThinkingConfig {
            include_thoughts: Nullable::Value(true),
            thinking_budget: Nullable::Value(i64::try_from(fitted).unwrap_or(i64::MAX)),
            ..ThinkingConfig::default()
        });
    }

    /// As little thinking as the model can.
    fn silence(&mut self, path: &str, config: &mut GenerationConfig) {
        let mut thinking = ThinkingConfig::default();
        if self.model.is_third() {
            let level = self.model.level(&ReasoningEffort::None).unwrap_or("low");
            thinking.thinking_level = Nullable::Value(level.to_owned());
            self.note(NoteKind::Clamped, path, format!("to `{level}`; this model always thinks"));
        } else if self.model.can_be_silent() {
            thinking.thinking_budget = Nullable::Value(0);
        } else {
            let (least, _) = self.model.budgets();
            thinking.thinking_budget = Nullable::Value(i64::try_from(least).unwrap_or(i64::MAX));
            self.note(NoteKind::Clamped, path, format!("to {least} tokens; this model always thinks"));
        }
        config.thinking_config = Nullable::Value(thinking);
    }
}
