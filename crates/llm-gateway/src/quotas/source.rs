//! Who knows what has been spent, and who hands out shares of limits.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use llm_gateway_shared::Seed;
use llm_limits::{AccountId, Ask, Authority, AuthorityError, Books, Grant, Refund, Taking};
use llm_store::{ShareAsk, ShareGrant, Store, StoreError, Taken};
use llm_types::UnixMs;

use crate::runtime::Runtime;

/// What the database has booked.
#[derive(Debug, Clone)]
pub struct StoreBooks(pub Store);

impl StoreBooks {
    async fn look(&self, accounts: &[(AccountId, i64)]) -> Result<Vec<i64>, AuthorityError> {
        let named: Vec<(&str, i64)> = accounts.iter().map(|(id, window)| (&*id.name, *window)).collect();
        self.0.booked(&named).await.map_err(|error| away(&error))
    }
}

impl Books for StoreBooks {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        Box::pin(self.look(accounts))
    }
}

/// What the database knows of budgets, and of who may hold shares, where Redis hands them out.
#[derive(Debug, Clone)]
pub struct StoreSeed {
    books: StoreBooks,
    runtime: Runtime,
}

impl StoreSeed {
    /// By the time of `runtime`.
    pub const fn new(store: Store, runtime: Runtime) -> Self {
        Self { books: StoreBooks(store), runtime }
    }
}

impl Seed for StoreSeed {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        Box::pin(self.books.look(accounts))
    }

    fn enlist<'a>(&'a self, replica: &'a str, kept: Duration) -> Taking<'a, ()> {
        Box::pin(async move {
            let kept_ms = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
            let renewed = self.books.0.renew_replica(replica, self.runtime.now(), kept_ms);
            renewed.await.map(|_was_there| ()).map_err(|error| away(&error))
        })
    }

    fn enlisted(&self) -> Taking<'_, Option<Vec<String>>> {
        Box::pin(async move {
            self.books.0.replicas(self.runtime.now()).await.map(Some).map_err(|error| away(&error))
        })
    }
}

/// The database hands out shares.
#[derive(Debug)]
pub struct StoreAuthority {
    store: Store,
    runtime: Runtime,
    replica: String,
    lease_ms: u64,
}

impl StoreAuthority {
    /// For this replica, whose shares are its own for so long without a sign of life.
    pub const fn new(store: Store, runtime: Runtime, replica: String, lease_ms: u64) -> Self {
        Self { store, runtime, replica, lease_ms }
    }
}

impl Authority for StoreAuthority {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        Box::pin(async move {
            let asks: Vec<ShareAsk> = asks
                .iter()
                .map(|ask| ShareAsk {
                    account: ask.account.name.to_string(),
                    shelf: ask.account.shelf.to_string(),
                    window: ask.window,
                    until: ask.until,
                    limit: ask.limit,
                    need: ask.need,
                    wish: ask.wish,
                    is_booked: ask.is_booked,
                })
                .collect();
            match self.store.take_shares(&self.replica, &asks, self.runtime.now()).await {
                Ok(Taken::Granted(grants)) => {
                    let grant = |it: ShareGrant| Grant { granted: it.granted, left: it.left };
                    Ok(grants.into_iter().map(grant).collect())
                }
                // What was held is lost. The next renewal says so to whoever counts on it; nothing is taken before.
                Ok(_) => Err(AuthorityError("the lease has run out".to_owned())),
                Err(error) => Err(away(&error)),
            }
        })
    }

    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()> {
        Box::pin(async move {
            let amounts: Vec<(&str, i64, i64)> =
                refunds.iter().map(|it| (&*it.account.name, it.window, it.amount)).collect();
            let returned = self.store.return_shares(&self.replica, &amounts, self.runtime.now());
            returned.await.map_err(|error| away(&error))
        })
    }

    fn renew(&self) -> Taking<'_, bool> {
        Box::pin(async move {
            let renewed = self.store.renew_replica(&self.replica, self.runtime.now(), self.lease_ms);
            renewed.await.map_err(|error| away(&error))
        })
    }

    fn pause(&self) -> Pin<Box<dyn Future<Output = u64> + Send + '_>> {
        // What is held is known in each transaction.
        Box::pin(std::future::ready(1))
    }
}

fn away(error: &StoreError) -> AuthorityError {
    AuthorityError(error.to_string())
}

/// Whoever is asked about limits, with a line in the log for what stands against it: one of each sort in a while, however
/// many requests wait.
#[derive(Debug)]
pub struct Heard<T> {
    inner: T,
    runtime: Runtime,
    /// What was told, and when.
    told: Mutex<Vec<(String, UnixMs)>>,
}

impl<T> Heard<T> {
    /// Milliseconds for which the same is not told again.
    const QUIET_MS: u64 = 60_000;
    /// So many sorts are remembered.
    const SORTS: usize = 16;

    /// By the time of `runtime`.
    pub const fn new(inner: T, runtime: Runtime) -> Self {
        Self { inner, runtime, told: Mutex::new(Vec::new()) }
    }

    fn tell(&self, error: &AuthorityError) {
        let now = self.runtime.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(_, at)| now.since(*at) < Self::QUIET_MS);
        if told.len() >= Self::SORTS || told.iter().any(|(text, _)| *text == error.0) {
            return;
        }
        told.push((error.0.clone(), now));
        tracing::warn!(%error, "nobody says what is left of limits");
    }

    fn heard<'a, R: Send + Sync + 'a>(&'a self, asking: Taking<'a, R>) -> Taking<'a, R>
    where
        T: Sync,
    {
        Box::pin(async move {
            let answer = asking.await;
            if let Err(error) = &answer {
                self.tell(error);
            }
            answer
        })
    }
}

impl<T: Books> Books for Heard<T> {
    fn booked<'a>(&'a self, accounts: &'a [(AccountId, i64)]) -> Taking<'a, Vec<i64>> {
        self.heard(self.inner.booked(accounts))
    }
}

impl<T: Authority> Authority for Heard<T> {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> Taking<'a, Vec<Grant>> {
        self.heard(self.inner.take(asks))
    }

    fn give_back<'a>(&'a self, refunds: &'a [Refund]) -> Taking<'a, ()> {
        self.heard(self.inner.give_back(refunds))
    }

    fn renew<'a>(&'a self) -> Taking<'a, bool> {
        self.heard(self.inner.renew())
    }

    fn pause<'a>(&'a self) -> Pin<Box<dyn Future<Output = u64> + Send + 'a>> {
        self.inner.pause()
    }
}
