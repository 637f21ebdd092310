//! Vectors for choices by meaning, by one of the router's own models.

use std::time::Duration;

use llm_providers::core::vectors;
use llm_types::{EmbeddingInput, EmbeddingRequest};

use super::{Context, Router};
use crate::sense::Embed;

/// The router as its own maker of vectors.
pub(super) struct Embedder<'a>(pub(super) &'a Router);

/// How long the first request waits until the examples have their vectors.
const LEARNING: Duration = Duration::from_secs(10);

impl Embedder<'_> {
    /// Turns the examples of a virtual model into vectors when it is first asked for. That it failed shows where the
    /// request goes; the next request tries again.
    pub(super) async fn learn(&self, model: &str) {
        let senses = &self.0.shared.groups.senses;
        for (_, sense) in senses.iter().filter(|(name, sense)| *name == model && !sense.has_learned()) {
            let _tried = tokio::time::timeout(LEARNING, sense.learn(self)).await;
        }
    }
}

impl Embed for Embedder<'_> {
    async fn embed(&self, model: &str, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        let request = EmbeddingRequest::new(model, EmbeddingInput::Texts(texts));
        let context = Context::default();
        let routed = self.0.by(&context).embed(request).await.map_err(|error| error.to_string())?;
        vectors::in_order(routed.answer)
    }
}
