//! What is asked of Redis: one round at a time, all of it within a bounded time.

use std::time::Duration;

use deadpool_redis::redis::streams::StreamReadReply;
use deadpool_redis::redis::{RedisError, Script, Value, cmd, from_redis_value, pipe};
use llm_router::Rate;
use llm_types::UnixMs;

use crate::address::{Address, AddressError};
use crate::link::Link;
use crate::news::{News, Pin};

/// How Redis is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is.
    pub address: Address,
    /// What all keys begin with. Gateways that share it share what they know.
    pub namespace: String,
    /// This replica's name, unlike every other's.
    pub replica: String,
    /// The longest that a round, or making the connection, may take.
    pub timeout: Duration,
}

/// What is asked in one round.
#[derive(Debug, Clone, Default)]
pub struct Asks {
    /// What is told to the others.
    pub news: Option<News>,
    /// Pieces of limits per minute.
    pub leases: Vec<LeaseAsk>,
    /// Places for requests at a time.
    pub places: Vec<PlaceAsk>,
    /// How many replicas there are, this one included.
    pub replicas: usize,
    /// The time.
    pub now: UnixMs,
    /// Who was served where, for replicas that come later; besides what is in the news.
    pub pins: Vec<(String, Pin)>,
    /// The part of every limit, of 720720 that are the whole, that this replica wants to be free to use in a minute in which it does not
    /// reach Redis. What it has is no more than this from now on.
    pub reserve: Option<u32>,
}

/// A piece of one deployment's limit is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseAsk {
    /// The deployment.
    pub deployment: String,
    /// Of what.
    pub rate: Rate,
    /// In which minute since 1970.
    pub minute: i64,
    /// The limit.
    pub limit: u64,
    /// What this replica holds of it already, used or not.
    pub granted: u64,
    /// How much of that is not used.
    pub unused: u64,
    /// How much it has to be, for requests that wait.
    pub needed: u64,
    /// Whether nothing is used in this minute that was not granted: then the reserve is free for others.
    pub firm: bool,
}

/// A piece of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeaseAnswer {
    /// What was granted on top of what the replica held.
    pub granted: u64,
    /// What is left to nobody.
    pub left: u64,
}

/// The part of every limit that a replica may use in a minute in which it does not reach Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReserveAnswer {
    /// So many of 720720.
    pub parts: u32,
    /// Replicas that have one, this one included.
    pub replicas: usize,
    /// The latest minute since 1970 of which a piece was handed out, `-1` if there is none. Until it is over, others may
    /// hold what has come to this replica since.
    pub latest: i64,
}

/// Places at a deployment are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceAsk {
    /// The deployment.
    pub deployment: String,
    /// How many there are.
    pub limit: u64,
    /// How many this replica has, or has requests in.
    pub held: u64,
    /// How many it has a use for.
    pub wanted: u64,
}

/// What came of a round.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// What others have told, oldest first: who, and what.
    pub news: Vec<(String, News)>,
    /// Who was served where, as it was kept for those that come later: a part after each connection, until all is told.
    pub pins: Vec<(String, Pin)>,
    /// For each lease in its turn.
    pub leases: Vec<LeaseAnswer>,
    /// For each place in its turn: how many the replica may have.
    pub places: Vec<u64>,
    /// What came of the wish for a reserve.
    pub reserve: Option<ReserveAnswer>,
    /// Whether what was in Redis is lost, so that everything has to be told again.
    pub lost: bool,
}

/// Redis does not answer, or not as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be asked.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It takes too long.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// It says no, or the connection is gone.
    #[error("{0}")]
    Failed(String),
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Redis, as one replica sees it.
///
/// Every key begins with the namespace as hash tag, so that a cluster keeps them together and a script can work on several.
pub struct Store {
    options: Options,
    link: Option<Link>,
    /// The last entry of the stream that was read.
    cursor: String,
    /// Counts what is asked: whatever was under way for longer than its successor is ignored.
    seq: u64,
    /// How many of those who were served somewhere were read since the connection was made; `None` once all were.
    pins_read: Option<usize>,
    /// Since when there is anything in Redis, as it was told last.
    since: Option<String>,
    leases: Script,
    places: Script,
    reserve: Script,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Things that one entry of the stream tells of.
const PIECE: usize = 200;
/// Entries that the stream holds: with all replicas, those of the last seconds.
const ENTRIES: usize = 8_192;
/// Of those who were served somewhere, so many are kept for replicas that come later.
const PINS_KEPT: isize = 100_000;
/// So many of them are read in one round.
const PINS_READ: usize = 2_000;
/// Milliseconds for which they are kept after the last one came.
const PINS_TTL_MS: u64 = 86_400_000;
/// Entries that are read in one round.
const READ: usize = 1_000;
/// The key of what replicas may use without Redis.
const RESERVES: &str = "reserves";
/// Limits that one run of a script works on.
const BATCH: usize = 100;
/// Milliseconds that a new replica looks back: all others tell everything anew within that time.
const LOOK_BACK_MS: u64 = 6_000;
/// Milliseconds for which nothing but even shares is handed out after what was in Redis is lost: by then everybody has
/// told again what it holds.
const GRACE_MS: u64 = 3_000;
/// Milliseconds for which a limit's minute is kept.
const LEASE_TTL_MS: u64 = 150_000;
/// Milliseconds after which the places of a replica that says nothing are free.
const PLACE_LIFETIME_MS: u64 = 30_000;
/// Milliseconds after which the reserve of a replica that says nothing is free.
const RESERVE_LIFETIME_MS: u64 = 120_000;

impl Store {
    /// Milliseconds within which every replica tells everything anew, so that one that has just come knows it all.
    pub const REFRESH_MS: u64 = 5_000;
    /// Milliseconds within which every replica asks for its places, so that they stay its own.
    pub const PLACES_MS: u64 = 10_000;

    /// Nobody is asked yet.
    ///
    /// # Errors
    /// The address makes no sense.
    pub fn new(options: Options) -> Result<Self, AddressError> {
        options.address.check()?;
        Ok(Self {
            options,
            link: None,
            cursor: "0".to_owned(),
            pins_read: Some(0),
            seq: 0,
            since: None,
            leases: Script::new(include_str!("lua/leases.lua")),
            places: Script::new(include_str!("lua/places.lua")),
            reserve: Script::new(include_str!("lua/reserve.lua")),
        })
    }

    /// Whether there is a connection.
    pub const fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// Connects.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn connect(&mut self) -> Result<(), StoreError> {
        let timeout = self.options.timeout;
        let connecting = async {
            // Made anew each time: names may have come to stand for other machines.
            let mut link = self.options.address.opener()?.open(timeout, timeout).await?;
            let (seconds, micros): (u64, u64) = cmd("TIME").query_async(&mut link).await?;
            let now_ms = seconds * 1_000 + micros / 1_000;
            // The time of grace runs from the first who comes, not from the first who wants something.
            let since = cmd("SET").arg(self.key("since")).arg(now_ms).arg("NX").to_owned();
            let _set_or_there: Option<String> = since.query_async(&mut link).await?;
            Ok::<_, StoreError>((link, now_ms))
        };
        // A handshake has more ways to go than a round.
        let connected = tokio::time::timeout(timeout * 4, connecting).await;
        let (link, now_ms) = connected.map_err(|_| StoreError::TimedOut(timeout * 4))??;
        self.cursor = now_ms.saturating_sub(LOOK_BACK_MS).to_string();
        self.pins_read = Some(0);
        self.link = Some(link);
        Ok(())
    }

    /// One round: tells, hears and asks. Without a connection, or after an error, [`connect`](Self::connect) first.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of what was asked may be taken for granted then, nor for refused.
    pub async fn round(&mut self, asks: &Asks) -> Result<Answers, StoreError> {
        let Some(link) = self.link.clone() else {
            return Err(StoreError::Failed("there is no connection".to_owned()));
        };
        self.seq += 1;
        let timeout = self.options.timeout;
        let round = async {
            tokio::try_join!(
                self.exchange(link.clone(), asks.news.as_ref()),
                self.lease(link.clone(), asks),
                self.place(link.clone(), asks),
                self.reserve(link.clone(), asks),
                self.pins(link.clone(), asks),
            )
        };
        let result = match tokio::time::timeout(timeout, round).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::TimedOut(timeout)),
        };
        let ((news, cursor, since), leases, places, reserve, pins) =
            result.inspect_err(|_| self.link = None)?;
        self.cursor = cursor;
        self.pins_read = self.pins_read.filter(|_| pins.len() == PINS_READ).map(|read| read + pins.len());
        let lost = self.since.is_some() && self.since != since;
        self.since = since;
        Ok(Answers { news, pins, leases, places, reserve, lost })
    }

    fn key(&self, rest: &str) -> String {
        format!("{{{}}}:{rest}", self.options.namespace)
    }

    /// Tells the news and reads those of the others.
    async fn exchange(
        &self,
        mut link: Link,
        news: Option<&News>,
    ) -> Result<(Vec<(String, News)>, String, Option<String>), StoreError> {
        let stream = self.key("news");
        let mut pipeline = pipe();
        for piece in news.map(|news| news.pieces(PIECE)).unwrap_or_default() {
            let text =
                serde_json::to_string(&piece).map_err(|error| StoreError::Failed(error.to_string()))?;
            let add = pipeline.cmd("XADD").arg(&stream).arg("MAXLEN").arg("~").arg(ENTRIES).arg("*");
            add.arg("from").arg(&self.options.replica).arg("news").arg(text).ignore();
        }
        if news.is_some() {
            pipeline.cmd("PEXPIRE").arg(&stream).arg(10 * LOOK_BACK_MS).ignore();
        }
        pipeline.cmd("GET").arg(self.key("since"));
        pipeline.cmd("XREAD").arg("COUNT").arg(READ).arg("STREAMS").arg(&stream).arg(&self.cursor);
        let (since, read): (Option<String>, Value) = pipeline.query_async(&mut link).await?;
        let mut cursor = self.cursor.clone();
        let mut heard = Vec::new();
        if read != Value::Nil {
            let reply: StreamReadReply =
                from_redis_value(read).map_err(|error| StoreError::Failed(error.to_string()))?;
            for entry in reply.keys.into_iter().flat_map(|key| key.ids) {
                let from: Option<String> = entry.get("from");
                let text: Option<String> = entry.get("news");
                cursor = entry.id;
                // What a replica of another version says and this one does not understand is passed over.
                if let (Some(from), Some(text)) = (from, text)
                    && from != self.options.replica
                    && let Ok(news) = serde_json::from_str(&text)
                {
                    heard.push((from, news));
                }
            }
        }
        Ok((heard, cursor, since))
    }

    async fn lease(&self, link: Link, asks: &Asks) -> Result<Vec<LeaseAnswer>, StoreError> {
        let mut answers = Vec::with_capacity(asks.leases.len());
        for batch in asks.leases.chunks(BATCH) {
            let mut call = self.leases.prepare_invoke();
            call.key(self.key("since"));
            call.key(self.key(RESERVES));
            call.arg(&self.options.replica).arg(self.seq).arg(asks.replicas).arg(GRACE_MS).arg(LEASE_TTL_MS);
            call.arg(RESERVE_LIFETIME_MS);
            for ask in batch {
                let LeaseAsk { deployment, rate, minute, limit, granted, unused, needed, firm } = ask;
                call.key(self.key(&format!("{}:{minute}:{deployment}", rate.label())));
                call.arg(*limit).arg(*granted).arg(*unused).arg(*needed).arg(u8::from(*firm)).arg(*minute);
            }
            let numbers: Vec<u64> = call.invoke_async(&mut link.clone()).await?;
            let pairs = numbers.get(1..).unwrap_or_default().as_chunks::<2>().0;
            if pairs.len() != batch.len() {
                return Err(StoreError::Failed("the script for limits answers something else".to_owned()));
            }
            answers
                .extend(pairs.iter().map(|[granted, left]| LeaseAnswer { granted: *granted, left: *left }));
        }
        Ok(answers)
    }

    /// Keeps who was served where, and reads a part of what others have kept. Of several entries for one the last to end
    /// holds, as in memory.
    async fn pins(&self, mut link: Link, asks: &Asks) -> Result<Vec<(String, Pin)>, StoreError> {
        let told = asks.news.as_ref().map(|news| &news.pins).into_iter().flatten();
        let told: Vec<(&String, &Pin)> = told.chain(asks.pins.iter().map(|(key, pin)| (key, pin))).collect();
        if told.is_empty() && self.pins_read.is_none() {
            return Ok(Vec::new());
        }
        let (key, now) = (self.key("pins"), asks.now.0);
        let mut pipeline = pipe();
        for piece in told.chunks(PIECE) {
            let add = pipeline.cmd("ZADD").arg(&key);
            for (whose, pin) in piece {
                add.arg(pin.until.0).arg(format!("{whose} {}", pin.deployment));
            }
            add.ignore();
        }
        if !told.is_empty() {
            pipeline.cmd("ZREMRANGEBYSCORE").arg(&key).arg("-inf").arg(now).ignore();
            // Those that end first go first.
            pipeline.cmd("ZREMRANGEBYRANK").arg(&key).arg(0).arg(-1 - PINS_KEPT).ignore();
            pipeline.cmd("PEXPIRE").arg(&key).arg(PINS_TTL_MS).ignore();
        }
        let from = self.pins_read.unwrap_or_default();
        let most = if self.pins_read.is_some() { PINS_READ } else { 0 };
        let read = pipeline.cmd("ZRANGEBYSCORE").arg(&key).arg(format!("({now}")).arg("+inf");
        read.arg("WITHSCORES").arg("LIMIT").arg(from).arg(most);
        let (kept,): (Vec<(String, f64)>,) = pipeline.query_async(&mut link).await?;
        let pin = |(member, until): (String, f64)| {
            let (whose, deployment) = member.split_once(' ')?;
            Some((whose.to_owned(), Pin { deployment: deployment.to_owned(), until: UnixMs(until as i64) }))
        };
        Ok(kept.into_iter().filter_map(pin).collect())
    }

    async fn reserve(&self, mut link: Link, asks: &Asks) -> Result<Option<ReserveAnswer>, StoreError> {
        if asks.news.as_ref().is_some_and(|news| news.bye) {
            let _was_there: u64 =
                cmd("HDEL").arg(self.key(RESERVES)).arg(&self.options.replica).query_async(&mut link).await?;
            return Ok(None);
        }
        let Some(wanted) = asks.reserve else { return Ok(None) };
        let mut call = self.reserve.prepare_invoke();
        call.key(self.key(RESERVES)).arg(&self.options.replica).arg(wanted).arg(RESERVE_LIFETIME_MS);
        let (parts, replicas, latest) = call.invoke_async(&mut link).await?;
        Ok(Some(ReserveAnswer { parts, replicas, latest }))
    }

    async fn place(&self, link: Link, asks: &Asks) -> Result<Vec<u64>, StoreError> {
        let mut answers = Vec::with_capacity(asks.places.len());
        for batch in asks.places.chunks(BATCH) {
            let mut call = self.places.prepare_invoke();
            call.key(self.key("since"));
            call.arg(&self.options.replica)
                .arg(self.seq)
                .arg(asks.replicas)
                .arg(GRACE_MS)
                .arg(PLACE_LIFETIME_MS);
            for ask in batch {
                call.key(self.key(&format!("places:{}", ask.deployment)));
                call.arg(ask.limit).arg(ask.held).arg(ask.wanted);
            }
            let numbers: Vec<u64> = call.invoke_async(&mut link.clone()).await?;
            let numbers = numbers.get(1..).unwrap_or_default();
            if numbers.len() != batch.len() {
                return Err(StoreError::Failed("the script for places answers something else".to_owned()));
            }
            answers.extend_from_slice(numbers);
        }
        Ok(answers)
    }
}
