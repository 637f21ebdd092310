//! Chat: each family of models in its own words, over one address scheme.

mod claude;
mod mistral;
mod open;
mod sniff;

use http::{Request, Response};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Payload, Translator, UpstreamError,
};
use llm_provider_gemini::generate::{self, Platform};
use llm_types::{ChatRequest, ChatResponse};
use serde::Serialize;

use crate::model::{Family, Model};
use crate::place::{self, Verb};
use crate::{Vertex, error};

pub(crate) use claude::{SERVERS, body_edits, count_body};
pub(crate) use open::wire as open_wire;
pub(crate) use sniff::Wire;

impl Translator<Chat> for Vertex {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let model = Model::of(call.model);
        match model.family {
            Family::Gemini => gemini(request, model, call),
            Family::Claude => claude::encode(request, model, call),
            Family::Mistral => mistral::encode(request, model, call),
            Family::Ai21 | Family::Open | Family::OpenEndpoint => open::encode(request, model, call),
        }
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if !response.status().is_success() {
            return Err(error::read(&response));
        }
        // The address is not told with the answer; the answer tells by itself whose words it is in.
        match Wire::of(response.body()) {
            Wire::Gemini => generate::answer(&response).map(Decoded::Answer),
            Wire::Claude => claude::decode(response),
            Wire::Mistral => mistral::decode(response),
            Wire::Open => open::wire().decode(response),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        Box::<sniff::AnyDecoder>::default()
    }
}

fn gemini(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Encoded, EncodeError> {
    let named = Call { model: model.name, ..call.clone() };
    let (wire, notes) = generate::request(request, &named, Platform::Vertex)?;
    let verb = if request.streams() { Verb::Stream } else { Verb::Generate };
    let uri = place::of_model(place::BETA, model, verb, call)?;
    Ok(Encoded { request: Request::from_parts(place::head(uri, call)?, to_payload(&wire)?), notes })
}

/// JSON text as a body.
pub(crate) fn to_payload<T: Serialize>(body: &T) -> Result<Payload, EncodeError> {
    let bytes = serde_json::to_vec(body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
    Ok(bytes.into())
}
