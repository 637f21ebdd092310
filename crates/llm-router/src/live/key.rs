//! One key's running state.

use llm_types::{ErrorKind, UnixMs};

use super::pulse::Pulse;
use super::{Company, CoolDown, LastFailure};
use crate::{Breaker, Health, HealthEvent, HealthNews, Scope};

/// One key's running state, shared by all deployments with the same [`Facts::credential`](crate::Facts::credential).
#[derive(Debug, Default)]
pub struct KeyLive {
    pulse: Pulse,
}

impl KeyLive {
    /// A key of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// How well it is. Takes no lock.
    pub fn health(&self, now: UnixMs) -> Health {
        // A key needs no probing by one request at a time: the first refusal closes it again.
        Health { half_open: false, ..self.pulse.health(now) }
    }

    /// Folds news in: failures of the key's own, and every success. `company` asks for another key.
    /// Gives the cool-down that begins with it.
    pub fn fold(&self, event: &HealthEvent, breaker: &Breaker, company: Company) -> Option<CoolDown> {
        let concerned = event.scope == Scope::Credential || event.news == HealthNews::Succeeded;
        if concerned { self.pulse.fold(event, breaker, company) } else { None }
    }

    /// The last refusal.
    pub fn last_failure(&self) -> Option<LastFailure> {
        self.pulse.last_failure()
    }

    /// The cool-down for other processes: its end and its cause.
    pub fn export(&self, now: UnixMs) -> Option<(UnixMs, Option<ErrorKind>)> {
        let health = self.pulse.health(now);
        health.cooling_until.filter(|until| *until > now).map(|until| (until, health.cause))
    }

    /// Takes over a cool-down that another process has begun.
    pub fn import(&self, until: UnixMs, cause: Option<ErrorKind>, now: UnixMs) {
        self.pulse.cool(until, cause, false, now);
    }
}
