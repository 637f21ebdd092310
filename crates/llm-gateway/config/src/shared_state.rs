//! `llm_gateway.shared_state`, and LiteLLM's keys for the same: the Redis in which gateways share what they know.

use std::num::NonZeroU64;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::named_redis::{NamedRedis, NamedRedises};
use super::secret::SecretRef;

/// `llm_gateway.shared_state`: a Redis in which several gateways with one configuration share what they know of their
/// deployments. Default: that of `general_settings.coordination_redis`, of `router_settings.redis_url` or `redis_host`, of
/// `litellm_settings.cache_params`, else of the variables `REDIS_URL` or `REDIS_HOST`, else none. All of it needs a restart.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SharedStateSettings {
    /// Whether state is shared, if there is an address. Default: true.
    pub enabled: bool,
    /// `redis://user:password@host:port/db`, or `rediss://` for TLS. Default: LiteLLM's keys and variables.
    pub url: Option<SecretRef>,
    /// The same for some nodes of a cluster, or for sentinels. Default: none.
    pub urls: Vec<SecretRef>,
    /// What is at these addresses. Default: `single`.
    pub kind: RedisKind,
    /// The name by which sentinels know the Redis. Default: `mymaster`.
    pub service: Option<String>,
    /// The user; behind sentinels that of the Redis, theirs stands in the URLs. Default: what the URL says.
    pub username: Option<String>,
    /// The password, likewise. Default: what the URL says.
    pub password: Option<SecretRef>,
    /// The number of the database; a cluster has one only. Default: what the URL says, else 0.
    pub db: Option<i64>,
    /// Certificates of authorities to trust instead of the system's, as PEM; relative to this file. Default: none.
    pub ca_file: Option<PathBuf>,
    /// What all keys begin with. Gateways with the same one share. No braces. Default: `llm-gateway`.
    pub namespace: String,
    /// Milliseconds between two rounds in which news are exchanged, from 10 to 250. Default: 100.
    #[cfg_attr(feature = "schemars", schemars(range(min = 10, max = 250)))]
    pub interval_ms: u64,
    /// Milliseconds that a round may take; after that a gateway goes on by itself until Redis answers again.
    /// Default: 250.
    pub timeout_ms: NonZeroU64,
}

impl Default for SharedStateSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            url: None,
            urls: Vec::new(),
            kind: RedisKind::Single,
            service: None,
            username: None,
            password: None,
            db: None,
            ca_file: None,
            namespace: "llm-gateway".to_owned(),
            interval_ms: 100,
            timeout_ms: NonZeroU64::new(250).unwrap_or(NonZeroU64::MIN),
        }
    }
}

/// What is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RedisKind {
    /// One Redis.
    #[default]
    Single,
    /// Sentinels, which know where it is.
    Sentinel,
    /// Nodes of a cluster.
    Cluster,
}

/// LiteLLM's keys under `router_settings`: the Redis in which gateways share what they know.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RedisKeys {
    /// The Redis in which gateways share what they know, as `redis://user:password@host:port/db`; see
    /// `llm_gateway.shared_state`. Default: `redis_host`.
    pub redis_url: Option<SecretRef>,
    /// Its name or address, where there is no `redis_url`. Default: the variable `REDIS_HOST`.
    pub redis_host: Option<String>,
    /// Its port. Default: the variable `REDIS_PORT`, else 6379.
    pub redis_port: Option<u16>,
    /// Its password. Default: the variable `REDIS_PASSWORD`.
    pub redis_password: Option<SecretRef>,
    /// The number of the database. Default: the variable `REDIS_DB`, else 0.
    pub redis_db: Option<i64>,
}

impl RedisKeys {
    /// The keys of this section.
    pub(super) const NAMES: [&'static str; 5] =
        ["redis_url", "redis_host", "redis_port", "redis_password", "redis_db"];
}

impl SharedStateSettings {
    /// What is wrong with it, in words, and under which key.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if !(10..=250).contains(&self.interval_ms) {
            return Some(("interval_ms", "expected 10 to 250"));
        }
        if self.namespace.is_empty() || self.namespace.contains(['{', '}']) {
            return Some(("namespace", "expected a name without braces"));
        }
        None
    }

    /// The same with the addresses of LiteLLM's keys and of the environment; `None` if there is none.
    pub(super) fn complete(
        mut self,
        keys: RedisKeys,
        named: NamedRedises,
        environment: &Environment,
    ) -> Option<Self> {
        if !self.enabled {
            return None;
        }
        let variable = |name: &str| environment.get(name).map(|value| value.expose().to_owned());
        let number = |name: &str| variable(name).and_then(|text| text.trim().parse::<i64>().ok());
        if self.urls.is_empty() {
            self.urls.extend(self.url.take());
        }
        let has_keys = keys.redis_url.is_some() || keys.redis_host.is_some();
        let named = named.coordination.or(named.cache.filter(|_| !has_keys));
        if let Some(redis) = named.filter(|_| self.urls.is_empty()) {
            self.adopt(redis);
        }
        if self.urls.is_empty() {
            let url = keys.redis_url.or_else(|| {
                keys.redis_host
                    .is_none()
                    .then(|| variable("REDIS_URL"))
                    .flatten()
                    .map(|_| SecretRef::env("REDIS_URL"))
            });
            match url {
                Some(url) => self.urls.push(url),
                None => {
                    let host = keys.redis_host.or_else(|| variable("REDIS_HOST"))?;
                    let port =
                        keys.redis_port.map(i64::from).or_else(|| number("REDIS_PORT")).unwrap_or(6_379);
                    let ssl = variable("REDIS_SSL").is_some_and(|ssl| ssl.eq_ignore_ascii_case("true"));
                    let scheme = if ssl { "rediss" } else { "redis" };
                    let host = if host.contains(':') { format!("[{host}]") } else { host };
                    self.urls.push(SecretRef::parse(&format!("{scheme}://{host}:{port}")));
                    self.username = self.username.or_else(|| variable("REDIS_USERNAME"));
                    self.db = self.db.or(keys.redis_db).or_else(|| number("REDIS_DB"));
                    let usual = || variable("REDIS_PASSWORD").map(|_| SecretRef::env("REDIS_PASSWORD"));
                    self.password = self.password.or(keys.redis_password.clone()).or_else(usual);
                }
            }
            self.db = self.db.or(keys.redis_db);
            self.password = self.password.or(keys.redis_password);
        }
        Some(self)
    }

    /// Takes an address that another section names.
    fn adopt(&mut self, redis: NamedRedis) {
        if redis.urls.len() > 1 {
            self.kind = RedisKind::Cluster;
        }
        self.urls = redis.urls;
        self.username = self.username.take().or(redis.username);
        self.db = self.db.or(redis.db);
        self.password = self.password.take().or(redis.password);
    }

    /// The secrets that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        self.urls.iter().chain(&self.password)
    }
}
