//! Parts of a message as blocks.

use llm_provider_core::{EncodeError, NoteKind, stored_part, words_of_part};
use llm_types::{ContentPart, Extra, ImagePart, ImageSource, MessageContent, Nullable, TextPart};
use serde_json::Value;

use super::{Encoder, files, typed};
use crate::wire::{ContentBlock, ImageBlock, TextBlock};

/// Where a part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    System,
    User,
    Assistant,
    Result,
}

/// Blocks in Anthropic's own words, which pass as they are.
///
/// Source: Anthropic API reference, "Messages", content blocks, read 2026-11.
const OWN: &[&str] = &[
    "browser_state",
    "compaction",
    "connector_text",
    "container_upload",
    "document",
    "fallback",
    "image",
    "mcp_tool_result",
    "mcp_tool_use",
    "redacted_thinking",
    "search_result",
    "server_tool_use",
    "thinking",
    "tool_reference",
    "tool_result",
    "tool_use",
];

impl Encoder<'_> {
    pub(super) fn blocks(
        &mut self,
        content: Option<&MessageContent>,
        path: &str,
        place: Place,
    ) -> Result<Vec<ContentBlock>, EncodeError> {
        match content {
            None => Ok(Vec::new()),
            Some(MessageContent::Text(text)) => {
                let mut blocks = Vec::new();
                self.text(TextBlock::new(text.as_str()), path, &mut blocks);
                Ok(blocks)
            }
            Some(MessageContent::Parts(parts)) => {
                let mut blocks = Vec::with_capacity(parts.len());
                for (index, part) in parts.iter().enumerate() {
                    self.part(part, &format!("{path}[{index}]"), place, &mut blocks)?;
                }
                Ok(blocks)
            }
        }
    }

    fn part(
        &mut self,
        part: &ContentPart,
        path: &str,
        place: Place,
        blocks: &mut Vec<ContentBlock>,
    ) -> Result<(), EncodeError> {
        if let Some(reason) = stored_part(part) {
            return self.unsupported(path, reason);
        }
        let words = match part {
            ContentPart::Unknown(map) if place == Place::System || !OWN.contains(&part.kind()) => {
                words_of_part(map)
            }
            _ => None,
        };
        if let Some(words) = words {
            self.note(NoteKind::Converted, path, "to text");
            self.text(TextBlock::new(words.as_str()), path, blocks);
            return Ok(());
        }
        if place == Place::System && !matches!(part, ContentPart::Text(_) | ContentPart::Refusal(_)) {
            return self.unsupported(path, "Anthropic takes text only as instructions");
        }
        match part {
            ContentPart::Text(part) => {
                let block = self.text_part(part, path)?;
                self.text(block, path, blocks);
            }
            ContentPart::Refusal(part) => {
                self.note(NoteKind::Converted, path, "to text");
                self.text(TextBlock::new(part.refusal.as_str()), path, blocks);
            }
            ContentPart::ImageUrl(part) => blocks.push(self.image(part, path)?),
            ContentPart::File(part) => match files::block(part, path)? {
                Some(block) => {
                    self.leftover(&part.extra, files::KNOWN, path);
                    self.leftover(&part.file.extra, files::KNOWN, &format!("{path}.file"));
                    for place in files::unsaid(part, &block) {
                        let path = format!("{path}.{place}");
                        self.note(NoteKind::Dropped, path, "Anthropic's block has no place for it");
                    }
                    blocks.push(block);
                }
                None => self.unsupported(path, "Anthropic reads PDF, text and images only")?,
            },
            ContentPart::InputAudio(_) => self.unsupported(path, "Anthropic hears no sound")?,
            ContentPart::Unknown(map) => {
                let kind = part.kind();
                let text = |name: &str| map.get(name).and_then(Value::as_str);
                if kind == "thinking"
                    && (text("thinking").is_none() || text("signature").is_none_or(str::is_empty))
                {
                    // Mistral's parts of that name hold a list, Cohere's no signature.
                    self.unsupported(path, "Anthropic takes back signed thinking only")?;
                } else if OWN.contains(&kind) || kind.ends_with("_tool_result") {
                    blocks.extend(typed::<ContentBlock>(path, &Value::Object(map.clone()))?);
                } else {
                    self.unsupported(path, format!("Anthropic has no content of type `{kind}`"))?;
                }
            }
        }
        Ok(())
    }

    /// Anthropic takes no text without a letter.
    fn text(&mut self, block: TextBlock, path: &str, blocks: &mut Vec<ContentBlock>) {
        if !block.text.trim().is_empty() {
            blocks.push(ContentBlock::Text(block));
        } else if !block.text.is_empty() || block.cache_control.is_value() {
            self.note(NoteKind::Dropped, path, "Anthropic takes no text of spaces only");
        }
    }

    fn text_part(&mut self, part: &TextPart, path: &str) -> Result<TextBlock, EncodeError> {
        let mut block = TextBlock::new(part.text.as_str());
        block.cache_control = part.cache_control.clone();
        if let Some(citations) = part.extra.get("citations") {
            block.citations = typed(&format!("{path}.citations"), citations)?.into();
        }
        self.leftover(&part.extra, &["citations"], path);
        Ok(block)
    }

    fn image(&mut self, part: &ImagePart, path: &str) -> Result<ContentBlock, EncodeError> {
        let nothing = Extra::new();
        let (format, extra) = match &part.image_url {
            ImageSource::Url(image) => (image.format.as_deref(), &image.extra),
            ImageSource::Bare(_) => (None, &nothing),
        };
        if let ImageSource::Url(image) = &part.image_url
            && image.detail.as_deref().is_some_and(|detail| detail != "auto")
        {
            self.note(NoteKind::Dropped, format!("{path}.image_url.detail"), "Anthropic has no such choice");
        }
        let file_id = part.extra.get("file_id").or_else(|| extra.get("file_id")).and_then(Value::as_str);
        self.leftover(&part.extra, &["file_id"], path);
        self.leftover(extra, &["file_id"], &format!("{path}.image_url"));
        let source = files::image_source(part.image_url.url(), format, file_id)
            .map_err(|reason| EncodeError::invalid(format!("{path}.image_url.url"), reason))?;
        Ok(ContentBlock::Image(ImageBlock {
            source,
            cache_control: match part.cache_control.get() {
                Some(marker) => Nullable::Value(marker.clone()),
                None => Nullable::Absent,
            },
            extra: Extra::new(),
        }))
    }

    /// Members of a part that have no place over there.
    fn leftover(&mut self, extra: &Extra, known: &[&str], path: &str) {
        for name in extra.keys().filter(|name| !known.contains(&name.as_str())) {
            self.note(NoteKind::Dropped, format!("{path}.{name}"), "Anthropic has no place for it");
        }
    }
}
