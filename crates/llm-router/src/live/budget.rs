//! What has been spent of a budget.

use std::sync::{Mutex, PoisonError};

use llm_types::UnixMs;

use super::cell::{FloatCell, InstantCell};

/// What has been spent of one budget: a deployment's, a vendor's, a label's.
///
/// A period begins with the first spending after the last one's end. Amounts are in any one unit.
#[derive(Debug)]
pub struct BudgetLive {
    limit: f64,
    period_ms: u64,
    spent: Mutex<f64>,
    share: FloatCell,
    until: InstantCell,
}

impl BudgetLive {
    /// A budget of `limit` in each period.
    pub fn new(limit: f64, period_ms: u64) -> Self {
        Self {
            limit,
            period_ms,
            spent: Mutex::default(),
            share: FloatCell::default(),
            until: InstantCell::default(),
        }
    }

    /// The share of the budget that is spent: one and more when there is nothing left. Takes no lock.
    pub fn used(&self, now: UnixMs) -> f64 {
        if self.limit <= 0.0 {
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
            self.until.set(Some(now.plus(self.period_ms)));
        }
        *spent += amount.max(0.0);
        self.share.set(Some(*spent / self.limit));
    }

    /// Takes over what is known elsewhere to be spent in the period that ends at `until`.
    pub fn import(&self, total: f64, until: UnixMs) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent = total;
        self.until.set(Some(until));
        self.share.set(Some(total / self.limit));
    }

    /// What is spent in the running period, and when that ends.
    pub fn export(&self, now: UnixMs) -> Option<(f64, UnixMs)> {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        self.until.get().filter(|until| *until > now).map(|until| (*spent, until))
    }
}
