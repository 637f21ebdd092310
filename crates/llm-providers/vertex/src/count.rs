//! Counting tokens: Gemini's by `countTokens`, Claude's at an address of its own.
//!
//! Source: Vertex AI reference, "countTokens", and docs, "Count tokens for Claude models", read 2026-11.

use http::{Request, Response};
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, CountTokens, Decoded, Decoder, EncodeError, Encoded, NeverStreams, StreamDecoder, TokenCount,
    Translator, UpstreamError,
};
use llm_provider_gemini::generate::{self, Platform};
use llm_provider_gemini::wire::CountTokensRequest;
use llm_types::ChatRequest;
use serde_json::Value;

use crate::chat::{count_body, to_payload};
use crate::model::{Family, Model};
use crate::place::{self, Verb};
use crate::{Vertex, error};

impl Translator<CountTokens> for Vertex {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        match model.family {
            Family::Gemini => gemini(request, model, call),
            Family::Claude => count_body(request, model, call),
            _ => Err(EncodeError::unsupported("model", "Vertex AI counts tokens for Gemini and Claude only")),
        }
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<TokenCount>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if body.get("input_tokens").is_some() {
            return Translator::<CountTokens>::decode(&Anthropic, response);
        }
        generate::token_count(&response).map(Decoded::Answer)
    }

    fn decoder(&self) -> Box<dyn Decoder<CountTokens>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}

/// Vertex AI takes the members of a request at the top, where the Gemini API wants a whole request inside.
fn gemini(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Encoded, EncodeError> {
    let named = Call { model: model.name, ..call.clone() };
    let (wire, notes) = generate::request(request, &named, Platform::Vertex)?;
    let count = CountTokensRequest {
        contents: wire.contents,
        system_instruction: wire.system_instruction,
        tools: wire.tools,
        generation_config: wire.generation_config,
        ..CountTokensRequest::default()
    };
    let uri = place::of_model(place::BETA, model, Verb::CountTokens, call)?;
    Ok(Encoded { request: Request::from_parts(place::head(uri, call)?, to_payload(&count)?), notes })
}
