//! A canonical request as a Messages request.

mod betas;
mod blocks;
mod effort;
mod files;
mod form;
mod kept;
mod mcp;
mod messages;
mod schema;
mod tools;

use llm_provider_core::{
    Call, Dialect, EncodeError, McpServer, Note, NoteKind, OnUnsupported, foreign_member, reasoning_said,
    said_already, unplaced_in_calls, unplaced_in_choice, unplaced_in_form,
};
use llm_types::{ChatRequest, Extra, Nullable, OPENAI_ONLY, ServiceTier};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::model::Model;
use crate::wire::{Content, ContentBlock, MessagesRequest, Metadata};

/// Tokens to write where neither the request nor the deployment says how many.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// A request in Anthropic's form, not yet written.
#[derive(Debug)]
pub(crate) struct EncodedWire {
    pub(crate) wire: MessagesRequest,
    pub(crate) betas: Vec<String>,
    pub(crate) notes: Vec<Note>,
}

/// The request as JSON text.
pub(crate) fn to_bytes(wire: &MessagesRequest) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(wire).map_err(|error| EncodeError::invalid("", error.to_string()))
}

pub(crate) fn encode(request: &ChatRequest, call: &Call<'_>) -> Result<EncodedWire, EncodeError> {
    let (request, notes) = reasoning_said(request, call);
    let mut encoder =
        Encoder { call, model: Model::of(call.model), notes, betas: Vec::new(), mcp_servers: Vec::new() };
    let wire = encoder.request(&request)?;
    betas::add(&wire, &mut encoder.betas);
    Ok(EncodedWire { wire, betas: encoder.betas, notes: encoder.notes })
}

/// What is known while a request is written.
struct Encoder<'a> {
    call: &'a Call<'a>,
    model: Model,
    notes: Vec<Note>,
    betas: Vec<String>,
    /// Servers of OpenAI's tools.
    mcp_servers: Vec<McpServer>,
}

impl Encoder<'_> {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    /// Something that Anthropic, or this model, has no place for.
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

    fn request(&mut self, request: &ChatRequest) -> Result<MessagesRequest, EncodeError> {
        let mut wire = MessagesRequest::new(self.call.model, Vec::new());
        wire.max_tokens = request.output_limit().into();
        self.extras(request, &mut wire)?;
        self.messages(request, &mut wire)?;
        self.tools(request, &mut wire)?;
        self.mcp_servers(&mut wire)?;
        self.thinking(request, &mut wire)?;
        self.form(request, &mut wire)?;
        self.forced_tool(request, &mut wire)?;
        self.sampling(request, &mut wire)?;
        self.stop(request, &mut wire);
        self.who(request, &mut wire);
        self.service_tier(request, &mut wire)?;
        if let Nullable::Value(stream) = request.stream {
            wire.stream = Nullable::Value(stream);
        }
        self.lacking(request, &mut wire)?;
        self.notes.extend(unplaced_in_choice(request));
        self.notes.extend(unplaced_in_form(request));
        self.notes.extend(unplaced_in_calls(request));
        self.limit(request, &mut wire);
        Ok(wire)
    }

    /// Members in Anthropic's own words, and those that nobody here knows.
    fn extras(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        for (name, value) in &request.extra {
            match name.as_str() {
                "betas" | "anthropic_beta" => {
                    let betas: Vec<String> = typed(name, value)?.unwrap_or_default();
                    self.betas.extend(betas);
                }
                "top_k" => wire.top_k = typed(name, value)?.into(),
                "cache_control" => wire.cache_control = typed(name, value)?.into(),
                "output_config" => wire.output_config = typed(name, value)?.into(),
                "stop_sequences" => wire.stop_sequences = typed(name, value)?.into(),
                "speed" => wire.speed = typed(name, value)?.into(),
                "inference_geo" => wire.inference_geo = typed(name, value)?.into(),
                "system" => wire.system = typed(name, value)?.into(),
                "container" => wire.container = Nullable::Value(value.clone()),
                "mcp_servers" => wire.mcp_servers = Nullable::Value(value.clone()),
                "context_management" => wire.context_management = Nullable::Value(value.clone()),
                _ if OPENAI_ONLY.contains(&name.as_str()) => {}
                _ => match foreign_member(name, Dialect::AnthropicMessages) {
                    Some(_) if value.is_null() && !self.is_forwarded(name) => {}
                    Some(reason) if !self.is_forwarded(name) => match said_already(request, name, value) {
                        Some(said) => self.note(NoteKind::Converted, name, said),
                        None => self.unsupported(name, reason)?,
                    },
                    _ => drop(wire.extra.insert(name.clone(), value.clone())),
                },
            }
        }
        Ok(())
    }

    /// Models of now take no `temperature`, `top_p` and `top_k`; thinking and a limited temperature exclude
    /// each other.
    fn sampling(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        let thinks = wire
            .thinking
            .get()
            .is_some_and(|thinking| matches!(thinking.r#type.as_str(), "enabled" | "adaptive"));
        let mut temperature = request.temperature.get().cloned();
        let mut top_p = request.top_p.get().cloned();
        let mut top_k = wire.top_k.take();
        let forwarded = |name| self.call.forward.iter().any(|forward| forward == name);
        let keep = (forwarded("temperature"), forwarded("top_p"), forwarded("top_k"));
        if !self.model.takes_sampling() {
            let reason = "this model takes no sampling parameters";
            self.refuse_sampling(&mut temperature, keep.0, "temperature", reason)?;
            self.refuse_sampling(&mut top_p, keep.1, "top_p", reason)?;
            self.refuse_sampling(&mut top_k, keep.2, "top_k", reason)?;
        } else if thinks {
            let reason = "not while thinking";
            if temperature.as_ref().and_then(Number::as_f64) != Some(1.0) {
                self.refuse_sampling(&mut temperature, keep.0, "temperature", reason)?;
            }
            if top_p.as_ref().and_then(Number::as_f64).is_some_and(|top_p| top_p < 0.95) {
                self.refuse_sampling(&mut top_p, keep.1, "top_p", "not below 0.95 while thinking")?;
            }
            self.refuse_sampling(&mut top_k, keep.2, "top_k", reason)?;
        }
        if temperature.is_some() && !self.model.takes_both_samplings() {
            self.refuse_sampling(
                &mut top_p,
                keep.1,
                "top_p",
                "this model takes either `temperature` or `top_p`",
            )?;
        }
        if temperature.as_ref().and_then(Number::as_f64).is_some_and(|temperature| temperature > 1.0) {
            self.note(NoteKind::Clamped, "temperature", "to 1, the most that Anthropic takes");
            temperature = Some(1.into());
        }
        wire.temperature = temperature.into();
        wire.top_p = top_p.into();
        wire.top_k = top_k.into();
        Ok(())
    }

    fn refuse_sampling(
        &mut self,
        value: &mut Option<Number>,
        keep: bool,
        name: &str,
        reason: &str,
    ) -> Result<(), EncodeError> {
        if keep || value.take().is_none() { Ok(()) } else { self.unsupported(name, reason) }
    }

    fn stop(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) {
        let mut stops = wire.stop_sequences.take().unwrap_or_default();
        let asked = request.stop.get().map(llm_types::Stop::as_slice).unwrap_or_default();
        for (index, stop) in asked.iter().enumerate() {
            if stop.trim().is_empty() {
                let path = if asked.len() == 1 { "stop".to_owned() } else { format!("stop[{index}]") };
                self.note(NoteKind::Dropped, path, "Anthropic takes no stop sequence of spaces only");
            } else {
                stops.push(stop.clone());
            }
        }
        if !stops.is_empty() {
            wire.stop_sequences = Nullable::Value(stops);
        }
    }

    /// `metadata.user_id` from whichever member names the end user. Anthropic refuses addresses and numbers
    /// of people there.
    fn who(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) {
        let mut user_id = None;
        for (name, value) in request.metadata.get().into_iter().flatten() {
            match value.as_str() {
                Some(id) if name == "user_id" => user_id = Some(id),
                _ => {
                    self.note(
                        NoteKind::Dropped,
                        format!("metadata.{name}"),
                        "Anthropic keeps `user_id` only",
                    );
                }
            }
        }
        for (name, value) in [("user", &request.user), ("safety_identifier", &request.safety_identifier)] {
            match value.as_deref() {
                None => {}
                Some(id) if names_a_person(id) => {
                    self.note(
                        NoteKind::Dropped,
                        name,
                        "Anthropic takes no e-mail address and no phone number",
                    );
                }
                Some(id) if user_id.is_none_or(|other| other == id) => user_id = Some(id),
                Some(_) => self.note(NoteKind::Dropped, name, "`metadata.user_id` is said already"),
            }
        }
        if let Some(id) = user_id {
            wire.metadata = Nullable::Value(Metadata {
                user_id: Nullable::Value(id.to_owned()),
                extra: Default::default(),
            });
        }
    }

    fn service_tier(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        let Nullable::Value(tier) = &request.service_tier else { return Ok(()) };
        let (said, converted) = match tier {
            ServiceTier::Auto => ("auto", false),
            ServiceTier::Default => ("standard_only", true),
            ServiceTier::Priority => ("auto", true),
            ServiceTier::Other(own) if own == "standard_only" => ("standard_only", false),
            other => return self.unsupported("service_tier", format!("Anthropic has no tier `{other}`")),
        };
        if converted {
            self.note(NoteKind::Converted, "service_tier", format!("to `{said}`"));
        }
        wire.service_tier = Nullable::Value(said.to_owned());
        Ok(())
    }

    /// Everything of OpenAI's that Anthropic lacks. Values that ask for nothing pass without a word.
    fn lacking(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) -> Result<(), EncodeError> {
        let is_zero = |number: &Number| number.as_f64() == Some(0.0);
        for name in request.stream_options.get().into_iter().flat_map(|options| options.extra.keys()) {
            self.note(NoteKind::Dropped, format!("stream_options.{name}"), "Anthropic has no such option");
        }
        for name in OPENAI_ONLY {
            self.lack(name, &request.extra.get(*name).cloned().into(), Value::is_null, wire)?;
        }
        self.lack("audio", &request.audio, |_| false, wire)?;
        self.lack("frequency_penalty", &request.frequency_penalty, is_zero, wire)?;
        self.lack("logit_bias", &request.logit_bias, Extra::is_empty, wire)?;
        self.lack("logprobs", &request.logprobs, |logprobs| !logprobs, wire)?;
        self.lack("modalities", &request.modalities, |all| all.iter().all(|one| one == "text"), wire)?;
        self.lack("n", &request.n, |n| *n == 1, wire)?;
        self.lack("prediction", &request.prediction, |_| false, wire)?;
        self.lack("presence_penalty", &request.presence_penalty, is_zero, wire)?;
        self.lack("prompt_cache_key", &request.prompt_cache_key, |_| false, wire)?;
        self.lack("prompt_cache_retention", &request.prompt_cache_retention, |_| false, wire)?;
        self.lack("seed", &request.seed, |_| false, wire)?;
        self.lack("store", &request.store, |store| !store, wire)?;
        self.lack("top_logprobs", &request.top_logprobs, |count| *count == 0, wire)?;
        self.lack("verbosity", &request.verbosity, |_| false, wire)
    }

    fn lack<T: serde::Serialize>(
        &mut self,
        name: &str,
        value: &Nullable<T>,
        is_nothing: impl Fn(&T) -> bool,
        wire: &mut MessagesRequest,
    ) -> Result<(), EncodeError> {
        match value.get() {
            Some(value) if self.is_forwarded(name) => {
                let value =
                    serde_json::to_value(value).map_err(|why| EncodeError::invalid(name, why.to_string()))?;
                wire.extra.insert(name.to_owned(), value);
                Ok(())
            }
            Some(value) if !is_nothing(value) => self.unsupported(name, "Anthropic has no such parameter"),
            _ => Ok(()),
        }
    }

    /// `max_tokens`, which Anthropic demands and which must exceed the budget of thinking.
    fn limit(&mut self, request: &ChatRequest, wire: &mut MessagesRequest) {
        if let (Some(newer), Some(older)) = (request.max_completion_tokens.get(), request.max_tokens.get())
            && newer != older
        {
            self.note(NoteKind::Dropped, "max_tokens", "`max_completion_tokens` is said too and wins");
        }
        let name = match (&request.max_completion_tokens, &request.max_tokens) {
            (Nullable::Value(_), _) => "max_completion_tokens",
            _ => "max_tokens",
        };
        let budget = wire.thinking.get().and_then(|thinking| thinking.budget_tokens.get()).copied();
        let limit = match (wire.max_tokens.get().copied(), budget) {
            (Some(limit), Some(budget)) if limit <= budget => {
                let raised = budget.saturating_add(limit.max(1));
                self.note(
                    NoteKind::Clamped,
                    name,
                    format!("raised to {raised}, above the budget of thinking"),
                );
                raised
            }
            (Some(limit), _) => limit,
            (None, budget) => {
                let room = self.call.default_max_tokens.unwrap_or(DEFAULT_MAX_TOKENS);
                let limit = match budget {
                    Some(budget) if room <= budget || self.call.default_max_tokens.is_none() => {
                        budget.saturating_add(room)
                    }
                    _ => room,
                };
                self.note(NoteKind::Defaulted, "max_tokens", format!("to {limit}; Claude demands a limit"));
                limit
            }
        };
        wire.max_tokens = Nullable::Value(limit);
    }
}

/// A member in Anthropic's own form; `null` counts as absent.
fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<Option<T>, EncodeError> {
    llm_types::from_value(value.clone()).map_err(|error| {
        let path = if error.path.is_empty() { name.to_owned() } else { format!("{name}.{}", error.path) };
        EncodeError::invalid(path, error.message)
    })
}

/// Whether a name is an e-mail address or looks like a phone number.
fn names_a_person(id: &str) -> bool {
    let is_number = id.len() >= 7
        && id.bytes().all(|byte| byte.is_ascii_digit() || b"+-() ".contains(&byte))
        && (id.starts_with(['+', '(']) || id.contains([' ', '-']));
    is_number || id.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// The system prompt or a message: in short where it came so and is only text.
fn content(mut blocks: Vec<ContentBlock>, is_plain: bool) -> Content {
    if is_plain
        && let [ContentBlock::Text(text)] = blocks.as_mut_slice()
        && text.cache_control.is_absent()
        && text.citations.is_absent()
        && text.extra.is_empty()
    {
        return Content::Text(std::mem::take(&mut text.text));
    }
    Content::Blocks(blocks)
}
