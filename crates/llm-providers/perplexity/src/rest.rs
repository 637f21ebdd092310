//! What the Agent API says that the Responses API has no member for.
//!
//! Source: Perplexity docs, "Agent API" (docs.perplexity.ai/docs/agent-api), read 2026-11.

use llm_provider_envelope::unknown;
use llm_types::Extra;
use serde_json::{Value, json};

/// Members of a response as a whole.
const RESPONSE: &[&str] = &[
    "completed_at",
    "created_at",
    "error",
    "id",
    "instructions",
    "metadata",
    "model",
    "object",
    "output",
    "status",
    "usage",
];

/// Members of the items of an output whose kinds are known.
const ITEM: &[&str] = &[
    "annotations",
    "arguments",
    "bytes",
    "call_id",
    "content",
    "date",
    "encrypted_content",
    "end_index",
    "id",
    "last_updated",
    "logprob",
    "logprobs",
    "name",
    "queries",
    "results",
    "role",
    "snippet",
    "source",
    "start_index",
    "status",
    "summary",
    "text",
    "title",
    "token",
    "top_logprobs",
    "type",
    "url",
];

/// Members of the events of a stream.
const EVENT: &[&str] = &[
    "arguments",
    "call_id",
    "content_index",
    "contents",
    "delta",
    "item",
    "item_id",
    "logprobs",
    "name",
    "obfuscation",
    "output_index",
    "part",
    "queries",
    "response",
    "results",
    "sequence_number",
    "text",
    "thought",
    "type",
    "urls",
];

/// How events are named that tell of a search while it goes on.
pub(crate) const SEARCHES: &str = "response.reasoning.";

/// Kinds of items; others are told whole.
const KINDS: &[&str] = &["function_call", "message", "reasoning", "search_results"];

/// What nobody here knows of the items of a response, and of why it is cut.
pub(crate) fn of_response(response: &Value) -> Extra {
    let output: Vec<Value> = response["output"].as_array().into_iter().flatten().map(of_item).collect();
    let cut = unknown(&response["incomplete_details"], &["reason"]);
    members(&unknown(&json!({ "output": output, "incomplete_details": cut }), &["output"]))
}

/// The same of an event of a stream, and of the event itself. An event of a kind that nobody knows is told by whoever reads the rest.
pub(crate) fn of_event(event: &Value) -> Extra {
    let mut rest = match event["type"].as_str() {
        Some("response.created" | "response.in_progress") => members(&unknown(&event["response"], RESPONSE)),
        Some("response.completed" | "response.incomplete") => of_response(&event["response"]),
        Some("response.output_item.added" | "response.output_item.done") => members(&of_item(&event["item"])),
        Some(
            "response.content_part.added"
            | "response.content_part.done"
            | "response.function_call_arguments.delta"
            | "response.function_call_arguments.done"
            | "response.output_text.delta"
            | "response.output_text.done",
        ) => members(&unknown(&event["part"], ITEM)),
        Some(kind) if kind.starts_with(SEARCHES) => Extra::new(),
        _ => return Extra::new(),
    };
    let own = event.as_object().into_iter().flatten().filter(|(name, _)| !EVENT.contains(&name.as_str()));
    rest.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    rest
}

fn of_item(item: &Value) -> Value {
    let is_known = item["type"].as_str().is_none_or(|kind| KINDS.contains(&kind));
    if is_known { unknown(item, ITEM) } else { Value::Null }
}

fn members(rest: &Value) -> Extra {
    rest.as_object().cloned().unwrap_or_default()
}
