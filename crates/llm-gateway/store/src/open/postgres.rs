//! PostgreSQL.

use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use super::{Use, most, pool, unfit};
use crate::StoreSettings;
use crate::error::{Result, away};
use crate::settings::Server;

/// Milliseconds after which the server ends a transaction whose client says nothing, and lets its locks go.
const IDLE_IN_TRANSACTION: &str = "60000";

pub(super) async fn connect(
    server: &Server,
    settings: &StoreSettings,
    usage: Use,
) -> Result<DatabaseConnection> {
    let mut options = PgConnectOptions::from_url(&server.url).map_err(|error| unfit(&error))?;
    options = options.application_name("llm-gateway").disable_statement_logging();
    if let Some(schema) = &server.schema {
        options = options.options([("search_path", schema)]);
    }
    if server.unprepared {
        options = options.statement_cache_capacity(0);
    } else if usage == Use::Calls {
        // A pooler that hands connections around takes no such options.
        options = options.options([
            ("statement_timeout", settings.query_timeout_ms.to_string().as_str()),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
        ]);
    }
    // One more, which listens for news for as long as somebody watches.
    let listening = u32::from(usage == Use::Calls);
    let most = most(server, settings, usage).saturating_add(listening);
    let pool = pool(settings, most).connect_with(options).await;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.map_err(|error| away(&error))?))
}
