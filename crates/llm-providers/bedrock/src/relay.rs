//! Converse passed through as bytes, signed last where the deployment has keys that sign.

mod thinking;

use http::{HeaderMap, Response, StatusCode, request};
use llm_provider_core::{
    Call, Dialect, Edit, EncodeError, Framing, Heard, Listener, Peek, Relay, RelayOperation, Seen,
    UpstreamError,
};
use llm_types::Usage;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::converse::decode::finish_reason;
use crate::head::{self, Endpoint};
use crate::model::{Door, Model};
use crate::wire::{MessageStop, Metadata, StopReason, TokenUsage};
use crate::{Bedrock, error, usage};

impl Relay for Bedrock {
    fn dialect(&self) -> Dialect {
        Dialect::BedrockConverse
    }

    fn model_in_body(&self) -> bool {
        false
    }

    fn framing(&self) -> Framing {
        Framing::EventStream
    }

    fn edits(&self, peek: &Peek<'_>, call: &Call<'_>) -> Option<Vec<Edit>> {
        // Betas travel inside of the body.
        let has_betas = call.headers.contains_key("anthropic-beta");
        let model = Model::of(call.model);
        (!has_betas && model.door == Door::Converse).then(|| thinking::edits(peek, &model))
    }

    fn takes_include_usage(&self) -> bool {
        false
    }

    fn head(&self, operation: RelayOperation, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
        let endpoint = match operation {
            RelayOperation::Chat => Endpoint::Converse,
            RelayOperation::ChatStream => Endpoint::ConverseStream,
            RelayOperation::CountTokens | RelayOperation::Embeddings | RelayOperation::Rerank => {
                return Err(EncodeError::unsupported("", "this dialect has chat alone"));
            }
        };
        head::head(endpoint, &Model::of(call.model), call, &HeaderMap::new())
    }

    fn sign(&self, parts: &mut request::Parts, body: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
        head::sign(parts, &Model::of(call.model), call, body)
    }

    fn error(&self, response: Response<&[u8]>) -> UpstreamError {
        error::read(&response)
    }

    fn listener(&self) -> Box<dyn Listener> {
        Box::<ConverseListener>::default()
    }
}

/// Listens to one answer. Only its end and failures are read as JSON.
#[derive(Debug, Default)]
struct ConverseListener {
    seen: Seen,
    own: Option<Value>,
    has_calls: bool,
    failure: Option<UpstreamError>,
}

/// What is heard of a whole answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    output: Option<IgnoredAny>,
    #[serde(default, rename = "stopReason")]
    stop_reason: Option<StopReason>,
    #[serde(default)]
    usage: Option<TokenUsage>,
    #[serde(default, rename = "additionalModelResponseFields")]
    own: Option<Value>,
}

impl Listener for ConverseListener {
    fn frame(&mut self, frame: &[u8]) -> Heard {
        let Ok(event) = Framing::EventStream.event(frame) else { return Heard::Other };
        let name = String::from_utf8_lossy(event.event);
        match &*name {
            "contentBlockDelta" => {
                // The members around the words, and the padding beside them, are no words.
                hear(&mut self.seen, &event.data);
                Heard::Content
            }
            "contentBlockStart" => {
                self.has_calls |= event.data.windows(9).any(|window| window == b"\"toolUse\"");
                Heard::Content
            }
            "messageStop" => {
                if let Ok(stop) = serde_json::from_slice::<MessageStop>(&event.data) {
                    self.seen.finish_reason = Some(finish_reason(Some(&stop.stop_reason), self.has_calls));
                    self.own = stop.additional_model_response_fields.into_option();
                }
                // Usage comes after it, and ends the stream.
                self.seen.complete = true;
                Heard::Other
            }
            "metadata" => {
                if let Ok(metadata) = serde_json::from_slice::<Metadata>(&event.data) {
                    self.count(metadata.usage.get());
                }
                Heard::End
            }
            name if error::is_exception(name, &event.data) => {
                self.failure = Some(error::in_stream(name, &event.data));
                Heard::Failure
            }
            _ => Heard::Other,
        }
    }

    fn body(&mut self, body: &[u8]) {
        match serde_json::from_slice::<Answer>(body) {
            Ok(answer) => {
                self.seen.complete = answer.output.is_some();
                self.own = answer.own;
                let called = answer.stop_reason == Some(StopReason::ToolUse);
                self.seen.finish_reason = answer.stop_reason.map(|stop| finish_reason(Some(&stop), called));
                self.count(answer.usage.as_ref());
            }
            Err(why) => self.failure = Some(UpstreamError::unreadable(StatusCode::OK, body, why)),
        }
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }

    fn failure(&mut self) -> Option<UpstreamError> {
        self.failure.take()
    }
}

impl ConverseListener {
    fn count(&mut self, told: Option<&TokenUsage>) {
        let counted = told.map(|told| usage::canonical(told, self.own.as_ref()));
        self.seen.usage = counted.filter(|usage| *usage != Usage::default());
    }
}

/// Takes note of text, thinking or input in a delta: for an estimate.
fn hear(seen: &mut Seen, data: &[u8]) {
    #[derive(Deserialize)]
    struct Event {
        delta: Value,
    }
    fn texts(seen: &mut Seen, value: &Value) {
        match value {
            Value::String(text) => seen.wrote(text.as_bytes()),
            Value::Object(members) => members
                .iter()
                .filter(|(name, _)| *name != "signature" && *name != "redactedContent")
                .for_each(|(_, value)| texts(seen, value)),
            _ => {}
        }
    }
    if let Ok(event) = serde_json::from_slice::<Event>(data) {
        texts(seen, &event.delta);
    }
}
