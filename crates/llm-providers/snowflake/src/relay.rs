//! Requests that pass through as bytes: OpenAI chat, and Anthropic's Messages to Claude.

use http::request::Parts;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Listener, Peek, Relay, RelayOperation, UpstreamError,
};
use llm_provider_openai::ChatRelay;
use memchr::memmem;

use crate::prepared::Prepared;

/// OpenAI chat.
#[derive(Debug, Clone)]
pub(crate) struct ChatSide(pub(crate) ChatRelay);

/// Whether messages name media by an address: those are fetched for the vendor.
fn has_remote(peek: &Peek<'_>) -> bool {
    peek.raw("messages").is_some_and(|messages| {
        memmem::find_iter(messages.as_bytes(), b"\"url\"").any(|at| {
            let value = messages[at + 5..].trim_start_matches([' ', '\t', '\n', '\r', ':']);
            !value.starts_with("\"data:")
        }) || memmem::find(messages.as_bytes(), b"\"file\"").is_some()
    })
}

impl Relay for ChatSide {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiChat
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if has_remote(peek) { None } else { self.0.edits(peek, call) }
    }

    fn takes_include_usage(&self) -> bool {
        self.0.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<Parts, EncodeError> {
        self.0.head(operation, &Prepared::new(call)?.call(call))
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        self.0.error(response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.0.listener()
    }
}

/// Anthropic's Messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessagesSide;

impl Relay for MessagesSide {
    fn dialect(&self) -> Dialect {
        Dialect::AnthropicMessages
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if call.model.contains("claude") { Relay::edits(&Anthropic, peek, call) } else { None }
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<Parts, EncodeError> {
        Relay::head(&Anthropic, operation, &Prepared::new(call)?.call(call))
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        Relay::error(&Anthropic, response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Relay::listener(&Anthropic)
    }
}
