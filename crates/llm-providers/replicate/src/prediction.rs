//! Predictions: not ready yet, failed, or an answer.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Request};
use llm_provider_core::{Payload, UpstreamError, triage};
use llm_provider_envelope::{beside, unknown_beside};
use serde_json::{Value, json};

/// How long to wait before a prediction without a stream is asked for again, in milliseconds.
const POLL_AFTER_MS: u64 = 1000;

/// What a prediction says of itself.
pub(crate) enum Standing {
    /// Ask this next, after so many milliseconds.
    NotYet(Box<Request<Payload>>, u64),
    /// It failed.
    Failed(Box<UpstreamError>),
    /// It is an answer.
    Ready,
}

/// Reads where a prediction stands.
pub(crate) fn standing(prediction: &Value, status: u16, body: &[u8]) -> Standing {
    match prediction["status"].as_str() {
        Some("starting" | "processing" | "queued") => match next(&prediction["urls"]) {
            Some((request, after_ms)) => Standing::NotYet(Box::new(request), after_ms),
            None => Standing::Failed(Box::new(UpstreamError {
                body: Bytes::copy_from_slice(body),
                ..UpstreamError::new(
                    llm_types::ErrorKind::BadGateway,
                    status,
                    "the prediction is not ready and does not say where it will be",
                )
            })),
        },
        Some("failed" | "canceled" | "aborted") => Standing::Failed(Box::new(failure(prediction, body))),
        _ => Standing::Ready,
    }
}

/// What to ask next: the stream, or the prediction once more.
fn next(urls: &Value) -> Option<(Request<Payload>, u64)> {
    let ask = |url: &str, accept: &'static str| {
        Request::get(url)
            .header(ACCEPT, HeaderValue::from_static(accept))
            .body(Payload::Bytes(Bytes::new()))
            .ok()
    };
    if let Some(request) = urls["stream"].as_str().and_then(|url| ask(url, "text/event-stream")) {
        return Some((request, 0));
    }
    urls["get"].as_str().and_then(|url| ask(url, "application/json")).map(|request| (request, POLL_AFTER_MS))
}

/// The failure that a prediction, or an event of its stream, tells. Its status stands for what the words say.
pub(crate) fn failure(said: &Value, body: &[u8]) -> UpstreamError {
    let words = [&said["error"], &said["detail"], &said["title"]].into_iter().find_map(Value::as_str);
    let words = words.unwrap_or(match said["status"].as_str() {
        Some("canceled" | "aborted") => "the prediction was cancelled",
        _ => "the prediction failed",
    });
    let kind = triage(500, &[Some(words)]);
    UpstreamError {
        code: said["status"].as_str().map(str::to_owned),
        request_id: said["id"].as_str().map(str::to_owned),
        body: Bytes::copy_from_slice(body),
        ..UpstreamError::new(kind, kind.status(), words)
    }
}

/// A ready prediction in OpenAI's form.
pub(crate) fn answer(prediction: &Value) -> Value {
    let mut said = json!({
        "id": prediction["id"].as_str().unwrap_or("prediction"),
        "object": "chat.completion",
        "model": prediction["model"],
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text(&prediction["output"]) },
            "finish_reason": "stop",
        }],
    });
    let metrics = &prediction["metrics"];
    let count = |name: &str| metrics[name].as_u64();
    if let (Some(read), Some(written)) = (count("input_token_count"), count("output_token_count")) {
        said["usage"] = json!({ "prompt_tokens": read, "completion_tokens": written,
            "total_tokens": read.saturating_add(written) });
    }
    for name in ["metrics", "version", "logs", "created_at", "completed_at"] {
        if !prediction[name].is_null() {
            said["provider_specific_fields"][name] = prediction[name].clone();
        }
    }
    // The input is told back as it was asked.
    beside(&mut said, unknown_beside(prediction, &["input", "metrics", "output"], KNOWN));
    said
}

/// Members of predictions that are told in OpenAI's words or whole, or are of no use to who has the answer.
///
/// Source: Replicate docs, "HTTP API", "Create a prediction" (replicate.com/docs/reference/http), read 2026-11.
const KNOWN: &[&str] = &[
    "cancel",
    "completed_at",
    "created_at",
    "data_removed",
    "error",
    "get",
    "id",
    "logs",
    "model",
    "source",
    "started_at",
    "status",
    "stream",
    "urls",
    "version",
    "web",
];

/// The text of an output: a text, pieces of one, or something else, which is written as JSON.
fn text(output: &Value) -> String {
    match output {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(pieces) if pieces.iter().all(Value::is_string) => {
            pieces.iter().filter_map(Value::as_str).collect()
        }
        other => other.to_string(),
    }
}
