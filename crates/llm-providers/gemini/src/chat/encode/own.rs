//! Members of a request in Gemini's own words: in camel or in snake case, at the top, or under `google` and
//! `extra_body.google`, where Google's OpenAI compatibility has them. They win over what was translated.
//!
//! Source: Gemini API reference, "GenerationConfig" (ai.google.dev/api/generate-content), and docs, "OpenAI
//! compatibility", read 2026-11.

use llm_provider_core::{EncodeError, Note};
use llm_types::{Extra, OPENAI_ONLY};
use serde_json::{Map, Value};

use crate::wire::{GenerateContentRequest, camel_case};

/// What belongs into `generationConfig`.
const CONFIG: &[&str] = &[
    "audioTimestamp",
    "candidateCount",
    "enableAffectiveDialog",
    "enableEnhancedCivicAnswers",
    "frequencyPenalty",
    "imageConfig",
    "logprobs",
    "maxOutputTokens",
    "mediaResolution",
    "modelConfig",
    "modelSelectionConfig",
    "presencePenalty",
    "responseFormat",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "routingConfig",
    "speechConfig",
    "stopSequences",
    "thinkingConfig",
    "topK",
    "topP",
];

/// Members in Gemini's own words.
pub(super) struct Own {
    config: Map<String, Value>,
    top: Map<String, Value>,
}

impl Own {
    pub(super) fn of(extra: &Extra) -> Self {
        let mut own = Self { config: Map::new(), top: Map::new() };
        for (name, value) in extra {
            match (name.as_str(), value) {
                ("google", Value::Object(members)) => own.add_all(members),
                ("extra_body", Value::Object(body)) => {
                    for (name, value) in body {
                        match (name.as_str(), value) {
                            ("google", Value::Object(members)) => own.add_all(members),
                            _ => own.add(name, value),
                        }
                    }
                }
                _ => own.add(name, value),
            }
        }
        own
    }

    fn add_all(&mut self, members: &Extra) {
        for (name, value) in members {
            self.add(name, value);
        }
    }

    fn add(&mut self, name: &str, value: &Value) {
        if value.is_null() || OPENAI_ONLY.contains(&name) {
            return;
        }
        // What nobody here knows keeps its name.
        let one = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
        let Value::Object(renamed) = camel_case(one) else { return };
        for (camel, renamed) in renamed {
            if camel == "generationConfig"
                && let Value::Object(config) = renamed
            {
                self.config.extend(config);
            } else if CONFIG.contains(&camel.as_str()) {
                self.config.insert(camel, renamed);
            } else if TOP.contains(&camel.as_str()) {
                self.top.insert(camel, renamed);
            } else {
                self.top.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Whether a member of `generationConfig` is said.
    pub(super) fn configures(&self, name: &str) -> bool {
        self.config.contains_key(name)
    }

    /// Whether a member at the top is said.
    pub(super) fn says(&self, name: &str) -> bool {
        self.top.contains_key(name)
    }

    /// Puts all of it into a request; what was translated and gives way is told.
    pub(super) fn apply(
        self,
        wire: &mut GenerateContentRequest,
        notes: &mut Vec<Note>,
    ) -> Result<(), EncodeError> {
        if self.config.is_empty() && self.top.is_empty() {
            return Ok(());
        }
        let broken = |why: serde_json::Error| EncodeError::invalid("", why.to_string());
        let mut body = match serde_json::to_value(&*wire).map_err(broken)? {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        if !self.config.is_empty() {
            let config = body.entry("generationConfig").or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(config) = config {
                for (name, value) in self.config {
                    gives_way(CANONICAL, &name, &value, config, notes);
                    config.insert(name, value);
                }
            }
        }
        for (name, value) in self.top {
            match (body.get_mut(&name), value) {
                // Tools add up.
                (Some(Value::Array(tools)), Value::Array(more)) if name == "tools" => tools.extend(more),
                (_, value) => {
                    gives_way(CANONICAL_TOP, &name, &value, &body, notes);
                    body.insert(name, value);
                }
            }
        }
        *wire = llm_types::from_value(Value::Object(body))
            .map_err(|error| EncodeError::invalid(error.path, error.message))?;
        Ok(())
    }
}

/// What a member of `generationConfig` is called in the canonical form; where it is more than one, a note speaks of the
/// first.
const CANONICAL: &[(&str, &str)] = &[
    ("candidateCount", "n"),
    ("frequencyPenalty", "frequency_penalty"),
    ("logprobs", "top_logprobs"),
    ("maxOutputTokens", "max_tokens"),
    ("presencePenalty", "presence_penalty"),
    ("responseJsonSchema", "response_format"),
    ("responseLogprobs", "logprobs"),
    ("responseMimeType", "response_format"),
    ("responseModalities", "modalities"),
    ("responseSchema", "response_format"),
    ("seed", "seed"),
    ("speechConfig", "audio"),
    ("stopSequences", "stop"),
    ("temperature", "temperature"),
    ("topP", "top_p"),
];

/// The same of members at the top. The choice among tools is told with the tools.
const CANONICAL_TOP: &[(&str, &str)] = &[
    ("contents", "messages"),
    ("labels", "metadata"),
    ("serviceTier", "service_tier"),
    ("systemInstruction", "messages"),
];

fn gives_way(
    canonical: &[(&str, &str)],
    name: &str,
    value: &Value,
    translated: &Map<String, Value>,
    notes: &mut Vec<Note>,
) {
    let Some((_, path)) = canonical.iter().find(|(own, _)| *own == name) else { return };
    if translated.get(name).is_some_and(|translated| translated != value) {
        notes.push(Note::dropped(*path, format!("`{name}` is said too and wins")));
    }
}

/// What belongs to the top.
const TOP: &[&str] = &[
    "cachedContent",
    "contents",
    "labels",
    "modelArmorConfig",
    "safetySettings",
    "serviceTier",
    "store",
    "systemInstruction",
    "toolConfig",
];
