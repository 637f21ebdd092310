//! Anthropic's Messages passed through to Claude.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use http::request::Parts;
use llm_provider_anthropic::Anthropic;
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Listener, Peek, Relay, RelayOperation, UpstreamError,
};

use crate::address;
use crate::request::is_claude;

/// Messages as bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessagesRelay;

impl Relay for MessagesRelay {
    fn dialect(&self) -> Dialect {
        Dialect::AnthropicMessages
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if is_claude(call.model) { Relay::edits(&Anthropic, peek, call) } else { None }
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<Parts, EncodeError> {
        let base = address::messages(call)?;
        let mut headers = HeaderMap::new();
        if let Some(key) = call.key() {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose()))
                .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for name in call.headers.keys() {
            headers.remove(name);
        }
        headers.extend(call.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        let call = Call { base_url: Some(&base), headers: &headers, credential: None, ..call.clone() };
        Relay::head(&Anthropic, operation, &call)
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        Relay::error(&Anthropic, response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Relay::listener(&Anthropic)
    }
}
