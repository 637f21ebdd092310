//! Why nobody answered, and whether asking again is safe.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use llm_types::{ApiError, ErrorKind, Layer};

/// The exchange failed below HTTP: there is no answer, or only a part of one.
///
/// A vendor that answers with an error status is not a `TransportError`.
#[derive(Debug, Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: bool,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What went wrong, in the words that a router and a metric need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The options from which a transport should be built are wrong.
    Config,
    /// The request cannot be sent as it is: no host, an unknown scheme, a malformed header.
    InvalidRequest,
    /// The host's name has no address.
    Dns,
    /// The host is, or may be, inside of a private network, and [`TransportOptions::reach`](crate::TransportOptions::reach)
    /// does not lead there.
    NotPublic,
    /// No connection: refused, unreachable, or the proxy said no.
    Connect,
    /// Name, TCP and TLS took longer than [`Timeouts::connect`](crate::Timeouts::connect).
    ConnectTimeout,
    /// No trust: certificate, version or protocol were not acceptable.
    Tls,
    /// No response head within [`Timeouts::first_byte`](crate::Timeouts::first_byte).
    FirstByteTimeout,
    /// The body paused for longer than [`Timeouts::idle`](crate::Timeouts::idle).
    IdleTimeout,
    /// Head and body took longer than [`Timeouts::total`](crate::Timeouts::total).
    TotalTimeout,
    /// The connection ended before the answer did.
    Closed,
    /// The peer gave up this one HTTP/2 stream; the connection lives on.
    Reset,
    /// What came back is not HTTP.
    Protocol,
    /// The body is larger than the limit given to [`Body::collect`](crate::Body::collect).
    BodyTooLarge,
}

impl TransportErrorKind {
    /// A short, stable name for metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::InvalidRequest => "invalid_request",
            Self::Dns => "dns",
            Self::NotPublic => "not_public",
            Self::Connect => "connect",
            Self::ConnectTimeout => "connect_timeout",
            Self::Tls => "tls",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::BodyTooLarge => "body_too_large",
        }
    }

    /// Whether time ran out: 504 rather than 502.
    #[must_use]
    pub const fn is_timeout(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::FirstByteTimeout | Self::IdleTimeout | Self::TotalTimeout)
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Config => "the transport's options are not valid",
            Self::InvalidRequest => "the request cannot be sent",
            Self::Dns => "the upstream host has no address",
            Self::NotPublic => "the upstream host is not public",
            Self::Connect => "no connection to the upstream",
            Self::ConnectTimeout => "connecting to the upstream took too long",
            Self::Tls => "no secure connection to the upstream",
            Self::FirstByteTimeout => "the upstream did not begin to answer in time",
            Self::IdleTimeout => "the upstream paused its answer for too long",
            Self::TotalTimeout => "the upstream did not finish its answer in time",
            Self::Closed => "the upstream closed the connection before its answer was complete",
            Self::Reset => "the upstream reset the stream before its answer was complete",
            Self::Protocol => "the upstream did not speak valid HTTP",
            Self::BodyTooLarge => "the upstream's answer is larger than allowed",
        }
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl TransportError {
    /// An error of this kind. `sent` says whether the upstream may have seen any part of the request.
    #[must_use]
    pub const fn new(kind: TransportErrorKind, sent: bool) -> Self {
        Self { kind, sent, source: None }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the upstream may have acted on the request.
    ///
    /// `false` is a promise: no byte of it was written, or the peer declared that it ignored them. Sending the
    /// request again cannot do its work twice.
    #[must_use]
    pub const fn sent(&self) -> bool {
        self.sent
    }

    /// Whether time ran out.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        self.kind.is_timeout()
    }

    /// [`TransportErrorKind::label`] of this error's kind.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.kind.label()
    }

    /// Nothing was written.
    pub(crate) const fn unsent(kind: TransportErrorKind) -> Self {
        Self::new(kind, false)
    }

    /// Something was, or may have been, written.
    pub(crate) const fn after_send(kind: TransportErrorKind) -> Self {
        Self::new(kind, true)
    }

    /// Sorts an error of hyper's h1 connection, met after the request was handed over.
    pub(crate) fn from_hyper(error: hyper::Error) -> Self {
        let kind = if error.is_parse() {
            TransportErrorKind::Protocol
        } else if error.is_user() {
            TransportErrorKind::InvalidRequest
        } else {
            kind_of_io(&error)
        };
        Self::after_send(kind).with_source(error)
    }

    /// Sorts an error of an h2 stream or connection, met after the request was handed over.
    pub(crate) fn from_h2(error: h2::Error) -> Self {
        if error.reason() == Some(h2::Reason::REFUSED_STREAM) {
            // RFC 9113, 8.7: the peer did no work for a refused stream.
            return Self::unsent(TransportErrorKind::Reset).with_source(error);
        }
        let kind = if error.is_io() {
            kind_of_io(&error)
        } else if error.is_library() {
            TransportErrorKind::Protocol
        } else if error.is_reset() {
            TransportErrorKind::Reset
        } else {
            TransportErrorKind::Closed
        };
        Self::after_send(kind).with_source(error)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind, f)
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// In the words of the gateway's own errors. The cause stays behind: it may name hosts and addresses.
impl From<TransportError> for ApiError {
    fn from(error: TransportError) -> Self {
        let kind = match error.kind {
            TransportErrorKind::Config | TransportErrorKind::InvalidRequest => ErrorKind::Internal,
            // Whoever said the address is the one who asks, or of the same house.
            TransportErrorKind::NotPublic => ErrorKind::InvalidRequest,
            kind if kind.is_timeout() => ErrorKind::GatewayTimeout,
            _ => ErrorKind::BadGateway,
        };
        Self::new(kind, Layer::Transport, error.to_string()).with_code(error.label())
    }
}

/// Every error in the chain, the given one first.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Whether TLS is at fault: rustls hides its error inside an `io::Error`, which does not name it as its source.
pub(crate) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        error.is::<rustls::Error>()
            || error
                .downcast_ref::<std::io::Error>()
                .and_then(std::io::Error::get_ref)
                .is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
    })
}

/// A broken connection, unless the bytes on it were at fault.
fn kind_of_io(error: &(dyn Error + 'static)) -> TransportErrorKind {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    if is_tls(error) {
        return TransportErrorKind::Tls;
    }
    let malformed = chain(error)
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| matches!(error.kind(), InvalidData | InvalidInput));
    if malformed { TransportErrorKind::Protocol } else { TransportErrorKind::Closed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_answers_502_504_or_500_and_tells_no_address() {
        for (kind, status) in [
            (TransportErrorKind::Closed, 502),
            (TransportErrorKind::Connect, 502),
            (TransportErrorKind::FirstByteTimeout, 504),
            (TransportErrorKind::ConnectTimeout, 504),
            (TransportErrorKind::InvalidRequest, 500),
            (TransportErrorKind::NotPublic, 400),
        ] {
            let error = ApiError::from(TransportError::unsent(kind).with_source("10.0.0.1 refused"));
            assert_eq!(
                (error.status(), error.layer, error.code.as_deref()),
                (status, Layer::Transport, Some(kind.label()))
            );
            assert!(!error.message.contains("10.0.0.1"), "{}", error.message);
        }
    }

    #[test]
    fn tls_faults_are_found_inside_io_errors() {
        let inside = std::io::Error::other(rustls::Error::DecryptError);
        assert!(is_tls(&inside));
        assert!(is_tls(&TransportError::unsent(TransportErrorKind::Tls).with_source(inside)));
        assert!(!is_tls(&std::io::Error::other("refused")));
    }
}
