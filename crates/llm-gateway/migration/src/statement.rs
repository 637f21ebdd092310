//! What a step is made of.

use sea_query::{IndexCreateStatement, TableCreateStatement, TableDropStatement};

/// One statement, not yet in any database's words.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Statement {
    /// A table is made, unless it is there.
    CreateTable(Box<TableCreateStatement>),
    /// A part of a table is made, unless it is there. It goes with its table.
    CreatePart(Box<TableCreateStatement>),
    /// An index is made, unless it is there.
    CreateIndex(Box<IndexCreateStatement>),
    /// A table goes, if it is there.
    DropTable(TableDropStatement),
    /// A view is made, unless it is there: its name, and the whole statement.
    CreateView(&'static str, String),
    /// A view goes, if it is there: its name, and the whole statement.
    DropView(&'static str, String),
}
