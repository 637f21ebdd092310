//! How to answer: sampling, limits, and the form of the answer.
//!
//! Source: Gemini API reference, "GenerationConfig", and docs, "Structured outputs", "Speech generation"
//! (ai.google.dev), read 2026-11.

use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{ChatRequest, Extra, JsonSchemaFormat, Nullable, ResponseFormat};
use serde_json::{Number, Value};

use super::Encoder;
use super::own::Own;
use crate::schema;
use crate::wire::{GenerateContentRequest, GenerationConfig, PrebuiltVoiceConfig, SpeechConfig, VoiceConfig};

/// The type of an answer in JSON.
const JSON: &str = "application/json";

/// The most stop sequences that Gemini takes.
const MOST_STOPS: usize = 5;

impl Encoder<'_> {
    pub(super) fn config(
        &mut self,
        request: &ChatRequest,
        own: &Own,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        let mut config = GenerationConfig {
            temperature: value(&request.temperature),
            top_p: value(&request.top_p),
            candidate_count: value(&request.n),
            max_output_tokens: request.output_limit().into(),
            presence_penalty: penalty(&request.presence_penalty),
            frequency_penalty: penalty(&request.frequency_penalty),
            response_logprobs: value(&request.logprobs),
            logprobs: value(&request.top_logprobs),
            ..GenerationConfig::default()
        };
        if let (Some(newer), Some(older)) = (request.max_completion_tokens.get(), request.max_tokens.get())
            && newer != older
        {
            self.drop("max_tokens", "`max_completion_tokens` is said too and wins");
        }
        self.seed(request, &mut config);
        self.stop(request, &mut config);
        self.modalities(request, &mut config)?;
        self.form(request, &mut config)?;
        self.thinking(request, own, &mut config)?;
        if config != GenerationConfig::default() {
            wire.generation_config = Nullable::Value(config);
        }
        Ok(())
    }

    /// Gemini's seeds have 32 bits.
    fn seed(&mut self, request: &ChatRequest, config: &mut GenerationConfig) {
        if let Nullable::Value(seed) = request.seed {
            let fitted = i32::try_from(seed).unwrap_or_else(|_| {
                let [low @ .., _, _, _, _] = seed.to_le_bytes();
                let fitted = i32::from_le_bytes(low) & i32::MAX;
                self.note(NoteKind::Clamped, "seed", format!("to {fitted}; Gemini's have 32 bits"));
                fitted
            });
            config.seed = Nullable::Value(fitted.into());
        }
    }

    fn stop(&mut self, request: &ChatRequest, config: &mut GenerationConfig) {
        let asked = request.stop.get().map(llm_types::Stop::as_slice).unwrap_or_default();
        let mut stops = Vec::with_capacity(asked.len());
        for (index, stop) in asked.iter().enumerate() {
            let reason = match stop.as_str() {
                "" => "Gemini takes no empty stop sequence",
                _ if stops.len() == MOST_STOPS => "Gemini takes five stop sequences at most",
                stop => {
                    stops.push(stop.to_owned());
                    continue;
                }
            };
            let path = if asked.len() == 1 { "stop".to_owned() } else { format!("stop[{index}]") };
            self.drop(path, reason);
        }
        if !stops.is_empty() {
            config.stop_sequences = Nullable::Value(stops);
        }
    }

    fn modalities(
        &mut self,
        request: &ChatRequest,
        config: &mut GenerationConfig,
    ) -> Result<(), EncodeError> {
        if let Nullable::Value(modalities) = &request.modalities {
            let upper = modalities.iter().map(|modality| modality.to_uppercase()).collect();
            config.response_modalities = Nullable::Value(upper);
        }
        let Nullable::Value(audio) = &request.audio else { return Ok(()) };
        // What is said in Google's words, several speakers say.
        if let Some(voice) = audio.voice.get() {
            let name =
                voice.as_str().or_else(|| voice.get("name")?.as_str()).or_else(|| voice.get("id")?.as_str());
            match name {
                Some(name) => config.speech_config = Nullable::Value(speech(name)),
                None => self.unsupported("audio.voice", "Gemini has voices by name only")?,
            }
            let said = if voice.get("name").is_some_and(Value::is_string) { "name" } else { "id" };
            for other in voice.as_object().into_iter().flat_map(Extra::keys).filter(|other| *other != said) {
                self.drop(format!("audio.voice.{other}"), "Gemini has voices by name only");
            }
        }
        if audio.format.as_deref().is_some_and(|format| format != "pcm16") {
            self.note(NoteKind::Converted, "audio.format", "to PCM of 16 bits; Gemini speaks nothing else");
        }
        for name in audio.extra.keys() {
            self.drop(format!("audio.{name}"), "Gemini has no such parameter");
        }
        Ok(())
    }

    fn form(&mut self, request: &ChatRequest, config: &mut GenerationConfig) -> Result<(), EncodeError> {
        let Nullable::Value(form) = &request.response_format else { return Ok(()) };
        match form {
            ResponseFormat::Text(_) => {}
            ResponseFormat::JsonObject(extra) => {
                config.response_mime_type = Nullable::Value(JSON.to_owned());
                // As some clients, and Vertex AI's own examples, say it.
                match extra.get("response_schema") {
                    Some(given) if given.is_object() => {
                        self.schema(given.clone(), "response_format.response_schema", config);
                    }
                    Some(given) if !given.is_null() => {
                        self.drop("response_format.response_schema", "it is no schema of an object");
                    }
                    _ => {}
                }
                for name in extra.keys().filter(|name| *name != "response_schema") {
                    self.drop(format!("response_format.{name}"), "Gemini has no such member");
                }
            }
            ResponseFormat::JsonSchema(part) => {
                const PATH: &str = "response_format.json_schema.schema";
                let format = &part.json_schema;
                let given = format.schema.get().filter(|schema| schema.is_object());
                let given = given.ok_or_else(|| EncodeError::invalid(PATH, "is missing"))?;
                config.response_mime_type = Nullable::Value(JSON.to_owned());
                self.schema(named(format, given), PATH, config);
            }
            ResponseFormat::Unknown(_) => {
                return self.unsupported("response_format", "Gemini has no such form");
            }
        }
        Ok(())
    }

    fn schema(&mut self, given: Value, path: &str, config: &mut GenerationConfig) {
        if self.model.reads_json_schema() {
            config.response_json_schema = Nullable::Value(given);
            return;
        }
        let fitted = schema::fit(&given);
        if !fitted.dropped.is_empty() {
            let detail = format!("to Gemini's subset, without {}", fitted.dropped.join(", "));
            self.note(NoteKind::Converted, path, detail);
        }
        config.response_schema = Nullable::Value(fitted.schema);
    }
}

/// A value; `null` is none.
fn value<T: Clone>(member: &Nullable<T>) -> Nullable<T> {
    member.get().cloned().into()
}

/// A penalty that penalises. Models that know none refuse the word itself.
fn penalty(member: &Nullable<Number>) -> Nullable<Number> {
    member.get().filter(|number| number.as_f64() != Some(0.0)).cloned().into()
}

pub(crate) fn speech(voice: &str) -> SpeechConfig {
    let prebuilt = PrebuiltVoiceConfig {
        voice_name: Nullable::Value(voice.to_owned()),
        ..PrebuiltVoiceConfig::default()
    };
    let voice = VoiceConfig { prebuilt_voice_config: Nullable::Value(prebuilt), ..VoiceConfig::default() };
    SpeechConfig { voice_config: Nullable::Value(voice), ..SpeechConfig::default() }
}

/// The name of a schema that nobody named: OpenAI's need one, Gemini's have none.
pub(crate) const UNNAMED: &str = "answer";

/// The schema with its name and description inside, where it has none of its own.
fn named(format: &JsonSchemaFormat, schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        if format.name != UNNAMED {
            members.entry("title").or_insert_with(|| format.name.clone().into());
        }
        if let Some(description) = format.description.as_deref() {
            members.entry("description").or_insert_with(|| description.into());
        }
    }
    schema
}
