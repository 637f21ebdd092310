//! Checks of deployments: small requests that find out who is well, in the background or when somebody asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_gateway_shared::Checked;
use llm_pricing::Usd;
use llm_router::{Check, DeploymentId};
use llm_types::{ErrorKind, UnixMs};

mod ask;
mod rounds;
mod subjects;

#[cfg(test)]
mod tests;

pub(crate) use ask::check_all;
pub(crate) use rounds::run;
pub(crate) use subjects::{Subject, mode, subjects};

use crate::app::App;
use crate::budgets;
use crate::config::HealthSettings;
use crate::serving::Serving;

/// What checks have found, and what they cost.
#[derive(Debug, Default)]
pub struct Checks {
    found: papaya::HashMap<DeploymentId, Arc<Found>>,
    /// What this gateway has found since others were told last, where they go by it.
    news: Mutex<BTreeMap<String, Checked>>,
    /// All of it that still counts, and until when.
    own: Mutex<BTreeMap<String, (Checked, UnixMs)>>,
    day: Mutex<Day>,
}

/// How a deployment is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is known against it.
    Well,
    /// It has failed since its last success, and is asked all the same.
    Doubtful,
    /// It is left alone, a check has found it down, or it cannot be asked.
    Down,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// When, how long it took, and what was wrong.
    pub check: Check,
    /// What was wrong, in words.
    pub message: Option<String>,
    /// What the check cost, as far as known.
    pub cost: Usd,
}

/// What checks have cost on one day.
#[derive(Debug, Default)]
struct Day {
    /// Days since 1970.
    number: i64,
    nanos: i64,
    warned: bool,
}

impl Checks {
    /// What the last check of a deployment found.
    pub fn found(&self, id: &DeploymentId) -> Option<Arc<Found>> {
        self.found.pin().get(id).cloned()
    }

    /// What this gateway has found, for others: what is new, or with `refresh` all that still counts.
    pub(crate) fn news(&self, refresh: bool, now: UnixMs) -> BTreeMap<String, Checked> {
        let mut news = std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner));
        if refresh {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            own.retain(|_, (_, until)| *until > now);
            news.extend(own.iter().map(|(id, (checked, _))| (id.clone(), checked.clone())));
        }
        news
    }

    fn tell(&self, id: &DeploymentId, found: &Found, until: UnixMs) {
        let Check { at, elapsed_ms, failure } = found.check;
        let checked = Checked { at, elapsed_ms, failure, message: found.message.clone() };
        let id = id.as_str().to_owned();
        self.news.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), checked.clone());
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (checked, until));
    }

    /// What checks have cost today.
    pub fn spent(&self, now: UnixMs) -> Usd {
        Usd::from_nanos(self.day(now).nanos)
    }

    /// Whether another check may be paid. That it may not is told once a day.
    fn may_spend(&self, most: f64, now: UnixMs) -> bool {
        let mut day = self.day(now);
        let left = (day.nanos as f64) < most * 1e9;
        if !left && !std::mem::replace(&mut day.warned, true) {
            tracing::warn!(
                max_usd_per_day = most,
                "health checks have cost what they may today; deployments are not checked until tomorrow"
            );
        }
        left
    }

    fn spend(&self, cost: Usd, now: UnixMs) {
        let mut day = self.day(now);
        day.nanos = day.nanos.saturating_add(cost.nanos());
    }

    fn day(&self, now: UnixMs) -> MutexGuard<'_, Day> {
        const DAY_MS: i64 = 86_400_000;
        let mut day = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        let today = now.0.div_euclid(DAY_MS);
        if day.number != today {
            *day = Day { number: today, ..Day::default() };
        }
        day
    }
}

/// Whether a failure says only that there is no room for now.
const fn is_transient(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::RateLimit | ErrorKind::Timeout)
}

/// How a deployment is, by what requests have met and by what its last check has found, if that is not too old.
pub(crate) fn verdict(app: &App, serving: &Serving, subject: &Subject, now: UnixMs) -> Verdict {
    let deployment = match &subject.deployment {
        Ok(deployment) => deployment,
        Err(_) if subject.is_open() => return Verdict::Well,
        Err(_) => return Verdict::Down,
    };
    let health = deployment.candidate(now).vitals.health;
    if deployment.credential.is_err() || health.cooling_until.is_some_and(|until| until > now) {
        return Verdict::Down;
    }
    let stale_ms = serving.config.settings.health.stale_of(&subject.resolved.model_info.health);
    let found = app.checks.found(&deployment.id).map(|found| found.check);
    match found.filter(|check| now.since(check.at) <= stale_ms) {
        Some(Check { failure: Some(_), .. }) => Verdict::Down,
        Some(_) => Verdict::Well,
        None if health.half_open || health.failures_in_a_row > 0 => Verdict::Doubtful,
        None => Verdict::Well,
    }
}

/// Takes note of what other gateways have found. What that cost is theirs.
pub(crate) fn heard(app: &App, told: Vec<(String, Checked)>, now: UnixMs) {
    let serving = app.serving();
    if !serving.config.settings.health.shared || told.is_empty() {
        return;
    }
    let mut news: HashMap<DeploymentId, Checked> = HashMap::new();
    for (id, checked) in told {
        let id = DeploymentId::new(id);
        if app.checks.found(&id).is_none_or(|known| known.check.at < checked.at) {
            news.insert(id, checked);
        }
    }
    if news.is_empty() {
        return;
    }
    for subject in subjects(&serving) {
        let Some(checked) = subject.deployment.as_ref().ok().and_then(|known| news.remove(&known.id)) else {
            continue;
        };
        let Checked { at, elapsed_ms, failure, message } = checked;
        let found = Found { check: Check { at, elapsed_ms, failure }, message, cost: Usd::ZERO };
        learn(app, &serving, &subject, found, now);
    }
}

/// Takes note of what a check has found, and pays for it.
fn take(app: &App, serving: &Serving, subject: &Subject, found: Found, now: UnixMs) {
    let Ok(deployment) = &subject.deployment else { return };
    app.metrics.checked(deployment, found.check.failure.map_or("well", ErrorKind::label), found.cost);
    app.checks.spend(found.cost, now);
    budgets::charge(deployment.budgets.iter(), found.cost, now);
    let settings = &serving.config.settings.health;
    if settings.shared {
        let until = now.plus(settings.stale_of(&subject.resolved.model_info.health));
        app.checks.tell(&deployment.id, &found, until);
    }
    learn(app, serving, subject, found, now);
}

/// Goes by what a check has found, where the deployment is checked in the background.
fn learn(app: &App, serving: &Serving, subject: &Subject, found: Found, now: UnixMs) {
    let Ok(deployment) = &subject.deployment else { return };
    let settings: &HealthSettings = &serving.config.settings.health;
    let info = &subject.resolved.model_info.health;
    let is_news = !(settings.ignores_transient && found.check.failure.is_some_and(is_transient));
    let counts = is_news && settings.routes && settings.covers(&subject.resolved.model_name, info);
    let until = found.check.at.plus(settings.stale_of(info));
    deployment.live.checked(found.check, counts.then_some(until).filter(|until| *until > now));
    let id = &deployment.id;
    let well = found.check.failure.is_none();
    let was_well = app.checks.found(id).is_none_or(|before| before.check.failure.is_none());
    let outcome = found.check.failure.map_or("well", ErrorKind::label);
    if well && !was_well {
        tracing::info!(deployment.id = id.as_str(), outcome, "a deployment is well again");
    } else if was_well && !well {
        let message = found.message.as_deref();
        tracing::warn!(deployment.id = id.as_str(), outcome, message, "a deployment is not well");
    }
    app.checks.found.pin().insert(id.clone(), Arc::new(found));
}
