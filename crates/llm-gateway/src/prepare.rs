//! From the configuration to what requests are served from: vendors found, keys fetched, headers checked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use llm_limits::{Priorities, Reserve, Reserved};
use llm_oidc::{Verifier, VerifierOptions};
use llm_provider_core::{OnUnsupported, Provider, Secret};
use llm_providers::openai_compat::{Compat, VendorRow};
use llm_router::Gate;
use llm_transport::{Fetcher, HttpService, Reach};
use llm_types::ApiError;
use serde_json::Value;

use crate::auth::{Authenticator, Keyring};
use crate::budgets::Budgets;
use crate::catalog::{Catalog, Owners};
use crate::config::{
    self, ConfigSecrets, ConfigSnapshot, OnLoss, Reservation, Route, SecretRef, SecretSource as _, Settings,
};
use crate::deployment::Deployment;
use crate::limits::BodyBounds;
use crate::runtime::Runtime;
use crate::serving::{Group, ListedModel, Serving};

mod deployment;
mod facts;
mod network;
mod refused;
mod states;

use network::{ca_pem, fetcher};
pub(crate) use network::{reach, transport};
pub(crate) use refused::is_refused;
pub use states::States;

/// Bytes of one answer that is not streamed, at most.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// Everything that deployments are made ready with.
pub struct Prepare {
    config: Arc<ConfigSnapshot>,
    vendors: HashMap<String, Arc<dyn Provider>>,
    /// Fetched secrets: a key or header per deployment, or why it cannot be had.
    secrets: HashMap<SecretRef, Result<Secret, String>>,
    service: Arc<dyn HttpService>,
    /// The way to addresses that tenants and requests say.
    abroad: Arc<dyn HttpService>,
    /// Fetches media that vendors want as bytes.
    pub(crate) fetcher: Fetcher,
    runtime: Runtime,
    /// What outlives the configuration.
    pub(crate) states: Arc<States>,
    /// Budgets of vendors and labels.
    pub(crate) budgets: Budgets,
}

impl fmt::Debug for Prepare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepare").field("vendors", &self.vendors.len()).finish_non_exhaustive()
    }
}

/// Makes a configuration ready.
///
/// # Errors
/// In words: a vendor of the configuration that makes no sense, a transport that cannot be set up, a master key that
/// cannot be fetched.
pub async fn serving(
    config: Arc<ConfigSnapshot>,
    runtime: &Runtime,
    states: &Arc<States>,
    owners: &Owners,
) -> Result<Serving, String> {
    let settings = &config.settings;
    let vendors = vendors(settings)?;
    let base = config.files.first().and_then(|file| file.parent()).unwrap_or(std::path::Path::new("."));
    let source = ConfigSecrets::new(config.environment.clone(), base);
    let mut secrets = HashMap::new();
    for reference in references(&config) {
        if let Entry::Vacant(vacant) = secrets.entry(reference) {
            let fetched = source.resolve(vacant.key()).await.map_err(|error| error.to_string());
            vacant.insert(fetched);
        }
    }
    let fetch = |reference: &Option<SecretRef>| match reference {
        None => Ok(None),
        Some(reference) => secrets.get(reference).cloned().transpose().map_err(|error: String| error),
    };
    let master_key =
        fetch(&settings.master_key).map_err(|why| format!("general_settings.master_key: {why}"))?;
    let proxy =
        fetch(&settings.transport.proxy).map_err(|why| format!("llm_gateway.transport.proxy: {why}"))?;
    let ca_pem = ca_pem(settings).await?;
    let service = transport(ca_pem.clone(), proxy.clone(), Reach::Anywhere, runtime)?;
    let abroad = match reach(settings) {
        Reach::Anywhere => service.clone(),
        reach => transport(ca_pem.clone(), proxy, reach, runtime)?,
    };
    let prepare = Prepare {
        config: config.clone(),
        vendors,
        secrets,
        service,
        abroad,
        fetcher: fetcher(settings, ca_pem),
        runtime: runtime.clone(),
        states: states.clone(),
        budgets: Budgets::new(
            &states.budgets,
            &settings.router.provider_budget_config,
            &settings.router.tag_budget_config,
        ),
    };
    let keyring = keyring(settings, &prepare.service, runtime, states)?;
    let server = &settings.server;
    let keepalive = Some(Duration::from_millis(server.keepalive_comment_ms)).filter(|every| !every.is_zero());
    let serving = Serving {
        version: config.version,
        listed: listed(&config),
        catalog: Catalog::new(&config, owners),
        authenticator: match Authenticator::new(master_key.as_ref()).with_keyring(keyring) {
            keys if server.host.is_loopback() => keys.on_loopback(&server.allowed_hosts),
            keys => keys,
        },
        on_loss: match settings.translation.on_loss {
            OnLoss::Report => OnUnsupported::Drop,
            OnLoss::Reject => OnUnsupported::Reject,
        },
        on_disconnect: settings.on_disconnect,
        keepalive,
        bounds: BodyBounds {
            max_body_bytes: server.max_body_bytes.get() as u64,
            max_held_bytes: server.max_held_bytes.get() as u64,
            max_json_depth: server.max_json_depth,
            patience: Duration::from_millis(server.body_read_timeout_ms.get()),
        },
        max_in_flight: server.max_in_flight_requests.get() as u64,
        max_answer_bytes: MAX_ANSWER_BYTES,
        mirrors: Gate::new(settings.mirroring.max_parallel.get(), settings.mirroring.max_waiting),
        made: papaya::HashMap::new(),
        senses: states.senses(settings),
        prepare,
        config,
    };
    // Groups with plain names are made ready now; a mistake in one is told when it is asked for.
    let names: Vec<String> = serving.config.resolved.groups().map(|group| group.name.clone()).collect();
    for name in names {
        if let Err(error) = serving.resolve(&name) {
            tracing::warn!(model = name, error = %error.message, "a model cannot be used");
        }
    }
    Ok(serving)
}

/// What is known of keys and tokens, where there is a database.
fn keyring(
    settings: &Settings,
    service: &Arc<dyn HttpService>,
    runtime: &Runtime,
    states: &States,
) -> Result<Option<Keyring>, String> {
    let Some(identities) = states.identities.clone() else { return Ok(None) };
    let tokens = match &settings.jwt {
        None => None,
        Some(jwt) => {
            let variable = |name: &str| runtime.variable(name);
            let options = VerifierOptions::new(jwt.settings.clone(), jwt.role_permissions.clone(), &variable);
            let clock = runtime.clone();
            let clock: llm_oidc::Clock = Arc::new(move || clock.now());
            let verifier = Verifier::new(options, service, &clock)
                .map_err(|error| format!("general_settings.{error}"))?;
            Some(Arc::new(verifier))
        }
    };
    let newcomers = Arc::new(settings.internal_users.clone());
    Ok(Some(Keyring { identities, tokens, newcomers }))
}

/// Built-in vendors, and those of the configuration, which win.
fn vendors(settings: &Settings) -> Result<HashMap<String, Arc<dyn Provider>>, String> {
    let mut vendors: HashMap<String, Arc<dyn Provider>> = HashMap::new();
    for provider in llm_providers::providers() {
        vendors.entry(provider.info().id.to_string()).or_insert_with(|| provider.clone());
    }
    for (id, row) in &settings.providers {
        let mut row = row.clone();
        if let Some(members) = row.as_object_mut() {
            members.insert("id".to_owned(), Value::String(id.clone()));
        }
        let at = |error: &dyn fmt::Display| format!("llm_gateway.providers.{id}: {error}");
        let row: VendorRow = llm_types::from_value(row).map_err(|error| at(&error))?;
        let vendor = Compat::new(row).map_err(|error| at(&error))?;
        vendors.insert(id.clone(), Arc::new(vendor));
    }
    Ok(vendors)
}

/// Every secret that the configuration names.
fn references(config: &ConfigSnapshot) -> Vec<SecretRef> {
    let settings = &config.settings;
    let mut all: Vec<SecretRef> =
        settings.master_key.iter().chain(&settings.transport.proxy).cloned().collect();
    for deployment in config.resolved.deployments() {
        all.extend(deployment.api_key.clone());
        let settings = deployment.headers.iter().chain(&deployment.parameters);
        all.extend(settings.map(|(_, value)| value.clone()));
    }
    let vendors = llm_providers::providers().iter().map(|provider| provider.info().id.to_string());
    all.extend(vendors.filter_map(|vendor| config.resolved.default_key(&vendor)));
    all
}

/// Models in lists: names, for patterns the patterns themselves, and what stands for several models.
fn listed(config: &ConfigSnapshot) -> Vec<ListedModel> {
    let resolved = &config.resolved;
    let owner = |name: &str| {
        let route = resolved.route(name)?;
        let deployment = route.deployments.first()?;
        let upstream = route.upstream(deployment).ok()?;
        Some(ListedModel { name: name.into(), owner: upstream.vendor.as_ref().into() })
    };
    let patterns = resolved.wildcards().iter().map(|group| group.name.as_str());
    let router = &config.settings.router;
    let by_class = router.virtual_models.iter().filter(|(_, model)| !model.chooses());
    let several = by_class.map(|(name, _)| Cow::Borrowed(name.as_str())).chain(router.joined());
    let listed = resolved.model_names().chain(patterns).map(Cow::Borrowed).chain(several);
    listed
        .map(|name| owner(&name).unwrap_or_else(|| ListedModel { name: (*name).into(), owner: "any".into() }))
        .collect()
}

impl Prepare {
    /// The deployments of a route, made ready for requests that `asked` for it by that name.
    ///
    /// # Errors
    /// What a client is told if none of them can be asked for this name.
    pub fn group(&self, route: &Route<'_>, asked: &str) -> Result<Group, ApiError> {
        let mut deployments = Vec::with_capacity(route.deployments.len());
        let mut refused = None;
        for resolved in route.deployments {
            match self.deployment(route, resolved) {
                Ok(deployment) => deployments.push(Arc::new(deployment)),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if deployments.is_empty() => Err(error),
            _ => {
                let group = self.joined(route.group, deployments);
                let policy = self.config.plan.policy_asked(&group.name, asked);
                Ok(Group { policy, ..group })
            }
        }
    }

    /// A group of these deployments.
    pub(crate) fn joined(&self, name: &str, deployments: Vec<Arc<Deployment>>) -> Group {
        let name: Arc<str> = name.into();
        Group {
            priorities: self.priorities(&name, &deployments),
            policy: self.config.plan.policy_for(&name),
            live: self.states.groups.pin().get_or_insert_with(name.clone(), Arc::default).clone(),
            name,
            deployments,
        }
    }

    /// What of the rates of these deployments is reserved for whom.
    fn priorities(&self, name: &str, deployments: &[Arc<Deployment>]) -> Option<Arc<Priorities>> {
        let config::Priorities { levels, settings } = &self.config.settings.priorities;
        if levels.is_empty() {
            return None;
        }
        let sum = |rate: fn(&Deployment) -> Option<u64>| {
            deployments.iter().filter_map(|deployment| rate(deployment)).reduce(u64::saturating_add)
        };
        let levels: Vec<_> = levels
            .iter()
            .map(|(name, reservation)| {
                let reserve = match *reservation {
                    Reservation::Percent(share) => Reserve::Share(share),
                    Reservation::Rpm(rate) => Reserve::Requests(rate),
                    Reservation::Tpm(rate) => Reserve::Tokens(rate),
                };
                (name.as_str(), reserve)
            })
            .collect();
        let reserved = Reserved {
            levels: &levels,
            others: settings.default_priority,
            saturation: settings.saturation_threshold,
        };
        let (requests, tokens) = (sum(|own| own.settings.rpm), sum(|own| own.settings.tpm));
        Priorities::new(name, requests, tokens, &reserved).map(Arc::new)
    }
}
