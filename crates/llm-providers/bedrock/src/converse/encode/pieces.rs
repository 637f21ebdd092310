//! Results of a search and documents in pieces, which Anthropic's Messages have as well.
//!
//! Source: Amazon Bedrock API Reference, "SearchResultBlock" and "DocumentSource"; Anthropic API reference, "Messages":
//! `search_result` and `document` with a source of type `content`; read 2026-11.

use llm_types::{Extra, Nullable};
use serde_json::{Value, json};

use super::Encoder;
use super::documents::Documents;
use crate::wire::{ContentBlock, DocumentBlock, Source};

impl Encoder<'_> {
    /// The block for such a part; `None` for all others. Which models take it, Bedrock says.
    pub(super) fn pieces(
        &mut self,
        part: &Extra,
        path: &str,
        documents: &mut Documents,
    ) -> Option<ContentBlock> {
        match part.get("type")?.as_str()? {
            "search_result" => {
                let mut result = Extra::new();
                for name in ["source", "title"] {
                    result.insert(name.to_owned(), part.get(name)?.clone());
                }
                result.insert("content".to_owned(), texts(part.get("content")?)?.into());
                result.extend(part.get("citations").map(|told| ("citations".to_owned(), told.clone())));
                self.leftover(part, &["type", "source", "title", "content", "citations"], path);
                Some(ContentBlock::SearchResult(Value::Object(result)))
            }
            "document" => {
                let source = part.get("source").filter(|source| source["type"] == "content")?;
                let content = texts(source.get("content")?)?;
                let text = |name: &str| part.get(name).and_then(Value::as_str);
                let document = DocumentBlock {
                    name: documents.name(text("title")),
                    source: Source { content: Nullable::Value(content), ..Source::default() },
                    format: Nullable::Absent,
                    context: text("context").map(str::to_owned).into(),
                    citations: part.get("citations").cloned().into(),
                    extra: Extra::new(),
                };
                self.leftover(part, &["type", "source", "title", "context", "citations"], path);
                Some(ContentBlock::Document(document))
            }
            _ => None,
        }
    }
}

/// Pieces of text as Converse has them; `None` if something else stands among them.
fn texts(content: &Value) -> Option<Vec<Value>> {
    match content {
        Value::String(text) => Some(vec![json!({ "text": text })]),
        Value::Array(pieces) => {
            pieces.iter().map(|piece| Some(json!({ "text": piece.get("text")?.as_str()? }))).collect()
        }
        _ => None,
    }
}
