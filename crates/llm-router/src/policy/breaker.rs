//! When a deployment is left alone, and for how long.

use llm_types::ErrorKind;

use crate::DeploymentSettings;
use crate::settings::{AllowedFailsPolicy, RouterSettings};

/// When a deployment is left alone, and for how long. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Breaker {
    /// What opens it; `None` if nothing ever does.
    pub rule: Option<BreakerRule>,
    /// How long, where the deployment's own configuration says so; goes before everything.
    pub own_ms: Option<u64>,
    /// How long after failures.
    pub cooldown_ms: u64,
    /// How long after too many requests, where the vendor does not say.
    pub rate_limit_ms: u64,
    /// How long when nobody else is left.
    pub last_ms: u64,
    /// How long at most, whatever the vendor asks for.
    pub max_ms: u64,
}

/// What opens a breaker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BreakerRule {
    /// Failures in a row, or their share in a window.
    Counted {
        /// Failures since the last success.
        in_a_row: u32,
        /// Share of failures that must be exceeded.
        rate: f64,
        /// Requests within the window before the share counts; as many failures in a row are the evidence that it
        /// takes against the last deployment that is well.
        min_requests: u32,
        /// The window.
        window_ms: u64,
    },
    /// LiteLLM's: failures within the cool-down time that are forgiven; one more opens.
    Allowed {
        /// For kinds that the policy does not name; `None` opens never for them.
        any: Option<u32>,
        /// By kind.
        by_kind: AllowedFailsPolicy,
    },
}

/// LiteLLM's length of a cool-down where nothing is configured.
const LITELLM_COOLDOWN_MS: u64 = 5_000;

impl Breaker {
    /// The breaker that the settings describe. Numbers that make no sense count as not set; loading reports them.
    pub fn new(settings: &RouterSettings) -> Self {
        let ours = &settings.circuit_breaker;
        let litellm = settings.allowed_fails.is_some() || settings.allowed_fails_policy.is_some();
        let router_ms = settings.cooldown_time.and_then(ms);
        let default_ms = if litellm { Some(LITELLM_COOLDOWN_MS) } else { None };
        let rule = if litellm {
            BreakerRule::Allowed {
                any: settings.allowed_fails,
                by_kind: settings.allowed_fails_policy.unwrap_or_default(),
            }
        } else {
            BreakerRule::Counted {
                in_a_row: ours.consecutive_failures.max(1),
                rate: ours.failure_rate,
                min_requests: ours.min_requests.max(1),
                window_ms: ms(ours.window).unwrap_or(60_000).max(1),
            }
        };
        // `cooldown_time: 0` is LiteLLM's way to say never.
        let never = settings.disable_cooldowns || router_ms == Some(0);
        let length = |own: f64| router_ms.or(default_ms).or(ms(own)).unwrap_or_default();
        Self {
            rule: (!never).then_some(rule),
            own_ms: None,
            cooldown_ms: length(ours.cooldown),
            rate_limit_ms: length(ours.rate_limit_cooldown),
            last_ms: length(ours.last_cooldown),
            max_ms: ms(ours.max_cooldown).unwrap_or(u64::MAX),
        }
    }

    /// The same for a deployment with settings of its own.
    #[must_use]
    pub fn at(mut self, settings: &DeploymentSettings) -> Self {
        self.own_ms = settings.cooldown_time.and_then(ms);
        if self.own_ms == Some(0) {
            self.rule = None;
        }
        self
    }

    /// How long to stay away after a failure of `kind`. Zero for not at all.
    pub(crate) fn length_ms(&self, kind: ErrorKind, retry_after_ms: Option<u64>) -> u64 {
        if let Some(own) = self.own_ms {
            return own;
        }
        let length = match (retry_after_ms, kind) {
            (Some(asked), _) => asked,
            (None, ErrorKind::RateLimit) => self.rate_limit_ms,
            (None, _) => self.cooldown_ms,
        };
        length.min(self.max_ms)
    }

    /// How long to stay away from the last deployment that is well.
    pub(crate) fn last_length_ms(&self, kind: ErrorKind, retry_after_ms: Option<u64>) -> u64 {
        if self.own_ms.is_some() || retry_after_ms.is_some() {
            return self.length_ms(kind, retry_after_ms);
        }
        self.last_ms.min(self.max_ms)
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(&RouterSettings::default())
    }
}

/// Whole milliseconds of a number of seconds that is a length of time.
pub(crate) fn ms(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds * 1000.0).round() as u64)
}
