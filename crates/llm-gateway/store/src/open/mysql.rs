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
const SESSION: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')",
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
