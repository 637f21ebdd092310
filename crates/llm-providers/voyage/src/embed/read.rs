//! What is answered.

use llm_types::{EmbeddingResponse, Usage};
use serde_json::{Value, json};

/// Reads vectors, flat or in a list for each document.
///
/// # Errors
/// In words: what cannot be read, and where.
pub(super) fn answer(body: &[u8]) -> Result<EmbeddingResponse, String> {
    let mut tree: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if let Some(Value::Array(data)) = tree.get_mut("data")
        && data.iter().any(|item| item.get("data").is_some())
    {
        *data = flat(std::mem::take(data));
    }
    let mut answer: EmbeddingResponse = llm_types::from_value(tree).map_err(|error| error.to_string())?;
    if let Some(usage) = answer.usage.get_mut() {
        complete(usage);
    }
    Ok(answer)
}

/// The chunks' vectors in one list, in order; where a document has several, each says whose it is.
fn flat(documents: Vec<Value>) -> Vec<Value> {
    let mut list = Vec::new();
    for (at, mut document) in documents.into_iter().enumerate() {
        let number = document["index"].as_u64().unwrap_or(at as u64);
        let Some(Value::Array(chunks)) = document.get_mut("data").map(Value::take) else { continue };
        let is_one = chunks.len() == 1;
        for (at, mut chunk) in chunks.into_iter().enumerate() {
            let place = chunk["index"].as_u64().unwrap_or(at as u64);
            if let Some(members) = chunk.as_object_mut() {
                members.insert("index".to_owned(), list.len().into());
                if !is_one {
                    let place = json!({ "document_index": number, "chunk_index": place });
                    members.insert("provider_specific_fields".to_owned(), place);
                }
            }
            list.push(chunk);
        }
    }
    list
}

/// Voyage tells the sum alone, and of images their pixels.
fn complete(usage: &mut Usage) {
    if !usage.prompt_tokens.is_value() {
        usage.prompt_tokens = usage.total_tokens.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_documents_stand_in_one_list() {
        let vector = |index: u64| json!({"object": "embedding", "embedding": [0.5], "index": index});
        let body = json!({"object": "list", "model": "voyage-context-3", "usage": {"total_tokens": 9}, "data": [
            {"object": "list", "index": 0, "data": [vector(0), vector(1)]}, {"object": "list", "index": 1, "data": [vector(0)]},
        ]});
        let answer = answer(body.to_string().as_bytes()).unwrap();
        let indices: Vec<_> = answer.data.iter().map(|vector| vector.index.get().copied()).collect();
        assert_eq!(indices, [Some(0), Some(1), Some(2)]);
        let place = |at: usize| answer.data[at].extra.get("provider_specific_fields").cloned();
        assert_eq!(place(1), Some(json!({"document_index": 0, "chunk_index": 1})));
        assert_eq!(place(2), None);
        assert_eq!(answer.usage.get().unwrap().counts().input, 9);
    }

    #[test]
    fn what_is_no_answer() {
        for body in
            ["{", "[]", "{}", "7", r#"{"data": [{"object": "embedding"}]}"#, r#"{"data": [{"data": [{}]}]}"#]
        {
            assert!(answer(body.as_bytes()).is_err(), "{body}");
        }
    }
}
