//! How to answer.

use llm_provider_core::{EffortBudgets, IngressError, NoteKind};
use llm_types::{
    AudioRequest, ChatRequest, Extra, JsonSchemaFormat, JsonSchemaPart, Nullable, ReasoningEffort,
    ResponseFormat, Stop,
};
use serde_json::{Value, json};

use super::{Reader, put};
use crate::chat::encode::{UNNAMED, speech as speech_of};
use crate::schema;
use crate::wire::{GenerationConfig, SpeechConfig, ThinkingConfig};

impl Reader {
    pub(super) fn config(
        &mut self,
        config: Option<GenerationConfig>,
        request: &mut ChatRequest,
    ) -> Result<(), IngressError> {
        let Some(config) = config else { return Ok(()) };
        request.temperature = some(config.temperature);
        request.top_p = some(config.top_p);
        request.n = some(config.candidate_count);
        request.max_completion_tokens = some(config.max_output_tokens);
        request.presence_penalty = some(config.presence_penalty);
        request.frequency_penalty = some(config.frequency_penalty);
        request.seed = some(config.seed);
        request.logprobs = some(config.response_logprobs);
        request.top_logprobs = some(config.logprobs);
        let stops = config.stop_sequences.into_option().filter(|stops| !stops.is_empty());
        request.stop = stops.map(Stop::Many).into();
        put(request, "top_k", &config.top_k);
        put(request, "mediaResolution", &config.media_resolution);
        put(request, "imageConfig", &config.image_config);
        let modalities = config.response_modalities.into_option().filter(|modalities| !modalities.is_empty());
        request.modalities =
            modalities.map(|all| all.iter().map(|one| one.to_lowercase()).collect::<Vec<_>>()).into();
        speech(config.speech_config, request);
        thinking(config.thinking_config, request);
        self.form(
            config.response_mime_type.as_deref(),
            config.response_json_schema,
            config.response_schema,
            request,
        );
        for (name, value) in config.extra {
            if !value.is_null() {
                let own = request.extra.entry("generationConfig").or_insert_with(|| json!({}));
                own[name] = value;
            }
        }
        Ok(())
    }

    fn form(
        &mut self,
        mime_type: Option<&str>,
        json_schema: Nullable<Value>,
        subset: Nullable<Value>,
        request: &mut ChatRequest,
    ) {
        let given = match (json_schema.into_option(), subset.into_option()) {
            (Some(schema), other) => {
                if other.is_some() {
                    let detail = "`responseJsonSchema` is said too and wins";
                    self.note(NoteKind::Dropped, "generationConfig.responseSchema", detail);
                }
                Some(schema)
            }
            (None, Some(schema)) => Some(schema::unfold(schema)),
            (None, None) => None,
        };
        match (mime_type, given) {
            (Some("application/json"), Some(schema)) => {
                request.response_format = Nullable::Value(ResponseFormat::JsonSchema(JsonSchemaPart {
                    json_schema: JsonSchemaFormat {
                        name: UNNAMED.to_owned(),
                        description: Nullable::Absent,
                        schema: Nullable::Value(schema),
                        strict: Nullable::Absent,
                        extra: Extra::new(),
                    },
                    extra: Extra::new(),
                }));
            }
            (Some("application/json"), None) => {
                request.response_format = Nullable::Value(ResponseFormat::JsonObject(Extra::new()));
            }
            (Some("text/plain") | None, None) => {}
            // An answer that is one of several words, in Gemini's own way.
            (told, given) => {
                self.note(
                    NoteKind::Converted,
                    "generationConfig.responseMimeType",
                    "kept in Gemini's words only",
                );
                put(request, "responseMimeType", &Nullable::<String>::from(told.map(str::to_owned)));
                put(request, "responseJsonSchema", &Nullable::<Value>::from(given));
            }
        }
    }
}

/// A value; `null` is none.
fn some<T>(member: Nullable<T>) -> Nullable<T> {
    member.into_option().into()
}

/// One voice by its name is OpenAI's `audio.voice`; several speakers and languages stay Gemini's.
fn speech(config: Nullable<SpeechConfig>, request: &mut ChatRequest) {
    let Some(config) = config.into_option() else { return };
    let voice = config
        .voice_config
        .get()
        .and_then(|voice| voice.prebuilt_voice_config.get()?.voice_name.get())
        .cloned();
    if let Some(voice) = voice.as_deref() {
        request.audio = Nullable::Value(AudioRequest {
            format: Nullable::Value("pcm16".to_owned()),
            voice: Nullable::Value(voice.into()),
            extra: Extra::new(),
        });
    }
    let says_more = voice.as_deref().is_some_and(|voice| config != speech_of(voice));
    if voice.is_none() || says_more {
        put(request, "speechConfig", &Nullable::Value(config));
    }
}

/// A level is an effort, a budget is a budget. What they leave open stays in Gemini's words beside them.
fn thinking(config: Nullable<ThinkingConfig>, request: &mut ChatRequest) {
    let Some(config) = config.into_option() else { return };
    let tells = config.include_thoughts.get() == Some(&true);
    let mut is_said = false;
    if let Some(level) = config.thinking_level.as_deref() {
        request.reasoning_effort =
            Nullable::Value(ReasoningEffort::from(level.to_ascii_lowercase().as_str()));
        is_said = tells;
    }
    match config.thinking_budget.get() {
        Some(0) => request.thinking = Nullable::Value(json!({ "type": "disabled" })),
        // As much as the model finds right.
        Some(-1) => request.thinking = Nullable::Value(json!({ "type": "adaptive" })),
        Some(budget) if *budget > 0 => {
            request.thinking = Nullable::Value(json!({ "type": "enabled", "budget_tokens": budget }));
            request.reasoning_effort = Nullable::Value(nearest_effort(budget.unsigned_abs()));
            is_said = tells;
        }
        _ => {}
    }
    if (!is_said || !config.extra.is_empty()) && config != ThinkingConfig::default() {
        put(request, "thinkingConfig", &Nullable::Value(config));
    }
}

/// The effort whose usual budget is nearest, between `low` and `high`, which every model that thinks knows.
fn nearest_effort(budget: u64) -> ReasoningEffort {
    let usual = EffortBudgets::default();
    [
        (usual.low, ReasoningEffort::Low),
        (usual.medium, ReasoningEffort::Medium),
        (usual.high, ReasoningEffort::High),
    ]
    .into_iter()
    .min_by_key(|(tokens, _)| tokens.abs_diff(budget))
    .map_or(ReasoningEffort::Medium, |(_, effort)| effort)
}
