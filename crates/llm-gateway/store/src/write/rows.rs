//! Statements over rows of whichever kind.

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LockType, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, Value};

use super::check_references;
use crate::Scope;
use crate::error::{Result, StoreError, is_unique};
use crate::journal::{Journal, ROWS};
use crate::ledger::resets;
use crate::record::{COMMON, Row, SPEND, Sheet, VERSION};
use crate::scope::{own, within};

/// Writes new rows, with their journal.
pub(crate) async fn insert(
    db: &DatabaseTransaction,
    sheet: &Sheet,
    rows: &[Row],
    journal: &mut Journal<'_>,
) -> Result<()> {
    check_references(db, sheet, rows, None).await?;
    for rows in rows.chunks(ROWS) {
        let mut insert = Query::insert();
        insert.into_table(Alias::new(sheet.table));
        insert.columns(COMMON.iter().chain(sheet.columns).copied().map(Alias::new));
        for row in rows {
            let values = common(row).into_iter().chain(row.columns.iter().cloned()).map(Expr::from);
            insert.values(values).map_err(|error| StoreError::Invalid(error.to_string()))?;
        }
        db.execute(&insert).await.map_err(|error| taken(sheet, error))?;
        resets::note(db, sheet, rows).await?;
        for row in rows {
            journal.created(sheet.kind, &row.id, &row.body).await?;
        }
    }
    Ok(())
}

/// Puts a row in the place of another one, whose version must still be there. What was spent stays.
pub(crate) async fn replace(db: &DatabaseTransaction, sheet: &Sheet, old: &Row, new: &Row) -> Result<()> {
    let mut update = Query::update();
    update.table(Alias::new(sheet.table));
    for (column, value) in COMMON.iter().zip(common(new)).filter(|(column, _)| **column != SPEND) {
        update.value(Alias::new(*column), value);
    }
    for (column, value) in sheet.columns.iter().zip(&new.columns) {
        update.value(Alias::new(*column), value.clone());
    }
    update
        .and_where(Expr::col(Alias::new("id")).eq(old.id.as_str()))
        .and_where(Expr::col(Alias::new(VERSION)).eq(old.version));
    let done = db.execute(&update).await.map_err(|error| taken(sheet, error))?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Changed(sheet.kind));
    }
    resets::note(db, sheet, std::slice::from_ref(new)).await
}

/// Writes what a row has spent, and its version.
pub(super) async fn set_spend(db: &DatabaseTransaction, sheet: &Sheet, row: &Row) -> Result<()> {
    let mut update = Query::update();
    update
        .table(Alias::new(sheet.table))
        .value(Alias::new(SPEND), row.spend_nanos)
        .value(Alias::new(VERSION), row.version)
        .value(Alias::new("body"), row.body.clone())
        .and_where(Expr::col(Alias::new("id")).eq(row.id.as_str()));
    db.execute(&update).await?;
    Ok(())
}

/// Reads a row that the scope may change, and that nobody else changes until the transaction ends.
pub(crate) async fn lock(db: &DatabaseTransaction, sheet: &Sheet, id: &str, scope: &Scope) -> Result<Row> {
    if id.contains('\0') {
        // PostgreSQL takes none, and no id has one.
        return Err(StoreError::NotFound(sheet.kind));
    }
    let mut select = Row::select(sheet);
    select.and_where(Expr::col(Alias::new("id")).eq(id));
    if let Some(within) = within(sheet, &own(scope)) {
        select.cond_where(within);
    }
    let row = db.query_one(select.lock(LockType::Update)).await?;
    row.as_ref().map(Row::read).transpose()?.ok_or(StoreError::NotFound(sheet.kind))
}

/// Reads the next rows of a column's value, and keeps them.
pub(crate) async fn lock_all(
    db: &DatabaseTransaction,
    sheet: &Sheet,
    column: &str,
    value: &str,
) -> Result<Vec<Row>> {
    let mut select: SelectStatement = Row::select(sheet);
    select
        .and_where(Expr::col(Alias::new(column)).eq(value))
        .order_by(Alias::new("id"), Order::Asc)
        .limit(ROWS as u64)
        .lock(LockType::Update);
    db.query_all(&select).await?.iter().map(Row::read).collect()
}

/// The values of the common columns, in their order.
fn common(row: &Row) -> [Value; 6] {
    [
        row.id.as_str().into(),
        row.version.into(),
        row.spend_nanos.into(),
        row.created_ms.into(),
        row.updated_ms.into(),
        row.body.clone().into(),
    ]
}

/// Names the value that belongs to another: databases name the index or the columns.
fn taken(sheet: &Sheet, error: DbErr) -> StoreError {
    let Some(message) = is_unique(&error) else { return error.into() };
    let named = |column: &str| {
        let first = column.split("_and_").next().unwrap_or(column);
        message.contains(&format!("{}_by_{column}", sheet.table))
            || message.contains(&format!("{}.{first}", sheet.table))
    };
    let what = sheet.unique.iter().find(|(column, _)| named(column)).map_or("id", |(_, what)| *what);
    StoreError::Taken { kind: sheet.kind, what }
}
