//! What is not needed any more.

use llm_types::UnixMs;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PrimaryKeyTrait, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _};

use crate::db::transaction;
use crate::entity::{audit, change, deleted, grace};
use crate::error::Result;
use crate::{By, Store};

/// Rows that go at a time, so that nobody waits long.
const ROWS: u64 = 1_000;
/// Changes are kept for an hour at least: readers that were away for less have missed nothing.
const CHANGES_MS: i64 = 3_600_000;

/// How long what is kept aside is kept, in milliseconds; for ever without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// Records of the audit.
    pub audit_ms: Option<u64>,
    /// Deleted records.
    pub deleted_ms: Option<u64>,
}

/// How many rows went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Changes that every replica knows of.
    pub changes: u64,
    /// Former texts of keys whose time is over.
    pub former_keys: u64,
    /// Records of the audit.
    pub audit: u64,
    /// Deleted records.
    pub deleted: u64,
}

/// Deletes rows of an entity, a portion at a time, by the columns of its key and of its time.
macro_rules! sweep {
    ($store:expr, $by:expr, $entity:ident, $key:ident, $time:ident, $before:expr) => {{
        let before = $before;
        let mut gone = 0;
        loop {
            let portion = transaction!($store, $store.db().patience(), $by, |db, _journal| {
                let old = $entity::Entity::find().filter($entity::Column::$time.lt(before));
                let keys = old.select_only().column($entity::Column::$key);
                let keys = keys.order_by_asc($entity::Column::$time).limit(ROWS).into_tuple();
                let keys: Vec<<$entity::PrimaryKey as PrimaryKeyTrait>::ValueType> = keys.all(db).await?;
                if keys.is_empty() {
                    return Ok(0);
                }
                let delete = $entity::Entity::delete_many().filter($entity::Column::$key.is_in(keys));
                Ok(delete.exec(db).await?.rows_affected)
            })?;
            gone += portion;
            if portion < ROWS {
                break gone;
            }
        }
    }};
}

impl Store {
    /// Deletes what is not needed any more. Every replica may do so.
    ///
    /// # Errors
    /// Those of the database; what went until then is gone.
    pub async fn sweep(&self, keep: &Keep, now: UnixMs) -> Result<Swept> {
        let by = By::gateway(now);
        let mut swept = Swept {
            changes: sweep!(self, &by, change, Seq, AtMs, now.0.saturating_sub(CHANGES_MS)),
            former_keys: sweep!(self, &by, grace, OldHash, UntilMs, now.0),
            ..Swept::default()
        };
        let before = |ms: u64| now.0.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX));
        if let Some(ms) = keep.audit_ms {
            swept.audit = sweep!(self, &by, audit, Id, AtMs, before(ms));
        }
        if let Some(ms) = keep.deleted_ms {
            swept.deleted = sweep!(self, &by, deleted, Seq, DeletedMs, before(ms));
        }
        Ok(swept)
    }
}
