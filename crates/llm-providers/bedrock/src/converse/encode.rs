//! A canonical request as a Converse request.

mod betas;
mod claude;
mod documents;
mod effort;
mod form;
mod kept;
mod media;
mod messages;
mod pieces;
mod said;
mod tools;

use llm_provider_core::{
    Call, Dialect, EncodeError, Note, NoteKind, OnUnsupported, foreign_member, reasoning_said, said_already,
    unplaced_in_calls, unplaced_in_choice, unplaced_in_form,
};
use llm_types::{ChatRequest, Extra, Nullable, OPENAI_ONLY, ServiceTier as Tier, Stop};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::claude_tools::SERVERS;
use crate::model::{Family, Model};
use crate::wire::{ConverseRequest, InferenceConfig, OutputConfig, ServiceTier};

pub(crate) use betas::add as add_betas;
pub(crate) use said::is_signed;

/// A request in Converse's form, not yet written.
#[derive(Debug)]
pub(crate) struct EncodedWire {
    pub(crate) wire: ConverseRequest,
    pub(crate) notes: Vec<Note>,
}

pub(crate) fn encode(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<EncodedWire, EncodeError> {
    let (request, notes) = reasoning_said(request, call);
    let mut encoder = Encoder { call, model, notes, own: Extra::new() };
    let mut wire = encoder.request(&request)?;
    if !encoder.own.is_empty() {
        wire.additional_model_request_fields = Nullable::Value(encoder.own);
    }
    Ok(EncodedWire { wire, notes: encoder.notes })
}

/// The request as JSON text.
pub(crate) fn to_bytes(wire: &impl serde::Serialize) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(wire).map_err(|error| EncodeError::invalid("", error.to_string()))
}

/// What is known while a request is written.
struct Encoder<'a> {
    call: &'a Call<'a>,
    model: Model<'a>,
    notes: Vec<Note>,
    /// What the model is told in its own words.
    own: Extra,
}

/// Members of a Converse request that a client may use as they are.
const OWN_WORDS: &[&str] = &[
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
];

impl Encoder<'_> {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    /// Something that Bedrock, or this model, has no place for.
    fn unsupported(&mut self, path: impl Into<String>, reason: impl Into<String>) -> Result<(), EncodeError> {
        match self.call.unsupported {
            OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
            OnUnsupported::Drop => {
                self.note(NoteKind::Dropped, path, reason);
                Ok(())
            }
        }
    }

    /// Whether a member is to be sent although it is said to be lacking.
    fn is_forwarded(&self, name: &str) -> bool {
        self.call.forward.iter().any(|forward| forward == name)
    }

    fn request(&mut self, request: &ChatRequest) -> Result<ConverseRequest, EncodeError> {
        let mut wire = ConverseRequest::default();
        self.own_words(request, &mut wire)?;
        self.messages(request, &mut wire)?;
        if self.model.family == Family::Claude {
            self.claude(request, &mut wire)?;
        } else {
            self.sampling(request, &mut wire)?;
            self.tools(request, &mut wire)?;
            self.effort(request, &mut wire)?;
            self.form(request, &mut wire)?;
            self.notes.extend(unplaced_in_choice(request));
            self.notes.extend(unplaced_in_form(request));
        }
        self.notes.extend(unplaced_in_calls(request));
        self.labels(request, &mut wire);
        self.service_tier(request, &mut wire)?;
        self.lacking(request)?;
        Ok(wire)
    }

    /// Members in Converse's own words; what nobody here knows is the model's own.
    fn own_words(&mut self, request: &ChatRequest, wire: &mut ConverseRequest) -> Result<(), EncodeError> {
        for (name, value) in &request.extra {
            match name.as_str() {
                "additionalModelRequestFields" => {
                    if let Some(fields) = typed::<Extra>(name, value)? {
                        self.own.extend(fields);
                    }
                }
                "additionalModelResponseFieldPaths" => {
                    wire.additional_model_response_field_paths = typed(name, value)?.into();
                }
                "inferenceConfig" => wire.inference_config = typed::<InferenceConfig>(name, value)?.into(),
                "outputConfig" => wire.output_config = typed::<OutputConfig>(name, value)?.into(),
                "requestMetadata" => wire.request_metadata = typed(name, value)?.into(),
                "serviceTier" => {
                    wire.service_tier = match value.as_str() {
                        Some(tier) => ServiceTier { r#type: tier.to_owned(), extra: Extra::new() }.into(),
                        None => typed::<ServiceTier>(name, value)?.into(),
                    };
                }
                "guardrailConfig" => {
                    wire.guardrail_config = Nullable::Value(self.guardrail(value, request.streams()));
                }
                "performanceConfig" => wire.performance_config = Nullable::Value(value.clone()),
                "promptVariables" => wire.prompt_variables = Nullable::Value(value.clone()),
                // The Anthropic translator reads these.
                "anthropic_beta" | "betas" | "output_config" | "top_k" | "stop_sequences"
                    if self.model.family == Family::Claude => {}
                // It is told with the tools that are left out.
                SERVERS if self.model.family == Family::Claude && !self.is_forwarded(SERVERS) => {}
                "top_k" => self.top_k(value),
                "cache_control" => {
                    self.note(NoteKind::Dropped, "cache_control", "Bedrock keeps prompts up to marks only");
                }
                _ if OPENAI_ONLY.contains(&name.as_str()) => {}
                _ => match self.foreign(name) {
                    None => drop(self.own.insert(name.clone(), value.clone())),
                    Some(_) if value.is_null() => {}
                    Some(reason) => match said_already(request, name, value) {
                        Some(said) => self.note(NoteKind::Converted, name, said),
                        None => self.unsupported(name, reason)?,
                    },
                },
            }
        }
        Ok(())
    }

    /// Why a member means nothing to the model; Claude knows what Anthropic's API knows.
    fn foreign(&self, name: &str) -> Option<&'static str> {
        let claude =
            self.model.family == Family::Claude && foreign_member(name, Dialect::AnthropicMessages).is_none();
        foreign_member(name, Dialect::BedrockConverse).filter(|_| !claude && !self.is_forwarded(name))
    }

    /// How a stream is looked at can be said of a stream only.
    fn guardrail(&mut self, value: &Value, streams: bool) -> Value {
        let mut value = value.clone();
        if !streams
            && let Some(members) = value.as_object_mut()
            && members.shift_remove("streamProcessingMode").is_some()
        {
            self.note(
                NoteKind::Dropped,
                "guardrailConfig.streamProcessingMode",
                "the answer is not streamed",
            );
        }
        value
    }

    fn top_k(&mut self, value: &Value) {
        match self.model.family {
            Family::Nova | Family::Nova2 => {
                let config = self.own.entry("inferenceConfig").or_insert_with(|| Value::Object(Extra::new()));
                if let Some(config) = config.as_object_mut() {
                    config.insert("topK".to_owned(), value.clone());
                }
            }
            Family::Cohere => {
                self.own.insert("k".to_owned(), value.clone());
            }
            _ => {
                self.own.insert("top_k".to_owned(), value.clone());
            }
        }
    }

    fn sampling(&mut self, request: &ChatRequest, wire: &mut ConverseRequest) -> Result<(), EncodeError> {
        let mut config = wire.inference_config.take().unwrap_or_default();
        if let Some(limit) = request.output_limit() {
            config.max_tokens = Nullable::Value(self.least_limit(limit));
            self.both_limits(request);
        }
        if let Nullable::Value(temperature) = &request.temperature {
            config.temperature = Nullable::Value(self.at_most_one("temperature", temperature));
        }
        if let Nullable::Value(top_p) = &request.top_p {
            config.top_p = Nullable::Value(self.at_most_one("top_p", top_p));
        }
        let mut stops = config.stop_sequences.take().unwrap_or_default();
        for (index, stop) in request.stop.get().map(Stop::as_slice).unwrap_or_default().iter().enumerate() {
            if stop.is_empty() {
                self.note(NoteKind::Dropped, format!("stop[{index}]"), "Bedrock takes no empty stop text");
            } else {
                stops.push(stop.clone());
            }
        }
        if !stops.is_empty() {
            config.stop_sequences = Nullable::Value(stops);
        }
        if config != InferenceConfig::default() {
            wire.inference_config = Nullable::Value(config);
        }
        Ok(())
    }

    /// Two limits may be said; the newer one counts.
    fn both_limits(&mut self, request: &ChatRequest) {
        if let (Some(newer), Some(older)) = (request.max_completion_tokens.get(), request.max_tokens.get())
            && newer != older
        {
            self.note(NoteKind::Dropped, "max_tokens", "`max_completion_tokens` is said too and wins");
        }
    }

    /// Some models write 16 tokens at least.
    ///
    /// Source: Amazon Bedrock User Guide, model cards of OpenAI's, xAI's and Moonshot's models, read 2026-11.
    fn least_limit(&mut self, limit: u64) -> u64 {
        const LEAST: u64 = 16;
        let has_least = self.model.family == Family::Gpt
            || ["xai.", "kimi-k3"].iter().any(|part| self.model.id.contains(part));
        if has_least && limit < LEAST {
            self.note(NoteKind::Clamped, "max_tokens", "raised to 16, the least that this model writes");
            return LEAST;
        }
        limit.max(1)
    }

    fn at_most_one(&mut self, name: &str, number: &Number) -> Number {
        match number.as_f64() {
            Some(value) if value > 1.0 => {
                self.note(NoteKind::Clamped, name, "to 1, the most that Bedrock takes");
                Number::from(1)
            }
            _ => number.clone(),
        }
    }

    fn labels(&mut self, request: &ChatRequest, wire: &mut ConverseRequest) {
        let mut labels = wire.request_metadata.take().unwrap_or_default();
        add_labels(request.metadata.get(), &mut labels, &mut self.notes);
        if !labels.is_empty() {
            wire.request_metadata = Nullable::Value(labels);
        }
    }

    fn service_tier(&mut self, request: &ChatRequest, wire: &mut ConverseRequest) -> Result<(), EncodeError> {
        let Nullable::Value(tier) = &request.service_tier else { return Ok(()) };
        let said = match tier {
            Tier::Auto => {
                self.note(NoteKind::Converted, "service_tier", "to `default`");
                "default"
            }
            Tier::Default => "default",
            Tier::Flex => "flex",
            Tier::Priority => "priority",
            Tier::Other(own) if own == "reserved" => "reserved",
            other => return self.unsupported("service_tier", format!("Bedrock has no tier `{other}`")),
        };
        wire.service_tier = Nullable::Value(ServiceTier { r#type: said.to_owned(), extra: Extra::new() });
        Ok(())
    }

    /// Everything of OpenAI's that Converse lacks. Values that ask for nothing pass without a word.
    fn lacking(&mut self, request: &ChatRequest) -> Result<(), EncodeError> {
        if let Some(options) = request.stream_options.get() {
            self.leftover(&options.extra, &[], "stream_options");
        }
        let is_zero = |number: &Number| number.as_f64() == Some(0.0);
        for name in OPENAI_ONLY {
            self.lack(name, &request.extra.get(*name).cloned().into(), Value::is_null)?;
        }
        self.lack("audio", &request.audio, |_| false)?;
        self.lack("frequency_penalty", &request.frequency_penalty, is_zero)?;
        self.lack("logit_bias", &request.logit_bias, Extra::is_empty)?;
        self.lack("logprobs", &request.logprobs, |logprobs| !logprobs)?;
        self.lack("modalities", &request.modalities, |all| all.iter().all(|one| one == "text"))?;
        self.lack("n", &request.n, |n| *n == 1)?;
        self.lack("prediction", &request.prediction, |_| false)?;
        self.lack("presence_penalty", &request.presence_penalty, is_zero)?;
        self.lack("prompt_cache_key", &request.prompt_cache_key, |_| false)?;
        self.lack("prompt_cache_retention", &request.prompt_cache_retention, |_| false)?;
        self.lack("safety_identifier", &request.safety_identifier, |_| false)?;
        self.lack("seed", &request.seed, |_| false)?;
        self.lack("store", &request.store, |store| !store)?;
        self.lack("top_logprobs", &request.top_logprobs, |count| *count == 0)?;
        self.lack("user", &request.user, |_| false)?;
        self.lack("verbosity", &request.verbosity, |_| false)
    }

    fn lack<T: serde::Serialize>(
        &mut self,
        name: &str,
        value: &Nullable<T>,
        is_nothing: impl Fn(&T) -> bool,
    ) -> Result<(), EncodeError> {
        match value.get() {
            Some(value) if self.is_forwarded(name) => {
                let value =
                    serde_json::to_value(value).map_err(|why| EncodeError::invalid(name, why.to_string()))?;
                self.own.insert(name.to_owned(), value);
                Ok(())
            }
            Some(value) if !is_nothing(value) => self.unsupported(name, "Converse has no such parameter"),
            _ => Ok(()),
        }
    }

    /// Members that have no place over there.
    fn leftover(&mut self, extra: &Extra, known: &[&str], path: &str) {
        for name in extra.keys().filter(|name| !known.contains(&name.as_str())) {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Bedrock has no place for it");
        }
    }
}

/// Labels of a stored answer are labels in Bedrock's logs, as far as their letters are taken there.
///
/// Source: Amazon Bedrock API Reference, "Converse", `requestMetadata`, read 2026-11.
pub(crate) fn add_labels(metadata: Option<&Extra>, labels: &mut Extra, notes: &mut Vec<Note>) {
    const MOST: usize = 16;
    const LONGEST: usize = 256;
    let is_taken = |byte: u8| byte.is_ascii_alphanumeric() || b" :_@$#=/+,-.".contains(&byte);
    let fits = |text: &str| text.len() <= LONGEST && text.bytes().all(is_taken);
    for (name, value) in metadata.into_iter().flatten() {
        match value.as_str() {
            Some(text) if !name.is_empty() && fits(name) && fits(text) && labels.len() < MOST => {
                labels.insert(name.clone(), value.clone());
            }
            _ => notes.push(Note::dropped(
                format!("metadata.{name}"),
                format!("Bedrock takes {MOST} labels of plain letters"),
            )),
        }
    }
}

/// Whether a member of a request is Converse's own word.
pub(crate) fn is_own_word(name: &str) -> bool {
    OWN_WORDS.contains(&name)
}

/// A member in Bedrock's own form; `null` counts as absent.
fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<Option<T>, EncodeError> {
    llm_types::from_value(value.clone()).map_err(|error| {
        let path = if error.path.is_empty() { name.to_owned() } else { format!("{name}.{}", error.path) };
        EncodeError::invalid(path, error.message)
    })
}
