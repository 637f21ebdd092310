//! Vectors for texts.

use serde_json::{Number, Value};

use super::Content;
use super::object::object;

object! {
    /// A text to be turned into a vector.
    pub struct EmbedRequest {
        /// The model, `models/…`: demanded in a batch.
        model: String,
        /// The text.
        content: Content,
        /// What the vector is for, such as `RETRIEVAL_QUERY`.
        task_type: String,
        /// The title of a document.
        title: String,
        /// How many numbers the vector has.
        output_dimensionality: u64,
    }
}

object! {
    /// Several texts.
    pub struct BatchEmbedRequest {
        /// The texts.
        requests: Vec<EmbedRequest>,
    }
}

object! {
    /// A vector.
    pub struct EmbedResponse {
        /// The vector.
        embedding: ContentEmbedding,
        /// What it took.
        usage_metadata: EmbedUsage,
    }
}

object! {
    /// Several vectors.
    pub struct BatchEmbedResponse {
        /// One for each text, in order.
        embeddings: Vec<ContentEmbedding>,
        /// What they took.
        usage_metadata: EmbedUsage,
    }
}

object! {
    /// A vector's numbers.
    pub struct ContentEmbedding {
        /// The numbers.
        values: Vec<Number>,
        /// On Vertex AI: how many tokens it took.
        statistics: Value,
    }
}

object! {
    /// What vectors took.
    pub struct EmbedUsage {
        /// Tokens read.
        prompt_token_count: Number,
        /// All of them.
        total_token_count: Number,
    }
}
