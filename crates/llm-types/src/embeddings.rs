//! Vectors for texts, as OpenAI has them.
//!
//! Source: OpenAI API reference, "Embeddings" (platform.openai.com/docs/api-reference/embeddings), read 2026-11.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::{Extra, Nullable, Usage, open_enum, wire_struct};

wire_struct! {
    /// Texts to be turned into vectors.
    pub struct EmbeddingRequest {
        required {
            /// Which model.
            model: String,
            /// What is turned into vectors.
            input: EmbeddingInput,
        }
        optional {
            /// How the vectors are written.
            encoding_format: EncodingFormat,
            /// How many numbers a vector has.
            dimensions: u64,
            /// Who asks at the client's.
            user: String,
            /// What the vectors are for, such as `search_query`, where a vendor tells that apart.
            input_type: String,
        }
    }
}

impl EmbeddingRequest {
    /// A request for vectors in numbers.
    pub fn new(model: impl Into<String>, input: EmbeddingInput) -> Self {
        Self {
            model: model.into(),
            input,
            encoding_format: Nullable::Absent,
            dimensions: Nullable::Absent,
            user: Nullable::Absent,
            input_type: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

open_enum! {
    /// How vectors are written.
    pub enum EncodingFormat {
        /// As an array of numbers.
        Float = "float",
        /// As little-endian 32-bit floats in base64.
        Base64 = "base64",
    }
}

/// What is turned into vectors.
#[derive(Debug, Clone, PartialEq)]
pub enum EmbeddingInput {
    /// One text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// One text in tokens.
    Tokens(Vec<u64>),
    /// Several texts in tokens.
    TokenArrays(Vec<Vec<u64>>),
    /// What some vendors take beside texts, such as images: objects, or a mixture.
    Parts(Vec<Value>),
}

impl EmbeddingInput {
    /// How many vectors are asked for.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(_) | Self::Tokens(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::TokenArrays(arrays) => arrays.len(),
            Self::Parts(parts) => parts.len(),
        }
    }

    /// Whether nothing is asked for.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The texts, if it is nothing but texts.
    pub fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::Text(text) => Some(vec![text]),
            Self::Texts(texts) => Some(texts.iter().map(String::as_str).collect()),
            Self::Tokens(_) | Self::TokenArrays(_) | Self::Parts(_) => None,
        }
    }

    /// The same in pieces of at most `limit` inputs, in order.
    pub fn pieces(&self, limit: usize) -> Vec<Self> {
        let limit = limit.max(1);
        if self.len() <= limit {
            return vec![self.clone()];
        }
        match self {
            Self::Text(_) | Self::Tokens(_) => vec![self.clone()],
            Self::Texts(texts) => texts.chunks(limit).map(|piece| Self::Texts(piece.to_vec())).collect(),
            Self::TokenArrays(arrays) => {
                arrays.chunks(limit).map(|piece| Self::TokenArrays(piece.to_vec())).collect()
            }
            Self::Parts(parts) => parts.chunks(limit).map(|piece| Self::Parts(piece.to_vec())).collect(),
        }
    }
}

impl Serialize for EmbeddingInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Tokens(tokens) => tokens.serialize(serializer),
            Self::TokenArrays(arrays) => arrays.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EmbeddingInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = EmbeddingInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, an array of strings, or tokens")
            }

            fn visit_str<E>(self, text: &str) -> Result<EmbeddingInput, E> {
                Ok(EmbeddingInput::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<EmbeddingInput, E> {
                Ok(EmbeddingInput::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<EmbeddingInput, A::Error> {
                let mut values = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1 << 16));
                while let Some(value) = seq.next_element::<Value>()? {
                    values.push(value);
                }
                of_values(values)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// The input that these values are. A mixture of texts and objects stays one.
fn of_values<E: de::Error>(values: Vec<Value>) -> Result<EmbeddingInput, E> {
    let wrong = |at: usize, value: &Value| {
        let what = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number that is no token",
            _ => "something else than its neighbours",
        };
        E::custom(format!("[{at}] is {what}; a string, an array of strings, or tokens are expected"))
    };
    let token = |at: usize, value: &Value| value.as_u64().ok_or_else(|| wrong(at, value));
    match values.first() {
        Some(Value::Number(_)) => {
            let tokens: Result<_, E> =
                values.iter().enumerate().map(|(at, value)| token(at, value)).collect();
            Ok(EmbeddingInput::Tokens(tokens?))
        }
        // Chunks of several texts, for vendors that look at them together.
        Some(Value::Array(first)) if first.iter().any(Value::is_string) => {
            match values.iter().enumerate().find(|(_, value)| !value.is_array()) {
                Some((at, value)) => Err(wrong(at, value)),
                None => Ok(EmbeddingInput::Parts(values)),
            }
        }
        Some(Value::Array(_)) => {
            let arrays = values.iter().enumerate().map(|(at, value)| {
                let array = value.as_array().ok_or_else(|| wrong(at, value))?;
                array.iter().map(|value| token(at, value)).collect()
            });
            Ok(EmbeddingInput::TokenArrays(arrays.collect::<Result<_, E>>()?))
        }
        _ if values.iter().all(Value::is_string) => {
            let text = |value| if let Value::String(text) = value { Some(text) } else { None };
            Ok(EmbeddingInput::Texts(values.into_iter().filter_map(text).collect()))
        }
        _ => match values.iter().enumerate().find(|(_, value)| !value.is_string() && !value.is_object()) {
            Some((at, value)) => Err(wrong(at, value)),
            None => Ok(EmbeddingInput::Parts(values)),
        },
    }
}

wire_struct! {
    /// Vectors.
    pub struct EmbeddingResponse {
        required {
            /// One for each input, in order.
            data: Vec<Embedding>,
        }
        optional {
            /// `list`.
            object: String,
            /// The model that answered.
            model: String,
            /// What it took.
            usage: Usage,
            /// The vendor's name for this answer.
            id: String,
            /// What a vendor says that has no place elsewhere.
            provider_specific_fields: Extra,
        }
    }
}

impl EmbeddingResponse {
    /// Vectors of one model.
    pub fn new(model: impl Into<String>, data: Vec<Embedding>) -> Self {
        Self {
            data,
            object: Nullable::Value("list".to_owned()),
            model: Nullable::Value(model.into()),
            usage: Nullable::Absent,
            id: Nullable::Absent,
            provider_specific_fields: Nullable::Absent,
            extra: Extra::new(),
        }
    }

    /// The vectors of a further piece, in order, whose first input is the one at `from`; usage is the sum.
    pub fn append(&mut self, more: Self, from: usize) {
        let mut vectors = more.data;
        // Most vendors keep the order, and some say no index at all.
        vectors.sort_by_key(|vector| vector.index.get().copied());
        self.data.extend(
            (from as u64..)
                .zip(vectors)
                .map(|(index, vector)| Embedding { index: Nullable::Value(index), ..vector }),
        );
        if let Some(more) = more.usage.get() {
            self.usage.get_or_insert_with(Usage::default).add(more);
        }
    }
}

wire_struct! {
    /// One vector.
    pub struct Embedding {
        required {
            /// The vector.
            embedding: EmbeddingVector,
        }
        optional {
            /// Of which input, counted from 0.
            index: u64,
            /// `embedding`.
            object: String,
        }
    }
}

impl Embedding {
    /// The vector of the input at `index`.
    pub fn new(index: u64, embedding: EmbeddingVector) -> Self {
        Self {
            embedding,
            index: Nullable::Value(index),
            object: Nullable::Value("embedding".to_owned()),
            extra: Extra::new(),
        }
    }
}

/// A vector, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum EmbeddingVector {
    /// Numbers.
    Numbers(Vec<Number>),
    /// Little-endian 32-bit floats in base64.
    Base64(String),
    /// Another shape: vectors of several kinds, or several vectors of one text.
    Other(Value),
}

impl Serialize for EmbeddingVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Numbers(numbers) => numbers.serialize(serializer),
            Self::Base64(text) => serializer.serialize_str(text),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EmbeddingVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(text) => Self::Base64(text),
            Value::Array(values) if values.iter().all(Value::is_number) => {
                let number = |value| if let Value::Number(number) = value { Some(number) } else { None };
                Self::Numbers(values.into_iter().filter_map(number).collect())
            }
            other => Self::Other(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_of_every_form_survive() {
        for input in [
            json!("a"),
            json!(["a", "b"]),
            json!([1, 2]),
            json!([[1], [2, 3]]),
            json!([]),
            json!([{"text": "a"}, {"image": "u"}]),
            json!(["a", {"image": "u"}]),
            json!([["a chunk", "and another"], ["b"]]),
        ] {
            let request = json!({"model": "m", "input": input, "truncate": true});
            let read: EmbeddingRequest = crate::from_value(request.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), request);
        }
    }

    #[test]
    fn what_is_no_input_is_refused_with_its_place() {
        for (input, expected) in [
            (json!([1, "a"]), "[1] is something else"),
            (json!([[1], 2]), "[1] is a number"),
            (json!(["a", null]), "[1] is null"),
            (json!(7), "invalid type"),
            (json!([-1]), "[0] is a number that is no token"),
        ] {
            let error = crate::from_value::<EmbeddingRequest>(json!({"model": "m", "input": input}));
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("input") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn pieces_keep_order_and_lose_nothing() {
        let input = EmbeddingInput::Texts((0..5).map(|n| n.to_string()).collect());
        let pieces = input.pieces(2);
        assert_eq!(pieces.iter().map(EmbeddingInput::len).collect::<Vec<_>>(), [2, 2, 1]);
        let texts: Vec<&str> = pieces.iter().flat_map(|piece| piece.texts().unwrap()).collect();
        assert_eq!(texts, ["0", "1", "2", "3", "4"]);
        assert_eq!(input.pieces(0).len(), 5, "no limit below one");
    }

    #[test]
    fn pieces_of_an_answer_are_put_together() {
        let piece = |indices: &[u64], tokens: u64| {
            let vectors = indices
                .iter()
                .map(|index| Embedding::new(*index, EmbeddingVector::Numbers(vec![(*index).into()])));
            let usage = Nullable::Value(Usage::new(tokens, 0));
            EmbeddingResponse { usage, ..EmbeddingResponse::new("m", vectors.collect()) }
        };
        // One vector of the first piece is missing: the second piece's keep their places all the same.
        let mut whole = piece(&[0], 5);
        whole.append(piece(&[1, 0], 7), 2);
        whole.append(
            EmbeddingResponse::new("m", vec![Embedding::new(9, EmbeddingVector::Numbers(vec![]))]),
            4,
        );
        let indices: Vec<_> = whole.data.iter().map(|vector| vector.index.get().copied().unwrap()).collect();
        assert_eq!(indices, [0, 2, 3, 4]);
        assert_eq!(
            whole.data[1].embedding,
            EmbeddingVector::Numbers(vec![0.into()]),
            "sorted by the vendor's index"
        );
        assert_eq!(whole.usage, Nullable::Value(Usage::new(12, 0)));
    }

    #[test]
    fn answers_survive() {
        let answer = json!({
            "object": "list", "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1},
            "data": [
                {"object": "embedding", "index": 0, "embedding": [0.1, -2, 3e-9]},
                {"object": "embedding", "index": 1, "embedding": "AACAPw=="},
                {"object": "embedding", "index": 2, "embedding": {"int8": [1, 2]}},
            ],
        });
        let read: EmbeddingResponse = crate::from_value(answer.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), answer);
    }
}
