//! Quirks of messages.

use std::borrow::Cow;
use std::collections::BTreeMap;

use llm_provider_core::{NoteKind, Peek, words_of_file};
use llm_provider_openai::{Changes, MessageGlance};
use llm_types::{ContentPart, Message, MessageContent, Nullable, Role};
use serde_json::value::RawValue;

use super::{Request, is_off, placeholder};

/// The messages for change, if any of them needs it.
fn touched<'r>(
    request: &'r mut Request<'_>,
    needs: impl Fn(&Message) -> bool,
) -> impl Iterator<Item = (usize, &'r mut Message)> {
    let list: &mut [Message] =
        if request.messages.iter().any(&needs) { &mut request.to_mut().messages } else { &mut [] };
    list.iter_mut().enumerate().filter(move |(_, message)| needs(message))
}

fn has_text_list(message: &Message) -> bool {
    matches!(message.content.get(), Some(MessageContent::Parts(parts))
        if !parts.is_empty() && parts.iter().all(|part| matches!(part, ContentPart::Text(_))))
}

/// As [`has_text_list`], of a message that was not read.
pub(super) fn is_text_list(message: &MessageGlance<'_>) -> bool {
    let kinds = message.part_kinds();
    !kinds.is_empty() && kinds.iter().all(|kind| kind == "text")
}

fn parts_of(content: &MessageContent) -> &[ContentPart] {
    match content {
        MessageContent::Parts(parts) => parts,
        MessageContent::Text(_) => &[],
    }
}

/// Lists of text parts as strings.
pub(super) fn flatten(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    for (index, message) in touched(request, has_text_list) {
        if let Some(content) = message.content.take() {
            for (at, part) in parts_of(&content).iter().enumerate() {
                let ContentPart::Text(part) = part else { continue };
                let marker = part.cache_control.is_value().then_some("cache_control");
                for name in marker.into_iter().chain(part.extra.keys().map(String::as_str)) {
                    let path = format!("messages[{index}].content[{at}].{name}");
                    changes.note(NoteKind::Dropped, path, "the vendor takes text as one string");
                }
            }
            message.content = MessageContent::Text(content.text().into_owned()).into();
        }
    }
}

/// Takes names out.
pub(super) fn remove_names(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    for (index, message) in touched(request, |message| message.name.is_value()) {
        message.name = Nullable::Absent;
        changes.note(NoteKind::Dropped, format!("messages[{index}].name"), "the vendor refuses names");
    }
}

fn has_null(message: &Message) -> bool {
    fn is_null<T>(member: &Nullable<T>) -> bool {
        matches!(member, Nullable::Null)
    }
    message.role == Role::Assistant
        && (is_null(&message.name)
            || is_null(&message.refusal)
            || is_null(&message.tool_calls)
            || is_null(&message.function_call)
            || is_null(&message.audio)
            || is_null(&message.annotations)
            || is_null(&message.reasoning_content)
            || message.extra.values().any(serde_json::Value::is_null))
}

/// Takes `null`s out of assistants' messages, except for `content`, where OpenAI's form has one.
pub(super) fn remove_nulls(request: &mut Request<'_>) {
    fn clear<T>(member: &mut Nullable<T>) {
        if !member.is_value() {
            *member = Nullable::Absent;
        }
    }
    for (_, message) in touched(request, has_null) {
        clear(&mut message.name);
        clear(&mut message.refusal);
        clear(&mut message.tool_calls);
        clear(&mut message.function_call);
        clear(&mut message.audio);
        clear(&mut message.annotations);
        clear(&mut message.reasoning_content);
        message.extra.retain(|_, value| !value.is_null());
    }
}

/// As [`remove_nulls`] would find them, in messages that were not read.
pub(super) fn has_nulls(peek: &Peek<'_>) -> bool {
    let Some(messages) = peek.raw("messages") else { return false };
    if memchr::memmem::find(messages.as_bytes(), b"null").is_none() {
        return false;
    }
    type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
    let messages: Vec<Members<'_>> = serde_json::from_str(messages).unwrap_or_default();
    messages.iter().any(|message| {
        message.get("role").is_some_and(|role| role.get() == "\"assistant\"")
            && message.iter().any(|(name, value)| name != "content" && value.get() == "null")
    })
}

/// Gives calls the thinking that must stand beside them.
pub(super) fn add_reasoning(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    if is_off(request.thinking.get()) {
        return;
    }
    let lacks = |message: &Message| {
        message.role == Role::Assistant
            && message.tool_calls.get().is_some_and(|calls| !calls.is_empty())
            && !message.reasoning_content.is_value()
            && !message.thinking_blocks.is_value()
    };
    for (index, message) in touched(request, lacks) {
        message.reasoning_content = " ".to_owned().into();
        changes.note(
            NoteKind::Defaulted,
            format!("messages[{index}].reasoning_content"),
            "the vendor wants it beside tool calls",
        );
    }
}

/// As [`add_reasoning`] looks for it, in a message that was not read.
pub(super) fn lacks_reasoning(message: &MessageGlance<'_>) -> bool {
    message.role == "assistant"
        && message.tool_calls.is_some_and(|calls| !matches!(calls.get(), "null" | "[]"))
        && message.reasoning_content.is_none()
}

fn is_short(id: &str) -> bool {
    id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Nine letters and digits for any id: the same for the same.
fn short(id: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // FNV-1a: stable across versions and platforms, which a prompt cache at the vendor needs.
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut out = String::with_capacity(9);
    for _ in 0..9 {
        out.push(char::from(DIGITS[(hash % 62) as usize]));
        hash /= 62;
    }
    out
}

/// Brings ids of tool calls, and of their results, into the vendor's form.
pub(super) fn shorten_ids(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    let long = |id: &Nullable<String>| id.as_deref().is_some_and(|id| !is_short(id));
    let needs = move |message: &Message| {
        long(&message.tool_call_id)
            || message.tool_calls.get().is_some_and(|calls| calls.iter().any(|call| long(&call.id)))
    };
    for (index, message) in touched(request, needs) {
        if long(&message.tool_call_id)
            && let Some(id) = message.tool_call_id.get_mut()
        {
            *id = short(id);
            changes.note(NoteKind::Renamed, format!("messages[{index}].tool_call_id"), id.clone());
        }
        for (at, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
            if long(&call.id)
                && let Some(id) = call.id.get_mut()
            {
                *id = short(id);
                changes.note(NoteKind::Renamed, format!("messages[{index}].tool_calls[{at}].id"), id.clone());
            }
        }
    }
}

/// As [`shorten_ids`] looks for it, in a message that was not read.
pub(super) fn has_long_id(message: &MessageGlance<'_>) -> bool {
    #[derive(serde::Deserialize)]
    struct Call<'a> {
        #[serde(borrow, default)]
        id: Option<Cow<'a, str>>,
    }
    let long = |id: Option<Cow<'_, str>>| id.is_some_and(|id| !is_short(&id));
    let calls: Option<Vec<Call<'_>>> =
        message.tool_calls.and_then(|calls| serde_json::from_str(calls.get()).ok());
    long(message.tool_call_id.and_then(|id| serde_json::from_str(id.get()).ok()))
        || calls.into_iter().flatten().any(|call| long(call.id))
}

/// Puts a word in the place of each file.
pub(super) fn remove_files(request: &mut Request<'_>, changes: &mut Changes<'_>) {
    let parts = |message: &Message| match message.content.get() {
        Some(MessageContent::Parts(parts)) => parts.iter().any(|part| matches!(part, ContentPart::File(_))),
        _ => false,
    };
    for (index, message) in touched(request, parts) {
        let Some(MessageContent::Parts(parts)) = message.content.get_mut() else { continue };
        for (at, part) in parts.iter_mut().enumerate() {
            if let ContentPart::File(file) = part {
                if let Some(words) = words_of_file(file) {
                    *part = ContentPart::text(words);
                    let path = format!("messages[{index}].content[{at}]");
                    changes.note(NoteKind::Converted, path, "to text");
                    continue;
                }
                let mark = file.cache_control.is_value().then_some("cache_control");
                for name in mark.into_iter().chain(file.extra.keys().map(String::as_str)) {
                    let path = format!("messages[{index}].content[{at}].{name}");
                    changes.note(NoteKind::Dropped, path, "the vendor takes no files");
                }
                let name = file.file.filename.as_deref().unwrap_or("a file").to_owned();
                *part = placeholder(&format!("{name}: left out"));
                changes.lost(
                    NoteKind::Dropped,
                    format!("messages[{index}].content[{at}].file"),
                    "the vendor takes no files",
                );
            }
        }
    }
}
