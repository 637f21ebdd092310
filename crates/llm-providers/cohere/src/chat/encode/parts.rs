//! Parts of a message.
//!
//! Source: Cohere docs, "Image inputs" and "Chat API (v2)", `messages`, read 2026-11: text, and images by `https:` or
//! `data:` URL.

use llm_provider_core::{EncodeError, NoteKind, stored_part, words_of_file, words_of_part};
use llm_types::{ContentPart, ImagePart, ImageSource, ImageUrl, MessageContent, Nullable, TextPart};

use super::Encoder;

/// Where a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Images may stand here.
    User,
    /// Text only.
    Text,
    /// Text and documents.
    Result,
}

impl Encoder<'_> {
    /// The content as Cohere takes it; `None` if there is nothing in it.
    pub(super) fn content(
        &mut self,
        content: Option<&MessageContent>,
        path: &str,
        place: Place,
    ) -> Result<Option<MessageContent>, EncodeError> {
        Ok(match content {
            None => None,
            Some(MessageContent::Text(text)) if text.is_empty() => None,
            Some(MessageContent::Text(text)) => Some(MessageContent::Text(text.clone())),
            Some(MessageContent::Parts(parts)) => {
                let mut out = Vec::with_capacity(parts.len());
                for (index, part) in parts.iter().enumerate() {
                    out.extend(self.part(part, &format!("{path}[{index}]"), place)?);
                }
                (!out.is_empty()).then_some(MessageContent::Parts(out))
            }
        })
    }

    fn part(
        &mut self,
        part: &ContentPart,
        path: &str,
        place: Place,
    ) -> Result<Option<ContentPart>, EncodeError> {
        if part.cache_control().is_some() {
            self.note(NoteKind::Dropped, format!("{path}.cache_control"), "Cohere caches prompts by itself");
        }
        if let Some(reason) = stored_part(part) {
            self.unsupported(path, reason)?;
            return Ok(None);
        }
        match part {
            ContentPart::Text(part) => {
                self.leftover(&part.extra, path);
                if part.text.is_empty() {
                    return Ok(None);
                }
                return Ok(Some(text(&part.text)));
            }
            ContentPart::Refusal(part) => {
                self.note(NoteKind::Converted, path, "to text");
                return Ok(Some(text(&part.refusal)));
            }
            ContentPart::ImageUrl(part) if place == Place::User => return Ok(Some(self.image(part, path))),
            ContentPart::ImageUrl(_) => self.unsupported(path, "Cohere takes images of the user only")?,
            ContentPart::InputAudio(_) => self.unsupported(path, "Cohere hears no sound")?,
            ContentPart::File(part) => {
                if let Some(words) = words_of_file(part) {
                    self.note(NoteKind::Converted, path, "to text");
                    return Ok(Some(text(&words)));
                }
                self.unsupported(path, "Cohere reads no files")?;
            }
            ContentPart::Unknown(map) => {
                // Cohere's own.
                if place == Place::Result && part.kind() == "document" {
                    return Ok(Some(ContentPart::Unknown(map.clone())));
                }
                if let Some(words) = words_of_part(map) {
                    self.note(NoteKind::Converted, path, "to text");
                    return Ok(Some(text(&words)));
                }
                self.unsupported(path, format!("Cohere has no content of type `{}` here", part.kind()))?;
            }
        }
        Ok(None)
    }

    pub(super) fn image(&mut self, part: &ImagePart, path: &str) -> ContentPart {
        self.leftover(&part.extra, path);
        let (url, detail) = match &part.image_url {
            ImageSource::Bare(url) => (url, Nullable::Absent),
            ImageSource::Url(image) => {
                self.leftover(&image.extra, &format!("{path}.image_url"));
                if image.format.is_value() {
                    let path = format!("{path}.image_url.format");
                    self.note(NoteKind::Dropped, path, "the address tells the media type");
                }
                (&image.url, image.detail.clone())
            }
        };
        ContentPart::ImageUrl(ImagePart {
            image_url: ImageSource::Url(ImageUrl {
                url: url.clone(),
                detail,
                format: Nullable::Absent,
                extra: Default::default(),
            }),
            cache_control: Nullable::Absent,
            extra: Default::default(),
        })
    }

    /// Members of a part that have no place over there.
    fn leftover(&mut self, extra: &llm_types::Extra, path: &str) {
        for name in extra.keys() {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Cohere has no place for it");
        }
    }
}

pub(super) fn text(text: &str) -> ContentPart {
    ContentPart::Text(TextPart {
        text: text.to_owned(),
        cache_control: Nullable::Absent,
        extra: Default::default(),
    })
}
