//! `POST /api/embed` and the older `POST /api/embeddings` from clients.

use llm_provider_core::{Embeddings, Incoming, IngressError, Note, Outgoing, Reply, WholeIngress, vectors};
use llm_types::{
    EmbeddingInput, EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Extra, Nullable, wire_struct,
};
use serde_json::{Number, Value, json};

use super::to_bytes;
use crate::usage;
use crate::wire::{EmbedRequest, EmbedResponse};

/// `POST /api/embed`: one text or several.
#[derive(Debug, Clone, Copy, Default)]
pub struct OllamaEmbedIngress;

/// `POST /api/embeddings`: one `prompt`, one vector, and nothing else in the answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct OllamaEmbeddingsIngress;

wire_struct! {
    /// The older request.
    pub struct EmbeddingsRequest {
        required {
            /// Which model.
            model: String,
            /// The text.
            prompt: String,
        }
        optional {
            /// How long the model stays in memory.
            keep_alive: Value,
            /// How to run the model.
            options: Extra,
        }
    }
}

impl WholeIngress<Embeddings> for OllamaEmbedIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<EmbeddingRequest>, IngressError> {
        let wire: EmbedRequest = llm_types::from_slice(body)?;
        let input = match wire.input {
            Value::String(text) => EmbeddingInput::Text(text),
            list @ Value::Array(_) => {
                llm_types::from_value::<Vec<String>>(list).map(EmbeddingInput::Texts).map_err(|why| {
                    IngressError { path: format!("input{}", why.path), message: why.message }
                })?
            }
            _ => return Err(fault("input", "is neither a text nor a list of texts")),
        };
        if input.is_empty() {
            return Err(fault("input", "is empty: there is nothing to make a vector of"));
        }
        let mut request = EmbeddingRequest::new(wire.model, input);
        request.dimensions = wire.dimensions;
        request.extra = wire.extra;
        let mut notes = own(wire.keep_alive.is_value(), wire.options.get());
        // A text that is too long is cut unless the client says otherwise; others cut or refuse as they do.
        if wire.truncate.get() == Some(&false) {
            notes.push(Note::dropped("truncate", "whether a long text is cut is up to the vendor"));
        }
        Ok(Incoming { request, notes })
    }

    fn write(&self, _: &EmbeddingRequest, response: &EmbeddingResponse, reply: &Reply) -> Outgoing {
        let specifics = response.provider_specific_fields.get();
        let model = response.model.as_deref().filter(|model| !model.is_empty()).unwrap_or(&reply.model);
        let tokens = response.usage.get().map_or(0, |usage| usage.counts().input_total());
        let wire = EmbedResponse {
            model: Nullable::Value(model.to_owned()),
            embeddings: response.data.iter().map(|one| numbers(&one.embedding)).collect(),
            prompt_eval_count: Nullable::Value(tokens.into()),
            total_duration: usage::duration(specifics, "total_duration"),
            load_duration: usage::duration(specifics, "load_duration"),
            extra: Extra::new(),
        };
        Outgoing { body: to_bytes(&wire), notes: Vec::new() }
    }
}

impl WholeIngress<Embeddings> for OllamaEmbeddingsIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<EmbeddingRequest>, IngressError> {
        let wire: EmbeddingsRequest = llm_types::from_slice(body)?;
        let mut request = EmbeddingRequest::new(wire.model, EmbeddingInput::Text(wire.prompt));
        request.extra = wire.extra;
        Ok(Incoming { request, notes: own(wire.keep_alive.is_value(), wire.options.get()) })
    }

    fn write(&self, _: &EmbeddingRequest, response: &EmbeddingResponse, _: &Reply) -> Outgoing {
        let vector = response.data.first().map(|one| numbers(&one.embedding)).unwrap_or_default();
        Outgoing { body: to_bytes(&json!({ "embedding": vector })), notes: Vec::new() }
    }
}

/// What runs a model at Ollama means nothing to others.
fn own(keeps_alive: bool, options: Option<&Extra>) -> Vec<Note> {
    const REASON: &str = "runs a model at Ollama, and means nothing to others";
    let options = options.into_iter().flat_map(Extra::keys).map(|name| format!("options.{name}"));
    let names = keeps_alive.then(|| "keep_alive".to_owned()).into_iter().chain(options);
    names.map(|name| Note::dropped(name, REASON)).collect()
}

/// A vector in numbers; of several kinds, the one of floats.
fn numbers(vector: &EmbeddingVector) -> Vec<Number> {
    let mut vector = match vector {
        EmbeddingVector::Other(value) => {
            let float = value.get("float").cloned().unwrap_or_default();
            llm_types::from_value(float).unwrap_or(EmbeddingVector::Numbers(Vec::new()))
        }
        vector => vector.clone(),
    };
    vectors::write_as(&mut vector, false);
    match vector {
        EmbeddingVector::Numbers(numbers) => numbers,
        EmbeddingVector::Base64(_) | EmbeddingVector::Other(_) => Vec::new(),
    }
}

fn fault(path: &str, message: &str) -> IngressError {
    IngressError { path: path.to_owned(), message: message.to_owned() }
}
