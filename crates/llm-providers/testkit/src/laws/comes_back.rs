//! What a client is told of a model's message, and sends back, is that message: thinking and signatures included, for
//! whichever vendor signed them and whatever the client's dialect has no place for.

use bytes::BytesMut;
use llm_provider_core::{Ingress, Kept, Note, Reply, chunks};
use llm_types::{ChatResponse, Extra, Message, Role};
use serde_json::{Value, json};

/// Messages as vendors sign them, in canonical form. Text is not of spaces only, and every call has an id.
fn messages() -> Vec<(&'static str, Value)> {
    let call = |id: &str, signed: Option<&str>| {
        let function = json!({ "name": "look", "arguments": "{\"city\":\"Köln\"}" });
        let mut call = json!({ "id": id, "type": "function", "function": function });
        if let Some(signature) = signed {
            call["provider_specific_fields"] = json!({ "thought_signature": signature });
            call["extra_content"] = json!({ "google": { "thought_signature": signature } });
        }
        call
    };
    let signed =
        |signature: &str| json!({ "type": "thinking", "thinking": "Hm, \"so\".\n", "signature": signature });
    let gemini =
        json!({ "type": "thinking", "thinking": "Hm.", "signature": "AQ+/==", "format": "google-gemini-v1" });
    let item = |id: &str, words: &str| {
        let summary = json!([{ "type": "summary_text", "text": words }]);
        json!({
            "type": "thinking", "thinking": words, "reasoning_vendor": "openai",
            "reasoning_item": { "id": id, "type": "reasoning", "summary": summary, "encrypted_content": "gA+/==" },
        })
    };
    let said = |content: Value, blocks: Value, calls: Value, fields: Value| {
        let mut message = json!({ "role": "assistant", "content": content });
        for (name, value) in
            [("thinking_blocks", blocks), ("tool_calls", calls), ("provider_specific_fields", fields)]
        {
            if !value.is_null() {
                message[name] = value;
            }
        }
        message
    };
    let none = Value::Null;
    vec![
        (
            "signed_calls_side_by_side",
            said(
                none.clone(),
                none.clone(),
                json!([call("a", Some("S1+/==")), call("b", Some("S2+/=="))]),
                none.clone(),
            ),
        ),
        (
            "one_of_two_calls_is_signed",
            said(
                "Let me look.".into(),
                none.clone(),
                json!([call("a", Some("S1+/==")), call("b", None)]),
                none.clone(),
            ),
        ),
        ("signed_thoughts", said("So.".into(), json!([gemini]), none.clone(), none.clone())),
        (
            "a_signed_text",
            said("So.".into(), none.clone(), none.clone(), json!({ "thought_signatures": ["T+/=="] })),
        ),
        (
            "signed_thinking_without_words",
            said(
                "So.".into(),
                json!([{ "type": "thinking", "thinking": "", "signature": "E+/==" }]),
                none.clone(),
                none.clone(),
            ),
        ),
        ("encrypted_thinking", said("So.".into(), json!([item("rs_1", "Why?")]), none.clone(), none.clone())),
        (
            "encrypted_thinking_without_words",
            said(
                none.clone(),
                json!([item("rs_1", ""), item("rs_2", "Then.")]),
                json!([call("a", None)]),
                none.clone(),
            ),
        ),
        (
            "items_in_an_order_of_their_own",
            said(
                "So.".into(),
                json!([item("rs_1", "Why?")]),
                json!([call("a", None)]),
                json!({ "output_items": [
                    item("rs_1", "Why?")["reasoning_item"],
                    { "type": "message", "role": "assistant", "content": "So.", "phase": "commentary" },
                    { "type": "function_call", "call_id": "a", "name": "look", "arguments": "{\"city\":\"Köln\"}" },
                ] }),
            ),
        ),
        (
            "what_was_done_at_a_server_of_tools_as_openai_tells_it",
            said(
                "So.".into(),
                none.clone(),
                none.clone(),
                json!({ "output_items": [
                    { "type": "mcp_list_tools", "id": "mcpl_1", "server_label": "maps", "tools": [{ "name": "look" }] },
                    { "type": "mcp_call", "id": "mcp_1", "server_label": "maps", "name": "look",
                        "arguments": "{\"city\":\"Köln\"}", "output": "Here." },
                    { "type": "message", "role": "assistant", "content": "So." },
                ] }),
            ),
        ),
        (
            "what_was_done_at_a_server_of_tools_as_anthropic_tells_it",
            said(
                "So.".into(),
                none.clone(),
                none.clone(),
                json!({ "content_blocks": [
                    { "type": "mcp_tool_use", "id": "mcptoolu_1", "name": "look", "server_name": "maps", "input": {} },
                    { "type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": false, "content": "Here." },
                    { "type": "text", "text": "So." },
                ] }),
            ),
        ),
        (
            "claude",
            said(
                "So.".into(),
                json!([signed("EqQB+/=="), { "type": "redacted_thinking", "data": "EmwK" }]),
                json!([call("a", None)]),
                none.clone(),
            ),
        ),
        (
            "parts_that_only_their_vendor_knows",
            said(
                "So.".into(),
                json!([{ "type": "thinking", "thinking": "Hm.", "closed": true }]),
                none.clone(),
                json!({ "reasoning_details": [{ "type": "reasoning.encrypted", "data": "x+/==" }] }),
            ),
        ),
        ("details_of_an_aggregator", {
            let mut message = said("So.".into(), none.clone(), none.clone(), none);
            message["reasoning_details"] = json!([
                { "type": "reasoning.summary", "summary": "Hm.", "index": 0 },
                { "type": "reasoning.encrypted", "data": "x+/==", "format": "openai-responses-v1", "index": 0 },
            ]);
            message
        }),
    ]
}

/// What a message's vendor must have back of it.
fn signatures(message: &Message) -> Value {
    let blocks = message.thinking_blocks.get().into_iter().flatten();
    let blocks = blocks.filter(|block| {
        // Thinking that nobody signed is told as words alone.
        block.signature.is_value() || block.data.is_value() || !block.extra.is_empty()
    });
    let calls = message.tool_calls.get().into_iter().flatten().map(|call| {
        let function = call.function.get().unwrap();
        let arguments: Value = serde_json::from_str(function.arguments.as_deref().unwrap()).unwrap();
        json!([call.id, function.name, arguments, call.extra])
    });
    let fields = message.provider_specific_fields.get().into_iter().flatten();
    // Aggregators tell it beside.
    let beside = message.extra.iter();
    let fields: Extra = fields
        .chain(beside)
        .filter(|(name, _)| Kept::goes_back(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let text = message.content.get().map(|content| content.text().into_owned()).unwrap_or_default();
    json!({
        "text": text, "blocks": blocks.collect::<Vec<_>>(), "calls": calls.collect::<Vec<_>>(), "fields": fields,
    })
}

/// Tells a client of `ingress` messages as vendors sign them, whole and in pieces, and reads what the client sends back:
/// everything that a vendor signed is there, byte for byte.
///
/// `whole` and `streamed` stand for the client: from an answer they make its next request, which holds the message.
/// `own` names members of `provider_specific_fields` that the dialect says in its own words, and so in its own way.
///
/// # Panics
/// If something is missing, or has changed.
pub fn comes_back(
    ingress: &dyn Ingress,
    own: &[&str],
    whole: impl Fn(&[u8]) -> Value,
    streamed: impl Fn(&[u8]) -> Value,
) {
    for (name, message) in messages() {
        let (expected, tellings) = told(ingress, &message);
        for Telling { how, bytes, notes } in tellings {
            assert_eq!(notes, [], "{name}, {how}");
            let request = if how == WHOLE { whole(&bytes) } else { streamed(&bytes) };
            let incoming = ingress.read(request.to_string().as_bytes()).unwrap();
            let said = incoming.request.messages.iter().rfind(|message| message.role == Role::Assistant);
            let mut back = signatures(said.unwrap());
            let mut expected = expected.clone();
            for fields in [&mut back, &mut expected].map(|all| all["fields"].as_object_mut()) {
                fields.into_iter().for_each(|fields| fields.retain(|name, _| !own.contains(&name.as_str())));
            }
            assert_eq!(back, expected, "{name}, {how}: {request}");
        }
    }
}

/// Tells a client of `ingress`, whose dialect has no place for signatures, messages as vendors sign them: what is lost is
/// noted, whole and in pieces.
///
/// # Panics
/// If something is lost in silence.
pub fn loss_is_told(ingress: &dyn Ingress) {
    for (name, message) in messages() {
        let (signed, tellings) = told(ingress, &message);
        let mut lost = Vec::new();
        if signed["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty()) {
            lost.push("thinking_blocks");
        }
        let mut calls = signed["calls"].as_array().into_iter().flatten();
        if calls.any(|call| call[3].as_object().is_some_and(|members| !members.is_empty())) {
            lost.push("tool_calls");
        }
        lost.extend(
            signed["fields"].as_object().into_iter().flat_map(|fields| fields.keys()).map(String::as_str),
        );
        assert!(!lost.is_empty(), "{name} is signed");
        for Telling { how, notes, .. } in tellings {
            for member in &lost {
                assert!(
                    notes.iter().any(|note| note.path.contains(member)),
                    "{name}, {how}: {member}: {notes:?}"
                );
            }
        }
    }
}

/// How a client is told of a message.
struct Telling {
    how: &'static str,
    bytes: Vec<u8>,
    notes: Vec<Note>,
}

const WHOLE: &str = "whole";

/// What a message's vendor must have back, and how a client is told of the message: whole and in pieces.
fn told(ingress: &dyn Ingress, message: &Value) -> (Value, [Telling; 2]) {
    let reply = Reply { request_id: "req-1".to_owned(), model: "asked".to_owned(), ..Reply::default() };
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    let answer: ChatResponse =
        llm_types::from_value(json!({ "id": "x", "model": "m", "choices": [choice] })).unwrap();
    let signed = signatures(&answer.choices[0].message);
    let outgoing = ingress.write(&answer, &reply);
    let mut writer = ingress.writer(&reply);
    let mut out = BytesMut::new();
    for chunk in chunks(answer) {
        writer.chunk(&chunk, &mut out);
    }
    writer.end(&mut out);
    let tellings = [
        Telling { how: WHOLE, bytes: outgoing.body.to_vec(), notes: outgoing.notes },
        Telling { how: "streamed", bytes: out.to_vec(), notes: writer.notes() },
    ];
    (signed, tellings)
}
