//! How records go, with all that is theirs.

mod cascade;

use std::collections::BTreeSet;

use llm_tenancy::{Deletion, Kind, VirtualKey};
use llm_types::UnixMs;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use sea_orm::{PaginatorTrait as _, QuerySelect as _};

use crate::db::transaction;
use crate::entity::deleted;
use crate::error::{Result, StoreError};
use crate::journal::By;
use crate::list::Plan;
use crate::record::{Record, RecordId, Row, Sheet, Stored};
use crate::scope::Whose;
use crate::write::lock;
use crate::{Field, Query, Scope, Start, Store};

pub(crate) use cascade::bury;

impl Store {
    /// Deletes records and all that is theirs: all, or none. Gives those that were named, as they were, in the order of
    /// their ids.
    ///
    /// With an organisation go its teams, members, keys, models and credentials; with a team its members, keys,
    /// projects, models and credentials; with a user its keys and memberships. A budget or a project that others
    /// refer to stays. What goes is kept aside: [`Store::find_deleted`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) if one is not there or out of the scope's reach;
    /// [`StoreError::InUse`](crate::StoreError::InUse); else those of the database.
    pub async fn delete<R: Record>(&self, ids: &[R::Id], scope: &Scope, by: &By) -> Result<Vec<Stored<R>>> {
        let sheet = R::sheet();
        // In one order, so that two who delete the same do not wait for each other.
        let ids: BTreeSet<_> = ids.iter().map(RecordId::to_text).collect();
        // A team may have any number of keys.
        let patience = self.patience_for(ids.len()).saturating_mul(10);
        transaction!(self, patience, by, |db, journal| {
            let mut rows = Vec::with_capacity(ids.len());
            for id in &ids {
                rows.push(lock(db, sheet, id, scope).await?);
            }
            let gone = rows.clone().into_iter().map(Row::into_record).collect::<Result<_>>()?;
            bury(db, sheet, rows, by, journal).await?;
            Ok(gone)
        })
    }

    /// The record that last went under this id, as it was then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_deleted<R: Record>(&self, id: &R::Id) -> Result<Option<R>> {
        let select = deleted::Entity::find()
            .filter(deleted::Column::Kind.eq(R::KIND.label()))
            .filter(deleted::Column::RecordId.eq(id.to_text().replace('\0', "")))
            .order_by_desc(deleted::Column::Seq);
        let row = self.db().read(async { Ok(select.one(self.db().reader()).await?) }).await?;
        row.map(revive).transpose()
    }

    /// Records that went, the last first: so many, after leaving out so many. With how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_deleted<R: Record>(&self, skip: u64, most: u64) -> Result<(Vec<R>, u64)> {
        let select = deleted::Entity::find().filter(deleted::Column::Kind.eq(R::KIND.label()));
        let count = select.clone();
        let page = select.order_by_desc(deleted::Column::Seq).offset(skip).limit(most.min(1_000));
        let (rows, total) = self
            .db()
            .read(async {
                let rows = page.all(self.db().reader()).await?;
                Ok((rows, count.count(self.db().reader()).await?))
            })
            .await?;
        Ok((rows.into_iter().map(revive).collect::<Result<_>>()?, total))
    }
}

/// The table of deleted records, with what deleted keys are looked for by.
static DELETED_KEYS: Sheet = Sheet {
    kind: Kind::Key,
    table: "deleted_records",
    columns: &[],
    unique: &[],
    refers: &[],
    fields: &[
        (Field::Id, "record_id"),
        (Field::Alias, "alias"),
        (Field::User, "user_id"),
        (Field::Team, "team_id"),
        (Field::Organization, "organization_id"),
        (Field::Spend, "spend_nanos"),
        (Field::Created, "created_ms"),
        (Field::Updated, "updated_ms"),
    ],
    spends: false,
    whose: Whose {
        organization: Some("organization_id"),
        team: Some("team_id"),
        user: Some("user_id"),
        key: Some("record_id"),
        shared: false,
    },
    members: None,
};

impl Store {
    /// A page of the keys that went, within a scope, and how many there are on all pages. An organisation reaches those
    /// of its teams as long as the teams are there.
    ///
    /// # Errors
    /// As [`Store::list`]; pages are numbered here.
    pub async fn list_deleted_keys(&self, query: &Query, scope: &Scope) -> Result<(Vec<VirtualKey>, u64)> {
        let plan = Plan::of(&DELETED_KEYS, query, scope)?;
        let Start::Page(page) = query.from else {
            return Err(StoreError::Invalid("pages of deleted keys have numbers".to_owned()));
        };
        let select = deleted::Entity::find()
            .filter(deleted::Column::Kind.eq(Kind::Key.label()))
            .filter(plan.condition.clone());
        let count = select.clone();
        let page = select
            .order_by(plan.sorted.clone(), plan.direction())
            .order_by(deleted::Column::Seq, plan.direction())
            .offset(plan.skipped(page)?)
            .limit(query.size);
        let (rows, total) = self
            .db()
            .read(async {
                let rows = page.all(self.db().reader()).await?;
                Ok((rows, count.count(self.db().reader()).await?))
            })
            .await?;
        Ok((rows.into_iter().map(revive).collect::<Result<_>>()?, total))
    }
}

fn revive<R: Record>(row: deleted::Model) -> Result<R> {
    let deletion = Deletion { at: UnixMs(row.deleted_ms), by: row.deleted_by };
    let row = Row {
        id: row.record_id,
        version: 0,
        spend_nanos: row.spend_nanos,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
        columns: Vec::new(),
        body: row.body,
    };
    let mut record: R = row.into_record().map(|stored: Stored<R>| stored.value)?;
    record.bury(deletion);
    Ok(record)
}
