//! Vectors for texts, images and documents.
//!
//! Source: Jina AI API reference, "Embeddings" (api.jina.ai/redoc), read 2026-11.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, NoteKind, Payload, StreamDecoder,
    Translator, UpstreamError,
};
use llm_provider_openai::{Changes, read_error, request_head};
use llm_provider_openai_compat::{InputPiece, InputPurpose, input_pieces};
use llm_types::{EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EncodingFormat, Extra};
use serde_json::{Value, json};

use crate::Jina;
use crate::wire::WIRE;

impl Translator<Embeddings> for Jina {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let mut body = Extra::new();
        body.insert("model".to_owned(), json!(call.model));
        body.insert("input".to_owned(), inputs(&request.input)?);
        task(request, &mut body, &mut changes);
        if let Some(dimensions) = request.dimensions.get() {
            body.insert("dimensions".to_owned(), json!(dimensions));
        }
        if let Some(format) = request.encoding_format.get()
            && !request.extra.contains_key("embedding_type")
        {
            let kind = match format {
                EncodingFormat::Base64 => "base64",
                EncodingFormat::Float => "float",
                EncodingFormat::Other(kind) => kind,
            };
            changes.note(NoteKind::Renamed, "encoding_format", "embedding_type");
            body.insert("embedding_type".to_owned(), json!(kind));
        }
        if let Some(user) = request.user.get() {
            if changes.forwards("user") {
                body.insert("user".to_owned(), json!(user));
            } else {
                changes.note(NoteKind::Dropped, "user", "Jina does not ask who asks");
            }
        }
        body.extend(request.extra.clone());
        let parts = request_head("/embeddings", &WIRE, call)?;
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &WIRE));
        }
        answer(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// What the vectors are for. A task of Jina's own wins.
fn task(request: &EmbeddingRequest, body: &mut Extra, changes: &mut Changes<'_>) {
    let Some(given) = request.input_type.get() else { return };
    if request.extra.contains_key("task") {
        return changes.note(NoteKind::Dropped, "input_type", "`task` says what the vectors are for");
    }
    let task = match (InputPurpose::of(given), given.as_str()) {
        (Some(InputPurpose::Query), _) => "retrieval.query",
        (Some(InputPurpose::Document), _) => "retrieval.passage",
        (None, "clustering") => "separation",
        (None, other) => other,
    };
    changes.note(NoteKind::Renamed, "input_type", format!("task: {task}"));
    body.insert("task".to_owned(), json!(task));
}

fn inputs(input: &EmbeddingInput) -> Result<Value, EncodeError> {
    Ok(match input {
        EmbeddingInput::Text(text) => json!([text]),
        EmbeddingInput::Texts(texts) => json!(texts),
        EmbeddingInput::Parts(parts) => parts
            .iter()
            .enumerate()
            .map(|(index, part)| one(part, index))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        EmbeddingInput::Tokens(_) | EmbeddingInput::TokenArrays(_) => {
            return Err(EncodeError::unsupported("input", "Jina takes texts, and no tokens"));
        }
    })
}

/// A text, `{"text"}`, `{"image"}`, or an object in Jina's own words, such as `{"pdf"}`.
fn one(part: &Value, index: usize) -> Result<Value, EncodeError> {
    match input_pieces(part).as_slice() {
        [InputPiece::Text(text)] if part.is_string() => Ok(json!(text)),
        [InputPiece::Text(text)] => Ok(json!({ "text": text })),
        [InputPiece::Image(image)] => Ok(json!({ "image": bare(image) })),
        [InputPiece::Other(other)] if other.is_object() => Ok((*other).clone()),
        [] | [InputPiece::Other(_)] => {
            Err(EncodeError::invalid(format!("input[{index}]"), "is neither a text nor an object"))
        }
        [..] => {
            let reason = "an input is one text or one image";
            Err(EncodeError::unsupported(format!("input[{index}]"), reason))
        }
    }
}

/// An image by its address, or its bytes in base64 without what a `data:` URL says before them.
fn bare(image: &str) -> &str {
    match image.split_once(";base64,") {
        Some((head, bytes)) if head.starts_with("data:") => bytes,
        _ => image,
    }
}

/// Reads vectors; several vectors of one input stand in `embeddings`.
fn answer(body: &[u8]) -> Result<EmbeddingResponse, String> {
    let mut tree: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    for item in tree.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(members) = item.as_object_mut()
            && !members.contains_key("embedding")
            && let Some(several) = members.shift_remove("embeddings")
        {
            members.insert("embedding".to_owned(), several);
        }
    }
    llm_types::from_value(tree).map_err(|error| error.to_string())
}
