//! `POST /v2/embed` from clients.

use llm_provider_core::{
    Embeddings, Incoming, IngressError, Note, NoteKind, Outgoing, Reply, WholeIngress, vectors,
};
use llm_types::{
    EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, EncodingFormat, Extra, Nullable,
};
use serde_json::{Value, json};

use super::to_bytes;
use crate::wire::{ApiMeta, ApiUnits, EmbedRequest, EmbedResponse};

/// Reads Cohere's embedding requests and writes answers as Cohere's.
///
/// Of `embedding_types`, other vendors have `float` and `base64` only; for Cohere itself the whole list goes along.
#[derive(Debug, Clone, Copy, Default)]
pub struct CohereEmbedIngress;

impl WholeIngress<Embeddings> for CohereEmbedIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<EmbeddingRequest>, IngressError> {
        let wire: EmbedRequest = llm_types::from_slice(body)?;
        let input = match (wire.texts.into_option(), wire.images.into_option(), wire.inputs.into_option()) {
            (Some(texts), None, None) => EmbeddingInput::Texts(texts),
            (None, Some(images), None) => EmbeddingInput::Parts(
                images
                    .into_iter()
                    .map(|url| json!({ "type": "image_url", "image_url": { "url": url } }))
                    .collect(),
            ),
            (None, None, Some(inputs)) => EmbeddingInput::Parts(inputs),
            _ => {
                let message = "one of `texts`, `images` and `inputs` is needed".to_owned();
                return Err(IngressError { path: "texts".to_owned(), message });
            }
        };
        if input.is_empty() {
            let message = "is empty: there is nothing to make a vector of".to_owned();
            return Err(IngressError { path: "texts".to_owned(), message });
        }
        let mut request = EmbeddingRequest::new(wire.model, input);
        request.input_type = wire.input_type;
        request.dimensions = wire.output_dimension;
        request.extra = wire.extra;
        let kinds = wire.embedding_types.into_option().unwrap_or_default();
        match kinds.as_slice() {
            [] => {}
            [kind] if kind == "float" => request.encoding_format = Nullable::Value(EncodingFormat::Float),
            [kind] if kind == "base64" => request.encoding_format = Nullable::Value(EncodingFormat::Base64),
            kinds => {
                request.extra.insert("embedding_types".to_owned(), json!(kinds));
            }
        }
        for (name, value) in [
            ("max_tokens", wire.max_tokens.get().map(|n| json!(n))),
            ("truncate", wire.truncate.get().map(|s| json!(s))),
        ] {
            if let Some(value) = value {
                request.extra.insert(name.to_owned(), value);
            }
        }
        Ok(Incoming { request, notes: Vec::new() })
    }

    fn write(&self, request: &EmbeddingRequest, response: &EmbeddingResponse, reply: &Reply) -> Outgoing {
        let mut notes = Vec::new();
        let mut lists = Extra::new();
        let mut put = |kind: &str, vector: Value| {
            let list = lists.entry(kind).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(vector);
            }
        };
        let wanted = wanted(request);
        for embedding in &response.data {
            match &embedding.embedding {
                // Cohere's own, by kind.
                EmbeddingVector::Other(Value::Object(kinds)) => {
                    kinds.iter().for_each(|(kind, vector)| put(kind, vector.clone()));
                }
                EmbeddingVector::Numbers(_) | EmbeddingVector::Base64(_)
                    if wanted.len() == 1 && is_own(&wanted[0]) =>
                {
                    put(&wanted[0], json!(embedding.embedding));
                }
                vector => {
                    let base64 = wanted.iter().any(|kind| kind == "base64");
                    let float = !base64 || wanted.iter().any(|kind| kind == "float");
                    for (kind, asked) in [("float", float), ("base64", base64)] {
                        if asked {
                            let mut vector = vector.clone();
                            vectors::write_as(&mut vector, kind == "base64");
                            put(kind, json!(vector));
                        }
                    }
                }
            }
        }
        for kind in &wanted {
            if !lists.contains_key(kind) && !response.data.is_empty() {
                notes.push(Note::new(
                    NoteKind::Converted,
                    "embedding_types",
                    format!("the vendor has no `{kind}`: float"),
                ));
            }
        }
        let id = response.id.as_deref().filter(|id| !id.is_empty()).unwrap_or(&reply.request_id);
        let own = response.provider_specific_fields.get();
        let texts = request.input.texts().map(|texts| texts.into_iter().map(Value::from).collect::<Vec<_>>());
        let images = own.and_then(|own| own.get("images")?.as_array().cloned());
        let wire = EmbedResponse {
            id: Nullable::Value(id.to_owned()),
            embeddings: lists,
            texts: Nullable::Value(texts.unwrap_or_default()),
            images: images.into(),
            meta: Nullable::Value(meta(response)),
            response_type: Nullable::Value("embeddings_by_type".to_owned()),
            extra: Extra::new(),
        };
        Outgoing { body: to_bytes(&wire), notes }
    }
}

/// Kinds that only Cohere has.
fn is_own(kind: &str) -> bool {
    !matches!(kind, "float" | "base64")
}

fn wanted(request: &EmbeddingRequest) -> Vec<String> {
    if let Some(kinds) = request.extra.get("embedding_types")
        && let Ok(kinds) = llm_types::from_value::<Vec<String>>(kinds.clone())
    {
        return kinds;
    }
    match request.encoding_format.get() {
        Some(EncodingFormat::Base64) => vec!["base64".to_owned()],
        _ => vec!["float".to_owned()],
    }
}

fn meta(response: &EmbeddingResponse) -> ApiMeta {
    let own = response.provider_specific_fields.get().and_then(|own| own.get("meta"));
    if let Some(Ok(meta)) = own.map(|own| llm_types::from_value::<ApiMeta>(own.clone())) {
        return meta;
    }
    let tokens = response.usage.get().map(|usage| usage.counts().input_total());
    let mut meta = ApiMeta {
        billed_units: tokens
            .map(|tokens| ApiUnits { input_tokens: Nullable::Value(tokens.into()), ..ApiUnits::default() })
            .into(),
        ..ApiMeta::default()
    };
    meta.extra.insert("api_version".to_owned(), json!({ "version": "2" }));
    meta
}
