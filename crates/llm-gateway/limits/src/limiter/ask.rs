//! Asking for shares, and for what is booked: one question at a time for each account.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use llm_types::UnixMs;

use super::{Inner, Limiter};
use crate::account::{Account, Tally, UNBOUNDED};
use crate::flight::Aboard;
use crate::reservation::Line;
use crate::{Ask, Grant, Source, Spawn};

/// What is missing of one account.
struct Gap {
    account: Arc<Account>,
    tally: Arc<Tally>,
    limit: i64,
    amount: i64,
    /// Whether it is asked for ahead of need.
    is_ahead: bool,
}

impl Gap {
    fn of(line: &Line, is_ahead: bool) -> Self {
        Self {
            account: line.account.clone(),
            tally: line.tally.clone(),
            limit: if line.limit == i64::MAX { UNBOUNDED } else { line.limit },
            amount: line.amount,
            is_ahead,
        }
    }
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
    /// Asks for what is short, or waits for another who asks for some of it. Whether it is enough is seen by trying again,
    /// at the time that is answered: that of the question, if it was asked later than `now`.
    pub(super) async fn ask(&self, lines: &[Line], short: &[usize], now: UnixMs) -> UnixMs {
        let (Source::Alone(_, spawn) | Source::Shared(_, spawn)) = &self.inner.source else { return now };
        let waiting = Waiting::new(short.iter().filter_map(|place| lines.get(*place)).collect());
        let landing = match Aboard::board(waiting.0.iter().map(|line| &line.account), now) {
            Err(landing) => landing,
            Ok(aboard) => {
                let landing = aboard.landing();
                let gaps = waiting.0.iter().map(|line| Gap::of(line, false)).collect();
                self.fill(spawn, gaps, aboard, now);
                landing
            }
        };
        landing.await.max(now)
    }

    /// Asks for what runs low, so that requests to come find it; or, where nobody could be asked, for what is missing, to
    /// find out whether somebody can. Nobody waits for it.
    pub(super) fn ask_aside<'a>(&self, lines: impl Iterator<Item = &'a Line>, is_ahead: bool, now: UnixMs) {
        let (Source::Alone(_, spawn) | Source::Shared(_, spawn)) = &self.inner.source else { return };
        let lines: Vec<&Line> = lines.collect();
        if let Ok(aboard) = Aboard::board(lines.iter().map(|line| &line.account), now) {
            if is_ahead {
                lines.iter().for_each(|line| line.tally.is_ahead_by(0));
            }
            let gaps = lines.into_iter().map(|line| Gap::of(line, is_ahead)).collect();
            self.fill(spawn, gaps, aboard, now);
        }
    }

    /// Not by the request itself: if its client hangs up, the shares that were given must arrive all the same.
    fn fill(&self, spawn: &Spawn, gaps: Vec<Gap>, aboard: Aboard, now: UnixMs) {
        let inner = self.inner.clone();
        spawn(Box::pin(async move {
            inner.fill(&gaps, now).await;
            drop(aboard);
        }));
    }
}

impl Inner {
    async fn fill(&self, gaps: &[Gap], now: UnixMs) {
        match &self.source {
            Source::Nobody => {}
            Source::Alone(books, _) => {
                let answers = self.answers.load(Acquire);
                let unheard: Vec<&Gap> = gaps.iter().filter(|gap| !gap.tally.is_heard()).collect();
                let accounts: Vec<_> =
                    unheard.iter().map(|gap| (gap.account.id.clone(), gap.tally.start)).collect();
                if accounts.is_empty() {
                    return;
                }
                match books.booked(&accounts).await {
                    Ok(booked) if booked.len() == accounts.len() => {
                        self.came_back();
                        unheard.iter().zip(booked).for_each(|(gap, booked)| gap.tally.load(booked));
                    }
                    Ok(_) | Err(_) => self.stayed_away(answers, gaps.iter(), now),
                }
            }
            Source::Shared(authority, _) => {
                let asks: Vec<((&Gap, i64), Ask)> = gaps
                    .iter()
                    .filter_map(|gap| {
                        let (ask, wanted) = gap.ask(now)?;
                        Some(((gap, wanted), ask))
                    })
                    .collect();
                let (gaps, asks): (Vec<(&Gap, i64)>, Vec<Ask>) = asks.into_iter().unzip();
                if asks.is_empty() {
                    return;
                }
                let answers = self.answers.load(Acquire);
                match authority.take(&asks).await {
                    Ok(grants) if grants.len() == asks.len() => {
                        self.came_back();
                        let is_refused = |(ask, grant): (&Ask, &Grant)| grant.is_refusal(ask.need);
                        let may_be_held_back = !asks.iter().zip(&grants).any(is_refused);
                        for (((gap, wanted), ask), grant) in gaps.iter().zip(&asks).zip(grants) {
                            if gap.tally.hear(ask.limit, ask.need, grant, may_be_held_back, now) {
                                // Whoever says soon what is held here lets the others have what is free.
                                self.is_doubtful.store(true, Release);
                            }
                            gap.tally.is_ahead_by(grant.granted - wanted);
                        }
                    }
                    Ok(_) | Err(_) => {
                        // What was given, if it was, is not used, and goes back when all is at rest.
                        gaps.iter().for_each(|(gap, _)| gap.tally.is_doubtful.store(true, Release));
                        self.stayed_away(answers, gaps.iter().map(|(gap, _)| *gap), now);
                    }
                }
            }
        }
    }
}

impl Inner {
    /// A question was not answered. Where others were meanwhile, it is these accounts that nobody can tell of now.
    fn stayed_away<'a>(&self, answers: u64, gaps: impl Iterator<Item = &'a Gap>, now: UnixMs) {
        if self.answers.load(Acquire) == answers {
            return self.went_away(now);
        }
        self.is_doubtful.store(true, Release);
        gaps.for_each(|gap| gap.tally.is_late(gap.tally.missing(gap.amount), now));
    }
}

impl Gap {
    /// What to ask for, and how much of that is wanted at once; `None` if what was missing has come meanwhile.
    fn ask(&self, now: UnixMs) -> Option<(Ask, i64)> {
        if self.is_ahead {
            let wish = self.bulk(now);
            return (wish > 0).then(|| (self.ask_for(1, wish), 0));
        }
        let need = self.tally.missing(self.amount);
        if need == 0 && self.tally.is_heard() {
            return None;
        }
        let need = need.max(1);
        let waited_for = self.tally.missing(self.account.wanted.load(Acquire));
        let wanted = need.max(waited_for);
        let wish = wanted.saturating_add(self.bulk(now));
        Some((self.ask_for(need, wish.min(self.limit).max(need)), wanted))
    }

    /// How much more than needed is welcome. What is held counts as used by all others, so of what is only looked at up to
    /// some amount no more is taken ahead than of a limit.
    fn bulk(&self, now: UnixMs) -> i64 {
        match self.account.saturates() {
            Some(full) => self.tally.bulk(full, Some(full.saturating_sub(self.tally.used())), now),
            None => self.tally.bulk(self.limit, None, now),
        }
    }

    fn ask_for(&self, need: i64, wish: i64) -> Ask {
        Ask {
            account: self.account.id.clone(),
            window: self.tally.start,
            until: self.tally.until,
            limit: self.limit,
            need,
            wish,
            is_booked: self.account.is_booked,
        }
    }
}
