//! A Redis that other sections of LiteLLM's name: `general_settings.coordination_redis`, and `litellm_settings.cache_params`
//! where LiteLLM keeps answers in Redis, for there it counts limits in the same one.

use std::borrow::Cow;

use super::environment::Environment;
use super::read::Reader;
use super::secret::SecretRef;
use super::tree::{Node, Value};

/// Where a Redis is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NamedRedis {
    /// Addresses; of several, each is a node of one cluster.
    pub(super) urls: Vec<SecretRef>,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretRef>,
    pub(super) db: Option<i64>,
}

/// What both sections name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NamedRedises {
    /// Counts before `router_settings`.
    pub(super) coordination: Option<NamedRedis>,
    /// Counts after it.
    pub(super) cache: Option<NamedRedis>,
}

/// Keys that are read, with and without what LiteLLM puts in front of them in some places.
const READ: &[&str] = &["url", "host", "port", "username", "password", "db", "ssl", "startup_nodes"];

impl NamedRedises {
    /// Reads both, and takes them out of `root`'s sections: what is said of them is said here.
    pub(super) fn take(root: &mut Node, environment: &Environment, reader: &Reader<'_>) -> Self {
        let is_on = |node: Option<&Node>| matches!(node.map(|node| &node.value), Some(Value::Bool(true)));
        let caches = is_on(root.at_path(&["litellm_settings", "cache"]));
        let in_redis = |node: &Node| {
            let kind = node.get("type").map(|node| &node.value);
            caches && matches!(kind, Some(Value::Text(kind)) if kind == "redis" || kind == "redis-semantic")
        };
        let general = ("general_settings", "coordination_redis");
        let coordination = read(root, general, environment, reader, |_| true);
        if coordination.is_some() {
            remove(root, general);
        }
        let litellm = ("litellm_settings", "cache_params");
        let cache = read(root, litellm, environment, reader, in_redis);
        if let Some(node) = root.at_path(&[litellm.0, litellm.1]).filter(|_| cache.is_some()) {
            let what = "litellm_settings.cache_params: its Redis is where gateways share what they know; \
                answers are not kept in this version";
            reader.warning(&node.at, what);
            remove(root, litellm);
        }
        Self { coordination, cache }
    }
}

fn remove(root: &mut Node, (section, key): (&str, &str)) {
    if let Some(Value::Map(entries)) = root.get_mut(section).map(|node| &mut node.value) {
        entries.retain(|entry| entry.key != key);
    }
}

/// One section, if it holds an address all of whose variables are set.
fn read(
    root: &Node,
    (section, key): (&str, &str),
    environment: &Environment,
    reader: &Reader<'_>,
    counts: impl Fn(&Node) -> bool,
) -> Option<NamedRedis> {
    let node = root.at_path(&[section, key]).filter(|node| counts(node))?;
    let path = format!("{section}.{key}");
    let get = |name: &str| node.get(name).or_else(|| node.get(&format!("redis_{name}")));
    let unset = READ.iter().filter_map(|name| {
        let node = get(name)?;
        let Value::Text(text) = &node.value else { return None };
        environment.expand(text).err().map(|variable| (node, name, variable))
    });
    if let Some((node, name, variable)) = unset.into_iter().next() {
        let why =
            format!("{path}.{name}: environment variable {variable} is not set; this Redis is not used");
        reader.warning(&node.at, why);
        return None;
    }
    let text = |node: &Node| match &node.value {
        Value::Text(text) => environment.expand(text).ok().map(Cow::into_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let secret = |name: &str| match &get(name)?.value {
        Value::Text(secret) if !secret.is_empty() => Some(SecretRef::parse(secret)),
        Value::Number(number) => Some(SecretRef::parse(&number.to_string())),
        _ => None,
    };
    let ssl = get("ssl").is_some_and(|node| {
        matches!(node.value, Value::Bool(true))
            || text(node).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    });
    let url = |node: &Node, host: &str, port: &str| {
        let host = node.get(host).and_then(text).filter(|host| !host.is_empty())?;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let port = node.get(port).and_then(text).unwrap_or_else(|| "6379".to_owned());
        Some(SecretRef::parse(&format!("{}://{host}:{port}", if ssl { "rediss" } else { "redis" })))
    };
    let nodes = match get("startup_nodes").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.iter().filter_map(|node| url(node, "host", "port")).collect(),
        _ => Vec::new(),
    };
    let one = || {
        secret("url").or_else(|| url(node, "host", "port")).or_else(|| url(node, "redis_host", "redis_port"))
    };
    // Beside a host, LiteLLM takes the usual password.
    let usual = || {
        let is_set = secret("url").is_none() && environment.get("REDIS_PASSWORD").is_some();
        is_set.then(|| SecretRef::env("REDIS_PASSWORD"))
    };
    let urls: Vec<_> = if nodes.is_empty() { one().into_iter().collect() } else { nodes };
    if urls.is_empty() {
        return None;
    }
    Some(NamedRedis {
        urls,
        username: get("username").and_then(text),
        password: secret("password").or_else(usual),
        db: get("db").and_then(text).and_then(|db| db.trim().parse().ok()),
    })
}
