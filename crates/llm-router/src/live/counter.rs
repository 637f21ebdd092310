//! A count of the running minute.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use llm_types::UnixMs;

/// A count of the running minute (UTC). Minute and count share one word, so that no count is lost when it turns.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

pub(super) const COUNT_BITS: u32 = 40;
pub(super) const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// The number of the minute, as far as it fits.
pub(super) fn minute(now: UnixMs) -> u64 {
    now.0.div_euclid(60_000).cast_unsigned() & (u64::MAX >> COUNT_BITS)
}

impl Counter {
    pub(super) fn add(&self, count: u64, now: UnixMs) {
        if count > 0 {
            let _ = self.0.fetch_update(Relaxed, Relaxed, |word| {
                let before = if word >> COUNT_BITS == minute(now) { word & COUNT } else { 0 };
                Some(minute(now) << COUNT_BITS | before.saturating_add(count).min(COUNT))
            });
        }
    }

    pub(super) fn set(&self, count: u64, now: UnixMs) {
        self.0.store(minute(now) << COUNT_BITS | count.min(COUNT), Relaxed);
    }

    pub(super) fn get(&self, now: UnixMs) -> u64 {
        let word = self.0.load(Relaxed);
        if word >> COUNT_BITS == minute(now) { word & COUNT } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_one_minute_and_starts_anew() {
        let counter = Counter::default();
        counter.add(2, UnixMs(59_000));
        counter.add(3, UnixMs(59_999));
        assert_eq!((counter.get(UnixMs(59_999)), counter.get(UnixMs(60_000))), (5, 0));
        counter.add(1, UnixMs(60_000));
        assert_eq!(counter.get(UnixMs(119_999)), 1);
        counter.add(u64::MAX, UnixMs(60_000));
        assert_eq!(counter.get(UnixMs(60_000)), COUNT, "full, not over");
        assert_eq!(counter.get(UnixMs(120_000)), 0);
    }

    #[test]
    fn threads_lose_nothing() {
        let counter = Counter::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| counter.add(1, UnixMs(1_763_700_000_000))));
            }
        });
        assert_eq!(counter.get(UnixMs(1_763_700_000_000)), 40_000);
    }
}
