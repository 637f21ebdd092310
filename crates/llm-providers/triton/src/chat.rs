//! Chat by the generate extension, or by plain inference.

mod answer;
mod ask;

use http::Uri;
use llm_provider_core::{Call, EncodeError, Framing};
use llm_provider_envelope::{Envelope, Opener, leave_out, said_by_prompt};
use llm_provider_openai::Changes;
use llm_provider_words::{Keeps, plain};
use llm_types::{ChatRequest, Extra};
use serde_json::Value;

use crate::wire::{Method, method_address};

/// Members of OpenAI's that no model behind Triton has a place for.
const LACKS: &[&str] = &[
    "audio",
    "logit_bias",
    "logprobs",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "store",
    "stream_options",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "user",
    "verbosity",
    "web_search_options",
];

/// A model behind Triton.
#[derive(Debug)]
pub(crate) struct Generate;

impl Envelope for Generate {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        said_by_prompt(request, changes);
        plain(request, Keeps::default(), changes);
        ask::limit(request, call, changes);
        ask::in_one_piece(request, call, changes);
        Ok(())
    }

    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let method = match Method::of(call) {
            Method::Infer => "/infer",
            Method::Generate if request.streams() => "/generate_stream",
            Method::Generate => "/generate",
        };
        method_address(call, method)
    }

    fn wrap(&self, body: Extra, request: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        Ok(match Method::of(call) {
            Method::Generate => ask::generate(body, request.streams()),
            Method::Infer => ask::infer(body),
        })
    }

    fn unwrap(&self, said: Value) -> Value {
        answer::whole(said)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(answer::Pieces::default())
    }

    fn framing(&self) -> Framing {
        // Events, or the one text of `infer`.
        Framing::Lines
    }
}
