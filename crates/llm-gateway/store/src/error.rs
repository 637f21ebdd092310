//! What can go wrong, sorted by what the caller can do about it.

mod classify;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use llm_tenancy::Kind;

/// Why the store did not do what it was asked. No message holds a password, a key or a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached or does not answer in time. Whether a change was made is not known then.
    #[error("the database does not answer: {0}")]
    Away(String),
    /// Others held what this needs, again and again. Nothing was changed.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// An id, alias, address or name that only one may have belongs to another record.
    #[error("a {} with this {what} exists already", kind.label())]
    Taken {
        /// Of which kind.
        kind: Kind,
        /// `id`, `alias`, `email`, `name` and the like.
        what: &'static str,
    },
    /// The record has changed since the caller read it.
    #[error("the {} has been changed by somebody else in the meantime", .0.label())]
    Changed(Kind),
    /// The record cannot go while others refer to it.
    #[error("the {} is in use: {count} records of the kind {} refer to it", kind.label(), by.label())]
    InUse {
        /// What should go.
        kind: Kind,
        /// How many others.
        count: u64,
        /// Of which kind.
        by: Kind,
    },
    /// There is none, or none that the caller may see.
    #[error("there is no such {}", .0.label())]
    NotFound(Kind),
    /// The record refers to another that there is not.
    #[error("it refers to a {} that does not exist", .0.label())]
    Missing(Kind),
    /// The value cannot be kept as it is.
    #[error("{0}")]
    Invalid(String),
    /// The schema was made by a newer version of this program.
    #[error(
        "the database was made by a newer version: it has taken the step {step:?}, which this one does not know"
    )]
    Newer {
        /// The step.
        step: String,
    },
    /// The schema is older than this program, which was told not to change it.
    #[error("the database wants {pending} steps more, and this process was told not to take them")]
    Older {
        /// How many steps.
        pending: usize,
    },
    /// Another process has the SQLite database.
    #[error(
        "another process has the database: {} is locked. SQLite serves one process; use PostgreSQL or MySQL for several",
        path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// What is in the database cannot be read: sealed under a key that is not there, or not what this program writes.
    #[error("{0}")]
    Unreadable(String),
}

impl StoreError {
    /// Whether the database is to blame rather than the caller, so that trying later may help.
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy(_))
    }
}

/// What the store's functions give.
pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;

pub(crate) use classify::{away, is_unique};
