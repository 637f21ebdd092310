//! How hard to think: `thinking` in Anthropic's words, or `reasoning_effort`.
//!
//! Source: Anthropic docs, "Thinking", "Extended thinking" and "Effort", read 2026-11.

use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{ChatRequest, Extra, Nullable, ReasoningEffort};

use super::{Encoder, typed};
use crate::model::Off;
use crate::wire::{Content, ContentBlock, InputMessage, MessagesRequest, OutputConfig, Role, Thinking};

/// The least that Anthropic takes as a budget, in tokens.
const LEAST_BUDGET: u64 = 1024;

impl Encoder<'_> {
    pub(super) fn thinking(
        &mut self,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        if let Nullable::Value(thinking) = &request.thinking {
            wire.thinking = typed("thinking", thinking)?.into();
            self.fit(wire)?;
            if let Nullable::Value(effort) = &request.reasoning_effort {
                self.effort_beside(effort, wire);
            }
        } else if let Nullable::Value(effort) = &request.reasoning_effort {
            // Said in Anthropic's words, an effort does not ask for thinking.
            match said_effort(wire) {
                Some(said) if said == effort.as_str() => {}
                Some(_) => {
                    self.note(
                        NoteKind::Dropped,
                        "reasoning_effort",
                        "`output_config.effort` is said too and wins",
                    );
                }
                None => self.effort(effort, wire)?,
            }
        }
        self.unsigned_history(request, wire)
    }

    /// What was said in Anthropic's words, in the form that this model takes.
    fn fit(&mut self, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        let Nullable::Value(thinking) = &mut wire.thinking else { return Ok(()) };
        match thinking.r#type.as_str() {
            "disabled" => match self.model.off() {
                Off::Kind(kind) if kind != "disabled" => {
                    thinking.r#type = kind.to_owned();
                    self.note(
                        NoteKind::Converted,
                        "thinking.type",
                        format!("to `{kind}`, this model's word for it"),
                    );
                }
                Off::Never if !self.is_forwarded("thinking") => {
                    wire.thinking = Nullable::Absent;
                    return self.unsupported("thinking", "this model always thinks");
                }
                _ => {}
            },
            "enabled" if !self.model.takes_budget() => {
                thinking.r#type = "adaptive".to_owned();
                thinking.budget_tokens = Nullable::Absent;
                self.note(
                    NoteKind::Converted,
                    "thinking",
                    "this model takes no budget; it thinks as it sees fit",
                );
            }
            "enabled" => {
                let budget = thinking.budget_tokens.get_or_insert_with(|| LEAST_BUDGET);
                if *budget < LEAST_BUDGET {
                    *budget = LEAST_BUDGET;
                    self.note(
                        NoteKind::Clamped,
                        "thinking.budget_tokens",
                        "raised to 1024, the least there is",
                    );
                }
            }
            "adaptive" if !self.model.thinks_adaptively() => {
                let budget = self.call.effort_budgets.medium.max(LEAST_BUDGET);
                thinking.r#type = "enabled".to_owned();
                thinking.budget_tokens = Nullable::Value(budget);
                let detail = format!("this model needs a budget: {budget} tokens");
                self.note(NoteKind::Converted, "thinking", detail);
            }
            _ => {}
        }
        Ok(())
    }

    /// An effort beside `thinking` says how much to think adaptively. A budget says that by itself; an effort
    /// that is worth as much is not lost by silence.
    fn effort_beside(&mut self, effort: &ReasoningEffort, wire: &mut MessagesRequest) {
        let thinking = wire.thinking.get();
        let budget = thinking.and_then(|thinking| thinking.budget_tokens.get()).copied();
        let is_adaptive = thinking.is_some_and(|thinking| thinking.r#type == "adaptive");
        let said = said_effort(wire);
        if said == Some(effort.as_str()) || budget.is_some_and(|budget| self.worth(budget) == *effort) {
            return;
        }
        match self.model.effort(effort.as_str()) {
            Some(level) if is_adaptive && said.is_none() && level == effort.as_str() => {
                set_effort(level, wire);
            }
            _ => self.note(NoteKind::Dropped, "reasoning_effort", "`thinking` is said too and wins"),
        }
    }

    /// The effort whose budget is nearest.
    fn worth(&self, budget: u64) -> ReasoningEffort {
        let budgets = &self.call.effort_budgets;
        let efforts = [
            (budgets.low, ReasoningEffort::Low),
            (budgets.medium, ReasoningEffort::Medium),
            (budgets.high, ReasoningEffort::High),
        ];
        let nearest = efforts.into_iter().min_by_key(|(tokens, _)| tokens.abs_diff(budget));
        nearest.map_or(ReasoningEffort::Medium, |(_, effort)| effort)
    }

    fn effort(&mut self, effort: &ReasoningEffort, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        const PATH: &str = "reasoning_effort";
        if *effort == ReasoningEffort::None {
            match self.model.off() {
                Off::Silence => {}
                Off::Kind(kind) => wire.thinking = Nullable::Value(thinking(kind)),
                Off::Never => return self.unsupported(PATH, "this model always thinks"),
            }
            return Ok(());
        }
        if let ReasoningEffort::Other(other) = effort
            && other != "default"
        {
            return self.unsupported(PATH, format!("Anthropic knows no effort `{other}`"));
        }
        if self.model.thinks_adaptively() {
            let mut adaptive = thinking("adaptive");
            adaptive.display = Nullable::Value("summarized".to_owned());
            wire.thinking = Nullable::Value(adaptive);
            if let (Some(level), true) = (self.model.effort(effort.as_str()), effort.as_str() != "default") {
                if level != effort.as_str() {
                    self.note(
                        NoteKind::Clamped,
                        PATH,
                        format!("to `{level}`, the nearest that this model takes"),
                    );
                }
                set_effort(level, wire);
            }
        } else {
            let budgets = &self.call.effort_budgets;
            let budget = budgets.tokens(effort).unwrap_or(budgets.medium).max(LEAST_BUDGET);
            let mut enabled = thinking("enabled");
            enabled.budget_tokens = Nullable::Value(budget);
            wire.thinking = Nullable::Value(enabled);
            self.note(NoteKind::Converted, PATH, format!("to a budget of {budget} tokens"));
        }
        Ok(())
    }

    /// With a budget, the turn whose tool results come now must begin with its signed thinking. Clients that
    /// do not keep `thinking_blocks` cannot send it; they get an answer without thinking rather than none.
    fn unsigned_history(
        &mut self,
        request: &ChatRequest,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        let with_budget = wire.thinking.get().is_some_and(|thinking| thinking.r#type == "enabled");
        if with_budget && awaits_thinking(&wire.messages) && !self.is_forwarded("thinking") {
            wire.thinking = Nullable::Absent;
            if request.thinking.is_value() && request.reasoning_effort.is_value() {
                self.note(NoteKind::Dropped, "reasoning_effort", "there is no thinking");
            }
            return self.unsupported(
                "thinking",
                "the turn whose tools were called comes without its signed thinking (`thinking_blocks`)",
            );
        }
        Ok(())
    }
}

/// What the client says in Anthropic's own words counts more.
fn set_effort(level: &str, wire: &mut MessagesRequest) {
    let config = wire.output_config.get_or_insert_with(|| OutputConfig {
        effort: Nullable::Absent,
        format: Nullable::Absent,
        extra: Extra::new(),
    });
    if !config.effort.is_value() {
        config.effort = Nullable::Value(level.to_owned());
    }
}

/// The effort in Anthropic's own words. By itself it asks for no thinking.
fn said_effort(wire: &MessagesRequest) -> Option<&str> {
    wire.output_config.get()?.effort.as_deref()
}

fn thinking(kind: &str) -> Thinking {
    Thinking {
        r#type: kind.to_owned(),
        budget_tokens: Nullable::Absent,
        display: Nullable::Absent,
        extra: Extra::new(),
    }
}

fn awaits_thinking(messages: &[InputMessage]) -> bool {
    let [.., turn, results] = messages else { return false };
    turn.role == Role::Assistant
        && matches!(first(results), Some(ContentBlock::ToolResult(_)))
        && !matches!(first(turn), Some(ContentBlock::Thinking(_) | ContentBlock::RedactedThinking(_)))
}

fn first(message: &InputMessage) -> Option<&ContentBlock> {
    match &message.content {
        Content::Blocks(blocks) => blocks.first(),
        Content::Text(_) => None,
    }
}
