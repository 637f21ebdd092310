//! What must hold of every step, without a database.

use std::collections::{HashMap, HashSet};

use sea_query::{ColumnType, StringLen};

use crate::{ALL, Dialect, Statement};

const DIALECTS: [Dialect; 4] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb];

#[test]
fn names_are_in_order_and_differ() {
    assert!(ALL.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn what_is_made_is_unmade() {
    for migration in ALL {
        for dialect in DIALECTS {
            let made: HashSet<_> = (migration.up)(dialect).iter().filter_map(created).collect();
            let unmade: HashSet<_> = (migration.down)().iter().filter_map(dropped).collect();
            assert!(!made.is_empty());
            assert_eq!(made, unmade, "{} on {dialect:?}", migration.name);
        }
    }
}

#[test]
fn names_of_indexes_differ_and_fit() {
    // PostgreSQL cuts names at 63 bytes; SQLite and it have one space of names for all tables.
    let mut names = HashSet::new();
    for statement in ALL.iter().flat_map(|migration| (migration.up)(Dialect::Postgres)) {
        if let Statement::CreateIndex(index) = statement {
            let name = index.get_index_spec().get_name().expect("a name").to_owned();
            assert!(name.len() <= 63, "{name}");
            assert!(names.insert(name.clone()), "{name} twice");
        }
    }
    assert!(names.len() > 20);
}

/// MySQL refuses longer ones, and MariaDB makes something else of them.
#[test]
fn indexes_fit_into_innodb() {
    const MOST: u32 = 3_072;
    let mut indexes = 0;
    for statement in ALL.iter().flat_map(|migration| (migration.up)(Dialect::MySql)) {
        let Statement::CreateTable(table) = statement else { continue };
        let bytes: HashMap<_, _> = table
            .get_columns()
            .iter()
            .map(|column| {
                let bytes = match column.get_column_type() {
                    Some(ColumnType::String(StringLen::N(length))) => 4 * length,
                    Some(ColumnType::Binary(length)) => *length,
                    _ => 8,
                };
                (column.get_column_name(), bytes)
            })
            .collect();
        for index in table.get_indexes() {
            let spec = index.get_index_spec();
            let width: u32 = spec.get_column_names().iter().map(|name| bytes[name.as_str()]).sum();
            assert!(width <= MOST, "{:?} has {width} bytes", spec.get_name());
            indexes += 1;
        }
    }
    assert!(indexes > 20);
}

fn created(statement: &Statement) -> Option<String> {
    match statement {
        Statement::CreateTable(table) => table.get_table_name().map(|name| format!("{name:?}")),
        Statement::CreateView(name, _) => Some((*name).to_owned()),
        Statement::CreatePart(_) | Statement::CreateIndex(_) => None,
        Statement::DropTable(_) | Statement::DropView(..) => None,
    }
}

fn dropped(statement: &Statement) -> Option<String> {
    match statement {
        Statement::DropTable(table) => {
            // The statement keeps its tables to itself; its debug form holds the same reference.
            let text = format!("{table:?}");
            let (_, after) = text.split_once("tables: [")?;
            let (inside, _) = after.split_once("], options")?;
            Some(inside.to_owned())
        }
        Statement::DropView(name, _) => Some((*name).to_owned()),
        Statement::CreateTable(_) | Statement::CreatePart(_) => None,
        Statement::CreateIndex(_) | Statement::CreateView(..) => None,
    }
}

/// What MariaDB takes and MySQL 8 does not: values that columns begin with where they are of any length, indexes over some
/// rows, and those that are made unless they are there.
#[test]
fn mysql_takes_every_statement() {
    for statement in ALL.iter().flat_map(|migration| (migration.up)(Dialect::MySql)) {
        if let Statement::CreateView(_, text) = &statement {
            // Joined tables alone, each column by its table's name: nothing in it is a word of MySQL's own.
            let (_, select) = text.split_once(" AS SELECT ").expect("a view");
            let (columns, tables) = select.split_once(" FROM ").expect("tables");
            assert!(columns.split(", ").all(|column| column.contains('.')), "{text}");
            assert!(!tables.contains('(') && !text.contains('"'), "{text}");
            continue;
        }
        let Statement::CreateTable(table) = statement else { panic!("not for MySQL: {statement:?}") };
        let text = table.to_string(sea_query::MysqlQueryBuilder);
        let (columns, rest) = text.rsplit_once(") DEFAULT CHARSET").expect("an end");
        assert_eq!(rest, "=utf8mb4 COLLATE=utf8mb4_0900_bin");
        for word in [" DEFAULT ", " WHERE ", " RETURNING ", " uuid", "PARTITION"] {
            assert!(!columns.contains(word), "{word}: {text}");
        }
        let unindexable = |column: &str| {
            ["json", "longtext", "text"].iter().any(|kind| text.contains(&format!("`{column}` {kind} ")))
        };
        for index in table.get_indexes() {
            let columns = index.get_index_spec().get_column_names();
            assert!(!columns.iter().any(|column| unindexable(column)), "{text}");
        }
    }
}
