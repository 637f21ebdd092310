//! Addresses, and what is nearly everybody's.
//!
//! Source: Jina AI API reference, "Reranker" and "DeepSearch" (api.jina.ai/redoc, jina.ai/deepsearch), read 2026-11.

use std::sync::LazyLock;

use llm_provider_openai::{AnswerOptions, DoneMarker, OutputLimit, RequestOptions, WireOptions};
use llm_provider_openai_compat::{RerankOptions, RerankWire};

/// The address of vectors and rankings.
pub(crate) const BASE_URL: &str = "https://api.jina.ai/v1";

/// The address of DeepSearch.
pub(crate) const DEEP_SEARCH_URL: &str = "https://deepsearch.jina.ai/v1";

pub(crate) static WIRE: LazyLock<WireOptions> =
    LazyLock::new(|| WireOptions { base_url: BASE_URL.to_owned(), ..WireOptions::default() });

pub(crate) static RERANK: LazyLock<RerankWire> = LazyLock::new(|| {
    let drop = ["rank_fields", "max_chunks_per_doc", "max_tokens_per_doc"];
    let options = RerankOptions { drop: drop.map(str::to_owned).to_vec(), ..RerankOptions::default() };
    RerankWire::new(WIRE.clone(), options)
});

/// DeepSearch thinks between tags, and its streams end with a finish reason.
pub(crate) fn chat() -> WireOptions {
    WireOptions {
        base_url: DEEP_SEARCH_URL.to_owned(),
        request: RequestOptions {
            limit: OutputLimit::MaxCompletionTokens,
            developer_role: false,
            stream_usage: false,
            ..RequestOptions::default()
        },
        answer: AnswerOptions { think_tags: true, done: DoneMarker::Optional, ..AnswerOptions::default() },
        ..WireOptions::default()
    }
}
