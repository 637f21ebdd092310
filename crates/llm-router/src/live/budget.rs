//! What has been spent of a budget.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use llm_types::UnixMs;

use super::cell::{FloatCell, InstantCell};

/// What has been spent of one budget: a deployment's, a vendor's, a label's.
///
/// A period begins with the first spending after the last one's end. Amounts are in any one unit.
#[derive(Debug, Default)]
pub struct BudgetLive {
    limit: FloatCell,
    period_ms: AtomicU64,
    spent: Mutex<Spending>,
    share: FloatCell,
    until: InstantCell,
}

/// What is spent in the running period.
#[derive(Debug, Clone, Copy, Default)]
struct Spending {
    here: f64,
    /// By other processes, as far as they have told.
    elsewhere: f64,
}

impl Spending {
    fn total(self) -> f64 {
        self.here + self.elsewhere
    }
}

impl BudgetLive {
    /// A budget of `limit` in each period.
    pub fn new(limit: f64, period_ms: u64) -> Self {
        let budget = Self::default();
        budget.set(limit, period_ms);
        budget
    }

    /// Changes the budget. What is spent stays spent, and the running period ends when it would have.
    pub fn set(&self, limit: f64, period_ms: u64) {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        self.limit.set(Some(limit));
        self.period_ms.store(period_ms, Relaxed);
        self.share.set(Some(spent.total() / limit));
    }

    /// How much there is in each period.
    pub fn limit(&self) -> f64 {
        self.limit.get().unwrap_or(0.0)
    }

    /// The length of a period, in milliseconds.
    pub fn period_ms(&self) -> u64 {
        self.period_ms.load(Relaxed)
    }

    /// The share of the budget that is spent: one and more when there is nothing left. Takes no lock.
    pub fn used(&self, now: UnixMs) -> f64 {
        if self.limit() <= 0.0 {
            return f64::INFINITY;
        }
        match self.until.get() {
            Some(until) if until > now => self.share.get().unwrap_or(0.0),
            _ => 0.0,
        }
    }

    /// Adds to what is spent.
    pub fn spent(&self, amount: f64, now: UnixMs) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if self.until.get().is_none_or(|until| until <= now) {
            *spent = Spending::default();
            self.until.set(Some(now.plus(self.period_ms())));
        }
        spent.here += amount.max(0.0);
        self.share.set(Some(spent.total() / self.limit()));
    }

    /// Takes what other processes have spent together in the period that ends at `until`. Of two running periods the one
    /// that ends first holds.
    pub fn import(&self, elsewhere: f64, until: UnixMs, now: UnixMs) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.until.get().filter(|until| *until > now);
        if running.is_none() {
            *spent = Spending::default();
        }
        spent.elsewhere = elsewhere;
        self.until.set(Some(running.map_or(until, |own| own.min(until))));
        self.share.set(Some(spent.total() / self.limit()));
    }

    /// What this process itself has spent in the running period, for others, and when that ends.
    pub fn here(&self, now: UnixMs) -> Option<(f64, UnixMs)> {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        self.until.get().filter(|until| *until > now).map(|until| (spent.here, until))
    }

    /// What is spent in the running period, and when that ends.
    pub fn export(&self, now: UnixMs) -> Option<(f64, UnixMs)> {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        self.until.get().filter(|until| *until > now).map(|until| (spent.total(), until))
    }
}
