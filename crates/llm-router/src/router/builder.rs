//! [`RouterBuilder`]: from a configuration to a [`Router`].

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use llm_providers::core::{Credential, Secret};
use llm_providers::{Account, Client, ClientBuilder};
use llm_types::UnixMs;
use serde_json::{Map, Value};

use super::config::{ModelEntry, RouterConfig};
use super::copies::{self, Copied};
use super::deployment::{Deployment, FEMTOS};
use super::error::RouterFault;
use super::group::{Group, Groups};
use super::ties::REMEMBERED;
use super::{Clock, Router, Shared, limited};
use crate::classify::Senses;
use crate::settings::{
    BudgetPeriod, BudgetSettings, DeploymentSettings, PreCallCheck, RouterSettings, Seconds,
};
use crate::{
    BudgetLive, DeploymentId, Facts, Gate, GroupLive, KeyLive, Live, Pins, Plan, PlanFault, Price, Severity,
};

/// Requests that wait for room at one deployment, at most.
const MAX_WAITING: usize = 1024;

/// Environment variables, or what stands in for them.
type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;
/// What is known of a vendor's model.
type FactsOf = Box<dyn Fn(&str, &str) -> Facts + Send + Sync>;

/// Makes a [`Router`], step by step.
pub struct RouterBuilder {
    config: RouterConfig,
    variables: Variables,
    facts: FactsOf,
    client: ClientBuilder,
    clock: Option<Clock>,
    seed: Option<u64>,
    on_copy: Option<copies::Hearer>,
}

impl fmt::Debug for RouterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

impl RouterBuilder {
    pub(super) fn new(config: RouterConfig) -> Self {
        Self {
            config,
            variables: Box::new(|_| None),
            facts: Box::new(|_, _| Facts::default()),
            client: Client::builder(),
            clock: None,
            seed: None,
            on_copy: None,
        }
    }

    /// Where `os.environ/…` and vendors' usual keys, addresses and settings come from. Nowhere by default.
    #[must_use]
    pub fn variables(self, variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { variables: Box::new(variable), ..self }
    }

    /// What is known of a vendor's model beside the configuration: windows, capabilities, prices. Nothing by default.
    #[must_use]
    pub fn facts(self, facts: impl Fn(&str, &str) -> Facts + Send + Sync + 'static) -> Self {
        Self { facts: Box::new(facts), ..self }
    }

    /// The client to begin with: its transport, its limits for fetched media, what it does with what cannot be said.
    #[must_use]
    pub fn client(self, client: ClientBuilder) -> Self {
        Self { client, ..self }
    }

    /// What tells the time; the system's clock by default.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        Self { clock: Some(Arc::new(clock)), ..self }
    }

    /// Where chance begins: the same seed makes the same choices. By default the operating system says.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Who hears what becomes of copies (`silent_model`, `mirrors`). Their answers are read to the end and thrown away; by
    /// default nobody hears of them.
    #[must_use]
    pub fn on_copy(self, hear: impl Fn(Copied) + Send + Sync + 'static) -> Self {
        Self { on_copy: Some(Arc::new(hear)), ..self }
    }

    /// The router. Nobody is asked and nobody logs in before the first request.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub fn build(self) -> Result<Router, RouterFault> {
        let Self { config, variables, facts, mut client, clock, seed, on_copy } = self;
        let RouterConfig { model_list, router_settings } = config;
        let mut faults = Vec::new();
        let mut ready = Vec::with_capacity(model_list.len());
        for (place, entry) in model_list.into_iter().enumerate() {
            let path = format!("model_list[{place}]");
            match Ready::new(entry, place, &path, &variables) {
                Ok(one) => ready.push(one),
                Err(fault) => faults.push(fault),
            }
        }
        let plan = plan(&router_settings, &ready).unwrap_or_else(|more| {
            faults.extend(more);
            Plan::default()
        });
        if faults.iter().any(|fault| fault.severity == Severity::Error) {
            return Err(RouterFault::Config(faults));
        }
        for one in &ready {
            client = client.account(one.place.to_string(), one.account.clone());
        }
        if let Some(clock) = clock.clone() {
            client = client.clock(move || clock());
        }
        let client = client.build().map_err(|error| RouterFault::Transport(error.to_string()))?;
        let mut shops: HashMap<u64, Arc<KeyLive>> = HashMap::new();
        let mut vendors: HashMap<String, Arc<BudgetLive>> = HashMap::new();
        for (vendor, BudgetSettings { budget_limit, time_period }) in &router_settings.provider_budget_config
        {
            vendors.insert(vendor.clone(), Arc::new(BudgetLive::new(*budget_limit, time_period.as_ms())));
        }
        let deployments: Vec<Arc<Deployment>> = ready
            .into_iter()
            .map(|one| {
                let facts = one.facts(&facts);
                let key = shops.entry(facts.credential).or_default().clone();
                let budget = vendors.get(&*facts.provider).cloned();
                Arc::new(one.deployment(facts, key, budget, &router_settings, &client))
            })
            .collect();
        let warnings = plan.warnings().iter().cloned().chain(without_effect(&router_settings)).collect();
        let groups = groups(plan, router_settings, &deployments);
        let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let clock = clock.unwrap_or_else(|| Arc::new(system_time));
        Ok(Router {
            shared: Arc::new(Shared {
                groups,
                pins: Pins::new(REMEMBERED),
                clock,
                seed: AtomicU64::new(seed),
                warnings,
                copies: Gate::new(copies::MAX_PARALLEL, copies::MAX_WAITING),
                dropped_copies: AtomicU64::new(0),
                on_copy,
            }),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of routers that are given no other")]
fn system_time() -> UnixMs {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMs(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// An entry that has been read.
struct Ready {
    place: usize,
    group: Arc<str>,
    id: DeploymentId,
    entry: ModelEntry,
    vendor: String,
    model: String,
    account: Account,
    defaults: Map<String, Value>,
}

impl Ready {
    fn new(entry: ModelEntry, place: usize, path: &str, variables: &Variables) -> Result<Self, PlanFault> {
        let ModelEntry { model_name, litellm_params: params, model_info } = &entry;
        let at = |member: &str, what: String| PlanFault::error(format!("{path}.{member}"), what);
        if model_name.contains('*') {
            return Err(at("model_name", "patterns are the gateway's; expected one model".to_owned()));
        }
        let (vendor, model) = match (&params.custom_llm_provider, params.model.split_once('/')) {
            (Some(vendor), _) => (vendor.as_str(), params.model.as_str()),
            (None, Some((vendor, model))) if llm_providers::find(vendor).is_some() => (vendor, model),
            (None, _) => match llm_providers::bare_name_vendor(&params.model) {
                Some(vendor) => (vendor, params.model.as_str()),
                None => {
                    let what = format!("no vendor for `{}`: name it `vendor/model`", params.model);
                    return Err(at("litellm_params.model", what));
                }
            },
        };
        let provider = if params.mock_response.is_some() { "mock" } else { vendor };
        let provider = llm_providers::find(provider).ok_or_else(|| {
            at("litellm_params.model", format!("the vendor `{provider}` is not built in; see the features"))
        })?;
        let text = |member: &str, text: &str| match text.strip_prefix("os.environ/") {
            None => Ok(text.to_owned()),
            Some(name) => {
                variables(name).ok_or_else(|| at(member, format!("environment variable {name} is not set")))
            }
        };
        let mut account = Account::from_variables(provider.clone(), variables);
        if let Some(key) = &params.api_key {
            let key = text("litellm_params.api_key", key.expose())?;
            account.credential = Some(Credential::Key(Secret::new(key)));
        }
        if let Some(url) = &params.api_base {
            account.base_url = Some(text("litellm_params.api_base", url)?);
        }
        let mut defaults = Map::new();
        for (name, value) in &params.other {
            if provider.info().parameters.iter().any(|parameter| parameter.name == *name) {
                let value = match value {
                    Value::String(value) => text(&format!("litellm_params.{name}"), value)?,
                    other => other.to_string(),
                };
                account.parameters.set(name, value);
            } else {
                defaults.insert(name.clone(), value.clone());
            }
        }
        mock(&mut account, params.mock_response.as_ref())
            .map_err(|what| at("litellm_params.mock_response", what))?;
        let id = model_info.id.clone().unwrap_or_else(|| format!("{model_name}-{place}"));
        Ok(Self {
            place,
            group: model_name.as_str().into(),
            id: DeploymentId::new(id),
            vendor: vendor.to_owned(),
            model: model.to_owned(),
            account,
            defaults,
            entry,
        })
    }

    fn facts(&self, of: &FactsOf) -> Facts {
        let (params, info) = (&self.entry.litellm_params, &self.entry.model_info);
        let known = of(&self.vendor, &self.model);
        let femtos = |usd: f64| (usd * FEMTOS).round() as i64;
        let price = params.input_cost_per_token.map(|input| Price {
            input: femtos(input),
            cached: femtos(params.cache_read_input_token_cost.unwrap_or(input)),
            output: params.output_cost_per_token.map_or(0, femtos),
            request: 0,
        });
        Facts {
            group: self.group.clone(),
            provider: self.vendor.as_str().into(),
            model: self.model.as_str().into(),
            region: params.routing.region_name.as_deref().map(Arc::from).or(known.region),
            max_input_tokens: info.max_input_tokens.or(known.max_input_tokens),
            max_output_tokens: info.max_output_tokens.or(known.max_output_tokens),
            price: price.or(known.price),
            credential: self.credential(),
            ..known
        }
    }

    /// The same number for the same key of the same vendor; another for every deployment without a key.
    fn credential(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.vendor.hash(&mut hasher);
        match self.account.credential.as_ref().and_then(Credential::secret) {
            Some(secret) => secret.expose().hash(&mut hasher),
            None => self.id.hash(&mut hasher),
        }
        hasher.finish()
    }

    fn deployment(
        self,
        facts: Facts,
        key: Arc<KeyLive>,
        vendor_budget: Option<Arc<BudgetLive>>,
        router: &RouterSettings,
        client: &Client,
    ) -> Deployment {
        const DAY_MS: u64 = 86_400_000;
        let params = self.entry.litellm_params;
        let timeout = params.timeout.or(router.timeout);
        let stream_timeout = params.stream_timeout.or(router.stream_timeout).or(timeout);
        let parallel = params.routing.max_parallel_requests.or(router.default_max_parallel_requests);
        let own_budget = params.routing.max_budget.map(|limit| {
            let period = params.routing.budget_duration.map_or(DAY_MS, BudgetPeriod::as_ms);
            Arc::new(BudgetLive::new(limit, period))
        });
        Deployment {
            address: format!("{}/{}", self.place, self.model),
            prefill: self.account.provider.prefill(&self.model, self.account.base_url.as_deref()),
            whole: limited(client, timeout.map(Seconds::as_ms)),
            streamed: limited(client, stream_timeout.map(Seconds::as_ms)),
            gate: parallel.map(|most| Gate::new(most as usize, MAX_WAITING)),
            budgets: own_budget.into_iter().chain(vendor_budget).collect(),
            live: Arc::new(Live::new()),
            settings: params.routing,
            defaults: self.defaults,
            id: self.id,
            facts,
            key,
        }
    }
}

/// Lets the mock answer in process, where it is asked and has no address.
#[cfg(feature = "mock")]
fn mock(account: &mut Account, response: Option<&Value>) -> Result<(), String> {
    use llm_providers::mock::{MockService, Script};

    if account.provider.info().id != "mock" || account.base_url.is_some() {
        return Ok(());
    }
    let script = match response {
        None => None,
        Some(Value::String(text)) => Some(Script::from_mock_response(text)),
        Some(script) => {
            Some(Script::from_json(script.to_string().as_bytes()).map_err(|error| error.to_string())?)
        }
    };
    account.service = Some(Arc::new(MockService::new(script, Arc::new(|| 0))));
    Ok(())
}

/// There is no mock to answer.
#[cfg(not(feature = "mock"))]
fn mock(_: &mut Account, response: Option<&Value>) -> Result<(), String> {
    response.map_or(Ok(()), |_| Err("needs a build with the feature `mock`".to_owned()))
}

fn plan(settings: &RouterSettings, ready: &[Ready]) -> Result<Plan, Vec<PlanFault>> {
    let mut groups: Vec<(Arc<str>, Vec<&DeploymentSettings>)> = Vec::new();
    for one in ready {
        let own = &one.entry.litellm_params.routing;
        match groups.iter_mut().find(|(name, _)| *name == one.group) {
            Some((_, deployments)) => deployments.push(own),
            None => groups.push((one.group.clone(), vec![own])),
        }
    }
    let known = |name: &str| {
        let is_group =
            |name: &str| ready.iter().any(|one| *one.group == *name) || settings.members(name).is_some();
        let settings_of = || ready.iter().map(|one| &one.entry.litellm_params.routing);
        let is_mirror =
            || ready.iter().any(|one| one.id.as_str() == name) && gets_copies(settings, settings_of(), name);
        is_group(name)
            || is_mirror()
            || settings.model_group_alias.get(name).is_some_and(|alias| is_group(&alias.model))
    };
    Plan::new(settings, &groups, known)
}

/// Whether copies go to what has this name.
fn gets_copies<'a>(
    settings: &RouterSettings,
    mut deployments: impl Iterator<Item = &'a DeploymentSettings>,
    name: &str,
) -> bool {
    let of_group = || settings.mirrors.values().any(|mirror| mirror.to == name);
    deployments.any(|one| one.silent_model.as_deref() == Some(name)) || of_group()
}

fn groups(plan: Plan, settings: RouterSettings, deployments: &[Arc<Deployment>]) -> Groups {
    let mut members: HashMap<Arc<str>, Vec<Arc<Deployment>>> = HashMap::new();
    for deployment in deployments {
        members.entry(deployment.facts.group.clone()).or_default().push(deployment.clone());
    }
    for name in settings.joined() {
        let Some(models) = settings.members(&name) else { continue };
        let own = deployments.iter().filter(|one| models.iter().any(|model| **model == *one.facts.group));
        let own = own.cloned().collect();
        members.insert((&*name).into(), own);
    }
    let group = |(name, deployments): (Arc<str>, Vec<Arc<Deployment>>)| {
        let policy = plan.policy_for(&name);
        (name.clone(), Arc::new(Group { name, deployments, policy, live: GroupLive::new() }))
    };
    let alone = deployments
        .iter()
        .filter(|one| gets_copies(&settings, deployments.iter().map(|one| &one.settings), one.id.as_str()));
    let alone = alone.map(|one| group((one.id.as_str().into(), vec![one.clone()]))).collect();
    let by_name = members.into_iter().map(group).collect();
    Groups { by_name, alone, senses: Senses::new(&settings), plan, settings }
}

/// Settings that are read, and that only the gateway heeds.
fn without_effect(settings: &RouterSettings) -> Vec<PlanFault> {
    use PreCallCheck::{EncryptedContentAffinity, ResponsesApiDeploymentCheck};

    let checks = settings
        .optional_pre_call_checks
        .iter()
        .chain(settings.model_group_affinity_config.values().flatten());
    let mut of_responses =
        checks.filter(|check| matches!(check, EncryptedContentAffinity | ResponsesApiDeploymentCheck));
    let found =
        of_responses.next().map(|_| gateway_only("router_settings.optional_pre_call_checks".to_owned()));
    found.into_iter().collect()
}

fn gateway_only(path: String) -> PlanFault {
    let severity = Severity::Warning;
    PlanFault { severity, ..PlanFault::error(path, "has its effect in the gateway alone") }
}
