//! The database as the one who hands out shares of limits.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LockType, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend};

use super::counters::{self, Windows};
use super::shares::{self, SHARES};
use super::upsert::Target;
use crate::db::transaction;
use crate::error::{Result, StoreError};
use crate::{By, Store};

/// The most characters of a replica's name: those of the column.
const LONGEST: usize = 64;
/// For so long after it was used last, a counter of nothing is kept: nobody who counts with it is still at work.
const EMPTY_MS: i64 = 3_600_000;

const REPLICAS: Target =
    Target { table: "replicas", key: &["replica"], raised: &[], replaced: &["until_ms"], fresh: &[] };

/// A share of an account is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareAsk {
    /// The account's name.
    pub account: String,
    /// What it is kept together with: shares of the accounts of one shelf are given all or not at all.
    pub shelf: String,
    /// The beginning of its period, in milliseconds; 0 for what never begins anew.
    pub window: i64,
    /// The end of its period. What was handed out may be forgotten after it.
    pub until: UnixMs,
    /// The limit.
    pub limit: i64,
    /// What must be had.
    pub need: i64,
    /// What would be welcome, at least `need`.
    pub wish: i64,
    /// Whether the ledger books what is taken of the account: money, and what rates over more than a minute count. Of others
    /// only what is held counts.
    pub is_booked: bool,
}

/// What came of a [`ShareAsk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ShareGrant {
    /// How much was given, on top of what the replica holds: 0, or between `need` and `wish`.
    pub granted: i64,
    /// What nobody holds after that.
    pub left: i64,
}

/// What came of several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// In the order of what was asked.
    Granted(Vec<ShareGrant>),
    /// The replica's lease has run out, or never began: nothing was given, and it holds nothing, until it has said by
    /// [`Store::renew_replica`](crate::Store::renew_replica) that it is alive.
    Lapsed,
}

impl Store {
    /// Asks for shares, in one transaction. Of every account and period, what the ledger has booked and what living
    /// replicas hold never come to more than the limit.
    ///
    /// Of what is left, each of the living replicas gets a half of its part at a time, so that shares shrink towards
    /// the end; but what is needed, if it is there.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a replica without a name, or with one of more than 64 characters; else those of the
    /// database.
    pub async fn take_shares(&self, replica: &str, asks: &[ShareAsk], now: UnixMs) -> Result<Taken> {
        check(replica)?;
        let by = By::gateway(now);
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            match living(db, replica, now).await? {
                Some(living) => take(db, replica, asks, &living, now).await.map(Taken::Granted),
                None => Ok(Taken::Lapsed),
            }
        })
    }

    /// Gives back what is not used: accounts, the beginnings of their periods, amounts. Of more than is held, what is
    /// held.
    ///
    /// # Errors
    /// As [`Store::take_shares`].
    pub async fn return_shares<A: AsRef<str> + Sync>(
        &self,
        replica: &str,
        amounts: &[(A, i64, i64)],
        now: UnixMs,
    ) -> Result<()> {
        check(replica)?;
        let mut windows = Windows::new();
        for (account, window, amount) in amounts {
            let sum = windows.entry((counters::account(account.as_ref()), *window)).or_default();
            *sum = sum.saturating_add(*amount);
        }
        let by = By::gateway(now);
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            shares::settle(db, replica, &windows).await
        })
    }

    /// Says that a replica is alive, for so many milliseconds. `false`: it was not, by its lease, and holds nothing of
    /// what it held; from now on it is.
    ///
    /// # Errors
    /// As [`Store::take_shares`].
    pub async fn renew_replica(&self, replica: &str, now: UnixMs, lease_ms: u64) -> Result<bool> {
        check(replica)?;
        let (by, until) = (By::gateway(now), now.plus(lease_ms));
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            let mut update = Query::update();
            update
                .table(Alias::new(REPLICAS.table))
                .value(Alias::new("until_ms"), until.0)
                .and_where(Expr::col(Alias::new("replica")).eq(replica))
                .and_where(Expr::col(Alias::new("until_ms")).gt(now.0));
            if db.execute(&update).await?.rows_affected() > 0 {
                return Ok(true);
            }
            // What it held counts again with its name.
            let mut delete = Query::delete();
            delete
                .from_table(Alias::new(SHARES.table))
                .and_where(Expr::col(Alias::new("replica")).eq(replica));
            db.execute(&delete).await?;
            REPLICAS.raise(db, vec![vec![replica.into(), until.0.into()]]).await?;
            Ok(false)
        })
    }

    /// Names of the replicas that are alive by their leases.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn replicas(&self, now: UnixMs) -> Result<Vec<String>> {
        let by = By::gateway(now);
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            let mut select = Query::select();
            select
                .column(Alias::new("replica"))
                .from(Alias::new(REPLICAS.table))
                .and_where(Expr::col(Alias::new("until_ms")).gt(now.0));
            let rows = db.query_all(&select).await?;
            rows.iter().map(|row| Ok(row.try_get("", "replica")?)).collect()
        })
    }

    /// A replica ends, and holds nothing any more.
    ///
    /// # Errors
    /// As [`Store::take_shares`].
    pub async fn forget_replica(&self, replica: &str, now: UnixMs) -> Result<()> {
        check(replica)?;
        let by = By::gateway(now);
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            let mut delete = Query::delete();
            delete
                .from_table(Alias::new(REPLICAS.table))
                .and_where(Expr::col(Alias::new("replica")).eq(replica));
            db.execute(&delete).await?;
            Ok(())
        })
    }

    /// Forgets replicas whose lease is over, shares that nobody holds any more or whose period is over, and counters of
    /// nothing. Every replica may do so. Gives how many rows went.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prune_shares(&self, now: UnixMs) -> Result<u64> {
        let by = By::gateway(now);
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            let column = |name: &'static str| Expr::col(Alias::new(name));
            let mut gone = bury(db, now).await?;
            let known =
                Query::select().column(Alias::new("replica")).from(Alias::new(REPLICAS.table)).to_owned();
            let is_over = column("until_ms").lte(now.0).or(column("held").lte(0));
            let mut delete = Query::delete();
            delete
                .from_table(Alias::new(SHARES.table))
                .and_where(is_over.or(column("replica").not_in_subquery(known)));
            gone += db.execute(&delete).await?.rows_affected();
            gone += counters::prune_empty(db, UnixMs(now.0.saturating_sub(EMPTY_MS))).await?;
            Ok(gone)
        })
    }
}

fn check(replica: &str) -> Result<()> {
    if replica.is_empty() || replica.chars().count() > LONGEST || replica.contains('\0') {
        return Err(StoreError::Invalid(format!("a replica's name has 1 to {LONGEST} characters")));
    }
    Ok(())
}

/// Names of the living replicas, if this is one of them; it stays so until the transaction ends. A replica is alive as
/// long as it has a row: whoever finds that its time is over takes it away, before counting without it.
async fn living(db: &DatabaseTransaction, replica: &str, now: UnixMs) -> Result<Option<Vec<String>>> {
    let mut own = Query::select();
    own.column(Alias::new("until_ms"))
        .from(Alias::new(REPLICAS.table))
        .and_where(Expr::col(Alias::new("replica")).eq(replica))
        .lock(LockType::Update);
    let until: Option<i64> = db.query_one(&own).await?.map(|row| row.try_get("", "until_ms")).transpose()?;
    if until.is_none_or(|until| until <= now.0) {
        return Ok(None);
    }
    loop {
        let mut select = Query::select();
        select.columns(["replica", "until_ms"].map(Alias::new)).from(Alias::new(REPLICAS.table));
        let mut living = Vec::new();
        let mut is_over = false;
        for row in db.query_all(&select).await? {
            is_over |= row.try_get::<i64>("", "until_ms")? <= now.0;
            living.push(row.try_get("", "replica")?);
        }
        if !is_over {
            return Ok(Some(living));
        }
        bury(db, now).await?;
    }
}

/// Takes away replicas whose time is over.
async fn bury(db: &DatabaseTransaction, now: UnixMs) -> Result<u64> {
    let mut delete = Query::delete();
    delete.from_table(Alias::new(REPLICAS.table)).and_where(Expr::col(Alias::new("until_ms")).lte(now.0));
    Ok(db.execute(&delete).await?.rows_affected())
}

async fn take(
    db: &DatabaseTransaction,
    replica: &str,
    asks: &[ShareAsk],
    living: &[String],
    now: UnixMs,
) -> Result<Vec<ShareGrant>> {
    let account = |ask: &ShareAsk| (Cow::Owned(counters::account(&ask.account).into_owned()), ask.window);
    let wanted: Windows<'static> = asks.iter().map(|ask| (account(ask), 0)).collect();
    if db.get_database_backend() != DbBackend::Sqlite {
        // Nobody else takes of them, or books to them, until the transaction ends. On SQLite nobody does anyway.
        counters::raise(db, &wanted, now).await?;
    }
    let pairs: Vec<_> = wanted.into_keys().collect();
    let booked: Vec<_> =
        asks.iter().filter(|ask| ask.is_booked).map(account).collect::<BTreeSet<_>>().into_iter().collect();
    let mut used = counters::read(db, &booked).await?;
    for ((account, window), held) in shares::held(db, &pairs, living).await? {
        let sum = used.entry((account.into(), window)).or_default();
        *sum = sum.saturating_add(held);
    }
    let grants = share_out(asks, living.len(), |ask| used.get(&account(ask)).copied().unwrap_or_default());
    let mut taken: BTreeMap<_, (i64, UnixMs)> = BTreeMap::new();
    for (ask, grant) in asks.iter().zip(&grants).filter(|(_, grant)| grant.granted > 0) {
        let (sum, until) = taken.entry(account(ask)).or_default();
        *sum = sum.saturating_add(grant.granted);
        *until = Ord::max(*until, ask.until);
    }
    let rows = taken.into_iter().map(|((account, window), (more, until))| {
        let key = [account.into_owned().into(), window.into(), replica.into()];
        key.into_iter().chain([more.into(), until.0.into()]).collect()
    });
    SHARES.raise(db, rows.collect()).await?;
    Ok(grants)
}

/// How much each gets, by what is used of its account already.
fn share_out(asks: &[ShareAsk], replicas: usize, used: impl Fn(&ShareAsk) -> i64) -> Vec<ShareGrant> {
    let parts = Ord::max(i64::try_from(replicas).unwrap_or(i64::MAX).saturating_mul(2), 1);
    let mut given: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    let mut grants = vec![ShareGrant::default(); asks.len()];
    let mut shelves: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, ask) in asks.iter().enumerate() {
        shelves.entry(&ask.shelf).or_default().push(at);
    }
    for members in shelves.into_values() {
        let before = given.clone();
        let mut fits = true;
        for (at, ask) in members.iter().filter_map(|at| Some((*at, asks.get(*at)?))) {
            let sum = given.entry((&ask.account, ask.window)).or_default();
            let left = ask.limit.saturating_sub(used(ask)).saturating_sub(*sum);
            let need = Ord::max(ask.need, 0);
            fits &= left >= need;
            let granted = Ord::max(need, Ord::min(ask.wish, left / parts));
            *sum = sum.saturating_add(granted);
            if let Some(grant) = grants.get_mut(at) {
                *grant = ShareGrant { granted, left: left.saturating_sub(granted) };
            }
        }
        if !fits {
            given = before;
            for (at, ask) in members.iter().filter_map(|at| Some((*at, asks.get(*at)?))) {
                let sum = given.get(&(ask.account.as_str(), ask.window)).copied().unwrap_or_default();
                let left = ask.limit.saturating_sub(used(ask)).saturating_sub(sum);
                if let Some(grant) = grants.get_mut(at) {
                    *grant = ShareGrant { granted: 0, left: Ord::max(left, 0) };
                }
            }
        }
    }
    grants
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(account: &str, shelf: &str, limit: i64, need: i64, wish: i64) -> ShareAsk {
        let (account, shelf) = (account.to_owned(), shelf.to_owned());
        ShareAsk { account, shelf, window: 0, until: UnixMs(1), limit, need, wish, is_booked: true }
    }

    fn granted(asks: &[ShareAsk], replicas: usize, used: i64) -> Vec<(i64, i64)> {
        share_out(asks, replicas, |_| used).iter().map(|grant| (grant.granted, grant.left)).collect()
    }

    #[test]
    fn shares_shrink_towards_the_end() {
        let one = |used, need, wish| granted(&[ask("a", "s", 100, need, wish)], 2, used)[0];
        assert_eq!(one(0, 1, 10), (10, 90), "the wish");
        assert_eq!(one(0, 1, 1_000), (25, 75), "a quarter of what is left");
        assert_eq!(one(60, 1, 1_000), (10, 30));
        assert_eq!(one(98, 1, 1_000), (1, 1), "what is needed");
        assert_eq!(one(60, 40, 40), (40, 0), "to the last");
        assert_eq!(one(60, 41, 41), (0, 40), "and not beyond");
        assert_eq!(one(150, 1, 1), (0, 0), "what is overdrawn has nothing left");
        assert_eq!(one(150, 0, 9), (0, 0));
    }

    #[test]
    fn a_shelf_is_given_all_or_nothing() {
        let asks = [
            ask("a", "one", 100, 10, 10),
            ask("b", "one", 100, 101, 101),
            ask("a", "two", 100, 60, 60),
            ask("a", "two", 100, 40, 40),
        ];
        assert_eq!(granted(&asks, 1, 0), [(0, 100), (0, 100), (60, 40), (40, 0)]);
        let asks = [ask("a", "one", 100, 60, 60), ask("a", "two", 100, 60, 60)];
        assert_eq!(granted(&asks, 1, 0), [(60, 40), (0, 40)], "one account on two shelves");
    }
}
