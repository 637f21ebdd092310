//! Messages: members that Mistral refuses, parts that it names otherwise, and how a conversation may end.

use llm_provider_core::NoteKind;
use llm_provider_openai::Changes;
use llm_types::{
    ContentPart, Extra, FilePart, Message, MessageContent, Nullable, Role, ThinkingBlock, ToolCall,
};
use serde_json::{Value, json};

use super::{Request, ids};

/// Brings the messages into Mistral's form; gives which had to go.
pub(super) fn messages(request: &mut Request<'_>, changes: &mut Changes<'_>) -> Vec<usize> {
    let last = request.messages.len().saturating_sub(1);
    let needs = request.messages.iter().enumerate().any(|(at, message)| needs_change(message, at == last));
    if !needs {
        return Vec::new();
    }
    let mut removed = Vec::new();
    let messages = std::mem::take(&mut request.to_mut().messages);
    let mut last_call = None;
    let mut out = Vec::with_capacity(messages.len());
    for (index, mut message) in messages.into_iter().enumerate() {
        let path = format!("messages[{index}]");
        legacy(&mut message, index, &path, &mut last_call, changes);
        members(&mut message, &path, changes);
        parts(&mut message, &path, changes);
        signatures(&mut message, &path, changes);
        calls(&mut message, &path, changes);
        ids::shorten(&mut message, &path, changes);
        if is_empty_answer(&message) {
            changes.note(NoteKind::Dropped, path, "Mistral takes no answer without content and calls");
            removed.push(index);
            continue;
        }
        if index == last && begins_the_answer(&message) {
            message.extra.insert("prefix".to_owned(), true.into());
            changes.note(
                NoteKind::Defaulted,
                format!("{path}.prefix"),
                "true, as the answer goes on from it",
            );
        }
        out.push(message);
    }
    request.to_mut().messages = out;
    removed
}

fn needs_change(message: &Message, is_last: bool) -> bool {
    message.role == Role::Function
        || ids::needs_short(message)
        || message.function_call.is_value()
        || !message.refusal.is_absent()
        || !message.audio.is_absent()
        || !message.annotations.is_absent()
        || (message.name.is_value() && message.role != Role::Tool)
        || message.tool_calls.get().is_some_and(|calls| calls.iter().any(|call| call.custom.is_value()))
        || is_empty_answer(message)
        || message.thinking_blocks.get().is_some_and(|blocks| blocks.iter().any(is_signed_elsewhere))
        || (is_last && begins_the_answer(message))
        || parts_of(message).iter().any(|part| {
            matches!(part, ContentPart::File(_) | ContentPart::InputAudio(_) | ContentPart::Refusal(_))
        })
}

fn parts_of(message: &Message) -> &[ContentPart] {
    match message.content.get() {
        Some(MessageContent::Parts(parts)) => parts,
        _ => &[],
    }
}

fn is_empty_answer(message: &Message) -> bool {
    message.role == Role::Assistant
        && message.content.get().is_none_or(MessageContent::is_empty)
        && message.tool_calls.get().is_none_or(Vec::is_empty)
        && !message.reasoning_content.is_value()
        && !message.thinking_blocks.is_value()
        && !message.function_call.is_value()
        && message.refusal.as_deref().unwrap_or_default().is_empty()
        && !message.audio.is_value()
}

/// Whether a conversation ends in the beginning of an answer, and does not say so.
fn begins_the_answer(message: &Message) -> bool {
    message.role == Role::Assistant
        && !message.extra.contains_key("prefix")
        && message.tool_calls.get().is_none_or(Vec::is_empty)
        && !message.function_call.is_value()
        && message.content.get().is_some_and(|content| !content.is_empty())
}

/// The oldest form of calls and results as the form of now.
fn legacy(
    message: &mut Message,
    index: usize,
    path: &str,
    last_call: &mut Option<String>,
    changes: &mut Changes<'_>,
) {
    if let Some(call) = message.function_call.take() {
        let id = format!("call_{index}");
        let name = call.name.as_deref().unwrap_or_default();
        let call = ToolCall::function(id.as_str(), name, call.arguments.as_deref().unwrap_or("{}"));
        message.tool_calls.get_or_insert_with(Vec::new).push(call);
        changes.note(NoteKind::Converted, format!("{path}.function_call"), "to a tool call");
        *last_call = Some(id);
    }
    if message.role == Role::Function {
        message.role = Role::Tool;
        message.tool_call_id = last_call.clone().into();
        changes.note(NoteKind::Converted, format!("{path}.role"), "tool");
    }
}

/// Mistral refuses members that it does not know. Names stand at results of tools only.
fn members(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    if message.role != Role::Tool && message.name.take().is_some() {
        changes.note(NoteKind::Dropped, format!("{path}.name"), "Mistral takes names of tools only");
    }
    if let Some(refusal) = message.refusal.take().filter(|refusal| !refusal.is_empty()) {
        changes.note(NoteKind::Converted, format!("{path}.refusal"), "to text");
        say(message, refusal);
    }
    if let Some(audio) = message.audio.take() {
        match audio.transcript.into_option().filter(|words| !words.is_empty()) {
            Some(words) => {
                changes.note(NoteKind::Converted, format!("{path}.audio"), "to its words");
                say(message, words);
            }
            None => {
                changes.lost(NoteKind::Dropped, format!("{path}.audio"), "Mistral knows no spoken answers");
            }
        }
    }
    if message.annotations.take().is_some_and(|annotations| !annotations.is_empty()) {
        changes.note(NoteKind::Dropped, format!("{path}.annotations"), "Mistral takes no sources back");
    }
}

/// Adds words to what is said.
fn say(message: &mut Message, words: String) {
    message.content = Nullable::Value(match message.content.take() {
        Some(MessageContent::Parts(mut parts)) => {
            parts.push(ContentPart::text(words));
            MessageContent::Parts(parts)
        }
        Some(MessageContent::Text(text)) if !text.is_empty() => MessageContent::Text(text + "\n" + &words),
        _ => MessageContent::Text(words),
    });
}

/// Files are `document_url` or `file`, sound is a text.
fn parts(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { return };
    for (index, part) in parts.iter_mut().enumerate() {
        let path = format!("{path}.content[{index}]");
        let own = match part {
            ContentPart::File(file) => document(file, &path, changes),
            ContentPart::InputAudio(audio) => {
                changes.note(
                    NoteKind::Converted,
                    format!("{path}.input_audio"),
                    "to the sound alone; it tells its form itself",
                );
                let marker = audio.cache_control.is_value().then_some("cache_control");
                for beside in marker.into_iter().chain(audio.extra.keys().map(String::as_str)) {
                    let path = format!("{path}.{beside}");
                    changes.note(NoteKind::Dropped, path, "Mistral's sounds have no such member");
                }
                Some(of([
                    ("type", "input_audio".into()),
                    ("input_audio", audio.input_audio.data.clone().into()),
                ]))
            }
            ContentPart::Refusal(refusal) => {
                changes.note(NoteKind::Converted, path.as_str(), "to text");
                *part = ContentPart::text(std::mem::take(&mut refusal.refusal));
                continue;
            }
            _ => continue,
        };
        *part = match own {
            Some(own) => ContentPart::Unknown(own),
            None => {
                changes.lost(NoteKind::Dropped, path, "has neither id, address nor data");
                ContentPart::text("[file]")
            }
        };
    }
}

/// A file by the name of its upload, or a document by address, which may be a `data:` URL.
fn document(part: &FilePart, path: &str, changes: &mut Changes<'_>) -> Option<Extra> {
    let file = &part.file;
    let name = file.filename.get().cloned();
    let marker = part.cache_control.is_value().then_some("cache_control");
    for beside in marker.into_iter().chain(part.extra.keys().map(String::as_str)) {
        changes.note(
            NoteKind::Dropped,
            format!("{path}.{beside}"),
            "Mistral's documents have no such member",
        );
    }
    for beside in file.extra.keys() {
        let path = format!("{path}.file.{beside}");
        changes.note(NoteKind::Dropped, path, "Mistral's documents have no such member");
    }
    if let Some(id) = file.file_id.get() {
        if name.is_some() {
            let path = format!("{path}.file.filename");
            changes.note(NoteKind::Dropped, path, "the upload has its own name");
        }
        return Some(of([("type", "file".into()), ("file_id", id.clone().into())]));
    }
    let media = file.format.as_deref().unwrap_or("application/pdf");
    let url = match (file.file_url.get(), file.file_data.get()) {
        (Some(url), _) => url.clone(),
        (None, Some(data)) if data.starts_with("data:") => data.clone(),
        (None, Some(data)) => format!("data:{media};base64,{data}"),
        (None, None) => return None,
    };
    if file.format.is_value() && !url.contains(media) {
        let path = format!("{path}.file.format");
        changes.note(NoteKind::Dropped, path, "the address tells the media type");
    }
    if url.strip_prefix("data:").unwrap_or(&url).starts_with("image/") {
        changes.note(NoteKind::Converted, path, "to an image");
        return Some(of([("type", "image_url".into()), ("image_url", json!({ "url": url }))]));
    }
    let mut own = of([("type", "document_url".into()), ("document_url", url.into())]);
    if let Some(name) = name {
        own.insert("document_name".to_owned(), name.into());
    }
    Some(own)
}

/// Mistral says of its own thinking whether it is `closed`; a signature without that is another vendor's.
fn is_signed_elsewhere(block: &ThinkingBlock) -> bool {
    block.signature.is_value() && !block.extra.contains_key("closed")
}

/// Takes out signatures that Mistral has not made. The thinking itself is text to it.
fn signatures(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    for (index, block) in message.thinking_blocks.get_mut().into_iter().flatten().enumerate() {
        if is_signed_elsewhere(block) {
            block.signature = Nullable::Absent;
            let path = format!("{path}.thinking_blocks[{index}].signature");
            changes.note(NoteKind::Dropped, path, "another vendor's");
        }
    }
}

/// Calls of custom tools as calls of functions with one text.
fn calls(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    for (index, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
        if let Some(custom) = call.custom.take() {
            let input = json!({ "input": custom.input.as_deref().unwrap_or_default() });
            let id = call.id.as_deref().unwrap_or_default();
            let extra = std::mem::take(&mut call.extra);
            *call = ToolCall {
                extra,
                ..ToolCall::function(id, custom.name.as_deref().unwrap_or_default(), input.to_string())
            };
            let path = format!("{path}.tool_calls[{index}].custom");
            changes.note(NoteKind::Converted, path, "to a function with one text, `input`");
        }
    }
}

fn of<const N: usize>(members: [(&str, Value); N]) -> Extra {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
