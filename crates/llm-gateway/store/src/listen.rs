//! PostgreSQL's own way of telling. It hastens the news and brings none: who does not hear polls.

use llm_types::UnixMs;

use crate::Store;

/// How often a connection for listening is tried.
#[cfg(feature = "postgres")]
const TRY_AGAIN_MS: u64 = 30_000;

/// A connection that listens, where there is one.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    #[cfg(feature = "postgres")]
    ear: Option<sqlx::postgres::PgListener>,
    #[cfg(feature = "postgres")]
    tried_at: Option<UnixMs>,
}

#[cfg(feature = "postgres")]
impl Listener {
    /// Sees to it that there is a connection that listens.
    pub(crate) async fn listen(&mut self, store: &Store, now: UnixMs) {
        let due = self.tried_at.is_none_or(|at| now.since(at) >= TRY_AGAIN_MS);
        if self.ear.is_some() || !due || store.db().backend() != sea_orm::DbBackend::Postgres {
            return;
        }
        self.tried_at = Some(now);
        let pool = store.db().reader().get_postgres_connection_pool();
        let ear = async {
            let mut ear = sqlx::postgres::PgListener::connect_with(pool).await?;
            ear.listen(crate::journal::CHANNEL).await?;
            Ok::<_, sqlx::Error>(ear)
        };
        self.ear = tokio::time::timeout(store.db().patience(), ear).await.ok().and_then(Result::ok);
    }

    /// Ends when there may be news; never, where nobody listens.
    pub(crate) async fn told(&mut self) {
        let Some(ear) = &mut self.ear else { return std::future::pending().await };
        // None, or an error: the connection was lost, and what it would have told with it.
        if !matches!(ear.try_recv().await, Ok(Some(_))) {
            self.ear = None;
        }
    }
}

#[cfg(not(feature = "postgres"))]
impl Listener {
    #[expect(clippy::unused_async, reason = "it has something to do with the feature `postgres`")]
    pub(crate) async fn listen(&mut self, _: &Store, _: UnixMs) {}

    pub(crate) async fn told(&mut self) {
        std::future::pending::<()>().await;
    }
}
