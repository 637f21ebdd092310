//! The beginning of a stream, read before anything is told.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use llm_provider_core::{Ingress, UpstreamError};
use llm_transport::Body;
use llm_types::ApiError;

use super::super::pump::{Fed, Pump};
use super::{Asked, Begun, is_json, response_of, says_error};
use crate::serving::Serving;

/// Reads the beginning of a stream: a failure before its first event is still told as a status.
pub(super) async fn begin_stream(
    serving: &Serving,
    ingress: &'static dyn Ingress,
    mut response: Response<Body>,
    mut pump: Pump,
    read_error: impl Fn(Response<&[u8]>) -> UpstreamError,
) -> Result<Asked, ApiError> {
    // Gemini's other stream is a JSON array, and its own dialect's.
    let streams_json = ingress.stream_content_type().starts_with("application/json");
    if !response.status().is_success() || is_json(&response) && !streams_json {
        let success = response.status().is_success();
        let body = response.body_mut().read(serving.max_answer_bytes).await?;
        let (parts, _) = response.into_parts();
        if success && !says_error(&body) {
            return Err(UpstreamError::unreadable(parts.status, &body, "a stream was asked for").into());
        }
        return Err(read_error(response_of(&parts, &body)).into());
    }
    let (parts, mut upstream) = response.into_parts();
    let headers = parts.headers;
    let silence = serving.keepalive.filter(|_| ingress.keepalive().is_some());
    let silence = tokio::time::sleep(silence.unwrap_or(Duration::from_secs(86_400)));
    tokio::pin!(silence);
    // Comments before the first event: as long as nothing else has come, a failure is still told as a status.
    let mut comments = BytesMut::new();
    let begun = |first, upstream, pump, headers| {
        Ok(Asked::Stream(Box::new(Begun { first, upstream, pump, headers, plan: None })))
    };
    loop {
        let next = tokio::select! {
            biased;
            next = upstream.next() => next,
            // The vendor is silent: the head goes out now, and comments keep the line alive.
            () = &mut silence => {
                let first = Fed { out: comments.freeze(), error: None };
                return begun(first, Some(upstream), pump, headers);
            }
        };
        let ended = next.is_none();
        let fed = match next {
            Some(Ok(bytes)) => pump.feed(bytes),
            Some(Err(error)) => return Err(error.into()),
            None => pump.finish(),
        };
        match fed.error {
            Some(error) if !pump.has_begun() => return Err(error),
            error if error.is_some() || ended => {
                return begun(Fed { out: after(comments, fed.out), error }, None, pump, headers);
            }
            _ if pump.has_begun() || comments.len() + fed.out.len() > COMMENT_BYTES => {
                let first = Fed { out: after(comments, fed.out), error: None };
                return begun(first, Some(upstream), pump, headers);
            }
            _ => comments.extend_from_slice(&fed.out),
        }
    }
}

/// Bytes of comments that wait for the first event, at most.
const COMMENT_BYTES: usize = 16 << 10;

/// What was kept, and then this; nothing is copied where nothing was kept.
fn after(mut kept: BytesMut, out: Bytes) -> Bytes {
    if kept.is_empty() {
        return out;
    }
    kept.extend_from_slice(&out);
    kept.freeze()
}
