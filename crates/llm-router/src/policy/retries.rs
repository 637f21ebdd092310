//! How often a request is tried again in its group, and how long it waits before.

use llm_types::ErrorKind;

use crate::Entropy;
use crate::entropy::unit;
use crate::settings::RetryPolicy;

/// How often a request is tried again in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retries {
    /// Further attempts after failures that may pass.
    pub count: u32,
    /// The group's own counts by the kind of failure.
    pub group: Option<RetryPolicy>,
    /// The same for every group.
    pub router: Option<RetryPolicy>,
}

impl Retries {
    /// Further attempts where the configuration is silent.
    pub const DEFAULT: u32 = 3;
    /// Further attempts that a request may ask for, at most.
    pub const MOST_WISHED: u32 = 10;
}

impl Default for Retries {
    fn default() -> Self {
        Self { count: Self::DEFAULT, group: None, router: None }
    }
}

/// What is allowed after one failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Further attempts in all.
    pub retries: u32,
    /// Whether a policy names this kind of failure, so that its own nature does not matter.
    pub named: bool,
}

impl Retries {
    /// What is allowed after a failure of `kind`: the request's count goes before policies (its own, the group's,
    /// the router's), they before the deployment's count, and that before the router's.
    pub(crate) fn after(
        &self,
        kind: ErrorKind,
        wished: Option<u32>,
        wished_policy: Option<&RetryPolicy>,
        deployment: Option<u32>,
    ) -> Allowance {
        if let Some(count) = wished {
            return Allowance { retries: count.min(Self::MOST_WISHED), named: false };
        }
        let policies = [wished_policy, self.group.as_ref(), self.router.as_ref()];
        if let Some((retries, named)) = policies.into_iter().flatten().find_map(|policy| policy.after(kind)) {
            return Allowance { retries, named };
        }
        Allowance { retries: deployment.unwrap_or(self.count), named: false }
    }
}

/// How long a request waits before it asks a deployment again.
///
/// With `n` failures behind it: between half and the whole of 1 s, 2 s, 4 s and so on to 8 s, by chance. A vendor's
/// `Retry-After` goes before that, up to [`Backoff::LONGEST_MS`], and gets up to a tenth (at most 250 ms) on top, so
/// that not everybody comes back at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backoff {
    /// Never less than this, in milliseconds (`retry_after`).
    pub floor_ms: u64,
}

impl Backoff {
    /// The whole of the first wait.
    pub const FIRST_MS: u64 = 1_000;
    /// The whole of the longest wait that nobody has asked for.
    pub const WHOLE_MS: u64 = 8_000;
    /// The longest `Retry-After` that a request waits for.
    pub const LONGEST_MS: u64 = 60_000;

    /// Milliseconds to wait after `failures` failures; `None` if the vendor asks for more than a request waits.
    pub fn wait_ms(self, failures: u32, retry_after_ms: Option<u64>, rng: &mut dyn Entropy) -> Option<u64> {
        let wait = match retry_after_ms.filter(|ms| *ms > 0) {
            Some(ms) if ms > Self::LONGEST_MS => return None,
            Some(ms) => ms + part(rng, (ms / 10).min(250)),
            None => {
                let doublings = failures.saturating_sub(1).min(3);
                let whole = (Self::FIRST_MS << doublings).min(Self::WHOLE_MS);
                whole / 2 + part(rng, whole / 2)
            }
        };
        Some(wait.max(self.floor_ms))
    }
}

/// A part of `most` by chance, both ends included.
fn part(rng: &mut dyn Entropy, most: u64) -> u64 {
    (unit(rng) * (most + 1) as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn waits_double_and_stay_between_half_and_whole() {
        let mut rng = SeededEntropy::new(1);
        for (failures, whole) in [(0, 1_000), (1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (40, 8_000)] {
            let waits: Vec<u64> =
                (0..500).map(|_| Backoff::default().wait_ms(failures, None, &mut rng).unwrap()).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*least >= whole / 2 && *least < whole * 6 / 10, "{failures}: {least}");
            assert!(*most <= whole && *most > whole * 9 / 10, "{failures}: {most}");
        }
    }

    #[test]
    fn retry_after_is_honoured_up_to_a_minute() {
        let mut rng = SeededEntropy::new(1);
        let mut wait = |ms| Backoff::default().wait_ms(1, Some(ms), &mut rng);
        assert!((7_000..=7_250).contains(&wait(7_000).unwrap()));
        assert!((60_000..=60_250).contains(&wait(60_000).unwrap()));
        assert_eq!(wait(60_001), None);
        assert!((500..=1_000).contains(&wait(0).unwrap()), "nothing asked for");
    }

    #[test]
    fn the_floor_holds() {
        let floor = Backoff { floor_ms: 5_000 };
        assert_eq!(floor.wait_ms(1, None, &mut SeededEntropy::new(1)), Some(5_000));
        assert_eq!(floor.wait_ms(1, Some(2_000), &mut SeededEntropy::new(1)), Some(5_000));
    }

    #[test]
    fn the_nearest_count_wins() {
        let policy = |internal| RetryPolicy { internal: Some(internal), ..RetryPolicy::default() };
        let retries = Retries { count: 3, group: Some(policy(5)), router: Some(policy(6)) };
        let after = |wished, own: Option<&RetryPolicy>, deployment, kind| {
            let Allowance { retries, named } = retries.after(kind, wished, own, deployment);
            (retries, named)
        };
        let own = policy(7);
        assert_eq!(after(Some(0), Some(&own), Some(2), ErrorKind::Internal), (0, false));
        assert_eq!(after(Some(1_000_000), None, None, ErrorKind::Internal), (10, false), "bounded");
        assert_eq!(after(None, Some(&own), Some(2), ErrorKind::Internal), (7, true));
        assert_eq!(after(None, None, Some(2), ErrorKind::Internal), (5, true));
        assert_eq!(after(None, None, Some(2), ErrorKind::RateLimit), (2, false), "no policy names it");
        assert_eq!(after(None, None, None, ErrorKind::RateLimit), (3, false));
    }
}
