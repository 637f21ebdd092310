//! One block of a streamed answer, put together as it comes.

use llm_types::Nullable;
use serde_json::{Map, Value, json};

use crate::wire::{CompactionDelta, ContentBlock};

/// A block and what is known of it so far.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) index: u32,
    pub(super) content: ContentBlock,
    /// Pieces of a tool's input.
    pub(super) input: String,
    /// Which of the client's calls it is.
    pub(super) call: Option<u32>,
    /// Where its text begins in the answer's, in letters.
    pub(super) text_start: usize,
}

impl Block {
    pub(super) fn new(index: u32, content: ContentBlock) -> Self {
        Self { index, content, input: String::new(), call: None, text_start: 0 }
    }

    pub(super) fn add_text(&mut self, text: &str) {
        match &mut self.content {
            ContentBlock::Text(block) => block.text.push_str(text),
            ContentBlock::Thinking(block) => block.thinking.push_str(text),
            _ => {}
        }
    }

    pub(super) fn sign(&mut self, signature: String) {
        if let ContentBlock::Thinking(block) = &mut self.content {
            block.signature = Nullable::Value(signature);
        }
    }

    pub(super) fn cite(&mut self, citation: Value) {
        if let ContentBlock::Text(block) = &mut self.content {
            block.citations.get_or_insert_with(Vec::new).push(citation);
        }
    }

    pub(super) fn compact(&mut self, delta: CompactionDelta) {
        if let ContentBlock::Unknown(block) = &mut self.content {
            match delta.content {
                Nullable::Absent => {}
                Nullable::Null => {
                    block.insert("content".to_owned(), Value::Null);
                }
                Nullable::Value(more) => {
                    let mut content =
                        block.get("content").and_then(Value::as_str).unwrap_or_default().to_owned();
                    content.push_str(&more);
                    block.insert("content".to_owned(), Value::String(content));
                }
            }
            block.extend(delta.extra);
        }
    }

    /// Reads the input that came in pieces. Gives it as text if none came, for a call that needs one.
    pub(super) fn close_input(&mut self) -> Option<String> {
        let input = match &mut self.content {
            ContentBlock::ToolUse(block) | ContentBlock::ServerToolUse(block) => &mut block.input,
            ContentBlock::Unknown(block) if !self.input.is_empty() => {
                block.entry("input").or_insert(Value::Null)
            }
            _ => return None,
        };
        if self.input.is_empty() {
            if !input.is_object() {
                *input = Value::Object(Map::new());
            }
            return Some(input.to_string());
        }
        *input = serde_json::from_str(&self.input).unwrap_or_else(|_| json!({ "arguments": self.input }));
        None
    }
}
