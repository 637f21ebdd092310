//! `retry_policy`.

use llm_types::ErrorKind;
use serde::{Deserialize, Serialize};

use super::ErrorClass;

/// Further attempts by the kind of failure, under LiteLLM's names. A kind that is not named follows `num_retries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct RetryPolicy {
    /// After a request that makes no sense to the vendor.
    #[serde(rename = "BadRequestErrorRetries")]
    pub bad_request: Option<u32>,
    /// After a refused key.
    #[serde(rename = "AuthenticationErrorRetries")]
    pub authentication: Option<u32>,
    /// After a time-out.
    #[serde(rename = "TimeoutErrorRetries")]
    pub timeout: Option<u32>,
    /// After too many requests.
    #[serde(rename = "RateLimitErrorRetries")]
    pub rate_limit: Option<u32>,
    /// After refused content.
    #[serde(rename = "ContentPolicyViolationErrorRetries")]
    pub content_policy: Option<u32>,
    /// After a failure of the vendor's.
    #[serde(rename = "InternalServerErrorRetries")]
    pub internal: Option<u32>,
    /// After a vendor that is overloaded or away.
    #[serde(rename = "ServiceUnavailableErrorRetries")]
    pub unavailable: Option<u32>,
    /// After a model that is not there.
    #[serde(rename = "NotFoundErrorRetries")]
    pub not_found: Option<u32>,
    /// After anything else.
    #[serde(rename = "DefaultErrorRetries")]
    pub default: Option<u32>,
}

impl RetryPolicy {
    /// The attempts that follow a failure of this kind, and whether it is named; `None` if the policy says nothing.
    pub fn after(&self, kind: ErrorKind) -> Option<(u32, bool)> {
        let named = match (kind, ErrorClass::of(kind)) {
            (ErrorKind::Unavailable, _) => self.unavailable.or(self.internal),
            (ErrorKind::NotFound, _) => self.not_found,
            (_, Some(ErrorClass::BadRequest)) => self.bad_request,
            (_, Some(ErrorClass::ContentPolicy)) => self.content_policy,
            (_, Some(ErrorClass::Authentication)) => self.authentication,
            (_, Some(ErrorClass::Timeout)) => self.timeout,
            (_, Some(ErrorClass::RateLimit)) => self.rate_limit,
            (_, Some(ErrorClass::Internal)) => self.internal,
            (_, None) => None,
        };
        named.map(|count| (count, true)).or(self.default.map(|count| (count, false)))
    }
}
