//! Several writes as one: a team with its members, a user with a key.

use std::pin::Pin;

use llm_tenancy::{KeyHash, Usd, VirtualKey};
use llm_types::UnixMs;
use sea_orm::DatabaseTransaction;

use crate::db::transaction;
use crate::error::Result;
use crate::journal::{By, Journal};
use crate::record::{Record, RecordId, Row, Sheet};
use crate::{Scope, Store, delete, keys, write};

/// Writes that happen together, in their order: all, or none.
///
/// ```
/// # use llm_store::{Batch, By, Store, StoreError};
/// # use llm_tenancy::{Team, TeamMember};
/// # async fn make(store: &Store, team: &Team, admin: &TeamMember, by: &By) -> Result<(), StoreError> {
/// let mut batch = Batch::default();
/// batch.create(team)?.create(admin)?;
/// store.apply(&batch, by).await
/// # }
/// ```
#[derive(Default)]
pub struct Batch {
    steps: Vec<Box<dyn Step>>,
}

type Done<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// One write, of whichever kind.
trait Step: Send + Sync {
    fn run<'a>(&'a self, db: &'a DatabaseTransaction, by: &'a By, journal: &'a mut Journal<'_>) -> Done<'a>;
}

impl Batch {
    /// A record is made, as by [`Store::create`].
    ///
    /// # Errors
    /// [`StoreError::Invalid`](crate::StoreError::Invalid) if it cannot be kept.
    pub fn create<R: Record>(&mut self, record: &R) -> Result<&mut Self> {
        self.steps.push(Box::new(Create { sheet: R::sheet(), rows: vec![Row::of(record)?] }));
        Ok(self)
    }

    /// Records are made, as by [`Store::create_all`].
    ///
    /// # Errors
    /// As [`Batch::create`].
    pub fn create_all<R: Record>(&mut self, records: &[R]) -> Result<&mut Self> {
        if !records.is_empty() {
            let rows = records.iter().map(Row::of).collect::<Result<_>>()?;
            self.steps.push(Box::new(Create { sheet: R::sheet(), rows }));
        }
        Ok(self)
    }

    /// A record takes the place of the version that was read, as by [`Store::update`].
    pub fn update<R: Record>(&mut self, record: &R, version: i64, scope: &Scope) -> &mut Self {
        self.steps.push(Box::new(Update { record: record.clone(), version, scope: scope.clone() }));
        self
    }

    /// What a record has spent is set, as by [`Store::set_spend`].
    pub fn set_spend<R: Record>(&mut self, id: &R::Id, spend: Usd, scope: &Scope) -> &mut Self {
        let (sheet, id, scope) = (R::sheet(), id.to_text(), scope.clone());
        self.steps.push(Box::new(SetSpend { sheet, id, spend, scope }));
        self
    }

    /// A key with another text takes the place of the version of `old` that was read, as by [`Store::rotate_key`].
    pub fn rotate_key(
        &mut self,
        old: &KeyHash,
        version: i64,
        key: &VirtualKey,
        grace_until: Option<UnixMs>,
        scope: &Scope,
    ) -> &mut Self {
        let (key, scope) = (key.clone(), scope.clone());
        self.steps.push(Box::new(Rotate { old: *old, version, key, grace_until, scope }));
        self
    }

    /// A record goes with what is its, as by [`Store::delete`].
    pub fn delete<R: Record>(&mut self, id: &R::Id, scope: &Scope) -> &mut Self {
        self.steps.push(Box::new(Delete { sheet: R::sheet(), id: id.to_text(), scope: scope.clone() }));
        self
    }
}

impl Store {
    /// Does all that a batch holds, or nothing.
    ///
    /// # Errors
    /// Those of the first write that fails, as the single calls say.
    pub async fn apply(&self, batch: &Batch, by: &By) -> Result<()> {
        // A write of one record has what a call of its own would have.
        let calls = u32::try_from(batch.steps.len()).unwrap_or(u32::MAX).clamp(1, 10);
        transaction!(self, self.db().patience().saturating_mul(calls), by, |db, journal| {
            for step in &batch.steps {
                step.run(db, by, journal).await?;
            }
            Ok(())
        })
    }
}

struct Create {
    sheet: &'static Sheet,
    rows: Vec<Row>,
}

impl Step for Create {
    fn run<'a>(&'a self, db: &'a DatabaseTransaction, _: &'a By, journal: &'a mut Journal<'_>) -> Done<'a> {
        Box::pin(write::insert(db, self.sheet, &self.rows, journal))
    }
}

struct Update<R> {
    record: R,
    version: i64,
    scope: Scope,
}

impl<R: Record> Step for Update<R> {
    fn run<'a>(&'a self, db: &'a DatabaseTransaction, by: &'a By, journal: &'a mut Journal<'_>) -> Done<'a> {
        Box::pin(async move {
            write::replace_whole(db, &self.record, self.version, &self.scope, by, journal).await.map(|_| ())
        })
    }
}

struct SetSpend {
    sheet: &'static Sheet,
    id: String,
    spend: Usd,
    scope: Scope,
}

impl Step for SetSpend {
    fn run<'a>(&'a self, db: &'a DatabaseTransaction, _: &'a By, journal: &'a mut Journal<'_>) -> Done<'a> {
        Box::pin(async move {
            let Self { sheet, id, spend, scope } = self;
            write::reset_spend(db, sheet, id, *spend, scope, journal).await.map(|_| ())
        })
    }
}

struct Rotate {
    old: KeyHash,
    version: i64,
    key: VirtualKey,
    grace_until: Option<UnixMs>,
    scope: Scope,
}

impl Step for Rotate {
    fn run<'a>(&'a self, db: &'a DatabaseTransaction, by: &'a By, journal: &'a mut Journal<'_>) -> Done<'a> {
        Box::pin(async move {
            let Self { old, version, key, grace_until, scope } = self;
            let mut whole = |value: &mut VirtualKey| *value = key.clone();
            keys::rotate(db, old, Some(*version), *grace_until, scope, by, journal, &mut whole)
                .await
                .map(|_| ())
        })
    }
}

struct Delete {
    sheet: &'static Sheet,
    id: String,
    scope: Scope,
}

impl Step for Delete {
    fn run<'a>(&'a self, db: &'a DatabaseTransaction, by: &'a By, journal: &'a mut Journal<'_>) -> Done<'a> {
        Box::pin(async move {
            let row = write::lock(db, self.sheet, &self.id, &self.scope).await?;
            delete::bury(db, self.sheet, vec![row], by, journal).await
        })
    }
}
