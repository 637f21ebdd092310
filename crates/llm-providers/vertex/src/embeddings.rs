//! Vectors: texts by `predict`, texts and pictures and films by `predict` of the multimodal model, and `embedContent` of
//! the newest.
//!
//! Source: Vertex AI reference, "Text embeddings API", "Multimodal embeddings API", and docs, "Get text embeddings",
//! read 2026-11: 250 texts a request, one for Gemini's models.

mod multimodal;

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, Note, NoteKind, StreamDecoder,
    Translator, UpstreamError,
};
use llm_provider_gemini::generate;
use llm_types::{Embedding, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Extra, Nullable, Usage};
use serde_json::{Map, Value, json};

use crate::chat::to_payload;
use crate::model::Model;
use crate::place::{self, Verb};
use crate::{Vertex, error};

/// How vectors of a model are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Texts,
    Multimodal,
    EmbedContent,
}

impl Way {
    fn of(model: &str) -> Self {
        // `gemini-embedding-001` stands where the older models do; those after it speak Gemini's own words.
        match model {
            _ if model.starts_with("multimodalembedding") => Self::Multimodal,
            _ if model.starts_with("gemini-embedding-") && !model.starts_with("gemini-embedding-0") => {
                Self::EmbedContent
            }
            _ => Self::Texts,
        }
    }
}

/// Inputs of one request, at most.
pub(crate) fn max_inputs(model: &str) -> usize {
    match Way::of(model) {
        Way::Texts if !model.starts_with("gemini-embedding") => 250,
        _ => 1,
    }
}

impl Translator<Embeddings> for Vertex {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        let way = Way::of(model.name);
        let named = Call { model: model.name, ..call.clone() };
        let (verb, body, notes) = match way {
            Way::EmbedContent => embed_content(request, &named)?,
            Way::Texts => texts(request, &named)?,
            Way::Multimodal => multimodal::encode(request, &named)?,
        };
        let version = if way == Way::EmbedContent { place::BETA } else { place::STABLE };
        let uri = place::of_model(version, model, verb, call)?;
        Ok(Encoded { request: Request::from_parts(place::head(uri, call)?, to_payload(&body)?), notes })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let body: Value = serde_json::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        match body.get("predictions").and_then(Value::as_array) {
            Some(predictions) => Ok(Decoded::Answer(read(predictions, &body))),
            None => generate::vectors(&response).map(Decoded::Answer),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

type Said = (Verb, Value, Vec<Note>);

fn embed_content(request: &EmbeddingRequest, call: &Call<'_>) -> Result<Said, EncodeError> {
    let (mut requests, notes) = generate::embed_requests(request, call)?;
    if requests.len() != 1 {
        return Err(EncodeError::invalid("input", "this model takes one input a request"));
    }
    let mut only = requests.swap_remove(0);
    only.model = Nullable::Absent;
    let body = serde_json::to_value(only).map_err(|why| EncodeError::invalid("", why.to_string()))?;
    Ok((Verb::Embed, body, notes))
}

/// Texts, each with what its vector is for.
fn texts(request: &EmbeddingRequest, call: &Call<'_>) -> Result<Said, EncodeError> {
    let mut notes = Vec::new();
    let texts = request.input.texts().ok_or_else(|| {
        EncodeError::invalid("input", "this model takes texts, neither tokens nor anything else")
    })?;
    let mut more = Map::new();
    let mut parameters = Map::new();
    let mut body = Map::new();
    if let Some(kind) = request.input_type.as_deref() {
        more.insert("task_type".to_owned(), task_type(kind, &mut notes).into());
    }
    for (name, value) in &request.extra {
        match name.as_str() {
            "task_type" | "taskType" => more.insert("task_type".to_owned(), value.clone()),
            "title" => more.insert(name.clone(), value.clone()),
            "auto_truncate" | "autoTruncate" => parameters.insert("autoTruncate".to_owned(), value.clone()),
            _ => body.insert(name.clone(), value.clone()),
        };
    }
    dimensions(request, "outputDimensionality", &mut parameters);
    no_user(request, call, &mut notes)?;
    let instances: Vec<Value> = texts
        .into_iter()
        .map(|text| {
            let mut instance = Map::from_iter([("content".to_owned(), Value::from(text))]);
            instance.extend(more.clone());
            Value::Object(instance)
        })
        .collect();
    Ok((Verb::Predict, whole(instances, parameters, body), notes))
}

/// The body of `predict`.
fn whole(instances: Vec<Value>, parameters: Map<String, Value>, more: Map<String, Value>) -> Value {
    let mut body = Map::from_iter([("instances".to_owned(), instances.into())]);
    if !parameters.is_empty() {
        body.insert("parameters".to_owned(), parameters.into());
    }
    body.extend(more);
    body.into()
}

fn dimensions(request: &EmbeddingRequest, name: &str, parameters: &mut Map<String, Value>) {
    if let Some(dimensions) = request.dimensions.get() {
        parameters.insert(name.to_owned(), (*dimensions).into());
    }
}

fn no_user(request: &EmbeddingRequest, call: &Call<'_>, notes: &mut Vec<Note>) -> Result<(), EncodeError> {
    if request.user.is_value() {
        if call.unsupported == llm_provider_core::OnUnsupported::Reject {
            return Err(EncodeError::unsupported("user", "Vertex AI knows no end users"));
        }
        notes.push(Note::dropped("user", "Vertex AI knows no end users"));
    }
    Ok(())
}

/// Google's word for what vectors are for.
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

fn read(predictions: &[Value], body: &Value) -> EmbeddingResponse {
    let mut tokens = 0;
    let mut data = Vec::with_capacity(predictions.len());
    for prediction in predictions {
        let mut push = |vector: EmbeddingVector, extra: Extra| {
            let index = u64::try_from(data.len()).unwrap_or(u64::MAX);
            data.push(Embedding { extra, ..Embedding::new(index, vector) });
        };
        match prediction.get("embeddings") {
            Some(embeddings) => {
                let statistics = &embeddings["statistics"];
                tokens += statistics["token_count"].as_f64().unwrap_or(0.0) as u64;
                let mut extra = Extra::new();
                if statistics["truncated"] == true {
                    extra.insert("truncated".to_owned(), true.into());
                }
                push(vector(&embeddings["values"]), extra);
            }
            None => multimodal::read(prediction, &mut push),
        }
    }
    let mut response = EmbeddingResponse::new("", data);
    response.model = Nullable::Absent;
    if tokens > 0 {
        let mut usage = Usage::new(tokens, 0);
        usage.completion_tokens = Nullable::Absent;
        response.usage = Nullable::Value(usage);
    }
    if let Some(metadata) = body.get("metadata") {
        let fields = Extra::from_iter([("metadata".to_owned(), metadata.clone())]);
        response.provider_specific_fields = Nullable::Value(fields);
    }
    response
}

fn vector(values: &Value) -> EmbeddingVector {
    serde_json::from_value(values.clone()).unwrap_or_else(|_| EmbeddingVector::Other(json!(values)))
}

#[cfg(test)]
mod tests;
