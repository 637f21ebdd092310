//! The schema's steps, each taken once, whoever comes first.

use llm_migration::{ALL, Dialect, Migration, Statement};
use llm_types::UnixMs;
use sea_orm::sea_query::{Alias, ColumnDef, Expr, ExprTrait as _, Func, Order, Query, Table};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, QueryResult, SqliteTransactionMode,
    TransactionOptions, TransactionTrait as _,
};

use crate::db::within;
use crate::error::{Result, StoreError};
use crate::{StoreSettings, open};

/// Where the steps that were taken are written down.
const TAKEN: &str = "schema_steps";
/// The number of PostgreSQL's lock: "llm-gate" in ASCII.
const LOCK: i64 = 0x6c6c_6d2d_6761_7465;

/// How a database's schema stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schema {
    /// Names of the steps that were taken, first to last.
    pub taken: Vec<String>,
    /// Names of those that are still to be taken.
    pub pending: Vec<&'static str>,
}

impl Schema {
    /// Takes all steps.
    ///
    /// # Errors
    /// As [`Store::open`](crate::Store::open).
    pub async fn up(settings: &StoreSettings, now: UnixMs) -> Result<Self> {
        Self::at(settings, Work::Up(now)).await
    }

    /// Takes the last steps back, and all that they hold with them.
    ///
    /// # Errors
    /// As [`Store::open`](crate::Store::open).
    pub async fn down(settings: &StoreSettings, steps: usize) -> Result<Self> {
        Self::at(settings, Work::Down(steps)).await
    }

    async fn at(settings: &StoreSettings, work: Work) -> Result<Self> {
        let (connection, lock) = open::schema(settings).await?;
        let done = locked(&connection, settings, work).await;
        let _closed = connection.close().await;
        drop(lock);
        done
    }
}

/// Brings the schema up to date, or says what is in the way.
pub(crate) async fn prepare(
    connection: &DatabaseConnection,
    settings: &StoreSettings,
    now: UnixMs,
) -> Result<()> {
    let work = if settings.migrate { Work::Up(now) } else { Work::Look };
    let schema = locked(connection, settings, work).await?;
    match schema.pending.len() {
        0 => Ok(()),
        pending => Err(StoreError::Older { pending }),
    }
}

#[derive(Clone, Copy)]
enum Work {
    Up(UnixMs),
    Down(usize),
    Look,
}

/// Works on the schema while nobody else does. On SQLite and PostgreSQL all steps are one transaction; MySQL ends it
/// with each table, and has steps that can be taken again.
async fn locked(connection: &DatabaseConnection, settings: &StoreSettings, work: Work) -> Result<Schema> {
    within(settings.migration_timeout(), async {
        let immediate = connection.get_database_backend() == DbBackend::Sqlite;
        let transaction = connection
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: immediate.then_some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await?;
        let dialect = lock(&transaction, settings).await?;
        let schema = run(&transaction, dialect, work).await?;
        transaction.commit().await?;
        Ok(schema)
    })
    .await
}

/// Waits for the lock. It ends with the transaction or, on MySQL, with the connection.
async fn lock(db: &DatabaseTransaction, settings: &StoreSettings) -> Result<Dialect> {
    match db.get_database_backend() {
        DbBackend::Postgres => {
            let wait = Func::cust(Alias::new("pg_advisory_xact_lock")).arg(LOCK);
            db.query_one(Query::select().expr(wait)).await?;
            Ok(Dialect::Postgres)
        }
        DbBackend::MySql => {
            // Locks are the server's and not the database's, and their names have 64 characters at most.
            let database = Func::cust(Alias::new("MD5")).arg(Func::cust(Alias::new("DATABASE")));
            let name = Func::cust(Alias::new("CONCAT")).arg("llm-gateway.").arg(database);
            let seconds = settings.migration_timeout().as_secs();
            let wait = Func::cust(Alias::new("GET_LOCK")).arg(name).arg(seconds);
            let got = db.query_one(Query::select().expr(wait)).await?;
            if first::<i64>(got.as_ref())? != Some(1) {
                return Err(StoreError::Busy(
                    "another process has been changing the schema for long".to_owned(),
                ));
            }
            let version = db.query_one(Query::select().expr(Func::cust(Alias::new("VERSION")))).await?;
            let version: String = first(version.as_ref())?.unwrap_or_default();
            Ok(if version.contains("MariaDB") { Dialect::MariaDb } else { Dialect::MySql })
        }
        _ => Ok(Dialect::Sqlite),
    }
}

fn first<T: sea_orm::TryGetable>(row: Option<&QueryResult>) -> Result<Option<T>> {
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

async fn run(db: &DatabaseTransaction, dialect: Dialect, work: Work) -> Result<Schema> {
    if !matches!(work, Work::Look) || is_begun(db, dialect).await? {
        install(db).await?;
    } else {
        return Ok(schema(Vec::new()));
    }
    let mut taken = taken(db).await?;
    if let Some(step) = taken.iter().find(|name| ALL.iter().all(|step| step.name != **name)) {
        return Err(StoreError::Newer { step: step.clone() });
    }
    match work {
        Work::Look => {}
        Work::Up(now) => {
            for step in ALL.iter().filter(|step| !taken.iter().any(|name| name == step.name)) {
                up(db, dialect, step, now).await?;
            }
            taken = self::taken(db).await?;
        }
        Work::Down(steps) => {
            for step in ALL.iter().rev().filter(|step| taken.iter().any(|name| name == step.name)).take(steps)
            {
                down(db, step).await?;
            }
            taken = self::taken(db).await?;
        }
    }
    Ok(schema(taken))
}

fn schema(taken: Vec<String>) -> Schema {
    let pending =
        ALL.iter().map(|step| step.name).filter(|name| !taken.iter().any(|taken| taken == name)).collect();
    Schema { taken, pending }
}

/// Whether any step was ever taken. Looking must not make a table.
async fn is_begun(db: &DatabaseTransaction, dialect: Dialect) -> Result<bool> {
    let (catalogue, column) = match dialect {
        Dialect::Sqlite => ((None, "sqlite_master"), "name"),
        _ => ((Some("information_schema"), "tables"), "table_name"),
    };
    let mut query = Query::select();
    query.expr(Expr::val(1)).and_where(Expr::col(Alias::new(column)).eq(TAKEN)).limit(1);
    match catalogue {
        (None, table) => query.from(Alias::new(table)),
        (Some(schema), table) => query.from((Alias::new(schema), Alias::new(table))),
    };
    let here = match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => Some(Func::cust(Alias::new("current_schema"))),
        _ => Some(Func::cust(Alias::new("DATABASE"))),
    };
    if let Some(here) = here {
        query.and_where(Expr::col(Alias::new("table_schema")).eq(here));
    }
    Ok(db.query_one(&query).await?.is_some())
}

async fn install(db: &DatabaseTransaction) -> Result<()> {
    let mut table = Table::create();
    table
        .table(Alias::new(TAKEN))
        .if_not_exists()
        .col(ColumnDef::new(Alias::new("name")).string_len(255).not_null().primary_key())
        .col(ColumnDef::new(Alias::new("taken_ms")).big_integer().not_null());
    db.execute(&table).await?;
    Ok(())
}

async fn taken(db: &DatabaseTransaction) -> Result<Vec<String>> {
    let mut query = Query::select();
    query.column(Alias::new("name")).from(Alias::new(TAKEN)).order_by(Alias::new("name"), Order::Asc);
    let rows = db.query_all(&query).await?;
    Ok(rows.iter().map(|row| row.try_get("", "name")).collect::<Result<_, _>>()?)
}

async fn up(db: &DatabaseTransaction, dialect: Dialect, step: &Migration, now: UnixMs) -> Result<()> {
    for statement in (step.up)(dialect) {
        execute(db, &statement).await?;
    }
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(TAKEN))
        .columns(["name", "taken_ms"].map(Alias::new))
        .values_panic([step.name.into(), now.0.into()]);
    db.execute(&insert).await?;
    Ok(())
}

async fn down(db: &DatabaseTransaction, step: &Migration) -> Result<()> {
    for statement in (step.down)() {
        execute(db, &statement).await?;
    }
    let mut delete = Query::delete();
    delete.from_table(Alias::new(TAKEN)).and_where(Expr::col(Alias::new("name")).eq(step.name));
    db.execute(&delete).await?;
    Ok(())
}

async fn execute(db: &DatabaseTransaction, statement: &Statement) -> Result<()> {
    match statement {
        Statement::CreateTable(table) | Statement::CreatePart(table) => db.execute(&**table).await?,
        Statement::CreateIndex(index) => db.execute(&**index).await?,
        Statement::DropTable(table) => db.execute(table).await?,
        Statement::CreateView(_, text) | Statement::DropView(_, text) => db.execute_unprepared(text).await?,
        other => return Err(StoreError::Invalid(format!("no database takes this step: {other:?}"))),
    };
    Ok(())
}
