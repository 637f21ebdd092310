//! What a config comes down to: which deployments stand behind which name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use llm_pricing::{Dated, Prices};
use llm_router::{DeploymentId, DeploymentSettings, ModelAlias};
use serde_json::{Map, Value};

use super::address::shown;
use super::cache_point::CachePoint;
use super::diagnostic::Mark;
use super::model_list::{ClientCredential, ModelInfo};
use super::price_changes::OwnTerms;
use super::secret::SecretRef;
use super::vendors::{VendorError, Vendors};
use super::wildcard::{Pattern, substitute};

/// Which vendor serves a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VendorChoice {
    /// This one.
    Named(String),
    /// The one that the requested name names: `model: "*"`.
    ByRequest,
}

/// One deployment, with everything that it inherits.
#[derive(Clone)]
pub struct ResolvedDeployment {
    /// `model_info.id`, or made from the entry's content: the same in every process with the same config.
    pub id: DeploymentId,
    /// The group that it belongs to.
    pub model_name: String,
    /// Who serves it.
    pub vendor: VendorChoice,
    /// The model's name at the vendor; may hold `*`, see [`Route::upstream`].
    pub upstream_model: String,
    /// `api_base` as it was written; the vendor knows how to read it.
    pub api_base: Option<String>,
    /// The key: the entry's own, or the vendor's usual variable where that is set.
    pub api_key: Option<SecretRef>,
    /// `api_version`.
    pub api_version: Option<String>,
    /// `organization`.
    pub organization: Option<String>,
    /// Headers to add to each request.
    pub headers: Vec<(String, SecretRef)>,
    /// `extra_body`: members that go over those of the client.
    pub extra_body: Map<String, Value>,
    /// Vendor parameters: members that go under those of the client.
    pub params: Map<String, Value>,
    /// Prices that the entry sets, and from when.
    pub prices: Dated<Prices>,
    /// What the entry takes off them and puts on them, and from when.
    pub terms: Dated<OwnTerms>,
    /// The vendor's settings beside model, key and address.
    pub parameters: Vec<(String, SecretRef)>,
    /// Where the vendor serves it from, as far as the configuration says: places may have prices of their own.
    pub region: Option<String>,
    /// Milliseconds until a request is given up; `None` leaves it to the transport's own bound.
    pub timeout_ms: Option<u64>,
    /// The same for a streamed request.
    pub stream_timeout_ms: Option<u64>,
    /// Whether parameters that the vendor does not have are left out instead of refused.
    pub drop_params: bool,
    /// Whether conversations that the vendor would refuse are put right.
    pub modify_params: bool,
    /// Where marks of the prompt cache are put.
    pub cache_points: Vec<CachePoint>,
    /// Parameters that are always left out.
    pub additional_drop_params: Vec<String>,
    /// Parameters that are sent even though the vendor is not known to have them.
    pub allowed_openai_params: Vec<String>,
    /// What requests may bring along instead of key and address.
    pub client_credentials: Vec<ClientCredential>,
    /// The answer to give instead of asking the vendor.
    pub mock_response: Option<Value>,
    /// Whether to speak HTTP/2 with the vendor.
    pub http2: bool,
    /// What the router wants to know.
    pub routing: DeploymentSettings,
    /// `model_info`, with all that it says.
    pub model_info: ModelInfo,
    /// Whether a tenant says where it leads: it gets nothing that is the gateway's own.
    pub is_tenants: bool,
    /// Where the entry stands.
    pub origin: Mark,
    /// Why it cannot be used, if it cannot: a sentence for the client that asks for it.
    pub unusable: Option<String>,
    /// Changes when anything of the above changes but the place.
    pub(super) fingerprint: String,
}

impl fmt::Debug for ResolvedDeployment {
    /// Leaves out what may hold secrets in places that nobody expects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedDeployment")
            .field("id", &self.id)
            .field("model_name", &self.model_name)
            .field("vendor", &self.vendor)
            .field("upstream_model", &self.upstream_model)
            .field("api_base", &self.api_base.as_deref().map(shown))
            .field("api_key", &self.api_key)
            .field("unusable", &self.unusable)
            .finish_non_exhaustive()
    }
}

/// The deployments of one `model_name`.
#[derive(Debug, Clone)]
pub struct ModelGroup {
    /// The `model_name`; a pattern if it holds `*`.
    pub name: String,
    /// Its deployments in the order of the config, at least one.
    pub deployments: Vec<Arc<ResolvedDeployment>>,
}

/// All names, and what stands behind them.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    groups: IndexMap<String, ModelGroup>,
    /// The most specific first.
    wildcards: Vec<ModelGroup>,
    aliases: IndexMap<String, ModelAlias>,
    by_id: IndexMap<DeploymentId, (String, Arc<ResolvedDeployment>)>,
    vendors: Vendors,
}

impl Resolved {
    pub(super) fn new(
        deployments: Vec<ResolvedDeployment>,
        aliases: IndexMap<String, ModelAlias>,
        vendors: Vendors,
    ) -> Self {
        let mut all: IndexMap<String, ModelGroup> = IndexMap::new();
        let mut by_id = IndexMap::new();
        for deployment in deployments {
            let deployment = Arc::new(deployment);
            let name = deployment.model_name.clone();
            by_id.insert(deployment.id.clone(), (name.clone(), deployment.clone()));
            let group = || ModelGroup { name: name.clone(), deployments: Vec::new() };
            all.entry(name.clone()).or_insert_with(group).deployments.push(deployment);
        }
        let (wildcards, groups): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| name.contains('*'));
        let mut wildcards: Vec<ModelGroup> = wildcards.into_iter().map(|(_, group)| group).collect();
        wildcards.sort_by_key(|group| std::cmp::Reverse(Pattern::new(group.name.as_str()).specificity()));
        Self { groups: groups.into_iter().collect(), wildcards, aliases, by_id, vendors }
    }

    /// The groups whose names are no patterns.
    pub fn groups(&self) -> impl Iterator<Item = &ModelGroup> {
        self.groups.values()
    }

    /// The groups whose names are patterns, the most specific first.
    pub fn wildcards(&self) -> &[ModelGroup] {
        &self.wildcards
    }

    /// Further names, and the names that they lead to.
    pub fn aliases(&self) -> &IndexMap<String, ModelAlias> {
        &self.aliases
    }

    /// Every deployment.
    pub fn deployments(&self) -> impl Iterator<Item = &Arc<ResolvedDeployment>> {
        self.groups.values().chain(&self.wildcards).flat_map(|group| &group.deployments)
    }

    /// The names for a list of models: groups, and aliases that are not hidden.
    pub fn model_names(&self) -> impl Iterator<Item = &str> {
        let aliases = self.aliases.iter().filter(|(_, alias)| !alias.hidden).map(|(name, _)| name);
        self.groups.keys().chain(aliases).map(String::as_str)
    }

    /// Where a request for `model` goes: to the deployment with that id, else the group of that name, else
    /// where the alias leads, else the most specific pattern that matches.
    pub fn route<'a>(&'a self, model: &'a str) -> Option<Route<'a>> {
        self.route_among(model, |_| true)
    }

    /// The same for somebody to whom only some groups are there, as if there were no others.
    pub fn route_among<'a>(&'a self, model: &'a str, is_there: impl Fn(&str) -> bool) -> Option<Route<'a>> {
        let by_alias = || {
            let target = &self.aliases.get(model)?.model;
            self.direct(target, &is_there).or_else(|| self.by_pattern(target, &is_there))
        };
        self.direct(model, &is_there).or_else(by_alias).or_else(|| self.by_pattern(model, &is_there))
    }

    fn direct<'a>(&'a self, model: &'a str, is_there: &impl Fn(&str) -> bool) -> Option<Route<'a>> {
        if let Some(group) = self.groups.get(model).filter(|group| is_there(&group.name)) {
            return Some(Route {
                resolved: self,
                group: &group.name,
                deployments: &group.deployments,
                captures: vec![],
            });
        }
        let (group, deployment) = self.by_id.get(model).filter(|(group, _)| is_there(group))?;
        let deployments = std::slice::from_ref(deployment);
        Some(Route { resolved: self, group, deployments, captures: vec![] })
    }

    fn by_pattern<'a>(&'a self, model: &'a str, is_there: &impl Fn(&str) -> bool) -> Option<Route<'a>> {
        self.wildcards.iter().filter(|group| is_there(&group.name)).find_map(|group| {
            let captures = Pattern::new(group.name.as_str()).matches(model)?;
            Some(Route { resolved: self, group: &group.name, deployments: &group.deployments, captures })
        })
    }

    /// Where the vendor's key usually is, for deployments of [`VendorChoice::ByRequest`].
    pub fn default_key(&self, vendor: &str) -> Option<SecretRef> {
        self.vendors.key_env(vendor).map(SecretRef::env)
    }
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub struct Route<'a> {
    resolved: &'a Resolved,
    /// The `model_name` that the request is counted under.
    pub group: &'a str,
    /// Those who may serve it, at least one.
    pub deployments: &'a [Arc<ResolvedDeployment>],
    captures: Vec<&'a str>,
}

/// Whom to ask for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream<'d> {
    /// The vendor.
    pub vendor: Cow<'d, str>,
    /// The model's name there.
    pub model: Cow<'d, str>,
}

impl Route<'_> {
    /// Whom this request asks for what if it goes to `deployment`, which is one of this route.
    ///
    /// # Errors
    /// The requested name is to name the vendor, and names none.
    pub fn upstream<'d>(&self, deployment: &'d ResolvedDeployment) -> Result<Upstream<'d>, VendorError> {
        let model = substitute(&deployment.upstream_model, &self.captures);
        match &deployment.vendor {
            VendorChoice::Named(vendor) => Ok(Upstream { vendor: vendor.as_str().into(), model }),
            VendorChoice::ByRequest => {
                let (vendor, model) = self.resolved.vendors.split(&model, None)?;
                Ok(Upstream { vendor: vendor.to_owned().into(), model: model.to_owned().into() })
            }
        }
    }
}
