//! Vectors for texts: OpenAI's wire, with the size under another name, and `output_dtype` beside it.
//!
//! Source: Mistral AI API reference, "Embeddings", read 2026-11.

use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, Note, OnUnsupported, Translator, UpstreamError,
};
use llm_types::{EmbeddingRequest, EmbeddingResponse, Nullable};

use crate::{Mistral, usage};

impl Translator<Embeddings> for Mistral {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let is_kept = call.forward.iter().any(|name| name == "user");
        if !request.user.is_value() || is_kept {
            return self.embeddings.encode(request, call);
        }
        let reason = "Mistral has no such parameter";
        if call.unsupported == OnUnsupported::Reject {
            return Err(EncodeError::unsupported("user", reason));
        }
        let request = EmbeddingRequest { user: Nullable::Absent, ..request.clone() };
        let mut encoded = self.embeddings.encode(&request, call)?;
        encoded.notes.push(Note::dropped("user", reason));
        Ok(encoded)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        let (parts, body) = response.into_parts();
        let body = usage::mended(body);
        self.embeddings.decode(http::Response::from_parts(parts, &body))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        self.embeddings.decoder()
    }
}
