//! What is set aside for an attempt.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use llm_ledger::{Charge, Entry, Flag, Usd};
use llm_limits::Reservation;

/// What is set aside for an attempt, which may ask its vendor several times. What is not spent when it is dropped goes
/// back.
#[derive(Debug)]
pub struct Hold {
    reservation: Mutex<Option<Reservation>>,
    charges: Vec<Charge>,
    reserved: i64,
    cap: Option<u64>,
    spent: AtomicI64,
}

impl Hold {
    /// This much. `cap` are the tokens that fit into it, where the request sets no bound of its own.
    pub(crate) fn new(reservation: Reservation, cap: Option<u64>) -> Self {
        let charge = |charged: llm_limits::Charged<'_>| Charge {
            account: charged.account.name[..].into(),
            window: charged.window,
        };
        Self {
            charges: reservation.charges().map(charge).collect(),
            reserved: reservation.nanos(),
            reservation: Mutex::new(Some(reservation)),
            cap,
            spent: AtomicI64::new(0),
        }
    }

    /// No money, and no more tokens than these.
    pub(crate) fn capped(cap: u64) -> Self {
        Self {
            reservation: Mutex::new(None),
            charges: Vec::new(),
            reserved: 0,
            cap: Some(cap),
            spent: AtomicI64::new(0),
        }
    }

    /// The accounts that it is paid from.
    pub fn charges(&self) -> Vec<Charge> {
        self.charges.clone()
    }

    /// How much it is.
    pub const fn reserved(&self) -> Usd {
        Usd::from_nanos(self.reserved)
    }

    /// The most tokens that the vendor may write, where the request sets no bound of its own.
    pub const fn cap(&self) -> Option<u64> {
        self.cap
    }

    /// A leg has cost so much of it.
    pub fn spent(&self, entry: &mut Entry) {
        let cost = entry.cost.nanos().max(0);
        let before = self.spent.fetch_add(cost, Ordering::Relaxed);
        let is_exceeded = !self.charges.is_empty() && before.saturating_add(cost) > self.reserved;
        entry.flags = entry.flags.with_if(is_exceeded, Flag::Exceeded);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let reservation = self.reservation.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(reservation) = reservation else { return };
        for alert in reservation.settle(*self.spent.get_mut(), 0).alerts {
            tracing::warn!(
                level = alert.level.label(),
                subject = &*alert.subject,
                account = &*alert.account.name,
                soft_budget = %Usd::from_nanos(alert.soft),
                spent = %Usd::from_nanos(alert.spent),
                "a soft budget is passed"
            );
        }
    }
}
