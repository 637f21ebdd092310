//! Parts of a message as Gemini's parts.
//!
//! Source: Gemini API docs, "Image understanding", "Video understanding", "Media resolution"
//! (ai.google.dev/gemini-api/docs), read 2026-11.

use llm_provider_core::{EncodeError, NoteKind, stored_part, words_of_part};
use llm_types::{ContentPart, Extra, FilePart, ImagePart, ImageSource, MessageContent, Nullable};
use serde_json::{Value, json};

use super::{Encoder, typed};
use crate::media;
use crate::wire::{Part, camel_case};

/// Where a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    System,
    User,
    Model,
    Result,
}

/// Members of a part that say which piece of a film is meant, and how closely to look.
const LOOK: &[&str] = &["video_metadata", "videoMetadata", "media_resolution", "mediaResolution"];

impl Encoder<'_> {
    pub(super) fn parts(
        &mut self,
        content: Option<&MessageContent>,
        path: &str,
        place: Place,
    ) -> Result<Vec<Part>, EncodeError> {
        match content {
            None => Ok(Vec::new()),
            Some(MessageContent::Text(text)) if text.is_empty() => Ok(Vec::new()),
            Some(MessageContent::Text(text)) => Ok(vec![Part::text(text.as_str())]),
            Some(MessageContent::Parts(parts)) => {
                let mut made = Vec::with_capacity(parts.len());
                for (index, part) in parts.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    if part.cache_control().is_some() {
                        self.cache_marker(&format!("{path}.cache_control"));
                    }
                    made.extend(self.part(part, &path, place)?);
                }
                Ok(made)
            }
        }
    }

    fn part(&mut self, part: &ContentPart, path: &str, place: Place) -> Result<Option<Part>, EncodeError> {
        if place == Place::System && !matches!(part, ContentPart::Text(_) | ContentPart::Refusal(_)) {
            self.unsupported(path, "Gemini takes text only as instructions")?;
            return Ok(None);
        }
        if let Some(reason) = stored_part(part) {
            self.unsupported(path, reason)?;
            return Ok(None);
        }
        match part {
            ContentPart::Text(part) => {
                self.leftover(&part.extra, &[], path);
                Ok((!part.text.is_empty()).then(|| Part::text(part.text.as_str())))
            }
            ContentPart::Refusal(part) => {
                self.note(NoteKind::Converted, path, "to text");
                Ok(Some(Part::text(part.refusal.as_str())))
            }
            ContentPart::ImageUrl(part) => self.image(part, path).map(Some),
            ContentPart::InputAudio(part) => {
                let sound = &part.input_audio;
                self.leftover(&sound.extra, &[], &format!("{path}.input_audio"));
                let mut made = if sound.data.starts_with("data:") {
                    media::part_of_url(&sound.data, None, "audio/wav")
                        .map_err(|reason| EncodeError::invalid(format!("{path}.input_audio.data"), reason))?
                } else {
                    let format = media::audio_type(&sound.format);
                    media::part_of_data(&sound.data, Some(&format), "audio/wav")
                };
                self.look(&part.extra, path, &mut made)?;
                Ok(Some(made))
            }
            ContentPart::File(part) => self.file(part, path).map(Some),
            ContentPart::Unknown(map) => self.unknown(map, path),
        }
    }

    fn image(&mut self, part: &ImagePart, path: &str) -> Result<Part, EncodeError> {
        let nothing = Extra::new();
        let (format, extra, detail) = match &part.image_url {
            ImageSource::Url(image) => (image.format.as_deref(), &image.extra, image.detail.as_deref()),
            ImageSource::Bare(_) => (None, &nothing, None),
        };
        let mut made = media::part_of_url(part.image_url.url(), format, "image/png")
            .map_err(|reason| EncodeError::invalid(format!("{path}.image_url.url"), reason))?;
        self.look(&part.extra, path, &mut made)?;
        self.look(extra, &format!("{path}.image_url"), &mut made)?;
        if let Some(detail) = detail {
            self.detail(detail, &format!("{path}.image_url.detail"), &mut made);
        }
        Ok(made)
    }

    /// How closely to look. Gemini 3 is told for each part, those before for the whole request only.
    fn detail(&mut self, detail: &str, path: &str, made: &mut Part) {
        let level = match detail {
            "auto" => return,
            "low" => "MEDIA_RESOLUTION_LOW",
            "medium" => "MEDIA_RESOLUTION_MEDIUM",
            "high" => "MEDIA_RESOLUTION_HIGH",
            "ultra_high" => "MEDIA_RESOLUTION_ULTRA_HIGH",
            _ => return self.drop(path, "Gemini has no such choice"),
        };
        if made.media_resolution.is_value() {
            self.drop(path, "`media_resolution` is said too and wins");
        } else if self.model.is_third() {
            self.note(NoteKind::Converted, path, format!("to `{level}`"));
            made.media_resolution = Nullable::Value(json!({ "level": level }));
        } else {
            self.drop(path, "this model has one choice for the whole request, `media_resolution`");
        }
    }

    fn file(&mut self, part: &FilePart, path: &str) -> Result<Part, EncodeError> {
        let file = &part.file;
        let (format, name) = (file.format.as_deref(), file.filename.as_deref());
        let at = |name: &str| format!("{path}.file.{name}");
        let (mut made, told_name) = if let Some(data) = file.file_data.as_deref() {
            let made = media::part_of_file(data, format, name)
                .map_err(|reason| EncodeError::invalid(at("file_data"), reason))?;
            (made, false)
        } else if let Some(url) = file.file_url.as_deref() {
            (media::part_of_file_address(url, format, name), false)
        } else if let Some(id) = file.file_id.as_deref() {
            (media::part_of_file_address(&self.file_uri(id), format, name), false)
        } else {
            return Err(EncodeError::invalid(at(""), "has neither `file_id`, `file_url` nor `file_data`"));
        };
        if name.is_some() && !told_name && !part.extra.contains_key(DISPLAY_NAME) {
            self.drop(at("filename"), "Gemini keeps no names of files");
        }
        self.look(&part.extra, path, &mut made)?;
        self.look(&file.extra, &format!("{path}.file"), &mut made)?;
        if let Some(detail) = file.extra.get("detail").and_then(Value::as_str) {
            self.detail(detail, &at("detail"), &mut made);
        }
        Ok(made)
    }

    /// The address of an upload; a bare name is one of the Files API.
    fn file_uri(&mut self, id: &str) -> String {
        if id.contains("://") {
            return id.to_owned();
        }
        let name = if id.starts_with("files/") { id.to_owned() } else { format!("files/{id}") };
        format!("{}/{name}", self.call.base_url_or(crate::head::BASE_URL))
    }

    /// Parts that LiteLLM's clients send, and Gemini's own.
    fn unknown(&mut self, map: &Extra, path: &str) -> Result<Option<Part>, EncodeError> {
        let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
        let address = |name: &str| {
            let value = map.get(name)?;
            value.as_str().or_else(|| value.get("url")?.as_str())
        };
        let format = |name: &str| map.get(name).and_then(|value| value.get("format")?.as_str());
        for (name, usual) in
            [("video_url", "video/mp4"), ("audio_url", "audio/mp3"), ("document_url", "application/pdf")]
        {
            if kind == name
                && let Some(url) = address(name)
            {
                let mut made = media::part_of_url(url, format(name), usual)
                    .map_err(|reason| EncodeError::invalid(format!("{path}.{name}.url"), reason))?;
                self.look(map, path, &mut made)?;
                if let Some(Value::Object(place)) = map.get(name) {
                    self.leftover(place, &["url", "format"], &format!("{path}.{name}"));
                }
                return Ok(Some(made));
            }
        }
        if kind == OWN_PART
            && let Some(own) = map.get(OWN_PART)
        {
            self.leftover(map, &["type", OWN_PART], path);
            let part: Option<Part> = typed(&format!("{path}.{OWN_PART}"), &camel_case(own.clone()))?;
            return Ok(part);
        }
        if let Some(words) = words_of_part(map) {
            self.note(NoteKind::Converted, path, "to text");
            return Ok(Some(Part::text(words.as_str())));
        }
        self.unsupported(path, format!("Gemini has no content of type `{kind}`"))?;
        Ok(None)
    }

    /// Which piece of a film is meant, how closely to look, and what Google calls it; other members have no place over
    /// there.
    fn look(&mut self, extra: &Extra, path: &str, made: &mut Part) -> Result<(), EncodeError> {
        for (name, value) in extra {
            match name.as_str() {
                "video_metadata" | "videoMetadata" => {
                    made.video_metadata = camel_case(value.clone()).into();
                }
                "media_resolution" | "mediaResolution" => {
                    made.media_resolution = match value {
                        Value::String(level) => json!({ "level": level }).into(),
                        value => camel_case(value.clone()).into(),
                    };
                }
                DISPLAY_NAME => {
                    let told = Nullable::from(value.as_str().map(str::to_owned));
                    if let Some(blob) = made.inline_data.get_mut() {
                        blob.display_name = told;
                    } else if let Some(file) = made.file_data.get_mut() {
                        file.display_name = told;
                    }
                }
                _ => {}
            }
        }
        let mut known = LOOK.to_vec();
        known.extend(["detail", "type", "video_url", "audio_url", "document_url"]);
        self.leftover(extra, &known, path);
        Ok(())
    }

    /// Members of a part that have no place over there.
    fn leftover(&mut self, extra: &Extra, known: &[&str], path: &str) {
        for name in extra.keys().filter(|name| !known.contains(&name.as_str())) {
            self.drop(format!("{path}.{name}"), "Gemini has no place for it");
        }
    }
}

/// Google's name for the bytes of a part, beside the part.
pub(crate) const DISPLAY_NAME: &str = "display_name";

/// The type, and the member, of a part in Gemini's own words.
pub(crate) const OWN_PART: &str = "gemini_part";
