//! From entries of `model_list` to deployments.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use llm_router::{DeploymentId, DeploymentSettings, RouterSettings, Seconds};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};

use super::super::address::{is_address, shown};
use super::super::diagnostic::Mark;
use super::super::environment::Environment;
use super::super::health::HealthCheckInfo;
use super::super::litellm_settings::LitellmSettings;
use super::super::model_list::{LitellmParams, ModelInfo};
use super::super::names::{Level, nearest, suggestion};
use super::super::read::{Reader, fields_of};
use super::super::resolve::{ResolvedDeployment, VendorChoice};
use super::super::secret::SecretRef;
use super::super::tree::{Entry, Node, Value};
use super::super::vendors::{VendorError, Vendors};
use super::{auto_routers, hex, list, prices};

/// The keys of an entry.
const ENTRY: &[&str] = &["model_name", "litellm_params", "model_info"];

/// Settings that name the place from which a vendor serves.
const REGIONS: [&str; 2] = ["aws_region_name", "vertex_location"];

/// Reads `model_list`.
pub(super) struct Models<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) environment: &'a Environment,
    pub(super) vendors: &'a Vendors,
    pub(super) credentials: IndexMap<&'a str, &'a Node>,
    pub(super) defaults: Option<&'a Node>,
    pub(super) router: &'a RouterSettings,
    pub(super) litellm: &'a LitellmSettings,
    pub(super) http2: bool,
    pub(super) ids: HashMap<String, Mark>,
    /// The places of models of which tenants say where they lead.
    pub(super) tenants: HashSet<String>,
}

impl Models<'_> {
    pub(super) fn read_all(&mut self, root: &Node) -> Vec<ResolvedDeployment> {
        let nodes = list(root, "model_list", self.reader);
        let entries = nodes.iter().enumerate().filter(|(_, node)| !auto_routers::is_one(node));
        let each =
            entries.flat_map(|(index, node)| of_organizations(node).into_iter().map(move |it| (index, it)));
        each.filter_map(|(index, node)| self.entry(&node, &format!("model_list[{index}]"))).collect()
    }

    /// One deployment; `None` if its faults leave nothing to go by.
    fn entry(&mut self, node: &Node, path: &str) -> Option<ResolvedDeployment> {
        if !matches!(node.value, Value::Map(_)) {
            self.reader.error(&node.at, format!("{path}: expected a map with model_name and litellm_params"));
            return None;
        }
        for entry in node.entries().iter().filter(|entry| !ENTRY.contains(&entry.key.as_str())) {
            let elsewhere = fields_of::<LitellmParams>().iter().chain(fields_of::<DeploymentSettings>());
            let hint = match nearest(&entry.key, ENTRY.iter().copied()) {
                None if elsewhere.copied().any(|name| name == entry.key) => {
                    ", it belongs under \"litellm_params\"".to_owned()
                }
                nearest => suggestion(nearest),
            };
            self.reader.error(&entry.at, format!("{path}: unknown key \"{}\"{hint}", entry.key));
        }
        let model_name = self.required(node, "model_name", path);
        let params = self.required(node, "litellm_params", path).cloned();
        let model_name: String = self.reader.read(model_name?, &format!("{path}.model_name"), Level::Ours)?;
        let info = node.get("model_info").cloned();
        self.deployment(model_name, params?, info.as_ref(), &node.at, path)
    }

    fn required<'n>(&self, node: &'n Node, key: &str, path: &str) -> Option<&'n Node> {
        let found = node.get(key);
        if found.is_none() {
            self.reader.error(&node.at, format!("{path}: \"{key}\" is missing"));
        }
        found
    }

    fn deployment(
        &mut self,
        model_name: String,
        mut params: Node,
        info: Option<&Node>,
        origin: &Mark,
        path: &str,
    ) -> Option<ResolvedDeployment> {
        let params_path = format!("{path}.litellm_params");
        if !matches!(params.value, Value::Map(_)) {
            self.reader.error(&params.at, format!("{params_path}: expected a map of keys such as model"));
            return None;
        }
        let is_tenants = self.tenants.contains(&*origin.file);
        self.fill_in(&mut params, &params_path, is_tenants);
        // A deployment whose price changes stays the same deployment.
        let (own_prices, params) = of_prices(params);
        let content = json!([model_name, params.to_json()]);
        let info_json = info.map(Node::to_json);

        let (own, rest) = split(params, fields_of::<LitellmParams>());
        let (routing, rest) = split(rest, fields_of::<DeploymentSettings>());
        let own_at = own.at.clone();
        let upstream_at = own.get("model").map_or(own_at.clone(), |node| node.at.clone());
        let base_at = own.get("api_base").map_or(own_at, |node| node.at.clone());
        let mut own: LitellmParams = self.reader.read(&own, &params_path, Level::Ours)?;
        self.leave_out_headers(&mut own, origin, &params_path);
        own.api_base = own.api_base.filter(|base| !base.trim().is_empty());
        let routing = self.reader.read_or_default(Some(&routing), &params_path, Level::Ours);
        let model_info = self.model_info(info.cloned(), &format!("{path}.model_info"));

        let mut problems: Vec<String> = Vec::new();
        if let Some(base) = own.api_base.as_deref().filter(|base| !is_address(base)) {
            let why = format!("\"{}\" is no address such as https://host/v1", shown(base));
            let what = format!("{params_path}.api_base: {why}; this deployment cannot be used");
            self.reader.warning(&base_at, what);
            problems.push(why);
        }
        if own.model.contains('*') && !model_name.contains('*') {
            let what = format!("{params_path}.model: holds \"*\", but model_name does not");
            self.reader.error(&upstream_at, what);
        }
        let Some((vendor, upstream_model)) = self.vendor(&own, &upstream_at, &params_path, &mut problems)
        else {
            self.tell_unset(&mut problems);
            return None;
        };
        let (parameters, rest) = self.parameters(&vendor, rest, &params_path);
        let region = self.region(&vendor, &parameters);
        let mut price_entries: Vec<&Entry> = info.into_iter().flat_map(Node::entries).collect();
        price_entries.retain(|entry| prices::is_price(&entry.key));
        price_entries.extend(own_prices.entries());
        let (prices, terms) = prices::read(self.reader, &price_entries, path);
        let params = self.vendor_params(&rest, &params_path);
        // Everything of the entry has been read now.
        self.tell_unset(&mut problems);
        let api_key = own.api_key.filter(|key| !key.is_empty());
        let is_mock = own.mock_response.is_some();
        let api_key = api_key.or_else(|| {
            if is_tenants {
                problems.push("a tenant's model needs an api_key of its own".to_owned());
                return None;
            }
            self.usual_key(&vendor, own.api_base.is_some() || is_mock, origin, path, &mut problems)
        });

        let base_timeout = own.timeout.or(self.router.timeout).or(self.litellm.request_timeout);
        let stream_timeout = own.stream_timeout.or(self.router.stream_timeout).or(base_timeout);
        let timeout_ms = base_timeout.map(Seconds::as_ms);
        let stream_timeout_ms = stream_timeout.map(Seconds::as_ms);
        let drop_params = own.drop_params.unwrap_or(self.litellm.drop_params);
        let modify_params = own.modify_params.unwrap_or(self.litellm.modify_params);
        let http2 = own.http2.unwrap_or(self.http2);
        let unusable = (!problems.is_empty()).then(|| problems.join("; "));
        let inherited = json!([
            timeout_ms,
            stream_timeout_ms,
            drop_params,
            modify_params,
            http2,
            unusable,
            info_json,
            own_prices.to_json(),
            is_tenants
        ]);
        let fingerprint = digest(&[&content, &inherited]);
        let id = self.id(model_info.id.clone(), &digest(&[&content]), origin);
        Some(ResolvedDeployment {
            id,
            model_name,
            vendor,
            upstream_model,
            api_base: own.api_base,
            api_key,
            api_version: own.api_version,
            organization: own.organization,
            headers: own.extra_headers.into_iter().collect(),
            extra_body: own.extra_body,
            params,
            prices,
            terms,
            parameters,
            region,
            timeout_ms,
            stream_timeout_ms,
            drop_params,
            modify_params,
            cache_points: own.cache_control_injection_points,
            additional_drop_params: own.additional_drop_params,
            allowed_openai_params: own.allowed_openai_params,
            client_credentials: own.configurable_clientside_auth_params,
            mock_response: own.mock_response,
            http2,
            routing,
            model_info,
            is_tenants,
            origin: origin.clone(),
            unusable,
            fingerprint,
        })
    }

    /// Adds what the named credential and the router's defaults say.
    fn fill_in(&self, params: &mut Node, path: &str, is_tenants: bool) {
        if let Some(Node { at, value: Value::Text(name) }) = params.get("litellm_credential_name").cloned() {
            match self.credentials.get(name.as_str()) {
                Some(values) => params.fill_from(values),
                None => {
                    let hint = suggestion(nearest(&name, self.credentials.keys().copied()));
                    let what =
                        format!("{path}.litellm_credential_name: no \"{name}\" in credential_list{hint}");
                    self.reader.error(&at, what);
                }
            }
        }
        // Keys may be among them.
        if let Some(defaults) = self.defaults.filter(|_| !is_tenants) {
            params.fill_from(defaults);
        }
    }

    /// Tells of variables that the entry names and that are not set.
    fn tell_unset(&self, problems: &mut Vec<String>) {
        for unset in self.reader.take_unset() {
            let what = format!("{}: {}; this deployment cannot be used", unset.path, unset.why);
            self.reader.warning(&unset.at, what);
            problems.push(unset.why);
        }
    }

    /// The vendor's settings, and what is left.
    fn parameters(&self, vendor: &VendorChoice, rest: Node, path: &str) -> (Vec<(String, SecretRef)>, Node) {
        let VendorChoice::Named(vendor) = vendor else { return (Vec::new(), rest) };
        let at = rest.at.clone();
        let Value::Map(entries) = rest.value else { return (Vec::new(), rest) };
        let (own, rest): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| self.vendors.has_parameter(vendor, &entry.key));
        let read = |entry: &Entry| {
            let path = format!("{path}.{}", entry.key);
            let value: serde_json::Value = self.reader.read(&entry.node, &path, Level::Ours)?;
            let text = match value {
                serde_json::Value::Null => return None,
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            Some((entry.key.clone(), SecretRef::expanded(text)))
        };
        (own.iter().filter_map(read).collect(), Node { at, value: Value::Map(rest) })
    }

    /// Where the vendor serves from: what the entry says, else a variable of that setting.
    fn region(&self, vendor: &VendorChoice, parameters: &[(String, SecretRef)]) -> Option<String> {
        let VendorChoice::Named(vendor) = vendor else { return None };
        REGIONS.iter().find_map(|name| {
            let own = parameters.iter().find(|(own, _)| own == name);
            let text = match own {
                Some((_, reference)) => reference.literal()?.expose().to_owned(),
                None => {
                    let variables = self.vendors.variables(vendor, name);
                    variables.iter().find_map(|name| self.environment.get(name))?.expose().to_owned()
                }
            };
            Some(text).filter(|text| !text.is_empty())
        })
    }

    /// What goes to the vendor as it is; LiteLLM's own keys do not.
    fn vendor_params(&self, rest: &Node, path: &str) -> Map<String, serde_json::Value> {
        let ours: Vec<&'static str> =
            fields_of::<LitellmParams>().iter().chain(fields_of::<DeploymentSettings>()).copied().collect();
        let mut params = Map::new();
        for entry in rest.entries() {
            self.reader.unknown(entry, path, Level::LitellmParams, &ours);
            if Level::LitellmParams.is_lacking(&entry.key) {
                continue;
            }
            let read = self.reader.read(&entry.node, &format!("{path}.{}", entry.key), Level::Ours);
            params.extend(read.map(|value| (entry.key.clone(), value)));
        }
        params
    }

    fn model_info(&self, node: Option<Node>, path: &str) -> ModelInfo {
        let Some(node) = node else { return ModelInfo::default() };
        if !matches!(node.value, Value::Map(_)) {
            self.reader.error(&node.at, format!("{path}: expected a map of keys"));
            return ModelInfo::default();
        }
        let (own, rest) = split(node, fields_of::<ModelInfo>());
        let (health, rest) = split(rest, fields_of::<HealthCheckInfo>());
        let mut info: ModelInfo = self.reader.read_or_default(Some(&own), path, Level::Ours);
        info.health = self.reader.read_or_default(Some(&health), path, Level::Ours);
        let known: Vec<&'static str> =
            fields_of::<ModelInfo>().iter().chain(fields_of::<HealthCheckInfo>()).copied().collect();
        for entry in rest.entries() {
            self.reader.unknown(entry, path, Level::ModelInfo, &known);
            info.extra.insert(entry.key.clone(), entry.node.to_json());
        }
        info
    }

    /// Leaves out what no vendor can be sent, and tells of it: LiteLLM starts with such a file.
    fn leave_out_headers(&self, own: &mut LitellmParams, origin: &Mark, path: &str) {
        // RFC 9110, 5.6.2: a name is a token.
        let in_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        own.extra_headers.retain(|name, _| {
            let is_name = !name.is_empty() && name.chars().all(in_token);
            if !is_name {
                let what = format!("{path}.extra_headers: \"{name}\" is no name of a header; it is not sent");
                self.reader.warning(origin, what);
            }
            is_name
        });
    }

    fn vendor(
        &self,
        own: &LitellmParams,
        at: &Mark,
        path: &str,
        problems: &mut Vec<String>,
    ) -> Option<(VendorChoice, String)> {
        // That its variable is not set is told, and nothing can be said of a vendor.
        let is_unset = SecretRef::parse(&own.model).variables().next().is_some();
        if (own.model == "*" && own.custom_llm_provider.is_none()) || is_unset {
            return Some((VendorChoice::ByRequest, own.model.clone()));
        }
        match self.vendors.split(&own.model, own.custom_llm_provider.as_deref()) {
            Ok((vendor, model)) => Some((VendorChoice::Named(vendor.to_owned()), model.to_owned())),
            Err(error @ VendorError::Lacking { .. }) => {
                self.reader.warning(at, format!("{path}.model: {error}; this deployment cannot be used"));
                problems.push(error.to_string());
                let model = own.model.split_once('/').map_or(own.model.as_str(), |(_, model)| model);
                let VendorError::Lacking { vendor } = error else { return None };
                Some((VendorChoice::Named(vendor), model.to_owned()))
            }
            Err(error) => {
                self.reader.error(at, format!("{path}.model: {error}"));
                None
            }
        }
    }

    /// The vendor's usual variable. That it is not set matters only at the vendor's own address.
    fn usual_key(
        &self,
        vendor: &VendorChoice,
        elsewhere: bool,
        origin: &Mark,
        path: &str,
        problems: &mut Vec<String>,
    ) -> Option<SecretRef> {
        let VendorChoice::Named(vendor) = vendor else { return None };
        let name = self.vendors.key_env(vendor)?;
        if self.environment.get(name).is_some() {
            return Some(SecretRef::env(name));
        }
        if !elsewhere && !self.vendors.key_optional(vendor) {
            let why = format!("no api_key, and environment variable {name} is not set");
            self.reader.warning(origin, format!("{path}: {why}; this deployment cannot be used"));
            problems.push(why);
        }
        None
    }

    fn id(&mut self, explicit: Option<String>, digest: &str, origin: &Mark) -> DeploymentId {
        if let Some(id) = explicit {
            if let Some(first) = self.ids.get(&id) {
                self.reader
                    .error(origin, format!("model_info.id \"{id}\" is taken by the deployment at {first}"));
            }
            self.ids.insert(id.clone(), origin.clone());
            return DeploymentId::new(id);
        }
        let base = &digest[..16];
        let mut id = base.to_owned();
        let mut copies = 1;
        while let Some(first) = self.ids.get(&id) {
            if copies == 1 {
                self.reader.warning(origin, format!("the same deployment stands at {first} as well"));
            }
            copies += 1;
            id = format!("{base}-{copies}");
        }
        self.ids.insert(id.clone(), origin.clone());
        DeploymentId::new(id)
    }
}

/// An entry for each of the organisations that one names in a list: each is a deployment of its own.
fn of_organizations(node: &Node) -> Vec<Node> {
    let params = node.get("litellm_params");
    let Some(Value::List(all)) = params.and_then(|params| params.get("organization")).map(|it| &it.value)
    else {
        return vec![node.clone()];
    };
    let with = |organization: &Node| {
        let mut node = node.clone();
        if let Some(place) = node.get_mut("litellm_params").and_then(|params| params.get_mut("organization"))
        {
            *place = organization.clone();
        }
        node
    };
    all.iter().map(with).collect()
}

/// The entries with these keys, and the others.
fn split(node: Node, keys: &[&str]) -> (Node, Node) {
    let Value::Map(entries) = node.value else {
        let empty = Node { at: node.at.clone(), value: Value::Map(Vec::new()) };
        return (node, empty);
    };
    let (own, rest) = entries.into_iter().partition(|entry: &Entry| keys.contains(&entry.key.as_str()));
    (Node { at: node.at.clone(), value: Value::Map(own) }, Node { at: node.at, value: Value::Map(rest) })
}

/// The entries that set prices, and the others.
fn of_prices(node: Node) -> (Node, Node) {
    let Value::Map(entries) = node.value else {
        let empty = Node { at: node.at.clone(), value: Value::Map(Vec::new()) };
        return (empty, node);
    };
    let (own, rest) = entries.into_iter().partition(|entry: &Entry| prices::is_price(&entry.key));
    (Node { at: node.at.clone(), value: Value::Map(own) }, Node { at: node.at, value: Value::Map(rest) })
}

/// The same for the same content, whatever the order of its keys.
fn digest(parts: &[&serde_json::Value]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        let mut part = (*part).clone();
        part.sort_all_objects();
        hash.update(part.to_string().as_bytes());
    }
    hex(&hash.finalize())
}
