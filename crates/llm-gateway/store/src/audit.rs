//! What was changed, and by whom.

use llm_tenancy::{AuditAction, AuditRecord, KeyHash, Kind, UserId};
use llm_types::UnixMs;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use sea_orm::{QueryOrder as _, QuerySelect as _, Select};

use crate::Store;
use crate::entity::audit;
use crate::error::{Result, StoreError};

/// Which records of the audit are listed: those of which all that is said holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// Of records of this kind.
    pub kind: Option<Kind>,
    /// Of this action.
    pub action: Option<AuditAction>,
    /// Of the record of this id.
    pub object_id: Option<String>,
    /// By this user.
    pub changed_by: Option<UserId>,
    /// With this key.
    pub changed_by_key: Option<KeyHash>,
    /// From then on.
    pub since: Option<UnixMs>,
    /// Before then.
    pub before: Option<UnixMs>,
    /// The oldest first.
    pub ascending: bool,
    /// How many to leave out.
    pub skip: u64,
    /// How many at most, up to 1,000; 0 is 100.
    pub most: u64,
}

impl Store {
    /// Records of the audit, the last first, and how many there are in all.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_audit(&self, query: &AuditQuery) -> Result<(Vec<AuditRecord>, u64)> {
        let select = query.select();
        let count = select.clone();
        let most = if query.most == 0 { 100 } else { query.most.min(1_000) };
        let page = if query.ascending {
            select.order_by_asc(audit::Column::AtMs).order_by_asc(audit::Column::Id)
        } else {
            select.order_by_desc(audit::Column::AtMs).order_by_desc(audit::Column::Id)
        };
        let page = page.offset(query.skip).limit(most);
        let (rows, total) = self
            .db()
            .read(async {
                let rows = page.all(self.db().reader()).await?;
                Ok((rows, count.count(self.db().reader()).await?))
            })
            .await?;
        Ok((rows.into_iter().map(record).collect::<Result<_>>()?, total))
    }

    /// A record of the audit.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_audit(&self, id: &str) -> Result<Option<AuditRecord>> {
        let select = audit::Entity::find_by_id(id.replace('\0', ""));
        let row = self.db().read(async { Ok(select.one(self.db().reader()).await?) }).await?;
        row.map(record).transpose()
    }
}

impl AuditQuery {
    fn select(&self) -> Select<audit::Entity> {
        let mut select = audit::Entity::find();
        if let Some(kind) = self.kind {
            select = select.filter(audit::Column::Kind.eq(kind.label()));
        }
        if let Some(action) = self.action {
            select = select.filter(audit::Column::Action.eq(action.label()));
        }
        if let Some(id) = &self.object_id {
            select = select.filter(audit::Column::RecordId.eq(id.replace('\0', "")));
        }
        if let Some(user) = &self.changed_by {
            select = select.filter(audit::Column::ChangedBy.eq(user.as_str().replace('\0', "")));
        }
        if let Some(key) = &self.changed_by_key {
            select = select.filter(audit::Column::ChangedByKey.eq(key.to_string()));
        }
        if let Some(since) = self.since {
            select = select.filter(audit::Column::AtMs.gte(since.0));
        }
        if let Some(before) = self.before {
            select = select.filter(audit::Column::AtMs.lt(before.0));
        }
        select
    }
}

fn record(row: audit::Model) -> Result<AuditRecord> {
    serde_json::from_value(row.body)
        .map_err(|error| StoreError::Unreadable(format!("the audit {:?} cannot be read: {error}", row.id)))
}
