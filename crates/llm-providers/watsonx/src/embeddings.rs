//! Vectors for texts.
//!
//! Source: IBM Cloud API docs, "IBM watsonx.ai", "Generate embeddings", read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Translator, UpstreamError,
};
use llm_provider_envelope::vectors;
use llm_provider_openai::Changes;
use llm_types::{EmbeddingRequest, EmbeddingResponse, Extra};
use serde_json::{Value, json};

use crate::{error, head};

/// `text/embeddings`.
#[derive(Debug)]
pub(crate) struct Vectors;

impl Translator<Embeddings> for Vectors {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        vectors::leave_out(request, &["dimensions", "input_type", "user"], &mut changes);
        let mut body = Extra::new();
        body.insert("inputs".to_owned(), json!(vectors::texts(request)?));
        for (name, value) in &request.extra {
            body.insert(name.clone(), value.clone());
        }
        // `truncate_input_tokens` is what callers set most, and LiteLLM's callers set it at the top.
        if let Some(tokens) = body.shift_remove("truncate_input_tokens") {
            let parameters = body.entry("parameters").or_insert_with(|| json!({}));
            let parameters = parameters
                .as_object_mut()
                .ok_or_else(|| EncodeError::invalid("parameters", "it must be an object"))?;
            parameters.insert("truncate_input_tokens".to_owned(), tokens);
        }
        head::owner(&mut body, call);
        let parts = head::parts("text/embeddings", call)?;
        let body = Value::Object(body).to_string().into_bytes();
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if let Some(refusal) = error::refusal(&response) {
            return Err(refusal);
        }
        let unreadable = |why: &str| UpstreamError::unreadable(response.status(), response.body(), why);
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(&why.to_string()))?;
        let results = body["results"].as_array().ok_or_else(|| unreadable("there are no `results`"))?;
        let list: Vec<Value> = results.iter().map(|result| result["embedding"].clone()).collect();
        vectors::answer(body["model_id"].as_str(), &list, body["input_token_count"].as_u64())
            .map(Decoded::Answer)
            .ok_or_else(|| unreadable("an embedding is no array of numbers"))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}
