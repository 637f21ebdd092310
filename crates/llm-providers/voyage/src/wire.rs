//! Address, key and rankings: what is nearly everybody's.
//!
//! Source: Voyage AI API reference, "Rerankers" (docs.voyageai.com/reference/reranker-api), and MongoDB Atlas
//! "Embedding and Reranking API" (mongodb.com/docs/api/doc/atlas-embedding-and-reranking-api), read 2026-11.

use std::sync::LazyLock;

use llm_provider_core::Call;
use llm_provider_openai::WireOptions;
use llm_provider_openai_compat::{RerankOptions, RerankWire};

/// Voyage's own address.
pub(crate) const BASE_URL: &str = "https://api.voyageai.com/v1";

/// The address for keys of MongoDB Atlas; either host refuses the other's keys.
const ATLAS_URL: &str = "https://ai.mongodb.com/v1";

/// What keys of MongoDB Atlas begin with.
const ATLAS_KEY: &str = "al-";

pub(crate) static WIRE: LazyLock<WireOptions> =
    LazyLock::new(|| WireOptions { base_url: BASE_URL.to_owned(), ..WireOptions::default() });

/// Voyage refuses members that it does not know.
pub(crate) static RERANK: LazyLock<RerankWire> = LazyLock::new(|| {
    let drop = ["rank_fields", "max_chunks_per_doc", "max_tokens_per_doc"];
    let options = RerankOptions {
        top_n: "top_k".to_owned(),
        texts: true,
        drop: drop.map(str::to_owned).to_vec(),
        ..RerankOptions::default()
    };
    RerankWire::new(WIRE.clone(), options)
});

/// The call with the address of whoever issued the key, unless it has one.
pub(crate) fn at_home<'a>(call: &Call<'a>) -> Call<'a> {
    let is_atlas = call.key().is_some_and(|key| key.expose().starts_with(ATLAS_KEY));
    let base_url = call.base_url.or(is_atlas.then_some(ATLAS_URL));
    Call { base_url, ..call.clone() }
}
