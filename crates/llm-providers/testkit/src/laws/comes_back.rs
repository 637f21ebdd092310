//! What a client is told of a model's message, and sends back, is that message: thinking and signatures included, for
//! whichever vendor signed them and whatever the client's dialect has no place for.

use bytes::BytesMut;
use llm_provider_core::{Ingress, Kept, Reply, chunks};
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
    let signed = |signature: &str| json!({ "type": "thinking", "thinking": "Hm, \"so\".\n", "signature": signature });
    let gemini = json!({ "type": "thinking", "thinking": "Hm.", "signature": "AQ+/==", "format": "google-gemini-v1" });
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
            said(none.clone(), none.clone(), json!([call("a", Some("S1+/==")), call("b", Some("S2+/=="))]), none.clone()),
        ),
        (
            "one_of_two_calls_is_signed",
            said("Let me look.".into(), none.clone(), json!([call("a", Some("S1+/==")), call("b", None)]), none.clone()),
        ),
        ("signed_thoughts", said("So.".into(), json!([gemini]), none.clone(), none.clone())),
        (
            "a_signed_text",
            said("So.".into(), none.clone(), none.clone(), json!({ "thought_signatures": ["T+/=="] })),
        ),
        ("encrypted_thinking", said("So.".into(), json!([item("rs_1", "Why?")]), none.clone(), none.clone())),
        (
            "encrypted_thinking_without_words",
            said(none.clone(), json!([item("rs_1", ""), item("rs_2", "Then.")]), json!([call("a", None)]), none.clone()),
        ),
        (
            "items_in_an_order_of_their_own",
            said(
                "So.".into(),
                json!([item("rs_1", "Why?")]),
                json!([call("a", None)]),
                json!({ "output_items": [{ "type": "message", "role": "assistant", "content": "So.", "phase": "final" }] }),
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
            said("So.".into(), json!([{ "type": "thinking", "thinking": "Hm.", "closed": true }]), none, none_but_details()),
        ),
    ]
}

fn none_but_details() -> Value {
    json!({ "reasoning_details": [{ "type": "reasoning.encrypted", "data": "x+/==" }] })
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
    let fields: Extra = fields
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
/// `own` names what a dialect may add in its own words, members of `provider_specific_fields`.
///
/// # Panics
/// If something is missing, or has changed.
pub fn comes_back(
    ingress: &dyn Ingress,
    own: &[&str],
    whole: impl Fn(&[u8]) -> Value,
    streamed: impl Fn(&[u8]) -> Value,
) {
    let reply = Reply { request_id: "req-1".to_owned(), model: "asked".to_owned(), ..Reply::default() };
    for (name, message) in messages() {
        let answer = json!({ "id": "x", "model": "m", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] });
        let answer: ChatResponse = llm_types::from_value(answer).unwrap();
        let expected = signatures(&answer.choices[0].message);
        let outgoing = ingress.write(&answer, &reply);
        assert_eq!(outgoing.notes, [], "{name}");
        let mut writer = ingress.writer(&reply);
        let mut out = BytesMut::new();
        for chunk in chunks(answer) {
            writer.chunk(&chunk, &mut out);
        }
        writer.end(&mut out);
        assert_eq!(writer.notes(), [], "{name}, streamed");
        for (how, request) in [("whole", whole(&outgoing.body)), ("streamed", streamed(&out))] {
            let incoming = ingress.read(request.to_string().as_bytes()).unwrap();
            let said = incoming.request.messages.iter().rfind(|message| message.role == Role::Assistant);
            let mut back = signatures(said.unwrap());
            if let Some(fields) = back["fields"].as_object_mut() {
                fields.retain(|name, _| !own.contains(&name.as_str()) || expected["fields"].get(name).is_some());
            }
            assert_eq!(back, expected, "{name}, {how}: {request}");
        }
    }
}
