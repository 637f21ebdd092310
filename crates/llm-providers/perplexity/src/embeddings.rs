//! Vectors for texts: signed bytes in base64, unpacked.
//!
//! Source: Perplexity docs, "Embeddings" (docs.perplexity.ai/api-reference/embeddings-post), and the types of the official
//! Python package perplexityai, read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Translator, UpstreamError,
};
use llm_provider_envelope::{address, head, vectors};
use llm_provider_openai::{Changes, read_error};
use llm_types::{EmbeddingRequest, EmbeddingResponse, EmbeddingVector, Extra, from_slice};
use serde_json::{Number, Value, json};

use crate::{route, sonar};

/// `/v1/embeddings`.
#[derive(Debug)]
pub(crate) struct Vectors;

impl Vectors {
    /// Inputs of one request, at most.
    pub(crate) const MAX_INPUTS: usize = 512;
}

impl Translator<Embeddings> for Vectors {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        vectors::leave_out(request, &["input_type", "user"], &mut changes);
        let mut body = Extra::new();
        body.insert("model".to_owned(), call.model.into());
        body.insert("input".to_owned(), vectors::one_or_many(&vectors::texts(request)?));
        body.insert("encoding_format".to_owned(), "base64_int8".into());
        if let Some(dimensions) = request.dimensions.get() {
            body.insert("dimensions".to_owned(), json!(dimensions));
        }
        body.extend(request.extra.clone());
        let base = call.base_url_or(route::BASE_URL);
        let path = if base.ends_with("/v1") { "/embeddings" } else { "/v1/embeddings" };
        let parts = head(address(base, path)?, &sonar::options(), call)?;
        let body = Value::Object(body).to_string().into_bytes();
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &sonar::options()));
        }
        let unreadable = |why: String| UpstreamError::unreadable(response.status(), response.body(), why);
        let mut answer: EmbeddingResponse =
            from_slice(response.body()).map_err(|why| unreadable(why.to_string()))?;
        for embedding in &mut answer.data {
            if let EmbeddingVector::Base64(text) = &embedding.embedding {
                let bytes = STANDARD.decode(text).map_err(|why| unreadable(why.to_string()))?;
                let numbers = bytes.into_iter().map(|byte| Number::from(byte.cast_signed()));
                embedding.embedding = EmbeddingVector::Numbers(numbers.collect());
            }
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}
