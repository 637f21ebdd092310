//! Models that speak OpenAI's chat: partners' under one address, Mistral's and AI21's by `rawPredict`, endpoints of
//! one's own.
//!
//! Source: Vertex AI docs, "Call MaaS APIs for open models", "Mistral AI models", "AI21 models" and Mistral API
//! reference, "Chat" (docs.mistral.ai), read 2026-11.

use llm_provider_core::{Call, Chat, Credential, EncodeError, Encoded, Translator};
use llm_provider_openai::{Auth, ChatWire, OutputLimit, RequestOptions, WireOptions};
use llm_types::ChatRequest;

use crate::model::{Family, Model};
use crate::place::{self, Verb};

pub(super) fn encode(request: &ChatRequest, model: Model<'_>, call: &Call<'_>) -> Result<Encoded, EncodeError> {
    let mut options = options(model.family);
    if matches!(call.credential, Some(Credential::Key(_))) {
        options.auth = Auth::Header("x-goog-api-key".to_owned());
    }
    // The version of a model stands in the address only.
    let name = model.name.split_once('@').map_or(model.name, |(name, _)| name);
    let base = match model.family {
        Family::Open | Family::OpenEndpoint => Some(place::of_open(model, call)?),
        _ => None,
    };
    let named = Call { model: name, base_url: base.as_deref(), ..call.clone() };
    let mut encoded = ChatWire::new(options).encode(request, &named)?;
    if base.is_none() {
        let verb = if request.streams() { Verb::StreamRawPredict } else { Verb::RawPredict };
        let version = if model.family == Family::Ai21 { place::BETA } else { place::STABLE };
        *encoded.request.uri_mut() = place::of_model(version, model, verb, call)?;
    }
    Ok(encoded)
}

/// What reads answers of all of them.
pub(crate) fn wire() -> impl Translator<Chat> {
    ChatWire::new(options(Family::Open))
}

fn options(family: Family) -> WireOptions {
    let mut request = RequestOptions {
        limit: OutputLimit::MaxTokens,
        developer_role: false,
        ..RequestOptions::default()
    };
    match family {
        Family::Mistral => {
            request.rename = vec![("seed".to_owned(), "random_seed".to_owned())];
            // It tells the usage without being asked, and refuses the question.
            request.stream_usage = false;
        }
        Family::Ai21 => request.stream_usage = false,
        _ => {}
    }
    WireOptions { base_url: String::new(), request, ..WireOptions::default() }
}
