//! HTTP/2: many requests on one connection, and more connections before their streams run out.
//!
//! h2 itself, not hyper's client over it: only h2's connection tells its driver at once when the peer's limit of
//! streams arrives or changes, and it needs no task per request.

mod links;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, Version};

pub(super) use self::links::Links;
#[cfg(feature = "reqwest")]
pub(crate) use self::links::SMALL_FRAME_FACTOR;
pub(crate) use self::stream::Http2Body;
use self::stream::Upload;
use super::connect::Connector;
use super::origin::{Origin, invalid};
use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind};
use crate::options::Timeouts;
use crate::timer::Timer;

/// Sends one request on a connection with a free stream, opening one if there is none.
pub(super) async fn send(
    origin: &Arc<Origin>,
    connector: &Arc<Connector>,
    parts: Parts,
    body: Bytes,
    timer: &mut Timer,
    timeouts: &Timeouts,
) -> Result<Response<Body>, TransportError> {
    let head = Request::from_parts(http2_form(parts, body.len()), ());
    let (ticket, mut sender) = timer
        .within(
            timeouts.connect,
            TransportErrorKind::ConnectTimeout,
            origin.http2.acquire(&origin.target, connector, timeouts.connect),
        )
        .await
        .map_err(TransportError::unsent)??;

    let (answer, stream) = sender.send_request(head, body.is_empty()).map_err(|error| {
        // Refused before it was queued.
        if error.is_io() || error.is_go_away() {
            TransportError::unsent(TransportErrorKind::Closed).with_source(error)
        } else {
            invalid(error)
        }
    })?;
    let mut upload = Upload::new(stream, body);
    let mut answer = std::pin::pin!(answer);
    let answer = std::future::poll_fn(|cx| {
        upload.advance(cx);
        answer.as_mut().poll(cx)
    });
    let response = timer
        .within(timeouts.first_byte, TransportErrorKind::FirstByteTimeout, answer)
        .await
        .map_err(TransportError::after_send)?
        .map_err(TransportError::from_h2)?;
    Ok(response.map(|received| Body::http2(Http2Body::new(received, upload, ticket))))
}

/// What HTTP/2 says in other ways is taken out, the length put in.
///
/// Source: RFC 9113, 8.2.2 (connection-specific header fields).
fn http2_form(mut parts: Parts, body_bytes: usize) -> Parts {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
    for name in [HOST, CONNECTION, TRANSFER_ENCODING, UPGRADE, TE, KEEP_ALIVE, PROXY_CONNECTION] {
        parts.headers.remove(name);
    }
    if body_bytes > 0 || matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
        parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(body_bytes));
    }
    parts.version = Version::HTTP_2;
    parts
}
