//! What requests are served from: the configuration made ready, immutable, swapped whole.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use llm_limits::Priorities;
use llm_pricing::Adjustment;
use llm_provider_core::{Dialect, Ingress, OnUnsupported};
use llm_router::{CoolDown, Gate, GroupLive, HealthEvent, Needs, Policy, Senses, Snapshot};
use llm_tenancy::{Access, Refusal};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use smallvec::SmallVec;

use crate::auth::{Authenticator, Principal};
use crate::catalog::Catalog;
pub use crate::config::OnDisconnect;
use crate::config::{ConfigSnapshot, TeamPrices};
use crate::deployment::Deployment;
use crate::limits::BodyBounds;
use crate::prepare::Prepare;

/// What news has led to.
#[derive(Debug, Clone, Copy)]
pub struct Heeded<'a> {
    /// Whom it concerned.
    pub deployment: &'a Arc<Deployment>,
    /// The deployment is left alone from now on.
    pub own: Option<CoolDown>,
    /// Its key is.
    pub of_key: Option<CoolDown>,
}

/// The deployments that share a name.
#[derive(Debug)]
pub struct Group {
    /// The name.
    pub name: Arc<str>,
    /// The deployments.
    pub deployments: Vec<Arc<Deployment>>,
    /// How they are chosen.
    pub policy: Arc<Policy>,
    /// How they are doing together; kept when the configuration changes.
    pub live: Arc<GroupLive>,
    /// What of their rates is reserved for whom; `None` for nothing.
    pub priorities: Option<Arc<Priorities>>,
}

impl Group {
    /// Shows the group to the router as it is now, for a decision.
    pub fn look<T>(&self, now: UnixMs, see: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        self.show(now, self.live.turn(), see)
    }

    /// The same without counting it as a decision.
    pub fn glance<T>(&self, now: UnixMs, see: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        self.show(now, self.live.next_turn(), see)
    }

    fn show<T>(&self, now: UnixMs, turn: u64, see: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        let candidates: SmallVec<[_; 2]> =
            self.deployments.iter().map(|deployment| deployment.candidate(now)).collect();
        see(&Snapshot {
            group: &self.name,
            policy: &self.policy,
            candidates: &candidates,
            pace: self.live.pace(now),
            turn,
            hedging: self.live.hedging(),
        })
    }

    /// Takes news about one of its deployments; `None` if it is none of them.
    pub fn heed(&self, event: &HealthEvent) -> Option<Heeded<'_>> {
        let deployment = self.deployments.iter().find(|own| own.id == event.deployment)?;
        self.live.fold(event);
        let resilience = &self.policy.resilience;
        let breaker = resilience.breaker.at(&deployment.settings);
        let others = || self.deployments.iter().filter(|own| own.id != deployment.id);
        let well = |own: &Arc<Deployment>| own.candidate(event.at).vitals.health.is_well(event.at);
        let own = deployment.live.fold(event, &breaker, resilience.company(others().map(well)));
        let credential = deployment.facts.first().credential;
        let with_other_key = others().filter(|own| own.facts.first().credential != credential);
        let of_key = deployment.key.fold(event, &breaker, resilience.company(with_other_key.map(well)));
        if let Some(sharing) = deployment.sharing.as_ref().filter(|_| own.is_some() || of_key.is_some()) {
            sharing.wake();
        }
        Some(Heeded { deployment, own, of_key })
    }
}

/// A model as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// Its name.
    pub name: Arc<str>,
    /// Its vendor, or the first of several.
    pub owner: Arc<str>,
}

/// What requests are served from. A request keeps the one it began with.
#[derive(Debug)]
pub struct Serving {
    /// Counted up with every change.
    pub version: u64,
    /// The configuration that this was made from.
    pub config: Arc<ConfigSnapshot>,
    /// How deployments are made ready.
    pub(crate) prepare: Prepare,
    /// What virtual models that choose by meaning have learnt.
    pub(crate) senses: Arc<Senses>,
    /// Models in lists, in the order of the configuration.
    pub listed: Vec<ListedModel>,
    /// Groups made ready so far, by every name that was asked for.
    pub(crate) made: papaya::HashMap<Arc<str>, Arc<Group>>,
    /// Whose models are.
    pub(crate) catalog: Catalog,
    /// Who may come in.
    pub authenticator: Authenticator,
    /// What to do with what a vendor has no place for.
    pub on_loss: OnUnsupported,
    /// What happens at the vendor when the client goes away.
    pub on_disconnect: OnDisconnect,
    /// Silence in a stream after which a comment is sent.
    pub keepalive: Option<Duration>,
    /// Bounds on bodies.
    pub bounds: BodyBounds,
    /// Requests in flight at most.
    pub max_in_flight: u64,
    /// Bytes of one answer that is not streamed.
    pub max_answer_bytes: usize,
    /// Bounds copies of requests.
    pub mirrors: Arc<Gate>,
}

impl Serving {
    /// Names whose groups are kept ready; past this, groups of further names are made anew for each request.
    const MADE: usize = 10_000;
    /// Bytes of a model's name, at most: names are kept, logged and compared.
    const NAME_BYTES: usize = 512;

    /// The client's side of a dialect.
    pub fn ingress(&self, dialect: Dialect) -> &'static dyn Ingress {
        llm_providers::ingress(dialect)
    }

    /// What must be found out about requests before they are routed.
    pub(crate) fn needs(&self) -> Needs {
        let budgets = if self.prepare.budgets.tags.is_empty() { Needs::NONE } else { Needs::TAGS };
        self.config.plan.needs() | budgets
    }

    /// The deployments behind a name.
    ///
    /// # Errors
    /// 404 if nothing has that name, 400 if it is too long for one.
    pub fn resolve(&self, name: &str) -> Result<Arc<Group>, ApiError> {
        if name.len() > Self::NAME_BYTES {
            let message = format!("a model's name has at most {} bytes", Self::NAME_BYTES);
            return Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message).with_param("model"));
        }
        let made = self.made.pin();
        if let Some(group) = made.get(name) {
            return Ok(group.clone());
        }
        let group = match self.config.settings.router.members(name) {
            Some(members) => self.joined(name, members)?,
            None => {
                let route = self.config.resolved.route(name).ok_or_else(|| self.unknown(name, None))?;
                Arc::new(self.prepare.group(&route, name)?)
            }
        };
        if made.len() < Self::MADE {
            made.insert(name.into(), group.clone());
        }
        Ok(group)
    }

    /// The same for somebody to whom the models of others are not there, and who may not ask every vendor.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve); 403 if none of the vendors may be asked.
    pub fn resolve_for(&self, name: &str, access: Option<&Access>) -> Result<Arc<Group>, ApiError> {
        let Some(access) = access else { return self.resolve(name) };
        let is_virtual = self.config.settings.router.members(name).is_some();
        let own = |group: &Group| is_virtual || access.owns(self.catalog.owner(&group.name));
        let group = match self.resolve(name) {
            Ok(group) if own(&group) => group,
            // Another's model does not stand in the way of what the name would mean without it.
            _ => {
                let route = self.catalog.route(&self.config.resolved, name, access);
                let route = route.ok_or_else(|| self.unknown(name, Some(access)))?;
                Arc::new(self.prepare.group(&route, name)?)
            }
        };
        if !access.bounds_vendors() && !is_virtual {
            return Ok(group);
        }
        let may_ask = |deployment: &&Arc<Deployment>| {
            access.allows_vendor(&deployment.provider_name)
                && access.owns(self.catalog.owner(&deployment.group))
        };
        let deployments: Vec<_> = group.deployments.iter().filter(may_ask).cloned().collect();
        if deployments.is_empty() && !group.deployments.is_empty() {
            return Err(Refusal::Vendor { model: name.to_owned() }.into());
        }
        let (priorities, policy) = (group.priorities.clone(), group.policy.clone());
        Ok(Arc::new(Group { priorities, policy, ..self.prepare.joined(&group.name, deployments) }))
    }

    /// What a team pays less or more than others do, of a request that began `at` this instant.
    pub fn prices_of_team(&self, team: &str, at: UnixMs) -> Option<Adjustment> {
        self.config.settings.price_terms.at(at).team_prices.get(team).map(TeamPrices::adjustment)
    }

    /// The same for whoever asks.
    pub fn prices_of(&self, who: Option<&Principal>, at: UnixMs) -> Option<Adjustment> {
        let team = who.and_then(Principal::access)?.caller.team_id.as_ref()?;
        self.prices_of_team(team.as_str(), at)
    }

    /// Which model is meant by a name, if it may be asked.
    ///
    /// # Errors
    /// 403 if not, 404 if nothing stands behind the name for whoever asks.
    pub fn admit<'a>(&self, name: Cow<'a, str>, access: Option<&Access>) -> Result<Cow<'a, str>, ApiError> {
        let Some(access) = access else { return Ok(name) };
        match self.catalog.admit(&self.config.resolved, &name, access) {
            Ok(meant) if *meant == *name => Ok(name),
            Ok(meant) => Ok(meant.to_owned().into()),
            Err(Refusal::NoSuchModel { model }) => Err(self.unknown(&model, Some(access))),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Whether somebody is shown a model in lists.
    pub fn shows(&self, name: &str, access: Option<&Access>) -> bool {
        access.is_none_or(|access| self.catalog.is_shown(&self.config.resolved, name, access))
    }

    /// The deployments of several groups under one name.
    fn joined(&self, name: &str, members: &[String]) -> Result<Arc<Group>, ApiError> {
        let mut deployments: Vec<Arc<Deployment>> = Vec::new();
        for member in members.iter().filter(|member| *member != name) {
            deployments.extend(self.resolve(member)?.deployments.iter().cloned());
        }
        Ok(Arc::new(self.prepare.joined(name, deployments)))
    }

    /// What is told of a name that nothing stands behind for whoever asks.
    fn unknown(&self, name: &str, access: Option<&Access>) -> ApiError {
        let near = self
            .config
            .resolved
            .model_names()
            .map(|known| (strsim::jaro_winkler(known, name), known))
            .filter(|(similarity, known)| *similarity > 0.85 && self.shows(known, access))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let shown: String = name.chars().take(200).collect();
        let message = match near {
            Some((_, near)) => format!("no model {shown:?} here; did you mean {near:?}?"),
            None => format!("no model {shown:?} here; GET /v1/models lists what there is"),
        };
        ApiError::new(ErrorKind::NotFound, Layer::Router, message)
            .with_param("model")
            .with_code("model_not_found")
    }
}
