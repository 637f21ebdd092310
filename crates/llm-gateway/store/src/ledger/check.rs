//! Whether sums are the sums of the entries.

use std::collections::{BTreeMap, BTreeSet};

use llm_ledger::{Flag, Status};
use llm_types::UnixMs;
use sea_orm::sea_query::{
    Alias, CaseStatement, Expr, ExprTrait as _, Func, JoinType, Query, SelectStatement,
};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, IsolationLevel, QueryResult, TransactionOptions,
    TransactionTrait as _,
};

use super::counters;
use super::day::Day;
use super::days::{ACCOUNT_DAYS, DAYS, Dimension, SUMMED, Sums, TOTALS, WAY_DAYS};
use super::kin::{ACCOUNTS, Kinship, OWNERS};
use super::{period, row};
use crate::Store;
use crate::db::within;
use crate::error::Result;

/// Entries that are read at a time.
const ENTRIES: u64 = 2_000;

/// A sum that is not the sum of the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// A day's sum.
    Day {
        /// The day.
        day: Day,
        /// By what it is summed.
        dimension: Dimension,
        /// Whose it is, and of which model, vendor and deployment. Where all three are empty, it may be the sum of all of
        /// them. Of a sum by several at once: key, user, team, and organisation with project.
        of: [String; 4],
        /// What the entries come to.
        entries: Box<Sums>,
        /// What the sum says.
        sums: Box<Sums>,
    },
    /// What is booked to an account.
    Account {
        /// Its name.
        account: String,
        /// The beginning of its period, in milliseconds.
        window: i64,
        /// What the entries come to: nano-dollars; or tokens, or requests, by its name.
        entries: i64,
        /// What is booked.
        booked: i64,
    },
}

/// Sums by whose they are, model, vendor and deployment.
type Groups = BTreeMap<[String; 4], Sums>;

impl Store {
    /// Compares the days' sums, from a day on, with the entries; and from the first day on (`None`) what is booked to
    /// accounts as well. What was deleted by [`Store::prune_entries`](crate::Store::prune_entries) is missed, so that
    /// after it only later days can be compared.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn check_ledger(&self, from: Option<Day>) -> Result<Vec<Mismatch>> {
        // All of it is of one moment.
        let isolation = (self.db().backend() != DbBackend::Sqlite).then_some(IsolationLevel::RepeatableRead);
        let options = TransactionOptions { isolation_level: isolation, ..TransactionOptions::default() };
        let db = &self.db().reader().begin_with_options(options).await?;
        let patience = self.db().patience();
        let mut mismatches = Vec::new();
        for day in within(patience, days(db, from)).await? {
            let accounts = within(patience, of_accounts(db, day)).await?;
            let known = within(patience, account_sums(db, day, ACCOUNT_DAYS.table)).await?;
            let ways = within(patience, account_sums(db, day, WAY_DAYS.table)).await?;
            let mut differ = |of: &[String; 4], entries, sums| {
                let (entries, sums, dimension) = (Box::new(entries), Box::new(sums), Dimension::Key);
                mismatches.push(Mismatch::Day { day, dimension, of: of.clone(), entries, sums });
            };
            compare(&accounts, &known, &mut differ);
            // A day of before there were any has none.
            if !ways.is_empty() {
                compare(&accounts, &ways, differ);
            }
            for dimension in Dimension::ALL {
                let entries = within(patience, entries(db, day, dimension)).await?;
                let sums = within(patience, sums(db, day, dimension)).await?;
                let mut differ = |of: &[String; 4], entries, sums| {
                    let (entries, sums) = (Box::new(entries), Box::new(sums));
                    mismatches.push(Mismatch::Day { day, dimension, of: of.clone(), entries, sums });
                };
                compare(&entries, &sums, &mut differ);
                if dimension != Dimension::Global {
                    let totals = within(patience, totals(db, day, dimension)).await?;
                    compare(&together(&entries), &totals, differ);
                }
            }
        }
        if from.is_none() {
            mismatches.extend(self.check_accounts(db).await?);
        }
        Ok(mismatches)
    }

    async fn check_accounts(&self, db: &DatabaseTransaction) -> Result<Vec<Mismatch>> {
        let patience = self.db().patience();
        let mut charged: BTreeMap<(String, i64), i64> = BTreeMap::new();
        let mut last = None;
        loop {
            let next = period::between(db, UnixMs(i64::MIN), UnixMs(i64::MAX), last, ENTRIES);
            let entries = within(patience, next).await?;
            for ((account, window), nanos) in counters::of(&Kinship::of(entries.iter())) {
                let sum = charged.entry((account.into_owned(), window)).or_default();
                *sum = sum.saturating_add(nanos);
            }
            last = entries.last().map(|entry| entry.id);
            if last.is_none() {
                break;
            }
        }
        let booked = within(patience, counters::read_all(db)).await?;
        let mut mismatches = Vec::new();
        compare(&charged, &booked, |(account, window), entries, booked| {
            let (account, window) = (account.clone(), *window);
            mismatches.push(Mismatch::Account { account, window, entries, booked });
        });
        Ok(mismatches)
    }
}

/// Tells of each key whose values differ; what is absent is nothing.
fn compare<K: Ord, V: Default + Copy + PartialEq>(
    entries: &BTreeMap<K, V>,
    sums: &BTreeMap<K, V>,
    mut differ: impl FnMut(&K, V, V),
) {
    let keys: BTreeSet<_> = entries.keys().chain(sums.keys()).collect();
    for key in keys {
        let of = |map: &BTreeMap<K, V>| map.get(key).copied().unwrap_or_default();
        if of(entries) != of(sums) {
            differ(key, of(entries), of(sums));
        }
    }
}

/// Days that have entries or sums.
async fn days(db: &DatabaseTransaction, from: Option<Day>) -> Result<BTreeSet<Day>> {
    let mut days = BTreeSet::new();
    for table in [DAYS.table, TOTALS.table] {
        let mut select = Query::select();
        select.distinct().column(Alias::new("day")).from(Alias::new(table));
        if let Some(from) = from {
            select.and_where(Expr::col(Alias::new("day")).gte(from.number()));
        }
        for row in db.query_all(&select).await? {
            days.insert(Day::from_number(row.try_get("", "day")?));
        }
    }
    let mut since = from.map_or(i64::MIN, |day| day.start().0);
    loop {
        let mut select = Query::select();
        select
            .expr(Func::min(Expr::col(Alias::new("at_ms"))))
            .from(Alias::new(row::TABLE))
            .and_where(Expr::col(Alias::new("at_ms")).gte(since));
        let first = db.query_one(&select).await?;
        let first: Option<i64> = first.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
        let Some(first) = first else { return Ok(days) };
        let day = Day::of(UnixMs(first));
        days.insert(day);
        // An instant past the last day is of the last day.
        since = Ord::max(day.end().0, first.saturating_add(1));
    }
}

/// What a day's entries come to.
async fn entries(db: &DatabaseTransaction, day: Day, dimension: Dimension) -> Result<Groups> {
    let column = |name| Expr::col((Alias::new(row::TABLE), Alias::new(name)));
    let id = match dimension {
        Dimension::Global => None,
        Dimension::Key => Some(column("key_id")),
        Dimension::User => Some(column("user_id")),
        Dimension::Team => Some(column("team_id")),
        Dimension::Organization => Some(column("organization_id")),
        Dimension::Project => Some(column("project_id")),
        Dimension::EndUser => Some(column("end_user_id")),
        Dimension::Tag => Some(Expr::col((Alias::new(row::TAGS), Alias::new("tag")))),
    };
    let mut select = Query::select();
    select
        .from(Alias::new(row::TABLE))
        .expr_as(id.clone().unwrap_or_else(|| Expr::val("")), Alias::new("id"));
    if dimension == Dimension::Tag {
        let tagged = |name| Expr::col((Alias::new(row::TAGS), Alias::new(name)));
        let mut same = sea_orm::Condition::all();
        for name in row::KEY {
            same = same.add(tagged(name).eq(column(name)));
        }
        select.join(JoinType::InnerJoin, Alias::new(row::TAGS), same);
    }
    if let Some(id) = id {
        select.and_where(id.clone().ne("")).add_group_by([id]);
    }
    for name in ["model", "vendor", "deployment"] {
        select.column((Alias::new(row::TABLE), Alias::new(name)));
        select.add_group_by([column(name)]);
    }
    for (name, amount) in SUMMED.into_iter().zip(amounts(&column)) {
        select.expr_as(super::sums::sum(db.get_database_backend(), amount), Alias::new(name));
    }
    of_day(&mut select, day, &column("at_ms"));
    db.query_all(&select).await?.iter().map(group).collect()
}

/// What is before the first day or after the last is of these.
fn of_day(select: &mut SelectStatement, day: Day, at: &Expr) {
    if day != Day::of(UnixMs(i64::MIN)) {
        select.and_where(at.clone().gte(day.start().0));
    }
    if day != Day::of(UnixMs(i64::MAX)) {
        select.and_where(at.clone().lt(day.end().0));
    }
}

/// What an entry adds to each of the sums.
pub(super) fn amounts(column: &impl Fn(&'static str) -> Expr) -> [Expr; 12] {
    let is_request = || column("status").ne(Status::Adjustment.label());
    let successes = Status::ALL.into_iter().filter(|status| status.is_success()).map(Status::label);
    let is_success = || column("status").is_in(successes.clone());
    let estimated = i64::from(Flag::Estimated as u32);
    let is_estimated = column("flags").bit_and(estimated).eq(estimated);
    let one_if = |holds: Expr| -> Expr { CaseStatement::new().case(holds, 1_i64).finally(0_i64).into() };
    [
        one_if(is_request()),
        one_if(is_success()),
        one_if(is_request().and(is_success().not())),
        one_if(is_request().and(is_estimated)),
        column("prompt_tokens"),
        column("completion_tokens"),
        column("cache_read_tokens"),
        column("cache_write_tokens"),
        column("reasoning_tokens"),
        column("spend_nanos"),
        column("list_nanos"),
        column("duration_ms"),
    ]
}

/// What a day's sums say.
async fn sums(db: &DatabaseTransaction, day: Day, dimension: Dimension) -> Result<Groups> {
    let mut select = Query::select();
    select
        .columns(["id", "model", "vendor", "deployment"].into_iter().chain(SUMMED).map(Alias::new))
        .from(Alias::new(DAYS.table))
        .and_where(Expr::col(Alias::new("dimension")).eq(dimension.label()))
        .and_where(Expr::col(Alias::new("day")).eq(day.number()));
    db.query_all(&select).await?.iter().map(group).collect()
}

/// What a day's entries come to by whose they are, under the key's id and that of each of its owners.
async fn of_accounts(db: &DatabaseTransaction, day: Day) -> Result<Groups> {
    let column = |name| Expr::col((Alias::new(row::TABLE), Alias::new(name)));
    let mut select = Query::select();
    select.from(Alias::new(row::TABLE));
    for name in OWNERS {
        select.column((Alias::new(row::TABLE), Alias::new(name))).add_group_by([column(name)]);
    }
    for (name, amount) in SUMMED.into_iter().zip(amounts(&column)) {
        select.expr_as(super::sums::sum(db.get_database_backend(), amount), Alias::new(name));
    }
    of_day(&mut select, day, &column("at_ms"));
    db.query_all(&select).await?.iter().map(owners).collect()
}

/// What is summed of that in a table, all ways together.
async fn account_sums(db: &DatabaseTransaction, day: Day, table: &'static str) -> Result<Groups> {
    let of = |table, name| Expr::col((Alias::new(table), Alias::new(name)));
    let mut select = Query::select();
    select
        .columns(OWNERS.map(|name| (Alias::new(ACCOUNTS.table), Alias::new(name))))
        .columns(SUMMED.map(|name| (Alias::new(table), Alias::new(name))))
        .from(Alias::new(table))
        .left_join(Alias::new(ACCOUNTS.table), of(ACCOUNTS.table, "id").eq(of(table, "account_id")))
        .and_where(of(table, "day").eq(day.number()));
    let mut groups = Groups::new();
    for row in db.query_all(&select).await? {
        let (of, sums) = owners(&row)?;
        groups.entry(of).or_default().add(&sums);
    }
    Ok(groups)
}

fn owners(row: &QueryResult) -> Result<([String; 4], Sums)> {
    let text = |column: &str| row.try_get::<String>("", column);
    let [key, user, team, organization, project] = OWNERS;
    let of_whom = format!("{} {}", text(organization)?, text(project)?);
    Ok(([text(key)?, text(user)?, text(team)?, of_whom], Sums::read(row)?))
}

/// What a day's totals say.
async fn totals(db: &DatabaseTransaction, day: Day, dimension: Dimension) -> Result<Groups> {
    let mut select = Query::select();
    select
        .columns(["id"].into_iter().chain(SUMMED).map(Alias::new))
        .from(Alias::new(TOTALS.table))
        .and_where(Expr::col(Alias::new("dimension")).eq(dimension.label()))
        .and_where(Expr::col(Alias::new("day")).eq(day.number()));
    let rows = db.query_all(&select).await?;
    rows.iter().map(|row| Ok((of_all(row.try_get("", "id")?), Sums::read(row)?))).collect()
}

/// All models, vendors and deployments of each id together.
fn together(groups: &Groups) -> Groups {
    let mut totals = Groups::new();
    for ([id, ..], sums) in groups {
        totals.entry(of_all(id.clone())).or_default().add(sums);
    }
    totals
}

const fn of_all(id: String) -> [String; 4] {
    [id, String::new(), String::new(), String::new()]
}

fn group(row: &QueryResult) -> Result<([String; 4], Sums)> {
    let text = |column: &str| row.try_get::<String>("", column);
    Ok(([text("id")?, text("model")?, text("vendor")?, text("deployment")?], Sums::read(row)?))
}
