//! Entries come into the ledger.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeSet;

use llm_ledger::{Entry, LegId};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait as _, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};

use super::kin::Kinship;
use super::upsert::{MOST, slices};
use super::{counters, days, row, shares, spend};
use crate::db::transaction;
use crate::error::{Result, StoreError, is_unique};
use crate::{By, Store};

/// The most entries that one statement looks for.
const LOOKED_FOR: usize = 64;
/// How often a batch is begun again as a whole, beside what each transaction does, while others book the same.
const ROUNDS: u32 = 4;

/// What came of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Booked {
    /// How many entries were added.
    pub added: usize,
    /// How many were there.
    pub repeated: usize,
    /// What those that were added took out of accounts: name, beginning of the period, nano-dollars; or tokens, or requests,
    /// by the name.
    pub charges: Vec<(String, i64, i64)>,
}

impl Store {
    /// Adds entries to the ledger, and raises by them, in the same transaction, the days' sums, what is booked to
    /// accounts, and what records have spent. Entries that are there already are left out, so that a batch may be
    /// booked again. What `replica` holds of an account sinks by what was booked to it.
    ///
    /// The more there are, the less each of them costs: up to 5,000 are a good batch.
    ///
    /// # Errors
    /// Those of the database; nothing was booked then, unless it is [`StoreError::Away`], which does not know.
    pub async fn book<E: Borrow<Entry> + Sync>(
        &self,
        entries: &[E],
        replica: Option<&str>,
        now: UnixMs,
    ) -> Result<Booked> {
        if entries.is_empty() {
            return Ok(Booked::default());
        }
        let kept: Vec<_> = entries.iter().map(|entry| row::kept(entry.borrow())).collect();
        // In one order, so that two who book the same do not wait for each other.
        let mut ordered: Vec<&Entry> = kept.iter().map(Cow::as_ref).collect();
        ordered.sort_by_key(|entry| entry.id);
        ordered.dedup_by_key(|entry| entry.id);
        self.make_parts(ordered.iter().map(|entry| entry.at()), now).await?;
        let mut kinship = Kinship::of(ordered.iter().copied());
        self.name_kin(&mut kinship.families, now).await?;
        let (by, mut look, mut round) = (By::gateway(now), false, 1);
        let mut booked = loop {
            let done = transaction!(self, self.patience_for(ordered.len()), &by, |db, _journal| {
                let some = if look { Some(fresh(db, &ordered, &kinship).await?) } else { None };
                let fresh = some.as_ref().unwrap_or(&kinship);
                let added = insert(db, fresh).await;
                look = true;
                added?;
                raise(db, fresh, replica, now).await
            });
            match done {
                Err(StoreError::Busy(_)) if round < ROUNDS => round += 1,
                done => break done?,
            }
        };
        booked.repeated = entries.len() - booked.added;
        self.db().settle(booked.added).await;
        Ok(booked)
    }
}

/// Those that are not there yet.
async fn fresh<'a>(
    db: &DatabaseTransaction,
    entries: &[&'a Entry],
    kinship: &Kinship<'a>,
) -> Result<Kinship<'a>> {
    let mut known: BTreeSet<LegId> = BTreeSet::new();
    for entries in slices(entries, LOOKED_FOR) {
        let mut any = Condition::any();
        for entry in entries {
            let mut all = Condition::all();
            for (column, value) in row::KEY.into_iter().zip(row::key(entry.id)) {
                all = all.add(Expr::col(Alias::new(column)).eq(value));
            }
            any = any.add(all);
        }
        let mut select = Query::select();
        select.columns(row::KEY.map(Alias::new)).from(Alias::new(row::ALONE)).cond_where(any);
        for row in db.query_all(&select).await? {
            known.insert(row::read_key(&row)?);
        }
    }
    Ok(kinship.of_some(|entry| !known.contains(&entry.id)))
}

/// Writes entries. If one of them is there, somebody else has booked it: the transaction begins again, and leaves it
/// out.
async fn insert(db: &DatabaseTransaction, kinship: &Kinship<'_>) -> Result<()> {
    for entries in slices(&kinship.entries, MOST) {
        let mut values = Vec::with_capacity(entries.len() * row::WIDTH);
        for (entry, place) in entries {
            let kin = kinship.families.get(*place).map(|family| family.kin).unwrap_or_default();
            row::push(&mut values, entry, kin)?;
        }
        let inserted = row::ENTRIES.insert_all(db, values).await;
        inserted.map_err(|error| match is_unique(&error) {
            Some(message) => StoreError::Busy(message),
            None => error.into(),
        })?;
    }
    let labels = kinship.entries.iter().flat_map(|(entry, _)| {
        row::tags(entry).map(|tag| [tag.into()].into_iter().chain(row::key(entry.id)).collect())
    });
    Ok(row::LABELS.insert(db, labels.collect()).await?)
}

/// Raises all that is summed, by entries that were added.
async fn raise(
    db: &DatabaseTransaction,
    kinship: &Kinship<'_>,
    replica: Option<&str>,
    now: UnixMs,
) -> Result<Booked> {
    days::raise(db, kinship).await?;
    let windows = counters::of(kinship);
    counters::raise(db, &windows, now).await?;
    spend::raise(db, kinship, now).await?;
    if let Some(replica) = replica {
        shares::settle(db, replica, &windows).await?;
    }
    let charges = windows.into_iter().map(|((account, window), nanos)| (account.into_owned(), window, nanos));
    Ok(Booked { added: kinship.entries.len(), repeated: 0, charges: charges.collect() })
}
