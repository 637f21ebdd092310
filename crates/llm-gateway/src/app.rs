//! The handles that a handler may reach.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use tokio_util::task::TaskTracker;

use crate::boot::Reloader;
use crate::exchange::Finaliser;
use crate::limits::Gauge;
use crate::runtime::Runtime;
use crate::serving::Serving;
use crate::telemetry::metrics::Metrics;

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
    reloader: OnceLock<Arc<Reloader>>,
    tasks: TaskTracker,
    stopping: AtomicBool,
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
            reloader: OnceLock::new(),
            tasks: TaskTracker::new(),
            stopping: AtomicBool::new(false),
        })
    }

    /// What requests are served from now.
    pub fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// From now on requests are served from `serving`; those under way keep theirs.
    pub fn swap(&self, serving: Serving) {
        self.serving.store(Arc::new(serving));
    }

    /// Reads the configuration again; absent in tests that need none.
    pub fn reloader(&self) -> Option<&Arc<Reloader>> {
        self.reloader.get()
    }

    /// Lets handlers ask for the configuration to be read again.
    pub(crate) fn set_reloader(&self, reloader: Arc<Reloader>) {
        let _set_once = self.reloader.set(reloader);
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
        self.stopping.load(Ordering::Relaxed)
    }

    /// Whether requests under way are being cut off because the time to drain is over.
    pub fn is_draining(&self) -> bool {
        self.finaliser.is_cutting_off()
    }

    /// The gateway begins to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.tasks.close();
    }

    /// What is still under way is cut off.
    pub fn abort(&self) {
        self.finaliser.cut_off();
    }

    /// Waits for work that goes on without its request.
    pub async fn finished(&self) {
        self.tasks.wait().await;
    }
}
