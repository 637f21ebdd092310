//! Vectors for texts.
//!
//! Source: SAP AI Core docs, "Orchestration", "Embeddings", version 2 of its API, read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Translator, UpstreamError,
};
use llm_provider_envelope::{head as parts, vectors};
use llm_provider_openai::Changes;
use llm_types::{EmbeddingRequest, EmbeddingResponse, Extra, from_value};
use serde_json::{Value, json};

use crate::{error, head, vendor};

/// `/v2/embeddings`.
#[derive(Debug)]
pub(crate) struct Vectors;

impl Translator<Embeddings> for Vectors {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        vectors::leave_out(request, &["user"], &mut changes);
        let mut params = request.extra.clone();
        let masking = params.shift_remove("masking");
        if let Some(dimensions) = request.dimensions.get() {
            params.insert("dimensions".to_owned(), json!(dimensions));
        }
        let version = call.parameter("model_version").unwrap_or("latest");
        let mut modules = Extra::new();
        let model = json!({ "name": call.model, "version": version, "params": params });
        modules.insert("embeddings".to_owned(), json!({ "model": model }));
        modules.extend(masking.map(|masking| ("masking".to_owned(), masking)));
        let mut input = Extra::new();
        input.insert("text".to_owned(), vectors::one_or_many(&vectors::texts(request)?));
        if let Some(kind) = request.input_type.get() {
            input.insert("type".to_owned(), kind.as_str().into());
        }
        let body = json!({ "config": { "modules": modules }, "input": input });
        let mut parts = parts(head::uri("/v2/embeddings", call)?, &vendor::options(), call)?;
        head::headers(&mut parts.headers, call)?;
        Ok(Encoded {
            request: Request::from_parts(parts, body.to_string().into_bytes().into()),
            notes: changes.finish()?,
        })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if let Some(refusal) = error::refusal(&response) {
            return Err(refusal);
        }
        let unreadable = |why: String| UpstreamError::unreadable(response.status(), response.body(), why);
        let mut body: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(why.to_string()))?;
        let answer = body.get_mut("final_result").map(Value::take).unwrap_or_default();
        let answer = from_value(answer).map_err(|why| unreadable(why.to_string()))?;
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}
