//! [`Reservation`]: what a request took, until it is known what it needed.

use std::sync::Arc;
use std::sync::atomic::Ordering::AcqRel;

use llm_types::UnixMs;

use crate::account::{Account, Tally};
use crate::limiter::amount;
use crate::{AccountId, Cycle, Demand, Level, Limiter, Measure, Refusal, Remaining, Standing};

/// One account of a request's.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) account: Arc<Account>,
    /// The window that it was taken in: it stays when the next one begins.
    pub(crate) tally: Arc<Tally>,
    /// `i64::MAX` if nothing is refused.
    pub(crate) limit: i64,
    pub(crate) soft: Option<i64>,
    /// What is reserved and not settled.
    pub(crate) amount: i64,
    /// Whether it is taken whatever the limit.
    pub(crate) is_forced: bool,
}

/// In memory of their own: a reservation is handed on from place to place.
pub(crate) type Lines = Vec<Line>;

/// What was reserved for a request. Dropped, it gives back what was not settled; that a request was made stays counted.
#[derive(Debug)]
#[must_use = "what is reserved is given back at once"]
pub struct Reservation {
    limiter: Limiter,
    lines: Lines,
    nanos: i64,
    tokens: i64,
    is_exceeded: bool,
}

/// What may be reserved beside a [`Reservation`]: at the same levels, in the windows that it has it in.
#[derive(Debug, Clone)]
pub struct Extension {
    limiter: Limiter,
    lines: Lines,
}

impl Extension {
    /// Reserves so much more, at all levels or at none; [`Reservation::join`] takes it in. Windows that are over bound
    /// nothing any more.
    ///
    /// # Errors
    /// The first limit that was in the way.
    pub async fn take(&self, tokens: i64, nanos: i64, now: UnixMs) -> Result<Reservation, Refusal> {
        let demand = Demand::more(tokens, nanos);
        let lines = self.lines.iter().filter(|line| now < line.tally.until);
        let more: Lines = lines
            .filter_map(|line| {
                let amount = demand.amount(line.account.measure).filter(|amount| *amount > 0)?;
                Some(Line { amount, ..line.clone() })
            })
            .collect();
        self.limiter.take_more(&more, now).await?;
        Ok(Reservation::new(self.limiter.clone(), more))
    }
}

/// An account that what a request takes is booked to, and the beginning of its window: a ledger entry's charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The beginning of the window, in milliseconds; 0 for one that never begins anew.
    pub window: i64,
}

/// Somebody has spent more than a soft limit. Told once in a window, by this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Whose limit.
    pub level: Level,
    /// The id.
    pub subject: Arc<str>,
    /// The account.
    pub account: AccountId,
    /// The limit, in nano-dollars.
    pub soft: i64,
    /// What is spent.
    pub spent: i64,
    /// When it begins anew; `None` for what never does.
    pub resets_at: Option<UnixMs>,
}

/// What came of settling.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Whether more was needed than was reserved.
    pub is_exceeded: bool,
    /// Soft limits that are passed from now on.
    pub alerts: Vec<Alert>,
}

impl Reservation {
    pub(crate) fn new(limiter: Limiter, lines: Lines) -> Self {
        let most = |measure: Measure| {
            let of = lines.iter().filter(|line| line.account.measure == measure);
            of.map(|line| line.amount).max().unwrap_or(0)
        };
        Self {
            nanos: most(Measure::Spend),
            tokens: most(Measure::Tokens),
            limiter,
            lines,
            is_exceeded: false,
        }
    }

    /// Nano-dollars that are reserved and not settled; 0 if no money is bounded.
    pub const fn nanos(&self) -> i64 {
        self.nanos
    }

    /// Tokens that are reserved and not settled; 0 if none are bounded.
    pub const fn tokens(&self) -> i64 {
        self.tokens
    }

    /// Whether any amount of money is bounded or watched: there are accounts to charge.
    pub fn has_charges(&self) -> bool {
        self.charges().next().is_some()
    }

    /// The accounts that what the request costs is taken out of: those of hard and of soft budgets.
    pub fn charges(&self) -> impl Iterator<Item = Charged<'_>> {
        let money = self.lines.iter().filter(|line| line.account.measure == Measure::Spend);
        money.map(|line| Charged { account: &line.account.id, window: line.tally.start })
    }

    /// The accounts of rates that the ledger books: those of more than a minute. The request is one of theirs, and its tokens
    /// are.
    pub fn rates(&self) -> impl Iterator<Item = Charged<'_>> {
        let of_rates = |line: &&Line| {
            line.account.is_booked && matches!(line.account.measure, Measure::Requests | Measure::Tokens)
        };
        let rates = self.lines.iter().filter(of_rates);
        rates.map(|line| Charged { account: &line.account.id, window: line.tally.start })
    }

    /// What is left of the limits that this was taken of: of those that have begun anew since, what is left now.
    pub fn remaining(&self, now: UnixMs) -> Remaining {
        Remaining::of(self.lines.iter().map(|line| (&*line.account, line.standing_at(now))))
    }

    /// A part of the request is known: a leg that failed, or one of several. The rest stays reserved.
    pub fn spend(&mut self, nanos: i64, tokens: i64) -> Settled {
        let mut settled = Settled::default();
        let (nanos, tokens) = (amount(nanos), amount(tokens));
        for line in &mut self.lines {
            let used = match line.account.measure {
                Measure::Spend => nanos,
                Measure::Tokens => tokens,
                Measure::Requests | Measure::Parallel => continue,
            };
            let beyond = (used - line.amount).max(0);
            line.amount = (line.amount - used).max(0);
            if beyond > 0 {
                line.tally.force(beyond);
                settled.is_exceeded = true;
            }
            line.tally.settled.fetch_add(used, AcqRel);
            settled.alerts.extend(line.alert());
        }
        self.nanos = (self.nanos - nanos).max(0);
        self.tokens = (self.tokens - tokens).max(0);
        self.is_exceeded |= settled.is_exceeded;
        settled
    }

    /// All of the request is known: what was reserved beyond it is given back.
    pub fn settle(mut self, nanos: i64, tokens: i64) -> Settled {
        let settled = self.spend(nanos, tokens);
        Settled { is_exceeded: self.is_exceeded, ..settled }
    }

    /// Reserves more tokens and money for a request that would pass what it has, in the windows that it has it in.
    ///
    /// # Errors
    /// The first limit that was in the way; what was reserved before stays.
    pub async fn extend(&mut self, tokens: i64, nanos: i64, now: UnixMs) -> Result<(), Refusal> {
        let more = self.extension().take(tokens, nanos, now).await?;
        self.join(more);
        Ok(())
    }

    /// What may be reserved beside this, for whoever cannot hold this while it is asked for.
    pub fn extension(&self) -> Extension {
        Extension { limiter: self.limiter.clone(), lines: self.lines.clone() }
    }

    /// Takes in what was reserved beside this by an [`Extension`] of it.
    pub fn join(&mut self, mut more: Self) {
        for line in std::mem::take(&mut more.lines) {
            let same = |own: &&mut Line| Arc::ptr_eq(&own.tally, &line.tally);
            match self.lines.iter_mut().find(same) {
                Some(own) => own.amount = own.amount.saturating_add(line.amount),
                None => self.lines.push(line),
            }
        }
        self.nanos = self.nanos.saturating_add(more.nanos);
        self.tokens = self.tokens.saturating_add(more.tokens);
    }

    /// As if it had never been: that a request was made is not counted either. For a request that was refused after all,
    /// before anybody was asked.
    pub fn withdraw(mut self) {
        for line in std::mem::take(&mut self.lines) {
            line.tally.give(line.amount);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        for line in &self.lines {
            match line.account.measure {
                Measure::Requests => {
                    line.tally.settled.fetch_add(line.amount, AcqRel);
                }
                Measure::Tokens | Measure::Spend | Measure::Parallel => line.tally.give(line.amount),
            }
        }
    }
}

impl Line {
    /// How its limit stands.
    pub(crate) fn standing(&self) -> Standing {
        Standing::of(&self.account, &self.tally, self.limit)
    }

    /// The same, of the window that is now.
    fn standing_at(&self, now: UnixMs) -> Standing {
        if now < self.tally.until {
            return self.standing();
        }
        Standing::of(&self.account, &self.account.tally(now), self.limit)
    }

    fn alert(&self) -> Option<Alert> {
        let soft = self.soft?;
        let account = &self.account;
        self.tally.tells(soft).then(|| Alert {
            level: account.level,
            subject: account.subject.clone(),
            account: account.id.clone(),
            soft,
            spent: self.tally.spent(),
            resets_at: (account.cycle != Cycle::Ever).then_some(self.tally.until),
        })
    }
}
