//! Functions in OpenAI's oldest form, as tools.
//!
//! Source: OpenAI API reference, "Create chat completion", the members marked deprecated, read 2026-11.

use llm_provider_core::NoteKind;
use llm_provider_openai::Changes;
use llm_types::{
    ChatRequest, Message, Nullable, Role, Tool, ToolCall, ToolChoice, ToolChoiceMode, from_value,
};
use serde_json::json;

/// Writes `functions`, `function_call` and messages of role `function` in their newer form.
pub fn modern(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    if let Some(functions) = request.functions.take() {
        let tools = functions.into_iter().enumerate().map(|(index, function)| {
            let tool = json!({ "type": "function", "function": function });
            from_value::<Tool>(tool).unwrap_or_else(|error| {
                // Not even named: the vendor may say what it thinks of it.
                changes.lost(NoteKind::Dropped, format!("functions[{index}]"), error.to_string());
                Tool::Unknown(llm_types::Extra::new())
            })
        });
        let tools: Vec<Tool> = tools.filter(|tool| !matches!(tool, Tool::Unknown(_))).collect();
        changes.note(NoteKind::Renamed, "functions", "tools");
        request.tools.get_or_insert_with(Vec::new).extend(tools);
    }
    if let Some(choice) = request.function_call.take() {
        let choice = match (choice.as_str(), choice["name"].as_str()) {
            (Some(mode), _) => Some(ToolChoice::Mode(ToolChoiceMode::from(mode))),
            (None, Some(name)) => Some(ToolChoice::function(name)),
            (None, None) => None,
        };
        match choice {
            Some(choice) if !request.tool_choice.is_value() => {
                request.tool_choice = choice.into();
                changes.note(NoteKind::Renamed, "function_call", "tool_choice");
            }
            _ => changes.lost(NoteKind::Dropped, "function_call", "it names no function"),
        }
    }
    calls_and_results(&mut request.messages, changes);
}

/// Calls get an id, which their results refer to: the result of a function follows its call.
fn calls_and_results(messages: &mut [Message], changes: &mut Changes<'_>) {
    let mut last = None;
    for (index, message) in messages.iter_mut().enumerate() {
        if let Some(function) = message.function_call.take() {
            let id = format!("call_{index}");
            let (name, arguments) = (function.name.as_deref(), function.arguments.as_deref());
            let mut call = ToolCall::function(&id, name.unwrap_or(""), arguments.unwrap_or("{}"));
            if let Some(made) = call.function.get_mut() {
                made.extra = function.extra;
            }
            message.tool_calls.get_or_insert_with(Vec::new).push(call);
            last = Some(id);
            changes.note(NoteKind::Renamed, format!("messages[{index}].function_call"), "tool_calls");
        }
        if message.role == Role::Function {
            message.role = Role::Tool;
            let id = last.clone().unwrap_or_else(|| format!("call_{index}"));
            message.tool_call_id = Nullable::Value(id);
            changes.note(NoteKind::Renamed, format!("messages[{index}].role"), "tool");
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Call;
    use serde_json::Value;

    use super::*;

    fn modernised(request: Value) -> (Value, Vec<String>) {
        let mut request: ChatRequest = from_value(request).unwrap();
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        modern(&mut request, &mut changes);
        let notes = changes.finish().unwrap().iter().map(ToString::to_string).collect();
        (serde_json::to_value(request).unwrap(), notes)
    }

    #[test]
    fn a_conversation_with_functions() {
        let (request, notes) = modernised(json!({
            "model": "m",
            "functions": [{"name": "f", "parameters": {"type": "object"}}, {"parameters": {}}],
            "function_call": {"name": "f"},
            "messages": [
                {"role": "user", "content": "?"},
                {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
                {"role": "function", "name": "f", "content": "1"},
            ],
        }));
        assert_eq!(
            request["tools"],
            json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}])
        );
        assert_eq!(request["tool_choice"], json!({"type": "function", "function": {"name": "f"}}));
        let call = json!({"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        assert_eq!(request["messages"][1]["tool_calls"], json!([call]));
        let result = json!({"role": "tool", "content": "1", "name": "f", "tool_call_id": "call_1"});
        assert_eq!(request["messages"][2], result);
        assert_eq!(notes[0], "dropped functions[1]: function: missing field `name`");
        assert_eq!(notes.len(), 5, "{notes:?}");
    }

    #[test]
    fn nothing_old_is_left_alone() {
        let plain =
            json!({"model": "m", "messages": [{"role": "user", "content": "?"}], "tool_choice": "auto"});
        assert_eq!(modernised(plain.clone()), (plain, Vec::new()));
    }
}
