//! Checks in the background: each deployment at its own time, so many at a time, as the configuration wants it.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use llm_router::{DeploymentId, Entropy as _, Live};
use llm_types::UnixMs;

use super::ask::check;
use super::subjects::{Subject, subjects};
use crate::app::App;
use crate::runtime::Runtime;
use crate::serving::Serving;

/// Checks deployments until the gateway stops, by whatever configuration holds.
pub(crate) async fn run(app: Arc<App>) {
    let mut swaps = app.swaps();
    let mut rounds = Rounds::default();
    loop {
        swaps.borrow_and_update();
        let serving = app.serving();
        rounds.plan(&app, &serving);
        let never = tokio::select! {
            () = app.stopped() => return,
            _ = swaps.changed() => continue,
            never = rounds.go(&app, &serving) => never,
        };
        match never {}
    }
}

/// Who is checked when.
#[derive(Default)]
struct Rounds {
    due: HashMap<DeploymentId, Due>,
    running: FuturesUnordered<Pin<Box<dyn Future<Output = DeploymentId> + Send>>>,
}

/// When a deployment is checked next.
struct Due {
    subject: Arc<Subject>,
    live: Arc<Live>,
    interval_ms: u64,
    at: UnixMs,
    is_running: bool,
}

impl Rounds {
    /// Takes the configuration over. Who is no longer checked is no longer judged by what was found.
    fn plan(&mut self, app: &App, serving: &Serving) {
        let settings = &serving.config.settings.health;
        let now = app.runtime.now();
        let mut before = std::mem::take(&mut self.due);
        let of_interest = |subject: &Subject| {
            let covered = settings.covers(&subject.resolved.model_name, &subject.resolved.model_info.health);
            covered && subject.probe().is_ok()
        };
        let subjects = if settings.in_background { subjects(serving) } else { Vec::new() };
        for subject in subjects.into_iter().filter(of_interest) {
            let Ok(deployment) = &subject.deployment else { continue };
            let interval_ms = settings.interval_of(&subject.resolved.model_info.health);
            let (id, live) = (deployment.id.clone(), deployment.live.clone());
            let (at, is_running) = match before.remove(&id) {
                Some(known) => (known.at.min(now.plus(interval_ms)), known.is_running),
                // Not all at once.
                None => (now.plus(share(&app.runtime, interval_ms / 10)), false),
            };
            self.due.insert(id, Due { subject: Arc::new(subject), live, interval_ms, at, is_running });
        }
        for due in before.values() {
            due.live.unchecked();
        }
    }

    /// Checks whoever is due. Never ends.
    async fn go(&mut self, app: &Arc<App>, serving: &Arc<Serving>) -> std::convert::Infallible {
        let most = serving.config.settings.health.concurrency.max(1);
        loop {
            self.start(app, serving, most);
            let full = self.running.len() >= most;
            let next = self.due.values().filter(|due| !due.is_running).map(|due| due.at).min();
            let wait = next.filter(|_| !full).map(|at| at.since(app.runtime.now()).max(1));
            let due = async {
                match wait {
                    Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(id) = self.running.next() => self.checked(&app.runtime, &id),
                () = due => {}
            }
        }
    }

    /// Begins to check who is due, the longest overdue first.
    fn start(&mut self, app: &Arc<App>, serving: &Arc<Serving>, most: usize) {
        let now = app.runtime.now();
        while self.running.len() < most {
            let waiting = self.due.iter_mut().filter(|(_, due)| !due.is_running && due.at <= now);
            let Some((id, due)) = waiting.min_by_key(|(_, due)| due.at) else { return };
            // Another gateway has checked it: that counts for this one, too.
            let found = app.checks.found(id).filter(|_| serving.config.settings.health.shared);
            if let Some(found) = found
                && now.since(found.check.at) < due.interval_ms - due.interval_ms / 10
            {
                due.at = after_another(&app.runtime, found.check.at, due.interval_ms);
                continue;
            }
            due.is_running = true;
            let (app, serving, subject, id) = (app.clone(), serving.clone(), due.subject.clone(), id.clone());
            self.running.push(Box::pin(async move {
                check(&app, &serving, &subject).await;
                id
            }));
        }
    }

    fn checked(&mut self, runtime: &Runtime, id: &DeploymentId) {
        if let Some(due) = self.due.get_mut(id) {
            due.is_running = false;
            due.at = next(runtime, runtime.now(), due.interval_ms);
        }
    }
}

/// When a deployment that was checked at `at` is checked next: after nine to eleven tenths of the interval, so that those
/// who were made ready together drift apart.
fn next(runtime: &Runtime, at: UnixMs, interval_ms: u64) -> UnixMs {
    let tenth = interval_ms / 10;
    at.plus(interval_ms - tenth + share(runtime, 2 * tenth))
}

/// When it is checked next by a gateway that was told of this check by another: so late that the other comes first, and
/// before what was found counts no more.
fn after_another(runtime: &Runtime, at: UnixMs, interval_ms: u64) -> UnixMs {
    at.plus(interval_ms + interval_ms / 4 + share(runtime, interval_ms / 4))
}

/// A random part of so many milliseconds.
fn share(runtime: &Runtime, ms: u64) -> u64 {
    runtime.entropy().next_u64() % ms.saturating_add(1).max(1)
}
