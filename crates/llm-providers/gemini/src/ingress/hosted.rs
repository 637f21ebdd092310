//! Code that another vendor ran itself, and what it searched and read, as Gemini tells them.
//!
//! The names of the code have a mark, by which it is known when the conversation comes back: Gemini did not make it, and its
//! vendor's own words go back instead.
//!
//! Source: Gemini API reference, "ExecutableCode", "CodeExecutionResult", "GroundingMetadata" and "UrlContextMetadata",
//! read 2026-11.

use llm_provider_core::{HostedAct, HostedCall, HostedPage};
use llm_types::{Extra, Nullable};
use serde_json::{Value, json};

use crate::turn::{PART, PARTS};
use crate::wire::{Candidate, Part};

/// Whether Gemini itself says what its tools did.
pub(super) fn is_geminis(fields: &Extra) -> bool {
    [PART, PARTS, "grounding_metadata", "url_context_metadata"].iter().any(|name| fields.contains_key(*name))
}

/// Whether parts and metadata say what a call asked and what came of it.
pub(super) fn tells(act: &HostedAct) -> bool {
    match act {
        HostedAct::Search { .. } | HostedAct::Open { .. } => true,
        HostedAct::Code { images, files, .. } => images.is_empty() && files.is_empty(),
        _ => false,
    }
}

/// Code, before it runs.
pub(super) fn code(call: &HostedCall, answer: &str) -> Option<Part> {
    let HostedAct::Code { code, language, .. } = &call.act else { return None };
    let language = match language.as_deref() {
        Some("python") => "PYTHON",
        _ => "LANGUAGE_UNSPECIFIED",
    };
    let made = json!({ "id": call.name("code", answer), "language": language, "code": code });
    Some(Part { executable_code: Nullable::Value(made), ..Part::default() })
}

/// What came of code that has run.
pub(super) fn result(call: &HostedCall, answer: &str) -> Option<Part> {
    let HostedAct::Code { stdout, stderr, return_code, .. } = &call.act else { return None };
    if !call.is_over() {
        return None;
    }
    let (outcome, output) = match call.failure() {
        Some(why) if why.contains("time_exceeded") => ("OUTCOME_DEADLINE_EXCEEDED", why.to_owned()),
        Some(why) => ("OUTCOME_FAILED", why.to_owned()),
        None if *return_code != 0 => ("OUTCOME_FAILED", format!("{stdout}{stderr}")),
        None => ("OUTCOME_OK", format!("{stdout}{stderr}")),
    };
    let came = json!({ "id": call.name("code", answer), "outcome": outcome, "output": output });
    Some(Part { code_execution_result: Nullable::Value(came), ..Part::default() })
}

/// Whether a part is one of these, and so none of Gemini's own.
pub(crate) fn is_told_for_another(part: &Part) -> bool {
    let id = |told: &Nullable<Value>| {
        told.get().is_some_and(|told| told["id"].as_str().is_some_and(HostedCall::is_made))
    };
    id(&part.executable_code) || id(&part.code_execution_result)
}

/// What was looked for and read, which Gemini tells beside the answer. What it found is there as the answer's sources, where it
/// rests on them.
pub(super) fn searches<'a>(calls: impl Iterator<Item = &'a HostedCall>, candidate: &mut Candidate) {
    let (mut queries, mut found, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for call in calls {
        match &call.act {
            HostedAct::Search { queries: asked, pages } => {
                queries.extend(asked.iter().map(|query| Value::from(query.as_str())));
                found.extend(pages.iter().map(chunk));
            }
            HostedAct::Open { url, .. } => {
                let status = match call.failure() {
                    Some(_) => "URL_RETRIEVAL_STATUS_ERROR",
                    None => "URL_RETRIEVAL_STATUS_SUCCESS",
                };
                read.push(json!({ "retrievedUrl": url, "urlRetrievalStatus": status }));
            }
            _ => {}
        }
    }
    if !queries.is_empty() || !found.is_empty() {
        let grounding = candidate.grounding_metadata.get_or_insert_with(|| json!({}));
        grounding["webSearchQueries"] = queries.into();
        if !grounding["groundingChunks"].is_array() {
            grounding["groundingChunks"] = found.into();
        }
    }
    if !read.is_empty() {
        candidate.url_context_metadata = Nullable::Value(json!({ "urlMetadata": read }));
    }
}

fn chunk(page: &HostedPage) -> Value {
    json!({ "web": { "uri": page.url, "title": page.title.as_ref().unwrap_or(&page.url) } })
}
