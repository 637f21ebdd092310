//! [`ResponsesRelay`]: requests that pass through as bytes.

mod listener;

use std::borrow::Cow;
use std::sync::Arc;

use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, HostedCall, Kept, Listener, Peek, Relay, RelayOperation, UpstreamError,
};

pub use listener::ResponsesListener;

use super::by_model::bare;
use super::kept::{self, Returned};
use super::options::ResponsesOptions;
use super::wire::{Item, ReasoningItem};
use crate::{error, head};

/// The path of the operation.
pub(super) const PATH: &str = "/responses";

/// Requests in the dialect of the Responses API for a vendor that speaks it. Stored state is the vendor's: whatever a
/// request refers to passes as it is.
///
/// Another vendor's thinking, and what its tools did, is taken out of the input, as the vendor would refuse it.
#[derive(Debug, Clone)]
pub struct ResponsesRelay {
    options: Arc<ResponsesOptions>,
}

impl ResponsesRelay {
    /// For one vendor.
    pub fn new(options: ResponsesOptions) -> Self {
        Self { options: Arc::new(options) }
    }

    /// The input without what other vendors thought, if there is any of it.
    fn input_edits(&self, peek: &Peek<'_>) -> Option<Vec<Edit>> {
        let may_be_foreign = |input: &&str| Kept::may_be_in(input) || HostedCall::may_be_in(input);
        let Some(input) = peek.raw("input").filter(may_be_foreign) else {
            return Some(Vec::new());
        };
        let items: Vec<serde_json::Value> = serde_json::from_str(input).ok()?;
        let mut edits = Vec::new();
        let mut sent = Vec::with_capacity(items.len());
        let left_out = |index: usize, reason: &'static str| {
            // A member of this name does not exist, so that the edit is a note and nothing more.
            Edit::Remove { name: Cow::Owned(format!("input[{index}]")), reason: reason.into() }
        };
        for (index, item) in items.into_iter().enumerate() {
            if item["type"] != "reasoning" && item["id"].as_str().is_some_and(HostedCall::is_made) {
                edits.push(left_out(index, "another vendor's tool ran it"));
                continue;
            }
            if item["type"] != "reasoning" {
                sent.push(item);
                continue;
            }
            let reasoning: ReasoningItem = llm_types::from_value(item.clone()).ok()?;
            match kept::returned(&reasoning, &self.options.vendor) {
                Returned::AsItIs => sent.push(item),
                Returned::Restored(own) => sent.push(serde_json::to_value(Item::Reasoning(*own)).ok()?),
                Returned::Foreign => edits.push(left_out(index, "another vendor's thinking")),
            }
        }
        edits.push(Edit::Set { name: "input".into(), json: serde_json::Value::Array(sent).to_string() });
        Some(edits)
    }
}

impl Relay for ResponsesRelay {
    fn dialect(&self) -> Dialect {
        Dialect::OpenAiResponses
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        let mut edits = self.input_edits(peek)?;
        if let Some(model) = bare(call.model) {
            edits.push(Edit::set_text("model", model));
        }
        Some(edits)
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<http::request::Parts, EncodeError> {
        match operation {
            RelayOperation::Chat | RelayOperation::ChatStream => head::post(PATH, &self.options.wire, call),
            RelayOperation::Embeddings | RelayOperation::Rerank | RelayOperation::CountTokens => {
                Err(EncodeError::unsupported("", "this dialect of OpenAI's has answers alone"))
            }
        }
    }

    fn error(&self, response: http::Response<&[u8]>) -> UpstreamError {
        error::read(&response, &self.options.wire.answer.error_codes)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::new(ResponsesListener::new(Arc::clone(&self.options)))
    }
}

#[cfg(test)]
mod tests;
