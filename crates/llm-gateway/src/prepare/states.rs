//! [`States`]: what outlives the configuration.

use std::sync::Arc;

use arc_swap::ArcSwap;
use llm_identity::Identities;
use llm_router::{DeploymentId, Gate, GroupLive, KeyLive, Live, Pins, Senses};

use crate::budgets::Purse;
use crate::config::Settings;
use crate::shared::Sharing;

/// Requests that wait for room at one deployment, at most.
const MAX_WAITING: usize = 1024;

/// How deployments, groups and keys are doing: what outlives the configuration.
#[derive(Debug)]
pub struct States {
    pub(super) deployments: papaya::HashMap<DeploymentId, Arc<Live>>,
    pub(super) groups: papaya::HashMap<Arc<str>, Arc<GroupLive>>,
    pub(super) keys: papaya::HashMap<u64, Arc<KeyLive>>,
    /// What is spent of budgets.
    pub budgets: Purse,
    /// Who was served where.
    pub pins: Pins,
    /// What virtual models that choose by meaning have learnt.
    senses: ArcSwap<Senses>,
    /// Gates whose places are divided among several gateways.
    pub(super) gates: papaya::HashMap<DeploymentId, Arc<Gate>>,
    /// Whether others share all this, and how they are spoken with.
    pub(super) sharing: Option<Arc<Sharing>>,
    /// Whose keys are, where there is a database.
    pub(super) identities: Option<Arc<Identities>>,
}

/// Those who are remembered as served by a deployment, at most.
const MAX_PINS: usize = 100_000;

impl Default for States {
    fn default() -> Self {
        Self {
            deployments: papaya::HashMap::default(),
            groups: papaya::HashMap::default(),
            keys: papaya::HashMap::default(),
            budgets: Purse::default(),
            pins: Pins::new(MAX_PINS),
            senses: ArcSwap::default(),
            gates: papaya::HashMap::default(),
            sharing: None,
            identities: None,
        }
    }
}

impl States {
    /// What the virtual models of these settings have learnt already.
    pub(super) fn senses(&self, settings: &Settings) -> Arc<Senses> {
        let mut senses = Senses::new(&settings.router);
        senses.keep(&self.senses.load());
        let senses = Arc::new(senses);
        self.senses.store(senses.clone());
        senses
    }

    /// What others share.
    pub fn shared(sharing: Arc<Sharing>) -> Self {
        Self { sharing: Some(sharing), pins: Pins::new(MAX_PINS).with_news(), ..Self::default() }
    }

    /// The same with virtual keys.
    #[must_use]
    pub fn with_identities(self, identities: Option<Arc<Identities>>) -> Self {
        Self { identities, ..self }
    }

    /// Shows every deployment of which anything is known.
    pub(crate) fn each_deployment(&self, mut see: impl FnMut(&DeploymentId, &Arc<Live>)) {
        self.deployments.pin().iter().for_each(|(id, live)| see(id, live));
    }

    /// Shows every key, by the number that stands for it.
    pub(crate) fn each_key(&self, mut see: impl FnMut(&u64, &Arc<KeyLive>)) {
        self.keys.pin().iter().for_each(|(number, key)| see(number, key));
    }

    pub(crate) fn deployment(&self, id: &str) -> Option<Arc<Live>> {
        self.deployments.pin().get(id).cloned()
    }

    pub(crate) fn key(&self, number: u64) -> Option<Arc<KeyLive>> {
        self.keys.pin().get(&number).cloned()
    }

    pub(crate) fn gate(&self, id: &str) -> Option<Arc<Gate>> {
        self.gates.pin().get(id).cloned()
    }

    pub(super) fn live(&self, id: &DeploymentId) -> Arc<Live> {
        let new = || {
            let live = Live::new();
            if self.sharing.is_some() {
                live.divide();
            }
            Arc::new(live)
        };
        self.deployments.pin().get_or_insert_with(id.clone(), new).clone()
    }

    /// A gate for so many; where others share them, as many as this gateway is given.
    pub(super) fn gate_for(&self, id: &DeploymentId, most: u32) -> Arc<Gate> {
        let new = || Gate::new(most as usize, MAX_WAITING);
        if self.sharing.is_none() {
            return new();
        }
        let closed = || {
            let gate = new();
            gate.resize(0);
            gate
        };
        self.gates.pin().get_or_insert_with(id.clone(), closed).clone()
    }
}
