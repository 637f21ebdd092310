//! Chat over either wire.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, StreamDecoder, Translator, UpstreamError,
};
use llm_provider_envelope::modern;
use llm_provider_openai::{Changes, ChatWire, ResponsesWire};
use llm_types::{ChatRequest, ChatResponse, Extra};
use serde_json::{Value, json};

use crate::route::{Route, route};
use crate::sources::Sources;
use crate::stream::EitherInterpret;
use crate::{agent, rest, sonar};

/// Chat over the Agent API, and over Sonar chat.
#[derive(Debug)]
pub(crate) struct PerplexityChat {
    agent: ResponsesWire,
    sonar: ChatWire,
}

impl PerplexityChat {
    pub(crate) fn new() -> Self {
        Self { agent: agent::wire(), sonar: ChatWire::new(sonar::options()) }
    }
}

impl Translator<Chat> for PerplexityChat {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let mut request = request.clone();
        modern(&mut request, &mut changes);
        match route(call)? {
            Route::Agent(uri) => agent::encode(&self.agent, uri, &request, call, changes),
            Route::Sonar(uri) => {
                sonar::prepare(&mut request, &mut changes);
                let call = Call { base_url: None, ..call.clone() };
                let mut encoded = self.sonar.encode_changed(&request, &call, changes)?;
                *encoded.request.uri_mut() = uri;
                Ok(encoded)
            }
        }
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        let body: Option<Value> = serde_json::from_slice(response.body()).ok();
        let Some(body) = body.filter(|body| body.get("output").is_some() || body.get("status").is_some())
        else {
            let mut decoded = self.sonar.decode(response)?;
            if let Decoded::Answer(answer) = &mut decoded {
                Sources::of_sonar(&answer.extra).annotate(answer);
            }
            return Ok(decoded);
        };
        let sources = Sources::of(&body);
        let rest = rest::of_response(&body);
        let bytes = canonical(body).to_string();
        let (parts, original) = response.into_parts();
        let keep = |error| UpstreamError { body: Bytes::copy_from_slice(original), ..error };
        match self.agent.decode(Response::from_parts(parts, bytes.as_bytes())).map_err(keep)? {
            Decoded::Answer(mut answer) => {
                if !sources.is_empty() {
                    sources.annotate(&mut answer);
                    answer.extra.extend(sources.members());
                }
                if !rest.is_empty() {
                    answer.provider_specific_fields.get_or_insert_with(Extra::new).extend(rest);
                }
                Ok(Decoded::Answer(answer))
            }
            again => Ok(again),
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        let interpret = EitherInterpret::new(self.agent.interpret(), Arc::new(sonar::options()));
        Box::new(StreamDecoder::sse(interpret))
    }
}

/// Names the cached tokens of a response as OpenAI does.
pub(crate) fn canonical(mut response: Value) -> Value {
    if let Some(details) = response.pointer_mut("/usage/input_tokens_details").and_then(Value::as_object_mut)
    {
        if let Some(read) = details.get("cache_read_input_tokens").filter(|read| !read.is_null()).cloned() {
            details.entry("cached_tokens").or_insert(read);
        }
        if let Some(written) = details.get("cache_creation_input_tokens").filter(|n| !n.is_null()).cloned() {
            details.entry("cache_write_tokens").or_insert(written);
        }
    }
    // A refusal of status 200 is one all the same, whatever it calls itself.
    if response["status"] == "cancelled" && response["error"].is_null() {
        response["error"] = json!({ "message": "the answer was cancelled", "code": "cancelled" });
    }
    response
}
