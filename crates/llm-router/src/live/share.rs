//! Limits per minute that are never exceeded: who may send takes out of what is left before it sends.
//!
//! One process alone takes out of the limit itself. Where several share a limit, each takes out of what it was granted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use llm_types::UnixMs;

use super::Live;
use super::cell::InstantCell;
use super::counter::Counter;
use super::purse::Purse;
use crate::Room;

/// What is counted by the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rate {
    /// Requests.
    Requests,
    /// Tokens, in and out.
    Tokens,
}

impl Rate {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Requests, Self::Tokens];

    /// A short name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

/// Limits per minute (UTC); `None` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests.
    pub requests: Option<u64>,
    /// Tokens.
    pub tokens: Option<u64>,
}

impl Limits {
    /// The limit of one rate.
    pub const fn of(&self, rate: Rate) -> Option<u64> {
        match rate {
            Rate::Requests => self.requests,
            Rate::Tokens => self.tokens,
        }
    }
}

/// There is nothing left for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// Of what.
    pub rate: Rate,
    /// How much it needs.
    pub amount: u64,
    /// The limit, for all who share it.
    pub limit: u64,
    /// Whether more may be granted within this minute: others have not used theirs up, as far as known.
    pub more_may_come: bool,
}

/// What one process may still send, for whoever hands shares out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Granted and not used.
    pub left: u64,
    /// What requests [wait](Live::want) for since it was last [told](Live::ungranted) what there is.
    pub wanted: u64,
    /// Used beyond what was granted in this minute: answers that were longer than expected.
    pub overdrawn: u64,
    /// When a request last asked for a piece of it.
    pub asked: Option<UnixMs>,
}

/// The shares of one deployment's limits.
#[derive(Debug, Default)]
pub(super) struct Shares {
    divided: AtomicBool,
    requests: Purser,
    tokens: Purser,
}

#[derive(Debug, Default)]
struct Purser {
    purse: Purse,
    overdrawn: Counter,
    wanted: AtomicU64,
    asked: InstantCell,
    /// What others had not been granted either, when that was last told; of the minute in it.
    elsewhere: Counter,
    /// The minute that `elsewhere` is of was told of: 0 there is news, and not the want of any.
    told: InstantCell,
}

impl Shares {
    fn of(&self, rate: Rate) -> &Purser {
        match rate {
            Rate::Requests => &self.requests,
            Rate::Tokens => &self.tokens,
        }
    }

    /// What a minute begins with.
    fn fresh(&self, limit: u64) -> u64 {
        if self.divided.load(Relaxed) { 0 } else { limit }
    }

    /// What may still be sent in this minute, here and with what may be granted. Takes no lock.
    pub(super) fn room(&self, now: UnixMs) -> Room {
        if !self.divided.load(Relaxed) {
            return Room::default();
        }
        let room = |purser: &Purser| {
            let elsewhere = purser.elsewhere(now)?;
            Some(purser.purse.left(0, now).saturating_add(elsewhere))
        };
        Room { requests: room(&self.requests), tokens: room(&self.tokens) }
    }

    fn take(&self, rate: Rate, amount: u64, limit: Option<u64>, now: UnixMs) -> Result<(), Denied> {
        let Some(limit) = limit else { return Ok(()) };
        let purser = self.of(rate);
        let divided = self.divided.load(Relaxed);
        if divided {
            purser.asked.set(Some(now));
        }
        if purser.purse.take(amount, self.fresh(limit), now) {
            return Ok(());
        }
        let more_may_come = divided && purser.elsewhere(now).is_none_or(|elsewhere| elsewhere > 0);
        Err(Denied { rate, amount, limit, more_may_come })
    }
}

impl Purser {
    fn elsewhere(&self, now: UnixMs) -> Option<u64> {
        let same = |at: UnixMs| at.0.div_euclid(60_000) == now.0.div_euclid(60_000);
        self.told.get().filter(|at| same(*at)).map(|_| self.elsewhere.get(now))
    }
}

impl Live {
    /// From now on others share the limits per minute: only what was [granted](Self::grant) may be used.
    pub fn divide(&self) {
        self.shares.divided.store(true, Relaxed);
    }

    /// Takes one request and so many tokens out of what may be sent in this minute.
    ///
    /// # Errors
    /// There is not so much left; nothing was taken then.
    pub fn admit(self: &Arc<Self>, limits: Limits, tokens: u64, now: UnixMs) -> Result<Admission, Denied> {
        // A request that is larger than the limit has the minute for itself.
        let tokens = limits.tokens.map_or(0, |limit| tokens.min(limit));
        self.shares.take(Rate::Tokens, tokens, limits.tokens, now)?;
        let admission = Admission { live: self.clone(), limits, tokens, at: now };
        self.shares.take(Rate::Requests, 1, limits.requests, now)?;
        Ok(admission)
    }

    /// A request waits for what it was denied.
    pub fn want(&self, denied: &Denied) {
        self.shares.of(denied.rate).wanted.fetch_add(denied.amount, Relaxed);
    }

    /// What this process may still use in the minute of `at`.
    pub fn share(&self, rate: Rate, at: UnixMs) -> Share {
        let purser = self.shares.of(rate);
        Share {
            left: purser.purse.left(0, at),
            wanted: purser.wanted.load(Relaxed),
            overdrawn: purser.overdrawn.get(at),
            asked: purser.asked.get(),
        }
    }

    /// More may be used in the minute of `at`.
    pub fn grant(&self, rate: Rate, amount: u64, at: UnixMs) {
        self.shares.of(rate).purse.put(amount, 0, at);
    }

    /// Takes back what others need more in the minute of `at`; how much of `amount` was still there.
    pub fn take_back(&self, rate: Rate, amount: u64, at: UnixMs) -> u64 {
        self.shares.of(rate).purse.take_up_to(amount, 0, at)
    }

    /// So much of a limit had been granted to nobody in the minute of `at`. Whoever wants more says so again.
    pub fn ungranted(&self, rate: Rate, amount: u64, at: UnixMs) {
        let purser = self.shares.of(rate);
        purser.wanted.store(0, Relaxed);
        purser.elsewhere.set(amount, at);
        purser.told.set(Some(at));
    }
}

/// What a request took out of the limits per minute. Dropped, its tokens are given back: nobody was asked.
#[derive(Debug)]
#[must_use = "dropped, the tokens are given back"]
pub struct Admission {
    live: Arc<Live>,
    limits: Limits,
    tokens: u64,
    at: UnixMs,
}

impl Admission {
    /// The answer took so many tokens. What was not needed is given back; what was needed beyond it is taken too.
    pub fn settle(mut self, used: u64, now: UnixMs) {
        let reserved = std::mem::replace(&mut self.tokens, 0);
        let Some(limit) = self.limits.tokens else { return };
        let shares = &self.live.shares;
        if used <= reserved {
            self.give_back(reserved - used, now);
            return;
        }
        let more = used - reserved;
        let taken = shares.tokens.purse.take_up_to(more, shares.fresh(limit), now);
        shares.tokens.overdrawn.add(more - taken, now);
    }

    /// The answer broke off, and nobody knows how many tokens it took.
    pub fn forfeit(mut self) {
        self.tokens = 0;
    }

    fn give_back(&self, tokens: u64, now: UnixMs) {
        // What was taken in another minute is of no use in this one.
        let same = self.at.0.div_euclid(60_000) == now.0.div_euclid(60_000);
        if let (Some(limit), true, true) = (self.limits.tokens, same, tokens > 0) {
            self.live.shares.tokens.purse.put(tokens, self.live.shares.fresh(limit), now);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.give_back(self.tokens, self.at);
    }
}

#[cfg(test)]
mod tests;
