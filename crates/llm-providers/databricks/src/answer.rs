//! Content in parts, taken apart: thinking, text, and what is neither.

use serde_json::{Map, Value, json};

/// Brings the content of a message or of a piece of one into the canonical form: text as one string, thinking beside it.
/// Parts that are neither are kept under `provider_specific_fields`.
pub(crate) fn mend(message: &mut Map<String, Value>) {
    let Some(Value::Array(parts)) = message.get_mut("content") else { return };
    let parts = std::mem::take(parts);
    message.shift_remove("content");
    let (mut text, mut thinking, mut blocks, mut others) = (None, String::new(), Vec::new(), Vec::new());
    for part in parts {
        match part["type"].as_str() {
            Some("text" | "output_text") if is_plain(&part) => {
                text.get_or_insert_with(String::new).push_str(part["text"].as_str().unwrap_or_default());
            }
            Some("text" | "output_text") => {
                text.get_or_insert_with(String::new).push_str(part["text"].as_str().unwrap_or_default());
                others.push(part);
            }
            Some("reasoning") => {
                for summary in part["summary"].as_array().into_iter().flatten() {
                    let said = summary["text"].as_str().unwrap_or_default();
                    thinking.push_str(said);
                    let mut block = json!({ "type": "thinking", "thinking": said });
                    if let Some(signature) = summary["signature"].as_str().filter(|text| !text.is_empty()) {
                        block["signature"] = signature.into();
                    }
                    blocks.push(block);
                }
            }
            _ => others.push(part),
        }
    }
    if let Some(text) = text {
        message.insert("content".to_owned(), text.into());
    }
    if !blocks.is_empty() {
        message.insert("reasoning_content".to_owned(), thinking.into());
        message.insert("thinking_blocks".to_owned(), blocks.into());
    }
    if !others.is_empty() {
        let fields = message.entry("provider_specific_fields").or_insert_with(|| json!({}));
        match fields.as_object_mut() {
            Some(fields) => drop(fields.insert("content_parts".to_owned(), others.into())),
            None => *fields = json!({ "content_parts": others }),
        }
    }
}

/// Whether a text says nothing but its text.
fn is_plain(part: &Value) -> bool {
    part.as_object().is_some_and(|part| part.keys().all(|name| name == "type" || name == "text"))
}

/// A body whose choices were mended; `None` if none of them has content in parts.
pub(crate) fn mended(body: &[u8], member: &str) -> Option<Value> {
    let mut value: Value = has_parts(body).then(|| serde_json::from_slice(body).ok())??;
    for choice in value.get_mut("choices")?.as_array_mut()? {
        if let Some(message) = choice.get_mut(member).and_then(Value::as_object_mut) {
            mend(message);
        }
    }
    Some(value)
}

/// Whether a content may be a list: the usual one is a string, and needs no second look.
fn has_parts(body: &[u8]) -> bool {
    const NAME: &[u8] = b"\"content\"";
    memchr::memmem::find_iter(body, NAME).any(|at| {
        let rest = body[at + NAME.len()..].trim_ascii_start();
        rest.strip_prefix(b":").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"["))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinking_text_and_the_rest_are_told_apart() {
        let body = json!({"choices": [{"message": {"role": "assistant", "content": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm", "signature": "s"}]},
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b", "citations": [{"url": "u"}]},
            {"type": "new"},
        ]}}]});
        let message = &mended(body.to_string().as_bytes(), "message").unwrap()["choices"][0]["message"];
        assert_eq!(
            message,
            &json!({
                "role": "assistant",
                "content": "ab",
                "reasoning_content": "hm",
                "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}],
                "provider_specific_fields": {"content_parts": [
                    {"type": "text", "text": "b", "citations": [{"url": "u"}]}, {"type": "new"},
                ]},
            })
        );
        assert_eq!(mended(br#"{"choices":[{"message":{"content":"[]"}}]}"#, "message"), None);
    }
}
