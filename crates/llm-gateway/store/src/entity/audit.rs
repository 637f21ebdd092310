//! The audit log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub(crate) struct Model {
    /// Sorts by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) at_ms: i64,
    pub(crate) action: String,
    pub(crate) kind: String,
    pub(crate) record_id: String,
    pub(crate) changed_by: Option<String>,
    pub(crate) changed_by_key: Option<String>,
    /// The whole record.
    pub(crate) body: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
