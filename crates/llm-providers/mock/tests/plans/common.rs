//! Plays a plan into text that a snapshot can hold.

use std::fmt::Write;

use llm_provider_mock::{Plan, Script, Step, Wire, respond};
use serde_json::{Value, json};

/// The first second of 2026.
pub(crate) const NOW_S: i64 = 1_767_225_600;

pub(crate) fn path(wire: Wire) -> &'static str {
    match wire {
        Wire::OpenAi => "/v1/chat/completions",
        Wire::Anthropic => "/v1/messages",
    }
}

/// A request of one user message, with more members.
pub(crate) fn request(model: &str, more: &Value) -> Vec<u8> {
    let mut body = json!({"model": model, "max_tokens": 64,
        "messages": [{"role": "user", "content": "Is anybody there?"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string().into_bytes()
}

pub(crate) fn play(wire: Wire, model: &str, more: &Value) -> Plan {
    respond(wire, path(wire), &request(model, more), None, 0, NOW_S)
}

pub(crate) fn scripted(wire: Wire, stream: bool, script: &Value) -> Plan {
    play(wire, "any", &json!({"stream": stream, "mock": script}))
}

pub(crate) fn body(plan: Plan) -> String {
    let bytes: Vec<u8> = plan
        .steps
        .filter_map(|step| if let Step::Bytes(bytes) = step { Some(bytes) } else { None })
        .flatten()
        .collect();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn json(plan: Plan) -> Value {
    serde_json::from_str(&body(plan)).unwrap()
}

pub(crate) fn given(script: &Script, wire: Wire, body: &[u8], ordinal: u64) -> Plan {
    respond(wire, path(wire), body, Some(script), ordinal, NOW_S)
}

/// Head, then every step on a line of its own unless it is bytes.
pub(crate) fn transcript(plan: Plan) -> String {
    let mut out = format!("{}\ncontent-type: {}\n", plan.status, plan.content_type.to_str().unwrap());
    for (name, value) in &plan.headers {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    if plan.delay_ms > 0 {
        writeln!(out, "(head after {} ms)", plan.delay_ms).unwrap();
    }
    out.push('\n');
    for step in plan.steps.take(200) {
        match step {
            Step::Bytes(bytes) => out.push_str(std::str::from_utf8(&bytes).unwrap()),
            other => {
                if !out.ends_with('\n') {
                    out.push('\n');
                }
                writeln!(out, "({other:?})").unwrap();
            }
        }
    }
    out
}
