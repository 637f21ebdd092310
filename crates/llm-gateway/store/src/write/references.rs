//! What records refer to is there, and stays until they are written.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LockType, Order, Query};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, Value};

use crate::error::{Result, StoreError};
use crate::journal::ROWS;
use crate::record::{Row, Sheet};

/// Looks for all that rows refer to, or for what they have come to refer to, and keeps it from being deleted until the
/// transaction ends. Always in the same order, so that two transactions do not wait for each other.
pub(crate) async fn check(
    db: &DatabaseTransaction,
    sheet: &Sheet,
    rows: &[Row],
    former: Option<&[Value]>,
) -> Result<()> {
    for (column, target) in sheet.refers {
        let Some(at) = sheet.columns.iter().position(|name| name == column) else { continue };
        let known = former.and_then(|columns| columns.get(at));
        let named = rows.iter().filter_map(|row| row.columns.get(at)).filter(|value| Some(*value) != known);
        let ids: BTreeSet<&String> = named
            .filter_map(|value| match value {
                Value::String(Some(id)) => Some(id),
                _ => None,
            })
            .collect();
        let ids: Vec<_> = ids.into_iter().collect();
        for ids in ids.chunks(ROWS) {
            let mut select = Query::select();
            select
                .column(Alias::new("id"))
                .from(Alias::new(target.table))
                .and_where(Expr::col(Alias::new("id")).is_in(ids.iter().map(|id| id.as_str())))
                .order_by(Alias::new("id"), Order::Asc)
                .lock(LockType::Update);
            if db.query_all(&select).await?.len() < ids.len() {
                return Err(StoreError::Missing(target.kind));
            }
        }
    }
    Ok(())
}
