//! Content blocks as parts of a message.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use llm_provider_core::IngressError;
use llm_types::{ContentPart, Extra, FileData, FilePart, MessageContent, Nullable, TextPart};
use serde::Serialize;
use serde_json::Value;

use super::{below, missing, put};
use crate::wire::{ContentBlock, DocumentBlock, ImageBlock, Source, TextBlock};

/// Where a block stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the system prompt.
    System(usize),
    /// In a message.
    Message(usize, usize),
    /// In a tool result inside a message.
    Result(usize, usize, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(block) => write!(f, "system[{block}]"),
            Self::Message(message, block) => write!(f, "messages[{message}].content[{block}]"),
            Self::Result(message, block, inner) => {
                write!(f, "messages[{message}].content[{block}].content[{inner}]")
            }
        }
    }
}

/// A block as a part. A block that no part can hold passes whole.
pub(super) fn part(block: ContentBlock, place: Place) -> Result<ContentPart, IngressError> {
    match block {
        ContentBlock::Text(block) => Ok(text(block)),
        ContentBlock::Image(block) => image(block, place),
        ContentBlock::Document(block) => document(block, place),
        // Unknown to Anthropic, but maybe not to OpenAI.
        ContentBlock::Unknown(map) => {
            llm_types::from_value(Value::Object(map)).map_err(|error| below(&place.to_string(), error))
        }
        block => Ok(ContentPart::Unknown(whole(&block))),
    }
}

/// Parts of a message whose other blocks went elsewhere: a string where they are one bare text, as most vendors
/// like it best. Where they are all of a message they stay a list, as the client said them.
pub(super) fn remaining(mut parts: Vec<ContentPart>) -> MessageContent {
    if let [ContentPart::Text(only)] = parts.as_mut_slice()
        && !only.cache_control.is_value()
        && only.extra.is_empty()
    {
        return MessageContent::Text(std::mem::take(&mut only.text));
    }
    MessageContent::Parts(parts)
}

/// An object as it came.
pub(super) fn whole<T: Serialize>(object: &T) -> Extra {
    match serde_json::to_value(object) {
        Ok(Value::Object(map)) => map,
        // What was read from an object is written as one.
        _ => Extra::new(),
    }
}

pub(super) fn text(block: TextBlock) -> ContentPart {
    let mut extra = block.extra;
    if block.citations.get().is_some_and(|citations| !citations.is_empty()) {
        put(&mut extra, "citations", &block.citations);
    }
    ContentPart::Text(TextPart { text: block.text, cache_control: block.cache_control, extra })
}

fn image(block: ImageBlock, place: Place) -> Result<ContentPart, IngressError> {
    let url = match block.source.r#type.as_str() {
        _ if !block.extra.is_empty() || !block.source.extra.is_empty() => None,
        "base64" => Some(data_url(&block.source, place)?),
        "url" => Some(need(&block.source.url, place, "url")?.to_owned()),
        _ => None,
    };
    let Some(url) = url else { return Ok(ContentPart::Unknown(whole(&ContentBlock::Image(block)))) };
    let mut part = ContentPart::image(url);
    if let ContentPart::ImageUrl(part) = &mut part {
        part.cache_control = block.cache_control;
    }
    Ok(part)
}

/// A document as a file: PDF and plain text by value, others by address or by the name of an upload.
fn document(block: DocumentBlock, place: Place) -> Result<ContentPart, IngressError> {
    let mut file = FileData {
        file_id: Nullable::Absent,
        file_data: Nullable::Absent,
        file_url: Nullable::Absent,
        filename: block.title.get().cloned().into(),
        format: Nullable::Absent,
        extra: Extra::new(),
    };
    let source = &block.source;
    let media = source.media_type.as_deref().unwrap_or_default();
    match (source.r#type.as_str(), media) {
        _ if !block.extra.is_empty() || !source.extra.is_empty() => {
            return Ok(ContentPart::Unknown(whole(&ContentBlock::Document(block))));
        }
        ("base64", "application/pdf") => file.file_data = Nullable::Value(data_url(source, place)?),
        ("text", "text/plain") => {
            let text = STANDARD.encode(need(&source.data, place, "data")?);
            file.file_data = Nullable::Value(format!("data:text/plain;base64,{text}"));
        }
        ("url", _) => file.file_url = Nullable::Value(need(&source.url, place, "url")?.to_owned()),
        ("file", _) => file.file_id = Nullable::Value(need(&source.file_id, place, "file_id")?.to_owned()),
        _ => return Ok(ContentPart::Unknown(whole(&ContentBlock::Document(block)))),
    }
    let mut extra = Extra::new();
    put(&mut extra, "title", &block.title);
    put(&mut extra, "context", &block.context);
    put(&mut extra, "citations", &block.citations);
    Ok(ContentPart::File(FilePart { file, cache_control: block.cache_control, extra }))
}

fn data_url(source: &Source, place: Place) -> Result<String, IngressError> {
    let media = need(&source.media_type, place, "media_type")?;
    let data = need(&source.data, place, "data")?;
    Ok(format!("data:{media};base64,{data}"))
}

fn need<'a>(member: &'a Nullable<String>, place: Place, name: &str) -> Result<&'a str, IngressError> {
    member.as_deref().ok_or_else(|| missing(format!("{place}.source.{name}")))
}
