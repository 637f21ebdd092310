//! From a translator's payload to the bytes of a body.

use bytes::{Bytes, BytesMut};
use llm_provider_core::{Payload, Segment};

use crate::error::{TransportError, TransportErrorKind};

/// Joins a payload, taking named parts from `part`. Bytes, and a payload of a single piece, are not copied.
///
/// # Errors
/// [`TransportErrorKind::InvalidRequest`] when `part` does not know a name.
pub fn payload_bytes(
    payload: Payload,
    part: impl Fn(&str) -> Option<Bytes>,
) -> Result<Bytes, TransportError> {
    let segments = match payload {
        Payload::Bytes(bytes) => return Ok(bytes),
        Payload::Segments(segments) => segments,
    };
    let mut pieces = Vec::with_capacity(segments.len());
    for segment in segments {
        pieces.push(match segment {
            Segment::Bytes(bytes) => bytes,
            Segment::Part(name) => part(&name).ok_or_else(|| {
                TransportError::unsent(TransportErrorKind::InvalidRequest)
                    .with_source(format!("the request has no part named `{name}`"))
            })?,
        });
    }
    if pieces.len() == 1 {
        return Ok(pieces.swap_remove(0));
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in pieces {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments() -> Payload {
        let text = |text: &'static str| Segment::Bytes(Bytes::from_static(text.as_bytes()));
        Payload::Segments(vec![text("a-"), Segment::Part("file".into()), text("-c")])
    }

    #[test]
    fn parts_are_put_in_their_places() {
        let part = |name: &str| (name == "file").then(|| Bytes::from_static(b"b"));
        assert_eq!(payload_bytes(segments(), part).unwrap(), "a-b-c");
    }

    #[test]
    fn a_part_that_is_not_there_is_named() {
        let error = payload_bytes(segments(), |_| None).unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::InvalidRequest, false));
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("`file`"), "{source}");
    }
}
