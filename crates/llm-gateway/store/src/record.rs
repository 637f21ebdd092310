//! How records of the domain lie in tables.

mod id;
mod kinds;
mod row;
mod sheet;

use llm_tenancy::Kind;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use id::RecordId;
pub(crate) use id::unpair;
pub(crate) use kinds::{
    ACCESS_GROUPS, BUDGETS, CREDENTIALS, END_USERS, KEYS, MODELS, ORGANIZATION_MEMBERS, ORGANIZATIONS,
    PROJECTS, SEAL, TAGS, TEAM_MEMBERS, TEAMS, USERS,
};
pub(crate) use row::{COMMON, OWNER, Row, SPEND, VERSION};
pub(crate) use sheet::Sheet;

/// A kind of record that the store keeps: those of `llm-tenancy`.
pub trait Record: kept::Kept + Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What it is known by.
    type Id: RecordId;
    /// Which kind.
    const KIND: Kind;
}

/// A record as it is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored<R> {
    /// The record; what it has spent and when it changed are those of the moment it was read.
    pub value: R,
    /// Which version of it: rises by one with each change. [`Store::update`](crate::Store::update) wants it back.
    pub version: i64,
}

pub(crate) mod kept {
    use llm_tenancy::{Deletion, Spending, Stamp};
    use sea_orm::Value;

    use super::Sheet;

    /// What the store must know of a record. Others cannot add kinds: each is a table.
    pub trait Kept {
        /// Its table.
        #[doc(hidden)]
        fn sheet() -> &'static Sheet;
        /// Its id, as the table has it.
        #[doc(hidden)]
        fn key(&self) -> String;
        /// What the sheet's columns hold of it.
        #[doc(hidden)]
        fn columns(&self) -> Vec<Value>;
        #[doc(hidden)]
        fn stamp(&mut self) -> &mut Stamp;
        /// What it has spent, if its kind spends.
        #[doc(hidden)]
        fn spending(&mut self) -> Option<&mut Spending>;
        /// Marks it as deleted, if its kind says so.
        #[doc(hidden)]
        fn bury(&mut self, _: Deletion) {}
    }
}
