//! One group's running state.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use llm_types::UnixMs;

use super::Answered;
use super::timing::Timing;
use crate::{HealthEvent, Hedged, Pace};

/// What a group as a whole is doing.
#[derive(Debug)]
pub struct GroupLive {
    timing: Timing,
    turn: AtomicU64,
    /// Requests and second requests, 32 bits each.
    hedged: AtomicU64,
}

/// As soon as there are so many requests, both counts are halved: what was long ago fades.
const LATELY: u64 = 4_096;

impl GroupLive {
    /// A group of which nothing is known.
    pub fn new() -> Self {
        Self { timing: Timing::of_group(), turn: AtomicU64::default(), hedged: AtomicU64::default() }
    }

    /// How fast the group answers. Takes no lock.
    pub fn pace(&self, now: UnixMs) -> Pace {
        self.timing.pace(now)
    }

    /// The number of the next decision.
    pub fn turn(&self) -> u64 {
        self.turn.fetch_add(1, Relaxed)
    }

    /// The number that the next decision will have; it is not used up.
    pub fn next_turn(&self) -> u64 {
        self.turn.load(Relaxed)
    }

    /// How often its requests were sent twice, lately.
    pub fn hedging(&self) -> Hedged {
        let word = self.hedged.load(Relaxed);
        Hedged { requests: word >> 32, hedges: word & u64::from(u32::MAX) }
    }

    /// A request has come.
    pub fn requested(&self) {
        self.count(1, 0);
    }

    /// A second request was sent because the first is slow.
    pub fn hedged(&self) {
        self.count(0, 1);
    }

    /// Learns from a whole answer.
    pub fn answered(&self, answered: &Answered) {
        self.timing.answered(answered);
    }

    /// Learns from what did not come in time.
    pub fn fold(&self, event: &HealthEvent) {
        self.timing.fold(event);
    }

    fn count(&self, requests: u64, hedges: u64) {
        let _ = self.hedged.fetch_update(Relaxed, Relaxed, |word| {
            let (mut all, mut twice) = ((word >> 32) + requests, (word & u64::from(u32::MAX)) + hedges);
            if all >= LATELY {
                (all, twice) = (all / 2, twice / 2);
            }
            Some(all << 32 | twice.min(u64::from(u32::MAX)))
        });
    }
}

impl Default for GroupLive {
    fn default() -> Self {
        Self::new()
    }
}
