//! Images, documents, videos and sound: by value, or where they are in S3.
//!
//! Source: Amazon Bedrock API Reference, "ImageBlock", "DocumentBlock", "VideoBlock", "AudioBlock" and "S3Location", read
//! 2026-11.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_provider_core::{EncodeError, NoteKind};
use llm_types::{AudioPart, Extra, FilePart, ImagePart, ImageSource, Nullable};
use serde_json::Value;

use super::Encoder;
use super::documents::Documents;
use crate::wire::{ContentBlock, DocumentBlock, MediaBlock, Source};

/// Members of a file part that Bedrock's documents have and OpenAI's do not.
const KNOWN: &[&str] = &["context", "citations"];

/// What a form of data is to Bedrock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Image(&'static str),
    Document(&'static str),
    Video(&'static str),
    Audio(&'static str),
}

/// Media types, endings of names, and the forms that they are.
const FORMS: &[(&str, &[&str], Form)] = &[
    ("image/png", &["png"], Form::Image("png")),
    ("image/jpeg", &["jpg", "jpeg"], Form::Image("jpeg")),
    ("image/jpg", &[], Form::Image("jpeg")),
    ("image/gif", &["gif"], Form::Image("gif")),
    ("image/webp", &["webp"], Form::Image("webp")),
    ("application/pdf", &["pdf"], Form::Document("pdf")),
    ("text/csv", &["csv"], Form::Document("csv")),
    ("application/msword", &["doc"], Form::Document("doc")),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
        Form::Document("docx"),
    ),
    ("application/vnd.ms-excel", &["xls"], Form::Document("xls")),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"], Form::Document("xlsx")),
    ("text/html", &["html", "htm"], Form::Document("html")),
    ("text/markdown", &["md", "markdown"], Form::Document("md")),
    ("text/plain", &["txt", "log", "json", "xml", "yaml", "yml"], Form::Document("txt")),
    ("application/json", &[], Form::Document("txt")),
    ("application/xml", &[], Form::Document("txt")),
    ("application/yaml", &[], Form::Document("txt")),
    ("video/x-matroska", &["mkv"], Form::Video("mkv")),
    ("video/quicktime", &["mov"], Form::Video("mov")),
    ("video/mp4", &["mp4"], Form::Video("mp4")),
    ("video/webm", &["webm"], Form::Video("webm")),
    ("video/x-flv", &["flv"], Form::Video("flv")),
    ("video/mpeg", &["mpeg", "mpg"], Form::Video("mpeg")),
    ("video/x-ms-wmv", &["wmv"], Form::Video("wmv")),
    ("video/3gpp", &["3gp"], Form::Video("three_gp")),
    ("audio/mpeg", &["mp3"], Form::Audio("mp3")),
    ("audio/mp3", &[], Form::Audio("mp3")),
    ("audio/wav", &["wav"], Form::Audio("wav")),
    ("audio/x-wav", &[], Form::Audio("wav")),
    ("audio/ogg", &["ogg"], Form::Audio("ogg")),
    ("audio/opus", &["opus"], Form::Audio("opus")),
    ("audio/flac", &["flac"], Form::Audio("flac")),
    ("audio/aac", &["aac"], Form::Audio("aac")),
    ("audio/mp4", &["m4a"], Form::Audio("m4a")),
    ("audio/webm", &[], Form::Audio("webm")),
];

/// Where something is, and what it is said to be.
struct Found<'a> {
    source: Source,
    media: Option<&'a str>,
    /// What its first letters or the end of its name show.
    guess: Option<Form>,
}

impl Encoder<'_> {
    pub(super) fn image(
        &mut self,
        part: &ImagePart,
        path: &str,
    ) -> Result<Option<ContentBlock>, EncodeError> {
        let mut told = None;
        if let ImageSource::Url(image) = &part.image_url {
            told = image.format.as_deref();
            if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
                self.note(
                    NoteKind::Dropped,
                    format!("{path}.image_url.detail"),
                    "Bedrock has no such choice",
                );
            }
            self.leftover(&image.extra, &[], &format!("{path}.image_url"));
        }
        self.leftover(&part.extra, &[], path);
        let path = format!("{path}.image_url.url");
        let found = find(part.image_url.url(), &path)?;
        match form(&found, told).unwrap_or(Form::Image("png")) {
            Form::Image(format) => Ok(Some(ContentBlock::Image(media(format, found.source)))),
            _ => {
                self.unsupported(path, "Bedrock sees PNG, JPEG, GIF and WebP only")?;
                Ok(None)
            }
        }
    }

    pub(super) fn file(
        &mut self,
        part: &FilePart,
        path: &str,
        documents: &mut Documents,
    ) -> Result<Option<ContentBlock>, EncodeError> {
        let file = &part.file;
        self.leftover(&part.extra, KNOWN, path);
        self.leftover(&file.extra, KNOWN, &format!("{path}.file"));
        let (place, found) = if let Some(data) = file.file_data.as_deref() {
            let place = format!("{path}.file.file_data");
            let found = if data.starts_with("data:") { find(data, &place)? } else { plain(data) };
            (place, found)
        } else if let Some(url) = file.file_url.as_deref() {
            let place = format!("{path}.file.file_url");
            let found = find(url, &place)?;
            (place, found)
        } else if let Some(id) = file.file_id.as_deref() {
            let place = format!("{path}.file.file_id");
            // An address may stand where OpenAI has the name of an upload, as LiteLLM's clients write it.
            if !id.starts_with("s3://") && !id.starts_with("data:") && !id.starts_with("http") {
                self.unsupported(place, "Bedrock keeps no uploads; files come by value or from S3")?;
                return Ok(None);
            }
            let found = find(id, &place)?;
            (place, found)
        } else {
            return Err(EncodeError::invalid(
                format!("{path}.file"),
                "has neither `file_data`, `file_url` nor `file_id`",
            ));
        };
        let named = file.filename.as_deref().and_then(by_ending);
        let form = file
            .format
            .as_deref()
            .and_then(by_media)
            .or_else(|| found.media.and_then(by_media))
            .or(found.guess)
            .or(named);
        let text =
            found.media.is_some_and(|media| media.starts_with("text/")).then_some(Form::Document("txt"));
        let Some(form) = form.or(text) else {
            self.unsupported(place, "Bedrock reads no such file")?;
            return Ok(None);
        };
        let format = match form {
            Form::Image(format) => return Ok(Some(ContentBlock::Image(media(format, found.source)))),
            Form::Video(format) => return Ok(Some(ContentBlock::Video(media(format, found.source)))),
            Form::Audio(format) => return Ok(Some(ContentBlock::Audio(media(format, found.source)))),
            Form::Document(format) => format,
        };
        let name = documents.name(file.filename.as_deref());
        if file.filename.as_deref().is_some_and(|given| given != name) {
            self.note(NoteKind::Renamed, format!("{path}.file.filename"), name.clone());
        }
        let beside = |name: &str| part.extra.get(name).or_else(|| file.extra.get(name)).cloned();
        Ok(Some(ContentBlock::Document(DocumentBlock {
            name,
            source: found.source,
            format: Nullable::Value(format.to_owned()),
            context: beside("context").and_then(|context| context.as_str().map(str::to_owned)).into(),
            citations: beside("citations").into(),
            extra: Extra::new(),
        })))
    }

    pub(super) fn audio(
        &mut self,
        part: &AudioPart,
        path: &str,
    ) -> Result<Option<ContentBlock>, EncodeError> {
        self.leftover(&part.extra, &[], path);
        self.leftover(&part.input_audio.extra, &[], &format!("{path}.input_audio"));
        let audio = &part.input_audio;
        let source = match audio.data.starts_with("data:") {
            true => find(&audio.data, &format!("{path}.input_audio.data"))?.source,
            false => Source::bytes(audio.data.as_str()),
        };
        Ok(Some(ContentBlock::Audio(media(&audio.format, source))))
    }

    /// A video as those write it who follow OpenAI's images: `{"type": "video_url", "video_url": {"url": …}}`.
    pub(super) fn video(&mut self, part: &Extra, path: &str) -> Result<Option<ContentBlock>, EncodeError> {
        let video = part.get("video_url").cloned().unwrap_or_default();
        let url = video.as_str().or_else(|| video.get("url")?.as_str());
        self.leftover(part, &["type", "video_url"], path);
        let path = format!("{path}.video_url");
        let url = url.ok_or_else(|| EncodeError::invalid(path.as_str(), "has no `url`"))?;
        if let Some(members) = video.as_object() {
            self.leftover(members, &["url", "format"], &path);
        }
        let found = find(url, &path)?;
        match form(&found, video.get("format").and_then(Value::as_str)).unwrap_or(Form::Video("mp4")) {
            Form::Video(format) => Ok(Some(ContentBlock::Video(media(format, found.source)))),
            _ => {
                self.unsupported(path, "Bedrock sees no such video")?;
                Ok(None)
            }
        }
    }
}

fn media(format: &str, source: Source) -> MediaBlock {
    MediaBlock { format: format.to_owned(), source, extra: Extra::new() }
}

fn form(found: &Found<'_>, told: Option<&str>) -> Option<Form> {
    match found.media.or(told) {
        // A type that is told and unknown is no other.
        Some(media) => by_media(media).or(Some(Form::Document(""))),
        None => found.guess,
    }
}

/// What an address leads to: `data:` holds it, `s3:` is read by Bedrock, everything else must be fetched before.
fn find<'a>(url: &'a str, path: &str) -> Result<Found<'a>, EncodeError> {
    if url.starts_with("s3://") {
        let end = url.rsplit('/').next().and_then(by_ending);
        return Ok(Found { source: Source::s3(url), media: None, guess: end });
    }
    let Some(data) = url.strip_prefix("data:") else {
        return Err(EncodeError::invalid(
            path,
            "Bedrock fetches nothing; it takes `data:` URLs and objects in S3",
        ));
    };
    let (head, data) = data.split_once(',').ok_or_else(|| EncodeError::invalid(path, "is no `data:` URL"))?;
    let (head, data) = match head.strip_suffix(";base64") {
        Some(head) => {
            (head, if data.contains(char::is_whitespace) { without_spaces(data) } else { data.into() })
        }
        None => (head, STANDARD.encode(percent_decoded(data)).into()),
    };
    if data.is_empty() {
        return Err(EncodeError::invalid(path, "holds no data"));
    }
    let media = head.split(';').next().filter(|media| !media.is_empty());
    let guess = by_letters(&data);
    Ok(Found { source: Source::bytes(data), media, guess })
}

fn plain(data: &str) -> Found<'_> {
    Found { source: Source::bytes(data), media: None, guess: by_letters(data) }
}

fn without_spaces(data: &str) -> Cow<'_, str> {
    data.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().into()
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = match (first, after) {
            (b'%', [high, low, ..]) => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    out
}

fn by_media(media: &str) -> Option<Form> {
    let media = media.split(';').next().unwrap_or(media).trim().to_ascii_lowercase();
    let by_type = FORMS.iter().find(|(known, _, _)| *known == media).map(|(_, _, form)| *form);
    // Some write the ending where the type belongs.
    by_type.or_else(|| {
        FORMS.iter().find(|(_, endings, _)| endings.contains(&media.as_str())).map(|(_, _, form)| *form)
    })
}

fn by_ending(name: &str) -> Option<Form> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    FORMS.iter().find(|(_, endings, _)| endings.contains(&ending.as_str())).map(|(_, _, form)| *form)
}

/// The form by the first letters of the base64.
fn by_letters(data: &str) -> Option<Form> {
    [
        ("JVBER", Form::Document("pdf")),
        ("iVBORw0KGgo", Form::Image("png")),
        ("/9j/", Form::Image("jpeg")),
        ("R0lGOD", Form::Image("gif")),
        ("UklGR", Form::Image("webp")),
    ]
    .into_iter()
    .find_map(|(start, form)| data.starts_with(start).then_some(form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let bytes = |url: &str| find(url, "p").map(|found| found.source.bytes.into_option());
        assert_eq!(bytes("data:image/png;base64,iV BO\nRw==").unwrap().as_deref(), Some("iVBORw=="));
        assert_eq!(bytes("data:text/plain,a%20b%").unwrap().as_deref(), Some("YSBiJQ=="));
        for wrong in ["https://x.example/a.png", "data:image/png;base64,", "data:image/png", ""] {
            assert!(matches!(find(wrong, "p"), Err(EncodeError::Invalid { .. })), "{wrong}");
        }
        let found = find("s3://bucket/dir/film.MP4", "p").unwrap();
        assert_eq!(found.guess, Some(Form::Video("mp4")));
        assert_eq!(found.source.s3_location.get().unwrap().uri, "s3://bucket/dir/film.MP4");
    }

    #[test]
    fn forms() {
        assert_eq!(by_media("Image/JPG; x=1"), Some(Form::Image("jpeg")));
        assert_eq!(by_media("pdf"), Some(Form::Document("pdf")));
        assert_eq!(by_media("application/zip"), None);
        assert_eq!(by_ending("a.b.XLSX"), Some(Form::Document("xlsx")));
        assert_eq!(by_letters("/9j/4AAQ"), Some(Form::Image("jpeg")));
    }
}
