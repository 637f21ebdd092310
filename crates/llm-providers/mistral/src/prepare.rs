//! A request as Mistral takes it, as far as OpenAI's wire does not see to it.
//!
//! Source: Mistral AI API reference, "Chat Completion", and docs "Function calling", "Vision", "Document QnA",
//! "Audio", "Reasoning", "Prefix", read 2026-11.

mod ids;
mod messages;
mod tools;

use std::borrow::Cow;

use llm_provider_core::EncodeError;
use llm_provider_openai::Changes;
use llm_types::ChatRequest;

pub(crate) use ids::is_short;
pub(crate) use tools::KEYWORDS;

/// A request on its way to Mistral: copied when the first change is made.
type Request<'a> = Cow<'a, ChatRequest>;

/// Brings a request into Mistral's form.
pub(crate) fn prepare<'a>(
    request: &'a ChatRequest,
    changes: &mut Changes<'_>,
) -> Result<Request<'a>, EncodeError> {
    let mut request = Cow::Borrowed(request);
    tools::legacy(&mut request, changes)?;
    tools::tools(&mut request, changes);
    tools::choice(&mut request, changes);
    messages::messages(&mut request, changes);
    Ok(request)
}
