//! [`Keeper`]: the task that makes rounds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use llm_gateway_shared::{Answers, Asks, News, Others, Store, StoreError, Touched};
use tokio_util::sync::CancellationToken;

use super::limits::Leases;
use super::places::Places;
use super::telling::Telling;
use super::{Shared, Sharing};
use crate::app::App;
use crate::prepare::States;
use crate::services::health;

/// Makes rounds: one every interval, and one at once when there is something that cannot wait.
#[derive(Debug)]
pub struct Keeper {
    store: Store,
    interval: Duration,
    view: View,
    /// When to try to connect again, and how long to wait after the next failure.
    retry_at: Duration,
    backoff: Duration,
    /// Since when Redis does not answer; `None` while it does.
    gone_since: Option<Duration>,
    refreshed_at: Option<Duration>,
    told_at: Duration,
}

/// Everything but the store: what is handed out while that is asked.
#[derive(Debug)]
struct View {
    app: Arc<App>,
    states: Arc<States>,
    sharing: Arc<Sharing>,
    others: Others,
    telling: Telling,
    leases: Leases,
    places: Places,
}

/// Milliseconds between two rounds, at least, however much there is to tell.
const BREATH: Duration = Duration::from_millis(10);
/// A round that takes longer does not keep requests waiting for their pieces of limits.
const SLOW: Duration = Duration::from_millis(20);
/// Between two signs of life of a replica that has nothing to say.
const HEARTBEAT: Duration = Duration::from_millis(1_000);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LAST_BACKOFF: Duration = Duration::from_millis(1_000);

impl Keeper {
    /// A task that has not begun. The first round is made by [`begin`](Self::begin).
    pub fn new(shared: Shared, app: Arc<App>, states: Arc<States>) -> Self {
        let Shared { sharing, store, interval, .. } = shared;
        let view = View {
            app,
            states,
            sharing,
            others: Others::default(),
            telling: Telling::default(),
            leases: Leases::default(),
            places: Places::default(),
        };
        Self {
            store,
            interval,
            view,
            retry_at: Duration::ZERO,
            backoff: FIRST_BACKOFF,
            gone_since: None,
            refreshed_at: None,
            told_at: Duration::ZERO,
        }
    }

    /// The first round, so that requests find what the others know. It is over in a bounded time, whatever Redis does.
    pub async fn begin(&mut self) {
        self.turn().await;
        // The second one sees the answers to the first.
        self.turn().await;
    }

    /// Makes rounds until `stop`, and says goodbye.
    pub async fn run(mut self, stop: CancellationToken) {
        let rounds = async {
            let sharing = self.view.sharing.clone();
            loop {
                let _woken_or_not = tokio::time::timeout(self.interval, sharing.wake.notified()).await;
                self.turn().await;
                tokio::time::sleep(BREATH).await;
            }
        };
        let ended: Option<Infallible> = stop.run_until_cancelled(rounds).await;
        if ended.is_none() && self.store.is_connected() {
            let bye = Asks { news: Some(News { bye: true, ..News::default() }), ..Asks::default() };
            // Whether it is heard or not: the others will notice.
            let _told_or_not = self.store.round(&bye).await;
        }
    }

    async fn turn(&mut self) {
        let elapsed = self.view.app.runtime.elapsed();
        self.view.look();
        if !self.store.is_connected() {
            if elapsed < self.retry_at {
                self.view.alone(true);
                return;
            }
            if let Err(error) = waiting(self.store.connect(), &mut self.view, self.gone_since.is_none()).await
            {
                self.failed(&error);
                return;
            }
            self.refreshed_at = None;
            self.view.others.meet_again(self.view.app.runtime.now());
        }
        let refresh = self
            .refreshed_at
            .is_none_or(|at| elapsed.saturating_sub(at) >= Duration::from_millis(Store::REFRESH_MS));
        let asks = self.asks(refresh, elapsed);
        let result = waiting(self.store.round(&asks), &mut self.view, true).await;
        match result {
            Ok(answers) => {
                if asks.news.is_some() {
                    self.told_at = elapsed;
                }
                self.refreshed_at = match (answers.lost, refresh) {
                    (true, _) => None,
                    (false, true) => Some(elapsed),
                    (false, false) => self.refreshed_at,
                };
                if answers.lost {
                    self.view.telling.keep_all(&self.view.states, self.view.app.runtime.now());
                }
                self.there(elapsed);
                self.view.take(&asks, answers);
            }
            Err(error) => self.failed(&error),
        }
    }

    fn asks(&mut self, refresh: bool, elapsed: Duration) -> Asks {
        let view = &mut self.view;
        let (now, replicas) = (view.app.runtime.now(), view.sharing.replicas());
        let news = view.telling.news(&view.states, &view.app.checks, refresh, now);
        let silent_for = elapsed.saturating_sub(self.told_at);
        let speaks = refresh || !news.is_empty() || silent_for >= HEARTBEAT;
        Asks {
            news: speaks.then_some(news),
            leases: view.leases.asks(&view.states, &view.others, replicas, refresh, now, elapsed),
            reserve: view.leases.reserve(replicas, refresh, elapsed),
            places: view.places.asks(&view.states, replicas, refresh, elapsed),
            replicas,
            now,
            pins: view.telling.kept(),
        }
    }

    fn there(&mut self, elapsed: Duration) {
        self.backoff = FIRST_BACKOFF;
        self.view.sharing.is_there.store(true, std::sync::atomic::Ordering::Relaxed);
        if let Some(since) = self.gone_since.take() {
            let away_ms = elapsed.saturating_sub(since).as_millis() as u64;
            tracing::info!(away_ms, "Redis answers again; state is shared");
        }
    }

    fn failed(&mut self, error: &StoreError) {
        let now = self.view.app.runtime.elapsed();
        self.view.app.metrics.shared_state_failures.inc();
        self.view.sharing.is_there.store(false, std::sync::atomic::Ordering::Relaxed);
        if self.gone_since.is_none() {
            self.gone_since = Some(now);
            tracing::warn!(%error, "Redis does not answer; this gateway goes on by itself until it does");
        } else {
            tracing::debug!(%error, "Redis still does not answer");
        }
        self.retry_at = now + self.backoff;
        self.backoff = (self.backoff * 2).min(LAST_BACKOFF);
        self.view.alone(true);
    }
}

/// Waits for the store. While that takes long, requests get what this replica may take by itself.
async fn waiting<T>(
    asked: impl Future<Output = Result<T, StoreError>>,
    view: &mut View,
    patient: bool,
) -> Result<T, StoreError> {
    let sharing = view.sharing.clone();
    let mut asked = std::pin::pin!(asked);
    let mut patience = if patient { SLOW } else { Duration::ZERO };
    loop {
        if let Ok(result) = tokio::time::timeout(patience, &mut asked).await {
            return result;
        }
        view.alone(false);
        tokio::select! {
            biased;
            result = &mut asked => return result,
            () = sharing.wake.notified() => patience = Duration::ZERO,
        }
    }
}

impl View {
    /// Looks what there is to be shared.
    fn look(&mut self) {
        let serving = self.app.serving();
        self.leases.limit(&serving);
        self.places.limit(&serving);
        let mut touched = Touched::default();
        // While nobody is heard, that one is not heard says nothing.
        if self.sharing.is_there() {
            self.others.sweep(self.app.runtime.now(), &mut touched);
        }
        self.telling.heard(&self.states, &mut self.others, &touched, self.app.runtime.now());
        self.count();
    }

    fn count(&self) {
        self.sharing.replicas.store(self.others.count() + 1, std::sync::atomic::Ordering::Relaxed);
    }

    /// Takes what came of a round.
    fn take(&mut self, asks: &Asks, answers: Answers) {
        let now = self.app.runtime.now();
        let mut touched = Touched::default();
        let Answers { news, pins, leases, places, reserve, .. } = answers;
        touched.pins.extend(pins);
        for (from, news) in news {
            self.others.hear(&from, news, now, &mut touched);
        }
        self.count();
        self.telling.heard(&self.states, &mut self.others, &touched, now);
        health::heard(&self.app, touched.checks, now);
        self.leases.take(&self.states, &asks.leases, &leases, reserve, now);
        self.places.take(&self.states, &asks.places, &places);
        self.sharing.handed_out.notify_waiters();
    }

    /// Hands out what this replica may take without the store; places only when that is known to be gone.
    fn alone(&mut self, is_gone: bool) {
        let replicas = self.sharing.replicas();
        self.leases.alone(&self.states, &self.others, replicas, is_gone, self.app.runtime.now());
        if is_gone {
            self.places.alone(&self.states, replicas);
        }
        self.sharing.handed_out.notify_waiters();
    }
}
