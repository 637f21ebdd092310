//! What differs between databases in a table's making.

/// The database that statements are for. MariaDB and MySQL name their collations differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

impl Dialect {
    /// The collation under which texts are equal only when their bytes are: no folding of case, and trailing
    /// spaces count. SQLite and PostgreSQL compare so without being told.
    pub(crate) const fn collation(self) -> Option<&'static str> {
        match self {
            Self::Sqlite | Self::Postgres => None,
            Self::MySql => Some("utf8mb4_0900_bin"),
            Self::MariaDb => Some("utf8mb4_nopad_bin"),
        }
    }

    /// Whether an index is part of its table's statement. MySQL cannot make one "if it does not exist"; the others
    /// can, and take plain ones only by themselves.
    pub(crate) const fn indexes_inline(self) -> bool {
        matches!(self, Self::MySql | Self::MariaDb)
    }
}
