//! A whole answer in canonical form.

use http::Response;
use llm_provider_core::UpstreamError;
use llm_types::{ChatResponse, Choice, Extra, FinishReason, Message, Nullable, Role};
use serde_json::Value;

use crate::ending::{Ending, NATIVE};
use crate::turn::Turn;
use crate::wire::{Candidate, GenerateContentResponse};
use crate::{logprobs, usage};

pub(crate) fn decode(response: &Response<&[u8]>) -> Result<ChatResponse, UpstreamError> {
    let unreadable =
        |why: &dyn std::fmt::Display| UpstreamError::unreadable(response.status(), response.body(), why);
    let wire: GenerateContentResponse =
        llm_types::from_slice(response.body()).map_err(|why| unreadable(&why))?;
    if wire.candidates.is_absent() && wire.prompt_feedback.is_absent() && wire.usage_metadata.is_absent() {
        return Err(unreadable(&"it has neither candidates nor a word on the prompt"));
    }
    Ok(read(wire))
}

pub(crate) fn read(wire: GenerateContentResponse) -> ChatResponse {
    let seed = wire.response_id.as_deref().unwrap_or_default().to_owned();
    let candidates = wire.candidates.into_option().unwrap_or_default();
    let mut choices: Vec<Choice> = candidates
        .into_iter()
        .enumerate()
        .map(|(at, candidate)| {
            let index = candidate.index.get().copied().unwrap_or(u32::try_from(at).unwrap_or(u32::MAX));
            choice(candidate, index, &seed_of(&seed, index))
        })
        .collect();
    let feedback = wire.prompt_feedback.into_option();
    if choices.is_empty() {
        choices.push(nothing(feedback.as_ref()));
    }
    let mut specifics = wire.extra;
    if let Some(feedback) = feedback {
        specifics.insert("prompt_feedback".to_owned(), feedback);
    }
    let mut response = ChatResponse {
        choices,
        id: wire.response_id,
        object: Nullable::Value("chat.completion".to_owned()),
        // Gemini tells no time; whoever knows the clock puts it in.
        created: Nullable::Absent,
        model: wire.model_version,
        usage: Nullable::Absent,
        service_tier: Nullable::Absent,
        system_fingerprint: Nullable::Absent,
        provider_specific_fields: Nullable::Absent,
        extra: Extra::new(),
    };
    if let Some(told) = wire.usage_metadata.get() {
        response.usage = Nullable::Value(usage::canonical(told));
        response.service_tier = usage::tier(told).into();
    }
    if !specifics.is_empty() {
        response.provider_specific_fields = Nullable::Value(specifics);
    }
    response
}

/// What the names of calls are made of, different for every choice.
pub(crate) fn seed_of(response_id: &str, index: u32) -> String {
    if index > 0 && !response_id.is_empty() {
        format!("{response_id}_{index}")
    } else {
        response_id.to_owned()
    }
}

fn choice(mut candidate: Candidate, index: u32, seed: &str) -> Choice {
    let mut ending = Ending::default();
    let logprobs = candidate.logprobs_result.take();
    ending.take(&mut candidate);
    let mut turn = Turn::default();
    if let Some(logprobs) = &logprobs {
        ending.keep(logprobs::beside(logprobs));
    }
    let parts = candidate.content.take().and_then(|content| {
        ending.keep(content.extra);
        content.parts.into_option()
    });
    for part in parts.into_iter().flatten() {
        turn.add(part, seed);
    }
    turn.finish();
    let finish = ending.finish_reason(turn.has_calls());
    let annotations = ending.annotations(turn.text());
    let extra = ending.choice_extra();
    let message = turn.into_message(annotations, ending.into_specifics());
    Choice {
        index: Nullable::Value(index),
        logprobs: logprobs.as_ref().and_then(logprobs::canonical).into(),
        extra,
        ..Choice::new(message, finish)
    }
}

/// The answer where Gemini gives none: the prompt was blocked, or there is nothing to say.
pub(crate) fn nothing(feedback: Option<&Value>) -> Choice {
    let mut message = Message::empty(Role::Assistant);
    message.content = Nullable::Null;
    let blocked = blocked(feedback);
    let mut choice = Choice::new(message, FinishReason::Stop);
    if let Some(reason) = blocked {
        choice.finish_reason = Nullable::Value(FinishReason::ContentFilter);
        let own = Extra::from_iter([(NATIVE.to_owned(), reason.into())]);
        choice.extra.insert("provider_specific_fields".to_owned(), Value::Object(own));
    }
    choice
}

/// Why a prompt was blocked.
pub(crate) fn blocked(feedback: Option<&Value>) -> Option<&str> {
    feedback?.get("blockReason")?.as_str()
}
