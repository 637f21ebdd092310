//! What is set aside for an attempt.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use llm_ledger::{Charge, Entry, Flag, Usd};
use llm_limits::{Charged, Extension, Prices, Reservation, Size};

/// What is set aside for an attempt, which may ask its vendor several times. What is not spent when it is dropped goes
/// back.
#[derive(Debug)]
pub struct Hold {
    reservation: Mutex<Option<Reservation>>,
    charges: Vec<Charge>,
    reserved: AtomicI64,
    cap: Option<u64>,
    /// Tokens of the answer that it is for.
    output: u64,
    /// What they cost at most.
    prices: Prices,
    spent: AtomicI64,
}

impl Hold {
    /// This much, for so many tokens of an answer at these prices. `cap` are the tokens that fit into it, where the request
    /// sets no bound of its own.
    pub(crate) fn new(reservation: Reservation, cap: Option<u64>, output: u64, prices: Prices) -> Self {
        Self {
            charges: reservation.charges().map(charge).collect(),
            reserved: AtomicI64::new(reservation.nanos()),
            reservation: Mutex::new(Some(reservation)),
            cap,
            output,
            prices,
            spent: AtomicI64::new(0),
        }
    }

    /// No money, and no more tokens in an answer than `cap`, and in all answers than `output`.
    pub(crate) fn capped(cap: u64, output: u64) -> Self {
        Self {
            reservation: Mutex::new(None),
            charges: Vec::new(),
            reserved: AtomicI64::new(0),
            cap: Some(cap),
            output,
            prices: Prices::default(),
            spent: AtomicI64::new(0),
        }
    }

    /// The accounts that it is paid from.
    pub fn charges(&self) -> Vec<Charge> {
        self.charges.clone()
    }

    /// How much it is.
    pub fn reserved(&self) -> Usd {
        Usd::from_nanos(self.reserved.load(Ordering::Relaxed))
    }

    /// Tokens of the answer that it is for; `None` if no money is bounded.
    pub(crate) fn output(&self) -> Option<u64> {
        (self.reserved() > Usd::ZERO).then_some(self.output)
    }

    /// What so many more tokens cost at most, in nano-dollars.
    pub(crate) fn cost(&self, tokens: i64) -> i64 {
        Prices { request: Usd::ZERO, ..self.prices }.cost(Size { input: 0, output: tokens })
    }

    /// What may be set aside beside it.
    pub(crate) fn extension(&self) -> Option<Extension> {
        let reservation = self.reservation.lock().unwrap_or_else(PoisonError::into_inner);
        reservation.as_ref().map(Reservation::extension)
    }

    /// Takes in what was set aside beside it.
    pub(crate) fn join(&self, more: Reservation) {
        let mut reservation = self.reservation.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reservation) = reservation.as_mut() {
            self.reserved.fetch_add(more.nanos(), Ordering::Relaxed);
            reservation.join(more);
        }
    }

    /// The most tokens that the vendor may write, where the request sets no bound of its own.
    pub const fn cap(&self) -> Option<u64> {
        self.cap
    }

    /// A leg has cost so much of it.
    pub fn spent(&self, entry: &mut Entry) {
        let cost = entry.cost.nanos().max(0);
        let before = self.spent.fetch_add(cost, Ordering::Relaxed);
        let reserved = self.reserved();
        let is_exceeded = !self.charges.is_empty() && before.saturating_add(cost) > reserved.nanos();
        entry.reserved = reserved;
        entry.flags = entry.flags.with_if(is_exceeded, Flag::Exceeded);
    }
}

/// A charge of a ledger's entry.
pub(super) fn charge(charged: Charged<'_>) -> Charge {
    Charge { account: charged.account.name.clone(), window: charged.window }
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
