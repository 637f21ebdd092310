//! When a deployment is left alone.

use llm_types::ErrorKind;
use serde::{Deserialize, Serialize};

use super::ErrorClass;

/// `circuit_breaker`: when a deployment is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CircuitBreakerSettings {
    /// Failures in a row after which a deployment cools down. Default: 5.
    pub consecutive_failures: u32,
    /// Share of failures after which it does, `0.0..=1.0`. Default: 0.5.
    pub failure_rate: f64,
    /// Requests within `window` seconds before the share counts. Default: 20.
    pub min_requests: u32,
    /// Seconds over which failures are counted. Default: 60.
    pub window: f64,
    /// Seconds of cooling down after failures. Default: 300.
    pub cooldown: f64,
    /// Seconds of cooling down after too many requests, where the vendor does not say. Default: 5.
    pub rate_limit_cooldown: f64,
    /// Seconds of cooling down of the last deployment of its group that is well, if the group has no fallbacks. To get
    /// there takes `min_requests` failures in a row. One that has no company at all never cools down. Default: 5.
    pub last_cooldown: f64,
    /// Seconds that are believed when a vendor asks to be left alone, at most. Default: 3600.
    pub max_cooldown: f64,
}

impl Default for CircuitBreakerSettings {
    fn default() -> Self {
        Self {
            consecutive_failures: 5,
            failure_rate: 0.5,
            min_requests: 20,
            window: 60.0,
            cooldown: 300.0,
            rate_limit_cooldown: 5.0,
            last_cooldown: 5.0,
            max_cooldown: 3600.0,
        }
    }
}

/// Failures within a minute that are forgiven, by their kind, under LiteLLM's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct AllowedFailsPolicy {
    /// Requests that make no sense to the vendor.
    #[serde(rename = "BadRequestErrorAllowedFails")]
    pub bad_request: Option<u32>,
    /// Refused keys.
    #[serde(rename = "AuthenticationErrorAllowedFails")]
    pub authentication: Option<u32>,
    /// Time-outs.
    #[serde(rename = "TimeoutErrorAllowedFails")]
    pub timeout: Option<u32>,
    /// Too many requests.
    #[serde(rename = "RateLimitErrorAllowedFails")]
    pub rate_limit: Option<u32>,
    /// Refused content.
    #[serde(rename = "ContentPolicyViolationErrorAllowedFails")]
    pub content_policy: Option<u32>,
    /// Failures of the vendor's.
    #[serde(rename = "InternalServerErrorAllowedFails")]
    pub internal: Option<u32>,
}

impl AllowedFailsPolicy {
    /// The failures of this kind that are forgiven, if it is named.
    pub fn allowed(&self, kind: ErrorKind) -> Option<u32> {
        match ErrorClass::of(kind)? {
            ErrorClass::BadRequest => self.bad_request,
            ErrorClass::ContentPolicy => self.content_policy,
            ErrorClass::Authentication => self.authentication,
            ErrorClass::Timeout => self.timeout,
            ErrorClass::RateLimit => self.rate_limit,
            ErrorClass::Internal => self.internal,
        }
    }
}
