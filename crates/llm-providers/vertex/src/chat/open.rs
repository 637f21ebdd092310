//! Models that speak OpenAI's chat: partners' under one address, AI21's by `rawPredict`, endpoints of one's own.
//!
//! Source: Vertex AI docs, "Call MaaS APIs for open models", "AI21 models", "Use self-deployed models", read 2026-11.

use llm_provider_core::{Call, Chat, Credential, EncodeError, Encoded, Translator};
use llm_provider_openai::{Auth, ChatWire, OutputLimit, RequestOptions, WireOptions};
use llm_types::ChatRequest;

use crate::model::{Family, Model};
use crate::place::{self, Verb};

/// Stands for an address that is put in its place afterwards.
const PLACEHOLDER: &str = "https://aiplatform.googleapis.com";

pub(super) fn encode(
    request: &ChatRequest,
    model: Model<'_>,
    call: &Call<'_>,
) -> Result<Encoded, EncodeError> {
    let mut options = options(model.family);
    if matches!(call.credential, Some(Credential::Key(_))) {
        options.auth = Auth::Header("x-goog-api-key".to_owned());
    }
    // The version of a model stands in the address only.
    let name = model.name.split_once('@').map_or(model.name, |(name, _)| name);
    let is_raw = model.family == Family::Ai21;
    let base = if is_raw { PLACEHOLDER.to_owned() } else { place::of_open(model, call)? };
    // At an endpoint of one's own there is but one model.
    let name = if model.is_endpoint { "" } else { name };
    let named = Call { model: name, base_url: Some(&base), ..call.clone() };
    let mut encoded = ChatWire::new(options).encode(request, &named)?;
    if is_raw {
        let verb = if request.streams() { Verb::StreamRawPredict } else { Verb::RawPredict };
        *encoded.request.uri_mut() = place::of_model(place::BETA, model, verb, call)?;
    }
    Ok(encoded)
}

/// What reads answers of all of them.
pub(crate) fn wire() -> impl Translator<Chat> {
    ChatWire::new(options(Family::Open))
}

fn options(family: Family) -> WireOptions {
    let request = RequestOptions {
        limit: OutputLimit::MaxTokens,
        developer_role: false,
        // AI21 tells the usage without being asked.
        stream_usage: family != Family::Ai21,
        ..RequestOptions::default()
    };
    WireOptions { base_url: String::new(), request, ..WireOptions::default() }
}
