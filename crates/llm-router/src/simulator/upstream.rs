//! What a scripted deployment does with a request.

use llm_types::{ErrorKind, UnixMs};

use super::Scripted;
use crate::Entropy;
use crate::entropy::unit;

/// How long something takes, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always the same.
    Fixed(u64),
    /// Anything from the first to the second, all as likely.
    Between(u64, u64),
    /// Around a median, with a long tail: the logarithm is normal, with this standard deviation.
    LogNormal {
        /// Half are below, half above.
        median: u64,
        /// Of the natural logarithm.
        deviation: f64,
    },
    /// Mostly fast, and now and then slow.
    Bimodal {
        /// Around which the fast ones lie, a fifth to either side.
        fast: u64,
        /// Around which the slow ones lie, a fifth to either side.
        slow: u64,
        /// Share of slow ones, `0.0..=1.0`.
        share: f64,
    },
}

impl Latency {
    pub(super) fn draw(self, rng: &mut dyn Entropy) -> u64 {
        let around = |ms: u64, rng: &mut dyn Entropy| (ms as f64 * (0.8 + 0.4 * unit(rng))).round() as u64;
        match self {
            Self::Fixed(ms) => ms,
            Self::Between(from, to) => from + (unit(rng) * (to.saturating_sub(from) + 1) as f64) as u64,
            Self::LogNormal { median, deviation } => {
                // Box and Muller's way to a normal number.
                let (radius, angle) = (1.0 - unit(rng), unit(rng) * std::f64::consts::TAU);
                let normal = (-2.0 * radius.ln()).sqrt() * angle.cos();
                (median as f64 * (normal * deviation).exp()).round() as u64
            }
            Self::Bimodal { fast, slow, share } => {
                let ms = if unit(rng) < share { slow } else { fast };
                around(ms, rng)
            }
        }
    }
}

/// Milliseconds until a failure is known.
const FAILS_AFTER_MS: u64 = 20;

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The first token comes, and then the end.
    Answers { first_token: UnixMs, end: UnixMs },
    /// It fails.
    Fails { at: UnixMs, kind: ErrorKind, retry_after_ms: Option<u64> },
}

/// A scripted deployment and the requests that it has had in this minute.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    minute: i64,
    taken: u64,
}

impl Upstream {
    pub(super) fn take(
        &mut self,
        script: &Scripted,
        output_tokens: u64,
        now: UnixMs,
        began: UnixMs,
        rng: &mut dyn Entropy,
    ) -> Fate {
        // Drawn in any case, so that one deployment's script does not change another's luck.
        let (luck, first_token_ms) = (unit(rng), script.first_token.draw(rng));
        let fails = |kind, retry_after_ms| Fate::Fails { at: now.plus(FAILS_AFTER_MS), kind, retry_after_ms };
        let minute = now.0.div_euclid(60_000);
        if minute != self.minute {
            (self.minute, self.taken) = (minute, 0);
        }
        let played = now.since(began) / 60_000;
        if script.away.iter().any(|(from, back)| (*from..*back).contains(&played)) {
            return fails(ErrorKind::Unavailable, None);
        }
        if script.quota.is_some_and(|quota| self.taken >= quota) {
            return fails(ErrorKind::RateLimit, Some(((minute + 1) * 60_000 - now.0).unsigned_abs()));
        }
        self.taken += 1;
        if luck < script.errors {
            return fails(ErrorKind::Internal, None);
        }
        let first_token = now.plus(first_token_ms);
        Fate::Answers {
            first_token,
            end: first_token.plus((output_tokens as f64 * script.per_token_ms) as u64),
        }
    }
}
