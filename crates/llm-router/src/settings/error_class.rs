//! LiteLLM's classes of failures, which its policies name.

use llm_types::ErrorKind;

/// A class of failures that LiteLLM's policies name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    BadRequest,
    ContentPolicy,
    Authentication,
    Timeout,
    RateLimit,
    Internal,
}

impl ErrorClass {
    /// The class of a kind of failure; `None` if the policies have no name for it.
    pub(crate) const fn of(kind: ErrorKind) -> Option<Self> {
        Some(match kind {
            ErrorKind::InvalidRequest
            | ErrorKind::ContextWindow
            | ErrorKind::Unsupported
            | ErrorKind::MethodNotAllowed
            | ErrorKind::PayloadTooLarge
            | ErrorKind::UnsupportedMediaType
            | ErrorKind::Unprocessable => Self::BadRequest,
            ErrorKind::ContentPolicy => Self::ContentPolicy,
            ErrorKind::Authentication => Self::Authentication,
            ErrorKind::Timeout | ErrorKind::GatewayTimeout => Self::Timeout,
            ErrorKind::RateLimit | ErrorKind::QuotaExceeded => Self::RateLimit,
            ErrorKind::Internal | ErrorKind::BadGateway | ErrorKind::Unavailable => Self::Internal,
            _ => return None,
        })
    }
}
