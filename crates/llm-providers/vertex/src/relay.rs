//! Requests passed through as bytes: Gemini's to Gemini, Anthropic's to Claude.

use http::{Response, request};
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Listener, Peek, Provider as _, Relay, RelayOperation, UpstreamError,
};
use llm_provider_gemini::generate;

use crate::chat::{SERVERS, body_edits};
use crate::error;
use crate::model::{Family, Model};
use crate::place::{self, Verb};
use crate::vendor::is_gemini;

/// Gemini's dialect to Gemini.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GeminiRelay;

/// Anthropic's dialect to Claude.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClaudeRelay;

impl Relay for GeminiRelay {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
    }

    fn model_in_body(&self) -> bool {
        false
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        is_gemini(call.model).then(|| generate::edits(peek, call.model))
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        let verb = match operation {
            RelayOperation::Chat => Verb::Generate,
            RelayOperation::ChatStream => Verb::Stream,
            _ => return Err(EncodeError::unsupported("", "only chat is passed through")),
        };
        place::head(place::of_model(place::BETA, Model::of(call.model), verb, call)?, call)
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        generate::listener()
    }
}

impl Relay for ClaudeRelay {
    fn dialect(&self) -> Dialect {
        Dialect::AnthropicMessages
    }

    fn model_in_body(&self) -> bool {
        false
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if Model::of(call.model).family != Family::Claude {
            return None;
        }
        if peek.has(SERVERS) {
            return None;
        }
        let mut edits = Relay::edits(&Anthropic, peek, call)?;
        edits.extend(body_edits(peek));
        Some(edits)
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        let model = Model::of(call.model);
        let uri = match operation {
            RelayOperation::Chat => place::of_model(place::STABLE, model, Verb::RawPredict, call)?,
            RelayOperation::ChatStream => {
                place::of_model(place::STABLE, model, Verb::StreamRawPredict, call)?
            }
            _ => return Err(EncodeError::unsupported("", "only chat is passed through")),
        };
        place::head(uri, call)
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Anthropic.relay(Dialect::AnthropicMessages).map_or_else(generate::listener, |relay| relay.listener())
    }
}
