//! The JSON of TGI and TEI, in their names.
//!
//! Source: Hugging Face docs, "Text Generation Inference", API reference (`/generate`, `/generate_stream`), and "Text
//! Embeddings Inference", API reference (`/embed`, `/rerank`), read 2026-11.

use llm_types::{Extra, wire_struct};
use serde_json::{Number, Value};

wire_struct! {
    /// `POST /generate` and `POST /generate_stream`
    pub struct GenerateRequest {
        required {
            /// The prompt.
            inputs: String,
            /// How to go on from it.
            parameters: Extra,
        }
        optional {}
    }
}

wire_struct! {
    /// A whole answer.
    pub struct GenerateResponse {
        required {
            /// The text.
            generated_text: String,
        }
        optional {
            /// How it came to be.
            details: Details,
        }
    }
}

wire_struct! {
    /// How an answer came to be.
    #[derive(Default)]
    pub struct Details {
        required {}
        optional {
            /// `length`, `eos_token` or `stop_sequence`.
            finish_reason: String,
            /// Tokens written.
            generated_tokens: Number,
            /// Tokens read, where the server counts them.
            input_length: Number,
            /// Tokens of the prompt, where they were asked for.
            prefill: Vec<Value>,
        }
    }
}

wire_struct! {
    /// An event of a streamed answer.
    pub struct StreamResponse {
        required {
            /// One more token.
            token: Token,
        }
        optional {
            /// Its number.
            index: Number,
            /// The whole text; in the last event only.
            generated_text: String,
            /// How it came to be; in the last event only.
            details: Details,
        }
    }
}

wire_struct! {
    /// A token.
    pub struct Token {
        required {
            /// Its text.
            text: String,
        }
        optional {
            /// Its number.
            id: Number,
            /// Its log probability.
            logprob: Number,
            /// Whether it marks the end and the like, and is no text.
            special: bool,
        }
    }
}

wire_struct! {
    /// `POST /rerank`
    pub struct RerankRequest {
        required {
            /// The question.
            query: String,
            /// The documents.
            texts: Vec<String>,
        }
        optional {
            /// Whether scores are not brought between 0 and 1.
            raw_scores: bool,
            /// Whether the texts come back too.
            return_text: bool,
            /// Whether a text that is too long is cut.
            truncate: bool,
        }
    }
}

wire_struct! {
    /// A document's place in a ranking.
    pub struct Rank {
        required {
            /// Which document.
            index: u64,
            /// How relevant.
            score: Number,
        }
        optional {
            /// The document.
            text: String,
        }
    }
}

#[cfg(test)]
mod tests {
    use llm_testkit::laws::json_identity;

    use super::*;

    #[test]
    fn everything_and_more_survives() {
        json_identity::<GenerateRequest>(r#"{"inputs":"a","parameters":{"max_new_tokens":5},"more":1}"#);
        json_identity::<GenerateResponse>(
            r#"{"generated_text":"a","details":{"finish_reason":"length","generated_tokens":1,"prefill":[{"id":1}],"seed":null}}"#,
        );
        json_identity::<StreamResponse>(
            r#"{"index":1,"token":{"id":5,"text":"a","logprob":-0.5,"special":false},"generated_text":null,"details":null}"#,
        );
        json_identity::<RerankRequest>(
            r#"{"query":"q","texts":["a"],"raw_scores":false,"return_text":true}"#,
        );
        json_identity::<Rank>(r#"{"index":0,"score":0.5,"text":"a","more":[]}"#);
    }
}
