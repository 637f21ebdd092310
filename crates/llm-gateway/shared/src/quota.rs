//! Shares of limits and budgets, handed out by Redis.

mod call;
mod connection;
mod mirror;
mod queue;
mod roll;
mod tries;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_redis::redis::Script;
use futures_util::future::join_all;
use llm_limits::{AccountId, Ask, Authority, AuthorityError, Grant, Refund, Taking};
use llm_types::UnixMs;
use tokio::sync::oneshot;

use crate::address::AddressError;
use crate::patience::{self, Patience};
use crate::store::Options;
use call::{Answer, Answered, Frame, How, Line, Whole};
use connection::Connection;
use mirror::{Mirror, Place};
use queue::{Queue, Seeds, Waiting, lines};
use roll::{Entry, Roll};

/// How shares are handed out.
#[derive(Debug, Clone)]
pub struct QuotaOptions {
    /// Where Redis is, who this replica is, and how long a call may take. The replica's name must be new with each start
    /// of a process: what a process held that was killed is not its successor's.
    pub redis: Options,
    /// How long a replica keeps what it holds without [`renew`](Authority::renew), which is to be called three times
    /// within it. As long after what was in Redis is lost, no replica holds more than an even part of a limit: by then,
    /// whoever lives has told again what it holds.
    pub lease: Duration,
    /// How long a look at a [`Seed`] may take.
    pub seed_timeout: Duration,
}

/// What is booked by the database: a budget that Redis does not know begins with it.
pub trait Seed: Send + Sync {
    /// For each account and beginning of a period in its turn, what is booked: nano-dollars, tokens or requests. Read from what is
    /// committed, after the call.
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>>;

    /// Writes down for so long that this replica may hold shares. Where nobody does, each new Redis is waited for.
    fn enlist<'a>(&'a self, _replica: &'a str, _kept: Duration) -> Taking<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whose names are written down; nothing where nobody writes. Read from what is committed, after the call.
    fn enlisted(&self) -> Taking<'_, Option<Vec<String>>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Hands out shares of limits through Redis: what is booked and what all replicas hold together never exceeds a limit.
///
/// Accounts are divided into [`BUCKETS`](Self::BUCKETS) by their shelf. All keys of a bucket have one hash tag, one call
/// works on one bucket, and a replica has one call under way in each. With every call the replica tells what it holds;
/// that is what counts, whatever was lost on the way.
pub struct RedisAuthority {
    options: QuotaOptions,
    seed: Arc<dyn Seed>,
    script: Script,
    connection: Connection,
    buckets: Vec<Bucket>,
    /// That this replica may hold shares, written where the others find it.
    entry: Entry,
    /// The lease had run out, and who holds shares has not heard it yet.
    has_lapsed: AtomicBool,
}

struct Bucket {
    key: String,
    /// Held by who has a call under way.
    turn: tokio::sync::Mutex<()>,
    /// Held by who looks up what is booked.
    looking: tokio::sync::Mutex<()>,
    queue: Queue,
    mirror: Mutex<Mirror>,
}

/// Milliseconds for which a period is kept after its end, for replicas whose clocks are slow.
const KEPT_MS: u64 = 60_000;
/// Accounts that one call works on, unless one take needs more.
const BATCH: usize = 100;
/// How long one who is held back waits before it is asked again.
const PAUSE: Duration = Duration::from_millis(20);
/// How often what is booked is looked up while bookings come in between.
const LOOKS: usize = 4;

impl std::fmt::Debug for RedisAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisAuthority").field("options", &self.options).finish_non_exhaustive()
    }
}

impl RedisAuthority {
    /// Into how many buckets the accounts are divided. The same for all replicas.
    pub const BUCKETS: usize = 64;

    /// Nobody is asked yet.
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn new(options: QuotaOptions, seed: Arc<dyn Seed>) -> Result<Self, AddressError> {
        options.redis.address.check()?;
        let bucket = |number: usize| Bucket {
            key: format!("{{{}:{number}}}", options.redis.namespace),
            turn: tokio::sync::Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            queue: Queue::default(),
            mirror: Mutex::default(),
        };
        Ok(Self {
            buckets: (0..Self::BUCKETS).map(bucket).collect(),
            options,
            seed,
            script: Script::new(include_str!("lua/quota.lua")),
            connection: Connection::default(),
            entry: Entry::default(),
            has_lapsed: AtomicBool::new(false),
        })
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.connection.is_there()
    }

    /// So much of each account, in the period that begins then, are booked: the database has committed it.
    /// They are held no longer, and count all the same. Each booking is told once: what Redis does not hear within the
    /// timeout it hears with a later call.
    pub async fn settled(&self, bookings: &[(AccountId, i64, i64)]) {
        for (account, window, nanos) in bookings {
            self.bucket(account).mirror().settle((account.clone(), *window), *nanos);
        }
        self.tell(bookings.iter().map(|(account, window, _)| (account.clone(), *window))).await;
    }

    fn number(&self, account: &AccountId) -> usize {
        // FNV-1a: the same on every machine and in every version.
        let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        account.shelf.bytes().fold(0x811c_9dc5, step) as usize % self.buckets.len()
    }

    fn bucket(&self, account: &AccountId) -> &Bucket {
        &self.buckets[self.number(account)]
    }

    /// One call, by whoever has the bucket's turn. For each line in its turn what came of it.
    async fn call(
        &self,
        bucket: &Bucket,
        within: Duration,
        whole: Whole<'_>,
        lines: impl FnOnce(&mut Mirror, usize) -> Vec<Line>,
    ) -> Result<Answer, AuthorityError> {
        let Options { address, replica, timeout, .. } = &self.options.redis;
        let lease_ms = millis(self.options.lease);
        let used = AtomicU64::new(0);
        let calling = async {
            let (number, link) = self.connection.get(address, *timeout).await.map_err(failed)?;
            used.store(number, Ordering::Relaxed);
            let (caller, lines) = {
                let mut mirror = bucket.mirror();
                let caller = mirror.call();
                let lines = lines(&mut mirror, caller.replicas.max(1));
                (caller, lines)
            };
            let frame = Frame { bucket: &bucket.key, replica, lease_ms, grace_ms: lease_ms, whole };
            let answer = call::ask(&self.script, link, &frame, &caller, &lines).await.map_err(|error| {
                self.connection.end(number);
                failed(error)
            })?;
            match answer.how {
                How::Late => return Err(AuthorityError("a later call was there before".to_owned())),
                How::Lapsed => {
                    self.lose();
                    return Err(lapsed());
                }
                How::Ok => {}
            }
            let mut mirror = bucket.mirror();
            let mut is_valid = true;
            for (line, answered) in lines.iter().zip(&answer.lines) {
                is_valid &= mirror.granted(&line.told, answered.granted, caller.era);
            }
            let now = UnixMs(answer.now_ms);
            let age = now.since(UnixMs(answer.since.parse().unwrap_or_default()));
            mirror.heard(&answer.since, now, answer.replicas, age < lease_ms, caller.era);
            match whole {
                Whole::Itself => mirror.told_everything(&answer.since),
                Whole::If(since) if since == answer.since => mirror.told_everything(since),
                Whole::If(_) | Whole::No => {}
            }
            if is_valid { Ok(answer) } else { Err(lapsed()) }
        };
        patience::within(within, calling).await.unwrap_or_else(|| {
            self.connection.end(used.load(Ordering::Relaxed));
            Err(AuthorityError(format!("no answer within {timeout:?}")))
        })
    }

    /// Asks for shares of the accounts of one bucket, together with whoever else waits for some there.
    ///
    /// Whoever gets the turn asks for all, and hands the answers out. Half of the timeout is for getting it, so that a
    /// call has the other half at least, and a slow one is Redis' own.
    async fn ask(
        &self,
        bucket: &Bucket,
        asks: &[&Ask],
        seeds: &Seeds,
    ) -> Result<Vec<Answered>, AuthorityError> {
        let timeout = self.options.redis.timeout;
        let mut patience = Patience::new(timeout);
        let slow = || AuthorityError(format!("no answer within {timeout:?}"));
        let mut own = Own { bucket, asks, reply: bucket.queue.wait(asks, seeds) };
        loop {
            let coming = async {
                tokio::select! {
                    biased;
                    answer = &mut own.reply => Coming::Answer(answer),
                    turn = bucket.turn.lock() => Coming::Turn(turn),
                }
            };
            let _turn = match patience.until(timeout / 2, coming).await {
                Some(Coming::Turn(turn)) => turn,
                Some(Coming::Answer(Ok(answer))) => return answer,
                Some(Coming::Answer(Err(_))) => {
                    // Whoever asked for all has gone.
                    own.reply = bucket.queue.wait(asks, seeds);
                    continue;
                }
                // Others have it, and may have the answer in time.
                None => {
                    return match patience.until(timeout, &mut own.reply).await {
                        Some(Ok(answer)) => answer,
                        Some(Err(_)) | None => Err(slow()),
                    };
                }
            };
            if let Ok(answer) = own.reply.try_recv() {
                return answer;
            }
            let waiting = bucket.queue.next();
            let left = timeout.saturating_sub(patience.spent());
            let called =
                self.call(bucket, left, Whole::No, |mirror, replicas| lines(&waiting, mirror, replicas));
            let answered = called.await.map(|answer| answer.lines);
            hand_out(bucket, waiting, answered);
            if let Ok(answer) = own.reply.try_recv() {
                return answer;
            }
            // So many waited before this one that it was not among them.
        }
    }

    /// Asks for shares of the accounts of one bucket, and looks up what is booked where Redis does not know it.
    async fn take_from(&self, bucket: &Bucket, asks: &[&Ask]) -> Result<Vec<Grant>, AuthorityError> {
        let mut seeds = Seeds::new();
        let mut looking = None;
        for _ in 0..=LOOKS {
            let answered = self.ask(bucket, asks, &seeds).await?;
            let unknown = asks.iter().zip(&answered).filter(|(_, answered)| answered.is_unknown);
            let (places, generations): (Vec<Place>, Vec<String>) = unknown
                .map(|(ask, answered)| ((ask.account.clone(), ask.window), answered.generation.clone()))
                .unzip();
            if places.is_empty() {
                let grants = asks.iter().zip(&answered).map(|(ask, answered)| Grant {
                    granted: answered.granted,
                    left: answered.total.map_or(0, |total| ask.limit.saturating_sub(total).max(0)),
                });
                return Ok(grants.collect());
            }
            // Groups without unknown accounts may have got something, and ask again.
            give_back(bucket, asks.iter().copied(), &answered);
            if looking.is_none() {
                // One looks it up for all who wait here; so it is asked once more before.
                looking = Some(self.in_time(async { Ok(bucket.looking.lock().await) }).await?);
                continue;
            }
            let booked = self.in_time(self.seed.booked(&places)).await?;
            if booked.len() != places.len() {
                return Err(AuthorityError("what is booked is not known of all accounts".to_owned()));
            }
            seeds = places.into_iter().zip(booked.into_iter().zip(generations)).collect();
        }
        Err(AuthorityError("what is booked changes while it is looked up".to_owned()))
    }

    /// Within the time that looking up what is booked may take.
    async fn in_time<T>(
        &self,
        looking: impl Future<Output = Result<T, AuthorityError>>,
    ) -> Result<T, AuthorityError> {
        let within = self.options.seed_timeout;
        patience::within(within, looking)
            .await
            .unwrap_or_else(|| Err(AuthorityError(format!("what is booked is not known within {within:?}"))))
    }

    /// Tells what is held of these accounts. Who does not hear it now hears it when the lease is renewed.
    async fn tell(&self, places: impl Iterator<Item = Place>) {
        let mut by_bucket: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
        for place in places {
            let places = by_bucket.entry(self.number(&place.0)).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let told = by_bucket.iter().map(|(number, places)| self.tell_bucket(&self.buckets[*number], places));
        let _told_again_by_the_next_call = join_all(told).await;
    }

    /// Tells what is held of these accounts of one bucket; that this replica lives, if there are none.
    async fn tell_bucket(&self, bucket: &Bucket, places: &[Place]) -> Result<(), AuthorityError> {
        let none: &[Place] = &[];
        let batches = places.chunks(BATCH).chain(places.is_empty().then_some(none));
        for batch in batches {
            let timeout = self.options.redis.timeout;
            let _turn = patience::within(timeout / 2, bucket.turn.lock())
                .await
                .ok_or_else(|| AuthorityError(format!("no answer within {timeout:?}")))?;
            self.call(bucket, timeout, Whole::No, |mirror, _| telling(mirror, batch)).await?;
        }
        Ok(())
    }

    /// Tells everything in every bucket.
    async fn tell_everything(&self) -> Result<(), AuthorityError> {
        let telling = self.buckets.iter().map(|bucket| async move {
            let (places, is_known) = {
                let mut mirror = bucket.mirror();
                (mirror.everything(), mirror.has_told_everything())
            };
            if is_known {
                self.tell_bucket(bucket, &places).await
            } else {
                self.tell_whole_bucket(bucket).await
            }
        });
        join_all(telling).await.into_iter().collect()
    }

    /// Tells everything in a bucket that may not know it. Nothing is taken there meanwhile.
    async fn tell_whole_bucket(&self, bucket: &Bucket) -> Result<(), AuthorityError> {
        let timeout = self.options.redis.timeout;
        let _turn = patience::within(timeout, bucket.turn.lock())
            .await
            .ok_or_else(|| AuthorityError(format!("no answer within {timeout:?}")))?;
        let places = bucket.mirror().everything();
        let (before, last) = places.split_at(places.len().saturating_sub(1) / BATCH * BATCH);
        let mut since: Option<String> = None;
        for batch in before.chunks(BATCH) {
            let answer = self.call(bucket, timeout, Whole::No, |mirror, _| telling(mirror, batch)).await?;
            if since.get_or_insert_with(|| answer.since.clone()) != &answer.since {
                return Err(AuthorityError("it was lost again".to_owned()));
            }
        }
        let whole = since.as_deref().map_or(Whole::Itself, Whole::If);
        self.call(bucket, timeout, whole, |mirror, _| telling(mirror, last)).await?;
        Ok(())
    }

    /// Reads who may hold something, where that is not known of what has just begun.
    async fn read_roll(&self) {
        let begun = self.buckets.iter().filter_map(|bucket| Some((bucket, bucket.mirror().lacks_roll()?)));
        let begun: Vec<(&Bucket, String)> = begun.collect();
        if begun.is_empty() {
            return;
        }
        // Without it nothing is lost but time.
        let Ok(Some(names)) = self.in_time(self.seed.enlisted()).await else { return };
        let names: Arc<[String]> = names.into();
        for (bucket, since) in begun {
            bucket.mirror().read_roll(Roll { since, names: names.clone() });
        }
    }

    async fn renewed(&self) -> Result<bool, AuthorityError> {
        let Options { address, timeout, replica, .. } = &self.options.redis;
        let QuotaOptions { seed_timeout, lease, .. } = &self.options;
        self.entry.renew(&*self.seed, replica, *seed_timeout, *lease).await?;
        // A handshake has more ways to go than a call.
        let connecting = patience::within(*timeout * 4, self.connection.get(address, *timeout)).await;
        connecting
            .ok_or_else(|| AuthorityError(format!("no connection within {:?}", *timeout * 4)))?
            .map_err(failed)?;
        let told = self.tell_everything().await;
        if !self.has_lapsed.load(Ordering::Acquire) {
            self.read_roll().await;
            return told.map(|()| true);
        }
        self.lose();
        self.tell_everything().await?;
        self.read_roll().await;
        self.has_lapsed.store(false, Ordering::Release);
        Ok(false)
    }

    /// The lease has run out, and all that was held is lost.
    fn lose(&self) {
        self.has_lapsed.store(true, Ordering::Release);
        for bucket in &self.buckets {
            bucket.mirror().lose();
        }
    }
}

impl Authority for RedisAuthority {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        Box::pin(async move {
            if self.has_lapsed.load(Ordering::Acquire) {
                return Err(lapsed());
            }
            let QuotaOptions { redis, seed_timeout, lease } = &self.options;
            self.entry.ensure(&*self.seed, &redis.replica, *seed_timeout, *lease).await?;
            let mut by_bucket: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (at, ask) in asks.iter().enumerate() {
                by_bucket.entry(self.number(&ask.account)).or_default().push(at);
            }
            let taken = Taken { authority: self, grants: Mutex::new(vec![None; asks.len()]) };
            let taking = by_bucket.iter().map(|(number, places)| {
                let taken = &taken;
                async move {
                    let own: Vec<&Ask> = places.iter().map(|at| &asks[*at]).collect();
                    let grants = self.take_from(&self.buckets[*number], &own).await?;
                    taken.note(places, &own, &grants);
                    Ok::<_, AuthorityError>(())
                }
            });
            join_all(taking).await.into_iter().collect::<Result<(), _>>()?;
            Ok(taken.keep())
        })
    }

    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()> {
        // Noted at once: what is given back stays so if nobody waits for Redis to hear it.
        for Refund { account, window, amount } in refunds {
            self.bucket(account).mirror().give_back((account.clone(), *window), *amount);
        }
        Box::pin(async move {
            self.tell(refunds.iter().map(|refund| (refund.account.clone(), refund.window))).await;
            Ok(())
        })
    }

    fn renew<'a>(&'a self) -> Taking<'a, bool> {
        Box::pin(self.renewed())
    }

    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = u64> + Send + 'a>> {
        Box::pin(paused())
    }
}

/// What a call says that asks for nothing.
fn telling(mirror: &mut Mirror, places: &[Place]) -> Vec<Line> {
    let line =
        |place: &Place| Line { told: mirror.told(place.clone()), group: 0, tries: Vec::new(), seed: None };
    places.iter().map(line).collect()
}

async fn paused() -> u64 {
    let began = tokio::time::Instant::now();
    tokio::time::sleep(PAUSE).await;
    millis(began.elapsed())
}

impl Bucket {
    fn mirror(&self) -> MutexGuard<'_, Mirror> {
        // Nothing panics while it is held; were it so, the amounts would still be whole.
        self.mirror.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was granted before the last bucket has answered. It goes back if one of them fails, or nobody waits any more.
struct Taken<'a> {
    authority: &'a RedisAuthority,
    grants: Mutex<Vec<Option<(Place, Grant)>>>,
}

impl Taken<'_> {
    fn note(&self, places: &[usize], asks: &[&Ask], grants: &[Grant]) {
        let mut noted = self.lock();
        for ((at, ask), grant) in places.iter().zip(asks).zip(grants) {
            noted[*at] = Some(((ask.account.clone(), ask.window), *grant));
        }
    }

    fn keep(&self) -> Vec<Grant> {
        let noted = std::mem::take(&mut *self.lock());
        noted.into_iter().map(|grant| grant.map(|(_, grant)| grant).unwrap_or_default()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<(Place, Grant)>>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        for ((account, window), grant) in self.lock().drain(..).flatten() {
            self.authority.bucket(&account).mirror().give_back((account.clone(), window), grant.granted);
        }
    }
}

/// What comes first to who waits for an answer.
enum Coming<'a> {
    /// Whoever had the turn has asked for all.
    Answer(Result<Result<Vec<Answered>, AuthorityError>, oneshot::error::RecvError>),
    Turn(tokio::sync::MutexGuard<'a, ()>),
}

/// What one request waits for. It goes back if it comes when nobody waits any more.
struct Own<'a> {
    bucket: &'a Bucket,
    asks: &'a [&'a Ask],
    reply: oneshot::Receiver<Result<Vec<Answered>, AuthorityError>>,
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        self.reply.close();
        if let Ok(Ok(nobodys)) = self.reply.try_recv() {
            give_back(self.bucket, self.asks.iter().copied(), &nobodys);
        }
    }
}

/// Gives each who waited what is its own. What nobody waits for any more goes back.
fn hand_out(bucket: &Bucket, waiting: Vec<Waiting>, called: Result<Vec<Answered>, AuthorityError>) {
    let mut answered = called.map(Vec::into_iter);
    for Waiting { asks, reply, .. } in waiting {
        let own = match &mut answered {
            Ok(answered) => Ok(answered.by_ref().take(asks.len()).collect()),
            Err(error) => Err(error.clone()),
        };
        if let Err(Ok(nobodys)) = reply.send(own) {
            give_back(bucket, asks.iter(), &nobodys);
        }
    }
}

fn give_back<'a>(bucket: &Bucket, asks: impl Iterator<Item = &'a Ask>, answered: &[Answered]) {
    let mut mirror = bucket.mirror();
    for (ask, answered) in asks.zip(answered).filter(|(_, answered)| answered.granted != 0) {
        mirror.give_back((ask.account.clone(), ask.window), answered.granted);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn failed(error: impl std::fmt::Display) -> AuthorityError {
    AuthorityError(error.to_string())
}

fn lapsed() -> AuthorityError {
    AuthorityError("the lease had run out".to_owned())
}
