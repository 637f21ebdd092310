//! Blocks while they come: so that what must come back exactly can be told once it is whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_types::{Extra, Nullable};
use serde_json::{Map, Value, json};

use crate::wire::{
    CitationsContent, ContentBlock, MediaBlock, ReasoningContent, ReasoningDelta, ReasoningText,
    ToolUseBlock, ToolUseStart,
};

/// A block, as far as it has come.
#[derive(Debug)]
pub(super) enum Block {
    Text {
        text: String,
        citations: Vec<Value>,
    },
    Reasoning {
        text: Option<String>,
        signature: Option<String>,
        redacted: Option<String>,
    },
    /// The answer in a form, as the input of a tool.
    Form(String),
    Call {
        index: u32,
        call: ToolUseStart,
        input: String,
    },
    /// A call of a tool that runs at Bedrock.
    Own {
        call: ToolUseStart,
        input: String,
    },
    /// A block of another kind, by the name of its one member.
    Other {
        name: &'static str,
        members: Map<String, Value>,
    },
}

impl Block {
    pub(super) const fn text() -> Self {
        Self::Text { text: String::new(), citations: Vec::new() }
    }

    pub(super) const fn reasoning() -> Self {
        Self::Reasoning { text: None, signature: None, redacted: None }
    }

    pub(super) fn result(started: &Value) -> Self {
        let mut members = started.as_object().cloned().unwrap_or_default();
        members.insert("content".to_owned(), Value::Array(Vec::new()));
        Self::Other { name: "toolResult", members }
    }

    pub(super) fn image(started: &Value) -> Self {
        Self::Other { name: "image", members: started.as_object().cloned().unwrap_or_default() }
    }

    pub(super) fn add_text(&mut self, more: &str) {
        if let Self::Text { text, .. } = self {
            text.push_str(more);
        }
    }

    /// Letters of its text.
    pub(super) fn letters(&self) -> usize {
        if let Self::Text { text, .. } = self { text.chars().count() } else { 0 }
    }

    pub(super) fn add_citation(&mut self, citation: Value) {
        if let Self::Text { citations, .. } = self {
            citations.push(citation);
        }
    }

    pub(super) fn add_thought(&mut self, piece: &ReasoningDelta) {
        let Self::Reasoning { text, signature, redacted } = self else { return };
        for (whole, more) in
            [(text, &piece.text), (signature, &piece.signature), (redacted, &piece.redacted_content)]
        {
            if let Some(more) = more.get() {
                whole.get_or_insert_default().push_str(more);
            }
        }
    }

    pub(super) fn add_result(&mut self, pieces: Value) {
        if let Self::Other { members, .. } = self
            && let (Some(Value::Array(content)), Value::Array(pieces)) = (members.get_mut("content"), pieces)
        {
            content.extend(pieces);
        }
    }

    /// More of an image, whose bytes may come in pieces.
    pub(super) fn add_image(&mut self, piece: Value) {
        let (Self::Other { members, .. }, Value::Object(mut piece)) = (self, piece) else { return };
        let before = members.get("source").and_then(|source| source["bytes"].as_str());
        let more = piece.get("source").and_then(|source| source["bytes"].as_str());
        if let (Some(before), Some(more)) = (before, more)
            && let (Ok(mut bytes), Ok(more)) = (STANDARD.decode(before), STANDARD.decode(more))
        {
            bytes.extend(more);
            piece.insert("source".to_owned(), json!({ "bytes": STANDARD.encode(bytes) }));
        }
        members.extend(piece);
    }

    /// The image that it is, as far as it has come.
    pub(super) fn made_image(&self) -> Option<MediaBlock> {
        match self {
            Self::Other { name: "image", members } => {
                llm_types::from_value(Value::Object(members.clone())).ok()
            }
            _ => None,
        }
    }

    /// The block as a whole answer has it; `None` if nothing came.
    pub(super) fn whole(self) -> Option<ContentBlock> {
        Some(match self {
            Self::Text { text, citations } if citations.is_empty() => ContentBlock::Text(text),
            Self::Text { text, citations } => ContentBlock::Citations(CitationsContent {
                content: Nullable::Value(vec![json!({ "text": text })]),
                citations: Nullable::Value(citations),
                extra: Extra::new(),
            }),
            Self::Reasoning { redacted: Some(data), .. } => ContentBlock::Reasoning(ReasoningContent {
                redacted_content: Nullable::Value(data),
                ..ReasoningContent::default()
            }),
            Self::Reasoning { text, signature, .. } => {
                if text.is_none() && signature.is_none() {
                    return None;
                }
                let text = ReasoningText {
                    text: text.unwrap_or_default(),
                    signature: signature.into(),
                    extra: Extra::new(),
                };
                ContentBlock::Reasoning(ReasoningContent {
                    reasoning_text: Nullable::Value(text),
                    ..ReasoningContent::default()
                })
            }
            Self::Form(answer) => ContentBlock::Text(answer),
            Self::Call { call, input, .. } | Self::Own { call, input } => {
                ContentBlock::ToolUse(ToolUseBlock {
                    tool_use_id: call.tool_use_id,
                    name: call.name,
                    input: serde_json::from_str(&input).unwrap_or_else(|_| json!({})),
                    r#type: call.r#type,
                    extra: Extra::new(),
                })
            }
            Self::Other { name, members } => llm_types::from_value(json!({ name: members })).ok()?,
        })
    }
}
