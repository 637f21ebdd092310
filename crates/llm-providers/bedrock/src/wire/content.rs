//! What a message holds.

use llm_types::{Extra, wire_struct};
use serde_json::Value;

use super::union::union_enum;

/// A block of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentBlock {
    /// `text`
    Text(String),
    /// `image`
    Image(MediaBlock),
    /// `document`
    Document(DocumentBlock),
    /// `video`
    Video(MediaBlock),
    /// `audio`
    Audio(MediaBlock),
    /// `toolUse`
    ToolUse(ToolUseBlock),
    /// `toolResult`
    ToolResult(ToolResultBlock),
    /// `guardContent`: what a guardrail looks at.
    GuardContent(Value),
    /// `cachePoint`
    CachePoint(CachePoint),
    /// `reasoningContent`
    Reasoning(ReasoningContent),
    /// `citationsContent`
    Citations(CitationsContent),
    /// `searchResult`
    SearchResult(Value),
    /// A block this version does not know, whole.
    Unknown(Extra),
}

union_enum!(ContentBlock, "a content block (an object with one member)", {
    "text" => Text,
    "image" => Image,
    "document" => Document,
    "video" => Video,
    "audio" => Audio,
    "toolUse" => ToolUse,
    "toolResult" => ToolResult,
    "guardContent" => GuardContent,
    "cachePoint" => CachePoint,
    "reasoningContent" => Reasoning,
    "citationsContent" => Citations,
    "searchResult" => SearchResult,
});

/// A piece of a tool's result.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolResultContent {
    /// `json`
    Json(Value),
    /// `text`
    Text(String),
    /// `image`
    Image(MediaBlock),
    /// `document`
    Document(DocumentBlock),
    /// `video`
    Video(MediaBlock),
    /// `searchResult`
    SearchResult(Value),
    /// A piece this version does not know, whole.
    Unknown(Extra),
}

union_enum!(ToolResultContent, "a piece of a tool's result (an object with one member)", {
    "json" => Json,
    "text" => Text,
    "image" => Image,
    "document" => Document,
    "video" => Video,
    "searchResult" => SearchResult,
});

wire_struct! {
    /// An image, a video or sound.
    pub struct MediaBlock {
        required {
            /// The form, such as `png`, `mp4` or `wav`.
            format: String,
            /// Where it is.
            source: Source,
        }
        optional {}
    }
}

wire_struct! {
    /// Where bytes are. One of the members is there.
    #[derive(Default)]
    pub struct Source {
        required {}
        optional {
            /// Base64.
            bytes: String,
            /// An object in S3.
            #[serde(rename = "s3Location")]
            s3_location: S3Location,
            /// A document's text.
            text: String,
            /// A document's pieces.
            content: Vec<Value>,
        }
    }
}

impl Source {
    /// Bytes in base64.
    pub fn bytes(base64: impl Into<String>) -> Self {
        Self { bytes: llm_types::Nullable::Value(base64.into()), ..Self::default() }
    }

    /// An object in S3.
    pub fn s3(uri: impl Into<String>) -> Self {
        let location =
            S3Location { uri: uri.into(), bucket_owner: llm_types::Nullable::Absent, extra: Extra::new() };
        Self { s3_location: llm_types::Nullable::Value(location), ..Self::default() }
    }
}

wire_struct! {
    /// An object in S3.
    pub struct S3Location {
        required {
            /// `s3://bucket/key`
            uri: String,
        }
        optional {
            /// The account that owns the bucket, if it is another.
            #[serde(rename = "bucketOwner")]
            bucket_owner: String,
        }
    }
}

wire_struct! {
    /// A document.
    pub struct DocumentBlock {
        required {
            /// Letters, digits, single spaces, hyphens, parentheses, brackets; its own among all documents.
            name: String,
            /// Where it is.
            source: Source,
        }
        optional {
            /// `pdf`, `csv`, `doc`, `docx`, `xls`, `xlsx`, `html`, `txt` or `md`.
            format: String,
            /// What it is about, for citations.
            context: String,
            /// `{"enabled": …}`
            citations: Value,
        }
    }
}

wire_struct! {
    /// A tool that the model wants called.
    pub struct ToolUseBlock {
        required {
            /// The name by which the result refers to it.
            #[serde(rename = "toolUseId")]
            tool_use_id: String,
            /// Which tool.
            name: String,
            /// What is passed to it.
            input: Value,
        }
        optional {
            /// `server_tool_use` for a tool that runs at Bedrock.
            r#type: String,
        }
    }
}

impl ToolUseBlock {
    /// Whether the tool runs at Bedrock, and is none of the client's.
    pub fn runs_at_bedrock(&self) -> bool {
        self.r#type.as_deref() == Some("server_tool_use")
    }
}

wire_struct! {
    /// What a tool gave.
    pub struct ToolResultBlock {
        required {
            /// Of which call.
            #[serde(rename = "toolUseId")]
            tool_use_id: String,
            /// What it gave.
            content: Vec<ToolResultContent>,
        }
        optional {
            /// `success` or `error`.
            status: String,
            /// The kind of call that it is the result of.
            r#type: String,
        }
    }
}

wire_struct! {
    /// What precedes this may be kept and read again at a lower price.
    pub struct CachePoint {
        required {
            /// `default`
            r#type: String,
        }
        optional {
            /// `5m` or `1h`.
            ttl: String,
        }
    }
}

wire_struct! {
    /// The model's thinking: text, or what only the model can read.
    #[derive(Default)]
    pub struct ReasoningContent {
        required {}
        optional {
            /// Text.
            #[serde(rename = "reasoningText")]
            reasoning_text: ReasoningText,
            /// Encrypted thinking, in base64.
            #[serde(rename = "redactedContent")]
            redacted_content: String,
        }
    }
}

wire_struct! {
    /// Thinking as text.
    pub struct ReasoningText {
        required {
            /// The text.
            text: String,
        }
        optional {
            /// The model's signature over it.
            signature: String,
        }
    }
}

wire_struct! {
    /// Text that rests on sources.
    #[derive(Default)]
    pub struct CitationsContent {
        required {}
        optional {
            /// The text, in pieces.
            content: Vec<Value>,
            /// The sources.
            citations: Vec<Value>,
        }
    }
}

impl CitationsContent {
    /// The text.
    pub fn text(&self) -> String {
        self.content.get().into_iter().flatten().filter_map(|piece| piece.get("text")?.as_str()).collect()
    }
}
