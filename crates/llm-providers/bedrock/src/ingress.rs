//! Clients that speak Converse, to any model.

mod cited;
mod cut;
mod error;
mod kept;
mod read;
mod stream;
mod write;

use bytes::{Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use llm_provider_core::{ChunkWriter, Dialect, Framing, Incoming, Ingress, IngressError, Outgoing, Reply};
use llm_types::{ApiError, ChatResponse, Usage};

/// Where an error says its type.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Where an answer says the name of its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Reads Converse requests into the canonical form and writes canonical answers as Converse's, whole or as the frames of
/// ConverseStream. Model and streaming stand in the address: the caller sets them.
///
/// # Requests
///
/// [`Ingress::read`] keeps everything that the canonical form has a place for. `additionalModelRequestFields` become the
/// request's own members, as they are the model's own words; `guardrailConfig`, `performanceConfig`, `promptVariables`
/// and `additionalModelResponseFieldPaths` stay in `extra`, where the Bedrock translator finds them. Blocks that only
/// Converse has become parts whose type is the block's one member.
///
/// What the answer sealed for other vendors, see below, stands in its members again.
///
/// # Answers
///
/// What another vendor wants back, and Converse has no place for, is sealed ([`Kept`](llm_provider_core::Kept)): a block
/// of thinking as its `signature`; members of a call as a block of thinking with a signature and no text before it;
/// members of the message as such a block at the end.
///
/// Errors say their type in the header `x-amzn-errortype`, and as `__type` in the body.
/// `metrics.latencyMs` is what Bedrock said, or 0: nobody here has a clock. A stream ends in `metadata`, also where the
/// vendor counted nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConverseIngress;

impl Ingress for ConverseIngress {
    fn dialect(&self) -> Dialect {
        Dialect::BedrockConverse
    }

    fn read(&self, body: &[u8]) -> Result<Incoming, IngressError> {
        read::read(body)
    }

    fn stream_content_type(&self) -> &'static str {
        Framing::EventStream.content_type()
    }

    /// An event stream has no frame that says nothing.
    fn keepalive(&self) -> Option<&'static [u8]> {
        None
    }

    fn write(&self, response: &ChatResponse, reply: &Reply) -> Outgoing {
        let (wire, notes) = write::write(response, reply);
        Outgoing { body: to_bytes(&wire), notes }
    }

    fn writer(&self, reply: &Reply) -> Box<dyn ChunkWriter> {
        Box::new(stream::ConverseWriter::new(reply))
    }

    fn error(&self, error: &ApiError, _reply: &Reply) -> Bytes {
        to_bytes(&error::body(error))
    }

    fn error_status(&self, error: &ApiError) -> u16 {
        error::status(error)
    }

    /// The SDKs show it as `ResponseMetadata.RequestId`.
    fn request_id_header(&self) -> Option<HeaderName> {
        Some(REQUEST_ID)
    }

    /// The SDKs look for the type in a header first.
    fn error_headers(&self, error: &ApiError, headers: &mut HeaderMap) {
        headers.insert(ERROR_TYPE, HeaderValue::from_static(error::name(error)));
    }

    fn error_event(&self, error: &ApiError, _reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        error::write_exception(error, &mut out);
        out.freeze()
    }

    fn cut_short(&self, frames: &[Bytes], usage: &Usage, _reply: &Reply) -> Bytes {
        let mut out = BytesMut::new();
        cut::write(frames, usage, &mut out);
        out.freeze()
    }
}

/// JSON text. Maps with text as names, numbers and strings always have one.
fn to_bytes<T: serde::Serialize>(value: &T) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
