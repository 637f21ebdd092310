//! Vectors as numbers and as base64: what a vendor gives in one form and a client wants in the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm_types::{EmbeddingResponse, EmbeddingVector};
use serde_json::Number;

/// Writes a vector as little-endian 32-bit floats in base64, or as numbers; leaves other shapes, and base64 that is
/// none, as they are.
pub fn write_as(vector: &mut EmbeddingVector, base64: bool) {
    match vector {
        EmbeddingVector::Numbers(numbers) if base64 => {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| single(number).to_le_bytes()).collect();
            *vector = EmbeddingVector::Base64(STANDARD.encode(bytes));
        }
        EmbeddingVector::Base64(text) if !base64 => {
            if let Some(numbers) = numbers(text) {
                *vector = EmbeddingVector::Numbers(numbers);
            }
        }
        EmbeddingVector::Numbers(_) | EmbeddingVector::Base64(_) | EmbeddingVector::Other(_) => {}
    }
}

/// The vectors of an answer as floats, in the order of the inputs.
///
/// # Errors
/// In words: a vector of another shape, or base64 that is none.
pub fn in_order(response: EmbeddingResponse) -> Result<Vec<Vec<f32>>, String> {
    let mut data = response.data;
    data.sort_by_key(|one| one.index.get().copied().unwrap_or(0));
    let vectors = data.into_iter().map(|mut one| {
        write_as(&mut one.embedding, false);
        match &one.embedding {
            EmbeddingVector::Numbers(numbers) => Ok(numbers.iter().map(single).collect()),
            EmbeddingVector::Base64(_) | EmbeddingVector::Other(_) => {
                Err("the answer holds something else than one vector for each text".to_owned())
            }
        }
    });
    vectors.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the form has 32 bits")]
fn single(number: &Number) -> f32 {
    number.as_f64().unwrap_or(0.0) as f32
}

/// The numbers of base64 text; `None` if it is none.
fn numbers(text: &str) -> Option<Vec<Number>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (singles, []) = bytes.as_chunks::<4>() else { return None };
    singles.iter().map(|bytes| shortest(f32::from_le_bytes(*bytes))).collect()
}

/// The shortest number that is this float, not the long one that it is in 64 bits.
fn shortest(single: f32) -> Option<Number> {
    Number::from_f64(single.to_string().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(json: serde_json::Value) -> EmbeddingVector {
        llm_types::from_value(json).unwrap()
    }

    #[test]
    fn an_answer_is_put_in_order() {
        let embedding = |index, numbers| llm_types::Embedding::new(index, vector(numbers));
        let of = |data| in_order(EmbeddingResponse::new("m", data));
        let data =
            vec![embedding(1, serde_json::json!([2.0])), embedding(0, serde_json::json!("AACAPwAAAAA="))];
        assert_eq!(of(data).unwrap(), [vec![1.0, 0.0], vec![2.0]]);
        assert!(of(vec![embedding(0, serde_json::json!([[1.0]]))]).is_err());
    }

    #[test]
    fn there_and_back() {
        let mut numbers = vector(serde_json::json!([0.1, -2.5, 0.0, 1e-9]));
        let before = numbers.clone();
        write_as(&mut numbers, true);
        assert!(matches!(numbers, EmbeddingVector::Base64(_)));
        write_as(&mut numbers, false);
        assert_eq!(numbers, before, "0.1 is not 0.10000000149");
    }

    #[test]
    fn what_is_no_vector_stays() {
        for json in
            [serde_json::json!("not base64!"), serde_json::json!("AAA="), serde_json::json!({"int8": [1]})]
        {
            let mut odd = vector(json);
            let before = odd.clone();
            write_as(&mut odd, false);
            assert_eq!(odd, before);
        }
    }
}
