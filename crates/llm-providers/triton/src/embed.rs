//! Vectors: texts as one tensor, vectors as another.
//!
//! Source: KServe "Open inference protocol", as Triton has it ("HTTP/REST and GRPC protocol"), read 2026-11; the input's
//! name is LiteLLM's.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NoteKind, Payload, Translator, UpstreamError,
};
use llm_provider_envelope::{head, vectors};
use llm_provider_openai::{Changes, read_error};
use llm_types::{EmbeddingRequest, EmbeddingResponse};
use serde_json::{Value, json};

use crate::Triton;
use crate::wire::{method_address, wire};

impl Translator<Embeddings> for Triton {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let texts = vectors::texts(request)?;
        vectors::leave_out(request, &["dimensions", "input_type", "user"], &mut changes);
        let mut inputs =
            vec![json!({ "name": "input_text", "shape": [texts.len()], "datatype": "BYTES", "data": texts })];
        let mut body = llm_types::Extra::new();
        for (name, value) in &request.extra {
            match (name.as_str(), value) {
                // Further tensors, and what the protocol has beside them.
                ("inputs", Value::Array(more)) => inputs.extend(more.iter().cloned()),
                ("outputs" | "parameters" | "id", value) => drop(body.insert(name.clone(), value.clone())),
                _ => changes.lost(NoteKind::Dropped, name, "the protocol has no such member"),
            }
        }
        body.insert("inputs".to_owned(), Value::Array(inputs));
        let parts = head(method_address(call, "/infer")?, &wire(), call)?;
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
        Ok(Encoded { request: Request::from_parts(parts, Payload::from(body)), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &wire()));
        }
        read(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}

/// Reads the first tensor of two dimensions: a vector for each text. Its numbers stand in one list, or in one for each.
fn read(body: &[u8]) -> Result<EmbeddingResponse, String> {
    let tree: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let outputs = tree["outputs"].as_array().ok_or("outputs: an array is missing")?;
    let of_two = |output: &&Value| output["shape"].as_array().is_some_and(|shape| shape.len() == 2);
    let output = outputs.iter().find(of_two).ok_or("outputs: no tensor has two dimensions")?;
    let size =
        output["shape"][1].as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let size = size.ok_or("outputs: a vector has no length")?;
    let data = output["data"].as_array().ok_or("outputs: a tensor has no data")?;
    let each: Vec<Value> = if data.iter().all(Value::is_array) {
        data.clone()
    } else {
        data.chunks(size).map(|vector| Value::Array(vector.to_vec())).collect()
    };
    if each.iter().any(|vector| vector.as_array().is_none_or(|vector| vector.len() != size)) {
        return Err("outputs: data and shape contradict each other".to_owned());
    }
    vectors::answer(tree["model_name"].as_str(), &each, None)
        .ok_or("outputs: not all of it are numbers".to_owned())
}
