//! What was taken out of accounts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use llm_ledger::Status;
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait as _, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::kin::{Family, Kinship};
use super::upsert::{Target, slices};
use crate::Store;
use crate::error::Result;

/// The most characters of an account's name: those of the column. Every name that is longer is cut in the same way.
const LONGEST: usize = 640;
/// The most pairs that one statement asks for.
const PAIRS: usize = 64;

/// An account, and the beginning of its period.
pub(super) type Windows<'a> = BTreeMap<(Cow<'a, str>, i64), i64>;

const COUNTERS: Target = Target {
    table: "counters",
    key: &["account", "window_ms"],
    raised: &["booked_nanos"],
    replaced: &["touched_ms"],
    fresh: &[],
};

impl Store {
    /// What the ledger has booked to accounts, in their order: nano-dollars, or to accounts whose names begin with `req:` and
    /// `tok:` requests and tokens. Each by its name and the beginning of its period in milliseconds, 0 for one that never
    /// begins anew. 0 for what nothing was booked to.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn booked<A: AsRef<str> + Sync>(&self, accounts: &[(A, i64)]) -> Result<Vec<i64>> {
        let wanted: Vec<_> =
            accounts.iter().map(|(name, window)| (account(name.as_ref()), *window)).collect();
        let booked = self.db().read(read(self.db().reader(), &wanted)).await?;
        let of = |wanted| booked.get(wanted).copied().unwrap_or_default();
        Ok(wanted.iter().map(of).collect())
    }
}

/// What was booked to these accounts, where anything was.
pub(super) async fn read<'a>(
    db: &impl ConnectionTrait,
    wanted: &[(Cow<'a, str>, i64)],
) -> Result<Windows<'a>> {
    let mut booked = Windows::new();
    for wanted in slices(wanted, PAIRS) {
        let mut select = Query::select();
        select
            .columns(["account", "window_ms", "booked_nanos"].map(Alias::new))
            .from(Alias::new(COUNTERS.table))
            .cond_where(among(wanted.iter().map(|(account, window)| (&**account, *window))));
        for row in db.query_all(&select).await? {
            let account: String = row.try_get("", "account")?;
            booked.insert((account.into(), row.try_get("", "window_ms")?), row.try_get("", "booked_nanos")?);
        }
    }
    Ok(booked)
}

/// That a row is of one of these accounts.
pub(super) fn among<'a>(accounts: impl Iterator<Item = (&'a str, i64)>) -> Condition {
    accounts.fold(Condition::any(), |any, (account, window)| {
        let name = Expr::col(Alias::new("account")).eq(account);
        any.add(Condition::all().add(name).add(Expr::col(Alias::new("window_ms")).eq(window)))
    })
}

/// What entries take out of accounts: by an account's name, requests, tokens, or what they cost.
pub(super) fn of<'a>(kinship: &Kinship<'a>) -> Windows<'a> {
    // However many legs a request has, it is one.
    let mut requests = vec![0_i64; kinship.families.len()];
    for (entry, family) in kinship.entries.iter().filter(|(entry, _)| entry.id.leg == 0) {
        if let Some(requests) = requests.get_mut(*family).filter(|_| entry.status != Status::Adjustment) {
            *requests = requests.saturating_add(1);
        }
    }
    let mut windows = Windows::new();
    for (Family { one, sums, .. }, requests) in kinship.families.iter().zip(requests) {
        for charge in &one.charges {
            let amount = match charge.account.split_once(':') {
                Some(("req", _)) => requests,
                Some(("tok", _)) => sums.prompt_tokens.saturating_add(sums.completion_tokens),
                _ => sums.spend.nanos(),
            };
            let taken = windows.entry((account(&charge.account), charge.window)).or_default();
            *taken = taken.saturating_add(amount);
        }
    }
    windows
}

/// Books amounts to accounts, in the order of their names. They are locked until the transaction ends.
pub(super) async fn raise(db: &DatabaseTransaction, windows: &Windows<'_>, now: UnixMs) -> Result<()> {
    let rows = windows.iter().map(|((account, window), nanos)| {
        vec![(&**account).into(), (*window).into(), (*nanos).into(), now.0.into()]
    });
    COUNTERS.raise(db, rows.collect()).await
}

/// An account's name as the column has it.
pub(super) fn account(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST && !name.contains('\0') {
        return Cow::Borrowed(name);
    }
    name.chars().take(LONGEST).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect::<String>().into()
}

/// What was booked to all accounts.
pub(super) async fn read_all(db: &DatabaseTransaction) -> Result<BTreeMap<(String, i64), i64>> {
    let mut select = Query::select();
    select.columns(["account", "window_ms", "booked_nanos"].map(Alias::new)).from(Alias::new(COUNTERS.table));
    let rows = db.query_all(&select).await?;
    let booked = rows.iter().map(|row| {
        let account = (row.try_get("", "account")?, row.try_get("", "window_ms")?);
        Ok((account, row.try_get("", "booked_nanos")?))
    });
    booked.collect()
}

/// Deletes counters of periods that nothing was booked to since.
pub(super) async fn prune(db: &DatabaseTransaction, before: UnixMs) -> Result<u64> {
    let mut delete = Query::delete();
    delete
        .from_table(Alias::new(COUNTERS.table))
        .and_where(Expr::col(Alias::new("touched_ms")).lt(before.0))
        // What began later was touched later. That is what they are found by.
        .and_where(Expr::col(Alias::new("window_ms")).between(1, before.0));
    Ok(db.execute(&delete).await?.rows_affected())
}

/// Deletes counters of nothing that nobody has used since. Whoever books to them makes them again.
pub(super) async fn prune_empty(db: &DatabaseTransaction, before: UnixMs) -> Result<u64> {
    let mut delete = Query::delete();
    delete
        .from_table(Alias::new(COUNTERS.table))
        .and_where(Expr::col(Alias::new("touched_ms")).lt(before.0))
        // As the index says it.
        .and_where(Expr::col(Alias::new("booked_nanos")).eq(Expr::cust("0")));
    Ok(db.execute(&delete).await?.rows_affected())
}
