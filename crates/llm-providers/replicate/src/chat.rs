//! Chat as predictions.

use http::{HeaderName, HeaderValue, Response, Uri};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, NoteKind, SigV4, Translator, UpstreamError,
    header_text,
};
use llm_provider_envelope::{
    Envelope, EnvelopeWire, Opener, address, leave_out, leave_out_parts, one_limit, plain_history,
    said_by_prompt, texts_only, unplaced,
};
use llm_provider_openai::{AnswerOptions, Changes, OutputLimit, RequestOptions, ThinkingMember, WireOptions};
use llm_types::{ChatRequest, ChatResponse, ContentPart, Extra};
use serde_json::{Value, json};

use crate::events::{self, Events};
use crate::prediction::{self, Standing};
use crate::{prompt, vendor};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The member in which the image waits until the input is written.
const IMAGE: &str = "image";

/// Members of OpenAI's requests that no model there takes.
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
    "safety_identifier",
    "service_tier",
    "store",
    "stream_options",
    "tool_choice",
    "tools",
    "top_logprobs",
    "user",
    "web_search_options",
];

/// Chat over predictions, which may not be ready when they are asked for.
#[derive(Debug)]
pub(crate) struct Predictions {
    wire: EnvelopeWire<Input>,
}

impl Predictions {
    pub(crate) fn new() -> Self {
        let options = WireOptions {
            base_url: vendor::BASE_URL.to_owned(),
            request: RequestOptions {
                limit: OutputLimit::AsGiven,
                stream_usage: false,
                thinking: ThinkingMember::Effort,
                top_k: true,
                ..RequestOptions::default()
            },
            answer: AnswerOptions { think_tags: true, ..AnswerOptions::default() },
            ..WireOptions::default()
        };
        Self { wire: EnvelopeWire::new(Input, options) }
    }
}

impl Translator<Chat> for Predictions {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut encoded = self.wire.encode(request, call)?;
        if !request.streams() {
            encoded.request.headers_mut().entry(PREFER).or_insert(HeaderValue::from_static("wait"));
        }
        Ok(encoded)
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if !response.status().is_success() {
            return self.wire.decode(response);
        }
        let body = *response.body();
        let is_stream = header_text(response.headers(), "content-type")
            .is_some_and(|kind| kind.starts_with("text/event-stream"));
        let prediction: Value = if is_stream {
            let ended = events::whole(body).map_err(|failure| *failure)?;
            ended.ok_or_else(|| {
                UpstreamError::unreadable(response.status(), body, "the stream ended too early")
            })?
        } else {
            serde_json::from_slice(body)
                .map_err(|why| UpstreamError::unreadable(response.status(), body, why))?
        };
        match prediction::standing(&prediction, response.status().as_u16(), body) {
            Standing::NotYet(request, after_ms) => Ok(Decoded::Again { request, after_ms }),
            Standing::Failed(failure) => Err(*failure),
            Standing::Ready => {
                let bytes = prediction.to_string();
                self.wire.decode(Response::new(bytes.as_bytes()))
            }
        }
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        self.wire.decoder()
    }
}

/// The input of a prediction.
#[derive(Debug)]
struct Input;

impl Envelope for Input {
    fn prepare(
        &self,
        request: &mut ChatRequest,
        _call: &Call<'_>,
        changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        leave_out(request, LACKS, changes);
        one_limit(request, changes);
        unplaced(request, changes);
        said_by_prompt(request, changes);
        plain_history(request, changes);
        leave_out_parts(request, changes, |part| {
            matches!(part, ContentPart::Text(_) | ContentPart::ImageUrl(_))
        });
        if let Some(image) = prompt::first_image(request, changes) {
            request.extra.insert(IMAGE.to_owned(), image.into());
        }
        texts_only(request, changes);
        prompt::calls_as_text(request, changes);
        prompt::names(request, changes);
        for (index, message) in request.messages.iter_mut().enumerate() {
            for (name, _) in std::mem::take(&mut message.extra) {
                let path = format!("messages[{index}].{name}");
                changes.lost(NoteKind::Dropped, path, "a transcript has no such member");
            }
        }
        Ok(())
    }

    fn address(&self, _: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError> {
        let base = call.base_url_or(vendor::BASE_URL);
        let steps = |name: &str| name.split('/').map(SigV4::percent_encode).collect::<Vec<_>>().join("/");
        let path = match (call.model.strip_prefix("deployments/"), version(call.model)) {
            (Some(name), _) => format!("/deployments/{}/predictions", steps(name)),
            (None, Some(_)) => "/predictions".to_owned(),
            (None, None) => format!("/models/{}/predictions", steps(call.model)),
        };
        address(base, &path)
    }

    fn wrap(&self, mut body: Extra, request: &ChatRequest, call: &Call<'_>) -> Result<Extra, EncodeError> {
        let mut input = Extra::new();
        prompt::conversation(&request.messages, &mut input);
        for name in ["model", "messages", "stream"] {
            body.shift_remove(name);
        }
        body.retain(|_, value| !value.is_null());
        input.extend(body);
        prompt::members(call.model, &mut input);
        let mut whole = Extra::new();
        if let Some(version) = version(call.model) {
            whole.insert("version".to_owned(), version.into());
        }
        whole.insert("input".to_owned(), input.into());
        if request.streams() {
            whole.insert("stream".to_owned(), json!(true));
        }
        Ok(whole)
    }

    fn unwrap(&self, prediction: Value) -> Value {
        prediction::answer(&prediction)
    }

    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Events::default())
    }
}

/// The version that a model's name ends in, or is.
fn version(model: &str) -> Option<&str> {
    if let Some((_, version)) = model.split_once(':') {
        return Some(version);
    }
    let is_hash = model.len() == 64 && model.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(model)
}
