//! How records are made and changed, one transaction for each call.

mod references;
mod rows;

use std::collections::BTreeSet;
use std::time::Duration;

use llm_tenancy::Usd;
use sea_orm::DatabaseTransaction;

use crate::db::transaction;
use crate::error::{Result, StoreError};
use crate::journal::{By, Journal, ROWS};
use crate::record::{Record, RecordId, Row, Sheet, Stored};
use crate::{Scope, Store};

pub(crate) use references::check as check_references;
pub(crate) use rows::{insert, lock, lock_all, replace};

impl Store {
    /// Makes a record.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if its id, or another value that only one may have, belongs to another;
    /// [`StoreError::Missing`] if it refers to what is not there; [`StoreError::Invalid`] if it cannot be kept; else
    /// those of the database.
    pub async fn create<R: Record>(&self, record: &R, by: &By) -> Result<Stored<R>> {
        self.create_all(std::slice::from_ref(record), by).await?;
        Ok(Stored { value: record.clone(), version: 1 })
    }

    /// Makes records: all, or none.
    ///
    /// # Errors
    /// As [`Store::create`].
    pub async fn create_all<R: Record>(&self, records: &[R], by: &By) -> Result<()> {
        let rows = records.iter().map(Row::of).collect::<Result<Vec<_>>>()?;
        transaction!(self, self.patience_for(rows.len()), by, |db, journal| {
            insert(db, R::sheet(), &rows, journal).await
        })
    }

    /// Puts a new value in the place of one that was read at this version.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if somebody else has changed it meanwhile; [`StoreError::NotFound`] if it is not there
    /// or out of the scope's reach; else as [`Store::create`].
    pub async fn update<R: Record>(
        &self,
        record: &R,
        version: i64,
        scope: &Scope,
        by: &By,
    ) -> Result<Stored<R>> {
        transaction!(self, self.db().patience(), by, |db, journal| {
            replace_whole(db, record, version, scope, by, journal).await
        })
    }

    /// Changes a record as it is now: nobody else does in the meantime, so that nobody's change is lost. `change` may
    /// be called again, with the record anew, when others got in the way.
    ///
    /// # Errors
    /// Those of `change`, which leave the record as it was; else as [`Store::update`].
    pub async fn change<R: Record, E: From<StoreError> + Send>(
        &self,
        id: &R::Id,
        scope: &Scope,
        by: &By,
        change: impl FnMut(&mut R) -> Result<(), E> + Send,
    ) -> Result<Stored<R>, E> {
        let changed = self.change_all(std::slice::from_ref(id), scope, by, change).await?;
        changed.into_iter().next().ok_or_else(|| StoreError::NotFound(R::KIND).into())
    }

    /// Changes records as they are now: all, or none; each once, in the order of their ids.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub async fn change_all<R: Record, E: From<StoreError> + Send>(
        &self,
        ids: &[R::Id],
        scope: &Scope,
        by: &By,
        mut change: impl FnMut(&mut R) -> Result<(), E> + Send,
    ) -> Result<Vec<Stored<R>>, E> {
        // In one order, so that two who change the same do not wait for each other.
        let ids: BTreeSet<_> = ids.iter().map(RecordId::to_text).collect();
        // The caller's own error ends the transaction like any other, and waits here until it has.
        let mut refusal = None;
        let mut apply = |value: &mut R| {
            change(value).map_err(|error| {
                refusal = Some(error);
                StoreError::Invalid("the caller refused".to_owned())
            })
        };
        let done = transaction!(self, self.patience_for(ids.len()), by, |db, journal| {
            let mut changed = Vec::with_capacity(ids.len());
            for id in &ids {
                changed.push(change_one(db, id, scope, by, journal, None, &mut apply).await?);
            }
            Ok(changed)
        });
        match refusal {
            Some(error) => Err(error),
            None => done.map_err(E::from),
        }
    }

    /// Sets what a record has spent, as an administrator who gives it a new start. At nothing, its budgets count from
    /// nothing as well.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is not there or out of reach; [`StoreError::Invalid`] if its kind does not spend.
    pub async fn set_spend<R: Record>(
        &self,
        id: &R::Id,
        spend: Usd,
        scope: &Scope,
        by: &By,
    ) -> Result<Stored<R>> {
        let id = id.to_text();
        transaction!(self, self.db().patience(), by, |db, journal| {
            reset_spend(db, R::sheet(), &id, spend, scope, journal).await?.into_record()
        })
    }

    /// How long a call over so many records may take.
    pub(crate) fn patience_for(&self, records: usize) -> Duration {
        let statements = u32::try_from(records.div_ceil(ROWS)).unwrap_or(u32::MAX).max(1);
        self.db().patience().saturating_mul(statements)
    }
}

/// Sets what a record has spent.
pub(crate) async fn reset_spend(
    db: &DatabaseTransaction,
    sheet: &Sheet,
    id: &str,
    spend: Usd,
    scope: &Scope,
    journal: &mut Journal<'_>,
) -> Result<Row> {
    if !sheet.spends {
        return Err(StoreError::Invalid(format!("a {} spends nothing", sheet.kind.label())));
    }
    let old = lock(db, sheet, id, scope).await?;
    let mut new = old.clone();
    new.spend_nanos = spend.nanos();
    new.version += 1;
    if spend == Usd::ZERO {
        // Budgets count anew as well, in accounts of their own.
        let spending = new.body.as_object_mut().map(|body| {
            body.entry("spending").or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()))
        });
        if let Some(spending) = spending.and_then(serde_json::Value::as_object_mut) {
            let resets = spending.get("resets").and_then(serde_json::Value::as_u64).unwrap_or_default();
            spending.insert("resets".to_owned(), resets.saturating_add(1).min(u32::MAX.into()).into());
        }
    }
    rows::set_spend(db, sheet, &new).await?;
    journal.updated(sheet.kind, id, &spent(&old), &spent(&new)).await?;
    Ok(new)
}

/// Puts a new value in the place of one that was read at this version.
pub(crate) async fn replace_whole<R: Record>(
    db: &DatabaseTransaction,
    record: &R,
    version: i64,
    scope: &Scope,
    by: &By,
    journal: &mut Journal<'_>,
) -> Result<Stored<R>> {
    let mut whole = |value: &mut R| {
        *value = record.clone();
        Ok(())
    };
    change_one(db, &record.key(), scope, by, journal, Some(version), &mut whole).await
}

/// Changes one record, under its lock. One that comes out as it was is left alone.
async fn change_one<R: Record>(
    db: &DatabaseTransaction,
    id: &str,
    scope: &Scope,
    by: &By,
    journal: &mut Journal<'_>,
    expected: Option<i64>,
    change: &mut (dyn FnMut(&mut R) -> Result<()> + Send),
) -> Result<Stored<R>> {
    let sheet = R::sheet();
    let old = lock(db, sheet, id, scope).await?;
    if expected.is_some_and(|version| version != old.version) {
        return Err(StoreError::Changed(R::KIND));
    }
    let mut before: Stored<R> = old.clone().into_record()?;
    let mut after = before.value.clone();
    change(&mut after)?;
    if after.key() != id {
        return Err(StoreError::Invalid(format!("the id of a {} does not change", R::KIND.label())));
    }
    *after.stamp() = before.value.stamp().clone();
    let resets = before.value.spending().map(|spending| spending.resets);
    if let Some(spending) = after.spending() {
        spending.spend = Usd::from_nanos(old.spend_nanos);
        spending.resets = resets.unwrap_or_default();
    }
    if Row::of(&after)?.body == Row::of(&before.value)?.body {
        return Ok(before);
    }
    after.stamp().touch(by.now, by.name());
    let mut new = Row::of(&after)?;
    new.version = old.version + 1;
    let former = before.value.columns();
    check_references(db, sheet, std::slice::from_ref(&new), Some(&former)).await?;
    replace(db, sheet, &old, &new).await?;
    journal.updated(sheet.kind, id, &old.body, &new.body).await?;
    Ok(Stored { value: after, version: new.version })
}

fn spent(row: &Row) -> serde_json::Value {
    serde_json::json!({ "spend": Usd::from_nanos(row.spend_nanos) })
}
