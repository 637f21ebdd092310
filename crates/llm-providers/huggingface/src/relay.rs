//! Requests that pass through as bytes: to servers in OpenAI's form, and where the model's name needs no change.

use std::borrow::Cow;
use std::sync::Arc;

use http::{Response, request};
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Listener, Peek, Relay, RelayOperation, UpstreamError,
};
use llm_provider_openai::{ChatRelay, WireOptions};

use crate::error;
use crate::place::{self, ChatPlace};

/// OpenAI's dialect at the router and at dedicated servers.
#[derive(Debug, Clone)]
pub(crate) struct HuggingFaceRelay {
    relay: ChatRelay,
    options: Arc<WireOptions>,
}

impl HuggingFaceRelay {
    pub(crate) fn new(options: &Arc<WireOptions>) -> Self {
        Self { relay: ChatRelay::new(WireOptions::clone(options)), options: Arc::clone(options) }
    }
}

impl Relay for HuggingFaceRelay {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiChat
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        if matches!(place::chat(call), ChatPlace::Tgi(_)) || matches!(place::model(call), Cow::Owned(_)) {
            return None;
        }
        self.relay.edits(peek, call)
    }

    fn takes_include_usage(&self) -> bool {
        self.relay.takes_include_usage()
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        let ChatPlace::OpenAi(base) = place::chat(call) else {
            return Err(EncodeError::unsupported("", "this server speaks TGI's own form"));
        };
        let call = Call { base_url: Some(&base), ..call.clone() };
        let mut parts = self.relay.head(operation, &call)?;
        place::bill_to(&call, &mut parts.headers)?;
        Ok(parts)
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response, &self.options)
    }

    fn listener(&self) -> Box<dyn Listener> {
        self.relay.listener()
    }
}
