//! Entries of a period, in the order of their time: for repricing and checks.

use llm_ledger::{Entry, LegId, RequestId};
use llm_types::UnixMs;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait as _, Func, Order, Query};

use super::row;
use crate::Store;
use crate::error::{Result, StoreError};

/// The most entries that are read at a time.
const LARGEST: u64 = 10_000;

impl Store {
    /// Entries of a period in the order of time, request and leg, up to `most` (1 to 10,000): those that follow
    /// `after`, if that is said. Fewer than `most` are the last ones.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a number out of range; else those of the database.
    pub async fn entries_between(
        &self,
        since: UnixMs,
        before: UnixMs,
        after: Option<LegId>,
        most: u64,
    ) -> Result<Vec<Entry>> {
        if most == 0 || most > LARGEST {
            return Err(StoreError::Invalid(format!("1 to {LARGEST} entries are read at a time")));
        }
        self.db().read(between(self.db().reader(), since, before, after, most)).await
    }

    /// All entries of a request, in the order of its legs.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn entries_of(&self, request: RequestId, scope: &crate::Scope) -> Result<Vec<Entry>> {
        let mut select = row::select();
        select.cond_where(of(request)).order_by(Alias::new("leg"), Order::Asc);
        if let Some(within) = super::reach::within(scope) {
            select.cond_where(within);
        }
        let rows = self.db().read(async { Ok(self.db().reader().query_all(&select).await?) }).await?;
        rows.iter().map(row::read).collect()
    }

    /// The number that the next adjustment of a request has as its leg: [`LegId::ADJUSTMENTS`] for the first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn next_adjustment(&self, request: RequestId) -> Result<u32> {
        let mut select = Query::select();
        select
            .expr(Func::max(Expr::col(Alias::new("leg"))))
            .from(Alias::new(row::ALONE))
            .cond_where(of(request))
            .and_where(Expr::col(Alias::new("leg")).gte(LegId::ADJUSTMENTS));
        let row = self.db().read(async { Ok(self.db().reader().query_one(&select).await?) }).await?;
        let last: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
        let next = last.map_or(i64::from(LegId::ADJUSTMENTS), |last| last.saturating_add(1));
        u32::try_from(next)
            .map_err(|_| StoreError::Invalid("the request has too many adjustments".to_owned()))
    }
}

/// That an entry is of this request.
pub(super) fn of(request: RequestId) -> Condition {
    let [at, id, _] = row::key(LegId { request, leg: 0 });
    Condition::all()
        .add(Expr::col(Alias::new("at_ms")).eq(at))
        .add(Expr::col(Alias::new("request_id")).eq(id))
}

/// Reads entries of a period.
pub(super) async fn between(
    db: &impl ConnectionTrait,
    since: UnixMs,
    before: UnixMs,
    after: Option<LegId>,
    most: u64,
) -> Result<Vec<Entry>> {
    let at = || Expr::col(Alias::new("at_ms"));
    let mut select = row::select();
    select.and_where(at().gte(since.0)).and_where(at().lt(before.0)).limit(most);
    for column in row::KEY {
        select.order_by(Alias::new(column), Order::Asc);
    }
    if let Some(after) = after {
        select.cond_where(follows(row::TABLE, after, false));
    }
    db.query_all(&select).await?.iter().map(row::read).collect()
}

/// That an entry comes after this one in the order of time, or in the order backwards.
pub(super) fn follows(table: &'static str, id: LegId, backwards: bool) -> Condition {
    let [at, request, leg] = row::key(id);
    let column = |name| Expr::col((Alias::new(table), Alias::new(name)));
    let past = |column: Expr, value| if backwards { column.lt(value) } else { column.gt(value) };
    let [at_column, request_column, leg_column] = row::KEY.map(column);
    let bound = if backwards { at_column.clone().lte(at.clone()) } else { at_column.clone().gte(at.clone()) };
    let same_request = Condition::all()
        .add(at_column.clone().eq(at.clone()))
        .add(request_column.clone().eq(request.clone()))
        .add(past(leg_column, leg));
    let same_time = Condition::all().add(at_column.clone().eq(at.clone())).add(past(request_column, request));
    let any = Condition::any().add(past(at_column, at)).add(same_time).add(same_request);
    // Said apart, so that the database begins there.
    Condition::all().add(bound).add(any)
}
