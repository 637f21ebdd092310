//! The Responses API: on the client's side, on the vendor's, and from one to the other.
//!
//! The fixtures in `tests/fixtures/responses` follow OpenAI's API reference, "Responses" and "Streaming events", and
//! the types of the official Python package 3.52, read 2026-11; none is a recording.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]
#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

mod answers;
mod conformance;
mod hostile;
mod requests;
mod round_trip;
mod streams;
mod vendor;

use std::fs;
use std::path::{Path, PathBuf};

use llm_provider_core::{
    Call, Chat, Dialect, EncodeError, Ingress, Note, Payload, Provider, Reply, Translator,
};
use llm_provider_openai::{OpenAi, ResponsesIngress, ResponsesOptions, ResponsesWire};
use llm_types::ChatRequest;
use serde_json::{Value, json};

fn ingress() -> &'static dyn Ingress {
    &ResponsesIngress
}

fn wire() -> ResponsesWire {
    ResponsesWire::new(ResponsesOptions::default())
}

fn reply() -> Reply {
    Reply { request_id: "req-1".to_owned(), model: "asked".to_owned(), created_s: 1, include_usage: true }
}

fn fixtures(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/responses").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

fn texts(notes: &[Note]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}

/// What a translator sends.
fn sent(
    translator: &dyn Translator<Chat>,
    request: &ChatRequest,
    call: &Call<'_>,
) -> Result<Value, EncodeError> {
    let encoded = translator.encode(request, call)?;
    let (parts, payload) = encoded.request.into_parts();
    let Payload::Bytes(body) = payload else { panic!("segments") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    let head = format!("{} {}", parts.method, parts.uri);
    Ok(json!({ "request": head, "body": body, "notes": texts(&encoded.notes) }))
}

#[test]
fn the_vendor_speaks_it() {
    let vendor = OpenAi::new();
    assert_eq!(vendor.relay(Dialect::OpenAiResponses).unwrap().dialect(), Dialect::OpenAiResponses);
    assert_eq!(ingress().dialect(), Dialect::OpenAiResponses);
}
