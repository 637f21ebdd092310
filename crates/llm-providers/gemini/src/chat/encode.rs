//! A canonical request as a `generateContent` request.

mod config;
mod messages;
mod own;
mod parts;
mod thinking;
mod tools;

pub(crate) use config::{UNNAMED, speech};
pub(crate) use messages::FOREIGN_SIGNATURE;
pub(crate) use parts::{DISPLAY_NAME, OWN_PART};

use std::borrow::Cow;

use llm_provider_core::{
    Call, Dialect, EncodeError, Note, NoteKind, OnUnsupported, foreign_member, reasoning_said, said_already,
    unplaced_in_calls, unplaced_in_choice, unplaced_in_form,
};
use llm_types::{ChatRequest, Extra, Nullable, OPENAI_ONLY, ResponseFormat, ServiceTier};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::generate::Platform;
use crate::model::Model;
use crate::wire::GenerateContentRequest;

/// The request as JSON text.
pub(crate) fn to_bytes<T: Serialize>(wire: &T) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(wire).map_err(|error| EncodeError::invalid("", error.to_string()))
}

pub(crate) fn encode(
    request: &ChatRequest,
    call: &Call<'_>,
    platform: Platform,
) -> Result<(GenerateContentRequest, Vec<Note>), EncodeError> {
    let (request, notes) = reasoning_said(request, call);
    let mut encoder = Encoder { call, platform, model: Model::of(call.model), notes };
    let wire = encoder.request(&request)?;
    Ok((wire, encoder.notes))
}

/// What is known while a request is written.
struct Encoder<'a> {
    call: &'a Call<'a>,
    platform: Platform,
    model: Model,
    notes: Vec<Note>,
}

impl Encoder<'_> {
    fn note(&mut self, kind: NoteKind, path: impl Into<String>, detail: impl Into<String>) {
        self.notes.push(Note::new(kind, path, detail));
    }

    fn drop(&mut self, path: impl Into<String>, detail: impl Into<String>) {
        self.note(NoteKind::Dropped, path, detail);
    }

    /// Something that Gemini, or this model, has no place for.
    fn unsupported(&mut self, path: impl Into<String>, reason: impl Into<String>) -> Result<(), EncodeError> {
        match self.call.unsupported {
            OnUnsupported::Reject => Err(EncodeError::unsupported(path, reason)),
            OnUnsupported::Drop => {
                self.drop(path, reason);
                Ok(())
            }
        }
    }

    /// Whether a member is to be sent although it is said to be lacking.
    fn is_forwarded(&self, name: &str) -> bool {
        self.call.forward.iter().any(|forward| forward == name)
    }

    fn request(&mut self, request: &ChatRequest) -> Result<GenerateContentRequest, EncodeError> {
        let extra = self.without_foreign(request)?;
        let own = own::Own::of(&extra);
        let mut wire = GenerateContentRequest::default();
        self.messages(request, &mut wire)?;
        self.tools(request, &own, &mut wire)?;
        self.config(request, &own, &mut wire)?;
        self.service_tier(request, &mut wire)?;
        self.labels(request, &mut wire);
        self.lacking(request, &mut wire)?;
        self.notes.extend(unplaced_in_choice(request));
        // What stands beside `json_object` is told with the form.
        if !matches!(request.response_format.get(), Some(ResponseFormat::JsonObject(_))) {
            self.notes.extend(unplaced_in_form(request));
        }
        // A signature may stand in a call's function.
        let is_signed = |note: &Note| note.path.ends_with(".function.provider_specific_fields");
        self.notes.extend(unplaced_in_calls(request).into_iter().filter(|note| !is_signed(note)));
        own.apply(&mut wire, &mut self.notes)?;
        Ok(wire)
    }

    /// Members beside the canonical ones, without those that other vendors alone know: Gemini refuses names that it does not
    /// know.
    fn without_foreign<'r>(&mut self, request: &'r ChatRequest) -> Result<Cow<'r, Extra>, EncodeError> {
        let mut extra = Cow::Borrowed(&request.extra);
        for (name, value) in &request.extra {
            if name == "cache_control" && !self.is_forwarded(name) {
                extra.to_mut().shift_remove(name);
                self.cache_marker(name);
                continue;
            }
            let Some(reason) = foreign_member(name, Dialect::Gemini).filter(|_| !self.is_forwarded(name))
            else {
                continue;
            };
            extra.to_mut().shift_remove(name);
            if let Some(said) = said_already(request, name, value) {
                self.note(NoteKind::Converted, name, said);
            } else if !value.is_null() {
                self.unsupported(name, reason)?;
            }
        }
        Ok(extra)
    }

    /// Source: Gemini API reference, "generateContent", `serviceTier`: `standard`, `flex`, `priority`.
    fn service_tier(
        &mut self,
        request: &ChatRequest,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        let Nullable::Value(tier) = &request.service_tier else { return Ok(()) };
        let said = match tier {
            ServiceTier::Auto => {
                self.drop("service_tier", "Gemini chooses by itself");
                return Ok(());
            }
            _ if self.platform == Platform::Vertex => {
                return self.unsupported("service_tier", "Vertex AI tells the class of service by a header");
            }
            ServiceTier::Default => "standard",
            ServiceTier::Flex | ServiceTier::Priority => tier.as_str(),
            ServiceTier::Other(own) if own == "standard" => "standard",
            other => return self.unsupported("service_tier", format!("Gemini has no tier `{other}`")),
        };
        if said != tier.as_str() {
            self.note(NoteKind::Converted, "service_tier", format!("to `{said}`"));
        }
        wire.service_tier = Nullable::Value(said.to_owned());
        Ok(())
    }

    /// Labels are for the bill on Vertex AI; the Gemini API has none.
    fn labels(&mut self, request: &ChatRequest, wire: &mut GenerateContentRequest) {
        let Nullable::Value(metadata) = &request.metadata else { return };
        if self.platform != Platform::Vertex {
            self.drop("metadata", "Gemini keeps no labels");
            return;
        }
        let mut labels = Extra::new();
        for (name, value) in metadata {
            if value.is_string() {
                labels.insert(name.clone(), value.clone());
            } else {
                self.drop(format!("metadata.{name}"), "labels are texts");
            }
        }
        if !labels.is_empty() {
            wire.labels = Nullable::Value(labels);
        }
    }

    /// Everything of OpenAI's that Gemini lacks. Values that ask for nothing pass without a word; what would not
    /// change the answer is left out with a note, in any case.
    fn lacking(
        &mut self,
        request: &ChatRequest,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        for name in request.stream_options.get().into_iter().flat_map(|options| options.extra.keys()) {
            self.note(NoteKind::Dropped, format!("stream_options.{name}"), "Gemini has no such option");
        }
        for name in OPENAI_ONLY {
            self.lack(name, &request.extra.get(*name).cloned().into(), Value::is_null, wire)?;
        }
        self.lack("logit_bias", &request.logit_bias, Extra::is_empty, wire)?;
        self.lack("prediction", &request.prediction, |_| false, wire)?;
        self.lack("verbosity", &request.verbosity, |_| false, wire)?;
        for (name, is_said, reason) in [
            ("user", request.user.is_value(), "Gemini knows no end users"),
            ("safety_identifier", request.safety_identifier.is_value(), "Gemini knows no end users"),
            (
                "prompt_cache_key",
                request.prompt_cache_key.is_value(),
                "Gemini finds cached prefixes by itself",
            ),
            (
                "prompt_cache_retention",
                request.prompt_cache_retention.is_value(),
                "Gemini keeps cached prefixes by itself",
            ),
            ("store", request.store.get() == Some(&true), "Gemini keeps no answers"),
        ] {
            if is_said {
                self.drop(name, reason);
            }
        }
        Ok(())
    }

    fn lack<T: Serialize>(
        &mut self,
        name: &str,
        value: &Nullable<T>,
        is_nothing: impl Fn(&T) -> bool,
        wire: &mut GenerateContentRequest,
    ) -> Result<(), EncodeError> {
        match value.get() {
            Some(value) if self.is_forwarded(name) => {
                let value =
                    serde_json::to_value(value).map_err(|why| EncodeError::invalid(name, why.to_string()))?;
                wire.extra.insert(name.to_owned(), value);
                Ok(())
            }
            Some(value) if !is_nothing(value) => self.unsupported(name, "Gemini has no such parameter"),
            _ => Ok(()),
        }
    }
}

/// A member in Gemini's own form; `null` counts as absent.
fn typed<T: DeserializeOwned>(name: &str, value: &Value) -> Result<Option<T>, EncodeError> {
    llm_types::from_value(value.clone()).map_err(|error| {
        let path = if error.path.is_empty() { name.to_owned() } else { format!("{name}.{}", error.path) };
        EncodeError::invalid(path, error.message)
    })
}
