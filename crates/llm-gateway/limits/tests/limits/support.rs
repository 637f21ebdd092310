//! Records, an executor, and an authority in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use llm_limits::{
    AccountId, Ask, Asked, Authority, AuthorityError, Books, Bounds, Demand, Grant, Refund, Rules, Spawn,
    Taking,
};
use llm_tenancy::{
    Budget, KeyHash, Limits, Organization, Project, Records, Role, Stamp, Team, TeamMember, User, VirtualKey,
};
use llm_types::UnixMs;
use serde_json::{Value, json};

/// 2026-11-18T09:06:40Z, the beginning of no minute.
pub(crate) const NOW: UnixMs = UnixMs(1_794_992_800_000);

pub(crate) fn at(ms: i64) -> UnixMs {
    UnixMs(NOW.0 + ms)
}

pub(crate) fn limits(value: Value) -> Limits {
    serde_json::from_value(value).unwrap()
}

/// The records of one key and all that it belongs to.
pub(crate) struct Tenant {
    pub(crate) key: VirtualKey,
    pub(crate) project: Project,
    pub(crate) member: TeamMember,
    pub(crate) team: Team,
    pub(crate) user: User,
    pub(crate) organization: Organization,
    pub(crate) groups: Vec<llm_tenancy::AccessGroup>,
    pub(crate) budgets: Vec<Budget>,
    pub(crate) rules: Rules,
}

impl Tenant {
    pub(crate) fn new(key: &str) -> Self {
        let mut key = VirtualKey::new(KeyHash::of(key), "sk-...", Stamp::default());
        (key.team_id, key.user_id) = (Some("search".into()), Some("anna".into()));
        let mut team = Team::new("search".into(), Stamp::default());
        team.organization_id = Some("acme".into());
        Self {
            key,
            team,
            project: serde_json::from_value(json!({"project_id": "beta"})).unwrap(),
            member: serde_json::from_value(json!({"team_id": "search", "user_id": "anna"})).unwrap(),
            user: User::new("anna".into(), Role::InternalUser, Stamp::default()),
            organization: serde_json::from_value(json!({"organization_id": "acme"})).unwrap(),
            groups: Vec::new(),
            budgets: Vec::new(),
            rules: Rules::default(),
        }
    }

    /// A key with these limits, of a team with those.
    pub(crate) fn of(key: Value, team: Value) -> Self {
        let mut tenant = Self::new("sk-1");
        (tenant.key.limits, tenant.team.limits) = (limits(key), limits(team));
        tenant
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let records = Records {
            key: &self.key,
            former: None,
            user: Some(&self.user),
            team: Some(&self.team),
            member: Some(&self.member),
            organization: Some(&self.organization),
            project: Some(&self.project),
            access_groups: &self.groups,
        };
        Bounds::of(&records, &self.budgets, &self.rules)
    }
}

/// A request of so many tokens and nano-dollars to `gpt-4o`.
pub(crate) fn asked(tokens: i64, nanos: i64) -> Asked<'static> {
    Asked { models: &["gpt-4o"], demand: Demand::request(tokens, nanos), ..Asked::default() }
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// One look at a future.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs what is spawned at once.
pub(crate) fn inline() -> Spawn {
    Arc::new(block_on)
}

/// Books with these amounts; all others are at zero.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) booked: Mutex<HashMap<(String, i64), i64>>,
    pub(crate) is_away: std::sync::atomic::AtomicBool,
    pub(crate) reads: AtomicUsize,
}

impl Ledger {
    pub(crate) fn book(&self, account: &str, window: i64, nanos: i64) {
        *self.booked.lock().unwrap().entry((account.to_owned(), window)).or_default() += nanos;
    }
}

impl Books for Ledger {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        self.reads.fetch_add(1, SeqCst);
        if self.is_away.load(SeqCst) {
            return Box::pin(std::future::ready(Err(AuthorityError("away".to_owned()))));
        }
        let booked = self.booked.lock().unwrap();
        let of = |(account, window): &(AccountId, i64)| {
            booked.get(&(account.name.to_string(), *window)).copied().unwrap_or(0)
        };
        Box::pin(std::future::ready(Ok(accounts.iter().map(of).collect())))
    }
}

pub(crate) const LEASE_MS: i64 = 30_000;

/// What the authority knows of one window of an account.
#[derive(Debug, Default, Clone)]
pub(crate) struct Share {
    pub(crate) limit: i64,
    pub(crate) booked: i64,
    pub(crate) held: BTreeMap<u32, i64>,
}

impl Share {
    pub(crate) fn total(&self) -> i64 {
        self.booked + self.held.values().sum::<i64>()
    }
}

/// An authority as it is described: one for all replicas, with a clock and a lease.
#[derive(Default)]
pub(crate) struct Bank {
    pub(crate) shares: Mutex<BTreeMap<(String, i64), Share>>,
    alive: Mutex<BTreeMap<u32, i64>>,
    pub(crate) now: AtomicI64,
    pub(crate) takes: AtomicUsize,
    pub(crate) pauses: AtomicUsize,
    /// After so many pauses it is known what others hold; never for 0.
    pub(crate) known_after: AtomicUsize,
    pub(crate) is_away: std::sync::atomic::AtomicBool,
    /// Whether it hands out nothing, as it does not know what others hold.
    pub(crate) is_holding_back: std::sync::atomic::AtomicBool,
    /// Whether its answers do not arrive.
    pub(crate) is_mute: std::sync::atomic::AtomicBool,
}

impl Bank {
    pub(crate) fn new() -> Arc<Self> {
        let bank = Self::default();
        bank.now.store(NOW.0, SeqCst);
        Arc::new(bank)
    }

    pub(crate) fn now(&self) -> UnixMs {
        UnixMs(self.now.load(SeqCst))
    }

    pub(crate) fn replica(self: &Arc<Self>, number: u32) -> Arc<Replica> {
        Arc::new(Replica { bank: self.clone(), number })
    }

    /// Whose lease is over loses what is held.
    pub(crate) fn bury(&self) {
        let now = self.now().0;
        let mut alive = self.alive.lock().unwrap();
        alive.retain(|_, until| *until > now);
        for share in self.shares.lock().unwrap().values_mut() {
            share.held.retain(|number, _| alive.contains_key(number));
        }
    }

    /// The database has committed entries of a replica's.
    pub(crate) fn book(&self, number: u32, account: &str, window: i64, nanos: i64) {
        self.bury();
        let mut shares = self.shares.lock().unwrap();
        let share = shares.entry((account.to_owned(), window)).or_default();
        share.booked += nanos;
        if let Some(held) = share.held.get_mut(&number) {
            *held = (*held - nanos).max(0);
        }
    }

    pub(crate) fn share(&self, account: &str, window: i64) -> Share {
        self.shares.lock().unwrap().get(&(account.to_owned(), window)).cloned().unwrap_or_default()
    }
}

pub(crate) struct Replica {
    bank: Arc<Bank>,
    number: u32,
}

impl Replica {
    fn answer<'a, T: Send + 'a>(&self, answer: impl FnOnce() -> T) -> Taking<'a, T> {
        let away = self.bank.is_away.load(SeqCst);
        let answer = if away { None } else { Some(answer()) };
        let answer = answer.filter(|_| !self.bank.is_mute.load(SeqCst));
        let answer = answer.ok_or_else(|| AuthorityError("away".to_owned()));
        Box::pin(std::future::ready(answer))
    }
}

impl Authority for Replica {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        self.answer(|| {
            self.bank.takes.fetch_add(1, SeqCst);
            self.bank.bury();
            let until = self.bank.now().0 + LEASE_MS;
            self.bank.alive.lock().unwrap().entry(self.number).or_insert(until);
            let mut shares = self.bank.shares.lock().unwrap();
            let mut left = |ask: &Ask| {
                let share = shares.entry((ask.account.name.to_string(), ask.window)).or_default();
                ask.limit - share.total()
            };
            let short: Vec<_> =
                asks.iter().filter(|ask| left(ask) < ask.need).map(|ask| &ask.account.shelf).collect();
            asks.iter()
                .map(|ask| {
                    let share = shares.get_mut(&(ask.account.name.to_string(), ask.window)).unwrap();
                    let left = ask.limit - share.total();
                    let holds_back = self.bank.is_holding_back.load(SeqCst);
                    if holds_back || short.contains(&&ask.account.shelf) {
                        return Grant { granted: 0, left: left.max(0) };
                    }
                    let granted = ask.wish.min(left);
                    share.limit = share.limit.max(if ask.limit == 1 << 62 { 0 } else { ask.limit });
                    *share.held.entry(self.number).or_default() += granted;
                    Grant { granted, left: left - granted }
                })
                .collect()
        })
    }

    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()> {
        self.answer(|| {
            self.bank.bury();
            let mut shares = self.bank.shares.lock().unwrap();
            for refund in refunds {
                let share = shares.get_mut(&(refund.account.name.to_string(), refund.window));
                if let Some(held) = share.and_then(|share| share.held.get_mut(&self.number)) {
                    *held = (*held - refund.amount).max(0);
                }
            }
        })
    }

    fn renew<'a>(&'a self) -> Taking<'a, bool> {
        self.answer(|| {
            self.bank.bury();
            let until = self.bank.now().0 + LEASE_MS;
            self.bank.alive.lock().unwrap().insert(self.number, until).is_some()
        })
    }

    fn pause<'a>(&'a self) -> std::pin::Pin<Box<dyn Future<Output = u64> + Send + 'a>> {
        if self.bank.pauses.fetch_add(1, SeqCst) + 1 == self.bank.known_after.load(SeqCst) {
            self.bank.is_holding_back.store(false, SeqCst);
        }
        Box::pin(std::future::ready(20))
    }
}
