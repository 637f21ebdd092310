//! What is asked.
//!
//! Source: NVIDIA "Generate extension"; TensorRT-LLM backend, "Model config" and vLLM backend, "Using the vLLM backend"
//! (github.com/triton-inference-server/tensorrtllm_backend, …/vllm_backend), read 2026-11.

use llm_provider_core::{Call, NoteKind};
use llm_provider_openai::Changes;
use llm_provider_words::{prompt, turns};
use llm_types::{ChatRequest, Extra, Nullable};
use serde_json::{Value, json};

use crate::wire::Method;

/// Tokens to write at most where nobody says: TensorRT-LLM demands a limit, and LiteLLM gives this one.
const DEFAULT_MAX_TOKENS: u64 = 2000;

/// Sets the limit that the server demands.
pub(super) fn limit(request: &mut ChatRequest, call: &Call<'_>, changes: &mut Changes<'_>) {
    if !request.max_tokens.is_value() && !request.max_completion_tokens.is_value() {
        let limit = call.default_max_tokens.unwrap_or(DEFAULT_MAX_TOKENS);
        changes.note(NoteKind::Defaulted, "max_tokens", limit.to_string());
        request.max_tokens = Nullable::Value(limit);
    }
}

/// Inference answers in one piece.
pub(super) fn in_one_piece(request: &mut ChatRequest, call: &Call<'_>, changes: &mut Changes<'_>) {
    if Method::of(call) == Method::Infer && request.streams() {
        changes.note(NoteKind::Converted, "stream", "`infer` answers in one piece");
        request.stream = Nullable::Absent;
    }
}

/// The prompt, and what else was asked for, in the words of the models behind Triton.
fn taken_apart(mut body: Extra) -> (String, Extra) {
    let messages = body.shift_remove("messages").unwrap_or_default();
    for name in ["model", "stream"] {
        body.shift_remove(name);
    }
    if let Some(stop) = body.shift_remove("stop").filter(|stop| !stop.is_null()) {
        body.insert("stop_words".to_owned(), if stop.is_array() { stop } else { json!([stop]) });
    }
    if let Some(seed) = body.shift_remove("seed") {
        body.insert("random_seed".to_owned(), seed);
    }
    (prompt(&turns(&messages)), body)
}

/// Whether a member is an input of the model, and no parameter.
fn is_input(name: &str) -> bool {
    name.starts_with("return_") || matches!(name, "exclude_input_in_output" | "image")
}

/// `{"text_input", "parameters", "stream"}`
pub(super) fn generate(body: Extra, streams: bool) -> Extra {
    let (text, parameters) = taken_apart(body);
    let (inputs, parameters): (Extra, Extra) = parameters.into_iter().partition(|(name, _)| is_input(name));
    let mut out = Extra::new();
    out.insert("text_input".to_owned(), json!(text));
    out.insert("parameters".to_owned(), Value::Object(parameters));
    out.insert("stream".to_owned(), json!(streams));
    out.extend(inputs);
    out
}

/// `{"inputs": [tensor, …]}`
pub(super) fn infer(body: Extra) -> Extra {
    let (text, parameters) = taken_apart(body);
    let mut inputs = vec![tensor("text_input", json!(text))];
    inputs.extend(parameters.into_iter().map(|(name, value)| tensor(&name, value)));
    Extra::from_iter([("inputs".to_owned(), Value::Array(inputs))])
}

/// A value as a tensor of one dimension.
fn tensor(name: &str, value: Value) -> Value {
    let data = match value {
        Value::Array(values) => values,
        one => vec![one],
    };
    let datatype = match data.first() {
        Some(Value::Bool(_)) => "BOOL",
        Some(Value::Number(number)) if number.is_f64() => "FP32",
        Some(Value::Number(_)) => "INT32",
        _ => "BYTES",
    };
    json!({ "name": name, "shape": [data.len()], "datatype": datatype, "data": data })
}
