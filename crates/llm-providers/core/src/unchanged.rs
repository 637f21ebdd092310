//! Whether a message still says what a vendor's own blocks say, which an earlier answer left with the client: its words,
//! and its calls. A client may have changed the message since.

use llm_types::{ContentPart, MessageContent, ToolCall};
use serde_json::{Map, Value};

/// Whether a message's content says these words and nothing else; spaces around them do not count.
pub fn says_words(content: Option<&MessageContent>, words: &str) -> bool {
    let is_text = match content {
        Some(MessageContent::Parts(parts)) => parts.iter().all(|part| matches!(part, ContentPart::Text(_))),
        Some(MessageContent::Text(_)) | None => true,
    };
    let said = content.map(MessageContent::text).unwrap_or_default();
    is_text && said.trim() == words.trim()
}

/// Whether a call is that of a function by this id, and with this input; `is_named` tells whether the function's name is
/// the one that was called. A call without arguments has an empty object as its input.
pub fn is_same_call(call: &ToolCall, id: &str, is_named: impl FnOnce(&str) -> bool, input: &Value) -> bool {
    let Some(function) = call.function.get().filter(|_| !call.custom.is_value()) else { return false };
    let arguments = match function.arguments.as_deref().unwrap_or_default().trim() {
        "" => Some(Value::Object(Map::new())),
        text => serde_json::from_str(text).ok(),
    };
    call.id.as_deref() == Some(id)
        && function.name.as_deref().is_some_and(is_named)
        && arguments.as_ref() == Some(input)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words() {
        let content = |json: Value| -> MessageContent { llm_types::from_value(json).unwrap() };
        assert!(says_words(None, " \n"));
        assert!(!says_words(None, "a"));
        assert!(says_words(Some(&content(json!("A by 3.\n"))), "A by 3."));
        assert!(!says_words(Some(&content(json!("A by 4."))), "A by 3."));
        let text = json!({ "type": "text", "text": "A by 3." });
        assert!(says_words(Some(&content(json!([text]))), "A by 3."));
        let image = json!({ "type": "image_url", "image_url": { "url": "https://a.example/b.png" } });
        assert!(!says_words(Some(&content(json!([text, image]))), "A by 3."));
    }

    #[test]
    fn calls() {
        let is_same = |arguments: &str, id: &str, name: &str, input: &Value| {
            is_same_call(&ToolCall::function("t", "f", arguments), id, |called| called == name, input)
        };
        let input = json!({ "a": 1 });
        assert!(is_same("{ \"a\": 1 }", "t", "f", &input));
        assert!(!is_same("{ \"a\": 1 }", "u", "f", &input));
        assert!(!is_same("{ \"a\": 1 }", "t", "g", &input));
        assert!(!is_same("{ \"a\": 2 }", "t", "f", &input));
        assert!(!is_same("{ \"a\":", "t", "f", &input));
        assert!(is_same(" ", "t", "f", &json!({})));
        let custom = json!({ "id": "t", "type": "custom", "custom": { "name": "f", "input": "{}" } });
        let custom: ToolCall = llm_types::from_value(custom).unwrap();
        assert!(!is_same_call(&custom, "t", |_| true, &json!({})));
    }
}
