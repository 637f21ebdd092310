//! What can go wrong, and which layer says so.

use serde::{Deserialize, Serialize};

use crate::Extra;

/// The kind of a failure, the same for every vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request makes no sense.
    InvalidRequest,
    /// The prompt and the answer do not fit into the model's context window.
    ContextWindow,
    /// The content goes against the vendor's or the gateway's policy.
    ContentPolicy,
    /// The request needs what the model or the vendor does not have.
    Unsupported,
    /// No key, or a wrong one.
    Authentication,
    /// The account has no credit.
    PaymentRequired,
    /// The key is right and may not do this.
    PermissionDenied,
    /// No such model, file or route.
    NotFound,
    /// The method does not fit the route.
    MethodNotAllowed,
    /// The request took too long.
    Timeout,
    /// Something else holds what this needs.
    Conflict,
    /// The request is too large.
    PayloadTooLarge,
    /// The body is of a type that nobody reads.
    UnsupportedMediaType,
    /// The request is well formed and cannot be done.
    Unprocessable,
    /// Too many requests or tokens for now.
    RateLimit,
    /// The quota is used up; waiting does not help.
    QuotaExceeded,
    /// The client went away.
    ClientClosed,
    /// The vendor, or the gateway, failed.
    Internal,
    /// The vendor answered something that cannot be read, or could not be reached.
    BadGateway,
    /// The vendor, or the gateway, is overloaded or away.
    Unavailable,
    /// The vendor did not answer in time.
    GatewayTimeout,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::InvalidRequest,
        Self::ContextWindow,
        Self::ContentPolicy,
        Self::Unsupported,
        Self::Authentication,
        Self::PaymentRequired,
        Self::PermissionDenied,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Conflict,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::Unprocessable,
        Self::RateLimit,
        Self::QuotaExceeded,
        Self::ClientClosed,
        Self::Internal,
        Self::BadGateway,
        Self::Unavailable,
        Self::GatewayTimeout,
    ];

    /// The HTTP status that tells this kind to a client.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::ContextWindow | Self::ContentPolicy | Self::Unsupported => 400,
            Self::Authentication => 401,
            Self::PaymentRequired => 402,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::RateLimit | Self::QuotaExceeded => 429,
            Self::ClientClosed => 499,
            Self::Internal => 500,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::GatewayTimeout => 504,
        }
    }

    /// The kind that a bare status tells, where a vendor says nothing more.
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::PaymentRequired,
            403 => Self::PermissionDenied,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::Timeout,
            409 => Self::Conflict,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            422 => Self::Unprocessable,
            429 => Self::RateLimit,
            499 => Self::ClientClosed,
            400..=498 => Self::InvalidRequest,
            502 => Self::BadGateway,
            503 | 529 => Self::Unavailable,
            504 => Self::GatewayTimeout,
            _ => Self::Internal,
        }
    }

    /// Whether the same request may succeed a little later, or at another deployment of the same model.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::Conflict
                | Self::RateLimit
                | Self::Internal
                | Self::BadGateway
                | Self::Unavailable
                | Self::GatewayTimeout
        )
    }

    /// A name for metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::ContextWindow => "context_window",
            Self::ContentPolicy => "content_policy",
            Self::Unsupported => "unsupported",
            Self::Authentication => "authentication",
            Self::PaymentRequired => "payment_required",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Timeout => "timeout",
            Self::Conflict => "conflict",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Unprocessable => "unprocessable",
            Self::RateLimit => "rate_limit",
            Self::QuotaExceeded => "quota_exceeded",
            Self::ClientClosed => "client_closed",
            Self::Internal => "internal",
            Self::BadGateway => "bad_gateway",
            Self::Unavailable => "unavailable",
            Self::GatewayTimeout => "gateway_timeout",
        }
    }
}

/// Which layer speaks in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Layer {
    /// The client's request is at fault, or the client went away.
    Client,
    /// Who may do what.
    Auth,
    /// Money.
    Budget,
    /// Rates and sizes.
    Limit,
    /// Content rules.
    Guardrail,
    /// The response cache.
    Cache,
    /// The choice of a deployment.
    Router,
    /// From one dialect to another.
    Translation,
    /// The network to the vendor.
    Transport,
    /// The vendor itself.
    Provider,
    /// The gateway itself.
    Gateway,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 11] = [
        Self::Client,
        Self::Auth,
        Self::Budget,
        Self::Limit,
        Self::Guardrail,
        Self::Cache,
        Self::Router,
        Self::Translation,
        Self::Transport,
        Self::Provider,
        Self::Gateway,
    ];

    /// A name for headers, metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Auth => "auth",
            Self::Budget => "budget",
            Self::Limit => "limit",
            Self::Guardrail => "guardrail",
            Self::Cache => "cache",
            Self::Router => "router",
            Self::Translation => "translation",
            Self::Transport => "transport",
            Self::Provider => "provider",
            Self::Gateway => "gateway",
        }
    }
}

/// An error as it is told to a client; each dialect has its own way to write it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", layer.label())]
pub struct ApiError {
    /// The kind.
    pub kind: ErrorKind,
    /// Who speaks.
    pub layer: Layer,
    /// What happened, for a person. The vendor's own words where a vendor spoke.
    pub message: String,
    /// The member of the request at fault, such as `messages[3].content[0].text`.
    pub param: Option<String>,
    /// The vendor's or our own code, such as `context_length_exceeded`.
    pub code: Option<String>,
    /// The vendor's own error type, such as `overloaded_error`, told on where the dialects agree.
    pub vendor_type: Option<String>,
    /// The vendor's own status, where it tells more than [`ErrorKind::status`].
    pub vendor_status: Option<u16>,
    /// What else there is to say: what the vendor's error says under the vendor's names, such as Groq's
    /// `failed_generation`; of a limit its level, its size, how much of it is used, and when it begins anew.
    pub details: Option<Box<Extra>>,
    /// The status that the configuration wants for it, instead of the usual one.
    pub configured_status: Option<u16>,
    /// When to try again, in milliseconds from now.
    pub retry_after_ms: Option<u64>,
}

impl ApiError {
    /// An error with a kind, a layer and words.
    pub fn new(kind: ErrorKind, layer: Layer, message: impl Into<String>) -> Self {
        Self {
            kind,
            layer,
            message: message.into(),
            param: None,
            code: None,
            vendor_type: None,
            vendor_status: None,
            details: None,
            configured_status: None,
            retry_after_ms: None,
        }
    }

    /// With the member at fault.
    #[must_use]
    pub fn with_param(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// With a code.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }

    /// With a time to wait, in milliseconds.
    #[must_use]
    pub const fn with_retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The HTTP status for the client: the kind's, unless the vendor itself blamed the request with another that
    /// clients know. So a 400 stays one whatever its words are about, as it is without a gateway; but limits
    /// are always told as 429, and failures that are nobody's fault as what they are.
    pub fn status(&self) -> u16 {
        if let Some(status) = self.configured_status {
            return status;
        }
        let usual = self.kind.status();
        let own = self.vendor_status.filter(|status| (400..499).contains(status));
        match own {
            Some(own) if usual < 499 && !self.kind.retryable() && usual != 429 && is_known(own) => own,
            _ => usual,
        }
    }

    /// The kind that fits [`ApiError::status`], for dialects that name errors by their status.
    pub fn told_kind(&self) -> ErrorKind {
        let status = self.status();
        if status == self.kind.status() { self.kind } else { ErrorKind::from_status(status) }
    }
}

/// Whether a status stands for a kind of its own.
const fn is_known(status: u16) -> bool {
    ErrorKind::from_status(status).status() == status
}
