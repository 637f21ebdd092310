//! What every change leaves behind, in its own transaction: a row for other replicas, and one for the audit.

mod difference;
pub(crate) mod mask;

use std::collections::BTreeMap;

use llm_tenancy::{Actor, AuditAction, AuditId, AuditRecord, Kind};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, Func, Query};
use sea_orm::{ActiveValue, ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait as _};
use serde_json::Value as Json;
use uuid::Builder;

use crate::entity::{audit, change};
use crate::error::{Result, StoreError};
use crate::nul;

/// The channel on which PostgreSQL tells of changes.
pub(crate) const CHANNEL: &str = "llm_gateway_changes";
/// Of more records than this of one kind, a single row says that any may have changed.
const MANY: usize = 500;
/// Rows of one statement.
pub(crate) const ROWS: usize = 500;

/// Who changes something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// When.
    pub now: UnixMs,
}

impl By {
    /// Nobody but the gateway itself.
    pub fn gateway(now: UnixMs) -> Self {
        Self { actor: Actor::default(), now }
    }

    /// The name that stamps have.
    pub(crate) fn name(&self) -> Option<&str> {
        self.actor.user_id.as_ref().map(AsRef::as_ref)
    }
}

/// The journal of one transaction.
pub(crate) struct Journal<'a> {
    db: &'a DatabaseTransaction,
    by: &'a By,
    changed: BTreeMap<Kind, Vec<String>>,
    audit: Vec<audit::ActiveModel>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(db: &'a DatabaseTransaction, by: &'a By) -> Self {
        Self { db, by, changed: BTreeMap::new(), audit: Vec::new() }
    }

    /// A record was made.
    pub(crate) async fn created(&mut self, kind: Kind, id: &str, body: &Json) -> Result<()> {
        self.note(AuditAction::Created, kind, id, None, Some(body)).await
    }

    /// A record was deleted.
    pub(crate) async fn deleted(&mut self, kind: Kind, id: &str, body: &Json) -> Result<()> {
        self.note(AuditAction::Deleted, kind, id, Some(body), None).await
    }

    /// A record was changed, blocked or let in again.
    pub(crate) async fn updated(&mut self, kind: Kind, id: &str, before: &Json, after: &Json) -> Result<()> {
        let (before, after) = difference::of(before, after);
        self.note(difference::action(&before, &after), kind, id, Some(&before), Some(&after)).await
    }

    /// A key has got another text, and so another id.
    pub(crate) async fn rotated(&mut self, old: &str, new: &str, before: &Json, after: &Json) -> Result<()> {
        let (before, after) = difference::of(before, after);
        self.tell(Kind::Key, new);
        self.note(AuditAction::Rotated, Kind::Key, old, Some(&before), Some(&after)).await
    }

    /// Tells other replicas, and not the audit.
    pub(crate) fn tell(&mut self, kind: Kind, id: &str) {
        self.changed.entry(kind).or_default().push(id.to_owned());
    }

    async fn note(
        &mut self,
        action: AuditAction,
        kind: Kind,
        id: &str,
        before: Option<&Json>,
        after: Option<&Json>,
    ) -> Result<()> {
        self.tell(kind, id);
        let record = AuditRecord {
            id: AuditId::new(self.id()?),
            at: self.by.now,
            actor: self.by.actor.clone(),
            action,
            kind,
            object_id: id.to_owned(),
            before: before.and_then(mask::document),
            after: after.and_then(mask::document),
        };
        let body = serde_json::to_value(&record);
        let body =
            body.map_err(|error| StoreError::Invalid(format!("the audit cannot be written: {error}")))?;
        // Whoever comes under a strange name is written down all the same.
        let body = if nul::is_in(&body) { nul::replaced(body) } else { body };
        self.audit.push(audit::ActiveModel {
            id: ActiveValue::Set(record.id.into_string()),
            at_ms: ActiveValue::Set(self.by.now.0),
            action: ActiveValue::Set(action.label().to_owned()),
            kind: ActiveValue::Set(kind.label().to_owned()),
            record_id: ActiveValue::Set(id.to_owned()),
            changed_by: ActiveValue::Set(self.by.name().map(short)),
            changed_by_key: ActiveValue::Set(self.by.actor.key.map(|key| key.to_string())),
            body: ActiveValue::Set(body),
        });
        if self.audit.len() >= ROWS { self.write_audit().await } else { Ok(()) }
    }

    /// An id that sorts by time: a UUID of version 7.
    fn id(&self) -> Result<String> {
        let mut random = [0; 10];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| StoreError::Away("the system has no random bytes".to_owned()))?;
        let at = u64::try_from(self.by.now.0).unwrap_or_default();
        Ok(Builder::from_unix_timestamp_millis(at, &random).into_uuid().to_string())
    }

    async fn write_audit(&mut self) -> Result<()> {
        if !self.audit.is_empty() {
            let rows = std::mem::take(&mut self.audit);
            audit::Entity::insert_many(rows).exec_without_returning(self.db).await?;
        }
        Ok(())
    }

    /// Writes what is not written yet; true if anything changed.
    pub(crate) async fn close(mut self) -> Result<bool> {
        self.write_audit().await?;
        let at = self.by.now.0;
        let row = |kind: Kind, id: Option<String>| change::ActiveModel {
            seq: ActiveValue::NotSet,
            kind: ActiveValue::Set(kind.label().to_owned()),
            record_id: ActiveValue::Set(id),
            at_ms: ActiveValue::Set(at),
        };
        let mut rows = Vec::new();
        for (kind, ids) in self.changed {
            if ids.len() > MANY {
                rows.push(row(kind, None));
            } else {
                rows.extend(ids.into_iter().map(|id| row(kind, Some(id))));
            }
        }
        if rows.is_empty() {
            return Ok(false);
        }
        change::Entity::insert_many(rows).exec_without_returning(self.db).await?;
        if self.db.get_database_backend() == DbBackend::Postgres {
            // Sent with the commit.
            let notify = Func::cust(Alias::new("pg_notify")).arg(CHANNEL).arg("");
            self.db.query_one(Query::select().expr(notify)).await?;
        }
        Ok(true)
    }
}

/// As much of a name as the column holds; the whole is in the body.
pub(crate) fn short(name: &str) -> String {
    name.chars().filter(|character| *character != '\0').take(255).collect()
}
