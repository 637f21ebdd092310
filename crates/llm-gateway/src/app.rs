//! The handles that a handler may reach.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use llm_router::{CoolDown, HealthEvent};
use llm_types::ErrorKind;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::boot::Reloader;
use crate::exchange::Finaliser;
use crate::limits::Gauge;
use crate::quotas::Quotas;
use crate::runtime::Runtime;
use crate::services::health::Checks;
use crate::serving::{Group, Heeded, Serving};
use crate::shared::Sharing;
use crate::telemetry::metrics::Metrics;
use crate::tenants::Tenants;

/// The handles that a handler may reach.
#[derive(Debug)]
pub struct App {
    /// Time, chance, names.
    pub runtime: Runtime,
    /// What requests are served from.
    serving: ArcSwap<Serving>,
    /// Where requests end.
    pub finaliser: Arc<Finaliser>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Requests in flight.
    pub in_flight: Arc<Gauge>,
    /// Bytes of bodies held.
    pub held_bytes: Arc<Gauge>,
    /// What checks of deployments have found, and what they cost.
    pub checks: Checks,
    reloader: OnceLock<Arc<Reloader>>,
    sharing: OnceLock<Arc<Sharing>>,
    tenants: OnceLock<Arc<Tenants>>,
    quotas: OnceLock<Arc<Quotas>>,
    tasks: TaskTracker,
    /// Counts the configurations taken over.
    swaps: watch::Sender<u64>,
    stopping: CancellationToken,
    copies: CancellationToken,
}

impl App {
    /// An app that serves from `serving`.
    pub fn new(
        runtime: Runtime,
        serving: Serving,
        finaliser: Arc<Finaliser>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            serving: ArcSwap::from_pointee(serving),
            finaliser,
            metrics,
            in_flight: Arc::default(),
            held_bytes: Arc::default(),
            checks: Checks::default(),
            reloader: OnceLock::new(),
            sharing: OnceLock::new(),
            tenants: OnceLock::new(),
            quotas: OnceLock::new(),
            tasks: TaskTracker::new(),
            swaps: watch::Sender::new(0),
            stopping: CancellationToken::new(),
            copies: CancellationToken::new(),
        })
    }

    /// What requests are served from now.
    pub fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// From now on requests are served from `serving`; those under way keep theirs.
    pub fn swap(&self, serving: Serving) {
        self.serving.store(Arc::new(serving));
        self.swaps.send_modify(|count| *count += 1);
    }

    /// Tells of every configuration that is taken over.
    pub fn swaps(&self) -> watch::Receiver<u64> {
        self.swaps.subscribe()
    }

    /// Takes news about a deployment of a group; whether it is one of them. That it is left alone from now on is logged
    /// and counted.
    pub fn heed(&self, group: &Group, event: &HealthEvent) -> bool {
        let Some(Heeded { deployment, own, of_key }) = group.heed(event) else { return false };
        for (what, cool_down) in [("deployment", own), ("key", of_key)] {
            let Some(CoolDown { until, cause }) = cool_down else { continue };
            let cause = cause.map_or("unknown", ErrorKind::label);
            self.metrics.cooled_down(deployment, what, cause);
            tracing::warn!(
                deployment.id = deployment.id.as_str(),
                provider = &*deployment.provider_name,
                model = &*deployment.group,
                what,
                cause,
                cool_down_ms = until.since(event.at),
                "left alone for a while"
            );
        }
        true
    }

    /// Reads the configuration again; absent in tests that need none.
    pub fn reloader(&self) -> Option<&Arc<Reloader>> {
        self.reloader.get()
    }

    /// Lets handlers ask for the configuration to be read again.
    pub(crate) fn set_reloader(&self, reloader: Arc<Reloader>) {
        let _set_once = self.reloader.set(reloader);
    }

    /// Whom this gateway shares state with; `None` for one alone.
    pub fn sharing(&self) -> Option<&Arc<Sharing>> {
        self.sharing.get()
    }

    /// Says that state is shared.
    pub(crate) fn set_sharing(&self, sharing: Arc<Sharing>) {
        let _set_once = self.sharing.set(sharing);
    }

    /// Keys and tenants; `None` without a database.
    pub fn tenants(&self) -> Option<&Arc<Tenants>> {
        self.tenants.get()
    }

    /// Says that there are keys and tenants.
    pub(crate) fn set_tenants(&self, tenants: Arc<Tenants>) {
        let _set_once = self.tenants.set(tenants);
    }

    /// Rates and budgets of callers; `None` without a database.
    pub fn quotas(&self) -> Option<&Arc<Quotas>> {
        self.quotas.get()
    }

    /// Says that callers have rates and budgets.
    pub(crate) fn set_quotas(&self, quotas: Arc<Quotas>) {
        let _set_once = self.quotas.set(quotas);
    }

    /// Work that goes on without its request; shutdown waits for it.
    #[expect(clippy::disallowed_methods, reason = "the one place outside boot that spawns, on the tracker")]
    pub fn background(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.tasks.track_future(work));
    }

    /// Work of one request that goes on even if whoever waits for it goes away.
    #[expect(clippy::disallowed_methods, reason = "the one place outside boot that spawns, on the tracker")]
    pub fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        tokio::spawn(self.tasks.track_future(work))
    }

    /// Whether no new requests should come: readiness says so.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Whether so many requests are in flight that work which they have in common is worth a wait of microseconds.
    pub fn is_busy(&self) -> bool {
        const MANY: u64 = 8;
        self.in_flight.get() >= MANY
    }

    /// Whether requests under way are being cut off because the time to drain is over.
    pub fn is_draining(&self) -> bool {
        self.finaliser.is_cutting_off()
    }

    /// Until the gateway begins to stop: for work that goes on in the background.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// The gateway begins to stop.
    pub fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
    }

    /// What is still under way is cut off.
    pub fn abort(&self) {
        self.finaliser.cut_off();
    }

    /// Copies of requests are given up: nobody waits for them.
    pub fn give_up_copies(&self) {
        self.copies.cancel();
    }

    /// Set when copies of requests are given up.
    pub(crate) const fn copies(&self) -> &CancellationToken {
        &self.copies
    }

    /// Waits for work that goes on without its request.
    pub async fn finished(&self) {
        self.tasks.wait().await;
    }
}
