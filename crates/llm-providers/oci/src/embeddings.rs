//! Vectors for texts.
//!
//! Source: Oracle Cloud Infrastructure API, "EmbedTextDetails" and "EmbedTextResult", version 20231130, read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Translator, UpstreamError,
};
use llm_provider_envelope::vectors;
use llm_provider_openai::Changes;
use llm_types::{EmbeddingRequest, EmbeddingResponse, Extra};
use serde_json::{Value, json};

use crate::{error, head};

/// `actions/embedText`.
#[derive(Debug)]
pub(crate) struct Vectors;

impl Vectors {
    /// Inputs of one request, at most.
    pub(crate) const MAX_INPUTS: usize = 96;
}

impl Translator<Embeddings> for Vectors {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        vectors::leave_out(request, &["user"], &mut changes);
        let mut members = Extra::new();
        members.insert("inputs".to_owned(), json!(vectors::texts(request)?));
        members.insert("truncate".to_owned(), "END".into());
        if let Some(kind) = request.input_type.get() {
            members.insert("inputType".to_owned(), kind.to_uppercase().into());
        }
        if let Some(dimensions) = request.dimensions.get() {
            members.insert("outputDimensions".to_owned(), json!(dimensions));
        }
        members.extend(request.extra.clone());
        let (parts, body) = head::signed("embedText", &head::owned(call, members).into(), call)?;
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if let Some(refusal) = error::refusal(&response) {
            return Err(refusal);
        }
        let unreadable = |why: &str| UpstreamError::unreadable(response.status(), response.body(), why);
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(&why.to_string()))?;
        let list = body["embeddings"].as_array().ok_or_else(|| unreadable("there are no `embeddings`"))?;
        let tokens = body["usage"]["promptTokens"].as_u64().or_else(|| {
            let counts: Option<Vec<u64>> =
                body["inputTextTokenCounts"].as_array()?.iter().map(Value::as_u64).collect();
            counts.map(|counts| counts.iter().sum())
        });
        vectors::answer(body["modelId"].as_str(), list, tokens)
            .map(Decoded::Answer)
            .ok_or_else(|| unreadable("an embedding is no array of numbers"))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}
