//! Pictures, sound, films and files: by value and by address.
//!
//! Source: Gemini API docs, "Image understanding", "Audio understanding", "Video understanding", "Document
//! processing" and "Files API" (ai.google.dev/gemini-api/docs), read 2026-11.

use std::borrow::Cow;

use llm_types::Nullable;

use crate::wire::{FileData, Part};

const PDF: &str = "application/pdf";

/// Whether what is at this address must come as bytes. Google itself reads its own stores and YouTube.
pub(crate) fn wants_fetched(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !is_google_s(rest))
}

/// Whether Google can read an address itself: public and signed HTTPS URLs. Bytes are sent where they can be had, as the
/// older models read no addresses but Google's own, and every reading counts against a limit of its own.
///
/// Source: Gemini API docs, "File input methods", "External HTTP / signed URLs" (ai.google.dev/gemini-api/docs/
/// file-input-methods), read 2026-11.
pub(crate) fn reads_address(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Whether an address, without its scheme, is one that Google reads by itself.
fn is_google_s(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.to_ascii_lowercase();
    match host.as_str() {
        "generativelanguage.googleapis.com" => path.contains("/files/"),
        "www.youtube.com" | "youtube.com" | "m.youtube.com" | "youtu.be" => true,
        _ => false,
    }
}

/// The part for a `data:` URL or an address.
pub(crate) fn part_of_url(url: &str, format: Option<&str>, usual: &str) -> Result<Part, &'static str> {
    if url.is_empty() {
        return Err("is empty");
    }
    let Some(data) = url.strip_prefix("data:") else { return Ok(part_of_address(url, format, usual)) };
    let (told, data) = data_url(data).ok_or("is no `data:` URL in base64")?;
    Ok(part_of_data(data, told.or(format), usual))
}

/// The part for base64.
pub(crate) fn part_of_data(data: &str, format: Option<&str>, usual: &str) -> Part {
    let mime_type = format.map_or_else(|| Cow::Borrowed(sniff(data).unwrap_or(usual)), normal);
    Part::inline(mime_type, data)
}

/// The part for bytes that lie elsewhere. Google tells the type of films on YouTube itself.
fn part_of_address(url: &str, format: Option<&str>, usual: &str) -> Part {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let is_youtube = url.contains("youtube.com/") || url.contains("youtu.be/");
    let mime_type = format.map(normal).or_else(|| by_ending(path).map(Cow::Borrowed));
    let mime_type = match mime_type {
        Some(told) => Some(told.into_owned()),
        None if is_youtube => None,
        None => Some(usual.to_owned()),
    };
    let file = FileData {
        mime_type: mime_type.into(),
        file_uri: Nullable::Value(url.to_owned()),
        ..FileData::default()
    };
    Part { file_data: Nullable::Value(file), ..Part::default() }
}

/// The part for a file, whose type is told by itself, by its name or by its first letters.
pub(crate) fn part_of_file(
    data: &str,
    format: Option<&str>,
    name: Option<&str>,
) -> Result<Part, &'static str> {
    let (told, data) = match data.strip_prefix("data:") {
        Some(url) => data_url(url).ok_or("is no `data:` URL in base64")?,
        None => (None, data),
    };
    let media = told.or(format).or_else(|| sniff(data)).or_else(|| name.and_then(by_ending));
    Ok(part_of_data(data, Some(media.unwrap_or(PDF)), PDF))
}

/// The part for a file that lies elsewhere.
pub(crate) fn part_of_file_address(url: &str, format: Option<&str>, name: Option<&str>) -> Part {
    part_of_address(url, format.or_else(|| name.and_then(by_ending)), PDF)
}

/// The type of sound that OpenAI gives a short name.
pub(crate) fn audio_type(format: &str) -> Cow<'_, str> {
    if format.contains('/') { format.into() } else { format!("audio/{format}").into() }
}

/// OpenAI's short name of a type of sound, if it has one.
pub(crate) fn audio_format(mime_type: &str) -> Option<&'static str> {
    match mime_type {
        "audio/wav" | "audio/x-wav" | "audio/wave" => Some("wav"),
        "audio/mp3" | "audio/mpeg" => Some("mp3"),
        _ => None,
    }
}

/// Media type, if it is told, and base64 of what follows `data:`.
fn data_url(url: &str) -> Option<(Option<&str>, &str)> {
    let (head, data) = url.split_once(',')?;
    let head = head.strip_suffix(";base64")?;
    let media = head.split(';').next().filter(|media| !media.is_empty());
    Some((media, data))
}

/// The spelling that Google takes.
fn normal(media: &str) -> Cow<'_, str> {
    match media {
        "image/jpg" => "image/jpeg".into(),
        media => media.into(),
    }
}

/// The media type by the ending of a name.
fn by_ending(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "pdf" => PDF,
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "aac" => "audio/aac",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        "aiff" => "audio/aiff",
        "m4a" => "audio/m4a",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "mpeg" | "mpg" => "video/mpeg",
        "avi" => "video/avi",
        "wmv" => "video/wmv",
        "flv" => "video/x-flv",
        "3gp" | "3gpp" => "video/3gpp",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "xml" => "text/xml",
        "json" => "application/json",
        "md" => "text/markdown",
        "txt" => "text/plain",
        _ => return None,
    })
}

/// The media type by the first letters of the base64.
fn sniff(data: &str) -> Option<&'static str> {
    [("JVBER", PDF), ("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif")]
        .into_iter()
        .find_map(|(start, media)| data.starts_with(start).then_some(media))
        .or_else(|| {
            // RIFF holds pictures and sound alike: the kind stands behind its length.
            let kind = data.strip_prefix("UklGR").and_then(|rest| rest.get(6..))?;
            if kind.starts_with("XQVZF") || kind.starts_with("BXQVZF") {
                Some("audio/wav")
            } else {
                Some("image/webp")
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_an_address() {
        for (url, reads) in
            [("https://example.com/a.png", true), ("http://example.com/a.png", false), ("gs://b/o", false)]
        {
            assert_eq!(reads_address(url), reads, "{url}");
        }
        for (url, fetched) in [
            ("https://example.com/a.png", true),
            ("http://example.com/files/a", true),
            ("https://www.youtube.com/watch?v=x", false),
            ("https://youtu.be/x", false),
            ("https://youtube.com.example/x", true),
            ("https://generativelanguage.googleapis.com/v1beta/files/abc", false),
            ("https://storage.googleapis.com/b/o.png", true),
            ("gs://bucket/o.png", false),
            ("data:image/png;base64,AA", false),
        ] {
            assert_eq!(wants_fetched(url), fetched, "{url}");
        }
    }

    #[test]
    fn types() {
        let inline = |part: Part| part.inline_data.into_option().unwrap().mime_type.into_option().unwrap();
        let file = |part: Part| part.file_data.into_option().unwrap().mime_type.into_option();
        assert_eq!(
            inline(part_of_url("data:image/jpg;base64,/9j/4A", None, "image/png").unwrap()),
            "image/jpeg"
        );
        assert_eq!(inline(part_of_url("data:;base64,R0lGOD", None, "image/png").unwrap()), "image/gif");
        assert_eq!(inline(part_of_data("UklGRiQAAABXQVZFZm10", None, "x/y")), "audio/wav");
        assert_eq!(inline(part_of_file("AAAA", None, Some("a.mp4")).unwrap()), "video/mp4");
        assert_eq!(inline(part_of_file("AAAA", None, None).unwrap()), "application/pdf");
        let gs = part_of_url("gs://b/film.mp4", None, "image/png").unwrap();
        assert_eq!(file(gs).as_deref(), Some("video/mp4"));
        let told = part_of_url("https://h/x.png?y=.gif", Some("image/webp"), "image/png").unwrap();
        assert_eq!(file(told).as_deref(), Some("image/webp"));
        assert_eq!(file(part_of_file_address("https://youtu.be/x", None, None)), None);
        assert!(part_of_url("", None, "").is_err() && part_of_url("data:x,y", None, "").is_err());
    }
}
