//! Each quirk: what it changes, and that the relay sees it exactly where it changes something.

#![allow(clippy::needless_pass_by_value, reason = "helpers take what `json!` gives")]

use http::HeaderMap;
use llm_provider_core::{Call, Dialect, EncodeError, OnUnsupported, Payload, Provider};
use llm_types::from_value;

use super::*;
use crate::{Compat, VendorRow};

fn vendor(quirk: Quirk) -> Compat {
    Compat::new(VendorRow {
        quirks: vec![quirk],
        replay: llm_provider_openai::Replay::ReasoningContent,
        thinking: llm_provider_openai::ThinkingMember::Keep,
        ..VendorRow::new("test", "https://h/v1")
    })
    .unwrap()
}

/// What is sent, and whether the same body would pass through as it is.
fn sent(quirk: Quirk, body: &Value) -> (Value, Vec<String>, bool) {
    let vendor = vendor(quirk);
    let headers = HeaderMap::new();
    let call = Call::new("m", &headers);
    let request = from_value(body.clone()).unwrap();
    let encoded = vendor.chat().unwrap().encode(&request, &call).unwrap();
    let Payload::Bytes(out) = encoded.request.into_body() else { panic!("segments") };
    let bytes = body.to_string().into_bytes();
    let peek = Peek::new(&bytes).unwrap();
    let passes = vendor.relay(Dialect::OpenAiChat).unwrap().edits(&peek, &call).is_some();
    let notes = encoded.notes.iter().map(ToString::to_string).collect();
    (serde_json::from_slice(&out).unwrap(), notes, passes)
}

fn ask(message: Value) -> Value {
    json!({"model": "m", "messages": [message]})
}

fn with(name: &str, value: Value) -> Value {
    json!({"model": "m", "messages": [], name: value})
}

fn tool(function: Value) -> Value {
    with("tools", json!([{"type": "function", "function": function}]))
}

/// One request that each quirk touches, and what becomes of it.
fn touched() -> Vec<(Quirk, Value, Value)> {
    let user = |content: Value| ask(json!({"role": "user", "content": content}));
    let call =
        |id: &str| json!([{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    vec![
        (
            Quirk::FlattenText,
            user(json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])),
            user(json!("ab")),
        ),
        (
            Quirk::NoMessageNames,
            ask(json!({"role": "user", "content": "a", "name": "Ann"})),
            ask(json!({"role": "user", "content": "a"})),
        ),
        (
            Quirk::NoNullMembers,
            ask(json!({"role": "assistant", "content": null, "refusal": null, "x": null})),
            ask(json!({"role": "assistant", "content": null})),
        ),
        (
            Quirk::ReasoningBesideCalls,
            ask(json!({"role": "assistant", "content": null, "tool_calls": call("a")})),
            ask(
                json!({"role": "assistant", "content": null, "tool_calls": call("a"), "reasoning_content": " "}),
            ),
        ),
        (
            Quirk::ShortCallIds,
            json!({"model": "m", "messages": [
                {"role": "assistant", "tool_calls": call("call_123")},
                {"role": "tool", "content": "x", "tool_call_id": "call_123"}]}),
            json!({"model": "m", "messages": [
                {"role": "assistant", "tool_calls": call("oEYtRAM41")},
                {"role": "tool", "content": "x", "tool_call_id": "oEYtRAM41"}]}),
        ),
        (
            Quirk::NoFiles,
            user(json!([{"type": "file", "file": {"file_id": "f", "filename": "a.pdf"}}])),
            user(json!([{"type": "text", "text": "[a.pdf: left out]"}])),
        ),
        (Quirk::NoToolStrict, tool(json!({"name": "f", "strict": true})), tool(json!({"name": "f"}))),
        (
            Quirk::NoSchemaKeywords,
            tool(
                json!({"name": "f", "parameters": {"$schema": "s", "type": "object", "additionalProperties": false,
                "properties": {"additionalProperties": {"type": "object", "$id": "i"}}}}),
            ),
            tool(json!({"name": "f", "parameters": {"type": "object",
                "properties": {"additionalProperties": {"type": "object"}}}})),
        ),
        (Quirk::ToolChoiceAny, with("tool_choice", json!("required")), with("tool_choice", json!("any"))),
        (
            Quirk::ToolChoiceAutoOrNone,
            with("tool_choice", json!({"type": "function", "function": {"name": "f"}})),
            with("tool_choice", json!("auto")),
        ),
        (
            Quirk::ToolChoiceRequiredInWords,
            with("tool_choice", json!("required")),
            ask(json!({"role": "user", "content": "Please call one of the tools now."})),
        ),
        (Quirk::SingleAnswer, with("n", json!(2)), json!({"model": "m", "messages": []})),
        (
            Quirk::EffortNoneSwitchesOff,
            with("reasoning_effort", json!("none")),
            with("thinking", json!({"type": "disabled"})),
        ),
        (
            Quirk::EffortIsSwitch,
            with("reasoning_effort", json!("low")),
            with("thinking", json!({"type": "enabled"})),
        ),
        (
            Quirk::EffortNoneIsNull,
            with("reasoning_effort", json!("none")),
            with("reasoning_effort", json!(null)),
        ),
        (
            Quirk::EffortNoneDisablesReasoning,
            with("reasoning_effort", json!("none")),
            with("reasoning", json!({"enabled": false})),
        ),
        (
            Quirk::EffortInReasoning,
            with("reasoning_effort", json!("low")),
            with("reasoning", json!({"effort": "low"})),
        ),
        (
            Quirk::EnableThinking,
            with("reasoning_effort", json!("none")),
            with("enable_thinking", json!(false)),
        ),
        (
            Quirk::EnableThinking,
            with("reasoning_effort", json!("high")),
            json!({"model": "m", "messages": [], "enable_thinking": true, "thinking_budget": 4096}),
        ),
        (
            Quirk::EnableThinking,
            json!({"model": "m", "messages": [], "thinking": {"type": "enabled", "budget_tokens": 500},
                "output_config": {"effort": "low"}}),
            json!({"model": "m", "messages": [], "enable_thinking": true, "thinking_budget": 500}),
        ),
        (
            Quirk::EnableThinking,
            with("thinking", json!({"type": "disabled"})),
            with("enable_thinking", json!(false)),
        ),
        (
            Quirk::JsonObjectAsSchema,
            with("response_format", json!({"type": "json_object"})),
            with(
                "response_format",
                json!({"type": "json_schema", "json_schema": {"name": "object", "schema": {"type": "object"}}}),
            ),
        ),
        (
            Quirk::JsonSchemaInWords,
            with(
                "response_format",
                json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {"x": 1}}}),
            ),
            json!({"model": "m", "response_format": {"type": "json_object"}, "messages": [{"role": "system",
                "content": "Answer with one JSON object named `a` that follows this JSON Schema, and with nothing else:\n{\"x\":1}"}]}),
        ),
    ]
}

#[test]
fn every_quirk_does_what_it_says() {
    let cases = touched();
    for quirk in Quirk::ALL {
        assert!(cases.iter().any(|(tried, ..)| *tried == quirk), "{quirk:?} is not tried");
    }
    for (quirk, body, wanted) in cases {
        let (out, _, passes) = sent(quirk, &body);
        assert_eq!(out, wanted, "{quirk:?}");
        assert!(!passes, "{quirk:?} must keep the request from passing through");
    }
}

#[test]
fn a_request_that_no_quirk_touches_passes_through() {
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": "a \"strict\" null"},
        {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "u"}}]},
        {"role": "assistant", "content": null, "reasoning_content": "c",
            "tool_calls": [{"id": "123456789", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "content": "d", "tool_call_id": "123456789"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": "auto", "n": 1, "temperature": 1});
    for quirk in Quirk::ALL {
        let mut body = body.clone();
        body["response_format"] = match quirk {
            Quirk::JsonObjectAsSchema => {
                json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}})
            }
            _ => json!({"type": "json_object"}),
        };
        let (out, notes, passes) = sent(quirk, &body);
        assert_eq!(out, body, "{quirk:?}");
        assert!(notes.is_empty() && passes, "{quirk:?}: {notes:?}");
    }
    let effort = with("reasoning_effort", json!("high"));
    let none = [Quirk::EffortNoneSwitchesOff, Quirk::EffortNoneIsNull, Quirk::EffortNoneDisablesReasoning];
    assert!(none.into_iter().all(|quirk| sent(quirk, &effort).2));
    let own = json!({"model": "m", "messages": [], "enable_thinking": true, "reasoning_effort": "high"});
    let (out, notes, passes) = sent(Quirk::EnableThinking, &own);
    assert!(out == own && notes.is_empty() && passes, "the vendor's own words stay: {out} {notes:?}");
}

#[test]
fn what_is_lost_is_refused_to_a_strict_caller_and_forwarded_on_wish() {
    let vendor = vendor(Quirk::SingleAnswer);
    let headers = HeaderMap::new();
    let request = from_value(with("n", json!(2))).unwrap();
    let strict = Call { unsupported: OnUnsupported::Reject, ..Call::new("m", &headers) };
    let refused = vendor.chat().unwrap().encode(&request, &strict).unwrap_err();
    assert!(matches!(refused, EncodeError::Unsupported { path, .. } if path == "n"));
    let forward = ["n".to_owned()];
    let encoded = vendor.chat().unwrap().encode(&request, &Call { forward: &forward, ..strict }).unwrap();
    assert!(encoded.notes.is_empty());
}

#[test]
fn temperature_effort_and_model_names() {
    let row = VendorRow {
        max_temperature: Some(1.0),
        efforts: [("max".to_owned(), "xhigh".to_owned())].into(),
        model_prefix: "accounts/x/".to_owned(),
        ..VendorRow::new("test", "https://h/v1")
    };
    let vendor = Compat::new(row).unwrap();
    let headers = HeaderMap::new();
    let body = with("temperature", json!(1.5));
    let call = Call::new("m", &headers);
    let encoded = vendor.chat().unwrap().encode(&from_value(body.clone()).unwrap(), &call).unwrap();
    let Payload::Bytes(out) = encoded.request.into_body() else { panic!("segments") };
    let out: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&out["temperature"], &out["model"]), (&json!(1.0), &json!("accounts/x/m")));
    let relay = vendor.relay(Dialect::OpenAiChat).unwrap();
    let passes = |body: &Value, model: &str| {
        let bytes = body.to_string().into_bytes();
        relay.edits(&Peek::new(&bytes).unwrap(), &Call::new(model, &headers)).is_some()
    };
    assert!(!passes(&body, "a/b"));
    assert!(passes(&with("temperature", json!(1)), "a/b"));
    assert!(passes(&with("reasoning_effort", json!("high")), "a/b"));
    assert!(!passes(&with("reasoning_effort", json!("max")), "a/b"));
    let body = from_value(with("reasoning_effort", json!("max"))).unwrap();
    let encoded = vendor.chat().unwrap().encode(&body, &call).unwrap();
    let Payload::Bytes(out) = encoded.request.into_body() else { panic!("segments") };
    assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["reasoning_effort"], "xhigh");
    assert_eq!(encoded.notes[0].to_string(), "clamped reasoning_effort: xhigh");
    assert!(!passes(&with("temperature", json!(1)), "m"));
}
