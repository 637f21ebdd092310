//! From a tree to a [`Config`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use llm_router::{DeploymentSettings, ModelAlias, Plan, RouterSettings, Severity};
use sha2::{Digest, Sha256};

use super::diagnostic::{ConfigErrors, Diagnostics};
use super::environment::Environment;
use super::gateway_settings::GatewaySettings;
use super::ledger::WhenFull;
use super::litellm_settings::{GeneralSettings, LitellmSettings};
use super::named_redis::NamedRedises;
use super::names::{Level, nearest, suggestion};
use super::read::{Reader, unknown_key};
use super::resolve::{Resolved, ResolvedDeployment};
use super::secret::{Secret, SecretRef};
use super::settings::Settings;
use super::shared_state::RedisKeys;
use super::stored::StoredModel;
use super::tree::{Entry, Node, Value};
use super::vendors::Vendors;
use super::{Config, ConfigContext};
use models::Models;

mod auto_routers;
mod models;
mod prices;

/// The keys of a config file.
const TOP: &[&str] = &[
    "model_list",
    "router_settings",
    "litellm_settings",
    "general_settings",
    "environment_variables",
    "credential_list",
    "llm_gateway",
    "include",
];

/// Reads a whole tree. `hash` is over the text that it comes from.
pub(super) fn load(
    root: &Node,
    files: Vec<PathBuf>,
    hash: Sha256,
    context: &ConfigContext<'_>,
    mut diagnostics: Diagnostics,
) -> Result<Config, ConfigErrors> {
    for entry in root.entries().iter().filter(|entry| !TOP.contains(&entry.key.as_str())) {
        unknown_key(&mut diagnostics, entry, "", Level::Top, TOP);
    }
    let environment = environment(root, context, &mut diagnostics);
    let reader = Reader::new(&environment, diagnostics);
    let mut root = root.clone();
    let named = NamedRedises::take(&mut root, &environment, &reader);
    let root = &root;

    let ours: GatewaySettings = reader.read_or_default(root.get("llm_gateway"), "llm_gateway", Level::Ours);
    let general: GeneralSettings =
        reader.read_or_default(root.get("general_settings"), "general_settings", Level::GeneralSettings);
    let litellm: LitellmSettings =
        reader.read_or_default(root.get("litellm_settings"), "litellm_settings", Level::LitellmSettings);
    let (mut router, redis) = router_settings(root, &reader);
    litellm.hand_on(&mut router);
    let base = files.first().and_then(|file| file.parent()).unwrap_or(Path::new(".")).to_path_buf();
    let auto_routers = auto_routers::take(root, &mut router, &base, &reader);
    check_ranges(root, &ours, &general, &reader);
    for (section, others) in [
        ("default_internal_user_params", &litellm.default_internal_user_params.others),
        ("default_key_generate_params", &litellm.default_key_generate_params.others),
    ] {
        for name in others.keys() {
            let path = ["litellm_settings", section, name];
            let at = root.at_path(&path).map_or(&root.at, |node| &node.at);
            reader.warning(at, format!("{}: is not supported", path.join(".")));
        }
    }
    for unset in reader.take_unset() {
        reader.error(&unset.at, format!("{}: {}", unset.path, unset.why));
    }

    let vendors = Vendors::new(context.vendors, ours.providers.keys());
    let mut models = Models {
        reader: &reader,
        environment: &environment,
        vendors: &vendors,
        credentials: credentials(root, &reader),
        defaults: root.at_path(&["router_settings", "default_litellm_params"]),
        router: &router,
        litellm: &litellm,
        http2: ours.transport.http2,
        ids: HashMap::new(),
        tenants: context.models.iter().filter(|it| it.is_tenants).map(StoredModel::source).collect(),
    };
    let deployments = models.read_all(root);
    let aliases = router.model_group_alias.clone();
    let resolved = Resolved::new(deployments, aliases, vendors.clone());
    warn_of_dangling_aliases(root, &resolved, &reader);
    warn_of_idle_budgets(root, &router, &vendors, &reader);
    warn_of_idle_priorities(root, &litellm, &resolved, &reader);
    let plan = plan(root, &router, &resolved, &auto_routers, &reader);
    let database_url = general.database_url.clone();
    let mut settings = Settings::new(root, ours, general, &litellm, router);
    let has_master_key = settings.master_key.is_some();
    let database = settings.database.take();
    settings.database = database.and_then(|it| it.complete(database_url, has_master_key, &environment));
    let ledger = settings.ledger.take().zip(settings.database.as_ref());
    settings.ledger = ledger.map(|(ledger, database)| ledger.complete(database, &environment));
    let shared_state = settings.shared_state.take();
    settings.shared_state = shared_state.and_then(|settings| settings.complete(redis, named, &environment));

    let warnings = reader.into_diagnostics().finish()?;
    let hash = hex(&hash.finalize());
    Ok(Config { resolved, plan, settings, environment, warnings, files, hash })
}

/// `environment_variables` in front of the process's environment.
fn environment(root: &Node, context: &ConfigContext<'_>, diagnostics: &mut Diagnostics) -> Environment {
    let outer = Environment::new(context.lookup.clone());
    let mut environment = outer.clone();
    let Some(section) = root.get("environment_variables") else { return environment };
    if !matches!(section.value, Value::Map(_)) {
        diagnostics.error(&section.at, "environment_variables: expected a map of names and values");
    }
    for Entry { key, node, .. } in section.entries() {
        let value = match &node.value {
            Value::Null => continue,
            Value::Text(text) => match outer.expand(text) {
                Ok(text) => text.into_owned(),
                Err(name) => {
                    let what = format!("environment_variables.{key}: environment variable {name} is not set");
                    diagnostics.warning(&node.at, what);
                    continue;
                }
            },
            Value::Bool(_) | Value::Number(_) => node.to_json().to_string(),
            Value::List(_) | Value::Map(_) => {
                diagnostics.error(&node.at, format!("environment_variables.{key}: expected a text"));
                continue;
            }
        };
        environment.set(key.clone(), Secret::new(value));
    }
    environment
}

/// Reads all but `default_litellm_params`, which may hold secrets and is read where it is used. What is no business of
/// the router's is read apart.
fn router_settings(root: &Node, reader: &Reader<'_>) -> (RouterSettings, RedisKeys) {
    let only = |keep: &dyn Fn(&str) -> bool| {
        root.get("router_settings").map(|node| {
            let mut node = node.clone();
            if let Value::Map(entries) = &mut node.value {
                entries.retain(|entry| keep(&entry.key));
            }
            node
        })
    };
    let is_redis = |key: &str| RedisKeys::NAMES.contains(&key);
    let router = only(&|key| key != "default_litellm_params" && !is_redis(key));
    // Whatever is no map has been told of once.
    let redis = only(&is_redis).filter(|node| matches!(node.value, Value::Map(_)));
    (
        reader.read_or_default(router.as_ref(), "router_settings", Level::RouterSettings),
        reader.read_or_default(redis.as_ref(), "router_settings", Level::RouterSettings),
    )
}

/// What types cannot say.
fn check_ranges(root: &Node, ours: &GatewaySettings, general: &GeneralSettings, reader: &Reader<'_>) {
    let at = |keys: &[&str]| root.at_path(keys).map_or(&root.at, |node| &node.at);
    if !(1..=128).contains(&ours.server.max_json_depth) {
        let at = at(&["llm_gateway", "server", "max_json_depth"]);
        let found = ours.server.max_json_depth;
        reader.error(at, format!("llm_gateway.server.max_json_depth: expected 1 to 128, found {found}"));
    }
    if let Some((key, what)) = ours.shared_state.fault() {
        let at = at(&["llm_gateway", "shared_state", key]);
        reader.error(at, format!("llm_gateway.shared_state.{key}: {what}"));
    }
    if general.max_request_size_mb.is_some_and(|mb| mb.is_nan() || mb <= 0.0) {
        let at = at(&["general_settings", "max_request_size_mb"]);
        reader.error(at, "general_settings.max_request_size_mb: expected a number above zero");
    }
    let most = ours.health_checks.max_usd_per_day;
    if !most.is_finite() || most < 0.0 {
        let at = at(&["llm_gateway", "health_checks", "max_usd_per_day"]);
        reader.error(at, "llm_gateway.health_checks.max_usd_per_day: expected a number of dollars");
    }
    let is_status = |status: u16| (400..=599).contains(&status);
    if let Some(status) = ours.limits.budget_status.filter(|status| !is_status(*status)) {
        let at = at(&["llm_gateway", "limits", "budget_status"]);
        reader.error(at, format!("llm_gateway.limits.budget_status: expected 400 to 599, found {status}"));
    }
    if ours.ledger.when_full == WhenFull::Overflow && ours.ledger.overflow_dir.is_none() {
        let at = at(&["llm_gateway", "ledger", "when_full"]);
        reader.error(at, "llm_gateway.ledger.when_full: overflow needs `overflow_dir`");
    }
    if general.enable_jwt_auth {
        let at = at(&["general_settings", "litellm_jwtauth"]);
        for problem in general.litellm_jwtauth.problems() {
            reader.error(at, format!("general_settings.{problem}"));
        }
    }
    if let Some(system) = general.key_management_system
        && let Err(error) = general.key_management_settings.check(system)
    {
        let at = at(&["general_settings", "key_management_settings"]);
        reader.error(at, format!("general_settings.key_management_settings.{error}"));
    }
    if general.master_key.as_ref().is_some_and(SecretRef::is_empty) {
        let at = at(&["general_settings", "master_key"]);
        reader.error(at, "general_settings.master_key: is empty; leave it out to run without a key");
    }
}

/// `credential_list`, by name.
fn credentials<'n>(root: &'n Node, reader: &Reader<'_>) -> IndexMap<&'n str, &'n Node> {
    const KEYS: [&str; 3] = ["credential_name", "credential_values", "credential_info"];
    let mut credentials = IndexMap::new();
    for (index, node) in list(root, "credential_list", reader).iter().enumerate() {
        let path = format!("credential_list[{index}]");
        for entry in node.entries().iter().filter(|entry| !KEYS.contains(&entry.key.as_str())) {
            let hint = suggestion(nearest(&entry.key, KEYS));
            reader.error(&entry.at, format!("{path}: unknown key \"{}\"{hint}", entry.key));
        }
        match (node.get("credential_name").map(|name| &name.value), node.get("credential_values")) {
            (Some(Value::Text(name)), Some(values)) if matches!(values.value, Value::Map(_)) => {
                credentials.insert(name.as_str(), values);
            }
            (Some(Value::Text(_)), _) => {
                reader.error(&node.at, format!("{path}: \"credential_values\" is missing"));
            }
            _ => reader.error(&node.at, format!("{path}: \"credential_name\" is missing")),
        }
    }
    credentials
}

/// The entries of a list at the top of the file; none, and an error, if it is something else.
fn list<'n>(root: &'n Node, key: &str, reader: &Reader<'_>) -> &'n [Node] {
    match root.get(key) {
        None => &[],
        Some(Node { value: Value::List(nodes), .. }) => nodes,
        Some(node) => {
            reader.error(&node.at, format!("{key}: expected a list"));
            &[]
        }
    }
}

fn warn_of_dangling_aliases(root: &Node, resolved: &Resolved, reader: &Reader<'_>) {
    let Some(node) = root.at_path(&["router_settings", "model_group_alias"]) else { return };
    for (name, ModelAlias { model, .. }) in resolved.aliases() {
        let at = node.entry(name).map_or(&node.at, |entry| &entry.at);
        if resolved.route(model).is_none() {
            let hint = suggestion(nearest(model, resolved.groups().map(|group| group.name.as_str())));
            let what = format!("router_settings.model_group_alias: no model \"{model}\" in model_list{hint}");
            reader.warning(at, what);
        }
    }
}

/// Budgets of vendors that nobody knows bound nothing.
fn warn_of_idle_budgets(root: &Node, router: &RouterSettings, vendors: &Vendors, reader: &Reader<'_>) {
    for name in router.provider_budget_config.keys() {
        if vendors.names().all(|vendor| vendor != name) {
            let path = format!("router_settings.provider_budget_config.{name}");
            let hint = suggestion(nearest(name, vendors.names()));
            let what = format!("{path}: no vendor has this name, so nothing is paid from this budget{hint}");
            reader.warning(&root.nearest(&path).at, what);
        }
    }
}

/// Of models that take as much as one likes nothing can be reserved.
fn warn_of_idle_priorities(root: &Node, litellm: &LitellmSettings, resolved: &Resolved, reader: &Reader<'_>) {
    const PATH: &str = "litellm_settings.priority_reservation";
    let is_free = |it: &Arc<ResolvedDeployment>| it.routing.rpm.or(it.routing.tpm).is_none();
    let mut deployments = resolved.deployments().peekable();
    if !litellm.priority_reservation.is_empty() && deployments.peek().is_some() && deployments.all(is_free) {
        let what = format!("{PATH}: no model has `rpm` or `tpm`, so nothing is reserved");
        reader.warning(&root.nearest(PATH).at, what);
    }
}

/// How requests are routed. What is wrong with it is told with its place.
fn plan(
    root: &Node,
    router: &RouterSettings,
    resolved: &Resolved,
    auto_routers: &auto_routers::Places,
    reader: &Reader<'_>,
) -> Plan {
    let groups: Vec<(Arc<str>, Vec<&DeploymentSettings>)> = resolved
        .groups()
        .chain(resolved.wildcards())
        .map(|group| {
            let settings = group.deployments.iter().map(|deployment| &deployment.routing).collect();
            (group.name.as_str().into(), settings)
        })
        .collect();
    let known = |name: &str| resolved.route(name).is_some() || router.members(name).is_some();
    let planned = Plan::new(router, &groups, known);
    let faults = match &planned {
        Ok(plan) => plan.warnings(),
        Err(faults) => faults,
    };
    for fault in faults {
        let auto_router = auto_routers.iter().find_map(|(name, (path, at))| {
            let rest =
                fault.path.strip_prefix("router_settings.virtual_models.")?.strip_prefix(name.as_str())?;
            (rest.is_empty() || rest.starts_with('.')).then(|| (format!("{path}{rest}"), at))
        });
        let (path, at) = auto_router.unwrap_or_else(|| (fault.path.clone(), &root.nearest(&fault.path).at));
        let names = resolved.groups().map(|group| group.name.as_str());
        let hint = suggestion(fault.unknown.as_deref().and_then(|unknown| nearest(unknown, names)));
        let what = format!("{path}: {}{hint}", fault.message);
        match fault.severity {
            Severity::Error => reader.error(at, what),
            Severity::Warning => reader.warning(at, what),
        }
    }
    planned.unwrap_or_else(|_| Plan::default())
}

/// The bytes as text.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
