//! Vectors as each family gives them.

use llm_types::{Embedding, EmbeddingResponse, EmbeddingVector, Extra, Nullable, Usage};
use serde_json::Value;

/// Reads vectors; `tokens` is what the headers counted.
pub(super) fn answer(mut body: Value, tokens: Option<u64>) -> Option<EmbeddingResponse> {
    let vectors = vectors(&mut body)?;
    let data = vectors.into_iter().enumerate().map(|(index, vector)| Embedding::new(index as u64, vector));
    let mut answer = EmbeddingResponse::new("", data.collect());
    answer.model = Nullable::Absent;
    let counted = body.get("inputTextTokenCount").and_then(Value::as_u64).or(tokens);
    answer.usage = counted.map(|tokens| Usage::new(tokens, 0)).into();
    if let Value::Object(mut members) = body {
        answer.id = members.shift_remove("id").and_then(|id| id.as_str().map(str::to_owned)).into();
        members.retain(|name, value| !SAID.contains(&name.as_str()) && !value.is_null());
        if !members.is_empty() {
            answer.provider_specific_fields = Nullable::Value(members);
        }
    }
    Some(answer)
}

/// Members that are said in other words.
const SAID: &[&str] = &["inputTextTokenCount", "response_type", "texts"];

fn vectors(body: &mut Value) -> Option<Vec<EmbeddingVector>> {
    let members = body.as_object_mut()?;
    // Titan's first word: one vector, and the same by type where types were asked for.
    if let Some(vector) = members.shift_remove("embedding").filter(Value::is_array) {
        let by_type = members.shift_remove("embeddingsByType");
        let others = by_type
            .filter(|types| types.as_object().is_some_and(|types| types.keys().any(|name| name != "float")));
        members.extend(others.map(|types| ("embeddingsByType".to_owned(), types)));
        return Some(vec![vector_of(vector)]);
    }
    if let Some(Value::Object(types)) = members.shift_remove("embeddingsByType") {
        return types.into_iter().next().map(|(_, vector)| vec![vector_of(vector)]);
    }
    match members.shift_remove("embeddings").or_else(|| members.shift_remove("data"))? {
        Value::Array(list) => {
            let numbers = list.first().is_some_and(Value::is_number);
            if numbers {
                Some(vec![vector_of(Value::Array(list))])
            } else {
                Some(list.into_iter().map(item).collect())
            }
        }
        // Cohere's, by type.
        Value::Object(types) => by_types(types),
        _ => None,
    }
}

/// One vector of a list: numbers, or an object that holds them.
fn item(value: Value) -> EmbeddingVector {
    match value {
        Value::Object(mut members) => match members.shift_remove("embedding") {
            Some(vector) => vector_of(vector),
            None => EmbeddingVector::Other(Value::Object(members)),
        },
        vector => vector_of(vector),
    }
}

/// Numbers where there are some; with several types, each vector in all of them.
fn by_types(types: Extra) -> Option<Vec<EmbeddingVector>> {
    let count = types.values().filter_map(Value::as_array).map(Vec::len).max()?;
    if types.len() == 1 {
        return types.into_iter().next().and_then(|(_, list)| match list {
            Value::Array(list) => Some(list.into_iter().map(vector_of).collect()),
            _ => None,
        });
    }
    let at = |index: usize| {
        let kinds = types.iter().filter_map(|(name, list)| Some((name.clone(), list.get(index)?.clone())));
        EmbeddingVector::Other(Value::Object(kinds.collect()))
    };
    Some((0..count).map(at).collect())
}

fn vector_of(value: Value) -> EmbeddingVector {
    match value {
        Value::Array(list) if list.iter().all(Value::is_number) => {
            let numbers = list.into_iter().filter_map(|number| match number {
                Value::Number(number) => Some(number),
                _ => None,
            });
            EmbeddingVector::Numbers(numbers.collect())
        }
        Value::String(base64) => EmbeddingVector::Base64(base64),
        other => EmbeddingVector::Other(other),
    }
}
