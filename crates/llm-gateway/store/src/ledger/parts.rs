//! The parts in which PostgreSQL keeps entries: one for each week, and one for what has no other.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Table, TableCreateStatement};
use sea_orm::{ConnectionTrait as _, DbBackend};

use super::row::{ALONE, TAGS};
use crate::Store;
use crate::error::Result;

/// What a part holds, in milliseconds: a week.
pub(super) const WEEK_MS: i64 = 604_800_000;
/// Weeks before and after now that get a part of their own; what a broken clock has said gets none.
const PAST: i64 = 530;
const FUTURE: i64 = 4;

/// The weeks whose parts are known to be there, or to be impossible.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    known: Mutex<BTreeSet<i64>>,
}

impl Parts {
    fn unknown(&self, weeks: BTreeSet<i64>) -> Vec<i64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        weeks.into_iter().filter(|week| !known.contains(week)).collect()
    }

    fn learn(&self, week: i64) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(week);
    }

    pub(super) fn forget(&self, week: i64) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&week);
    }
}

impl Store {
    /// Makes the parts that entries of these times want, and that of the week to come.
    pub(super) async fn make_parts(&self, times: impl Iterator<Item = UnixMs>, now: UnixMs) -> Result<()> {
        if self.db().backend() != DbBackend::Postgres {
            return Ok(());
        }
        let current = week(now);
        let near = current.saturating_sub(PAST)..=current.saturating_add(FUTURE);
        let mut weeks: BTreeSet<_> = times.map(week).filter(|week| near.contains(week)).collect();
        weeks.extend([current, current + 1]);
        for week in self.parts().unknown(weeks) {
            for table in [ALONE, TAGS] {
                // It cannot be made while another process makes it, nor once the part for the rest holds some of it.
                // Entries are kept without it as well.
                let part = part(table, week);
                let made = self.db().read(async { Ok(self.db().reader().execute(&part).await?) }).await;
                if let Err(error) = made
                    && error.is_away()
                {
                    return Err(error);
                }
            }
            self.parts().learn(week);
        }
        Ok(())
    }
}

/// The week of an instant, counted from 1970-01-01.
pub(super) const fn week(at: UnixMs) -> i64 {
    at.0.div_euclid(WEEK_MS)
}

/// The name of a week's part.
pub(super) fn name(table: &str, week: i64) -> String {
    format!("{table}_w{week}")
}

/// The name of the part for what has no other, as the schema has it.
pub(super) fn rest(table: &str) -> String {
    format!("{table}_rest")
}

fn part(table: &'static str, week: i64) -> TableCreateStatement {
    Table::create()
        .table(Alias::new(name(table, week)))
        .if_not_exists()
        .partition_of(Alias::new(table))
        .values_from_to([week * WEEK_MS], [(week + 1) * WEEK_MS])
        .to_owned()
}
