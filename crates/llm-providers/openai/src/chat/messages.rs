//! Messages as the vendor takes them. Those that need no change are not copied.

use std::borrow::Cow;

use llm_provider_core::{NoteKind, words_of_file};
use llm_types::{
    ContentPart, FileData, ImageSource, ImageUrl, Message, MessageContent, Nullable, Role, TextPart,
    ThinkingBlock,
};
use serde_json::{Value, json};

use super::parts::thinking as thinking_of;
use super::{details, foreign};
use crate::responses::REASONING_ITEM;
use crate::{Changes, Replay, RequestOptions};

/// Stands in a tool's result whose only content had to move.
const MOVED: &str = "(attached in the next user message)";

/// The conversation in the vendor's form.
pub(super) fn messages<'a>(
    messages: &'a [Message],
    options: &RequestOptions,
    changes: &mut Changes<'_>,
) -> Vec<Cow<'a, Message>> {
    let mut out = Vec::with_capacity(messages.len());
    // Results of one turn must stand together, so what is taken out of them waits for the last of them.
    let mut taken = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        if message.role != Role::Tool {
            flush(&mut taken, &mut out);
        }
        let mut message = Cow::Borrowed(message);
        if message.role == Role::Developer && !options.developer_role {
            message.to_mut().role = Role::System;
            changes.note(NoteKind::Renamed, format!("{path}.role"), "system");
        }
        foreign::stored(&mut message, &path, changes);
        if options.cache_control {
            mark_part(&mut message, &path, changes);
        } else {
            markers(&mut message, &path, changes);
            foreign::message(&mut message, &path, changes);
        }
        if message.role == Role::Assistant {
            thinking_parts(&mut message, options.replay, &path, changes);
            thinking(&mut message, options.replay, &path, changes);
            calls(&mut message, options, &path, changes);
        }
        parts(&mut message, options, &path, changes);
        if message.role == Role::Tool && !options.rich_tool_results {
            take_rich(&mut message, &path, &mut taken, changes);
        }
        if message.provider_specific_fields.is_value() {
            // What of it goes back to the vendor has been taken out by now.
            message.to_mut().provider_specific_fields = Nullable::Absent;
            changes.note(
                NoteKind::Dropped,
                format!("{path}.provider_specific_fields"),
                "said by a vendor to the client, and of no use to another",
            );
        }
        out.push(message);
    }
    flush(&mut taken, &mut out);
    out
}

fn flush(taken: &mut Vec<ContentPart>, out: &mut Vec<Cow<'_, Message>>) {
    if !taken.is_empty() {
        out.push(Cow::Owned(Message::user(MessageContent::Parts(std::mem::take(taken)))));
    }
}

fn parts_of(message: &Message) -> &[ContentPart] {
    match message.content.get() {
        Some(MessageContent::Parts(parts)) => parts,
        _ => &[],
    }
}

fn parts_mut<'m>(message: &'m mut Cow<'_, Message>) -> &'m mut [ContentPart] {
    match message.to_mut().content.get_mut() {
        Some(MessageContent::Parts(parts)) => parts,
        _ => &mut [],
    }
}

/// Puts the marker of a whole message on its last text, unless that has one: vendors that understand markers look for them there.
///
/// Source: OpenRouter docs, "Prompt Caching": a breakpoint "can only be inserted into the text part of a multipart
/// message"; read 2026-11.
fn mark_part(message: &mut Cow<'_, Message>, path: &str, changes: &mut Changes<'_>) {
    if !message.cache_control.is_value() {
        return;
    }
    let takes = |part: &TextPart| !part.text.is_empty() && !part.cache_control.is_value();
    let at = match message.content.get() {
        Some(MessageContent::Text(text)) if !text.is_empty() => Some(0),
        Some(MessageContent::Parts(parts)) => {
            let at = parts.iter().rposition(|part| matches!(part, ContentPart::Text(_)));
            at.filter(|at| matches!(&parts[*at], ContentPart::Text(part) if takes(part)))
        }
        _ => None,
    };
    let Some(at) = at else { return };
    let message = message.to_mut();
    let marker = message.cache_control.take();
    if let Some(MessageContent::Text(text)) = message.content.get() {
        message.content = MessageContent::Parts(vec![ContentPart::text(text.as_str())]).into();
    }
    if let Some(MessageContent::Parts(parts)) = message.content.get_mut()
        && let Some(ContentPart::Text(part)) = parts.get_mut(at)
    {
        part.cache_control = marker.into();
        changes.note(NoteKind::Moved, format!("{path}.cache_control"), format!("content[{at}]"));
    }
}

/// Takes prompt-cache markers out.
fn markers(message: &mut Cow<'_, Message>, path: &str, changes: &mut Changes<'_>) {
    const WHY: &str = "the vendor caches prompts by itself";
    if message.cache_control.is_value() {
        message.to_mut().cache_control = Nullable::Absent;
        changes.note(NoteKind::Dropped, format!("{path}.cache_control"), WHY);
    }
    if !parts_of(message).iter().any(|part| part.cache_control().is_some()) {
        return;
    }
    for (index, part) in parts_mut(message).iter_mut().enumerate() {
        let marker = match part {
            ContentPart::Text(part) => part.cache_control.take(),
            ContentPart::ImageUrl(part) => part.cache_control.take(),
            ContentPart::InputAudio(part) => part.cache_control.take(),
            ContentPart::File(part) => part.cache_control.take(),
            ContentPart::Refusal(_) | ContentPart::Unknown(_) => None,
        };
        if marker.is_some() {
            changes.note(NoteKind::Dropped, format!("{path}.content[{index}].cache_control"), WHY);
        }
    }
}

/// Members of tool calls that other dialects have and this wire does not. What else stands there is the vendor's own,
/// such as the `extra_content` of Gemini behind this wire, and goes back to it; beside `provider_specific_fields` it is
/// that of Gemini itself.
const FOREIGN: [&str; 3] = ["caller", "cache_control", "provider_specific_fields"];

/// Takes out of tool calls what only another vendor understands.
fn calls(message: &mut Cow<'_, Message>, options: &RequestOptions, path: &str, changes: &mut Changes<'_>) {
    let foreign = |name: &str| FOREIGN.contains(&name) && !(name == "cache_control" && options.cache_control);
    let calls = message.tool_calls.as_deref().unwrap_or_default();
    if !calls.iter().any(|call| call.extra.keys().any(|name| foreign(name))) {
        return;
    }
    for (index, call) in message.to_mut().tool_calls.get_mut().into_iter().flatten().enumerate() {
        let is_geminis = call.extra.contains_key("provider_specific_fields");
        let geminis = is_geminis.then_some("extra_content");
        for name in FOREIGN.into_iter().filter(|name| foreign(name)).chain(geminis) {
            if call.extra.shift_remove(name).is_some() {
                let path = format!("{path}.tool_calls[{index}].{name}");
                changes.note(NoteKind::Dropped, path, "of no use to this vendor");
            }
        }
    }
}

/// Takes thinking that stands among the parts, as Mistral has it, for what any other dialect has in members of the
/// message: only vendors that want parts know such parts.
fn thinking_parts(message: &mut Cow<'_, Message>, replay: Replay, path: &str, changes: &mut Changes<'_>) {
    let is_thinking =
        |part: &ContentPart| matches!(part, ContentPart::Unknown(_)) && part.kind() == "thinking";
    if replay == Replay::Parts || !parts_of(message).iter().any(is_thinking) {
        return;
    }
    let message = message.to_mut();
    let Some(MessageContent::Parts(parts)) = message.content.take() else { return };
    let (mut told, mut rest) = (Vec::new(), Vec::with_capacity(parts.len()));
    for part in parts {
        match part {
            ContentPart::Unknown(part) if part.get("type").is_some_and(|kind| kind == "thinking") => {
                let index = rest.len();
                if replay == Replay::Drop {
                    let path = format!("{path}.content[{index}]");
                    changes.note(NoteKind::Dropped, path, NO_THINKING);
                } else {
                    changes.note(NoteKind::Moved, format!("{path}.content[{index}]"), "to the thinking");
                    told.push(thinking_of(part));
                }
                changes.taken_out(format!("{path}.content"), index);
            }
            part => rest.push(part),
        }
    }
    if !rest.is_empty() {
        message.content = MessageContent::Parts(rest).into();
    } else if !message.tool_calls.is_value() {
        message.content = MessageContent::Text(String::new()).into();
    }
    if told.is_empty() {
        return;
    }
    if !message.reasoning_content.is_value() && !message.thinking_blocks.is_value() {
        let words = told.iter().filter_map(|block| block.thinking.as_deref());
        message.reasoning_content = words.collect::<String>().into();
    }
    message.thinking_blocks.get_or_insert_with(Vec::new).append(&mut told);
}

const NO_THINKING: &str = "the vendor takes no thinking back";

/// Says earlier thinking in the vendor's way.
fn thinking(message: &mut Cow<'_, Message>, replay: Replay, path: &str, changes: &mut Changes<'_>) {
    let has_details =
        message.provider_specific_fields.get().is_some_and(|fields| fields.contains_key("reasoning_details"));
    let has_text = !matches!(message.reasoning_content, Nullable::Absent);
    let has_blocks = !matches!(message.thinking_blocks, Nullable::Absent);
    if !has_text && !has_blocks && !has_details {
        return;
    }
    let message = message.to_mut();
    let blocks = message.thinking_blocks.take().unwrap_or_default();
    if let Some(Value::String(said)) = message.extra.get("reasoning")
        && message.reasoning_content.as_deref() == Some(said)
    {
        // The same thinking, told under both names when it was answered.
        message.extra.shift_remove("reasoning");
    }
    let text = message.reasoning_content.take().unwrap_or_else(|| {
        blocks.iter().filter_map(|block| block.thinking.as_deref()).collect::<Vec<_>>().join("\n")
    });
    let is_more = blocks.iter().any(|block| has_more(block, &text));
    match replay {
        Replay::Drop => {
            if has_text {
                changes.note(NoteKind::Dropped, format!("{path}.reasoning_content"), NO_THINKING);
            }
            if has_blocks {
                changes.note(NoteKind::Dropped, format!("{path}.thinking_blocks"), NO_THINKING);
            }
            return;
        }
        Replay::ReasoningContent => message.reasoning_content = text.into(),
        Replay::Reasoning => reason(message, text, has_text, path, changes),
        Replay::ReasoningDetails => {
            details::replay(message, &blocks, path, changes);
            if !text.is_empty() {
                reason(message, text, has_text, path, changes);
            }
            return;
        }
        Replay::Parts => {
            let mut parts = Vec::new();
            for (index, block) in blocks.iter().enumerate() {
                if block.data.is_value() {
                    changes.note(
                        NoteKind::Dropped,
                        format!("{path}.thinking_blocks[{index}]"),
                        "the vendor has no encrypted thinking",
                    );
                } else {
                    parts.push(thinking_part(block.thinking.as_deref().unwrap_or(""), Some(block)));
                }
            }
            let has_words =
                blocks.iter().any(|block| block.thinking.get().is_some_and(|text| !text.is_empty()));
            if parts.is_empty() || (!has_words && !text.is_empty()) {
                parts.push(thinking_part(&text, None));
            } else if has_text && !is_said_in(&blocks, &text) {
                let detail = "`thinking_blocks` are said too and win";
                changes.note(NoteKind::Dropped, format!("{path}.reasoning_content"), detail);
            }
            match message.content.take() {
                Some(MessageContent::Text(text)) if text.is_empty() => {}
                Some(MessageContent::Text(text)) => parts.push(ContentPart::text(text)),
                Some(MessageContent::Parts(rest)) => parts.extend(rest),
                None => {}
            }
            message.content = MessageContent::Parts(parts).into();
            return;
        }
        Replay::Tags => {
            let opening = format!("<think>{text}</think>");
            message.content = match message.content.take() {
                Some(MessageContent::Text(text)) => MessageContent::Text(opening + "\n\n" + &text),
                Some(MessageContent::Parts(mut parts)) => {
                    parts.insert(0, ContentPart::text(opening));
                    MessageContent::Parts(parts)
                }
                None => MessageContent::Text(opening),
            }
            .into();
        }
    }
    let is_signed = |block: &ThinkingBlock| {
        block.signature.is_value() || block.data.is_value() || block.extra.contains_key(REASONING_ITEM)
    };
    if blocks.iter().any(is_signed) {
        changes.note(NoteKind::Converted, format!("{path}.thinking_blocks"), "as text, without signatures");
    } else if is_more {
        changes.note(NoteKind::Converted, format!("{path}.thinking_blocks"), "as text alone");
    }
}

/// Says thinking as the message's `reasoning`, unless that says something already.
fn reason(message: &mut Message, text: String, has_text: bool, path: &str, changes: &mut Changes<'_>) {
    match message.extra.get("reasoning").filter(|said| !said.is_null()) {
        Some(said) if said.as_str().is_none_or(|said| !said.contains(&text)) => {
            let name = if has_text { "reasoning_content" } else { "thinking_blocks" };
            changes.note(NoteKind::Dropped, format!("{path}.{name}"), "`reasoning` is said too and wins");
        }
        Some(_) => {}
        None => {
            message.extra.insert("reasoning".to_owned(), text.into());
        }
    }
}

/// Whether blocks of thinking have the words of a text.
fn is_said_in(blocks: &[ThinkingBlock], text: &str) -> bool {
    let words = || blocks.iter().filter_map(|block| block.thinking.as_deref());
    words().any(|words| words.contains(text))
        || ["", "\n", "\n\n"].iter().any(|between| words().collect::<Vec<_>>().join(between) == text)
}

/// Whether a block says more than a text does that stands for it.
fn has_more(block: &ThinkingBlock, text: &str) -> bool {
    block.thinking.get().is_some_and(|words| !text.contains(words.as_str()))
        || block.extra.iter().any(|(name, value)| name != "format" && !value.is_null())
}

/// A content part of type `thinking`.
fn thinking_part(text: &str, block: Option<&ThinkingBlock>) -> ContentPart {
    let mut part = llm_types::Extra::new();
    part.insert("type".to_owned(), "thinking".into());
    let inner = block.and_then(|block| block.extra.get("parts").cloned());
    part.insert("thinking".to_owned(), inner.unwrap_or_else(|| json!([{"type": "text", "text": text}])));
    if let Some(block) = block {
        if let Some(signature) = block.signature.as_deref() {
            part.insert("signature".to_owned(), signature.into());
        }
        let rest = block.extra.iter().filter(|(name, _)| name.as_str() != "parts");
        part.extend(rest.map(|(name, value)| (name.clone(), value.clone())));
    }
    ContentPart::Unknown(part)
}

/// Brings images and files into OpenAI's form.
fn parts(message: &mut Cow<'_, Message>, options: &RequestOptions, path: &str, changes: &mut Changes<'_>) {
    let plain = |part: &ContentPart| match part {
        ContentPart::ImageUrl(part) => {
            matches!(&part.image_url, ImageSource::Url(image) if image.format.is_absent())
        }
        ContentPart::File(part) => {
            part.file.file_id.as_deref().is_some_and(|id| !is_address(id)) && part.file.format.is_absent()
        }
        _ => true,
    };
    if parts_of(message).iter().all(plain) {
        return;
    }
    for (index, part) in parts_mut(message).iter_mut().enumerate() {
        let path = format!("{path}.content[{index}]");
        match part {
            ContentPart::ImageUrl(part) => match &mut part.image_url {
                ImageSource::Bare(url) => {
                    part.image_url = ImageSource::Url(ImageUrl {
                        url: std::mem::take(url),
                        detail: Nullable::Absent,
                        format: Nullable::Absent,
                        extra: llm_types::Extra::new(),
                    });
                }
                // The media type stands in a `data:` URL, and a server tells it of any other.
                ImageSource::Url(image) => image.format = Nullable::Absent,
            },
            ContentPart::File(file) => {
                if !options.text_files
                    && let Some(words) = words_of_file(file)
                {
                    changes.note(NoteKind::Converted, path.as_str(), "to text");
                    *part = ContentPart::Text(TextPart {
                        text: words,
                        cache_control: file.cache_control.take().into(),
                        extra: std::mem::take(&mut file.extra),
                    });
                    continue;
                }
                if let Some(mut text) = file_part(&mut file.file, options, &path, changes) {
                    text.cache_control = file.cache_control.take().into();
                    text.extra = std::mem::take(&mut file.extra);
                    *part = ContentPart::Text(text);
                }
            }
            _ => {}
        }
    }
}

/// Brings a file into OpenAI's form: an uploaded file's id, or a `data:` URL and a name. Gives a text in its
/// place where it has neither.
fn file_part(
    file: &mut FileData,
    options: &RequestOptions,
    path: &str,
    changes: &mut Changes<'_>,
) -> Option<TextPart> {
    let format = file.format.take();
    let is_told = file.file_data.get().is_some_and(|data| {
        !data.starts_with("data:") || format.as_deref().is_some_and(|format| data.contains(format))
    });
    if format.is_some() && !is_told {
        changes.note(NoteKind::Dropped, format!("{path}.file.format"), "the file itself tells what it is");
    }
    if let Some(data) = file.file_data.get_mut() {
        if !data.starts_with("data:") {
            let media = format.as_deref().unwrap_or("application/pdf");
            *data = format!("data:{media};base64,{data}");
        }
        if !file.filename.is_value() {
            let name = usual_name(data);
            changes.note(NoteKind::Defaulted, format!("{path}.file.filename"), name.as_str());
            file.filename = name.into();
        }
        return None;
    }
    if file.file_id.as_deref().is_some_and(is_address) && !file.file_url.is_value() {
        file.file_url = file.file_id.take().into();
    }
    if file.file_id.is_value() || options.file_urls {
        return None;
    }
    let url = file.file_url.get()?;
    for name in file.extra.keys() {
        changes.note(NoteKind::Dropped, format!("{path}.file.{name}"), "there is no file any more");
    }
    let name = file.filename.as_deref().unwrap_or("document");
    changes.lost(
        NoteKind::Converted,
        format!("{path}.file.file_url"),
        "the vendor fetches no files; the address was sent as text",
    );
    Some(TextPart {
        text: format!("[{name}: {url}]"),
        cache_control: Nullable::Absent,
        extra: llm_types::Extra::new(),
    })
}

/// Whether an address stands where the name of an upload belongs, as Google's clients name theirs.
fn is_address(file_id: &str) -> bool {
    file_id.starts_with("https://") || file_id.starts_with("http://")
}

/// A name for a file that has none, by what it is: vendors go by its ending.
pub(crate) fn usual_name(data: &str) -> String {
    let media = data.strip_prefix("data:").and_then(|rest| rest.split([';', ',']).next()).unwrap_or_default();
    match media.split_once('/') {
        Some(("text", "plain")) => "document.txt".to_owned(),
        Some(("text", "markdown")) => "document.md".to_owned(),
        Some(("text" | "audio" | "video" | "image", kind)) => {
            format!("document.{}", kind.trim_start_matches("x-"))
        }
        Some(("application", kind @ ("json" | "xml" | "rtf"))) => format!("document.{kind}"),
        _ => "document.pdf".to_owned(),
    }
}

/// Takes out of a tool's result what is not text.
fn take_rich(
    message: &mut Cow<'_, Message>,
    path: &str,
    taken: &mut Vec<ContentPart>,
    changes: &mut Changes<'_>,
) {
    let rich = |part: &ContentPart| {
        matches!(part, ContentPart::ImageUrl(_) | ContentPart::InputAudio(_) | ContentPart::File(_))
    };
    if !parts_of(message).iter().any(rich) {
        return;
    }
    let message = message.to_mut();
    let Some(MessageContent::Parts(parts)) = message.content.take() else { return };
    for (index, _) in parts.iter().enumerate().filter(|(_, part)| rich(part)) {
        changes.note(
            NoteKind::Moved,
            format!("{path}.content[{index}]"),
            "into a user message after the results, because results hold text only",
        );
    }
    let (moved, mut kept): (Vec<_>, Vec<_>) = parts.into_iter().partition(rich);
    let call = message.tool_call_id.as_deref().unwrap_or_default();
    taken.push(ContentPart::text(format!("Attachments of the result of tool call {call}:")));
    taken.extend(moved);
    if kept.is_empty() {
        kept.push(ContentPart::text(MOVED));
    }
    let kept = MessageContent::Parts(kept);
    message.content =
        if is_plain_text(&kept) { MessageContent::Text(kept.text().into_owned()) } else { kept }.into();
}

/// Whether a list holds text and nothing else, markers included.
fn is_plain_text(content: &MessageContent) -> bool {
    match content {
        MessageContent::Text(_) => true,
        MessageContent::Parts(parts) => parts.iter().all(|part| {
            matches!(part, ContentPart::Text(part) if part.cache_control.is_absent() && part.extra.is_empty())
        }),
    }
}
