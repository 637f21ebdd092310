//! Documents in order of their relevance, as Cohere has it and the field has taken it over.
//!
//! Source: Cohere API reference, "Rerank API (v2)" (docs.cohere.com/reference/rerank), read 2026-11.

use serde_json::{Number, Value};

use crate::{Extra, Nullable, wire_struct};

wire_struct! {
    /// A question, and documents to be ranked by it.
    pub struct RerankRequest {
        required {
            /// Which model.
            model: String,
            /// The question.
            query: String,
            /// The documents: texts, or objects.
            documents: Vec<Value>,
        }
        optional {
            /// How many of the best to give back.
            top_n: u64,
            /// Members of the documents that count.
            rank_fields: Vec<String>,
            /// Whether the documents come back too.
            return_documents: bool,
            /// Pieces that a document is cut into at most.
            max_chunks_per_doc: u64,
            /// Tokens of a document that are read at most.
            max_tokens_per_doc: u64,
        }
    }
}

impl RerankRequest {
    /// A ranking of all `documents`.
    pub fn new(model: impl Into<String>, query: impl Into<String>, documents: Vec<Value>) -> Self {
        Self {
            model: model.into(),
            query: query.into(),
            documents,
            top_n: Nullable::Absent,
            rank_fields: Nullable::Absent,
            return_documents: Nullable::Absent,
            max_chunks_per_doc: Nullable::Absent,
            max_tokens_per_doc: Nullable::Absent,
            extra: Extra::new(),
        }
    }

    /// A document's text: itself, or its member `text`.
    pub fn text(document: &Value) -> Option<&str> {
        document.as_str().or_else(|| document.get("text")?.as_str())
    }
}

wire_struct! {
    /// A ranking.
    pub struct RerankResponse {
        required {
            /// The documents, the best first.
            results: Vec<RerankResult>,
        }
        optional {
            /// The vendor's name for this answer.
            id: String,
            /// What it took, in Cohere's words: `billed_units`, `tokens`.
            meta: RerankMeta,
            /// The model that answered.
            model: String,
        }
    }
}

impl RerankResponse {
    /// A ranking.
    pub fn new(results: Vec<RerankResult>) -> Self {
        Self {
            results,
            id: Nullable::Absent,
            meta: Nullable::Absent,
            model: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// A document's place in the ranking.
    pub struct RerankResult {
        required {
            /// Which document, counted from 0.
            index: u64,
            /// How relevant, mostly from 0 to 1.
            relevance_score: Number,
        }
        optional {
            /// The document, if it was asked for.
            document: Value,
        }
    }
}

impl RerankResult {
    /// A document's place.
    pub fn new(index: u64, relevance_score: Number) -> Self {
        Self { index, relevance_score, document: Nullable::Absent, extra: Extra::new() }
    }
}

wire_struct! {
    /// What a ranking took.
    #[derive(Default)]
    pub struct RerankMeta {
        required {}
        optional {
            /// What is paid for.
            billed_units: BilledUnits,
            /// Tokens.
            tokens: RerankTokens,
        }
    }
}

wire_struct! {
    /// What is paid for.
    #[derive(Default)]
    pub struct BilledUnits {
        required {}
        optional {
            /// Searches.
            search_units: Number,
            /// Tokens, where those are paid for.
            total_tokens: Number,
        }
    }
}

wire_struct! {
    /// Tokens of a ranking.
    #[derive(Default)]
    pub struct RerankTokens {
        required {}
        optional {
            /// Read.
            input_tokens: Number,
            /// Written.
            output_tokens: Number,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_and_answers_survive() {
        let request = json!({"model": "m", "query": "q", "documents": ["a", {"text": "b", "id": 1}],
            "top_n": 1, "return_documents": null, "more": [1]});
        let read: RerankRequest = crate::from_value(request.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), request);
        let texts: Vec<_> = read.documents.iter().map(RerankRequest::text).collect();
        assert_eq!(texts, [Some("a"), Some("b")]);
        let answer = json!({"results": [{"index": 1, "relevance_score": 0.98, "document": {"text": "b"}}],
            "id": "x", "meta": {"billed_units": {"search_units": 1}, "api_version": {"version": "2"}}});
        let read: RerankResponse = crate::from_value(answer.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), answer);
    }
}
