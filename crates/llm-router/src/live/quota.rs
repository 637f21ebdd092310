//! What is left of the vendor's limits, by what its answers said.

use llm_types::UnixMs;

use super::cell::{InstantCell, NumberCell};
use crate::{Allowance, Quota};

/// Both limits, read without a lock.
#[derive(Debug, Default)]
pub(super) struct QuotaCell {
    requests: LimitCell,
    tokens: LimitCell,
}

#[derive(Debug, Default)]
struct LimitCell {
    left: NumberCell,
    limit: NumberCell,
    at: InstantCell,
    until: InstantCell,
}

impl QuotaCell {
    pub(super) fn set(&self, requests: Option<Allowance>, tokens: Option<Allowance>, now: UnixMs) {
        for (cell, told) in [(&self.requests, requests), (&self.tokens, tokens)] {
            if let Some(told) = told {
                cell.set(told, now);
            }
        }
    }

    pub(super) fn get(&self, now: UnixMs) -> Quota {
        let (requests, tokens) = (self.requests.get(now), self.tokens.get(now));
        Quota {
            requests: requests.map(|(left, _)| left),
            tokens: tokens.map(|(left, _)| left),
            until: requests.into_iter().chain(tokens).map(|(_, until)| until).max(),
        }
    }
}

impl LimitCell {
    fn set(&self, told: Allowance, now: UnixMs) {
        self.left.set(Some(told.left));
        self.limit.set(told.limit);
        self.at.set(Some(now));
        self.until.set(Some(told.until));
    }

    /// How many are left, and until when that matters. Vendors fill their limits up bit by bit, so that a part of what
    /// was used is there long before all of it is.
    fn get(&self, now: UnixMs) -> Option<(u64, UnixMs)> {
        let until = self.until.get().filter(|until| *until > now)?;
        let left = self.left.get()?;
        let back = self.limit.get().zip(self.at.get()).map_or(0, |(limit, at)| {
            let used = limit.saturating_sub(left) as f64;
            (used * now.since(at) as f64 / until.since(at).max(1) as f64) as u64
        });
        Some((left.saturating_add(back), until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    #[test]
    fn what_was_used_comes_back_bit_by_bit() {
        let cell = QuotaCell::default();
        let tokens = Allowance { left: 1_000, limit: Some(61_000), until: NOW.plus(60_000) };
        let requests = Allowance { left: 0, limit: None, until: NOW.plus(10_000) };
        cell.set(Some(requests), Some(tokens), NOW);
        let quota = |ms: u64| cell.get(NOW.plus(ms));
        assert_eq!((quota(0).requests, quota(0).tokens), (Some(0), Some(1_000)));
        assert_eq!((quota(9_999).requests, quota(9_999).tokens), (Some(0), Some(10_999)));
        assert_eq!(quota(10_000), Quota { requests: None, tokens: Some(11_000), until: Some(tokens.until) });
        assert_eq!(quota(60_000), Quota::default());
        // A clock that is set back gives nothing back.
        assert_eq!(cell.get(UnixMs(NOW.0 - 5_000)).tokens, Some(1_000));
    }

    #[test]
    fn what_is_not_mentioned_stays() {
        let cell = QuotaCell::default();
        let of = |left| Some(Allowance { left, limit: None, until: NOW.plus(1_000) });
        cell.set(of(0), None, NOW);
        cell.set(None, of(50), NOW);
        let quota = cell.get(NOW);
        assert_eq!((quota.requests, quota.tokens), (Some(0), Some(50)));
    }
}
