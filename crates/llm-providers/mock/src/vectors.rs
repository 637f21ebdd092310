//! Vectors for texts: the same text, the same vector, on every machine.

use bytes::Bytes;
use llm_types::{EmbeddingInput, EmbeddingRequest};
use serde_json::{Value, json};

use crate::hash::hash;
use crate::text::count_words;

/// Numbers of a vector, unless the request says `dimensions`.
const DIMENSIONS: u64 = 8;
/// Numbers of a vector, at most.
const MAX_DIMENSIONS: u64 = 8_192;

/// A request for vectors, and a script that it may bring.
#[derive(Debug)]
pub(crate) struct Vectors {
    request: EmbeddingRequest,
}

impl Vectors {
    /// Reads a request.
    ///
    /// # Errors
    /// In words, with the place.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let request: EmbeddingRequest = llm_types::from_slice(body).map_err(|error| error.to_string())?;
        Ok(Self { request })
    }

    /// The script that the request brings, as JSON.
    pub(crate) fn script(&self) -> Option<&Value> {
        self.request.extra.get("mock")
    }

    /// The answer: for each input numbers from -1 to 1 that depend on nothing but the input; one token a word.
    pub(crate) fn answer(&self) -> Bytes {
        let dimensions = self.request.dimensions.get().copied().unwrap_or(DIMENSIONS).min(MAX_DIMENSIONS);
        let texts: Vec<String> = match &self.request.input {
            EmbeddingInput::Text(text) => vec![text.clone()],
            EmbeddingInput::Texts(texts) => texts.clone(),
            EmbeddingInput::Tokens(tokens) => vec![json!(tokens).to_string()],
            EmbeddingInput::TokenArrays(arrays) => {
                arrays.iter().map(|tokens| json!(tokens).to_string()).collect()
            }
            EmbeddingInput::Parts(parts) => parts.iter().map(Value::to_string).collect(),
        };
        let tokens: u64 = texts.iter().map(|text| count_words(text).max(1)).sum();
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| {
                json!({"object": "embedding", "index": index, "embedding": vector(text, dimensions)})
            })
            .collect();
        let body = json!({
            "object": "list",
            "data": data,
            "model": self.request.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        });
        Bytes::from(body.to_string())
    }
}

#[expect(clippy::cast_precision_loss, reason = "four decimals are enough for a mock")]
fn vector(text: &str, dimensions: u64) -> Vec<f64> {
    let seed = hash(text.as_bytes());
    (0..dimensions)
        .map(|at| {
            let bits = hash(&[seed.to_le_bytes(), at.to_le_bytes()].concat()) % 20_001;
            bits as f64 / 10_000.0 - 1.0
        })
        .map(|number| (number * 10_000.0).round() / 10_000.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(request: &Value) -> Value {
        let vectors = Vectors::read(request.to_string().as_bytes()).unwrap();
        serde_json::from_slice(&vectors.answer()).unwrap()
    }

    #[test]
    fn a_vector_depends_on_its_text_alone() {
        let both = answer(&json!({"model": "m", "input": ["a b", "c"]}));
        let one = answer(&json!({"model": "m", "input": "a b", "dimensions": 8}));
        assert_eq!(both["data"][0]["embedding"], one["data"][0]["embedding"]);
        assert_ne!(both["data"][0]["embedding"], both["data"][1]["embedding"]);
        assert_eq!((&both["usage"]["prompt_tokens"], &both["data"][1]["index"]), (&json!(3), &json!(1)));
        assert_eq!(
            answer(&json!({"model": "m", "input": "x", "dimensions": 3}))["data"][0]["embedding"]
                .as_array()
                .unwrap()
                .len(),
            3
        );
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_place() {
        assert!(Vectors::read(br#"{"model": "m", "input": 7}"#).is_err_and(|why| why.starts_with("input")));
    }
}
