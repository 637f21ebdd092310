//! Counting tokens: the request that would be asked, inside another.
//!
//! Source: Amazon Bedrock API Reference, "CountTokens", and User Guide, "Monitor your token usage by counting tokens
//! before running inference", read 2026-11.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use llm_provider_core::{
    Call, CountTokens, Decoded, Decoder, EncodeError, Encoded, NeverStreams, StreamDecoder, TokenCount,
    Translator, UpstreamError,
};
use llm_types::ChatRequest;
use serde::Deserialize;
use serde_json::json;

use crate::converse::encode;
use crate::head::{self, Endpoint};
use crate::model::{Door, Model};
use crate::wire::ConverseRequest;
use crate::{Bedrock, error, invoke};

#[derive(Deserialize)]
struct Counted {
    #[serde(rename = "inputTokens")]
    input_tokens: u64,
}

impl Translator<CountTokens> for Bedrock {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        let (input, mut notes) = match model.door {
            Door::Invoke => {
                let (body, notes) = invoke::body_of(request, model, call)?;
                (json!({ "invokeModel": { "body": STANDARD.encode(body) } }), notes)
            }
            Door::Converse => {
                let encoded = encode::encode(request, model, call)?;
                // What shapes the answer only is not counted, and not known here.
                let counted = ConverseRequest {
                    messages: encoded.wire.messages,
                    system: encoded.wire.system,
                    tool_config: encoded.wire.tool_config,
                    additional_model_request_fields: encoded.wire.additional_model_request_fields,
                    ..ConverseRequest::default()
                };
                (json!({ "converse": counted }), encoded.notes)
            }
        };
        notes.retain(|note| note.path != "max_tokens");
        let body = encode::to_bytes(&json!({ "input": input }))?;
        // Foundation models are counted for; a profile has no count of its own.
        let model = Model { id: model.foundation(), ..model };
        let request = head::request(Endpoint::CountTokens, &model, call, &HeaderMap::new(), body)?;
        Ok(Encoded { request, notes })
    }

    fn decode(&self, response: http::Response<&[u8]>) -> Result<Decoded<TokenCount>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        let counted: Counted = llm_types::from_slice(response.body())
            .map_err(|why| UpstreamError::unreadable(response.status(), response.body(), why))?;
        Ok(Decoded::Answer(TokenCount::new(counted.input_tokens)))
    }

    fn decoder(&self) -> Box<dyn Decoder<CountTokens>> {
        Box::new(StreamDecoder::sse(NeverStreams::default()))
    }
}
