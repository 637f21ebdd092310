//! Places for requests at a time, divided among replicas.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llm_gateway_shared::{PlaceAsk, Store};
use llm_router::Gate;

use crate::prepare::States;
use crate::serving::Serving;

/// What this replica holds of places.
#[derive(Debug, Default)]
pub(super) struct Places {
    version: u64,
    limited: Vec<(String, u64)>,
    asked: HashMap<String, Asked>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    at: Duration,
    held: u64,
    wanted: u64,
}

impl Places {
    /// Looks which deployments have bounds.
    pub(super) fn limit(&mut self, serving: &Serving) {
        if self.version == serving.version {
            return;
        }
        self.version = serving.version;
        let usual = serving.config.settings.router.default_max_parallel_requests;
        let limited = serving.config.resolved.deployments().filter_map(|deployment| {
            let most = deployment.routing.max_parallel_requests.or(usual)?;
            Some((deployment.id.as_str().to_owned(), u64::from(most.max(1))))
        });
        self.limited = limited.collect();
        self.asked.clear();
    }

    /// What to ask the store for: where something has changed, and now and then everywhere.
    pub(super) fn asks(
        &mut self,
        states: &States,
        replicas: usize,
        refresh: bool,
        elapsed: Duration,
    ) -> Vec<PlaceAsk> {
        let mut asks = Vec::new();
        for (id, limit) in &self.limited {
            let Some(gate) = states.gate(id) else { continue };
            let (most, inside, waiting) = (gate.most() as u64, gate.inside() as u64, gate.waiting() as u64);
            let held = most.max(inside);
            let wanted = (inside + waiting + spare(*limit, replicas)).min(*limit);
            let is_due = self.asked.get(id).is_none_or(|asked| {
                let since = elapsed.saturating_sub(asked.at);
                (asked.held, asked.wanted) != (held, wanted)
                    || waiting > 0
                    || since >= Duration::from_millis(Store::PLACES_MS)
            });
            if refresh || is_due {
                self.asked.insert(id.clone(), Asked { at: elapsed, held, wanted });
                asks.push(PlaceAsk { deployment: id.clone(), limit: *limit, held, wanted });
            }
        }
        asks
    }

    /// Opens and closes the gates as the store says.
    pub(super) fn take(&mut self, states: &States, asks: &[PlaceAsk], answers: &[u64]) {
        for (ask, may) in asks.iter().zip(answers) {
            if let Some(gate) = states.gate(&ask.deployment) {
                resize(&gate, *may);
            }
        }
    }

    /// The store does not answer: what is held stays, and nobody is left without an even share.
    pub(super) fn alone(&mut self, states: &States, replicas: usize) {
        for (id, limit) in &self.limited {
            let Some(gate) = states.gate(id) else { continue };
            let even = (limit / replicas as u64).max(1);
            if (gate.most() as u64) < even {
                resize(&gate, even);
            }
        }
    }
}

/// Places to keep at hand for the next requests.
fn spare(limit: u64, replicas: usize) -> u64 {
    if replicas <= 1 { limit } else { limit / (2 * replicas as u64) }
}

fn resize(gate: &Arc<Gate>, most: u64) {
    gate.resize(usize::try_from(most).unwrap_or(usize::MAX));
}
