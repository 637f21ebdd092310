//! How hard to think, for models that are not Claude.
//!
//! Source: Amazon Nova 2 User Guide, "Extended thinking"; Amazon Bedrock User Guide, model cards of OpenAI's and
//! DeepSeek's models; API Reference, "OutputConfig", read 2026-11.

use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{ChatRequest, Nullable, ReasoningEffort};
use serde_json::json;

use super::Encoder;
use crate::model::Family;
use crate::wire::{ConverseRequest, OutputConfig};

const PATH: &str = "reasoning_effort";

impl Encoder<'_> {
    pub(super) fn effort(
        &mut self,
        request: &ChatRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        self.thinking_words(request)?;
        let Nullable::Value(effort) = &request.reasoning_effort else { return Ok(()) };
        if let ReasoningEffort::Other(other) = effort
            && other != "default"
        {
            return self.unsupported(PATH, format!("Bedrock knows no effort `{other}`"));
        }
        match self.model.family {
            Family::Nova2 => self.nova(effort, request, wire),
            Family::GptOss | Family::DeepSeek => {
                self.in_words(effort, |own, level| {
                    own.insert(PATH.to_owned(), level.into());
                });
                Ok(())
            }
            Family::Gpt => {
                self.in_words(effort, |own, level| {
                    own.insert("reasoning".to_owned(), json!({ "effort": level }));
                });
                Ok(())
            }
            Family::Unknown | Family::Open => {
                self.general(effort, wire);
                Ok(())
            }
            _ if *effort == ReasoningEffort::None => Ok(()),
            _ => self.unsupported(PATH, "this model cannot be told how hard to think"),
        }
    }

    /// Anthropic's word for how to think: a model that nobody knows may be Claude's.
    fn thinking_words(&mut self, request: &ChatRequest) -> Result<(), EncodeError> {
        let Nullable::Value(thinking) = &request.thinking else { return Ok(()) };
        if self.model.family == Family::Unknown || self.is_forwarded("thinking") {
            self.own.insert("thinking".to_owned(), thinking.clone());
            return Ok(());
        }
        self.unsupported("thinking", "this model does not think in Anthropic's words")
    }

    /// Three levels; at the highest the model sets everything else itself, and refuses to be told.
    fn nova(
        &mut self,
        effort: &ReasoningEffort,
        request: &ChatRequest,
        wire: &mut ConverseRequest,
    ) -> Result<(), EncodeError> {
        let level = match effort {
            ReasoningEffort::None => {
                self.own.insert("reasoningConfig".to_owned(), json!({ "type": "disabled" }));
                return Ok(());
            }
            ReasoningEffort::Minimal | ReasoningEffort::Low => "low",
            ReasoningEffort::High | ReasoningEffort::Xhigh | ReasoningEffort::Max => "high",
            _ => "medium",
        };
        self.clamped(effort, level);
        self.own
            .insert("reasoningConfig".to_owned(), json!({ "type": "enabled", "maxReasoningEffort": level }));
        if level == "high"
            && let Nullable::Value(config) = &mut wire.inference_config
        {
            let reason = "not at this model's highest effort";
            let limit =
                if request.max_completion_tokens.is_value() { "max_completion_tokens" } else { "max_tokens" };
            let lost = [
                (limit, config.max_tokens.take().is_some()),
                ("temperature", config.temperature.take().is_some()),
                ("top_p", config.top_p.take().is_some()),
            ];
            if config.stop_sequences.is_absent() && config.extra.is_empty() {
                wire.inference_config = Nullable::Absent;
            }
            for (name, is_lost) in lost {
                if is_lost {
                    self.unsupported(name, reason)?;
                }
            }
        }
        Ok(())
    }

    /// `low`, `medium` or `high`, in the model's own words.
    fn in_words(&mut self, effort: &ReasoningEffort, put: impl FnOnce(&mut llm_types::Extra, &str)) {
        let level = match effort {
            ReasoningEffort::None if self.model.family == Family::Gpt => "none",
            ReasoningEffort::None => {
                self.note(NoteKind::Clamped, PATH, "to `low`: this model always thinks");
                return put(&mut self.own, "low");
            }
            ReasoningEffort::Minimal | ReasoningEffort::Low => "low",
            ReasoningEffort::High | ReasoningEffort::Xhigh | ReasoningEffort::Max => "high",
            _ => "medium",
        };
        self.clamped(effort, level);
        put(&mut self.own, level);
    }

    /// Converse's own word, for models whose words nobody knows.
    fn general(&mut self, effort: &ReasoningEffort, wire: &mut ConverseRequest) {
        let level = match effort {
            ReasoningEffort::None => return,
            ReasoningEffort::Minimal => "low",
            ReasoningEffort::Other(_) => return,
            known => known.as_str(),
        };
        self.clamped(effort, level);
        wire.output_config.get_or_insert_with(OutputConfig::default).effort =
            Nullable::Value(level.to_owned());
    }

    fn clamped(&mut self, effort: &ReasoningEffort, level: &str) {
        if effort.as_str() != level {
            self.note(NoteKind::Clamped, PATH, format!("to `{level}`, the nearest that this model takes"));
        }
    }
}
