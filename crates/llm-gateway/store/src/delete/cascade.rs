//! What goes with a record, and what keeps it.

use llm_tenancy::Kind;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ActiveValue, ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _,
};

use crate::entity::{deleted, grace};
use crate::error::{Result, StoreError};
use crate::groups;
use crate::journal::{By, Journal, ROWS, mask};
use crate::record::{
    CREDENTIALS, END_USERS, KEYS, MODELS, ORGANIZATION_MEMBERS, ORGANIZATIONS, PROJECTS, Row, Sheet, TAGS,
    TEAM_MEMBERS, TEAMS, USERS,
};
use crate::write::lock_all;

/// Tables whose rows go with a record: those that have its id in a column.
fn theirs(kind: Kind) -> &'static [(&'static Sheet, &'static str)] {
    match kind {
        Kind::Organization => {
            const {
                &[
                    (&TEAMS, "organization_id"),
                    (&KEYS, "organization_id"),
                    (&ORGANIZATION_MEMBERS, "organization_id"),
                    (&MODELS, "organization_id"),
                    (&CREDENTIALS, "organization_id"),
                ]
            }
        }
        Kind::Team => {
            const {
                &[
                    (&KEYS, "team_id"),
                    (&TEAM_MEMBERS, "team_id"),
                    (&PROJECTS, "team_id"),
                    (&MODELS, "team_id"),
                    (&CREDENTIALS, "team_id"),
                ]
            }
        }
        Kind::User => {
            const { &[(&KEYS, "user_id"), (&TEAM_MEMBERS, "user_id"), (&ORGANIZATION_MEMBERS, "user_id")] }
        }
        _ => &[],
    }
}

/// Tables whose rows keep a record from going: bounds that vanish would let others spend without any.
fn keepers(kind: Kind) -> &'static [(&'static Sheet, &'static str)] {
    match kind {
        Kind::Budget => {
            const {
                &[
                    (&KEYS, "budget_id"),
                    (&TEAMS, "budget_id"),
                    (&TEAM_MEMBERS, "budget_id"),
                    (&USERS, "budget_id"),
                    (&ORGANIZATIONS, "budget_id"),
                    (&ORGANIZATION_MEMBERS, "budget_id"),
                    (&PROJECTS, "budget_id"),
                    (&END_USERS, "budget_id"),
                    (&TAGS, "budget_id"),
                ]
            }
        }
        Kind::Project => const { &[(&KEYS, "project_id")] },
        _ => &[],
    }
}

/// Deletes rows that are locked, and what is theirs, that first.
pub(crate) async fn bury(
    db: &DatabaseTransaction,
    sheet: &'static Sheet,
    rows: Vec<Row>,
    by: &By,
    journal: &mut Journal<'_>,
) -> Result<()> {
    for row in &rows {
        for (other, column) in theirs(sheet.kind) {
            loop {
                let theirs = lock_all(db, other, column, &row.id).await?;
                if theirs.is_empty() {
                    break;
                }
                // Teams have others' in turn.
                Box::pin(bury(db, other, theirs, by, journal)).await?;
            }
        }
        for (other, column) in keepers(sheet.kind) {
            let count = count(db, other, column, &row.id).await?;
            if count > 0 {
                return Err(StoreError::InUse { kind: sheet.kind, count, by: other.kind });
            }
        }
    }
    let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    groups::forget(db, sheet.kind, &ids, by, journal).await?;
    for rows in rows.chunks(ROWS) {
        remove(db, sheet, rows, by).await?;
        for row in rows {
            journal.deleted(sheet.kind, &row.id, &row.body).await?;
        }
    }
    Ok(())
}

/// Puts rows aside and takes them out of their table.
async fn remove(db: &DatabaseTransaction, sheet: &Sheet, rows: &[Row], by: &By) -> Result<()> {
    let aside = rows.iter().map(|row| deleted::ActiveModel {
        seq: ActiveValue::NotSet,
        kind: ActiveValue::Set(sheet.kind.label().to_owned()),
        record_id: ActiveValue::Set(row.id.clone()),
        deleted_ms: ActiveValue::Set(by.now.0),
        deleted_by: ActiveValue::Set(by.name().map(|name| name.chars().take(255).collect())),
        spend_nanos: ActiveValue::Set(row.spend_nanos),
        created_ms: ActiveValue::Set(row.created_ms),
        updated_ms: ActiveValue::Set(row.updated_ms),
        alias: ActiveValue::Set(member(row, "key_alias")),
        user_id: ActiveValue::Set(member(row, "user_id")),
        team_id: ActiveValue::Set(member(row, "team_id")),
        organization_id: ActiveValue::Set(member(row, "organization_id")),
        body: ActiveValue::Set(mask::without_sealed(row.body.clone())),
    });
    deleted::Entity::insert_many(aside).exec_without_returning(db).await?;
    let ids = || rows.iter().map(|row| row.id.as_str());
    if sheet.kind == Kind::Key {
        grace::Entity::delete_many().filter(grace::Column::KeyId.is_in(ids())).exec(db).await?;
    }
    let mut delete = Query::delete();
    delete.from_table(Alias::new(sheet.table)).and_where(Expr::col(Alias::new("id")).is_in(ids()));
    db.execute(&delete).await?;
    Ok(())
}

/// What deleted records are looked for by.
fn member(row: &Row, name: &str) -> Option<String> {
    row.body.get(name)?.as_str().map(str::to_owned)
}

async fn count(db: &DatabaseTransaction, sheet: &Sheet, column: &str, id: &str) -> Result<u64> {
    let mut select = Query::select();
    select
        .expr(Func::count(Expr::col(Alias::new("id"))))
        .from(Alias::new(sheet.table))
        .and_where(Expr::col(Alias::new(column)).eq(id));
    let row = db.query_one(&select).await?;
    let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}
