//! Legs that are open.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::LegId;

/// A leg whose intent was written and that is not settled yet. Whoever holds it settles it; one that is dropped is
/// counted, and [`Journal::sweep`](super::Journal::sweep) settles it as interrupted.
#[derive(Debug)]
#[must_use = "a leg that is not settled counts as interrupted"]
pub struct Open {
    segment: u64,
    id: LegId,
    /// Bytes set aside for its settlement.
    reserved: u64,
    /// Where it goes if it is dropped; nowhere once it is settled.
    dropped: Option<Arc<Dropped>>,
}

/// Legs that were dropped.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    legs: Mutex<Vec<Open>>,
    /// All there ever were.
    count: AtomicU64,
}

impl Open {
    pub(crate) fn new(segment: u64, id: LegId, reserved: u64, dropped: &Arc<Dropped>) -> Self {
        Self { segment, id, reserved, dropped: Some(dropped.clone()) }
    }

    /// Which leg it is.
    pub fn id(&self) -> LegId {
        self.id
    }

    pub(crate) fn segment(&self) -> u64 {
        self.segment
    }

    pub(crate) fn reserved(&self) -> u64 {
        self.reserved
    }

    /// Whether it is of the journal whose dropped legs these are.
    pub(crate) fn is_of(&self, dropped: &Arc<Dropped>) -> bool {
        self.dropped.as_ref().is_some_and(|own| Arc::ptr_eq(own, dropped))
    }

    /// It is settled.
    pub(crate) fn disarm(&mut self) {
        self.dropped = None;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            dropped.count.fetch_add(1, Ordering::Relaxed);
            let leg = Self { dropped: None, ..*self };
            dropped.legs.lock().unwrap_or_else(PoisonError::into_inner).push(leg);
        }
    }
}

impl Dropped {
    /// The segment of one of them.
    pub(crate) fn any(&self) -> Option<u64> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner).first().map(Open::segment)
    }

    /// Those of a segment, which are dropped again unless they are disarmed.
    pub(crate) fn of(self: &Arc<Self>, segment: u64) -> Vec<Open> {
        let mut legs = self.legs.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<_> = legs.extract_if(.., |leg| leg.segment == segment).collect();
        drop(legs);
        self.count.fetch_sub(taken.len() as u64, Ordering::Relaxed);
        let again = |leg: Open| Open { dropped: Some(self.clone()), ..leg };
        taken.into_iter().map(again).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
