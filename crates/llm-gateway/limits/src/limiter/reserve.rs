//! Taking all or nothing.

use std::sync::Arc;

use arc_swap::Guard;
use smallvec::SmallVec;

use llm_types::UnixMs;

use super::{Limiter, Room, WhenAway};
use crate::account::{Account, MOST, Tally};
use crate::reservation::{Line, Lines};
use crate::{
    Asked, Bound, Bounds, Demand, Level, Measure, Outlook, Refusal, Remaining, Reservation, Source, Standing,
};

/// How often a request asks at most before others have taken too much of what it was given.
const ROUNDS: usize = 16;

/// What came of an attempt to take all.
pub(super) enum Attempt {
    Taken,
    Refused(Refusal),
    /// These lines are not covered by shares.
    Short(SmallVec<[usize; 4]>),
    /// There may be enough, and nobody can tell yet.
    HeldBack(Refusal),
}

/// What a request takes by one bound.
struct Share<'a> {
    bound: &'a Bound,
    account: &'a Arc<Account>,
    tally: Guard<Arc<Tally>>,
    limit: i64,
    amount: i64,
    /// Whether it is taken whatever the limit.
    is_forced: bool,
}

/// How long a request has waited.
struct Wait {
    began: UnixMs,
    waited_ms: u64,
    /// Questions since it was held back last.
    rounds: usize,
}

impl Wait {
    const fn new(began: UnixMs) -> Self {
        Self { began, waited_ms: 0, rounds: 0 }
    }

    fn now(&self) -> UnixMs {
        self.began.plus(self.waited_ms)
    }

    /// A question came back that was asked at `at`, if that is later than this began: what came of it is known from then on.
    fn heard(&mut self, at: UnixMs) {
        self.rounds += 1;
        self.began = self.began.plus(at.since(self.now()));
    }
}

impl Limiter {
    /// Reserves what a request may take at most, of all bounds that concern it, or nothing.
    ///
    /// Where shares cover it nobody is asked and nothing is awaited; otherwise it is one round trip, together with whoever
    /// waits for the same. Where enough is left and it is not known yet what others hold, it waits for that, or for what
    /// comes back here, for [`Settings::patience_ms`](crate::Settings::patience_ms) at most.
    ///
    /// # Errors
    /// The first limit that was in the way.
    pub async fn reserve(
        &self,
        bounds: &[&Bounds],
        asked: &Asked<'_>,
        now: UnixMs,
    ) -> Result<Reservation, Refusal> {
        let (mut lines, mut wait) = (self.lines(bounds, asked, now), Wait::new(now));
        while wait.rounds < ROUNDS {
            match self.attempt(&lines, wait.now()) {
                Attempt::Taken => return Ok(Reservation::new(self.clone(), lines)),
                Attempt::Refused(refusal) => return Err(refusal),
                Attempt::Short(short) => wait.heard(self.ask(&lines, &short, wait.now()).await),
                Attempt::HeldBack(refusal) => self.pause(&mut wait, refusal).await?,
            }
            // What was heard meanwhile may throttle.
            lines = self.lines(bounds, asked, now);
        }
        self.crowded_out(&lines, wait.now()).map(|()| Reservation::new(self.clone(), lines))
    }

    /// Waits until it may be known what others hold; no longer than a request waits.
    async fn pause(&self, wait: &mut Wait, refusal: Refusal) -> Result<(), Refusal> {
        match &self.inner.source {
            Source::Shared(authority, _) if wait.waited_ms < self.inner.settings.patience_ms => {
                // At least one, so that it ends.
                wait.waited_ms = wait.waited_ms.saturating_add(authority.pause().await.max(1));
                wait.rounds = 0;
                Ok(())
            }
            _ => Err(refusal),
        }
    }

    /// The same without asking anybody: `None` if somebody would have to be asked.
    ///
    /// # Errors
    /// The first limit that was in the way.
    pub fn try_reserve(
        &self,
        bounds: &[&Bounds],
        asked: &Asked<'_>,
        now: UnixMs,
    ) -> Result<Option<Reservation>, Refusal> {
        let lines = self.lines(bounds, asked, now);
        match self.attempt(&lines, now) {
            Attempt::Taken => Ok(Some(Reservation::new(self.clone(), lines))),
            Attempt::Refused(refusal) => Err(refusal),
            Attempt::Short(_) | Attempt::HeldBack(_) => Ok(None),
        }
    }

    /// How much is left for a request's tokens and money; what is not known yet is asked for.
    pub async fn room(&self, bounds: &[&Bounds], asked: &Asked<'_>, now: UnixMs) -> Room {
        let demand = Demand::more(1, 1);
        let lines = self.lines(bounds, &Asked { demand, ..*asked }, now);
        self.hear(&lines, now).await;
        let least = |measure: Measure| {
            let of = lines.iter().filter(|line| line.account.measure == measure && line.limit < i64::MAX);
            of.map(|line| line.limit.saturating_sub(line.tally.used()).max(0)).min()
        };
        Room { nanos: least(Measure::Spend), tokens: least(Measure::Tokens) }
    }

    /// How the limits stand that concern a request, and which of them would refuse it. Nothing is taken; what is not known
    /// yet is asked for.
    pub async fn outlook(&self, bounds: &[&Bounds], asked: &Asked<'_>, now: UnixMs) -> Vec<Outlook> {
        let lines = self.lines(bounds, asked, now);
        self.hear(&lines, now).await;
        lines.iter().map(Outlook::of).collect()
    }

    /// Asks what is left of those of which nothing is known.
    async fn hear(&self, lines: &[Line], now: UnixMs) {
        let unheard: SmallVec<[usize; 4]> =
            (0..lines.len()).filter(|place| !lines[*place].tally.is_heard()).collect();
        if !unheard.is_empty() && !self.inner.is_away(now) {
            self.ask(lines, &unheard, now).await;
        }
    }

    /// What is left of the limits that concern a request, as far as is known here.
    pub fn remaining(&self, bounds: &[&Bounds], asked: &Asked<'_>, now: UnixMs) -> Remaining {
        let asked = Asked { demand: Demand::request(1, 1), ..*asked };
        let shares = self.shares(bounds, &asked, now);
        Remaining::of(
            shares.map(|share| (&**share.account, Standing::of(share.account, &share.tally, share.limit))),
        )
    }

    /// How a key's own budget stands, or that of which the least is left, as far as is known here.
    pub fn key_budget(&self, key: &Bounds, now: UnixMs) -> Option<Standing> {
        let is_own = |bound: &&Bound| {
            bound.level == Level::Key && bound.measure == Measure::Spend && bound.part.is_none()
        };
        let standings = key.list.iter().filter(is_own).map(|bound| {
            let account = self.inner.account(bound, now);
            Standing::of(account, &account.tally(now), bound.limit_at(now))
        });
        standings.min_by_key(Standing::remaining)
    }

    /// Takes for a reservation beside what it has.
    pub(crate) async fn take_more(&self, more: &[Line], now: UnixMs) -> Result<(), Refusal> {
        let mut wait = Wait::new(now);
        while wait.rounds < ROUNDS {
            match self.attempt(more, wait.now()) {
                Attempt::Taken => return Ok(()),
                Attempt::Refused(refusal) => return Err(refusal),
                Attempt::Short(short) => wait.heard(self.ask(more, &short, wait.now()).await),
                Attempt::HeldBack(refusal) => self.pause(&mut wait, refusal).await?,
            }
        }
        self.crowded_out(more, wait.now())
    }

    /// Others took what was granted, again and again: there is next to nothing left.
    fn crowded_out(&self, lines: &[Line], now: UnixMs) -> Result<(), Refusal> {
        match self.attempt(lines, now) {
            Attempt::Taken => Ok(()),
            Attempt::Refused(refusal) | Attempt::HeldBack(refusal) => Err(refusal),
            Attempt::Short(short) => Err(Refusal::of(&lines[short[0]], false)),
        }
    }

    /// What a request takes, line by line; each account once.
    fn lines(&self, bounds: &[&Bounds], asked: &Asked<'_>, now: UnixMs) -> Lines {
        const USUAL: usize = 16;
        let most: usize = bounds.iter().map(|bounds| bounds.list.len()).sum();
        let mut lines = Lines::with_capacity(most.min(USUAL));
        for Share { bound, account, tally, limit, amount, is_forced } in self.shares(bounds, asked, now) {
            account.used(now);
            if let Some(line) = lines.iter_mut().find(|line| Arc::ptr_eq(&line.account, account)) {
                line.limit = line.limit.min(limit);
                line.is_forced &= is_forced;
                line.soft = line.soft.into_iter().chain(bound.soft).min();
                continue;
            }
            let (account, tally) = (account.clone(), Guard::into_inner(tally));
            lines.push(Line { account, tally, limit, soft: bound.soft, amount, is_forced });
        }
        lines
    }

    /// What a request takes by each bound that concerns it.
    fn shares<'a>(
        &'a self,
        bounds: &'a [&Bounds],
        asked: &'a Asked<'_>,
        now: UnixMs,
    ) -> impl Iterator<Item = Share<'a>> {
        bounds.iter().flat_map(move |bounds| {
            let braked = self.braked(bounds, now);
            let is_saturated = self.is_saturated(bounds, now);
            bounds.concerning(asked).filter_map(move |bound| {
                let amount = asked.demand.amount(bound.measure)?;
                let mut limit = bound.limit_at(now);
                if bound.is_braked && braked & mask(bound) != 0 {
                    limit = self.throttled(limit);
                }
                // What takes nothing is let through, and written down all the same.
                let mut is_forced = amount == 0 || bound.is_dynamic && !asked.is_failing;
                if bound.is_reserve && !is_saturated {
                    (limit, is_forced) = (i64::MAX, true);
                }
                let account = self.inner.account(bound, now);
                let tally = account.tally(now);
                is_forced |= bound.saturates.is_some_and(|full| tally.used() >= full);
                Some(Share { bound, account, tally, limit, amount, is_forced })
            })
        })
    }

    /// Whose rates are throttled because a budget is spent, as a set of levels.
    fn braked(&self, bounds: &Bounds, now: UnixMs) -> u32 {
        if !bounds.has_brakes {
            return 0;
        }
        let is_spent = |bound: &&Bound| {
            bound.brake.is_some_and(|brake| self.inner.account(bound, now).tally(now).used() >= brake)
        };
        bounds.list.iter().filter(is_spent).fold(0, |set, bound| set | mask(bound))
    }

    /// Whether so much of a model's rates is used that each priority has no more than what is reserved for it.
    fn is_saturated(&self, bounds: &Bounds, now: UnixMs) -> bool {
        let is_full = |bound: &Bound| {
            bound.saturates.is_some_and(|full| {
                let tally = self.inner.account(bound, now).tally(now);
                // What requests may write at most says little of what they will.
                let used = if bound.measure == Measure::Tokens { tally.spent() } else { tally.used() };
                used >= full
            })
        };
        bounds.has_reserves && bounds.list.iter().any(is_full)
    }

    fn throttled(&self, limit: i64) -> i64 {
        let part = i128::from(limit) * i128::from(self.inner.settings.throttle_percent.min(100)) / 100;
        i64::try_from(part).unwrap_or(limit).max(limit.min(1))
    }

    /// Looks whether all fits, and then takes it; another may have taken in between, and then all is given back.
    fn attempt(&self, lines: &[Line], now: UnixMs) -> Attempt {
        let inner = &self.inner;
        let is_lost = inner.is_lease_over(now);
        'again: loop {
            let mut short = SmallVec::new();
            let mut covered: SmallVec<[bool; 16]> = SmallVec::new();
            if inner.is_away(now) && inner.is_to_be_tried(now) {
                let short = |line: &&Line| !line.is_forced && line.tally.missing(line.amount) > 0;
                self.ask_aside(lines.iter().filter(short), false, now);
            }
            let is_away = is_lost || inner.is_away(now);
            let mut held_back = None;
            for (place, line) in lines.iter().enumerate() {
                let taken = line.tally.taken.load(std::sync::atomic::Ordering::Acquire);
                if !line.is_forced && taken.saturating_add(line.amount) > line.limit {
                    return Attempt::Refused(Refusal::of(line, false));
                }
                let missing = if line.is_forced { 0 } else { line.tally.missing(line.amount) };
                covered.push(missing == 0 && !line.is_forced && !is_lost);
                if line.is_forced || missing == 0 && !is_lost {
                    continue;
                }
                if is_away {
                    if inner.settings.when_away == WhenAway::Refuse && line.limit < i64::MAX {
                        return Attempt::Refused(Refusal::of(line, true));
                    }
                } else if line.tally.is_refused(missing, now, inner.settings.refused_ms) {
                    return Attempt::Refused(Refusal::of(line, false));
                } else if line.tally.is_held_back(missing, now, inner.settings.refused_ms) {
                    // What refuses nothing is let through.
                    held_back = held_back.or((line.limit < i64::MAX).then_some(line));
                } else {
                    short.push(place);
                }
            }
            if let Some(line) = held_back
                && inner.settings.when_away == WhenAway::Refuse
            {
                return Attempt::HeldBack(Refusal::of(line, true));
            }
            if !short.is_empty() {
                return Attempt::Short(short);
            }
            for (place, line) in lines.iter().enumerate() {
                if !covered[place] {
                    line.tally.force(line.amount);
                } else if !line.tally.take(line.amount, line.limit) {
                    lines[..place].iter().for_each(|line| line.tally.give(line.amount));
                    continue 'again;
                }
            }
            if inner.source.is_shared() && !is_away {
                let low: SmallVec<[&Line; 4]> = lines.iter().filter(|line| line.tally.runs_low()).collect();
                if !low.is_empty() {
                    self.ask_aside(low.into_iter(), true, now);
                }
            }
            return Attempt::Taken;
        }
    }
}

const fn mask(bound: &Bound) -> u32 {
    1 << bound.level as u32
}

/// Amounts are bounded, so that sums of them never overflow.
pub(crate) const fn amount(amount: i64) -> i64 {
    if amount < 0 {
        0
    } else if amount > MOST {
        MOST
    } else {
        amount
    }
}
