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
    spent: Mutex<f64>,
    share: FloatCell,
    until: InstantCell,
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
        self.share.set(Some(*spent / limit));
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
            *spent = 0.0;
            self.until.set(Some(now.plus(self.period_ms())));
        }
        *spent += amount.max(0.0);
        self.share.set(Some(*spent / self.limit()));
    }

    /// Takes over what is known elsewhere to be spent in the period that ends at `until`.
    pub fn import(&self, total: f64, until: UnixMs) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = total;
        self.until.set(Some(until));
        self.share.set(Some(total / self.limit()));
    }

    /// What is spent in the running period, and when that ends.
    pub fn export(&self, now: UnixMs) -> Option<(f64, UnixMs)> {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        self.until.get().filter(|until| *until > now).map(|until| (*spent, until))
    }
}
