//! Blocks as parts of a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_types::{
    AudioPart, CacheControl, ContentPart, Extra, FileData, FilePart, InputAudio, MessageContent, Nullable,
};
use serde_json::{Value, json};

use crate::wire::{ContentBlock, DocumentBlock, MediaBlock, Source};

/// A block as a part; `None` for blocks that are no content by themselves. A block that no part can hold passes whole:
/// as a part whose type is the block's one member.
pub(super) fn part(block: ContentBlock) -> Option<ContentPart> {
    Some(match block {
        ContentBlock::Text(text) => ContentPart::text(text),
        ContentBlock::Image(image) => match address(&image.source, &format!("image/{}", image.format)) {
            Some(url) if image.extra.is_empty() => ContentPart::image(url),
            _ => whole("image", json!(image)),
        },
        ContentBlock::Document(document) => self::document(document),
        ContentBlock::Video(video) => self::video(&video),
        ContentBlock::Audio(audio) => self::audio(audio),
        ContentBlock::GuardContent(value) => whole("guardContent", value),
        ContentBlock::SearchResult(value) => search_result(value),
        ContentBlock::Citations(cited) => whole("citationsContent", json!(cited)),
        ContentBlock::Unknown(map) => {
            let (name, value) = map.into_iter().next()?;
            whole(&name, value)
        }
        ContentBlock::ToolUse(_)
        | ContentBlock::ToolResult(_)
        | ContentBlock::CachePoint(_)
        | ContentBlock::Reasoning(_) => return None,
    })
}

/// Puts a prompt-cache marker on a part; `false` if it can have none.
pub(super) fn mark(part: &mut ContentPart, marker: CacheControl) -> bool {
    let place = match part {
        ContentPart::Text(part) => &mut part.cache_control,
        ContentPart::ImageUrl(part) => &mut part.cache_control,
        ContentPart::InputAudio(part) => &mut part.cache_control,
        ContentPart::File(part) => &mut part.cache_control,
        ContentPart::Refusal(_) | ContentPart::Unknown(_) => return false,
    };
    *place = Nullable::Value(marker);
    true
}

/// Parts as content: a string where they are one bare text, as most vendors like it best.
pub(super) fn content(mut parts: Vec<ContentPart>) -> MessageContent {
    if let [ContentPart::Text(only)] = parts.as_mut_slice()
        && !only.cache_control.is_value()
    {
        return MessageContent::Text(std::mem::take(&mut only.text));
    }
    MessageContent::Parts(parts)
}

fn whole(name: &str, value: Value) -> ContentPart {
    ContentPart::Unknown(Extra::from_iter([("type".to_owned(), name.into()), (name.to_owned(), value)]))
}

/// Where something is, as an address: `data:` or `s3:`; `None` if an address cannot say it.
fn address(source: &Source, media: &str) -> Option<String> {
    if !source.extra.is_empty() {
        return None;
    }
    if let Some(bytes) = source.bytes.as_deref() {
        return Some(format!("data:{media};base64,{bytes}"));
    }
    let location = source.s3_location.get()?;
    (location.bucket_owner.is_absent() && location.extra.is_empty()).then(|| location.uri.clone())
}

/// Results of a search, as Anthropic's part of that name has them.
fn search_result(value: Value) -> ContentPart {
    match (value.get("content").and_then(texts), value) {
        (Some(content), Value::Object(mut members)) => {
            members.insert("content".to_owned(), content);
            let mut part = Extra::from_iter([("type".to_owned(), "search_result".into())]);
            part.extend(members);
            ContentPart::Unknown(part)
        }
        (_, value) => whole("searchResult", value),
    }
}

/// Pieces of text as Anthropic has them; `None` if something else stands among them.
fn texts(pieces: &Value) -> Option<Value> {
    let text = |piece: &Value| {
        let members = piece.as_object().filter(|members| members.len() == 1)?;
        Some(json!({ "type": "text", "text": members.get("text")?.as_str()? }))
    };
    pieces.as_array()?.iter().map(text).collect::<Option<Vec<_>>>().map(Value::from)
}

/// A document in pieces, as Anthropic has it; `None` for all others.
fn in_pieces(document: &DocumentBlock) -> Option<ContentPart> {
    let source = &document.source;
    let is_plain = document.extra.is_empty() && source.extra.is_empty();
    let pieces = source.content.get().filter(|_| is_plain && source.bytes.is_absent())?;
    let content = texts(&Value::from(pieces.clone()))?;
    let mut part = Extra::from_iter([
        ("type".to_owned(), "document".into()),
        ("title".to_owned(), document.name.as_str().into()),
        ("source".to_owned(), json!({ "type": "content", "content": content })),
    ]);
    part.extend(document.context.get().map(|context| ("context".to_owned(), context.as_str().into())));
    part.extend(document.citations.get().map(|told| ("citations".to_owned(), told.clone())));
    Some(ContentPart::Unknown(part))
}

fn document(document: DocumentBlock) -> ContentPart {
    if let Some(part) = in_pieces(&document) {
        return part;
    }
    let format = document.format.as_deref().unwrap_or("pdf");
    let media = media_type(format);
    let data = match document.source.text.as_deref() {
        Some(text) => Some(format!("data:text/plain;base64,{}", STANDARD.encode(text))),
        None => address(&document.source, media),
    };
    let Some(data) = data.filter(|_| document.extra.is_empty()) else {
        return whole("document", json!(document));
    };
    let is_stored = data.starts_with("s3://");
    let mut extra = Extra::new();
    extra.extend(document.context.get().map(|context| ("context".to_owned(), context.clone().into())));
    extra.extend(document.citations.get().map(|citations| ("citations".to_owned(), citations.clone())));
    ContentPart::File(FilePart {
        file: FileData {
            file_id: Nullable::Absent,
            file_data: (!is_stored).then(|| data.clone()).into(),
            file_url: is_stored.then_some(data).into(),
            filename: Nullable::Value(document.name),
            format: if is_stored { Nullable::Value(media.to_owned()) } else { Nullable::Absent },
            extra: Extra::new(),
        },
        cache_control: Nullable::Absent,
        extra,
    })
}

fn video(video: &MediaBlock) -> ContentPart {
    let media = match video.format.as_str() {
        "mkv" => "video/x-matroska",
        "mov" => "video/quicktime",
        "flv" => "video/x-flv",
        "wmv" => "video/x-ms-wmv",
        "mpg" | "mpeg" => "video/mpeg",
        "three_gp" => "video/3gpp",
        other => &format!("video/{other}"),
    };
    match address(&video.source, media) {
        Some(url) if video.extra.is_empty() => whole("video_url", json!({ "url": url })),
        _ => whole("video", json!(video)),
    }
}

fn audio(audio: MediaBlock) -> ContentPart {
    match audio.source.bytes.as_deref() {
        Some(data) if audio.extra.is_empty() && audio.source.extra.is_empty() => {
            ContentPart::InputAudio(AudioPart {
                input_audio: InputAudio { data: data.to_owned(), format: audio.format, extra: Extra::new() },
                cache_control: Nullable::Absent,
                extra: Extra::new(),
            })
        }
        _ => whole("audio", json!(audio)),
    }
}

fn media_type(format: &str) -> &'static str {
    match format {
        "csv" => "text/csv",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "html" => "text/html",
        "txt" => "text/plain",
        "md" => "text/markdown",
        _ => "application/pdf",
    }
}
