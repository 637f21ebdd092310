//! Asking for shares, and for what is booked: one question at a time for each account.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use llm_types::UnixMs;

use super::{Inner, Limiter};
use crate::account::{Account, Tally, UNBOUNDED};
use crate::flight::Aboard;
use crate::reservation::{Line, Lines};
use crate::{Ask, Grant, Measure, Source};

/// What is missing of one account.
struct Gap {
    account: Arc<Account>,
    tally: Arc<Tally>,
    limit: i64,
    amount: i64,
}

/// Says to whoever asks for an account how much more is waited for, while it is.
struct Waiting<'a>(Vec<&'a Line>);

impl<'a> Waiting<'a> {
    fn new(lines: Vec<&'a Line>) -> Self {
        for line in &lines {
            line.account.wanted.fetch_add(line.amount, AcqRel);
        }
        Self(lines)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for line in &self.0 {
            line.account.wanted.fetch_sub(line.amount, AcqRel);
        }
    }
}

impl Limiter {
    /// Asks for what is short, or waits for another who asks for some of it. Whether it is enough is seen by trying again.
    pub(super) async fn ask(&self, lines: &Lines, short: &[usize], now: UnixMs) {
        let (Source::Alone(_, spawn) | Source::Shared(_, spawn)) = &self.inner.source else { return };
        let waiting = Waiting::new(short.iter().filter_map(|place| lines.get(*place)).collect());
        let landing = match Aboard::board(waiting.0.iter().map(|line| &line.account)) {
            Err(landing) => landing,
            Ok(aboard) => {
                let gaps = waiting.0.iter().map(|line| Gap {
                    account: line.account.clone(),
                    tally: line.tally.clone(),
                    limit: if line.limit == i64::MAX { UNBOUNDED } else { line.limit },
                    amount: line.amount,
                });
                let (landing, inner, gaps) = (aboard.landing(), self.inner.clone(), gaps.collect::<Vec<_>>());
                // Not by the request itself: if its client hangs up, the shares that were given must arrive all the same.
                spawn(Box::pin(async move {
                    inner.fill(&gaps, now).await;
                    drop(aboard);
                }));
                landing
            }
        };
        landing.await;
    }
}

impl Inner {
    async fn fill(&self, gaps: &[Gap], now: UnixMs) {
        match &self.source {
            Source::Nobody => {}
            Source::Alone(books, _) => {
                let unheard: Vec<&Gap> = gaps.iter().filter(|gap| !gap.tally.is_heard()).collect();
                let accounts: Vec<_> =
                    unheard.iter().map(|gap| (gap.account.id.clone(), gap.tally.start)).collect();
                if accounts.is_empty() {
                    return;
                }
                match books.booked(&accounts).await {
                    Ok(booked) if booked.len() == accounts.len() => {
                        unheard.iter().zip(booked).for_each(|(gap, booked)| gap.tally.load(booked));
                    }
                    Ok(_) | Err(_) => self.went_away(now),
                }
            }
            Source::Shared(authority, _) => {
                let asks: Vec<(&Gap, Ask)> =
                    gaps.iter().filter_map(|gap| Some((gap, gap.ask(now)?))).collect();
                let (gaps, asks): (Vec<&Gap>, Vec<Ask>) = asks.into_iter().unzip();
                if asks.is_empty() {
                    return;
                }
                match authority.take(&asks).await {
                    Ok(grants) if grants.len() == asks.len() => {
                        let is_refused = |(ask, grant): (&Ask, &Grant)| grant.is_refusal(ask.need);
                        let may_be_held_back = !asks.iter().zip(&grants).any(is_refused);
                        for ((gap, ask), grant) in gaps.iter().zip(&asks).zip(grants) {
                            gap.tally.hear(ask.limit, ask.need, grant, may_be_held_back, now);
                        }
                    }
                    Ok(_) | Err(_) => {
                        // What was given, if it was, is not used, and goes back when all is at rest.
                        gaps.iter().for_each(|gap| gap.tally.is_doubtful.store(true, Release));
                        self.went_away(now);
                    }
                }
            }
        }
    }
}

impl Gap {
    /// What to ask for; `None` if what was missing has come meanwhile.
    fn ask(&self, now: UnixMs) -> Option<Ask> {
        let need = self.tally.missing(self.amount);
        if need == 0 && self.tally.is_heard() {
            return None;
        }
        let need = need.max(1);
        let waited_for = self.tally.missing(self.account.wanted.load(Acquire));
        let wish = need.max(waited_for).saturating_add(self.tally.bulk(self.limit, now));
        Some(Ask {
            account: self.account.id.clone(),
            window: self.tally.start,
            until: self.tally.until,
            limit: self.limit,
            need,
            wish: wish.min(self.limit).max(need),
            is_money: self.account.measure == Measure::Spend,
        })
    }
}
