//! Bounds on what the gateway holds at once: requests in flight and bytes of their bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use http_body::Body;
use http_body_util::BodyExt;
use llm_types::{ApiError, ErrorKind, Layer};

use crate::error::overloaded;

/// Counts against a bound.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds `amount` if the sum stays within `bound`.
    pub fn try_add(self: &Arc<Self>, amount: u64, bound: u64) -> Option<Held> {
        let mut held = Held { gauge: self.clone(), amount: 0 };
        held.try_grow(amount, bound).then_some(held)
    }
}

/// A share of a [`Gauge`], given back when dropped.
#[derive(Debug)]
pub struct Held {
    gauge: Arc<Gauge>,
    amount: u64,
}

impl Held {
    /// Adds `amount` to the share if the sum stays within `bound`.
    pub fn try_grow(&mut self, amount: u64, bound: u64) -> bool {
        let before = self.gauge.0.fetch_add(amount, Ordering::Relaxed);
        if before.saturating_add(amount) > bound {
            self.gauge.0.fetch_sub(amount, Ordering::Relaxed);
            return false;
        }
        self.amount += amount;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(self.amount, Ordering::Relaxed);
    }
}

/// How much of a body may be read.
#[derive(Debug, Clone, Copy)]
pub struct BodyBounds {
    /// Bytes of one body.
    pub max_body_bytes: u64,
    /// Bytes of all bodies held at once.
    pub max_held_bytes: u64,
    /// Levels of nested arrays and objects.
    pub max_json_depth: usize,
    /// Time between two pieces.
    pub patience: Duration,
}

/// A client's body and its share of the bytes held.
#[derive(Debug)]
pub struct HeldBody {
    /// The bytes.
    pub bytes: Bytes,
    /// Their share of the bound, given back when dropped.
    pub held: Held,
}

/// Reads a whole body within its bounds.
///
/// # Errors
/// 413 if it is too large, 503 if the gateway holds too much already, 400 if it is cut off or nested too deeply.
pub async fn read_body<B>(body: B, held: &Arc<Gauge>, bounds: BodyBounds) -> Result<HeldBody, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let too_large = || {
        let message = format!("the body is larger than {} bytes", bounds.max_body_bytes);
        ApiError::new(ErrorKind::PayloadTooLarge, Layer::Limit, message).with_code("request_too_large")
    };
    let full = || overloaded("too many bytes of requests are held");
    let announced = body.size_hint().lower();
    if announced > bounds.max_body_bytes {
        return Err(too_large());
    }
    let mut share = held.try_add(announced, bounds.max_held_bytes).ok_or_else(full)?;
    let mut body = body;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0_u64;
    while let Some(frame) = next_frame(&mut body, bounds.patience).await? {
        let frame = frame.map_err(|error| {
            ApiError::new(ErrorKind::InvalidRequest, Layer::Client, format!("the body was cut off: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len() as u64;
        if length > bounds.max_body_bytes {
            return Err(too_large());
        }
        let more = length.saturating_sub(announced.max(length - data.len() as u64));
        if more > 0 && !share.try_grow(more, bounds.max_held_bytes) {
            return Err(full());
        }
        // Most bodies come in one piece, which is kept as it is.
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.reserve(usize::try_from(announced).unwrap_or(0).max(first.len() + data.len()));
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    let bytes = if rest.is_empty() { first } else { rest.freeze() };
    check_depth(&bytes, bounds.max_json_depth)?;
    Ok(HeldBody { bytes, held: share })
}

/// The next piece; a client that does not send it in time is told so.
async fn next_frame<B: Body + Unpin>(
    body: &mut B,
    patience: Duration,
) -> Result<Option<Result<http_body::Frame<B::Data>, B::Error>>, ApiError> {
    // Mostly it is there already, and then no clock is needed.
    if let Some(frame) = body.frame().now_or_never() {
        return Ok(frame);
    }
    tokio::time::timeout(patience, body.frame()).await.map_err(|_elapsed| {
        let message = format!("nothing of the body has come for {} ms", patience.as_millis());
        ApiError::new(ErrorKind::Timeout, Layer::Client, message).with_code("request_timeout")
    })
}

/// Refuses JSON that is nested more deeply than `max` levels, in one pass that skips over strings.
fn check_depth(json: &[u8], max: usize) -> Result<(), ApiError> {
    // Where less is opened than there may be levels, nothing is nested too deeply. Worth it for short texts, which have
    // short strings to skip over.
    const SHORT: usize = 4 << 10;
    if json.len() <= SHORT && openings(json) <= max {
        return Ok(());
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => {
                at += 1;
                // To the closing quote; an escaped character is stepped over.
                while let Some(found) = memchr::memchr2(b'"', b'\\', &json[at.min(json.len())..]) {
                    at += found + 1;
                    if json[at - 1] == b'"' {
                        break;
                    }
                    at += 1;
                    if at >= json.len() {
                        return Ok(());
                    }
                }
                if json.get(at.wrapping_sub(1)) != Some(&b'"') {
                    return Ok(());
                }
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > max {
                    let message = format!("the body is nested more than {max} levels deep, at byte {at}");
                    return Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
                        .with_code("json_too_deep"));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// How many brackets and braces are opened, strings included. Summed up in pieces whose sums fit into a byte, so that
/// many bytes are looked at at once.
fn openings(json: &[u8]) -> usize {
    // The two differ in one bit.
    let opens = |byte: &u8| u8::from(byte | 0x20 == b'{');
    json.chunks(255).map(|piece| usize::from(piece.iter().map(opens).sum::<u8>())).sum()
}

#[cfg(test)]
mod tests {
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    const BOUNDS: BodyBounds = BodyBounds {
        max_body_bytes: 100,
        max_held_bytes: 150,
        max_json_depth: 3,
        patience: Duration::from_secs(5),
    };

    async fn read(text: &str, held: &Arc<Gauge>) -> Result<HeldBody, ApiError> {
        read_body(Full::new(Bytes::copy_from_slice(text.as_bytes())), held, BOUNDS).await
    }

    #[tokio::test]
    async fn bytes_are_held_and_given_back() {
        let held = Arc::new(Gauge::default());
        let first = read(&"a".repeat(100), &held).await.unwrap();
        assert_eq!((first.bytes.len(), held.get()), (100, 100));
        let error = read(&"b".repeat(60), &held).await.unwrap_err();
        assert_eq!((error.kind, error.retry_after_ms), (ErrorKind::Unavailable, Some(1000)));
        drop(first);
        assert_eq!(held.get(), 0);
        assert!(read(&"b".repeat(60), &held).await.is_ok());
    }

    #[tokio::test]
    async fn a_large_body_is_refused() {
        let held = Arc::new(Gauge::default());
        assert_eq!(read(&"a".repeat(101), &held).await.unwrap_err().kind, ErrorKind::PayloadTooLarge);
        assert_eq!(held.get(), 0);
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_held_as_it_grows() {
        let held = Arc::new(Gauge::default());
        let pieces = |sizes: &'static [usize]| {
            let frames =
                sizes.iter().map(|size| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b'a'; *size]))));
            StreamBody::new(futures_util::stream::iter(frames))
        };
        let body = read_body(pieces(&[10, 0, 20, 30]), &held, BOUNDS).await.unwrap();
        assert_eq!((body.bytes.len(), held.get()), (60, 60));
        let error = read_body(pieces(&[50, 51]), &held, BOUNDS).await.unwrap_err();
        assert_eq!((error.kind, held.get()), (ErrorKind::PayloadTooLarge, 60));
        let error = read_body(pieces(&[50, 45]), &held, BOUNDS).await.unwrap_err();
        assert_eq!((error.kind, held.get()), (ErrorKind::Unavailable, 60));
        drop(body);
        assert_eq!(held.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let held = Arc::new(Gauge::default());
        let stalled = futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>();
        let error = read_body(StreamBody::new(stalled), &held, BOUNDS).await.unwrap_err();
        assert_eq!((error.kind, held.get()), (ErrorKind::Timeout, 0));
    }

    #[tokio::test]
    async fn a_body_cut_off_holds_nothing() {
        let held = Arc::new(Gauge::default());
        let frames = [Ok(Frame::data(Bytes::from_static(b"{\"a\":"))), Err(std::io::Error::other("gone"))];
        let error =
            read_body(StreamBody::new(futures_util::stream::iter(frames)), &held, BOUNDS).await.unwrap_err();
        assert_eq!((error.kind, error.layer, held.get()), (ErrorKind::InvalidRequest, Layer::Client, 0));
    }

    #[test]
    fn depth_counts_outside_strings_only() {
        for (json, deep) in [
            (r#"{"a":[{"b":1}]}"#, false),
            (r#"{"a":[{"b":[]}]}"#, true),
            (r#"{"a":"[[[[[["}"#, false),
            (r#"{"a":"\"[[[[[["}"#, false),
            (r#"{"a":"\\","b":[[[1]]]}"#, true),
            (r#"[[]][[]][[]]"#, false),
            (r#"{"a":"open"#, false),
            (r#"{"a":"open\"#, false),
            (r#"""#, false),
        ] {
            assert_eq!(check_depth(json.as_bytes(), 3).is_err(), deep, "{json}");
        }
    }
}
