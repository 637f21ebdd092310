//! What is said of a kind's table.

use llm_tenancy::Kind;

use crate::Field;
use crate::scope::Whose;

/// A kind's table, its columns beside the common ones, and what holds between it and others.
#[derive(Debug)]
pub struct Sheet {
    pub(crate) kind: Kind,
    pub(crate) table: &'static str,
    /// In the order of [`Kept::columns`](super::kept::Kept::columns).
    pub(crate) columns: &'static [&'static str],
    /// Columns that only one record may have a value in, with what to call it.
    pub(crate) unique: &'static [(&'static str, &'static str)],
    /// Columns that name a record of another kind, which must be there.
    pub(crate) refers: &'static [(&'static str, &'static Sheet)],
    /// What may be filtered and sorted by, and in which column it is.
    pub(crate) fields: &'static [(Field, &'static str)],
    /// Whether records of this kind spend.
    pub(crate) spends: bool,
    /// Whose its records are.
    pub(crate) whose: Whose,
    /// Where its records are members of organisations.
    pub(crate) members: Option<&'static str>,
}

impl Sheet {
    /// Whether its records are known by two ids, each of which has a column.
    pub(crate) const fn is_of_pairs(&self) -> bool {
        matches!(self.kind, Kind::TeamMember | Kind::OrganizationMember)
    }

    /// The column of a field.
    pub(crate) fn column(&self, field: Field) -> Option<&'static str> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, column)| *column)
    }
}
