//! Conversations as the vendor takes them: instructions first, one call at a time, results as JSON.

use llm_provider_core::NoteKind;
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, ContentPart, Extra, Message, MessageContent, Nullable, Role, ToolCall};
use serde_json::{Value, json};

/// Takes uploaded files out of the messages: their ids go beside the text.
pub(crate) fn attachments(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        let mut ids = Vec::new();
        let mut index = 0;
        parts.retain(|part| {
            let id = match part {
                ContentPart::File(file) => file.file.file_id.get(),
                _ => None,
            };
            let Some(id) = id else {
                index += 1;
                return true;
            };
            ids.push(json!(id));
            changes.note(NoteKind::Moved, format!("messages[{at}].content[{index}]"), "into `attachments`");
            changes.taken_out(format!("messages[{at}].content"), index);
            false
        });
        if !ids.is_empty() {
            message.extra.insert("attachments".to_owned(), ids.into());
        }
    }
}

/// Takes out what the vendor has no place for in any message: markers, thinking, and what is another vendor's.
pub(crate) fn bare(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    let gone = [
        ("cache_control", message.cache_control.take().is_some()),
        ("reasoning_content", message.reasoning_content.take().is_some()),
        ("thinking_blocks", message.thinking_blocks.take().is_some()),
        ("provider_specific_fields", message.provider_specific_fields.take().is_some()),
    ];
    for (name, _) in gone.into_iter().filter(|(_, is_there)| *is_there) {
        changes.note(NoteKind::Dropped, format!("{path}.{name}"), "the vendor has no place for it");
    }
    for (index, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
        for name in std::mem::take(&mut call.extra).keys() {
            let path = format!("{path}.tool_calls[{index}].{name}");
            changes.note(NoteKind::Dropped, path, "of no use to this vendor");
        }
    }
}

/// The vendor takes instructions at the beginning only; later ones become the user's words.
pub(crate) fn late_instructions(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    let is_instruction = |role: &Role| matches!(role, Role::System | Role::Developer);
    let first: Vec<Message> = {
        let count = request.messages.iter().take_while(|message| is_instruction(&message.role)).count();
        request.messages.drain(..count).collect()
    };
    let count = first.len();
    for (index, message) in request.messages.iter_mut().enumerate() {
        if is_instruction(&message.role) {
            message.role = Role::User;
            changes.note(NoteKind::Converted, format!("messages[{}].role", index + count), "user");
        }
    }
    let texts: Vec<String> = first
        .iter()
        .map(|message| message.content.get().map(|content| content.text().into_owned()).unwrap_or_default())
        .collect();
    match <[Message; 1]>::try_from(first) {
        Ok([only]) => request.messages.insert(0, only),
        Err(several) if !several.is_empty() => {
            for index in 1..several.len() {
                changes.note(NoteKind::Moved, format!("messages[{index}]"), "into the first instructions");
            }
            request.messages.insert(0, Message::system(texts.join("\n\n")));
        }
        Err(_) => {}
    }
}

/// Writes calls and their results: each call a message with `function_call`, its result behind it.
pub(crate) fn calls(messages: &[Message]) -> Vec<Message> {
    let mut out = Vec::with_capacity(messages.len());
    let mut index = 0;
    while let Some(message) = messages.get(index) {
        index += 1;
        let Some(calls) = message.tool_calls.get().filter(|calls| !calls.is_empty()) else {
            out.push(if message.role == Role::Tool { result(message, "") } else { message.clone() });
            continue;
        };
        let results: Vec<&Message> =
            messages[index..].iter().take_while(|message| message.role == Role::Tool).collect();
        index += results.len();
        let mut rest = results;
        for (number, call) in calls.iter().enumerate() {
            out.push(called(message, call, number == 0));
            if let Some(at) = rest.iter().position(|result| result.tool_call_id == call.id) {
                let name = call.function.get().and_then(|function| function.name.as_deref());
                out.push(result(rest.remove(at), name.unwrap_or_default()));
            }
        }
        out.extend(rest.into_iter().map(|lonely| result(lonely, "")));
    }
    out
}

/// One call. The text stands with the first.
fn called(message: &Message, call: &ToolCall, is_first: bool) -> Message {
    let mut one = message.clone();
    one.tool_calls = Nullable::Absent;
    if !is_first || !one.content.is_value() {
        one.content = MessageContent::Text(String::new()).into();
    }
    let function = call.function.get();
    let text = function.and_then(|function| function.arguments.as_deref()).unwrap_or("{}");
    let arguments: Value = serde_json::from_str(text).unwrap_or_else(|_| json!({ "input": text }));
    let name = function.and_then(|function| function.name.as_deref()).unwrap_or_default();
    one.extra.insert("function_call".to_owned(), json!({ "name": name, "arguments": arguments }));
    if let Some(id) = call.id.as_deref().filter(|id| is_uuid(id)) {
        one.extra.insert("functions_state_id".to_owned(), id.into());
    }
    one
}

/// One result: the function's name, and JSON.
fn result(message: &Message, name: &str) -> Message {
    let text = message.content.get().map(|content| content.text().into_owned()).unwrap_or_default();
    let is_json = serde_json::from_str::<Value>(&text).is_ok();
    let content = if is_json { text } else { Value::from(text).to_string() };
    let name = if name.is_empty() { message.name.as_deref().unwrap_or_default() } else { name };
    Message {
        name: Some(name.to_owned()).filter(|name| !name.is_empty()).into(),
        extra: message.extra.clone(),
        ..Message::new(Role::Function, content)
    }
}

/// Whether an id is one that the vendor may have made.
fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Moves functions and the choice of one to the vendor's names.
pub(crate) fn functions(body: &mut Extra) {
    if let Some(Value::Array(tools)) = body.shift_remove("tools") {
        let functions: Vec<Value> = tools.into_iter().map(|mut tool| tool["function"].take()).collect();
        body.insert("functions".to_owned(), functions.into());
    }
    match body.shift_remove("tool_choice") {
        Some(Value::String(mode)) => {
            let mode = if mode == "required" { "auto" } else { &*mode };
            body.insert("function_call".to_owned(), mode.into());
        }
        Some(named) if named.is_object() => {
            body.insert("function_call".to_owned(), json!({ "name": named["function"]["name"] }));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_vendor() {
        assert!(is_uuid("77d3fb14-457a-46ba-937e-8d856156d003"));
        assert!(!is_uuid("call_a1") && !is_uuid(&"a".repeat(36)));
    }
}
