//! [`EnvelopeWire`]: chat in OpenAI's form, in a vendor's envelope.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri, request};
use llm_provider_core::{
    Call, Chat, Decoded, Decoder, EncodeError, Encoded, Framing, Payload, StreamDecoder, Translator,
    UpstreamError,
};
use llm_provider_openai::{Changes, ChatInterpret, ChatWire, WireOptions};
use llm_types::{ChatRequest, ChatResponse, Extra};
use serde_json::Value;

use crate::address::elsewhere;
use crate::modern;
use crate::stream::{OpenedInterpret, Opener, Plain};

/// In what a vendor's envelope differs from OpenAI's bare chat.
pub trait Envelope: fmt::Debug + Send + Sync + 'static {
    /// Changes the request before it is written: what the vendor lacks goes, with a note.
    ///
    /// # Errors
    /// A request that cannot be said to this vendor.
    fn prepare(
        &self,
        _request: &mut ChatRequest,
        _call: &Call<'_>,
        _changes: &mut Changes<'_>,
    ) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Where the request goes.
    ///
    /// # Errors
    /// [`EncodeError::Setup`] if a setting is missing.
    fn address(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Uri, EncodeError>;

    /// Puts the body in OpenAI's form into the envelope.
    ///
    /// # Errors
    /// A request that cannot be said to this vendor, or a setting that is missing.
    fn wrap(&self, body: Extra, _request: &ChatRequest, _call: &Call<'_>) -> Result<Extra, EncodeError> {
        Ok(body)
    }

    /// Changes the head once the body is known: headers of the vendor's own, signatures.
    ///
    /// # Errors
    /// [`EncodeError::Setup`] if a setting is missing or wrong.
    fn seal(&self, _parts: &mut request::Parts, _body: &[u8], _call: &Call<'_>) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Takes an answer in OpenAI's form, or nearly, out of the vendor's.
    fn unwrap(&self, answer: Value) -> Value {
        answer
    }

    /// Reads a refusal whose form is the vendor's own; `None` if it is of the usual forms.
    fn refusal(&self, _response: &Response<&[u8]>) -> Option<UpstreamError> {
        None
    }

    /// What opens the events of one stream.
    fn opener(&self) -> Box<dyn Opener> {
        Box::new(Plain)
    }

    /// How a stream is cut into frames.
    fn framing(&self) -> Framing {
        Framing::Sse
    }
}

/// Chat in OpenAI's form, in a vendor's envelope.
#[derive(Debug)]
pub struct EnvelopeWire<E> {
    envelope: E,
    chat: ChatWire,
    options: Arc<WireOptions>,
}

impl<E: Envelope> EnvelopeWire<E> {
    /// A translator; `options` say in what the inside differs from OpenAI's.
    pub fn new(envelope: E, options: WireOptions) -> Self {
        Self { envelope, chat: ChatWire::new(options.clone()), options: Arc::new(options) }
    }

    /// In what the inside differs from OpenAI's.
    pub fn options(&self) -> &WireOptions {
        &self.options
    }

    /// The vendor's envelope.
    pub const fn envelope(&self) -> &E {
        &self.envelope
    }
}

impl<E: Envelope> Translator<Chat> for EnvelopeWire<E> {
    fn encode(&self, request: &ChatRequest, call: &Call<'_>) -> Result<Encoded, EncodeError> {
        let mut changes = Changes::new(call);
        let mut request = request.clone();
        modern(&mut request, &mut changes);
        self.envelope.prepare(&mut request, call, &mut changes)?;
        let encoded = self.chat.encode_changed(&request, &elsewhere(call), changes)?;
        let (mut parts, payload) = encoded.request.into_parts();
        parts.uri = self.envelope.address(&request, call)?;
        let body = self.envelope.wrap(members(payload)?, &request, call)?;
        let body = serde_json::to_vec(&body).map_err(|error| EncodeError::invalid("", error.to_string()))?;
        self.envelope.seal(&mut parts, &body, call)?;
        Ok(Encoded { request: Request::from_parts(parts, body.into()), notes: encoded.notes })
    }

    fn decode(&self, response: Response<&[u8]>) -> Result<Decoded<ChatResponse>, UpstreamError> {
        if let Some(refusal) = self.envelope.refusal(&response) {
            return Err(refusal);
        }
        let opened = response
            .status()
            .is_success()
            .then(|| serde_json::from_slice::<Value>(response.body()).ok())
            .flatten()
            .map(|answer| self.envelope.unwrap(answer).to_string());
        let Some(opened) = opened else { return self.chat.decode(response) };
        let (parts, body) = response.into_parts();
        let keep = |error| UpstreamError { body: Bytes::copy_from_slice(body), ..error };
        self.chat.decode(Response::from_parts(parts, opened.as_bytes())).map_err(keep)
    }

    fn decoder(&self) -> Box<dyn Decoder<Chat>> {
        let chat = ChatInterpret::new(Arc::clone(&self.options));
        let interpret = OpenedInterpret::new(self.envelope.opener(), chat);
        Box::new(StreamDecoder::new(self.envelope.framing(), interpret))
    }
}

/// The members of a body that was just written.
fn members(payload: Payload) -> Result<Extra, EncodeError> {
    let Payload::Bytes(bytes) = payload else {
        return Err(EncodeError::Setup("a chat request has no parts to be filled in".to_owned()));
    };
    serde_json::from_slice(&bytes).map_err(|error| EncodeError::invalid("", error.to_string()))
}
