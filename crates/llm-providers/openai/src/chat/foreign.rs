//! What other dialects have in messages and functions and this wire has not: said in words, or left out with a note.
//! Vendors refuse what they do not know.

use std::borrow::Cow;

use llm_provider_core::{Dialect, NoteKind, foreign_part, foreign_to_function, stored_part, words_of_part};
use llm_types::{ContentPart, Extra, Message, MessageContent, Nullable, Role, Tool};

use crate::Changes;

/// Members of parts that other dialects have.
///
/// Source: Anthropic API reference, "Messages": documents and citations; Gemini API reference, "Part"; read 2026-11.
const BESIDE_PARTS: &[&str] =
    &["citations", "context", "display_name", "media_resolution", "title", "video_metadata"];

const OF_NO_USE: &str = "of no use to this vendor";

/// Brings what other dialects say in a message into this wire's form.
pub(super) fn message(message: &mut Cow<'_, Message>, path: &str, changes: &mut Changes<'_>) {
    if message.role == Role::Tool
        && let Some(fared) = message.extra.get("is_error")
    {
        let failed = fared.as_bool() == Some(true);
        message.to_mut().extra.shift_remove("is_error");
        if failed {
            let path = format!("{path}.is_error");
            changes.note(NoteKind::Dropped, path, "the vendor is not told how a tool fared");
        }
    }
    if message.role == Role::Assistant && message.extra.contains_key("images") {
        message.to_mut().extra.shift_remove("images");
        changes.lost(
            NoteKind::Dropped,
            format!("{path}.images"),
            "the vendor takes no images of a model back",
        );
    }
    let Some(MessageContent::Parts(parts)) = message.content.get() else { return };
    if !parts.iter().any(is_foreign) {
        return;
    }
    let Some(MessageContent::Parts(parts)) = message.to_mut().content.take() else { return };
    let mut stay = Vec::with_capacity(parts.len());
    for mut part in parts {
        let index = stay.len();
        let place = format!("{path}.content[{index}]");
        beside(&mut part, &place, changes);
        let ContentPart::Unknown(own) = &part else {
            stay.push(part);
            continue;
        };
        if let Some(words) = words_of_part(own) {
            changes.note(NoteKind::Converted, place, "to text");
            stay.push(ContentPart::text(words));
        } else if let Some(reason) = foreign_part(own) {
            changes.lost(NoteKind::Dropped, place, reason);
            changes.taken_out(format!("{path}.content"), index);
        } else {
            stay.push(part);
        }
    }
    let is_empty = stay.is_empty();
    message.to_mut().content = match is_empty {
        false => Nullable::Value(MessageContent::Parts(stay)),
        true if message.tool_calls.is_value() => Nullable::Null,
        true => Nullable::Value(MessageContent::Text(String::new())),
    };
}

/// Leaves out what lies where this vendor cannot read it.
pub(super) fn stored(message: &mut Cow<'_, Message>, path: &str, changes: &mut Changes<'_>) {
    let Some(MessageContent::Parts(parts)) = message.content.get() else { return };
    if parts.iter().all(|part| stored_part(part).is_none()) {
        return;
    }
    let Some(MessageContent::Parts(parts)) = message.to_mut().content.get_mut() else { return };
    let mut index = 0;
    parts.retain(|part| {
        let Some(reason) = stored_part(part) else {
            index += 1;
            return true;
        };
        changes.lost(NoteKind::Dropped, format!("{path}.content[{index}]"), reason);
        changes.taken_out(format!("{path}.content"), index);
        false
    });
}

fn is_foreign(part: &ContentPart) -> bool {
    match part {
        ContentPart::Unknown(own) => words_of_part(own).is_some() || foreign_part(own).is_some(),
        part => {
            members(part).is_some_and(|members| BESIDE_PARTS.iter().any(|name| members.contains_key(*name)))
        }
    }
}

fn members(part: &ContentPart) -> Option<&Extra> {
    match part {
        ContentPart::Text(part) => Some(&part.extra),
        ContentPart::ImageUrl(part) => Some(&part.extra),
        ContentPart::InputAudio(part) => Some(&part.extra),
        ContentPart::File(part) => Some(&part.extra),
        ContentPart::Refusal(_) | ContentPart::Unknown(_) => None,
    }
}

/// Takes members of other dialects' parts out.
fn beside(part: &mut ContentPart, path: &str, changes: &mut Changes<'_>) {
    let (members, name) = match part {
        ContentPart::Text(part) => (&mut part.extra, None),
        ContentPart::ImageUrl(part) => (&mut part.extra, None),
        ContentPart::InputAudio(part) => (&mut part.extra, None),
        ContentPart::File(part) => (&mut part.extra, part.file.filename.as_deref()),
        ContentPart::Refusal(_) | ContentPart::Unknown(_) => return,
    };
    for member in BESIDE_PARTS {
        let Some(value) = members.shift_remove(*member) else { continue };
        // A name that is the file's already is said.
        let is_name = matches!(*member, "title" | "display_name");
        if !is_name || value.as_str().is_none_or(|value| name != Some(value)) {
            changes.note(NoteKind::Dropped, format!("{path}.{member}"), OF_NO_USE);
        }
    }
}

/// The functions without members that other dialects alone have; `None` if there are none.
pub(super) fn functions(tools: &[Tool], changes: &mut Changes<'_>) -> Option<Vec<Tool>> {
    let foreign = |name: &str| foreign_to_function(name, Dialect::OpenAiChat);
    let names = |tool: &Tool| match tool {
        Tool::Function(tool) => {
            tool.function.extra.keys().chain(tool.extra.keys()).any(|name| foreign(name).is_some())
        }
        Tool::Custom(_) | Tool::Unknown(_) => false,
    };
    if !tools.iter().any(names) {
        return None;
    }
    let mut tools = tools.to_vec();
    for (index, tool) in tools.iter_mut().enumerate() {
        let Tool::Function(tool) = tool else { continue };
        for (members, place) in [(&mut tool.extra, ""), (&mut tool.function.extra, "function.")] {
            members.retain(|name, _| {
                let reason = foreign(name);
                if let Some(reason) = reason {
                    changes.lost(NoteKind::Dropped, format!("tools[{index}].{place}{name}"), reason);
                }
                reason.is_none()
            });
        }
    }
    Some(tools)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Call;
    use serde_json::{Value, json};

    use super::*;

    fn changed(given: Value) -> (Value, Vec<String>) {
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        let given: Message = serde_json::from_value(given).unwrap();
        let mut made = Cow::Borrowed(&given);
        message(&mut made, "messages[0]", &mut changes);
        let notes = changes.finish().unwrap().iter().map(ToString::to_string).collect();
        (serde_json::to_value(&*made).unwrap(), notes)
    }

    #[test]
    fn how_a_tool_fared_is_left_out() {
        let result = json!({ "role": "tool", "content": "Rain.", "tool_call_id": "c" });
        for (fared, notes) in [(false, 0), (true, 1)] {
            let mut given = result.clone();
            given["is_error"] = fared.into();
            let (made, told) = changed(given);
            assert_eq!((&made, told.len()), (&result, notes), "{told:?}");
        }
    }

    #[test]
    fn parts_of_others_are_said_in_words_or_left_out() {
        let (made, notes) = changed(json!({ "role": "user", "content": [
            { "type": "container_upload", "file_id": "f" },
            { "type": "search_result", "title": "Tides", "source": "s", "content": [{ "type": "text", "text": "High." }] },
            { "type": "gemini_part", "gemini_part": { "text": "t" } },
            { "type": "text", "text": "And?", "citations": [] },
            { "type": "file", "file": { "file_id": "f", "filename": "Log" }, "title": "Log", "context": "At sea." },
            { "type": "x_later", "a": 1 },
        ] }));
        assert_eq!(
            made["content"],
            json!([
                { "type": "text", "text": "Tides\ns\n\nHigh." },
                { "type": "text", "text": "And?" },
                { "type": "file", "file": { "file_id": "f", "filename": "Log" } },
                { "type": "x_later", "a": 1 },
            ])
        );
        assert_eq!(
            notes,
            [
                "dropped messages[0].content[0]: only Anthropic's API has it",
                "converted messages[0].content[1]: to text",
                "dropped messages[0].content[2]: only Gemini's API has it",
                "dropped messages[0].content[3].citations: of no use to this vendor",
                "dropped messages[0].content[4].context: of no use to this vendor",
            ]
        );
    }

    #[test]
    fn an_answer_of_an_image_alone_is_empty() {
        let image = json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AA" } }]);
        let (made, notes) = changed(json!({ "role": "assistant", "content": "Here.", "images": image }));
        assert_eq!((made["content"].as_str(), made.get("images"), notes.len()), (Some("Here."), None, 1));
    }
}
