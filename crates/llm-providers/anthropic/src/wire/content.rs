//! Content: a string, or a list of blocks.

use std::fmt;

use llm_types::{CacheControl, Extra, wire_struct};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::tagged::tagged_enum;

/// The content of a message, of the system prompt, or of a tool result.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Plain text; short for one text block.
    Text(String),
    /// Blocks, in order.
    Blocks(Vec<ContentBlock>),
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Blocks(blocks) => blocks.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrBlocks;
        impl<'de> Visitor<'de> for StringOrBlocks {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of content blocks")
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = seq.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
        }
        deserializer.deserialize_any(StringOrBlocks)
    }
}

/// One block of content.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentBlock {
    /// `text`
    Text(TextBlock),
    /// `image`
    Image(ImageBlock),
    /// `document`
    Document(DocumentBlock),
    /// `thinking`
    Thinking(ThinkingBlock),
    /// `redacted_thinking`
    RedactedThinking(RedactedThinkingBlock),
    /// `tool_use`: the model calls a tool of the client's.
    ToolUse(ToolUseBlock),
    /// `tool_result`: what a tool of the client's gave.
    ToolResult(ToolResultBlock),
    /// `server_tool_use`: the model called a tool that runs at Anthropic.
    ServerToolUse(ToolUseBlock),
    /// Any other block, whole: results of server tools, search results, compaction, uploads, …
    Unknown(Extra),
}

tagged_enum!(ContentBlock, "a content block (an object with a `type`)", {
    "text" => Text,
    "image" => Image,
    "document" => Document,
    "thinking" => Thinking,
    "redacted_thinking" => RedactedThinking,
    "tool_use" => ToolUse,
    "tool_result" => ToolResult,
    "server_tool_use" => ServerToolUse,
});

impl ContentBlock {
    /// A text block.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextBlock::new(text))
    }
}

wire_struct! {
    /// Text.
    pub struct TextBlock {
        required {
            /// The text.
            text: String,
        }
        optional {
            /// What the text rests on: `char_location`, `page_location`, `content_block_location`,
            /// `web_search_result_location`, `search_result_location`.
            citations: Vec<Value>,
            /// A prompt-cache marker after this block.
            cache_control: CacheControl,
        }
    }
}

impl TextBlock {
    /// Bare text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            citations: Default::default(),
            cache_control: Default::default(),
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// An image.
    pub struct ImageBlock {
        required {
            /// Where it is.
            source: Source,
        }
        optional {
            /// A prompt-cache marker after this block.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// A document.
    pub struct DocumentBlock {
        required {
            /// Where it is.
            source: Source,
        }
        optional {
            /// Its title, for the model.
            title: String,
            /// What is to be known about it, for the model.
            context: String,
            /// `{"enabled": true}` lets the model cite it.
            citations: Value,
            /// A prompt-cache marker after this block.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// Where an image or a document is. `type` tells which members count: `base64` (`media_type`, `data`),
    /// `text` (`media_type`, `data`), `url` (`url`), `file` (`file_id`), `content` (`content`).
    pub struct Source {
        required {
            /// The kind.
            r#type: String,
        }
        optional {
            /// `image/png`, `application/pdf`, `text/plain`, …
            media_type: String,
            /// Base64, or the text itself.
            data: String,
            /// An `https:` address that Anthropic fetches.
            url: String,
            /// Name of an uploaded file.
            file_id: String,
            /// A document made of blocks.
            content: Content,
        }
    }
}

impl Source {
    fn of(kind: &str) -> Self {
        Self {
            r#type: kind.to_owned(),
            media_type: Default::default(),
            data: Default::default(),
            url: Default::default(),
            file_id: Default::default(),
            content: Default::default(),
            extra: Extra::new(),
        }
    }

    /// By value, in base64.
    pub fn base64(media_type: impl Into<String>, data: impl Into<String>) -> Self {
        Self { media_type: media_type.into().into(), data: data.into().into(), ..Self::of("base64") }
    }

    /// Plain text by value.
    pub fn plain_text(text: impl Into<String>) -> Self {
        Self { media_type: "text/plain".to_owned().into(), data: text.into().into(), ..Self::of("text") }
    }

    /// By address.
    pub fn url(url: impl Into<String>) -> Self {
        Self { url: url.into().into(), ..Self::of("url") }
    }

    /// By the name of an uploaded file.
    pub fn file(file_id: impl Into<String>) -> Self {
        Self { file_id: file_id.into().into(), ..Self::of("file") }
    }
}

wire_struct! {
    /// Thinking, signed. It goes back byte for byte, also where the text is empty.
    pub struct ThinkingBlock {
        required {
            /// The text.
            thinking: String,
        }
        optional {
            /// Anthropic's signature over it.
            signature: String,
        }
    }
}

wire_struct! {
    /// Thinking that is encrypted whole.
    pub struct RedactedThinkingBlock {
        required {
            /// The encrypted thinking.
            data: String,
        }
        optional {}
    }
}

wire_struct! {
    /// A call of a tool.
    pub struct ToolUseBlock {
        required {
            /// Name by which the result refers to it: letters, digits, `_` and `-`.
            id: String,
            /// The tool's name.
            name: String,
            /// The arguments, an object; `{}` at the start of a streamed block.
            input: Value,
        }
        optional {
            /// A prompt-cache marker after this block.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// The result of a tool call.
    pub struct ToolResultBlock {
        required {
            /// The call that this is the result of.
            tool_use_id: String,
        }
        optional {
            /// What the tool gave.
            content: Content,
            /// Whether the tool failed.
            is_error: bool,
            /// A prompt-cache marker after this block.
            cache_control: CacheControl,
        }
    }
}
