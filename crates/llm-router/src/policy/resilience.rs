//! How long a request goes on, and where.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Backoff, Breaker, Retries};
use crate::settings::{FallbackTarget, FirstTokenTimeout};
use crate::{Company, Pace};

/// How long a request goes on, and where.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Resilience {
    /// Further attempts in the same group.
    pub retries: Retries,
    /// How long to wait before a deployment is asked again.
    pub backoff: Backoff,
    /// Where to go on when the group has failed.
    pub fallbacks: Lists,
    /// Changes of the group in one request, at most.
    pub max_fallbacks: u32,
    /// Whether a request whose parameters a vendor refuses goes on to the fallbacks.
    pub fallback_on_unsupported_params: bool,
    /// Whether a fallback may serve a request of which it would lose something. Kept for whoever sends: the session
    /// only hears that a deployment is [`Unfit`](crate::Outcome::Unfit).
    pub allow_lossy_fallbacks: bool,
    /// Whether a request for vectors may go on in another group.
    pub allow_embedding_fallbacks: bool,
    /// Whether a stream that breaks off goes on at another deployment. Kept for whoever sends.
    pub continue_streams: bool,
    /// When an attempt is given up for want of a first token.
    pub first_token: Option<FirstTokenTimeout>,
    /// A second request where the first is slow; `None` for never.
    pub hedging: Option<Hedging>,
    /// When a deployment is left alone.
    pub breaker: Breaker,
}

impl Resilience {
    /// Changes of the group where the configuration is silent.
    pub const MAX_FALLBACKS: u32 = 3;

    /// Whether a request has somewhere to go on when the group has failed.
    pub fn has_fallbacks(&self) -> bool {
        self.max_fallbacks > 0 && self.fallbacks.general.is_some()
    }

    /// Who else is there for a deployment that has failed: `well` says of each other one of its group whether it is
    /// well now.
    pub fn company(&self, well: impl IntoIterator<Item = bool>) -> Company {
        if self.has_fallbacks() {
            return Company::Others;
        }
        let mut company = Company::Alone;
        for well in well {
            if well {
                return Company::Others;
            }
            company = Company::Last;
        }
        company
    }

    /// Milliseconds after which the first token is late, by the group's own settings.
    pub(crate) fn first_token_ms(&self, pace: &Pace) -> Option<u64> {
        match self.first_token? {
            FirstTokenTimeout::Fixed(seconds) => Some(seconds.as_ms()),
            FirstTokenTimeout::Learned(learned) => {
                let p95 = pace.first_token_p95_ms.filter(|_| pace.first_tokens >= learned.min_samples)?;
                Some((p95 * learned.p95_factor).ceil().max(1.0) as u64)
            }
        }
    }
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            retries: Retries::default(),
            backoff: Backoff::default(),
            fallbacks: Lists::default(),
            max_fallbacks: Self::MAX_FALLBACKS,
            fallback_on_unsupported_params: true,
            allow_lossy_fallbacks: false,
            allow_embedding_fallbacks: false,
            continue_streams: false,
            first_token: None,
            hedging: None,
            breaker: Breaker::default(),
        }
    }
}

/// Where a group's requests go on, by what went wrong.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Lists {
    /// After anything that has no list of its own.
    pub general: Option<Arc<[Target]>>,
    /// When the prompt is too long. An empty list says that other groups have one and this has not: the error stands.
    pub context_window: Option<Arc<[Target]>>,
    /// When the content is refused. An empty list as above.
    pub content_policy: Option<Arc<[Target]>>,
    /// When the first token does not come in time.
    pub latency: Option<Arc<[Target]>>,
}

/// A group to go on with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// The group.
    pub group: Arc<str>,
    /// Members that replace the request's.
    pub changes: Option<Arc<Map<String, Value>>>,
}

impl From<&FallbackTarget> for Target {
    fn from(target: &FallbackTarget) -> Self {
        match target {
            FallbackTarget::Name(name) => Self { group: name.as_str().into(), changes: None },
            FallbackTarget::Changed(members) => {
                let mut changes = members.clone();
                let model = changes.remove("model");
                let group = model.as_ref().and_then(Value::as_str).unwrap_or_default().into();
                Self { group, changes: (!changes.is_empty()).then(|| Arc::new(changes)) }
            }
        }
    }
}

/// A second request where the first is slow.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Hedging {
    /// Milliseconds after which it goes out; `None` takes the group's own 95th percentile.
    pub after_ms: Option<u64>,
    /// Samples before the group's own times count.
    pub min_samples: u32,
    /// Second requests as a share of all, at most.
    pub max_extra: f64,
}

impl Hedging {
    /// Milliseconds after which the second request goes out; `None` while too little is known.
    pub(crate) fn after_ms(&self, pace: &Pace, stream: bool) -> Option<u64> {
        if self.after_ms.is_some() {
            return self.after_ms;
        }
        let (p95, samples) = if stream {
            (pace.first_token_p95_ms, pace.first_tokens)
        } else {
            (pace.answer_p95_ms, pace.answers)
        };
        // Later than the percentile itself: an answer in the same millisecond is not late.
        p95.filter(|_| samples >= self.min_samples).map(|ms| ms as u64 + 1)
    }
}
