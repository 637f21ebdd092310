//! [`Limiter`]: holds all accounts of a process.

mod ask;
mod reserve;
mod tend;

use std::collections::HashMap;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU64,
    Ordering::{AcqRel, Acquire, Release},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_tenancy::Calendar;
use llm_types::UnixMs;

use crate::account::Account;
use crate::{Bound, Source};

pub(crate) use reserve::amount;
pub use tend::Tended;

/// What becomes of requests while nobody can be asked what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhenAway {
    /// What is not covered by shares that are held already is refused.
    #[default]
    Refuse,
    /// It is let through, and counted.
    Allow,
}

/// How limits are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// By which days, weeks and months budgets are counted.
    pub calendar: Calendar,
    /// What becomes of requests while nobody can be asked.
    pub when_away: WhenAway,
    /// For how many milliseconds nobody is asked again after an error. Then one question finds out whether there is an answer
    /// again, and no request waits for that.
    pub away_ms: u64,
    /// For how many milliseconds the word of the authority that too little is left is believed.
    pub refused_ms: u64,
    /// For how many milliseconds a request waits at most where enough is left and nobody can tell yet what others hold.
    pub patience_ms: u64,
    /// After how many milliseconds without a renewal shares count as lost; 0 for never. As the authority has it, or less.
    pub lease_ms: u64,
    /// After how many milliseconds shares that nobody uses are given back.
    pub idle_ms: u64,
    /// How many per cent of its rates somebody still has whose budget is spent and is to be throttled.
    pub throttle_percent: u8,
}

impl Default for Settings {
    /// UTC; refuse when away, for half a second without asking again; 50 ms of belief, 100 ms of patience; a lease of 30 s;
    /// idle after 5 s; throttled to a tenth.
    fn default() -> Self {
        Self {
            calendar: Calendar::UTC,
            when_away: WhenAway::default(),
            away_ms: 500,
            refused_ms: 50,
            patience_ms: 100,
            lease_ms: 30_000,
            idle_ms: 5_000,
            throttle_percent: 10,
        }
    }
}

/// How much is left of the tightest hard limits that concern a request. `None` is not bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Nano-dollars.
    pub nanos: Option<i64>,
    /// Tokens.
    pub tokens: Option<i64>,
}

/// All accounts of a process, from which requests reserve what they may take. Cheap to clone.
///
/// See the [crate's documentation](crate) for an example.
#[derive(Debug, Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    source: Source,
    /// Locked when a bound is used for the first time, and when what nobody uses is dropped.
    accounts: Mutex<HashMap<Arc<str>, Arc<Account>>>,
    /// Whether the last question had no answer.
    is_away: AtomicBool,
    /// Until when nobody is asked after that.
    away_until: AtomicI64,
    /// Until when the shares are this gateway's.
    leased_until: AtomicI64,
    renewed_at: AtomicI64,
    /// Whether an answer stayed away since the lease was renewed: it may be over.
    is_doubtful: AtomicBool,
    /// Questions that were answered.
    answers: AtomicU64,
}

impl Limiter {
    /// Without any account yet.
    pub fn new(settings: Settings, source: Source) -> Self {
        let inner = Inner {
            settings,
            source,
            accounts: Mutex::default(),
            is_away: AtomicBool::new(false),
            away_until: AtomicI64::new(i64::MIN),
            leased_until: AtomicI64::new(i64::MAX),
            renewed_at: AtomicI64::new(i64::MIN),
            is_doubtful: AtomicBool::new(false),
            answers: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// How limits are kept.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// How many accounts are in memory.
    pub fn len(&self) -> usize {
        self.inner.accounts().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An account that is in memory, by its name.
    pub fn id_of(&self, account: &str) -> Option<crate::AccountId> {
        self.inner.accounts().get(account).map(|account| account.id.clone())
    }

    /// The ledger's entries over `amount` of an account's window are in the database: nano-dollars, tokens or requests. To be
    /// called for each charge after the commit.
    pub fn booked(&self, account: &str, window: i64, amount: i64) {
        let Some(account) = self.inner.accounts().get(account).cloned() else { return };
        let tally = account.last_tally();
        if tally.start == window {
            tally.book(amount.max(0));
        }
    }

    /// What the database has booked of an account's window, where this process is alone and somebody else may have changed
    /// it: an amount was adjusted, or spending was set back.
    pub fn correct(&self, account: &str, window: i64, booked: i64) {
        let is_alone = matches!(self.inner.source, Source::Alone(..) | Source::Nobody);
        let Some(account) = self.inner.accounts().get(account).cloned().filter(|_| is_alone) else { return };
        let tally = account.last_tally();
        if tally.start == window && tally.is_heard() {
            tally.load(booked);
        }
    }

    /// Whether nobody can be asked now what is left.
    pub fn is_away(&self, now: UnixMs) -> bool {
        self.inner.is_away(now)
    }
}

impl Inner {
    fn accounts(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Account>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account of a bound: looked up once.
    fn account<'a>(&self, bound: &'a Bound, now: UnixMs) -> &'a Arc<Account> {
        bound.resolved.get_or_init(|| {
            let mut accounts = self.accounts();
            let there = accounts.get(&bound.account.name);
            // What moves to another organisation moves to that one's shelf.
            let has_moved =
                |it: &&Arc<Account>| self.source.is_shared() && it.id.shelf != bound.account.shelf;
            if let Some(account) = there.filter(|it| !has_moved(it)) {
                account.is_of(bound);
                return account.clone();
            }
            let is_free = match self.source {
                Source::Nobody => true,
                Source::Alone(..) => !bound.is_booked(bound.cycle.window(now, &self.settings.calendar)),
                Source::Shared(..) => false,
            };
            let account = Arc::new(Account::new(bound, &self.settings.calendar, is_free, now));
            account.is_of(bound);
            accounts.insert(bound.account.name.clone(), account.clone());
            account
        })
    }

    /// Whether nobody can be asked, as far as is known: where nobody has tried for long, it is not known any more.
    fn is_away(&self, now: UnixMs) -> bool {
        const LONG: u64 = 10;
        let until = UnixMs(self.away_until.load(Acquire));
        let long = self.settings.away_ms.saturating_mul(LONG);
        // Whoever has waited may see what was asked after it began; what is further ahead is of a clock that went back.
        let is_ahead = until > now.plus(long);
        self.is_away.load(Acquire) && !is_ahead && now < until.plus(long)
    }

    /// Whether it is time to find out if somebody can be asked again; said to one.
    fn is_to_be_tried(&self, now: UnixMs) -> bool {
        let until = self.away_until.load(Acquire);
        let next = now.plus(self.settings.away_ms).0;
        // Later than it can be after any failure: the clock went back.
        let is_time = now.0 >= until || until > next;
        is_time && self.away_until.compare_exchange(until, next, AcqRel, Acquire).is_ok()
    }

    fn came_back(&self) {
        self.answers.fetch_add(1, AcqRel);
        self.is_away.store(false, Release);
    }

    /// Whether the shares may be another's by now.
    fn is_lease_over(&self, now: UnixMs) -> bool {
        self.source.is_shared() && self.settings.lease_ms > 0 && now.0 >= self.leased_until.load(Acquire)
    }

    fn went_away(&self, now: UnixMs) {
        self.is_doubtful.store(true, Release);
        self.is_away.store(true, Release);
        self.away_until.store(now.plus(self.settings.away_ms).0, Release);
    }
}
