//! What goes wrong between a request and its answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::AsHeaderName;
use http::{HeaderMap, StatusCode, header};
use llm_types::{ApiError, ErrorKind, Extra, Layer};

/// A request that cannot be said to this vendor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The vendor has no place for it, and the caller wants to be told rather than to lose it.
    #[error("{path}: {reason}")]
    Unsupported {
        /// Where, such as `logit_bias`.
        path: String,
        /// Why.
        reason: String,
    },
    /// The request makes no sense to this vendor.
    #[error("{path}: {reason}")]
    Invalid {
        /// Where.
        path: String,
        /// Why.
        reason: String,
    },
    /// The deployment is set up wrongly: no address, a header that is none.
    #[error("{0}")]
    Setup(String),
}

impl EncodeError {
    /// A member that the vendor lacks.
    pub fn unsupported(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported { path: path.into(), reason: reason.into() }
    }

    /// A member that makes no sense.
    pub fn invalid(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), reason: reason.into() }
    }
}

impl From<EncodeError> for ApiError {
    fn from(error: EncodeError) -> Self {
        let message = error.to_string();
        match error {
            EncodeError::Unsupported { path, .. } => {
                Self::new(ErrorKind::Unsupported, Layer::Translation, message)
                    .with_param(path)
                    .with_code("unsupported_parameter")
            }
            EncodeError::Invalid { path, .. } => {
                Self::new(ErrorKind::InvalidRequest, Layer::Translation, message).with_param(path)
            }
            EncodeError::Setup(_) => Self::new(ErrorKind::Internal, Layer::Gateway, message),
        }
    }
}

/// A vendor that answered no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} ({}): {message}", kind.label(), status)]
pub struct UpstreamError {
    /// The kind, told apart for every vendor in the same way.
    pub kind: ErrorKind,
    /// The vendor's status; for an error inside a stream, the one it stands for.
    pub status: u16,
    /// The vendor's words.
    pub message: String,
    /// The vendor's code.
    pub code: Option<String>,
    /// The vendor's type.
    pub vendor_type: Option<String>,
    /// The member at fault, in the vendor's words.
    pub param: Option<String>,
    /// When to try again, in milliseconds from the answer.
    pub retry_after_ms: Option<u64>,
    /// The vendor's name for the request.
    pub request_id: Option<String>,
    /// What else the error says beside what is above, under the vendor's names.
    pub details: Option<Box<Extra>>,
    /// The whole answer.
    pub body: Bytes,
}

impl UpstreamError {
    /// An error of a kind with words.
    pub fn new(kind: ErrorKind, status: u16, message: impl Into<String>) -> Self {
        Self {
            kind,
            status,
            message: message.into(),
            code: None,
            vendor_type: None,
            param: None,
            retry_after_ms: None,
            request_id: None,
            details: None,
            body: Bytes::new(),
        }
    }

    /// A successful answer that cannot be read.
    pub fn unreadable(status: StatusCode, body: &[u8], why: impl std::fmt::Display) -> Self {
        Self {
            body: Bytes::copy_from_slice(body),
            ..Self::new(
                ErrorKind::BadGateway,
                status.as_u16(),
                format!("the vendor's answer cannot be read: {why}"),
            )
        }
    }
}

impl From<UpstreamError> for ApiError {
    fn from(error: UpstreamError) -> Self {
        Self {
            param: error.param,
            code: error.code,
            vendor_type: error.vendor_type,
            vendor_status: Some(error.status),
            details: error.details,
            retry_after_ms: error.retry_after_ms,
            ..Self::new(error.kind, Layer::Provider, error.message)
        }
    }
}

/// A stream that broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A frame that cannot be read.
    #[error("the vendor's stream cannot be read: {0}")]
    Corrupt(String),
    /// The stream ended without the vendor's own last event.
    #[error("the vendor's stream ended too early")]
    Truncated,
    /// The vendor said no in mid-stream.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl From<StreamError> for ApiError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Upstream(error) => error.into(),
            StreamError::Corrupt(_) | StreamError::Truncated => {
                Self::new(ErrorKind::BadGateway, Layer::Provider, error.to_string())
            }
        }
    }
}

/// A header as text, if it is there and readable.
pub fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// How long a vendor asks to wait, in milliseconds: `retry-after-ms`, or `retry-after` as seconds or as a
/// date, which is counted from the answer's own `date`. A time of more than a year is no answer.
pub fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    const YEAR_S: f64 = 365.0 * 86_400.0;
    let ms = |seconds: f64| (0.0..=YEAR_S).contains(&seconds).then_some((seconds * 1000.0) as u64);
    if let Some(after) =
        header_text(headers, "retry-after-ms").and_then(|text| text.trim().parse::<f64>().ok())
    {
        return ms(after / 1000.0);
    }
    let text = header_text(headers, header::RETRY_AFTER.as_str())?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return ms(seconds);
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let now = httpdate::parse_http_date(header_text(headers, header::DATE.as_str())?).ok()?;
    let wait = at.duration_since(now).unwrap_or(Duration::ZERO);
    u64::try_from(wait.as_millis()).ok()
}

#[cfg(test)]
mod tests;
