//! [`Account`]: what is taken out of one limit, and how much of it is this gateway's to give.

use std::sync::atomic::{
    AtomicBool, AtomicI64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use llm_tenancy::{Calendar, Window};
use llm_types::UnixMs;

use crate::flight::Flight;
use crate::{AccountId, Bound, Cycle, Level, Measure};

/// No amount is larger than this, so that sums of amounts never overflow.
pub(crate) const MOST: i64 = 1 << 56;
/// The limit of what has none, for whoever computes with it.
pub(crate) const UNBOUNDED: i64 = 1 << 62;

/// One account of this process.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) level: Level,
    pub(crate) subject: Arc<str>,
    pub(crate) part: Option<Box<str>>,
    pub(crate) measure: Measure,
    pub(crate) cycle: Cycle,
    calendar: Calendar,
    /// Whether the ledger books what is taken of it: see [`Bound::is_booked`].
    pub(crate) is_booked: bool,
    /// Whether nobody has to be asked before it is used.
    is_free: bool,
    /// How much of it is looked at: from there on it is counted, and nobody is asked. Negative where it bounds by itself.
    saturates: AtomicI64,
    current: ArcSwap<Tally>,
    rolling: Mutex<()>,
    /// The question that is under way for it.
    pub(crate) flight: Mutex<Option<Arc<Flight>>>,
    /// What those want who wait for a share.
    pub(crate) wanted: AtomicI64,
    last_used: AtomicI64,
}

impl Account {
    pub(crate) fn new(bound: &Bound, calendar: &Calendar, is_free: bool, now: UnixMs) -> Self {
        let window = bound.cycle.window(now, calendar);
        Self {
            id: bound.account.clone(),
            level: bound.level,
            subject: bound.subject.clone(),
            part: bound.part.as_ref().map(|part| part.name().into()),
            measure: bound.measure,
            cycle: bound.cycle,
            calendar: calendar.clone(),
            is_booked: bound.is_booked(window),
            is_free,
            saturates: AtomicI64::new(-1),
            current: ArcSwap::from_pointee(Tally::new(window, is_free)),
            rolling: Mutex::new(()),
            flight: Mutex::new(None),
            wanted: AtomicI64::new(0),
            last_used: AtomicI64::new(now.0),
        }
    }

    /// The count of the window that is now, to be looked at for a moment. The next one begins when the last is over, never
    /// earlier: a clock that goes back counts on, unless it goes back so far that nobody could wait for the end.
    pub(crate) fn tally(&self, now: UnixMs) -> Guard<Arc<Tally>> {
        let current = self.current.load();
        if current.holds(now) {
            return current;
        }
        drop(current);
        let _one_rolls = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.current.load().holds(now) {
            self.current.store(Arc::new(Tally::new(self.cycle.window(now, &self.calendar), self.is_free)));
        }
        self.current.load()
    }

    /// The count as it stands, whatever the time.
    pub(crate) fn last_tally(&self) -> Arc<Tally> {
        self.current.load_full()
    }

    /// A bound refers to it: the one of the newest configuration says how much of it is looked at.
    pub(crate) fn is_of(&self, bound: &Bound) {
        self.saturates.store(bound.saturates.unwrap_or(-1), Release);
    }

    /// How much of it is looked at, where it does not bound by itself.
    pub(crate) fn saturates(&self) -> Option<i64> {
        Some(self.saturates.load(Acquire)).filter(|full| *full >= 0)
    }

    /// Whether others could use the shares that nobody here uses: nobody here will soon, or little is left.
    pub(crate) fn is_to_spare(&self, tally: &Tally, surplus: i64, idle_ms: u64, now: UnixMs) -> bool {
        if self.idle_ms(now) >= idle_ms {
            return true;
        }
        match self.saturates() {
            // What is held and not used is as if it were used, to all others.
            Some(full) => full.saturating_sub(tally.used()) / 2 < surplus,
            None => tally.is_scarce(surplus),
        }
    }

    pub(crate) fn flight(&self) -> MutexGuard<'_, Option<Arc<Flight>>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn used(&self, now: UnixMs) {
        let second = now.0 / 1000 * 1000;
        // Written once a second: a line of memory that all write is slow for all.
        if self.last_used.load(Relaxed) != second {
            self.last_used.store(second, Relaxed);
        }
    }

    pub(crate) fn idle_ms(&self, now: UnixMs) -> u64 {
        now.since(UnixMs(self.last_used.load(Relaxed)))
    }

    /// Whether nothing is lost if it is forgotten.
    pub(crate) fn is_done(&self, now: UnixMs) -> bool {
        let tally = self.last_tally();
        let taken = tally.taken.load(Acquire);
        let surplus =
            if self.is_free || tally.granted.load(Acquire) == i64::MAX { 0 } else { tally.surplus() };
        let is_settled = match self.measure {
            // What is not booked yet is known to nobody else.
            Measure::Spend => {
                let settled = tally.settled.load(Acquire);
                taken == settled && settled == tally.booked.load(Acquire)
            }
            Measure::Parallel => taken == 0,
            Measure::Requests | Measure::Tokens => taken == 0 || now >= tally.until,
        };
        is_settled && (surplus == 0 || now >= tally.until)
    }
}

/// Whether something was a moment ago; `at` is 0 if it never was. What a clock that went back calls the future is past.
fn is_lately(at: i64, now: UnixMs, for_ms: u64) -> bool {
    at != 0 && at <= now.0 && now.since(UnixMs(at)) <= for_ms
}

/// What is taken in one window.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The beginning of the window.
    pub(crate) start: i64,
    pub(crate) until: UnixMs,
    /// Reserved and settled.
    pub(crate) taken: AtomicI64,
    /// Settled alone.
    pub(crate) settled: AtomicI64,
    /// Of what is settled, what the database knows.
    pub(crate) booked: AtomicI64,
    /// How much may be taken here: shares that were handed out in this window, without those that were given back.
    /// `i64::MAX` where this process is alone.
    pub(crate) granted: AtomicI64,
    /// What others hold or have booked, by the last word of the authority.
    pub(crate) others: AtomicI64,
    /// What nobody held then; negative before the first word.
    pub(crate) left: AtomicI64,
    /// When the last question was refused; 0 if it was not.
    refused_at: AtomicI64,
    /// When the last question was answered with nothing although there is enough; 0 if it was not.
    held_back_at: AtomicI64,
    /// How much was missing then.
    held_back_need: AtomicI64,
    /// How much more than was needed the last question brought; 0 once somebody asks ahead of need.
    ahead: AtomicI64,
    /// When was last asked, and what was taken by then.
    asked_at: AtomicI64,
    asked_taken: AtomicI64,
    /// Whether what there is to know from elsewhere is known.
    is_heard: AtomicBool,
    /// Whether somebody was told that the soft limit is passed.
    is_told: AtomicBool,
    /// Whether the authority may think that more is held than is: an answer stayed away.
    pub(crate) is_doubtful: AtomicBool,
}

impl Tally {
    fn new(window: Window, is_free: bool) -> Self {
        Self {
            start: window.begin.0,
            until: window.end,
            taken: AtomicI64::new(0),
            settled: AtomicI64::new(0),
            booked: AtomicI64::new(0),
            granted: AtomicI64::new(if is_free { i64::MAX } else { 0 }),
            others: AtomicI64::new(0),
            left: AtomicI64::new(-1),
            refused_at: AtomicI64::new(0),
            held_back_at: AtomicI64::new(0),
            held_back_need: AtomicI64::new(0),
            ahead: AtomicI64::new(0),
            asked_at: AtomicI64::new(0),
            asked_taken: AtomicI64::new(0),
            is_heard: AtomicBool::new(is_free),
            is_told: AtomicBool::new(false),
            is_doubtful: AtomicBool::new(false),
        }
    }

    /// Whether its window is to be counted in: it is not over, and the clock stands no more than its length before it.
    fn holds(&self, now: UnixMs) -> bool {
        let length = self.until.0.saturating_sub(self.start);
        now < self.until && now.0 >= self.start.saturating_sub(length)
    }

    /// Takes `amount` if no more than `limit` and no more than was granted is taken then.
    pub(crate) fn take(&self, amount: i64, limit: i64) -> bool {
        let most = limit.min(self.granted.load(Acquire));
        let more = |taken: i64| taken.checked_add(amount).filter(|taken| *taken <= most);
        self.taken.fetch_update(AcqRel, Acquire, more).is_ok()
    }

    /// Takes whatever the limit.
    pub(crate) fn force(&self, amount: i64) {
        self.taken.fetch_add(amount, AcqRel);
    }

    /// Gives back what was taken.
    pub(crate) fn give(&self, amount: i64) {
        self.taken.fetch_sub(amount, AcqRel);
    }

    /// What is missing to take `amount`: 0 if it was granted.
    pub(crate) fn missing(&self, amount: i64) -> i64 {
        let needed = self.taken.load(Acquire).saturating_add(amount);
        needed.saturating_sub(self.granted.load(Acquire)).max(0)
    }

    /// What all have taken, as far as is known.
    pub(crate) fn used(&self) -> i64 {
        self.taken.load(Acquire).saturating_add(self.others.load(Acquire))
    }

    /// What all have spent, as far as is known.
    pub(crate) fn spent(&self) -> i64 {
        self.settled.load(Acquire).saturating_add(self.others.load(Acquire))
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.is_heard.load(Acquire)
    }

    /// Whether so much was refused a moment ago.
    pub(crate) fn is_refused(&self, missing: i64, now: UnixMs, for_ms: u64) -> bool {
        let at = self.refused_at.load(Acquire);
        missing > self.left.load(Acquire) && is_lately(at, now, for_ms)
    }

    /// Whether so much was not handed out a moment ago although there is enough: whoever hands out is finding out what
    /// others hold.
    pub(crate) fn is_held_back(&self, missing: i64, now: UnixMs, for_ms: u64) -> bool {
        let at = self.held_back_at.load(Acquire);
        missing >= self.held_back_need.load(Acquire) && is_lately(at, now, for_ms)
    }

    /// What the database has booked, by its word.
    pub(crate) fn load(&self, booked: i64) {
        let news = booked - self.booked.swap(booked, AcqRel);
        self.settled.fetch_add(news, AcqRel);
        self.taken.fetch_add(news, AcqRel);
        self.granted.store(i64::MAX, Release);
        self.is_heard.store(true, Release);
    }

    /// The database has booked what was settled here.
    pub(crate) fn book(&self, amount: i64) {
        let booked = self.booked.fetch_add(amount, AcqRel) + amount;
        // What was granted and is booked is no share any more, and a share that was lost is booked nevertheless.
        self.granted.fetch_max(booked, AcqRel);
    }

    /// What came of a question that missed `need`. `may_be_held_back` unless another account was refused beside it, with
    /// which it is given together or not at all. Answers whether it is.
    pub(crate) fn hear(
        &self,
        limit: i64,
        need: i64,
        grant: crate::Grant,
        may_be_held_back: bool,
        now: UnixMs,
    ) -> bool {
        let granted = self.granted.fetch_add(grant.granted, AcqRel) + grant.granted;
        self.others.store((limit - grant.left - granted).max(0), Release);
        self.left.store(grant.left.max(0), Release);
        let at = |holds: bool| if holds { now.0.max(1) } else { 0 };
        self.refused_at.store(at(grant.is_refusal(need)), Release);
        let is_held_back = may_be_held_back && grant.granted == 0 && grant.left >= need;
        self.held_back_need.store(need, Release);
        self.held_back_at.store(at(is_held_back), Release);
        self.is_heard.store(true, Release);
        is_held_back
    }

    /// Nobody has said in time whether so much can be had.
    pub(crate) fn is_late(&self, need: i64, now: UnixMs) {
        self.held_back_need.store(need, Release);
        self.held_back_at.store(now.0.max(1), Release);
    }

    /// How much more than needed is welcome: what goes in two seconds at the pace since the last question, but a small part
    /// of the limit and of what is `left` at most: by the last word, if that is not said.
    pub(crate) fn bulk(&self, limit: i64, left: Option<i64>, now: UnixMs) -> i64 {
        let taken = self.taken.load(Acquire);
        let since = now.since(UnixMs(self.asked_at.swap(now.0, AcqRel))).clamp(1, 60_000);
        let passed = taken.saturating_sub(self.asked_taken.swap(taken, AcqRel)).max(0);
        let pace = i128::from(passed) * 2_000 / i128::from(since);
        let left = left.unwrap_or_else(|| match self.left.load(Acquire) {
            unknown if unknown < 0 => limit,
            left => left,
        });
        pace.min(i128::from((limit / 8).min(left / 4))).try_into().unwrap_or(0).max(0)
    }

    /// So much more than was wanted at once has come.
    pub(crate) fn is_ahead_by(&self, more: i64) {
        self.ahead.store(more.max(0), Release);
    }

    /// Whether less than half is left of what was taken ahead, and nobody asks for more yet.
    pub(crate) fn runs_low(&self) -> bool {
        let ahead = self.ahead.load(Acquire);
        ahead > 1 && self.surplus() < ahead / 2
    }

    /// Shares that nobody here uses.
    pub(crate) fn surplus(&self) -> i64 {
        self.granted.load(Acquire).saturating_sub(self.taken.load(Acquire)).max(0)
    }

    /// Whether little was left by the last word.
    pub(crate) fn is_scarce(&self, held: i64) -> bool {
        let left = self.left.load(Acquire);
        left >= 0 && left / 2 < held
    }

    /// Takes shares out that nobody here uses, to give them back.
    pub(crate) fn give_up(&self) -> i64 {
        let surplus = self.surplus();
        // Taken first, as by a request: what a request takes meanwhile is not given up.
        if surplus == 0 || !self.take(surplus, i64::MAX) {
            return 0;
        }
        self.granted.fetch_sub(surplus, AcqRel);
        self.give(surplus);
        surplus
    }

    /// Whether no request has anything reserved, and all that was spent is booked: then nothing need be held.
    pub(crate) fn is_at_rest(&self, is_booked: bool) -> bool {
        let booked = if is_booked { self.booked.load(Acquire) } else { 0 };
        self.taken.load(Acquire) == booked && self.granted.load(Acquire) == booked
    }

    /// All shares are lost. What was spent of them and is booked stays booked; the rest must be claimed again.
    pub(crate) fn lose(&self) {
        self.granted.store(self.booked.load(Acquire), Release);
    }

    /// A share is held again that had been lost.
    pub(crate) fn claim(&self, amount: i64) {
        self.granted.fetch_add(amount, AcqRel);
    }

    /// Whether this is the first to find the soft limit passed.
    pub(crate) fn tells(&self, soft: i64) -> bool {
        self.spent() >= soft && !self.is_told.swap(true, AcqRel)
    }
}
