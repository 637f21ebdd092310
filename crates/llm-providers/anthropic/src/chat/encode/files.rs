//! Images and documents: by value, by address, by the name of an upload.
//!
//! Source: Anthropic docs, "Vision", "PDF support", "Citations" and "Files API", read 2026-11.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use llm_provider_core::EncodeError;
use llm_types::{Extra, FilePart, Nullable};
use serde_json::Value;

use super::typed;
use crate::wire::{ContentBlock, DocumentBlock, ImageBlock, Source};

/// Members of a file part that Anthropic's documents have and OpenAI's do not.
pub(super) const KNOWN: &[&str] = &["title", "context", "citations", "display_name"];

const PDF: &str = "application/pdf";

/// Where an image is.
pub(super) fn image_source(
    url: &str,
    format: Option<&str>,
    file_id: Option<&str>,
) -> Result<Source, &'static str> {
    if let Some(id) = file_id {
        return Ok(Source::file(id));
    }
    let Some(data) = url.strip_prefix("data:") else {
        return if url.is_empty() { Err("is empty") } else { Ok(Source::url(url)) };
    };
    let (media, data) = data_url(data).ok_or("is no `data:` URL in base64")?;
    let media = media.or(format).map_or_else(|| Cow::Borrowed(sniff(data).unwrap_or("image/png")), normal);
    Ok(Source::base64(media, data))
}

/// A file as the block that fits it; `None` if Anthropic reads no such file.
pub(super) fn block(part: &FilePart, path: &str) -> Result<Option<ContentBlock>, EncodeError> {
    let file = &part.file;
    let media = file.format.as_deref();
    let source = if let Some(id) = file.file_id.as_deref() {
        // An address may stand where OpenAI has the name of an upload.
        if id.starts_with("https://") || id.starts_with("http://") {
            Source::url(id)
        } else {
            Source::file(id)
        }
    } else if let Some(url) = file.file_url.as_deref() {
        Source::url(url)
    } else if let Some(data) = file.file_data.as_deref() {
        let (told, data) = match data.strip_prefix("data:") {
            Some(url) => data_url(url).ok_or_else(|| {
                EncodeError::invalid(format!("{path}.file.file_data"), "is no `data:` URL in base64")
            })?,
            None => (None, data),
        };
        let by_name = file.filename.as_deref().and_then(by_ending);
        let media = told.or(media).or_else(|| sniff(data)).or(by_name).unwrap_or(PDF);
        match media {
            PDF => Source::base64(PDF, data),
            media if media.starts_with("image/") => Source::base64(normal(media), data),
            media if is_text(media) => {
                let text = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                Source::plain_text(text.ok_or_else(|| {
                    EncodeError::invalid(format!("{path}.file.file_data"), "is no text in base64")
                })?)
            }
            _ => return Ok(None),
        }
    } else {
        return Err(EncodeError::invalid(
            format!("{path}.file"),
            "has neither `file_id`, `file_url` nor `file_data`",
        ));
    };
    let is_image = source.media_type.as_deref().or(media).is_some_and(|media| media.starts_with("image/"));
    if is_image {
        let cache_control = part.cache_control.clone();
        return Ok(Some(ContentBlock::Image(ImageBlock { source, cache_control, extra: Extra::new() })));
    }
    let beside = |name: &str| part.extra.get(name).or_else(|| file.extra.get(name));
    let text = |name: &str| beside(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Some(ContentBlock::Document(DocumentBlock {
        source,
        title: text("title").or_else(|| file.filename.get().cloned()).into(),
        context: text("context").into(),
        citations: match beside("citations") {
            Some(citations) => typed::<Value>(&format!("{path}.citations"), citations)?.into(),
            None => Nullable::Absent,
        },
        cache_control: part.cache_control.clone(),
        extra: Extra::new(),
    })))
}

/// What a part says of its file that the block made of it does not, by its place in the part.
pub(super) fn unsaid(part: &FilePart, block: &ContentBlock) -> Vec<String> {
    let document = match block {
        ContentBlock::Document(block) => Some(block),
        _ => None,
    };
    let title = document.and_then(|block| block.title.as_deref());
    let filename = part.file.filename.as_deref();
    let is_said = |name: &str, value: &Value| match name {
        "title" => title.is_some() && value.as_str() == title,
        "context" => document.is_some_and(|block| block.context.as_deref() == value.as_str()),
        "citations" => document.is_some_and(|block| block.citations.get() == Some(value)),
        _ => value.as_str() == filename,
    };
    let mut places = Vec::new();
    for (place, members) in [("", &part.extra), ("file.", &part.file.extra)] {
        let unsaid = KNOWN.iter().filter(|name| {
            members.get(**name).is_some_and(|value| !value.is_null() && !is_said(name, value))
        });
        places.extend(unsaid.map(|name| format!("{place}{name}")));
    }
    if filename.is_some() && filename != title {
        places.push("file.filename".to_owned());
    }
    if part.file.format.get().is_some_and(|format| !says_format(block, format)) {
        places.push("file.format".to_owned());
    }
    places
}

/// Whether a block says what kind of file it holds.
fn says_format(block: &ContentBlock, format: &str) -> bool {
    match block {
        ContentBlock::Image(_) => {
            matches!(&*normal(format), "image/gif" | "image/jpeg" | "image/png" | "image/webp")
        }
        ContentBlock::Document(block) => block.source.media_type.as_deref() == Some(format),
        _ => false,
    }
}

/// Media type, if it is told, and base64 of what follows `data:`.
fn data_url(url: &str) -> Option<(Option<&str>, &str)> {
    let (head, data) = url.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    let media = head.split(';').next().filter(|media| !media.is_empty());
    Some((media, data))
}

/// The spelling that Anthropic takes.
fn normal(media: &str) -> Cow<'_, str> {
    match media {
        "image/jpg" => "image/jpeg".into(),
        media => media.into(),
    }
}

fn is_text(media: &str) -> bool {
    media.starts_with("text/") || matches!(media, "application/json" | "application/xml" | "application/yaml")
}

fn by_ending(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "pdf" => PDF,
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "txt" | "md" | "csv" | "html" | "xml" | "json" | "yaml" | "yml" | "log" => "text/plain",
        _ => "application/octet-stream",
    })
}

/// The media type by the first letters of the base64.
fn sniff(data: &str) -> Option<&'static str> {
    [
        ("JVBER", PDF),
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
    ]
    .into_iter()
    .find_map(|(start, media)| data.starts_with(start).then_some(media))
}
