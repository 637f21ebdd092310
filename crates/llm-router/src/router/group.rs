//! Groups of deployments, by their names.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use llm_types::{ApiError, UnixMs};
use smallvec::SmallVec;

use super::deployment::Deployment;
use super::unknown;
use crate::classify::Senses;
use crate::{GroupLive, HealthEvent, Plan, Policy, RouterSettings, Sight, Snapshot};

/// The deployments that share a name.
pub(super) struct Group {
    pub(super) name: Arc<str>,
    pub(super) deployments: Vec<Arc<Deployment>>,
    pub(super) policy: Arc<Policy>,
    pub(super) live: GroupLive,
}

/// All groups, and how requests find theirs.
pub(super) struct Groups {
    pub(super) by_name: HashMap<Arc<str>, Arc<Group>>,
    /// Deployments that get copies by their own ids, each in a group of its own.
    pub(super) alone: HashMap<Arc<str>, Arc<Group>>,
    pub(super) plan: Plan,
    pub(super) settings: RouterSettings,
    pub(super) senses: Senses,
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_name.keys()).finish()
    }
}

impl Groups {
    /// The group behind a name, or behind what that is another name of.
    pub(super) fn find(&self, name: &str) -> Result<&Arc<Group>, ApiError> {
        let alias = || self.by_name.get(self.settings.model_group_alias.get(name)?.model.as_str());
        self.by_name.get(name).or_else(alias).or_else(|| self.alone.get(name)).ok_or_else(|| unknown(name))
    }
}

impl Group {
    /// Shows the group as it is now, for a decision.
    pub(super) fn look<T>(&self, now: UnixMs, see: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        self.show(now, self.live.turn(), see)
    }

    fn show<T>(&self, now: UnixMs, turn: u64, see: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        let candidates: SmallVec<[_; 4]> = self.deployments.iter().map(|one| one.candidate(now)).collect();
        see(&Snapshot {
            group: &self.name,
            policy: &self.policy,
            candidates: &candidates,
            pace: self.live.pace(now),
            turn,
            hedging: self.live.hedging(),
        })
    }

    /// Takes news about one of its deployments; whether it is one of them.
    pub(super) fn heed(&self, event: &HealthEvent) -> bool {
        let Some(own) = self.deployments.iter().find(|own| own.id == event.deployment) else { return false };
        self.live.fold(event);
        let resilience = &self.policy.resilience;
        let breaker = resilience.breaker.at(&own.settings);
        let others = || self.deployments.iter().filter(|other| other.id != own.id);
        let well = |other: &Arc<Deployment>| other.candidate(event.at).vitals.health.is_well(event.at);
        own.live.fold(event, &breaker, resilience.company(others().map(well)));
        let with_other_key = others().filter(|other| other.facts.credential != own.facts.credential);
        own.key.fold(event, &breaker, resilience.company(with_other_key.map(well)));
        true
    }
}

/// A request's view of the groups: its own, and by name those where it may go on.
pub(super) struct Seen<'a> {
    pub(super) groups: &'a Groups,
    pub(super) own: &'a Arc<Group>,
}

impl<'a> Seen<'a> {
    pub(super) fn group(&self, name: Option<&Arc<str>>) -> Result<&'a Arc<Group>, ApiError> {
        name.map_or(Ok(self.own), |name| self.groups.find(name))
    }
}

impl Sight for Seen<'_> {
    type Error = ApiError;

    fn glance<T>(
        &self,
        group: Option<&Arc<str>>,
        now: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, ApiError> {
        let group = self.group(group)?;
        Ok(group.show(now, group.live.next_turn(), see))
    }
}
