//! MySQL and MariaDB.

use sea_orm::{DatabaseConnection, SqlxMySqlConnector};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions as _, Executor as _};

use super::{Use, most, pool, unfit};
use crate::StoreSettings;
use crate::error::{Result, away};
use crate::settings::Server;

/// Rows that a transaction only looked for are not locked, and what others have committed is seen: as on PostgreSQL.
/// A value that does not fit is refused and not cut.
///
/// The mode is all that is said here, and nothing that the server says: MySQL 8 and MariaDB begin with different ones, and
/// some change what a statement means. `ONLY_FULL_GROUP_BY`, which MySQL 8 begins with, refuses statements whose
/// expressions are the same and have values in them, as it compares them before these are there.
const SESSION: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
];

pub(super) async fn connect(
    server: &Server,
    settings: &StoreSettings,
    usage: Use,
) -> Result<DatabaseConnection> {
    let mut options = MySqlConnectOptions::from_url(&server.url).map_err(|error| unfit(&error))?;
    options = options.disable_statement_logging();
    if server.unprepared {
        options = options.statement_cache_capacity(0);
    }
    let pool =
        pool(settings, most(server, settings, usage)).after_connect(|connection: &mut MySqlConnection, _| {
            Box::pin(async move {
                for statement in SESSION {
                    connection.execute(statement).await?;
                }
                Ok(())
            })
        });
    let pool = pool.connect_with(options).await.map_err(|error| away(&error))?;
    Ok(SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
}
