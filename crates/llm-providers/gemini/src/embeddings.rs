//! Vectors for texts: one by `embedContent`, several by `batchEmbedContents`.
//!
//! Source: Gemini API reference, "Embeddings" (ai.google.dev/api/embeddings), and docs, "Embeddings", read 2026-11: at
//! most 100 texts a batch.

use http::Request;
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, NoteKind, OnUnsupported,
    StreamDecoder, Translator, UpstreamError,
};
use llm_types::{
    Embedding, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Extra, Nullable, Usage,
};
use serde_json::Value;

use crate::chat::encode::to_bytes;
use crate::head::{Action, head, resource};
use crate::wire::{
    BatchEmbedRequest, BatchEmbedResponse, Content, ContentEmbedding, EmbedRequest, EmbedResponse,
    EmbedUsage, Part, camel_case,
};
use crate::{Gemini, error, media};

/// Texts of one batch, at most.
pub(crate) const MAX_INPUTS: usize = 100;

impl Translator<Embeddings> for Gemini {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut notes = Vec::new();
        let mut requests = requests(request, call, &mut notes)?;
        let is_one = matches!(request.input, EmbeddingInput::Text(_));
        let (action, body) = match requests.pop() {
            Some(only) if is_one => (Action::Embed, to_bytes(&only)?),
            last => {
                requests.extend(last);
                let batch = BatchEmbedRequest { requests: Nullable::Value(requests), extra: Extra::new() };
                (Action::BatchEmbed, to_bytes(&batch)?)
            }
        };
        Ok(Encoded { request: Request::from_parts(head(action, call)?, body.into()), notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        read(&response).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// One request for each input.
pub(crate) fn requests(
    request: &EmbeddingRequest,
    call: &Call<'_>,
    notes: &mut Vec<Note>,
) -> Result<Vec<EmbedRequest>, EncodeError> {
    let mut usual = EmbedRequest {
        model: Nullable::Value(resource(call.model)?),
        output_dimensionality: request.dimensions.get().copied().into(),
        ..EmbedRequest::default()
    };
    if let Some(kind) = request.input_type.as_deref() {
        usual.task_type = Nullable::Value(task_type(kind, notes));
    }
    for (name, value) in &request.extra {
        match (name.as_str(), value.as_str()) {
            ("task_type" | "taskType", Some(kind)) => usual.task_type = Nullable::Value(kind.to_owned()),
            ("title", Some(title)) => usual.title = Nullable::Value(title.to_owned()),
            ("outputDimensionality" | "output_dimensionality", _) if value.is_u64() => {
                usual.output_dimensionality = value.as_u64().into();
            }
            _ => {
                usual.extra.insert(name.clone(), value.clone());
            }
        }
    }
    if request.user.is_value() {
        if call.unsupported == OnUnsupported::Reject && call.forward.iter().all(|name| name != "user") {
            return Err(EncodeError::unsupported("user", "Gemini knows no end users"));
        }
        notes.push(Note::dropped("user", "Gemini knows no end users"));
    }
    let contents = match &request.input {
        EmbeddingInput::Text(text) => vec![text_part(text)],
        EmbeddingInput::Texts(texts) => texts.iter().map(|text| text_part(text)).collect(),
        EmbeddingInput::Parts(parts) => {
            let parts = parts.iter().enumerate().map(|(at, part)| any_part(part, at));
            parts.collect::<Result<_, _>>()?
        }
        EmbeddingInput::Tokens(_) | EmbeddingInput::TokenArrays(_) => {
            return Err(EncodeError::invalid("input", "Gemini takes texts, no tokens"));
        }
    };
    let made = contents.into_iter().map(|parts| EmbedRequest {
        content: Nullable::Value(Content { parts: Nullable::Value(parts), ..Content::default() }),
        ..usual.clone()
    });
    Ok(made.collect())
}

/// A text; what lies in Google's stores, and a `data:` URL, is what it stands for.
fn text_part(text: &str) -> Vec<Part> {
    let is_address = text.starts_with("data:") || text.starts_with("gs://");
    match media::part_of_url(text, None, "image/png") {
        Ok(part) if is_address => vec![part],
        _ => vec![Part::text(text)],
    }
}

/// A text, or an object: Gemini's own part or content, or a part as chat has it.
fn any_part(value: &Value, at: usize) -> Result<Vec<Part>, EncodeError> {
    let wrong = |why: &str| EncodeError::invalid(format!("input[{at}]"), why);
    if let Some(text) = value.as_str() {
        return Ok(text_part(text));
    }
    let image = value.get("image_url").or_else(|| value.get("image"));
    if let Some(image) = image {
        let url = image.as_str().or_else(|| image.get("url")?.as_str());
        let url = url.ok_or_else(|| wrong("has no address"))?;
        return media::part_of_url(url, None, "image/png").map(|part| vec![part]).map_err(wrong);
    }
    let own = camel_case(value.clone());
    let own = match own.get("content").or_else(|| own.get("parts").map(|_| &own)) {
        Some(content) => {
            let content: Content =
                llm_types::from_value(content.clone()).map_err(|error| wrong(&error.to_string()))?;
            content.parts.into_option().unwrap_or_default()
        }
        None => {
            let mut part: Part = llm_types::from_value(own).map_err(|error| wrong(&error.to_string()))?;
            part.extra.shift_remove("type");
            vec![part]
        }
    };
    if own.iter().all(|part| *part == Part { extra: part.extra.clone(), ..Part::default() }) {
        return Err(wrong("is neither a text nor anything else that Gemini turns into a vector"));
    }
    Ok(own)
}

/// Gemini's word for what vectors are for.
fn task_type(kind: &str, notes: &mut Vec<Note>) -> String {
    let own = match kind {
        "search_query" | "query" => "RETRIEVAL_QUERY",
        "search_document" | "document" | "passage" => "RETRIEVAL_DOCUMENT",
        "classification" => "CLASSIFICATION",
        "clustering" => "CLUSTERING",
        other => return other.to_ascii_uppercase(),
    };
    notes.push(Note::new(NoteKind::Converted, "input_type", format!("to `{own}`")));
    own.to_owned()
}

/// Reads vectors of any status.
pub(crate) fn read(response: &http::Response<&[u8]>) -> Result<EmbeddingResponse, UpstreamError> {
    if !response.status().is_success() {
        return Err(error::read(response));
    }
    let unreadable =
        |why: llm_types::ParseError| UpstreamError::unreadable(response.status(), response.body(), why);
    let one: EmbedResponse = llm_types::from_slice(response.body()).map_err(unreadable)?;
    let (embeddings, usage) = match one.embedding.into_option() {
        Some(embedding) => (vec![embedding], one.usage_metadata),
        None => {
            let several: BatchEmbedResponse = llm_types::from_slice(response.body()).map_err(unreadable)?;
            (several.embeddings.into_option().unwrap_or_default(), several.usage_metadata)
        }
    };
    let data: Vec<Embedding> = embeddings.into_iter().zip(0..).map(vector).collect();
    let mut read = EmbeddingResponse::new("", data);
    read.model = Nullable::Absent;
    read.usage = usage.get().map(took).into();
    Ok(read)
}

fn vector((embedding, index): (ContentEmbedding, u64)) -> Embedding {
    let values = embedding.values.into_option().unwrap_or_default();
    let mut made = Embedding::new(index, EmbeddingVector::Numbers(values));
    made.extra = embedding.extra;
    made
}

fn took(usage: &EmbedUsage) -> Usage {
    let count = |number: &Nullable<serde_json::Number>| number.get().and_then(serde_json::Number::as_u64);
    let prompt = count(&usage.prompt_token_count).or_else(|| count(&usage.total_token_count)).unwrap_or(0);
    let mut took = Usage::new(prompt, 0);
    took.completion_tokens = Nullable::Absent;
    took
}

#[cfg(test)]
mod tests;
