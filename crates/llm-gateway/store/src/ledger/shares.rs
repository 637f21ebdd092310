//! Shares of accounts that replicas hold.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LockType, Order, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};

use super::counters::{Windows, among};
use super::upsert::{Target, slices};
use crate::error::Result;

/// The most pairs that one statement asks for.
const PAIRS: usize = 64;

pub(super) const SHARES: Target = Target {
    table: "shares",
    key: &["account", "window_ms", "replica"],
    raised: &["held"],
    replaced: &["until_ms"],
    fresh: &[],
};

/// Lowers what a replica holds by what was booked to the accounts, or given back: never below nothing.
pub(super) async fn settle(db: &DatabaseTransaction, replica: &str, windows: &Windows<'_>) -> Result<()> {
    let held = lock(db, replica, windows).await?;
    let rows = held.into_iter().filter_map(|((account, window), (held, until))| {
        let less = windows.get(&(account.as_str().into(), window)).copied().unwrap_or_default();
        // An adjustment that gives something back gives no share of it.
        let left = Ord::max(held.saturating_sub(Ord::max(less, 0)), 0);
        let key = [account.into(), window.into(), replica.into()];
        (left != held).then(|| key.into_iter().chain([(left - held).into(), until.into()]).collect())
    });
    SHARES.raise(db, rows.collect()).await
}

/// What a replica holds, and until when that matters, by account and window. Nobody else changes it meanwhile.
async fn lock(
    db: &DatabaseTransaction,
    replica: &str,
    windows: &Windows<'_>,
) -> Result<BTreeMap<(String, i64), (i64, i64)>> {
    let mut held = BTreeMap::new();
    let accounts: Vec<_> = windows.keys().collect();
    for accounts in slices(&accounts, PAIRS) {
        let mut select = Query::select();
        select
            .columns(["account", "window_ms", "held", "until_ms"].map(Alias::new))
            .from(Alias::new(SHARES.table))
            .and_where(Expr::col(Alias::new("replica")).eq(replica))
            .cond_where(among(accounts.iter().map(|(account, window)| (&**account, *window))))
            .order_by(Alias::new("account"), Order::Asc)
            .order_by(Alias::new("window_ms"), Order::Asc)
            .lock(LockType::Update);
        for row in db.query_all(&select).await? {
            let account = (row.try_get("", "account")?, row.try_get("", "window_ms")?);
            held.insert(account, (row.try_get("", "held")?, row.try_get("", "until_ms")?));
        }
    }
    Ok(held)
}

/// What of each account these replicas hold together.
pub(super) async fn held(
    db: &DatabaseTransaction,
    accounts: &[(Cow<'_, str>, i64)],
    replicas: &[String],
) -> Result<BTreeMap<(String, i64), i64>> {
    let mut held: BTreeMap<_, i64> = BTreeMap::new();
    for accounts in slices(accounts, PAIRS) {
        let mut select = Query::select();
        select
            .columns(["account", "window_ms", "replica", "held"].map(Alias::new))
            .from(Alias::new(SHARES.table))
            .cond_where(among(accounts.iter().map(|(account, window)| (&**account, *window))));
        for row in db.query_all(&select).await? {
            if replicas.contains(&row.try_get("", "replica")?) {
                let sum =
                    held.entry((row.try_get("", "account")?, row.try_get("", "window_ms")?)).or_default();
                *sum = sum.saturating_add(row.try_get("", "held")?);
            }
        }
    }
    Ok(held)
}
