//! Vectors for texts, in the forms of the usual containers.
//!
//! Source: Hugging Face docs, "Text Embeddings Inference", and Amazon SageMaker docs, "Use JumpStart foundation models",
//! read 2026-11.

use http::{Request, Response};
use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Translator, UpstreamError,
};
use llm_provider_envelope::{head as parts, vectors};
use llm_provider_openai::Changes;
use llm_types::{EmbeddingRequest, EmbeddingResponse, Extra, from_value};
use serde_json::{Value, json};

use crate::{error, head, vendor};

/// `{"inputs": […]}`
#[derive(Debug)]
pub(crate) struct Vectors;

impl Translator<Embeddings> for Vectors {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        vectors::leave_out(request, &["dimensions", "input_type", "user"], &mut changes);
        let mut body = Extra::new();
        body.insert("inputs".to_owned(), json!(vectors::texts(request)?));
        body.extend(request.extra.clone());
        let body = Value::Object(body).to_string().into_bytes();
        let mut parts = parts(head::uri(false, call)?, &vendor::options(), call)?;
        head::seal(&mut parts, false, &body, call)?;
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: changes.finish()? })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if let Some(refusal) = error::refusal(&response) {
            return Err(refusal);
        }
        let unreadable = |why: String| UpstreamError::unreadable(response.status(), response.body(), why);
        let body: Value =
            serde_json::from_slice(response.body()).map_err(|why| unreadable(why.to_string()))?;
        if body["data"].is_array() {
            return from_value(body).map(Decoded::Answer).map_err(|why| unreadable(why.to_string()));
        }
        let list = [&body["embedding"], &body["embeddings"], &body["embeddings"]["float"], &body];
        let list = list.into_iter().find_map(Value::as_array).map_or(&[][..], Vec::as_slice);
        // One text may be answered with one vector and no list around it.
        let one = [Value::Array(list.to_vec())];
        let list = if list.first().is_some_and(Value::is_number) { &one[..] } else { list };
        vectors::answer(None, list, None)
            .filter(|answer| !answer.data.is_empty())
            .map(Decoded::Answer)
            .ok_or_else(|| unreadable("there are no vectors in a known form".to_owned()))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        vectors::never_streams()
    }
}
