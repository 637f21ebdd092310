//! Vectors as Gemini's clients ask for them: one text, or a batch.
//!
//! Source: Gemini API reference, "Embeddings" (ai.google.dev/api/embeddings), read 2026-11.

use llm_provider_core::{
    Embeddings, Incoming, IngressError, Note, NoteKind, Outgoing, Reply, WholeIngress, vectors,
};
use llm_types::{EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Nullable, Usage};
use serde_json::{Value, json};

use super::read::typed;
use super::to_bytes;
use crate::turn::some;
use crate::wire::{
    BatchEmbedRequest, BatchEmbedResponse, ContentEmbedding, EmbedRequest, EmbedResponse, EmbedUsage,
};

/// `POST /v1beta/models/{model}:embedContent`
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbedContentIngress;

/// `POST /v1beta/models/{model}:batchEmbedContents`
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchEmbedContentsIngress;

impl WholeIngress<Embeddings> for EmbedContentIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<EmbeddingRequest>, IngressError> {
        let mut notes = Vec::new();
        let mut one: EmbedRequest = typed(body)?;
        let input = match input(&mut one, "content", &mut notes)? {
            Value::String(text) => EmbeddingInput::Text(text),
            other => EmbeddingInput::Parts(vec![other]),
        };
        Ok(Incoming { request: request(one, input), notes })
    }

    fn write(&self, _request: &EmbeddingRequest, response: &EmbeddingResponse, _reply: &Reply) -> Outgoing {
        let mut embeddings = embeddings(response);
        let first = if embeddings.is_empty() { None } else { Some(embeddings.swap_remove(0)) };
        let answer = EmbedResponse {
            embedding: first.into(),
            usage_metadata: response.usage.get().map(took).into(),
            ..EmbedResponse::default()
        };
        Outgoing { body: to_bytes(&answer), notes: Vec::new() }
    }
}

impl WholeIngress<Embeddings> for BatchEmbedContentsIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<EmbeddingRequest>, IngressError> {
        let mut notes = Vec::new();
        let batch: BatchEmbedRequest = typed(body)?;
        let mut requests = batch.requests.into_option().unwrap_or_default();
        let mut inputs = Vec::with_capacity(requests.len());
        for (at, one) in requests.iter_mut().enumerate() {
            inputs.push(input(one, &format!("requests[{at}].content"), &mut notes)?);
        }
        let mut requests = requests.into_iter().enumerate();
        let Some((_, first)) = requests.next() else {
            return Err(IngressError { path: "requests".to_owned(), message: "is empty".to_owned() });
        };
        for (at, one) in requests {
            // The canonical form says what holds for all texts only once.
            if one != first {
                let detail = "the first text's settings hold for all of them";
                notes.push(Note::new(NoteKind::Dropped, format!("requests[{at}]"), detail));
            }
        }
        let texts = inputs.iter().map(|input| input.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        let input = texts.map_or_else(|| EmbeddingInput::Parts(inputs), EmbeddingInput::Texts);
        Ok(Incoming { request: request(first, input), notes })
    }

    fn write(&self, _request: &EmbeddingRequest, response: &EmbeddingResponse, _reply: &Reply) -> Outgoing {
        let answer = BatchEmbedResponse {
            embeddings: Nullable::Value(embeddings(response)),
            usage_metadata: response.usage.get().map(took).into(),
            ..BatchEmbedResponse::default()
        };
        Outgoing { body: to_bytes(&answer), notes: Vec::new() }
    }
}

/// Takes what is to be turned into a vector: a text, or an object in Gemini's words.
fn input(one: &mut EmbedRequest, path: &str, notes: &mut Vec<Note>) -> Result<Value, IngressError> {
    one.model = Nullable::Absent;
    let missing = || IngressError { path: path.to_owned(), message: "is missing".to_owned() };
    let content = one.content.take().ok_or_else(missing)?;
    let parts = content.parts.into_option().unwrap_or_default();
    if parts.is_empty() {
        return Err(missing());
    }
    let texts: Option<Vec<&str>> = parts.iter().map(|part| part.text.as_deref()).collect();
    match texts.as_deref() {
        Some([only]) => Ok((*only).into()),
        Some(several) => {
            notes.push(Note::new(NoteKind::Converted, format!("{path}.parts"), "to one text"));
            Ok(several.join("\n").into())
        }
        None => Ok(json!({ "parts": parts })),
    }
}

fn request(one: EmbedRequest, input: EmbeddingInput) -> EmbeddingRequest {
    let mut request = EmbeddingRequest::new("", input);
    request.dimensions = one.output_dimensionality.into_option().into();
    request.input_type = one.task_type.as_deref().map(input_type).into();
    request.extra = one.extra;
    if let Some(title) = one.title.into_option() {
        request.extra.insert("title".to_owned(), title.into());
    }
    request
}

/// The word that most vendors know.
fn input_type(task: &str) -> String {
    match task {
        "RETRIEVAL_QUERY" => "search_query",
        "RETRIEVAL_DOCUMENT" => "search_document",
        "CLASSIFICATION" => "classification",
        "CLUSTERING" => "clustering",
        other => other,
    }
    .to_owned()
}

fn embeddings(response: &EmbeddingResponse) -> Vec<ContentEmbedding> {
    let mut data: Vec<_> = response.data.iter().collect();
    data.sort_by_key(|embedding| embedding.index.get().copied());
    data.into_iter()
        .map(|embedding| {
            let mut vector = embedding.embedding.clone();
            vectors::write_as(&mut vector, false);
            let values = match vector {
                EmbeddingVector::Numbers(numbers) => some(numbers),
                EmbeddingVector::Base64(_) | EmbeddingVector::Other(_) => Nullable::Absent,
            };
            ContentEmbedding { values, ..ContentEmbedding::default() }
        })
        .collect()
}

fn took(usage: &Usage) -> EmbedUsage {
    EmbedUsage {
        prompt_token_count: usage.prompt_tokens.clone(),
        total_token_count: usage.total_tokens.clone(),
        ..EmbedUsage::default()
    }
}
