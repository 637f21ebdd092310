//! What the router goes by beside settings: windows, capabilities, prices, regions.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use llm_pricing::{Capability, ModelInfo};
use llm_provider_core::Credential;
use llm_router::{Capabilities, DeploymentId, Facts, Price};

use crate::deployment::Window;

/// What is known of a deployment.
pub(super) struct Known<'a> {
    pub(super) id: &'a DeploymentId,
    /// Its `model_name`.
    pub(super) group: &'a str,
    pub(super) vendor: &'a str,
    pub(super) model: &'a str,
    pub(super) region: Option<&'a str>,
    pub(super) window: Window,
    pub(super) table: Option<&'a ModelInfo<'a>>,
    pub(super) price: Option<Price>,
    pub(super) credential: Option<&'a Credential>,
    pub(super) refuses: &'a Arc<[Box<str>]>,
}

/// The table's names for what the router may ask for.
const NAMES: [(Capability, Capabilities); 9] = [
    (Capability::Vision, Capabilities::VISION),
    (Capability::AudioInput, Capabilities::AUDIO_INPUT),
    (Capability::AudioOutput, Capabilities::AUDIO_OUTPUT),
    (Capability::PdfInput, Capabilities::DOCUMENTS),
    (Capability::FunctionCalling, Capabilities::TOOLS),
    (Capability::ResponseSchema, Capabilities::RESPONSE_SCHEMA),
    (Capability::Reasoning, Capabilities::REASONING),
    (Capability::WebSearch, Capabilities::WEB_SEARCH),
    (Capability::AssistantPrefill, Capabilities::PREFILL),
];

/// What the router goes by.
pub(super) fn facts(known: &Known<'_>) -> Facts {
    let (mut has, mut lacks) = (Capabilities::NONE, Capabilities::NONE);
    for (name, capability) in NAMES {
        match known.table.and_then(|table| table.capabilities.get(name)) {
            Some(true) => has = has.with(capability),
            Some(false) => lacks = lacks.with(capability),
            None => {}
        }
    }
    Facts {
        group: known.group.into(),
        provider: known.vendor.into(),
        model: known.model.into(),
        region: known.region.map(Arc::from),
        max_input_tokens: known.window.max_input_tokens,
        max_output_tokens: known.window.max_output_tokens,
        has,
        lacks,
        refuses: known.refuses.clone(),
        price: known.price,
        credential: credential(known),
    }
}

/// The same number for the same key of the same vendor; another for every deployment without a key.
fn credential(known: &Known<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    known.vendor.hash(&mut hasher);
    match known.credential.and_then(Credential::secret) {
        Some(secret) => secret.expose().hash(&mut hasher),
        None => known.id.hash(&mut hasher),
    }
    hasher.finish()
}
