//! One key's running state.

use llm_types::UnixMs;

use super::pulse::Pulse;
use super::{Company, LastFailure};
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
    pub fn health(&self) -> Health {
        // A key needs no probing by one request at a time: the first refusal closes it again.
        Health { half_open: false, ..self.pulse.health() }
    }

    /// Folds news in: failures of the key's own, and every success. `company` asks for another key.
    pub fn fold(&self, event: &HealthEvent, breaker: &Breaker, company: Company) {
        if event.scope == Scope::Credential || event.news == HealthNews::Succeeded {
            self.pulse.fold(event, breaker, company);
        }
    }

    /// The last refusal.
    pub fn last_failure(&self) -> Option<LastFailure> {
        self.pulse.last_failure()
    }

    /// The end of the cool-down, for other processes.
    pub fn cooling_until(&self, now: UnixMs) -> Option<UnixMs> {
        self.pulse.health().cooling_until.filter(|until| *until > now)
    }
}
