//! What vendors with a wire of their own have no place for, wherever it stands: members that nobody knows, inside of the
//! choice among tools, the form of the answer and the calls of earlier turns; members that mean something in another
//! role. Each is told.

use llm_types::{
    ChatRequest, Extra, Message, MessageContent, NamedTool, ResponseFormat, Role, ToolCall, ToolChoice,
};
use serde_json::Value;

use crate::Note;

/// What stands in the choice among tools (`tool_choice`, `function_call`) beside what it says.
pub fn unplaced_in_choice(request: &ChatRequest) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut named = |extra: &Extra, kind: &str, tool: &NamedTool| {
        left_out(extra, &[], "tool_choice", &mut notes);
        left_out(&tool.extra, &[], &format!("tool_choice.{kind}"), &mut notes);
    };
    match request.tool_choice.get() {
        Some(ToolChoice::Function(choice)) => named(&choice.extra, "function", &choice.function),
        Some(ToolChoice::Custom(choice)) => named(&choice.extra, "custom", &choice.custom),
        Some(ToolChoice::AllowedTools(choice)) => {
            left_out(&choice.extra, &[], "tool_choice", &mut notes);
            in_allowed(&choice.allowed_tools, &mut notes);
        }
        Some(ToolChoice::Mode(_) | ToolChoice::Unknown(_)) | None => {}
    }
    if let Some(Value::Object(choice)) = request.function_call.get() {
        left_out(choice, &["name"], "function_call", &mut notes);
    }
    notes
}

/// Of some tools, only what they are called counts.
fn in_allowed(allowed: &Value, notes: &mut Vec<Note>) {
    const PATH: &str = "tool_choice.allowed_tools";
    let Value::Object(allowed) = allowed else { return };
    left_out(allowed, &["mode", "tools"], PATH, notes);
    for (index, tool) in allowed.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let path = format!("{PATH}.tools[{index}]");
        let Value::Object(tool) = tool else {
            notes.push(Note::dropped(path, "it names no tool"));
            continue;
        };
        left_out(tool, &["type", "name", "function", "custom"], &path, notes);
        for kind in ["function", "custom"] {
            if let Some(Value::Object(named)) = tool.get(kind) {
                left_out(named, &["name"], &format!("{path}.{kind}"), notes);
            }
        }
    }
}

/// What stands in the form of the answer (`response_format`) beside its kind and its schema, and beside what the schema is
/// called and for.
pub fn unplaced_in_form(request: &ChatRequest) -> Vec<Note> {
    let mut notes = Vec::new();
    match request.response_format.get() {
        Some(ResponseFormat::Text(extra) | ResponseFormat::JsonObject(extra)) => {
            left_out(extra, &["type"], "response_format", &mut notes);
        }
        Some(ResponseFormat::JsonSchema(form)) => {
            left_out(&form.extra, &[], "response_format", &mut notes);
            left_out(&form.json_schema.extra, &[], "response_format.json_schema", &mut notes);
        }
        Some(ResponseFormat::Unknown(_)) | None => {}
    }
    notes
}

/// What stands in the calls of earlier turns beside names and arguments: members that nobody knows, places in a stream that
/// is over, and a function where a custom tool was called. What else stands beside a call's function is the vendor's to
/// tell: some have words for it.
pub fn unplaced_in_calls(request: &ChatRequest) -> Vec<Note> {
    let mut notes = Vec::new();
    for (index, message) in request.messages.iter().enumerate() {
        for (place, call) in message.tool_calls.get().into_iter().flatten().enumerate() {
            in_call(call, &format!("messages[{index}].tool_calls[{place}]"), &mut notes);
        }
        if let Some(call) = message.function_call.get() {
            left_out(&call.extra, &[], &format!("messages[{index}].function_call"), &mut notes);
        }
    }
    notes
}

fn in_call(call: &ToolCall, path: &str, notes: &mut Vec<Note>) {
    if call.index.is_value() {
        notes.push(Note::dropped(format!("{path}.index"), "calls stand in their order"));
    }
    if let Some(function) = call.function.get() {
        let path = format!("{path}.function");
        if call.custom.is_value() {
            notes.push(Note::dropped(path, "the call is that of a custom tool"));
        } else {
            left_out(&function.extra, &[], &path, notes);
        }
    }
    if let Some(custom) = call.custom.get() {
        left_out(&custom.extra, &[], &format!("{path}.custom"), notes);
    }
}

/// Members of a message at `path` that mean something in another role only: what the model alone says, and whose result
/// something is. Of `provider_specific_fields`, the vendor tells: some have words for those of results.
pub fn out_of_role(message: &Message, path: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    if message.role != Role::Assistant {
        let said = [
            ("annotations", message.annotations.get().is_some_and(|list| !list.is_empty())),
            ("audio", message.audio.is_value()),
            ("function_call", message.function_call.is_value()),
            ("reasoning_content", message.reasoning_content.get().is_some_and(|text| !text.is_empty())),
            ("refusal", message.refusal.get().is_some_and(|text| !text.is_empty())),
            ("thinking_blocks", message.thinking_blocks.get().is_some_and(|list| !list.is_empty())),
            ("tool_calls", message.tool_calls.get().is_some_and(|list| !list.is_empty())),
        ];
        let said = said.into_iter().filter(|(_, is_said)| *is_said);
        notes.extend(
            said.map(|(name, _)| {
                Note::dropped(format!("{path}.{name}"), "the model alone says such a thing")
            }),
        );
    }
    if message.tool_call_id.is_value() && !matches!(message.role, Role::Tool | Role::Function) {
        notes.push(Note::dropped(format!("{path}.tool_call_id"), "results of tools alone have one"));
    }
    notes
}

/// Marks of the prompt cache in a tool's result at `path`, where a vendor has one for all of it: the message's own, or that
/// of its last part. The others are told.
pub fn more_marks(message: &Message, path: &str) -> Vec<Note> {
    let parts = match message.content.get() {
        Some(MessageContent::Parts(parts)) => parts.as_slice(),
        Some(MessageContent::Text(_)) | None => &[],
    };
    let marked = parts.iter().enumerate().filter(|(_, part)| part.cache_control().is_some());
    let mut places: Vec<String> =
        marked.map(|(index, _)| format!("{path}.content[{index}].cache_control")).collect();
    if !message.cache_control.is_value() {
        places.pop();
    }
    places.into_iter().map(|place| Note::dropped(place, "a result has one mark, the last")).collect()
}

/// A note for each member but those that are known, and those that say nothing.
fn left_out(members: &Extra, known: &[&str], path: &str, notes: &mut Vec<Note>) {
    let unknown = members.iter().filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null());
    notes
        .extend(unknown.map(|(name, _)| Note::dropped(format!("{path}.{name}"), "there is no place for it")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(members: &Value) -> ChatRequest {
        let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "?" }] });
        let all = request.as_object_mut().unwrap();
        all.extend(members.as_object().unwrap().clone());
        llm_types::from_value(request).unwrap()
    }

    fn places(notes: &[Note]) -> Vec<&str> {
        notes.iter().map(|note| note.path.as_str()).collect()
    }

    #[test]
    fn choices() {
        let choice = json!({ "type": "function", "function": { "name": "f", "b": 1 }, "a": 1, "none": null });
        let notes = unplaced_in_choice(&asked(&json!({ "tool_choice": choice })));
        assert_eq!(places(&notes), ["tool_choice.a", "tool_choice.function.b"]);
        let choice = json!({ "type": "custom", "custom": { "name": "f", "b": 1 } });
        let notes = unplaced_in_choice(&asked(&json!({ "tool_choice": choice })));
        assert_eq!(places(&notes), ["tool_choice.custom.b"]);
        let choice = json!({ "type": "allowed_tools", "a": 1, "allowed_tools": { "mode": "auto", "b": 1, "tools": [
            { "type": "function", "function": { "name": "f", "c": 1 } }, { "type": "custom", "d": 1 }, 5] } });
        let notes = unplaced_in_choice(&asked(&json!({ "tool_choice": choice })));
        assert_eq!(
            places(&notes),
            [
                "tool_choice.a",
                "tool_choice.allowed_tools.b",
                "tool_choice.allowed_tools.tools[0].function.c",
                "tool_choice.allowed_tools.tools[1].d",
                "tool_choice.allowed_tools.tools[2]",
            ]
        );
        let notes = unplaced_in_choice(&asked(&json!({ "function_call": { "name": "f", "a": 1 } })));
        assert_eq!(places(&notes), ["function_call.a"]);
        assert_eq!(notes[0].to_string(), "dropped function_call.a: there is no place for it");
        for nothing in [json!({}), json!({ "tool_choice": "auto" }), json!({ "function_call": "auto" })] {
            assert!(unplaced_in_choice(&asked(&nothing)).is_empty());
        }
    }

    #[test]
    fn forms() {
        for (form, expected) in [
            (json!({ "type": "text", "a": 1 }), vec!["response_format.a"]),
            (json!({ "type": "json_object", "a": 1 }), vec!["response_format.a"]),
            (json!({ "type": "json_object" }), vec![]),
            (
                json!({ "type": "json_schema", "a": 1, "json_schema": { "name": "n", "schema": {}, "b": 1 } }),
                vec!["response_format.a", "response_format.json_schema.b"],
            ),
            (json!({ "type": "later", "a": 1 }), vec![]),
        ] {
            assert_eq!(places(&unplaced_in_form(&asked(&json!({ "response_format": form })))), expected);
        }
    }

    #[test]
    fn calls() {
        let said = json!([
            { "role": "assistant", "function_call": { "name": "f", "arguments": "{}", "a": 1 } },
            { "role": "assistant", "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}", "b": 1 }, "told": 1 },
                { "id": "d", "type": "custom", "custom": { "name": "g", "input": "", "c": 1 } },
                { "id": "e", "index": 2, "custom": { "name": "g" }, "function": { "name": "f" } }] }
        ]);
        assert_eq!(
            places(&unplaced_in_calls(&asked(&json!({ "messages": said })))),
            [
                "messages[0].function_call.a",
                "messages[1].tool_calls[0].function.b",
                "messages[1].tool_calls[1].custom.c",
                "messages[1].tool_calls[2].index",
                "messages[1].tool_calls[2].function",
            ]
        );
    }

    #[test]
    fn marks() {
        let text = |mark: bool| {
            let mark = if mark { json!({ "type": "ephemeral" }) } else { Value::Null };
            json!({ "type": "text", "text": "t", "cache_control": mark })
        };
        let mut result: Message = llm_types::from_value(
            json!({ "role": "tool", "tool_call_id": "c", "content": [text(true), text(false), text(true)] }),
        )
        .unwrap();
        assert_eq!(places(&more_marks(&result, "m")), ["m.content[0].cache_control"]);
        result.cache_control = llm_types::from_value(json!({ "type": "ephemeral" })).unwrap();
        assert_eq!(
            places(&more_marks(&result, "m")),
            ["m.content[0].cache_control", "m.content[2].cache_control"]
        );
        assert!(more_marks(&Message::tool("c", "r"), "m").is_empty());
    }

    #[test]
    fn roles() {
        let mut said: Message = llm_types::from_value(json!({ "role": "assistant", "content": "a",
            "annotations": [{ "type": "url_citation" }], "audio": { "id": "x" }, "reasoning_content": "hm",
            "function_call": { "name": "f" }, "refusal": "no", "thinking_blocks": [{ "type": "thinking" }],
            "tool_calls": [{ "id": "c" }], "tool_call_id": "c" }))
        .unwrap();
        assert_eq!(places(&out_of_role(&said, "messages[0]")), ["messages[0].tool_call_id"]);
        said.role = Role::Tool;
        assert_eq!(out_of_role(&said, "messages[0]").len(), 7);
        said.role = Role::Other("user ".to_owned());
        assert_eq!(out_of_role(&said, "messages[0]").len(), 8);
        assert!(out_of_role(&Message::user("a"), "messages[0]").is_empty());
        said =
            llm_types::from_value(json!({ "role": "user", "content": "a", "tool_calls": [], "refusal": "" }))
                .unwrap();
        assert!(out_of_role(&said, "messages[0]").is_empty());
    }
}
