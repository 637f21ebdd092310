//! What vendors with words of their own have no place for.

use llm_provider_core::{out_of_role, unplaced_in_calls, unplaced_in_choice};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, Message, Nullable, Role};

/// Tells members that nobody knows, inside of the choice among tools and of the calls of earlier turns, and takes out of
/// messages what means something in another role only.
///
/// Older forms of calls are to be brought into the newer one before.
pub fn unplaced(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    changes.add(unplaced_in_choice(request));
    changes.add(unplaced_in_calls(request));
    for (index, message) in request.messages.iter_mut().enumerate() {
        changes.add(out_of_role(message, &format!("messages[{index}]")));
        in_role(message);
    }
}

fn in_role(message: &mut Message) {
    if message.role != Role::Assistant {
        message.annotations = Nullable::Absent;
        message.audio = Nullable::Absent;
        message.function_call = Nullable::Absent;
        message.reasoning_content = Nullable::Absent;
        message.refusal = Nullable::Absent;
        message.thinking_blocks = Nullable::Absent;
        message.tool_calls = Nullable::Absent;
    }
    if !matches!(message.role, Role::Tool | Role::Function) {
        message.tool_call_id = Nullable::Absent;
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Call;
    use llm_types::from_value;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_no_place_is_told() {
        let call =
            json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}", "a": 1 } });
        let mut request: ChatRequest = from_value(json!({ "model": "m",
            "tool_choice": { "type": "function", "function": { "name": "f" }, "b": 1 },
            "messages": [
                { "role": "user", "content": "?", "tool_calls": [call], "tool_call_id": "c" },
                { "role": "assistant", "tool_calls": [call] }] }))
        .unwrap();
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        unplaced(&mut request, &mut changes);
        let told: Vec<String> = changes.finish().unwrap().into_iter().map(|note| note.path).collect();
        assert_eq!(
            told,
            [
                "tool_choice.b",
                "messages[0].tool_calls[0].function.a",
                "messages[1].tool_calls[0].function.a",
                "messages[0].tool_calls",
                "messages[0].tool_call_id",
            ]
        );
        assert_eq!(
            serde_json::to_value(&request.messages[0]).unwrap(),
            json!({ "role": "user", "content": "?" })
        );
        assert!(request.messages[1].tool_calls.is_value());
    }
}
