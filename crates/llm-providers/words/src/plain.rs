//! Messages of nothing but what the vendor takes.

use std::collections::BTreeMap;

use llm_provider_core::NoteKind;
use llm_provider_envelope::{leave_out_parts, unplaced};
use llm_provider_openai::Changes;
use llm_types::{ChatRequest, ContentPart, Message, MessageContent, Nullable, Role, ToolCall};

/// What a vendor takes besides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keeps {
    /// Images.
    pub images: bool,
    /// Files.
    pub files: bool,
}

impl Keeps {
    fn takes(self, part: &ContentPart) -> bool {
        match part {
            ContentPart::Text(_) | ContentPart::Refusal(_) => true,
            ContentPart::ImageUrl(_) => self.images,
            ContentPart::File(_) => self.files,
            ContentPart::InputAudio(_) | ContentPart::Unknown(_) => false,
        }
    }
}

/// Brings the messages into a form that a vendor without tools can read: calls and results are said in words, names and
/// markers go, and so do parts that the vendor does not take. Every change is told.
///
/// Older forms of calls are to be brought into the newer one before.
pub fn plain(request: &mut ChatRequest, keeps: Keeps, changes: &mut Changes<'_>) {
    unplaced(request, changes);
    for (index, message) in request.messages.iter_mut().enumerate() {
        markers(message, &format!("messages[{index}]"), changes);
    }
    leave_out_parts(request, changes, |part| keeps.takes(part));
    // The functions' names by the ids of their calls.
    let mut names = BTreeMap::new();
    for (index, message) in request.messages.iter_mut().enumerate() {
        let path = format!("messages[{index}]");
        one_string(message);
        refusal(message);
        calls(message, &mut names, &path, changes);
        result(message, &names, &path, changes);
        let gone = [
            ("name", message.name.take().is_some()),
            ("audio", message.audio.take().is_some()),
            ("annotations", message.annotations.take().is_some()),
        ];
        for (name, _) in gone.into_iter().filter(|(_, is_there)| *is_there) {
            changes.note(
                NoteKind::Dropped,
                format!("{path}.{name}"),
                "the vendor's messages have no such member",
            );
        }
        // That a tool did not fail goes without saying.
        message.extra.retain(|name, value| name != "is_error" || value.as_bool() != Some(false));
        for name in std::mem::take(&mut message.extra).keys() {
            changes.note(
                NoteKind::Dropped,
                format!("{path}.{name}"),
                "the vendor's messages have no such member",
            );
        }
        if !message.content.is_value() {
            message.content = Nullable::Value(String::new().into());
        }
    }
}

/// Text is one string: what stands beside it in a part goes.
fn markers(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { return };
    for (index, part) in parts.iter_mut().enumerate() {
        let (marker, others) = match part {
            ContentPart::Text(part) => (part.cache_control.take(), std::mem::take(&mut part.extra)),
            ContentPart::File(part) => {
                for name in std::mem::take(&mut part.file.extra).keys() {
                    let path = format!("{path}.content[{index}].file.{name}");
                    changes.note(NoteKind::Dropped, path, "the vendor's files have no such member");
                }
                (part.cache_control.take(), std::mem::take(&mut part.extra))
            }
            ContentPart::Refusal(part) => (None, std::mem::take(&mut part.extra)),
            _ => continue,
        };
        let marker = marker.is_some().then_some("cache_control");
        for name in marker.into_iter().chain(others.keys().map(String::as_str)) {
            let why = "the vendor takes text as one string";
            changes.note(NoteKind::Dropped, format!("{path}.content[{index}].{name}"), why);
        }
    }
}

/// Parts that are text alone become one string.
fn one_string(message: &mut Message) {
    let Some(MessageContent::Parts(parts)) = message.content.get() else { return };
    let words = |part: &ContentPart| match part {
        ContentPart::Text(part) => Some(part.text.clone()),
        ContentPart::Refusal(part) => Some(part.refusal.clone()),
        _ => None,
    };
    if let Some(texts) = parts.iter().map(words).collect::<Option<Vec<_>>>() {
        message.content = Nullable::Value(texts.concat().into());
    }
}

/// Words of refusal are words.
fn refusal(message: &mut Message) {
    if let Some(refusal) = message.refusal.take() {
        say(message, &refusal);
    }
}

/// Adds words to a message.
fn say(message: &mut Message, words: &str) {
    match message.content.get_mut() {
        Some(MessageContent::Text(text)) => {
            if !text.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(words);
        }
        Some(MessageContent::Parts(parts)) => parts.push(ContentPart::text(words)),
        None => message.content = Nullable::Value(words.into()),
    }
}

fn calls(message: &mut Message, names: &mut BTreeMap<String, String>, path: &str, changes: &mut Changes<'_>) {
    let Some(calls) = message.tool_calls.take() else { return };
    for call in &calls {
        let (name, arguments) = called(call);
        if let Some(id) = call.id.get() {
            names.insert(id.clone(), name.to_owned());
        }
        say(message, &format!("[I call {name} with {arguments}]"));
    }
    if !calls.is_empty() {
        changes.note(
            NoteKind::Converted,
            format!("{path}.tool_calls"),
            "said in words: the vendor has no tools",
        );
    }
}

/// The tool's name, and what it is given.
fn called(call: &ToolCall) -> (&str, &str) {
    if let Some(function) = call.function.get() {
        return (
            function.name.as_deref().unwrap_or("a tool"),
            function.arguments.as_deref().filter(|arguments| !arguments.is_empty()).unwrap_or("{}"),
        );
    }
    match call.custom.get() {
        Some(custom) => {
            (custom.name.as_deref().unwrap_or("a tool"), custom.input.as_deref().unwrap_or_default())
        }
        None => ("a tool", "{}"),
    }
}

/// The result of a call is what the user says next.
fn result(message: &mut Message, names: &BTreeMap<String, String>, path: &str, changes: &mut Changes<'_>) {
    if !matches!(message.role, Role::Tool | Role::Function) {
        return;
    }
    let id = message.tool_call_id.take();
    let name = id.as_ref().and_then(|id| names.get(id)).or(message.name.get());
    let head = format!("[{} gives]", name.map_or("The tool", String::as_str));
    message.role = Role::User;
    match message.content.get_mut() {
        Some(MessageContent::Parts(parts)) => {
            parts.insert(0, ContentPart::text(head));
            changes.put_in(format!("{path}.content"), 0);
        }
        Some(MessageContent::Text(text)) => *text = format!("{head}\n{text}"),
        None => message.content = Nullable::Value(head.into()),
    }
    changes.note(
        NoteKind::Converted,
        format!("{path}.tool_call_id"),
        "said in words: the vendor has no tools",
    );
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::{Call, EncodeError, OnUnsupported};
    use serde_json::{Value, json};

    use super::*;

    fn plained(
        messages: &Value,
        keeps: Keeps,
        on: OnUnsupported,
    ) -> Result<(Value, Vec<String>), EncodeError> {
        let mut request: ChatRequest =
            llm_types::from_value(json!({"model": "m", "messages": messages})).unwrap();
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call { unsupported: on, ..Call::new("m", &headers) });
        plain(&mut request, keeps, &mut changes);
        let notes = changes.finish()?.iter().map(ToString::to_string).collect();
        Ok((serde_json::to_value(&request.messages).unwrap(), notes))
    }

    #[test]
    fn calls_and_results_in_words() {
        let messages = json!([
            {"role": "user", "content": "Weather?", "name": "Ann"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function",
                "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "Sun"}]},
            {"role": "assistant", "refusal": "No.", "content": "Well."},
        ]);
        let (seen, notes) = plained(&messages, Keeps::default(), OnUnsupported::Reject).unwrap();
        assert_eq!(
            seen,
            json!([
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": "[I call get_weather with {\"city\":\"Paris\"}]"},
                {"role": "user", "content": "[get_weather gives]\nSun"},
                {"role": "assistant", "content": "Well.\n\nNo."},
            ])
        );
        assert_eq!(notes.len(), 3, "{notes:?}");
    }

    #[test]
    fn parts_that_are_not_taken_are_told() {
        let image = json!({"type": "image_url", "image_url": {"url": "u"}});
        let file =
            json!({"type": "file", "file": {"file_data": "data:text/plain;base64,QQ==", "filename": "a"}});
        let sound = json!({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}});
        let text = json!({"type": "text", "text": "a"});
        let messages = json!([{"role": "user", "content": [text, image, file, sound]}]);
        let (seen, notes) = plained(&messages, Keeps::default(), OnUnsupported::Drop).unwrap();
        assert_eq!((&seen[0]["content"], notes.len()), (&json!("a"), 3));
        assert!(notes[0].starts_with("dropped messages[0].content[1]"), "{notes:?}");
        let keeps = Keeps { images: true, files: true };
        let (seen, notes) = plained(&messages, keeps, OnUnsupported::Drop).unwrap();
        assert_eq!((&seen[0]["content"], notes.len()), (&json!([text, image, file]), 1));
        assert!(plained(&messages, keeps, OnUnsupported::Reject).is_err());
    }
}
