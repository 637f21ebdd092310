//! Requests that pass through Foundry as bytes: OpenAI chat, Anthropic's Messages to Claude, and Responses to OpenAI's
//! models.

use http::request::Parts;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Listener, Peek, Relay, RelayOperation, UpstreamError,
};
use llm_provider_openai::ChatRelay;

use super::family::{Family, Reached, reach};
use super::{betas, models};
use crate::azure::{AzureResponses, wire};

/// OpenAI chat.
#[derive(Debug, Clone)]
pub(super) struct ChatSide {
    models: ChatRelay,
    openai: ChatRelay,
}

impl ChatSide {
    pub(super) fn new(models: ChatRelay) -> Self {
        Self { models, openai: ChatRelay::new(wire()) }
    }
}

impl Relay for ChatSide {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiChat
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let Reached { family, prepared } = reach(call).ok()?;
        if !prepared.is_named_alike(call) {
            return None;
        }
        match family {
            Family::Models if models::touches(peek) => None,
            Family::Models => self.models.edits(peek, &prepared.call(call)),
            Family::OpenAi => self.openai.edits(peek, &prepared.call(call)),
            Family::Claude => None,
        }
    }

    fn takes_include_usage(&self) -> bool {
        true
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<Parts, EncodeError> {
        let Reached { prepared, .. } = reach(call)?;
        self.openai.head(operation, &prepared.call(call))
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.openai.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.openai.listener()
    }
}

/// Anthropic's Messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessagesSide;

impl Relay for MessagesSide {
    fn dialect(&self) -> Dialect {
        Dialect::AnthropicMessages
    }

    fn carries(&self, operation: RelayOperation) -> bool {
        Relay::carries(&Anthropic, operation)
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let Reached { family, prepared } = reach(call).ok()?;
        if family != Family::Claude || !prepared.is_named_alike(call) {
            return None;
        }
        Relay::edits(&Anthropic, peek, &prepared.call(call))
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<Parts, EncodeError> {
        let Reached { prepared, .. } = reach(call)?;
        let mut parts = Relay::head(&Anthropic, operation, &prepared.call(call))?;
        betas::without_refused(&mut parts.headers);
        Ok(parts)
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        Relay::error(&Anthropic, response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Relay::listener(&Anthropic)
    }
}

/// OpenAI's Responses.
#[derive(Debug, Clone)]
pub(super) struct ResponsesSide(AzureResponses);

impl ResponsesSide {
    pub(super) fn new() -> Self {
        Self(AzureResponses::new())
    }
}

impl Relay for ResponsesSide {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiResponses
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let Reached { family, .. } = reach(call).ok()?;
        if family == Family::OpenAi { self.0.edits(peek, call) } else { None }
    }

    fn takes_include_usage(&self) -> bool {
        self.0.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<Parts, EncodeError> {
        self.0.head(operation, call)
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.0.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.0.listener()
    }
}
