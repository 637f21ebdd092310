//! Vectors of vendors that name everything about them otherwise.

use llm_provider_core::{Decoder, Embeddings, EncodeError, NeverStreams, NoteKind, StreamDecoder};
use llm_provider_openai::Changes;
use llm_types::{Embedding, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Nullable, Usage};
use serde_json::{Value, json};

/// The texts of a request to a vendor that takes nothing else.
///
/// # Errors
/// [`EncodeError::Unsupported`] for tokens and other things.
pub fn texts(request: &EmbeddingRequest) -> Result<Vec<&str>, EncodeError> {
    request.input.texts().ok_or_else(|| EncodeError::unsupported("input", "the vendor takes texts only"))
}

/// Notes which of these members the vendor has no place for. `encoding_format` is none of them: vectors are written as
/// they were asked for when the answer is.
pub fn leave_out(request: &EmbeddingRequest, names: &[&str], changes: &mut Changes<'_>) {
    for &name in names {
        let is_there = match name {
            "dimensions" => request.dimensions.is_value(),
            "input_type" => request.input_type.is_value(),
            "user" => request.user.is_value(),
            other => request.extra.get(other).is_some_and(|value| !value.is_null()),
        };
        if is_there && name == "user" {
            changes.note(NoteKind::Dropped, name, "the vendor does not ask who asks");
        } else if is_there {
            changes.lost(NoteKind::Dropped, name, "the vendor's vectors have no such parameter");
        }
    }
}

/// An answer of vectors in the order of the inputs; `None` for one that is no array.
pub fn answer(model: Option<&str>, vectors: &[Value], tokens: Option<u64>) -> Option<EmbeddingResponse> {
    let embeddings = vectors.iter().zip(0..).map(|(vector, index)| {
        let vector: EmbeddingVector = serde_json::from_value(vector.clone()).ok()?;
        matches!(vector, EmbeddingVector::Numbers(_)).then(|| Embedding::new(index, vector))
    });
    let mut answer = EmbeddingResponse::new(model.unwrap_or_default(), embeddings.collect::<Option<_>>()?);
    if model.is_none() {
        answer.model = Nullable::Absent;
    }
    answer.usage = tokens.map(|tokens| Usage::new(tokens, 0)).into();
    Some(answer)
}

/// The decoder of an operation that has no stream.
pub fn never_streams() -> Box<dyn Decoder<Embeddings>> {
    Box::new(StreamDecoder::sse(NeverStreams::default()))
}

/// The one text, or the texts, as they were given.
pub fn one_or_many(texts: &[&str]) -> Value {
    match texts {
        [only] => json!(only),
        many => json!(many),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use llm_provider_core::Call;
    use llm_types::from_value;

    use super::*;

    #[test]
    fn texts_and_nothing_else() {
        let request =
            |input: Value| from_value::<EmbeddingRequest>(json!({"model": "m", "input": input})).unwrap();
        assert_eq!(texts(&request(json!("a"))).unwrap(), ["a"]);
        assert_eq!(texts(&request(json!(["a", "b"]))).unwrap(), ["a", "b"]);
        assert!(texts(&request(json!([1, 2]))).is_err());
        assert_eq!((one_or_many(&["a"]), one_or_many(&["a", "b"])), (json!("a"), json!(["a", "b"])));
    }

    #[test]
    fn what_is_left_out_is_told() {
        let request = json!({"model": "m", "input": "a", "dimensions": 3, "user": "u", "more": 1, "kept": 2});
        let request: EmbeddingRequest = from_value(request).unwrap();
        let headers = HeaderMap::new();
        let mut changes = Changes::new(&Call::new("m", &headers));
        leave_out(&request, &["dimensions", "input_type", "user", "more"], &mut changes);
        let paths: Vec<_> = changes.finish().unwrap().into_iter().map(|note| note.path).collect();
        assert_eq!(paths, ["dimensions", "user", "more"]);
    }

    #[test]
    fn answers() {
        let made = answer(Some("m"), &[json!([1, 0.5]), json!([2])], Some(3)).unwrap();
        assert_eq!(
            serde_json::to_value(&made).unwrap(),
            json!({"object": "list", "model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3},
                "data": [{"object": "embedding", "index": 0, "embedding": [1, 0.5]},
                    {"object": "embedding", "index": 1, "embedding": [2]}]})
        );
        assert!(answer(None, &[json!("x")], None).is_none());
    }
}
