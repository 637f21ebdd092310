//! Endpoints that generate text from a prompt: Text Generation Inference and what is like it.
//!
//! Source: Hugging Face docs, "Text Generation Inference", "Messages and generate API", and Amazon SageMaker docs, "Use
//! JumpStart foundation models", read 2026-11.

use http::{Response, Uri, request};
use llm_provider_core::{Call, EncodeError, Framing, NoteKind, SseEvent, UpstreamError};
use llm_provider_envelope::{
    Envelope, Opened, Opener, beside, leave_out, one_limit, plain_history, said_by_prompt, unknown,
    unknown_beside,
};
use llm_provider_openai::Changes;
use llm_provider_words::{Keeps, answer, last, piece, plain, prompt, turns};
use llm_types::{ChatRequest, Extra, Nullable};
use serde_json::{Number, Value, json};

use crate::records::Records;
use crate::{error, head};

/// Members of OpenAI's requests that have no place there.
const LACKS: &[&str] = &[
    "audio",
    "logit_bias",
    "logprobs",
    "metadata",
    "modalities",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "store",
    "stream_options",
    "tool_choice",
    "tools",
    "top_logprobs",
    "user",
    "verbosity",
    "web_search_options",
];

/// The least temperature that is taken.
const COLD: f64 = 0.01;

/// Generation behind an endpoint.
#[derive(Debug)]
pub(crate) struct TextEndpoint;

impl Envelope for TextEndpoint {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        one_limit(request, changes);
        said_by_prompt(request, changes);
        plain_history(request, changes);
        plain(request, Keeps { images: false, files: false }, changes);
        if request.thinking.take().is_some() {
            changes.lost(NoteKind::Dropped, "thinking", "the vendor has no such parameter");
        }
        if request.temperature.get().is_some_and(|temperature| temperature.as_f64() == Some(0.0)) {
            request.temperature = Number::from_f64(COLD).map_or(Nullable::Absent, Nullable::Value);
            changes.note(NoteKind::Clamped, "temperature", COLD.to_string());
        }
        Ok(())
    }

    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        head::uri(request.streams(), call)
    }

    fn wrap(&self, mut body: Extra, request: &ChatRequest, _: &Call<'_>) -> Result<Extra, EncodeError> {
        body.retain(|_, value| !value.is_null());
        let messages = body.shift_remove("messages").unwrap_or_default();
        for name in ["model", "stream"] {
            body.shift_remove(name);
        }
        let limits = ["max_completion_tokens", "max_tokens"].map(|name| body.shift_remove(name));
        if let Some(limit) = limits.into_iter().flatten().next() {
            body.insert("max_new_tokens".to_owned(), limit);
        }
        if let Some(stop) = body.get_mut("stop").filter(|stop| stop.is_string()) {
            *stop = json!([stop.take()]);
        }
        if let Some(count) = body.shift_remove("n") {
            body.insert("best_of".to_owned(), count);
            body.insert("do_sample".to_owned(), true.into());
        }
        let mut whole = Extra::new();
        whole.insert("inputs".to_owned(), prompt(&turns(&messages)).into());
        whole.insert("parameters".to_owned(), body.into());
        if request.streams() {
            whole.insert("stream".to_owned(), true.into());
        }
        Ok(whole)
    }

    fn seal(&self, parts: &mut request::Parts, body: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        let streams = parts.uri.path().ends_with("-response-stream");
        head::seal(parts, streams, body, call)
    }

    fn refusal(&self, response: &Response<&[u8]>) -> Option<UpstreamError> {
        error::refusal(response)
    }

    fn unwrap(&self, said: Value) -> Value {
        let one = said.get(0).unwrap_or(&said);
        let text =
            ["generated_text", "generation", "outputs", "generated_texts"].into_iter().find_map(|name| {
                let text = &one[name];
                text.as_str().or_else(|| text.get(0)?.as_str())
            });
        let Some(text) = text else { return said };
        let details = &one["details"];
        let mut answer = answer(text, reason(details), usage(details));
        answer["id"] = "sagemaker".into();
        if details.is_object() {
            answer["provider_specific_fields"] = json!({ "details": details });
        }
        beside(&mut answer, unknown_beside(one, &["details"], WHOLE));
        answer
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Tokens::default())
    }

    fn framing(&self) -> Framing {
        Framing::EventStream
    }
}

/// Members of whole answers that are told in OpenAI's words or whole.
const WHOLE: &[&str] = &["generated_text", "generated_texts", "generation", "outputs"];

/// Members of records that are told in OpenAI's words, or are what makes a token one.
const RECORD: &[&str] = &[
    "details",
    "finish_reason",
    "generated_text",
    "generated_tokens",
    "generation",
    "id",
    "index",
    "input_length",
    "logprob",
    "outputs",
    "prefill",
    "special",
    "stop_reason",
    "text",
    "token",
];

/// OpenAI's word for why the container stopped.
fn reason(details: &Value) -> &str {
    match details["finish_reason"].as_str() {
        Some("length") => "length",
        _ => "stop",
    }
}

/// Tokens, where both counts are told.
fn usage(details: &Value) -> Option<Value> {
    let written = details["generated_tokens"].as_u64()?;
    let read = details["input_length"].as_u64().or_else(|| {
        details["prefill"].as_array().map(Vec::len).filter(|length| *length > 0).map(|length| length as u64)
    })?;
    Some(
        json!({ "prompt_tokens": read, "completion_tokens": written, "total_tokens": read.saturating_add(written) }),
    )
}

/// The tokens of one stream.
#[derive(Debug, Default)]
struct Tokens {
    records: Records,
    has_begun: bool,
}

impl Opener for Tokens {
    fn open(&mut self, event: &SseEvent<'_>) -> Opened {
        let has_begun = &mut self.has_begun;
        self.records.open(event, |record| token(&record, has_begun))
    }
}

/// What a record says: a token, the end, a failure, or a text as it comes.
fn token(record: &Value, has_begun: &mut bool) -> Vec<Value> {
    if let Some(words) = record["error"].as_str() {
        return vec![json!({ "error": { "message": words, "code": 503 } })];
    }
    let mut chunks = Vec::new();
    let token = &record["token"];
    let is_special = token["special"] == true;
    let text = token["text"].as_str().filter(|text| !is_special && !text.is_empty());
    let text = text.or_else(|| record["outputs"].get(0)?.as_str()).or_else(|| record["generation"].as_str());
    let ended = record["generated_text"].is_string()
        || record["details"].is_object()
        || record["stop_reason"].is_string();
    if let Some(text) = text {
        chunks.push(piece(text));
        *has_begun = true;
    } else if !*has_begun && let Some(text) = record["generated_text"].as_str() {
        // All at once.
        chunks.push(piece(text));
        *has_begun = true;
    }
    if ended {
        let details = if record["details"].is_object() { &record["details"] } else { record };
        let why = if record["stop_reason"] == "length" { "length" } else { reason(details) };
        chunks.push(last(why, usage(details)));
    }
    let rest = unknown(record, RECORD);
    if chunks.is_empty() && rest.as_object().is_some_and(|rest| !rest.is_empty()) {
        chunks.push(piece(""));
    }
    if let Some(chunk) = chunks.last_mut() {
        beside(chunk, rest);
    }
    for chunk in &mut chunks {
        chunk["id"] = "sagemaker".into();
    }
    chunks
}
