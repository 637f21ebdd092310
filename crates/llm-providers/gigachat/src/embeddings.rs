//! Vectors for texts: OpenAI's form, with the usage beside each vector.
//!
//! Source: GigaChat API reference, "Embeddings" (POST /embeddings), read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Translator, UpstreamError,
};
use llm_provider_envelope::{address, head, vectors};
use llm_provider_openai::{Changes, read_error};
use llm_types::{EmbeddingRequest, EmbeddingResponse, Extra, Usage, from_slice};
use serde_json::{Value, json};

use crate::{chat, vendor};

/// `embeddings`.
#[derive(Debug)]
pub(crate) struct Vectors;

impl Translator<Embeddings> for Vectors {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        vectors::leave_out(request, &["dimensions", "input_type", "user"], &mut changes);
        let mut body = Extra::new();
        body.insert("model".to_owned(), call.model.into());
        body.insert("input".to_owned(), json!(vectors::texts(request)?));
        body.extend(request.extra.clone());
        let uri = address(call.base_url_or(vendor::BASE_URL), "/embeddings")?;
        let mut parts = head(uri, &vendor::options(), call)?;
        chat::token_in_hand(&mut parts, call)?;
        let body = Value::Object(body).to_string().into_bytes();
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &vendor::options()));
        }
        let mut answer: EmbeddingResponse = from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        if !answer.usage.is_value() {
            let counts =
                answer.data.iter().filter_map(|one| one.extra.get("usage")?["prompt_tokens"].as_u64());
            let counts: Vec<u64> = counts.collect();
            if !counts.is_empty() {
                answer.usage = Usage::new(counts.iter().sum(), 0).into();
            }
        }
        Ok(Decoded::Answer(answer))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}
