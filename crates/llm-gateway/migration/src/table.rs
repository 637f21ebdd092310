//! A short notation for tables.

use sea_query::{
    Alias, ColumnDef, ConditionalStatement as _, Expr, ExprTrait as _, Index, IndexCreateStatement, Table,
    TableCreateStatement,
};

use crate::{Dialect, Statement};

/// Characters of an id or a name. With four bytes each, three of them still fit into one index of InnoDB.
pub(crate) const NAME: u32 = 255;
/// Characters of an id that is made of two: both, and the length of the first.
pub(crate) const PAIR: u32 = 520;

/// Characters of a word and an id.
pub(crate) const OWNER: u32 = 270;

/// A column that holds something.
pub(crate) enum Column {
    /// Counts up by itself and is the primary key.
    Sequence(&'static str),
    /// The primary key, up to so many characters.
    Key(&'static str, u32),
    /// Up to so many characters.
    Text(&'static str, u32),
    /// Up to so many characters, or nothing.
    MaybeText(&'static str, u32),
    /// 64 bits.
    Whole(&'static str),
    /// 64 bits, or nothing.
    MaybeWhole(&'static str),
    /// Yes or no.
    Flag(&'static str),
    /// A JSON document.
    Document(&'static str),
    /// So many bytes.
    Bytes(&'static str, u32),
    /// A text of any length, which nothing is looked up by.
    Long(&'static str),
}

/// A table, and what it is known by when that is several columns.
pub(crate) struct Keyed {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// The primary key.
    pub(crate) key: &'static [&'static str],
    pub(crate) indexes: Vec<Over>,
    /// On PostgreSQL: the column by whose ranges it is kept in parts.
    pub(crate) parts: Option<&'static str>,
    /// On SQLite: whether rows are kept in the key's own order and nowhere else, for small rows that are mostly found
    /// by it. On MySQL they always are.
    pub(crate) by_key: bool,
}

/// An index over columns.
pub(crate) struct Over {
    pub(crate) columns: &'static [&'static str],
    pub(crate) unique: bool,
    /// Which rows are in it; all of them if that is not said. MySQL has all rows in every index.
    pub(crate) only: Option<Only>,
}

/// Rows of an index.
#[derive(Clone, Copy)]
pub(crate) enum Only {
    /// Those whose column is not this text.
    Not(&'static str, &'static str),
    /// Those whose column is 0.
    Zero(&'static str),
}

pub(crate) const fn over(columns: &'static [&'static str]) -> Over {
    Over { columns, unique: false, only: None }
}

pub(crate) const fn unique(columns: &'static [&'static str]) -> Over {
    Over { columns, unique: true, only: None }
}

/// An index over some rows. A statement is only helped by it if it says so itself, with the same words.
pub(crate) const fn partly(columns: &'static [&'static str], only: Only) -> Over {
    Over { columns, unique: false, only: Some(only) }
}

/// The statements that make a table and its indexes.
pub(crate) fn create(
    dialect: Dialect,
    name: &'static str,
    columns: impl IntoIterator<Item = Column>,
    indexes: &[Over],
) -> Vec<Statement> {
    finish(dialect, name, table(dialect, name, columns), indexes)
}

/// The statements that make a table with a key of several columns, its indexes, and where it is kept in parts, the part
/// for what has no other.
pub(crate) fn create_keyed(dialect: Dialect, keyed: Keyed) -> Vec<Statement> {
    let mut table = table(dialect, keyed.name, keyed.columns);
    let mut key = Index::create();
    for column in keyed.key {
        key.col(Alias::new(*column));
    }
    table.primary_key(&mut key);
    if keyed.by_key && dialect == Dialect::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    let parts = keyed.parts.filter(|_| dialect == Dialect::Postgres);
    if let Some(column) = parts {
        table.partition_by_range([Alias::new(column)]);
    }
    let mut made = finish(dialect, keyed.name, table, &keyed.indexes);
    if parts.is_some() {
        let mut rest = Table::create();
        rest.table(Alias::new(format!("{}_rest", keyed.name)))
            .if_not_exists()
            .partition_of(Alias::new(keyed.name))
            .extra("DEFAULT");
        made.push(Statement::CreatePart(Box::new(rest)));
    }
    made
}

fn table(
    dialect: Dialect,
    name: &'static str,
    columns: impl IntoIterator<Item = Column>,
) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name)).if_not_exists();
    for column in columns {
        table.col(definition(dialect, &column));
    }
    table
}

fn finish(
    dialect: Dialect,
    name: &'static str,
    mut table: TableCreateStatement,
    indexes: &[Over],
) -> Vec<Statement> {
    if let Some(collation) = dialect.collation() {
        table.character_set("utf8mb4").collate(collation);
    }
    let mut made: Vec<_> = indexes.iter().map(|over| index(dialect, name, over)).collect();
    if dialect.indexes_inline() {
        for index in &mut made {
            table.index(index);
        }
        return vec![Statement::CreateTable(Box::new(table))];
    }
    let made = made.into_iter().map(|mut index| {
        Statement::CreateIndex(Box::new(index.table(Alias::new(name)).if_not_exists().to_owned()))
    });
    [Statement::CreateTable(Box::new(table))].into_iter().chain(made).collect()
}

/// The statement that makes a view over a selection.
pub(crate) fn view(dialect: Dialect, name: &'static str, selection: &str) -> Statement {
    let create = match dialect {
        Dialect::Sqlite => "CREATE VIEW IF NOT EXISTS",
        Dialect::Postgres | Dialect::MySql | Dialect::MariaDb => "CREATE OR REPLACE VIEW",
    };
    Statement::CreateView(name, format!("{create} {name} AS {selection}"))
}

/// The statement that unmakes a view.
pub(crate) fn drop_view(name: &'static str) -> Statement {
    Statement::DropView(name, format!("DROP VIEW IF EXISTS {name}"))
}

/// The statement that unmakes a table.
pub(crate) fn drop(name: &'static str) -> Statement {
    Statement::DropTable(Table::drop().table(Alias::new(name)).if_exists().to_owned())
}

fn index(dialect: Dialect, table: &str, over: &Over) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_by_{}", over.columns.join("_and_")));
    for column in over.columns {
        index.col(Alias::new(*column));
    }
    if over.unique {
        index.unique();
    }
    match over.only.filter(|_| !dialect.indexes_inline()) {
        Some(Only::Not(column, text)) => _ = index.and_where(Expr::col(Alias::new(column)).ne(text)),
        Some(Only::Zero(column)) => _ = index.and_where(Expr::col(Alias::new(column)).eq(0)),
        None => {}
    }
    index
}

fn definition(dialect: Dialect, column: &Column) -> ColumnDef {
    let named = |name: &'static str| ColumnDef::new(Alias::new(name));
    match *column {
        Column::Sequence(name) => {
            named(name).big_integer().not_null().auto_increment().primary_key().to_owned()
        }
        Column::Key(name, length) => named(name).string_len(length).not_null().primary_key().to_owned(),
        Column::Text(name, length) => named(name).string_len(length).not_null().to_owned(),
        Column::MaybeText(name, length) => named(name).string_len(length).null().to_owned(),
        Column::Whole(name) => named(name).big_integer().not_null().to_owned(),
        Column::MaybeWhole(name) => named(name).big_integer().null().to_owned(),
        Column::Flag(name) => named(name).boolean().not_null().to_owned(),
        Column::Document(name) => named(name).json_binary().not_null().to_owned(),
        Column::Bytes(name, length) => named(name).binary_len(length).not_null().to_owned(),
        // MySQL's own text ends at 64 KiB.
        Column::Long(name) if dialect.indexes_inline() => {
            named(name).custom(Alias::new("longtext")).not_null().to_owned()
        }
        Column::Long(name) => named(name).text().not_null().to_owned(),
    }
}
