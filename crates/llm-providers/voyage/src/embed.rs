//! Vectors, at three endpoints: for texts, for the chunks of documents, for texts and images together.

mod ask;
mod read;

use llm_provider_core::{
    Call, Decoded, Decoder, Embeddings, EncodeError, Encoded, NeverStreams, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::read_error;
use llm_types::{EmbeddingRequest, EmbeddingResponse};

use crate::Voyage;
use crate::wire::WIRE;

impl Translator<Embeddings> for Voyage {
    fn encode(&self, request: &EmbeddingRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        ask::encode(request, call)
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<EmbeddingResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(read_error(&response, &WIRE));
        }
        read::answer(response.body())
            .map(Decoded::Answer)
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))
    }

    fn decoder(&self) -> Box<dyn Decoder<Embeddings>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
