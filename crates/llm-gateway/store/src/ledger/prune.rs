//! Entries that have been kept long enough. Sums stay.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Order, Query, Table};
use sea_orm::{ConnectionTrait as _, DbBackend};
use tokio::time::Instant;

use super::counters;
use super::parts::{WEEK_MS, name, rest};
use super::row::{ALONE, TAGS};
use crate::db::transaction;
use crate::error::Result;
use crate::{By, Store};

/// Entries that go at a time: how many first, and at least and at most. The others are as many as take [`AIM`].
const FIRST: u64 = 200;
const LEAST: u64 = 50;
const MOST: u64 = 2_000;
/// So long a portion should take, so that nobody waits long.
const AIM: Duration = Duration::from_millis(50);

/// One that goes changes as many pages as so many that come.
const PAGES: usize = 20;

/// How many entries the next portion has, by how long the last one took.
#[derive(Debug)]
pub(crate) struct Portion(AtomicU64);

impl Default for Portion {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl Portion {
    fn size(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// A portion of this size took so long. The next one is at most twice as large; the fewer, the sooner.
    fn took(&self, size: u64, took: Duration) {
        let micros = Ord::max(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), 1);
        let fitting = size.saturating_mul(AIM.as_micros() as u64) / micros;
        self.0.store(Ord::min(fitting, size * 2).clamp(LEAST, MOST), Ordering::Relaxed);
    }
}

/// What went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Pruned {
    /// Entries that were deleted one by one.
    pub entries: u64,
    /// Weeks that went as a whole, with all their entries: on PostgreSQL.
    pub weeks: u64,
    /// How long the slowest portion took, or the slowest week.
    pub slowest: Duration,
    /// Whether there may be more to delete.
    pub more: bool,
}

impl Store {
    /// Deletes entries of before an instant, as many at a time as take about 50 ms, until `most` have gone. PostgreSQL keeps entries in
    /// parts of a week, which go as a whole once all of the week is before the instant. The sums stay.
    ///
    /// # Errors
    /// Those of the database; what went until then is gone.
    pub async fn prune_entries(&self, before: UnixMs, most: u64) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        self.drop_weeks(before, &mut pruned).await?;
        while pruned.entries < most {
            let size = self.portion().size();
            let (gone, took) = self.prune_portion(before, size).await?;
            self.portion().took(size, took);
            pruned.entries += gone;
            pruned.slowest = Ord::max(pruned.slowest, took);
            // One that goes changes far more pages than one of many that come: the log is written back while it is short.
            self.db().settle(usize::try_from(gone).unwrap_or(0).saturating_mul(PAGES)).await;
            if gone < size {
                self.prune_terms(before).await?;
                return Ok(pruned);
            }
            if pruned.entries < most {
                // Whoever books comes in between.
                tokio::time::sleep(Ord::min(took, AIM)).await;
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
    async fn drop_weeks(&self, before: UnixMs, pruned: &mut Pruned) -> Result<()> {
        if self.db().backend() != DbBackend::Postgres {
            return Ok(());
        }
        let mut weeks = BTreeSet::new();
        for table in [ALONE, TAGS] {
            weeks.extend(self.db().read(self.weeks(table)).await?);
        }
        for week in weeks.into_iter().filter(|week| (week + 1).saturating_mul(WEEK_MS) <= before.0) {
            for table in [TAGS, ALONE] {
                let drop = Table::drop().table(Alias::new(name(table, week))).if_exists().to_owned();
                let began = Instant::now();
                self.db().read(async { Ok(self.db().reader().execute(&drop).await?) }).await?;
                pruned.slowest = Ord::max(pruned.slowest, began.elapsed());
            }
            self.parts().forget(week);
            pruned.weeks += 1;
        }
        Ok(())
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

    /// Deletes the next entries, and says how many, and how long others were kept from writing for it.
    async fn prune_portion(&self, before: UnixMs, size: u64) -> Result<(u64, Duration)> {
        // Where weeks go as a whole, only what has no week's part is left.
        let is_parted = self.db().backend() == DbBackend::Postgres;
        let [entries, labels] =
            [ALONE, TAGS].map(|table| if is_parted { Alias::new(rest(table)) } else { Alias::new(table) });
        let at = || Expr::col(Alias::new("at_ms"));
        let mut last = Query::select();
        last.column(Alias::new("at_ms"))
            .from(entries.clone())
            .and_where(at().lt(before.0))
            .order_by(Alias::new("at_ms"), Order::Asc)
            .limit(1)
            .offset(size - 1);
        let by = By::gateway(before);
        let (gone, began) = transaction!(self, self.db().patience(), &by, |db, _journal| {
            let began = Instant::now();
            let last = db.query_one(&last).await?;
            let last: Option<i64> = last.map(|row| row.try_get("", "at_ms")).transpose()?;
            let last = last.unwrap_or(before.0.saturating_sub(1));
            let mut gone = 0;
            for table in [labels.clone(), entries.clone()] {
                let mut delete = Query::delete();
                delete.from_table(table).and_where(at().lte(last));
                gone = db.execute(&delete).await?.rows_affected();
            }
            Ok((gone, began))
        })?;
        Ok((gone, began.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_as_large_as_their_time() {
        let portion = Portion::default();
        let after = |took| {
            portion.took(portion.size(), Duration::from_millis(took));
            portion.size()
        };
        assert_eq!(after(200), FIRST / 4, "four times too long");
        assert_eq!(after(10_000), LEAST);
        assert_eq!(after(0), LEAST * 2, "it grows step by step");
        assert_eq!((after(25), after(50)), (LEAST * 4, LEAST * 4));
        for _ in 0..20 {
            after(1);
        }
        assert_eq!(portion.size(), MOST);
    }
}
