//! Answers that are nearly right: brought into the schema, and what does not fit is set aside, not lost.

use llm_provider_core::Unheard;
use llm_types::{ContentPart, from_value};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::parts;

/// How many members may be set aside before an answer counts as unreadable.
const LIMIT: usize = 16;

/// Reads an answer or a chunk leniently. What does not fit is found at
/// `provider_specific_fields.unreadable`, by its place.
pub(super) fn read<T: DeserializeOwned>(mut value: Value) -> Result<T, String> {
    for choice in value.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        for body in ["message", "delta"] {
            if let Some(Value::Object(message)) = choice.get_mut(body) {
                if body == "message" {
                    message.entry("role").or_insert_with(|| "assistant".into());
                }
                known_faults(message);
            }
        }
    }
    let mut aside = Unheard::default();
    let mut count = 0;
    loop {
        let error = match from_value::<T>(value.clone()) {
            Ok(read) if count == 0 => return Ok(read),
            Ok(_) => break,
            Err(error) => error,
        };
        match take(&mut value, &error.path) {
            // A list closes up where something is taken out of it, so that one place may be said more than once.
            Some(taken) if count < LIMIT => aside.put(error.path, taken),
            _ => return Err(error.to_string()),
        }
        count += 1;
    }
    let aside = aside.take().into_option().unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        let fields = members.entry("provider_specific_fields").or_insert_with(|| json!({}));
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("unreadable".to_owned(), Value::Object(aside));
        }
    }
    from_value(value).map_err(|error| error.to_string())
}

/// Faults that several vendors have in common.
fn known_faults(message: &mut Map<String, Value>) {
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        // Arguments as an object instead of as JSON text.
        if let Some(arguments @ (Value::Object(_) | Value::Array(_))) =
            call.pointer_mut("/function/arguments")
        {
            *arguments = Value::String(arguments.to_string());
        }
    }
    if let Some(Value::Array(list)) = message.get("content")
        && let Ok(list) = from_value::<Vec<ContentPart>>(Value::Array(list.clone()))
    {
        let split = parts::split(list);
        if let Some(text) = split.reasoning() {
            message.insert("reasoning_content".to_owned(), text.into());
            if let Ok(blocks) = serde_json::to_value(&split.thinking) {
                message.insert("thinking_blocks".to_owned(), blocks);
            }
        }
        if !split.others.is_empty() {
            message.insert("provider_specific_fields".to_owned(), json!({ "content_parts": split.others }));
        }
        message.insert("content".to_owned(), split.text.into());
    }
}

/// Takes out the value at a path such as `choices[0].message.audio.id`. Without a choice or its message
/// there is no answer, so those are never taken.
fn take(value: &mut Value, path: &str) -> Option<Value> {
    let segments: Vec<_> = path.split(['.', '[']).map(|segment| segment.trim_end_matches(']')).collect();
    let (last, parents) = segments.split_last()?;
    let is_answer = matches!(
        segments.as_slice(),
        ["" | "choices"] | ["choices", _] | ["choices", _, "message" | "delta"]
    );
    if is_answer {
        return None;
    }
    let mut parent = value;
    for segment in parents {
        parent = step(parent, segment)?;
    }
    match parent {
        Value::Object(members) => members.shift_remove(*last),
        Value::Array(items) => {
            let index: usize = last.parse().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}

fn step<'v>(value: &'v mut Value, segment: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(members) => members.get_mut(segment),
        Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use llm_types::ChatResponse;

    use super::*;

    #[test]
    fn parts_without_a_kind_are_all_set_aside() {
        let answer = json!({ "choices": [{ "message": { "content": [
            { "typex": "a", "text": 1 }, { "typex": "b", "text": 2 }, { "type": "text", "text": "c" }] } }] });
        let read: ChatResponse = read(answer).unwrap();
        let told = serde_json::to_value(&read).unwrap();
        let all = told["provider_specific_fields"]["unreadable"].to_string();
        assert!(all.contains(r#""typex":"a""#) && all.contains(r#""typex":"b""#), "{told}");
    }
}
