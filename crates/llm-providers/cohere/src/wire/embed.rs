//! Embedding requests and answers.

use llm_types::{Extra, wire_struct};
use serde_json::{Number, Value};

wire_struct! {
    /// What is to be embedded: one of `texts`, `images` and `inputs`.
    pub struct EmbedRequest {
        required {
            /// Which model.
            model: String,
        }
        optional {
            /// `search_document`, `search_query`, `classification`, `clustering` or `image`.
            input_type: String,
            /// Texts.
            texts: Vec<String>,
            /// Images as `data:` URLs.
            images: Vec<String>,
            /// Texts and images together: `{"content": [{"type": "text" | "image_url", …}]}`.
            inputs: Vec<Value>,
            /// `float`, `int8`, `uint8`, `binary`, `ubinary`, `base64`.
            embedding_types: Vec<String>,
            /// How many numbers a vector has.
            output_dimension: u64,
            /// Tokens of an input that are read at most.
            max_tokens: Number,
            /// `NONE`, `START` or `END`.
            truncate: String,
        }
    }
}

wire_struct! {
    /// Vectors, by kind.
    pub struct EmbedResponse {
        required {
            /// One list for each kind.
            embeddings: Extra,
        }
        optional {
            /// Cohere's name for this answer.
            id: String,
            /// What it took.
            meta: ApiMeta,
            /// The texts again.
            texts: Vec<Value>,
            /// What the images were like.
            images: Vec<Value>,
            /// `embeddings_by_type`.
            response_type: String,
        }
    }
}

wire_struct! {
    /// What a request took.
    #[derive(Default)]
    pub struct ApiMeta {
        required {}
        optional {
            /// What is paid for.
            billed_units: ApiUnits,
            /// Tokens.
            tokens: ApiTokens,
        }
    }
}

wire_struct! {
    /// What is paid for.
    #[derive(Default)]
    pub struct ApiUnits {
        required {}
        optional {
            /// Tokens read.
            input_tokens: Number,
            /// Images.
            images: Number,
            /// Tokens of images.
            image_tokens: Number,
        }
    }
}

wire_struct! {
    /// Tokens.
    #[derive(Default)]
    pub struct ApiTokens {
        required {}
        optional {
            /// Read.
            input_tokens: Number,
            /// Written.
            output_tokens: Number,
        }
    }
}
