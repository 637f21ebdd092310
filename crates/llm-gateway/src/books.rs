//! What is kept of what requests take: the ledger, and what is left of limits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use llm_gateway_shared::{Options, QuotaOptions, RedisAuthority};
use llm_limits::{Limiter, Source, WhenAway};
use llm_store::{Store, StoreError};
use llm_tenancy::Period;
use llm_types::UnixMs;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config, LimitSettings, Settings};
use crate::ledger::{self, Flusher, Keeping, Ledger, Place};
use crate::quotas::{Heard, Quotas, StoreAuthority, StoreBooks, StoreSeed};
use crate::runtime::Runtime;
use crate::tenants::Tenants;

/// What is kept of what requests take.
#[derive(Debug)]
pub struct Books {
    /// An entry for each request to a vendor.
    pub ledger: Arc<Ledger>,
    /// What is left of limits.
    pub quotas: Arc<Quotas>,
    flusher: Flusher,
    maintenance: Maintenance,
    runtime: Runtime,
    /// Questions about limits that are under way.
    asking: TaskTracker,
    /// This replica's name on the roll of those who may hold shares, where Redis hands them out.
    on_roll: Option<String>,
}

/// How often leases are renewed, and what is not used goes back.
const TENDING: Duration = Duration::from_millis(500);

/// How long it may take to look up what was spent, where Redis does not know it: once for each period of an account.
const SEEDING: Duration = Duration::from_secs(1);

impl Books {
    /// Opens them, and books what was left in journals.
    ///
    /// # Errors
    /// In words.
    pub async fn open(
        config: &Config,
        tenants: &Tenants,
        redis: Option<&Options>,
        runtime: &Runtime,
    ) -> Result<Self, String> {
        let base = config.files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
        let settings = &config.settings;
        let asking = TaskTracker::new();
        let store = &tenants.store;
        let spawn = spawner(&asking);
        let lease_ms = settings.limits.lease_ms.get();
        let (mut replica, mut on_roll): (Option<String>, Option<String>) = (None, None);
        let mut settled: Option<Arc<RedisAuthority>> = None;
        let source = match redis {
            Some(redis) => {
                let mut redis = redis.clone();
                on_roll = Some(redis.replica.clone());
                // Requests wait for it, and nobody waits for a round of what else is shared.
                redis.timeout = Duration::from_millis(settings.limits.timeout_ms.get());
                let options =
                    QuotaOptions { redis, lease: Duration::from_millis(lease_ms), seed_timeout: SEEDING };
                let authority =
                    RedisAuthority::new(options, Arc::new(StoreSeed::new(store.clone(), runtime.clone())))
                        .map_err(|error| format!("llm_gateway.shared_state: {error}"))?;
                let authority = Arc::new(authority);
                settled = Some(authority.clone());
                Source::Shared(Arc::new(Heard::new(authority, runtime.clone())), spawn)
            }
            // Of SQLite's file there is one process alone.
            None if store.backend() == "sqlite" => {
                let books = Heard::new(StoreBooks(store.clone()), runtime.clone());
                Source::Alone(Arc::new(books), spawn)
            }
            None => {
                let name = runtime.request_id(runtime.now()).simple().to_string();
                replica = Some(name.clone());
                let authority = StoreAuthority::new(store.clone(), runtime.clone(), name, lease_ms);
                Source::Shared(Arc::new(Heard::new(authority, runtime.clone())), spawn)
            }
        };
        let limiter = Limiter::new(limits(&settings.limits)?, source);
        let quotas = Quotas::new(limiter, tenants.identities.clone(), &settings.limits, &settings.proxy);
        let quotas = Arc::new(quotas);
        let (told, telling) = (quotas.clone(), asking.clone());
        let keeping = Keeping {
            store: tenants.store.clone(),
            runtime: runtime.clone(),
            replica,
            hear: Arc::new(move |booked| {
                let bookings = told.booked(&booked.charges);
                if let Some(authority) = settled.clone().filter(|_| !bookings.is_empty()) {
                    telling.spawn(async move { authority.settled(&bookings).await });
                }
            }),
        };
        let Some(of_ledger) = &settings.ledger else { return Err("there is no ledger".to_owned()) };
        let place = Place {
            base: base.to_path_buf(),
            temporary: runtime.variable("TMPDIR").map_or_else(|| "/tmp".into(), Into::into),
            database: tenants.place.clone(),
        };
        let (ledger, flusher) = ledger::open(of_ledger, place, keeping).await?;
        // So that the first requests do not wait for a connection.
        quotas.tend(runtime.now()).await;
        let maintenance = Maintenance { store: store.clone(), retention: of_ledger.retention };
        Ok(Self { ledger, quotas, flusher, maintenance, runtime: runtime.clone(), asking, on_roll })
    }

    /// Keeps them until `over`, when the last request has ended. Boxed, so that it is compiled here, for speed.
    pub fn keep(self, over: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.kept(over))
    }

    async fn kept(self, over: CancellationToken) {
        let Self { ledger, quotas, flusher, maintenance, runtime, asking, on_roll } = self;
        let tending = async {
            loop {
                quotas.tend(runtime.now()).await;
                tokio::time::sleep(TENDING).await;
            }
        };
        let is_booked = tokio::select! {
            is_booked = flusher.run(over) => is_booked,
            () = tending => false,
            () = ledger.keep_lasting() => false,
            () = maintenance.run(&runtime) => false,
        };
        quotas.limiter().release().await;
        asking.close();
        asking.wait().await;
        if let Some(replica) = on_roll.filter(|_| is_booked) {
            // Whoever stays on the roll is waited for by others after a loss.
            let _stays_for_its_time = maintenance.store.forget_replica(&replica, runtime.now()).await;
        }
    }
}

/// What is done to the database from time to time.
#[derive(Debug)]
struct Maintenance {
    store: Store,
    retention: Option<Period>,
}

impl Maintenance {
    /// Between two rounds.
    const EVERY: Duration = Duration::from_secs(15);
    /// Entries that one round deletes at most.
    const ENTRIES: u64 = 20_000;
    /// Milliseconds for which what was booked to an account is kept after its period was last touched.
    const COUNTERS_MS: i64 = 400 * 86_400_000;

    /// Goes on until it is dropped.
    async fn run(&self, runtime: &Runtime) {
        loop {
            if let Err(error) = self.round(runtime.now()).await {
                tracing::debug!(%error, "the database was not tidied");
            }
            tokio::time::sleep(Self::EVERY).await;
        }
    }

    async fn round(&self, now: UnixMs) -> Result<(), StoreError> {
        self.store.begin_windows(now).await?;
        self.store.prune_shares(now).await?;
        self.store.prune_counters(UnixMs(now.0 - Self::COUNTERS_MS)).await?;
        if let Some(retention) = self.retention {
            // As long before now as now is after it.
            let before = UnixMs(now.0 - (retention.after(now).0 - now.0));
            self.store.prune_entries(before, Self::ENTRIES).await?;
        }
        Ok(())
    }
}

/// Limits as the database knows them, for whoever serves nobody and takes nothing. What gateways have reserved and not
/// booked is not in there.
///
/// # Errors
/// In words.
pub fn to_look_at(settings: &Settings, tenants: &Tenants) -> Result<Quotas, String> {
    let source = Source::Alone(Arc::new(StoreBooks(tenants.store.clone())), spawner(&TaskTracker::new()));
    let limiter = Limiter::new(limits(&settings.limits)?, source);
    Ok(Quotas::new(limiter, tenants.identities.clone(), &settings.limits, &settings.proxy))
}

/// How limits are kept.
fn limits(settings: &LimitSettings) -> Result<llm_limits::Settings, String> {
    Ok(llm_limits::Settings {
        calendar: settings.calendar()?,
        when_away: match settings.when_away {
            config::WhenAway::Refuse => WhenAway::Refuse,
            config::WhenAway::Allow => WhenAway::Allow,
        },
        lease_ms: settings.lease_ms.get(),
        away_ms: settings.timeout_ms.get(),
        patience_ms: settings.timeout_ms.get(),
        throttle_percent: u8::try_from(settings.throttle.0 / 10).unwrap_or(100),
        ..llm_limits::Settings::default()
    })
}

/// Asks beside the requests: a client that hangs up must not lose what others wait for.
fn spawner(asking: &TaskTracker) -> llm_limits::Spawn {
    let asking = asking.clone();
    Arc::new(move |question| {
        asking.spawn(question);
    })
}
