//! Why a token is refused.

use llm_types::{ApiError, ErrorKind, Layer};

/// Why a token is refused. Nothing of the token is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no signed JSON web token, or not well formed, or too long.
    #[error("the token is not well formed")]
    Malformed,
    /// It asks for something that is not understood: a critical header.
    #[error("the token has critical headers that are not understood")]
    Critical,
    /// Its algorithm is not one of public keys, or not that of its key.
    #[error("the token's algorithm is not that of its issuer's key")]
    Algorithm,
    /// None of the issuer's keys has its key's name.
    #[error("the token is signed by a key that its issuer does not publish")]
    UnknownKey,
    /// The signature is not of the issuer's key.
    #[error("the token's signature is not valid")]
    Signature,
    /// It is of nobody whom the gateway trusts.
    #[error("the token's issuer is not trusted here")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is not meant for this audience")]
    Audience,
    /// Its time is over, or it does not say when that is.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// A claim that is needed is missing, or of another type than it must be.
    #[error("the token's claim {claim:?} is missing or not as expected")]
    Claim {
        /// The claim, as the settings name it.
        claim: String,
    },
    /// The token is right, and whoever bears it may not come in.
    #[error("{reason}")]
    Forbidden {
        /// Why.
        reason: &'static str,
    },
    /// The issuer's keys are not known, and it cannot be asked.
    #[error("the token's issuer cannot be reached to check the signature")]
    Unavailable,
}

impl TokenError {
    /// The kind, and by it the HTTP status.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Forbidden { .. } => ErrorKind::PermissionDenied,
            Self::Unavailable => ErrorKind::Unavailable,
            _ => ErrorKind::Authentication,
        }
    }

    /// LiteLLM's word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unavailable => "auth_provider_unavailable",
            _ => "auth_error",
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::new(error.kind(), Layer::Auth, error.to_string()).with_code(error.code())
    }
}
