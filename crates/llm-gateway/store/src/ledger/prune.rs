//! Entries that have been kept long enough. Sums stay.

use std::collections::BTreeSet;

use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Order, Query, Table};
use sea_orm::{ConnectionTrait as _, DbBackend};

use super::counters;
use super::parts::{WEEK_MS, name, rest};
use super::row::{TABLE, TAGS};
use crate::db::transaction;
use crate::error::Result;
use crate::{By, Store};

/// Entries that go at a time, so that nobody waits long.
const ENTRIES: u64 = 250;

/// What went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Pruned {
    /// Entries that were deleted one by one.
    pub entries: u64,
    /// Weeks that went as a whole, with all their entries: on PostgreSQL.
    pub weeks: u64,
    /// Whether there may be more to delete.
    pub more: bool,
}

impl Store {
    /// Deletes entries of before an instant, some hundreds at a time, until `most` have gone. PostgreSQL keeps entries in
    /// parts of a week, which go as a whole once all of the week is before the instant. The sums stay.
    ///
    /// # Errors
    /// Those of the database; what went until then is gone.
    pub async fn prune_entries(&self, before: UnixMs, most: u64) -> Result<Pruned> {
        let mut pruned = Pruned { weeks: self.drop_weeks(before).await?, ..Pruned::default() };
        while pruned.entries < most {
            let gone = self.prune_portion(before).await?;
            pruned.entries += gone;
            // One that goes changes more pages than one that comes.
            self.db().settle(usize::try_from(gone).unwrap_or(0).saturating_mul(4)).await;
            if gone < ENTRIES {
                return Ok(pruned);
            }
        }
        pruned.more = true;
        Ok(pruned)
    }

    /// Deletes what is booked to accounts for periods to which nothing was booked since an instant. What never begins
    /// anew stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prune_counters(&self, before: UnixMs) -> Result<u64> {
        let by = By::gateway(before);
        transaction!(self, self.db().patience(), &by, |db, _journal| { counters::prune(db, before).await })
    }

    /// Drops the parts of weeks that are wholly before an instant, the first first.
    async fn drop_weeks(&self, before: UnixMs) -> Result<u64> {
        if self.db().backend() != DbBackend::Postgres {
            return Ok(0);
        }
        let mut weeks = BTreeSet::new();
        for table in [TABLE, TAGS] {
            weeks.extend(self.db().read(self.weeks(table)).await?);
        }
        let mut dropped = 0;
        for week in weeks.into_iter().filter(|week| (week + 1).saturating_mul(WEEK_MS) <= before.0) {
            for table in [TAGS, TABLE] {
                let drop = Table::drop().table(Alias::new(name(table, week))).if_exists().to_owned();
                self.db().read(async { Ok(self.db().reader().execute(&drop).await?) }).await?;
            }
            self.parts().forget(week);
            dropped += 1;
        }
        Ok(dropped)
    }

    /// The weeks of which a table has parts.
    async fn weeks(&self, table: &'static str) -> Result<Vec<i64>> {
        let mut select = Query::select();
        select
            .expr_as(
                Expr::col((Alias::new("pg_class"), Alias::new("relname"))).cast_as(Alias::new("text")),
                Alias::new("part"),
            )
            .from(Alias::new("pg_class"))
            .inner_join(
                Alias::new("pg_inherits"),
                Expr::col((Alias::new("pg_inherits"), Alias::new("inhrelid")))
                    .equals((Alias::new("pg_class"), Alias::new("oid"))),
            )
            .and_where(
                Expr::col((Alias::new("pg_inherits"), Alias::new("inhparent")))
                    .eq(Func::cust(Alias::new("to_regclass")).arg(table)),
            );
        let mut weeks = Vec::new();
        for row in self.db().reader().query_all(&select).await? {
            let part: String = row.try_get("", "part")?;
            let week = part.strip_prefix(table).and_then(|rest| rest.strip_prefix("_w"));
            weeks.extend(week.and_then(|week| week.parse::<i64>().ok()));
        }
        Ok(weeks)
    }

    /// Deletes the next entries, and says how many.
    async fn prune_portion(&self, before: UnixMs) -> Result<u64> {
        // Where weeks go as a whole, only what has no week's part is left.
        let is_parted = self.db().backend() == DbBackend::Postgres;
        let [entries, labels] =
            [TABLE, TAGS].map(|table| if is_parted { Alias::new(rest(table)) } else { Alias::new(table) });
        let at = || Expr::col(Alias::new("at_ms"));
        let mut last = Query::select();
        last.column(Alias::new("at_ms"))
            .from(entries.clone())
            .and_where(at().lt(before.0))
            .order_by(Alias::new("at_ms"), Order::Asc)
            .limit(1)
            .offset(ENTRIES - 1);
        let by = By::gateway(before);
        transaction!(self, self.db().patience(), &by, |db, _journal| {
            let last = db.query_one(&last).await?;
            let last: Option<i64> = last.map(|row| row.try_get("", "at_ms")).transpose()?;
            let last = last.unwrap_or(before.0.saturating_sub(1));
            let mut gone = 0;
            for table in [labels.clone(), entries.clone()] {
                let mut delete = Query::delete();
                delete.from_table(table).and_where(at().lte(last));
                gone = db.execute(&delete).await?.rows_affected();
            }
            Ok(gone)
        })
    }
}
