//! Mistral's models: Mistral's own chat, by `rawPredict`.
//!
//! Source: Vertex AI docs, "Mistral AI models", read 2026-11: the body is Mistral's, the model in it without its version.

use std::sync::LazyLock;

use http::{Request, Response};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Provider as _, Translator, UpstreamError,
};
use llm_provider_mistral::Mistral;
use llm_types::{ChatRequest, ChatResponse};

use super::open;
use crate::model::Model;
use crate::place::{self, Verb};

static MISTRAL: LazyLock<Mistral> = LazyLock::new(Mistral::new);

pub(super) fn encode(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<Encoded, EncodeError> {
    let name = model.name.split_once('@').map_or(model.name, |(name, _)| name);
    let named = Call { model: name, base_url: None, credential: None, ..call.clone() };
    let Some(chat) = MISTRAL.chat() else { return open::encode(request, model, call) };
    let Encoded { request: sent, notes } = chat.encode(request, &named)?;
    let verb = if request.streams() { Verb::StreamRawPredict } else { Verb::RawPredict };
    let uri = place::of_model(place::STABLE, model, verb, call)?;
    Ok(Encoded { request: Request::from_parts(place::head(uri, call)?, sent.into_body()), notes })
}

pub(super) fn decode(response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
    match MISTRAL.chat() {
        Some(chat) => chat.decode(response),
        None => open::wire().decode(response),
    }
}

pub(super) fn decoder() -> Box<dyn Decoder<Chat>> {
    MISTRAL.chat().map_or_else(|| open::wire().decoder(), |chat| chat.decoder())
}
