//! Vectors of texts, pictures and films that can be compared with each other.

use llm_provider_core::{Call, EncodeError};
use llm_types::{EmbeddingInput, EmbeddingRequest, EmbeddingVector, Extra};
use serde_json::{Map, Value, json};

use super::{Said, dimensions, no_user, vector, whole};
use crate::place::Verb;

pub(super) fn encode(request: &EmbeddingRequest, call: &Call<'_>) -> Result<Said, EncodeError> {
    let mut notes = Vec::new();
    let inputs: Vec<Value> = match &request.input {
        EmbeddingInput::Parts(parts) => parts.clone(),
        other => {
            let texts = other.texts().ok_or_else(|| {
                EncodeError::invalid("input", "this model takes texts, pictures and films, no tokens")
            })?;
            texts.into_iter().map(Value::from).collect()
        }
    };
    let mut parameters = Map::new();
    dimensions(request, "dimension", &mut parameters);
    no_user(request, call, &mut notes)?;
    if request.input_type.is_value() {
        notes.push(llm_provider_core::Note::dropped("input_type", "this model's vectors are for everything"));
    }
    let instances: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(at, input)| instance(input).ok_or_else(|| wrong(at)))
        .collect::<Result<_, _>>()?;
    let more = request.extra.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok((Verb::Predict, whole(instances, parameters, more), notes))
}

fn wrong(at: usize) -> EncodeError {
    EncodeError::invalid(
        format!("input[{at}]"),
        "is neither a text nor a picture nor a film that Vertex AI reads",
    )
}

/// A text, a picture or a film; an object in Google's own words stays one.
fn instance(input: &Value) -> Option<Value> {
    if let Some(text) = input.as_str() {
        return Some(file(text).unwrap_or_else(|| json!({ "text": text })));
    }
    let members = input.as_object()?;
    let url = |name: &str| {
        let value = members.get(name)?;
        value.as_str().or_else(|| value.get("url")?.as_str())
    };
    if let Some(address) = url("image_url").or_else(|| url("video_url")) {
        return file(address);
    }
    if members.get("type").and_then(Value::as_str) == Some("text") {
        return Some(json!({ "text": members.get("text")? }));
    }
    let is_own = ["text", "image", "video"].iter().any(|name| members.contains_key(*name));
    is_own.then(|| input.clone())
}

/// A picture or a film in Cloud Storage, or as a `data:` URL.
fn file(address: &str) -> Option<Value> {
    let (kind, place) = if let Some(rest) = address.strip_prefix("data:") {
        let (mime_type, data) = rest.split_once(";base64,")?;
        (mime_type.starts_with("video/"), json!({ "bytesBase64Encoded": data }))
    } else if address.starts_with("gs://") {
        let lower = address.to_ascii_lowercase();
        let is_film = [".mp4", ".mov", ".webm", ".mpeg", ".mpg", ".avi", ".wmv", ".flv", ".mkv"];
        (is_film.iter().any(|ending| lower.ends_with(ending)), json!({ "gcsUri": address }))
    } else {
        return None;
    };
    Some(if kind { json!({ "video": place }) } else { json!({ "image": place }) })
}

/// The vectors of one prediction.
pub(super) fn read(prediction: &Value, push: &mut dyn FnMut(EmbeddingVector, Extra)) {
    let of = |modality: &str| Extra::from_iter([("modality".to_owned(), Value::from(modality))]);
    for (name, modality) in [("textEmbedding", "text"), ("imageEmbedding", "image")] {
        if let Some(values) = prediction.get(name) {
            push(vector(values), of(modality));
        }
    }
    match prediction.get("videoEmbeddings").and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => {}
        Some([only]) => push(vector(&only["embedding"]), of("video")),
        Some(pieces) => push(EmbeddingVector::Other(json!(pieces)), of("video")),
    }
}
