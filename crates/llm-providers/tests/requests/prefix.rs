//! Vendors keep the beginning of a prompt: a conversation that goes on must begin, byte for byte, as it did before, tools
//! and instructions included.

use llm_providers::core::{EncodeError, OnUnsupported, Payload};
use llm_providers::types::ChatRequest;
use serde_json::{Value, json};

use crate::{encode, vendors};

/// A conversation with tools, cut after so many messages.
fn conversation(messages: usize) -> ChatRequest {
    let tool = |name: &str| {
        json!({"type": "function", "function": {"name": name, "description": format!("The {name}."), "parameters": {
            "type": "object", "properties": {"zone": {"type": "string"}, "area": {"type": "string", "enum": ["b", "a"]}},
            "required": ["zone"]}}})
    };
    let call = |id: &str, zone: &str| {
        json!({"id": id, "type": "function",
            "function": {"name": "time", "arguments": format!("{{\"zone\":\"{zone}\",\"area\":\"b\"}}")}})
    };
    let all = json!([
        {"role": "system", "content": "Be exact."},
        {"role": "user", "content": "What time is it in Rome and in Oslo?"},
        {"role": "assistant", "content": null, "tool_calls": [call("call_1", "Rome"), call("call_2", "Oslo")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12:00"},
        {"role": "tool", "tool_call_id": "call_2", "content": "12:01"},
        {"role": "assistant", "content": "Noon, and a minute past it."},
        {"role": "user", "content": "And in Lima?"},
        {"role": "assistant", "content": "Six in the morning."},
        {"role": "user", "content": "Thanks."}
    ]);
    let said = &all.as_array().unwrap()[..messages];
    let tools = ["weather", "time", "area"].map(tool);
    llm_providers::types::from_value(json!({"model": "m", "messages": said, "tools": tools})).unwrap()
}

/// The first place where `after` does not begin as `before` does. Lists of the conversation may go on.
fn departs(before: &Value, after: &Value, path: &str) -> Option<String> {
    match (before, after) {
        (Value::Array(old), Value::Array(new)) if old.len() <= new.len() => {
            let mut places = old.iter().zip(new).enumerate();
            places.find_map(|(at, (old, new))| departs(old, new, &format!("{path}[{at}]")))
        }
        (Value::Object(old), Value::Object(new)) => {
            // The order of members counts: it is the order of bytes.
            if !old.keys().eq(new.keys()) {
                return Some(format!("{path}: {:?} became {:?}", keys(before), keys(after)));
            }
            old.iter().find_map(|(name, value)| departs(value, &new[name], &format!("{path}.{name}")))
        }
        _ => (before != after).then(|| format!("{path}: {before} became {after}")),
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// Vendors without messages: they are asked by one text, or by the last message and a name for those before it.
const IN_ONE_TEXT: &[&str] = &["dify", "langflow", "nlp_cloud", "replicate", "sagemaker", "triton"];

#[test]
fn a_conversation_that_goes_on_begins_as_before() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (provider, _) in vendors(1) {
        let id = &*provider.info().id;
        if IN_ONE_TEXT.contains(&id) {
            continue;
        }
        for model in [
            "model-1",
            "claude-sonnet-4-5",
            "gemini-3-pro-preview",
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
        ] {
            let model = if id == "ragflow" { format!("chat/id/{model}") } else { model.to_owned() };
            let sent = |messages: usize| -> Result<Value, EncodeError> {
                let request = conversation(messages);
                let chat = provider.chat().unwrap();
                let sent = encode(provider, chat, &request, &model, OnUnsupported::Drop)?;
                let Payload::Bytes(body) = sent.request.body() else { panic!("segments") };
                Ok(serde_json::from_slice(body).unwrap())
            };
            let Ok(bodies) = [2, 5, 7, 9].into_iter().map(sent).collect::<Result<Vec<_>, _>>() else {
                continue;
            };
            seen += 1;
            for pair in bodies.windows(2) {
                wrong.extend(departs(&pair[0], &pair[1], "").map(|what| format!("{id}/{model}: {what}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 400, "{seen}");
}
