//! Parts that must go back to Gemini exactly as they came, and how a client keeps them.

use llm_types::{Message, Nullable};
use serde_json::Value;

use super::PARTS;
use crate::wire::Part;

/// The parts, if text, thoughts and calls by themselves do not make the same again. Pictures lie in the message
/// anyway, so their bytes are left out here; sound never goes back.
pub(crate) fn replay(parts: &[Part]) -> Option<Value> {
    if is_plain(parts) {
        return None;
    }
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        let mut part = part.clone();
        if let Some(blob) = part.inline_data.get_mut() {
            let mime_type = blob.mime_type.as_deref().unwrap_or_default();
            if mime_type.starts_with("audio/") {
                continue;
            }
            if mime_type.starts_with("image/") && part.thought.get() != Some(&true) {
                blob.data = Nullable::Absent;
            }
        }
        kept.push(part);
    }
    if kept.is_empty() { None } else { serde_json::to_value(kept).ok() }
}

/// Whether these are thoughts, then one text, then pictures, then calls, with nothing that those cannot say.
fn is_plain(parts: &[Part]) -> bool {
    let mut rank = 0;
    let mut texts = 0;
    parts.iter().all(|part| {
        let mut bare = part.clone();
        bare.thought_signature = Nullable::Absent;
        let next = if let Some(call) = bare.function_call.take() {
            if !call.extra.is_empty() || call.partial_args.is_value() || call.will_continue.is_value() {
                return false;
            }
            4
        } else if let Some(blob) = bare.inline_data.take() {
            if !blob.extra.is_empty() || blob.display_name.is_value() {
                return false;
            }
            3
        } else if bare.text.take().is_some() {
            match bare.thought.take() {
                Some(true) => 1,
                _ => {
                    texts += 1;
                    2
                }
            }
        } else {
            return false;
        };
        let in_order = next >= rank && texts <= 1;
        rank = next;
        in_order && bare == Part::default()
    })
}

/// The parts of a message as an earlier answer gave them; `None` if there are none, or if the message has changed.
pub(crate) fn kept_parts(message: &Message) -> Option<Vec<Part>> {
    let kept = message.provider_specific_fields.get()?.get(PARTS)?;
    let mut parts: Vec<Part> = llm_types::from_value(kept.clone()).ok()?;
    let images = message.extra.get("images").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut images = images.iter().filter_map(|image| image.get("image_url")?.get("url")?.as_str());
    let mut text = String::new();
    let mut calls = 0;
    for part in &mut parts {
        if part.function_call.is_value() {
            calls += 1;
        }
        if !part.is_thought() {
            text.push_str(part.text.as_deref().unwrap_or_default());
        }
        if let Some(blob) = part.inline_data.get_mut().filter(|blob| !blob.data.is_value()) {
            let (_, data) = images.next()?.strip_prefix("data:")?.split_once(";base64,")?;
            blob.data = Nullable::Value(data.to_owned());
        }
    }
    let said = message.content.get().map(llm_types::MessageContent::text).unwrap_or_default();
    let called = message.tool_calls.get().map_or(0, Vec::len);
    (!parts.is_empty() && said == text && called == calls).then_some(parts)
}
