//! Many rows in one statement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, InsertStatement, OnConflict, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, Statement, Value};

use crate::error::{Result, StoreError};

/// The most rows of a statement: by 25 columns well within the 32,766 values that SQLite takes. It keeps aside what each
/// statement changes, so that few large ones are less work than many small ones; but memory of more than half a megabyte is
/// the system's anew each time.
pub(super) const MOST: usize = 512;

/// The most bytes of texts in a statement of several rows: MySQL and MariaDB refuse 16 MiB.
const HEAVIEST: usize = 4 << 20;

/// Values of a row, or of rows one behind the other, in the order of the columns.
pub(super) type Values = Vec<Value>;

/// A table that rows are written to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) table: &'static str,
    /// What its rows are known by.
    pub(super) key: &'static [&'static str],
    /// Columns whose values are added to what is there.
    pub(super) raised: &'static [&'static str],
    /// Columns whose values take the place of what is there.
    pub(super) replaced: &'static [&'static str],
    /// Columns that only a new row gets.
    pub(super) fresh: &'static [&'static str],
}

/// What becomes of rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum There {
    /// There are none, or it is an error.
    Fails,
    /// They stay as they are.
    Stays,
    /// They are raised.
    IsRaised,
}

/// What a statement's text depends on: the database, the table, how many rows, and what becomes of those that are there.
type Form = (u8, &'static str, usize, There);

/// Texts of statements. They are long, and there are few of them: each is made once.
static TEXTS: RwLock<BTreeMap<Form, Arc<str>>> = RwLock::new(BTreeMap::new());

impl Target {
    fn columns(&self) -> Vec<&'static str> {
        [self.key, self.raised, self.replaced, self.fresh].concat()
    }

    /// Writes rows that are not there.
    pub(super) async fn insert(&self, db: &DatabaseTransaction, rows: Vec<Values>) -> Result<(), DbErr> {
        self.write(db, rows, There::Fails).await
    }

    /// Writes those rows that are not there.
    pub(super) async fn add(&self, db: &DatabaseTransaction, rows: Vec<Values>) -> Result<()> {
        Ok(self.write(db, rows, There::Stays).await?)
    }

    /// Writes rows, and raises those that are there. They are locked in their order, until the transaction ends.
    pub(super) async fn raise(&self, db: &DatabaseTransaction, rows: Vec<Values>) -> Result<()> {
        Ok(self.write(db, rows, There::IsRaised).await?)
    }

    async fn write(&self, db: &DatabaseTransaction, rows: Vec<Values>, there: There) -> Result<(), DbErr> {
        let mut values = Vec::with_capacity(rows.len() * self.width());
        rows.into_iter().for_each(|row| values.extend(row));
        self.write_all(db, values, there).await
    }

    /// Writes rows that are not there, whose values stand one behind the other.
    pub(super) async fn insert_all(&self, db: &DatabaseTransaction, values: Values) -> Result<(), DbErr> {
        self.write_all(db, values, There::Fails).await
    }

    async fn write_all(
        &self,
        db: &DatabaseTransaction,
        mut values: Values,
        there: There,
    ) -> Result<(), DbErr> {
        let (backend, width) = (db.get_database_backend(), self.width());
        while let Some(mut size) = portions(values.len() / width, MOST).next() {
            while size > 1 && bytes(&values[..size * width]) > HEAVIEST {
                size /= 2;
            }
            let text = self.text(backend, size, there)?;
            let rest = values.split_off(size * width);
            db.execute_raw(Statement::from_sql_and_values(backend, &*text, values)).await?;
            values = rest;
        }
        Ok(())
    }

    /// How many columns a row has.
    pub(super) const fn width(&self) -> usize {
        self.key.len() + self.raised.len() + self.replaced.len() + self.fresh.len()
    }

    /// The statement for so many rows, with places for their values in their order.
    fn text(&self, backend: DbBackend, rows: usize, there: There) -> Result<Arc<str>, DbErr> {
        let database = match backend {
            DbBackend::Sqlite => 0,
            DbBackend::Postgres => 1,
            _ => 2,
        };
        let form = (database, self.table, rows, there);
        if let Some(known) = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&form) {
            return Ok(known.clone());
        }
        let columns = self.columns();
        let mut insert: InsertStatement = Query::insert();
        insert.into_table(Alias::new(self.table)).columns(columns.iter().copied().map(Alias::new));
        for _ in 0..rows {
            let places = columns.iter().map(|_| Expr::val(0_i64));
            insert.values(places).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        match there {
            There::Fails => {}
            There::Stays => _ = insert.on_conflict(self.staying(backend)),
            There::IsRaised => _ = insert.on_conflict(self.raising(backend)),
        }
        let text: Arc<str> = backend.build(&insert).sql.into();
        TEXTS.write().unwrap_or_else(PoisonError::into_inner).insert(form, text.clone());
        Ok(text)
    }

    /// That rows that are there stay as they are.
    fn staying(&self, backend: DbBackend) -> OnConflict {
        let mut known = OnConflict::columns(self.key.iter().copied().map(Alias::new));
        if backend == DbBackend::MySql {
            // It knows no other way to do nothing that does not hide other errors.
            for column in self.key {
                known.value(Alias::new(*column), Expr::col((Alias::new(self.table), Alias::new(*column))));
            }
        } else {
            known.do_nothing();
        }
        known
    }

    /// How rows that are there are raised.
    fn raising(&self, backend: DbBackend) -> OnConflict {
        let mut known = OnConflict::columns(self.key.iter().copied().map(Alias::new));
        for column in self.raised {
            let there = Expr::col((Alias::new(self.table), Alias::new(*column)));
            known.value(Alias::new(*column), there.add(excluded(backend, column)));
        }
        known.update_columns(self.replaced.iter().copied().map(Alias::new));
        known
    }
}

/// How long texts are together.
fn bytes(values: &[Value]) -> usize {
    let length = |value: &Value| match value {
        Value::String(Some(text)) => text.len(),
        _ => 0,
    };
    values.iter().map(length).sum()
}

/// The value that a row would have had, had it not been there.
fn excluded(backend: DbBackend, column: &'static str) -> Expr {
    if backend == DbBackend::MySql {
        Func::cust(Alias::new("VALUES")).arg(Expr::col(Alias::new(column))).into()
    } else {
        Expr::col((Alias::new("excluded"), Alias::new(column)))
    }
}

/// A number as a sum of powers of two, up to `most`: so many rows at a time are few different statements, which the
/// database prepares once.
pub(super) fn portions(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let mut left = count;
    std::iter::from_fn(move || {
        let portion = most.min(1 << left.checked_ilog2()?);
        left -= portion;
        Some(portion)
    })
}

/// Slices of which each has a power of two of items.
pub(super) fn slices<T>(items: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    portions(items.len(), most).map(move |size| {
        let (portion, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        portion
    })
}

/// Texts that are asked for: what holds a NUL is nowhere.
pub(super) fn askable(texts: &[String]) -> BTreeSet<&str> {
    texts.iter().map(String::as_str).filter(|text| !text.contains('\0')).collect()
}

/// What the database was to give and did not.
pub(super) fn absent(what: &str) -> StoreError {
    StoreError::Unreadable(format!("the database holds something else than expected: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target {
        table: "counters",
        key: &["account"],
        raised: &["booked_nanos"],
        replaced: &["seen_ms"],
        fresh: &["begun_ms"],
    };

    /// MySQL 8 and MariaDB have one way in common: neither `RETURNING` nor an alias for the new row is both's.
    #[cfg(feature = "mysql")]
    #[test]
    fn mysql_and_mariadb_get_what_both_take() {
        assert_eq!(
            &*TARGET.text(DbBackend::MySql, 2, There::IsRaised).unwrap(),
            "INSERT INTO `counters` (`account`, `booked_nanos`, `seen_ms`, `begun_ms`) \
             VALUES (?, ?, ?, ?), (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE `booked_nanos` = `counters`.`booked_nanos` + VALUES(`booked_nanos`), \
             `seen_ms` = VALUES(`seen_ms`)"
        );
    }

    #[test]
    fn others_name_the_row_that_was_not_written() {
        let text = TARGET.text(DbBackend::Sqlite, 1, There::IsRaised).unwrap();
        assert!(text.contains(r#"ON CONFLICT ("account") DO UPDATE SET "booked_nanos" = "#), "{text}");
        assert!(text.contains(r#""excluded"."booked_nanos""#), "{text}");
    }

    #[test]
    fn portions_are_powers_of_two_and_make_up_the_whole() {
        for count in 0..2_000 {
            let portions: Vec<_> = portions(count, 256).collect();
            assert_eq!(portions.iter().sum::<usize>(), count);
            assert!(portions.iter().all(|portion| portion.is_power_of_two() && *portion <= 256));
            let items: Vec<_> = (0..count).collect();
            assert_eq!(slices(&items, 256).flatten().copied().collect::<Vec<_>>(), items);
        }
    }
}
