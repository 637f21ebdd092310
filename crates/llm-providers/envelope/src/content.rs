//! Parts and tools that a vendor has no form for.

use llm_provider_core::{NoteKind, ServerTool};
use llm_provider_openai::Changes;
use llm_types::{
    ChatRequest, ContentPart, ImageSource, MessageContent, Nullable, Tool, ToolCall, ToolChoice,
};

/// Leaves tools out that are no functions, the choice of such a tool, and `strict`, which few vendors know.
pub fn functions_only(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    const WHY: &str = "the vendor's tools are functions";
    let forced = ServerTool::chosen(request);
    if let Some(tools) = request.tools.get_mut() {
        let mut index = 0;
        tools.retain_mut(|tool| {
            let path = format!("tools[{index}]");
            let Tool::Function(tool) = tool else {
                changes.lost(NoteKind::Dropped, path, WHY);
                changes.taken_out("tools", index);
                return false;
            };
            index += 1;
            if let Some(strict) = tool.function.strict.take() {
                let kind = if strict { NoteKind::Dropped } else { NoteKind::Converted };
                changes.note(kind, format!("{path}.function.strict"), "the vendor has no such switch");
            }
            true
        });
        if tools.is_empty() {
            request.tools = Nullable::Absent;
        }
    }
    if forced.is_some() {
        request.tool_choice = Nullable::Absent;
        changes.note(NoteKind::Dropped, "tool_choice", "the tool is left out");
    } else if matches!(
        request.tool_choice.get(),
        Some(ToolChoice::Custom(_) | ToolChoice::AllowedTools(_) | ToolChoice::Unknown(_))
    ) {
        request.tool_choice = Nullable::Absent;
        changes.lost(NoteKind::Dropped, "tool_choice", "the vendor has no such choice of tools");
    }
}

/// Leaves parts of messages out that `takes` refuses. A message keeps its place, with empty text if nothing is left.
pub fn leave_out_parts(
    request: &mut ChatRequest,
    changes: &mut Changes<'_>,
    takes: impl Fn(&ContentPart) -> bool,
) {
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        let mut index = 0;
        parts.retain(|part| {
            let is_taken = takes(part);
            if is_taken {
                index += 1;
            } else {
                let reason = format!("the vendor has no parts of type `{}`", part.kind());
                changes.lost(NoteKind::Dropped, format!("messages[{at}].content[{index}]"), reason);
                changes.taken_out(format!("messages[{at}].content"), index);
            }
            is_taken
        });
    }
}

/// Says in plain words what OpenAI alone has members for in what the model said: refusals become text, calls of custom
/// tools calls of functions; sources and sound are left out.
pub fn plain_history(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    for (at, message) in request.messages.iter_mut().enumerate() {
        for (name, is_there) in
            [("annotations", message.annotations.is_value()), ("audio", message.audio.is_value())]
        {
            if is_there {
                let path = format!("messages[{at}].{name}");
                changes.note(NoteKind::Dropped, path, "the vendor takes none back");
            }
        }
        message.annotations = Nullable::Absent;
        message.audio = Nullable::Absent;
        if let Some(words) = message.refusal.take() {
            changes.note(NoteKind::Moved, format!("messages[{at}].refusal"), "into the text");
            match message.content.get_mut() {
                Some(MessageContent::Text(text)) => text.push_str(&words),
                Some(MessageContent::Parts(parts)) => parts.push(ContentPart::text(words)),
                None => message.content = MessageContent::Text(words).into(),
            }
        }
        if let Some(MessageContent::Parts(parts)) = message.content.get_mut() {
            for (index, part) in parts.iter_mut().enumerate() {
                if let ContentPart::Refusal(refusal) = part {
                    changes.note(NoteKind::Converted, format!("messages[{at}].content[{index}]"), "as text");
                    *part = ContentPart::text(std::mem::take(&mut refusal.refusal));
                }
            }
        }
        for (index, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
            let Some(custom) = call.custom.take() else { continue };
            if call.function.is_value() {
                let path = format!("messages[{at}].tool_calls[{index}].function");
                changes.note(NoteKind::Dropped, path, "the call is that of a custom tool");
            }
            let arguments = serde_json::json!({ "input": custom.input.get() }).to_string();
            let id = call.id.as_deref().unwrap_or_default();
            let extra = std::mem::take(&mut call.extra);
            *call = ToolCall {
                extra,
                ..ToolCall::function(id, custom.name.as_deref().unwrap_or_default(), arguments)
            };
            let path = format!("messages[{at}].tool_calls[{index}].custom");
            changes.note(NoteKind::Converted, path, "as a call of a function with one text, `input`");
        }
    }
}

/// Takes out of texts and images what stands beside the text and the address, for vendors that have other forms of them.
pub fn bare_parts(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    const WHY: &str = "the vendor's parts have no such member";
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        for (index, part) in parts.iter_mut().enumerate() {
            let path = format!("messages[{at}].content[{index}]");
            let (marker, beside) = match part {
                ContentPart::Text(part) => (part.cache_control.take(), std::mem::take(&mut part.extra)),
                ContentPart::ImageUrl(part) => {
                    if let ImageSource::Url(image) = &mut part.image_url {
                        for name in std::mem::take(&mut image.extra).keys() {
                            changes.note(NoteKind::Dropped, format!("{path}.image_url.{name}"), WHY);
                        }
                    }
                    (part.cache_control.take(), std::mem::take(&mut part.extra))
                }
                _ => continue,
            };
            if marker.is_some() {
                changes.note(NoteKind::Dropped, format!("{path}.cache_control"), WHY);
            }
            for name in beside.keys() {
                changes.note(NoteKind::Dropped, format!("{path}.{name}"), WHY);
            }
        }
    }
}

/// Leaves out every part that is no text, and joins the texts of a message into one.
pub fn texts_only(request: &mut ChatRequest, changes: &mut Changes<'_>) {
    leave_out_parts(request, changes, |part| matches!(part, ContentPart::Text(_) | ContentPart::Refusal(_)));
    for (at, message) in request.messages.iter_mut().enumerate() {
        let Some(MessageContent::Parts(parts)) = message.content.get() else { continue };
        for (index, part) in parts.iter().enumerate() {
            let path = format!("messages[{at}].content[{index}]");
            if part.cache_control().is_some() {
                let why = "the vendor has no prompt-cache markers";
                changes.note(NoteKind::Dropped, format!("{path}.cache_control"), why);
            }
            let beside = match part {
                ContentPart::Text(part) => &part.extra,
                ContentPart::Refusal(part) => &part.extra,
                _ => continue,
            };
            for name in beside.keys() {
                changes.note(
                    NoteKind::Dropped,
                    format!("{path}.{name}"),
                    "the vendor takes text as one string",
                );
            }
        }
        let texts = parts.iter().filter_map(|part| match part {
            ContentPart::Text(part) => Some(part.text.as_str()),
            ContentPart::Refusal(part) => Some(part.refusal.as_str()),
            _ => None,
        });
        let text = texts.collect::<Vec<_>>().join("\n");
        message.content = MessageContent::Text(text).into();
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Call;
    use llm_types::from_value;
    use serde_json::{Value, json};

    use super::*;

    fn changed(request: Value, change: impl Fn(&mut ChatRequest, &mut Changes<'_>)) -> (Value, Vec<String>) {
        let mut request: ChatRequest = from_value(request).unwrap();
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        change(&mut request, &mut changes);
        let notes = changes.finish().unwrap().into_iter().map(|note| note.path).collect();
        (serde_json::to_value(request).unwrap(), notes)
    }

    #[test]
    fn tools_that_are_no_functions() {
        let (request, notes) = changed(
            json!({"model": "m", "messages": [], "tool_choice": {"type": "custom", "custom": {"name": "c"}}, "tools": [
                {"type": "custom", "custom": {"name": "c"}},
                {"type": "function", "function": {"name": "f", "strict": true}},
                {"type": "web_search"},
            ]}),
            functions_only,
        );
        assert_eq!(request["tools"], json!([{"type": "function", "function": {"name": "f"}}]));
        assert_eq!(notes, ["tools[0]", "tools[1].function.strict", "tools[2]", "tool_choice"]);
        let (request, _) =
            changed(json!({"model": "m", "messages": [], "tools": [{"type": "web_search"}]}), functions_only);
        assert!(request.get("tools").is_none());
    }

    #[test]
    fn a_history_in_plain_words() {
        let (request, notes) = changed(
            json!({"model": "m", "messages": [
                {"role": "assistant", "content": null, "refusal": "no", "annotations": [], "audio": {"id": "a"}},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}], "tool_calls": [
                    {"id": "c", "type": "custom", "custom": {"name": "run", "input": "1+1"}}]},
            ]}),
            plain_history,
        );
        assert_eq!(request["messages"][0], json!({"role": "assistant", "content": "no"}));
        assert_eq!(request["messages"][1]["content"], json!([{"type": "text", "text": "no"}]));
        let function = json!({"name": "run", "arguments": "{\"input\":\"1+1\"}"});
        assert_eq!(
            request["messages"][1]["tool_calls"],
            json!([{"id": "c", "type": "function", "function": function}])
        );
        assert_eq!(notes.len(), 5, "{notes:?}");
    }

    #[test]
    fn parts_that_are_no_text() {
        let (request, notes) = changed(
            json!({"model": "m", "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                    {"type": "image_url", "image_url": {"url": "https://h/i.png"}},
                    {"type": "text", "text": "b"},
                ]},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            ]}),
            texts_only,
        );
        assert_eq!(request["messages"][0]["content"], "a\nb");
        assert_eq!(request["messages"][1]["content"], "no");
        assert_eq!(notes, ["messages[0].content[1]", "messages[0].content[0].cache_control"]);
    }
}
