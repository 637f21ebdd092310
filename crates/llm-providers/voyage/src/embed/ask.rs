//! What is asked.
//!
//! Source: Voyage AI API references "Text embedding models" (docs.voyageai.com/reference/embeddings-api),
//! "Contextualized chunk embedding models" (…/contextualized-embeddings-api) and "Multimodal embedding models"
//! (…/multimodal-embeddings-api), read 2026-11.

use http::Request;
use llm_provider_core::{Call, EncodeError, Encoded, NoteKind, Payload};
use llm_provider_openai::{Changes, request_head};
use llm_provider_openai_compat::{InputPiece, InputPurpose, input_pieces};
use llm_types::{EmbeddingInput, EmbeddingRequest, EncodingFormat, Extra};
use serde_json::{Value, json};

use crate::wire::{WIRE, at_home};

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Texts,
    Chunks,
    Multimodal,
}

impl Endpoint {
    /// By the family that the model's name tells; where it tells none, by the form of the inputs.
    fn of(model: &str, input: &EmbeddingInput) -> Self {
        if model.contains("context") {
            return Self::Chunks;
        }
        if model.contains("multimodal") {
            return Self::Multimodal;
        }
        match input {
            EmbeddingInput::Parts(parts) if parts.iter().any(Value::is_array) => Self::Chunks,
            EmbeddingInput::Parts(_) => Self::Multimodal,
            _ => Self::Texts,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Texts => "/embeddings",
            Self::Chunks => "/contextualizedembeddings",
            Self::Multimodal => "/multimodalembeddings",
        }
    }
}

pub(super) fn encode(request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
    let mut changes = Changes::new(call);
    let endpoint = Endpoint::of(call.model, &request.input);
    let mut body = Extra::new();
    let (name, inputs) = inputs(endpoint, &request.input)?;
    body.insert(name.to_owned(), inputs);
    body.insert("model".to_owned(), json!(call.model));
    if let Some(purpose) = request.input_type.get() {
        let word = match InputPurpose::of(purpose) {
            Some(InputPurpose::Query) => "query",
            Some(InputPurpose::Document) => "document",
            None => purpose,
        };
        if word != purpose {
            changes.note(NoteKind::Renamed, "input_type", word);
        }
        body.insert("input_type".to_owned(), json!(word));
    }
    if let Some(dimensions) = request.dimensions.get() {
        changes.note(NoteKind::Renamed, "dimensions", "output_dimension");
        body.insert("output_dimension".to_owned(), json!(dimensions));
    }
    form(endpoint, request, &mut body, &mut changes);
    if let Some(user) = request.user.get() {
        if changes.forwards("user") {
            body.insert("user".to_owned(), json!(user));
        } else {
            changes.note(NoteKind::Dropped, "user", "Voyage does not ask who asks");
        }
    }
    body.extend(request.extra.clone());
    let parts = request_head(endpoint.path(), &WIRE, &at_home(call))?;
    let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
    Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
}

/// How the vectors are written. Base64 of other types than floats would be read as floats by clients, so those come as
/// numbers; so do all of the multimodal endpoint, where the member has had two names.
fn form(endpoint: Endpoint, request: &EmbeddingRequest, body: &mut Extra, changes: &mut Changes<'_>) {
    let kind = request.extra.get("output_dtype").and_then(Value::as_str).unwrap_or("float");
    match request.encoding_format.get() {
        Some(EncodingFormat::Base64) if kind == "float" && endpoint != Endpoint::Multimodal => {
            body.insert("encoding_format".to_owned(), json!("base64"));
        }
        Some(EncodingFormat::Other(other)) if !request.extra.contains_key("output_dtype") => {
            changes.note(NoteKind::Renamed, "encoding_format", "output_dtype");
            body.insert("output_dtype".to_owned(), json!(other));
        }
        // `float` is refused: it is what comes without the member.
        _ => {}
    }
}

/// The inputs in the endpoint's form, and the name of the member that holds them.
fn inputs(endpoint: Endpoint, input: &EmbeddingInput) -> Result<(&'static str, Value), EncodeError> {
    let many = match input {
        EmbeddingInput::Text(text) => vec![json!(text)],
        EmbeddingInput::Texts(texts) => texts.iter().map(|text| json!(text)).collect(),
        EmbeddingInput::Parts(parts) => parts.clone(),
        EmbeddingInput::Tokens(_) | EmbeddingInput::TokenArrays(_) => {
            return Err(EncodeError::unsupported("input", "Voyage takes texts, and no tokens"));
        }
    };
    let each = |form: fn(&Value, usize) -> Result<Value, EncodeError>| {
        let inputs = many.iter().enumerate().map(|(index, input)| form(input, index));
        inputs.collect::<Result<Vec<_>, _>>().map(Value::Array)
    };
    Ok(match (endpoint, input) {
        (Endpoint::Texts, EmbeddingInput::Text(text)) => ("input", json!(text)),
        (Endpoint::Texts, _) => ("input", each(text)?),
        (Endpoint::Chunks, _) => ("inputs", each(chunks)?),
        (Endpoint::Multimodal, _) => ("inputs", each(content)?),
    })
}

fn text(input: &Value, index: usize) -> Result<Value, EncodeError> {
    let text = input.as_str().or_else(|| input["text"].as_str());
    text.map(|text| json!(text)).ok_or_else(|| EncodeError::invalid(format!("input[{index}]"), "is no text"))
}

/// A document's chunks; a text by itself is a document of one chunk.
fn chunks(input: &Value, index: usize) -> Result<Value, EncodeError> {
    match input {
        Value::Array(chunks) if chunks.iter().all(Value::is_string) => Ok(input.clone()),
        Value::Array(_) => Err(EncodeError::invalid(format!("input[{index}]"), "is no list of texts")),
        one => text(one, index).map(|text| json!([text])),
    }
}

fn content(input: &Value, index: usize) -> Result<Value, EncodeError> {
    let pieces = input_pieces(input).into_iter().map(|piece| match piece {
        InputPiece::Text(text) => Ok(json!({ "type": "text", "text": text })),
        InputPiece::Image(image) if image.starts_with("data:") => {
            Ok(json!({ "type": "image_base64", "image_base64": image }))
        }
        InputPiece::Image(image) => Ok(json!({ "type": "image_url", "image_url": image })),
        // A kind of its own, such as a video.
        InputPiece::Other(part) if part["type"].is_string() => Ok(part.clone()),
        InputPiece::Other(_) => {
            Err(EncodeError::invalid(format!("input[{index}]"), "has neither text nor image"))
        }
    });
    Ok(json!({ "content": pieces.collect::<Result<Vec<_>, _>>()? }))
}
