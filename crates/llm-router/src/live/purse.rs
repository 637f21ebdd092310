//! What is left of a count per minute.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use llm_types::UnixMs;

use super::counter::{COUNT, COUNT_BITS, minute};

/// What is left of a count per minute (UTC), of this minute and the next. Minute and rest share one word, so that
/// nothing is taken twice when the minute turns.
#[derive(Debug, Default)]
pub(super) struct Purse([AtomicU64; 2]);

impl Purse {
    fn word(&self, at: UnixMs) -> &AtomicU64 {
        &self.0[(minute(at) & 1) as usize]
    }

    /// What is left; `fresh` in a minute out of which nothing was taken and into which nothing was put.
    pub(super) fn left(&self, fresh: u64, at: UnixMs) -> u64 {
        rest(self.word(at).load(Relaxed), fresh, at)
    }

    /// Takes `amount` out, if so much is there.
    pub(super) fn take(&self, amount: u64, fresh: u64, at: UnixMs) -> bool {
        self.change(fresh, at, |left| left.checked_sub(amount)).is_some()
    }

    /// Takes out as much of `amount` as is there, and says how much that was.
    pub(super) fn take_up_to(&self, amount: u64, fresh: u64, at: UnixMs) -> u64 {
        self.change(fresh, at, |left| Some(left.saturating_sub(amount))).map_or(0, |left| left.min(amount))
    }

    /// Puts `amount` in.
    pub(super) fn put(&self, amount: u64, fresh: u64, at: UnixMs) {
        self.change(fresh, at, |left| Some(left.saturating_add(amount).min(COUNT)));
    }

    /// Changes what is left; what was there before.
    fn change(&self, fresh: u64, at: UnixMs, change: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let word = |left: u64| minute(at) << COUNT_BITS | left;
        let changed =
            self.word(at).fetch_update(Relaxed, Relaxed, |before| change(rest(before, fresh, at)).map(word));
        changed.ok().map(|before| rest(before, fresh, at))
    }
}

fn rest(word: u64, fresh: u64, at: UnixMs) -> u64 {
    if word >> COUNT_BITS == minute(at) { word & COUNT } else { fresh.min(COUNT) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    #[test]
    fn no_more_is_taken_than_is_there() {
        let purse = Purse::default();
        assert!(purse.take(6, 10, NOW) && !purse.take(5, 10, NOW) && purse.take(4, 10, NOW));
        purse.put(3, 10, NOW);
        assert_eq!((purse.take_up_to(9, 10, NOW), purse.left(10, NOW)), (3, 0));
        let next = NOW.plus(60_000);
        assert_eq!((purse.left(10, next), purse.left(0, next)), (10, 0), "fresh with each minute");
        purse.put(7, 0, next);
        assert_eq!((purse.left(0, next), purse.left(10, NOW)), (7, 0), "the next one is apart from this one");
        assert_eq!(purse.left(0, next.plus(60_000)), 0, "what was not taken does not stay");
    }

    #[test]
    fn threads_take_each_piece_once() {
        let purse = Purse::default();
        let taken = |purse: &Purse| (0..10_000).filter(|_| purse.take(1, 25_000, NOW)).count();
        let all: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| taken(&purse))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((all, purse.left(0, NOW)), (25_000, 0));
    }
}
