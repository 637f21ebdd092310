//! `llm_gateway.database`, and LiteLLM's keys for the same: where keys and tenants are kept.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use serde::Deserialize;

use super::environment::Environment;
use super::secret::SecretRef;

/// `llm_gateway.database`: where virtual keys, teams, users and all that is managed over the API are kept. It needs a
/// master key. Default: what `general_settings.database_url` or the variable `DATABASE_URL` says, else SQLite's file
/// `llm-gateway.db` in the data directory. All of it needs a restart.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// Whether there is one. Default: true, where there is a master key.
    pub enabled: bool,
    /// `postgresql://…`, `mysql://…`, `mariadb://…` or `sqlite:FILE`. Default: LiteLLM's key and variable.
    pub url: Option<SecretRef>,
    /// The folder of SQLite's file, made when it is not there. Default: the variable `LLM_GATEWAY_DATA_DIR`, else
    /// `llm-gateway` in `XDG_DATA_HOME` or `~/.local/share`.
    pub data_dir: Option<PathBuf>,
    /// Connections at most. Default: 10.
    pub max_connections: NonZeroU32,
    /// Milliseconds to wait for a connection. Default: 2000.
    pub connect_timeout_ms: NonZeroU64,
    /// Milliseconds that one call may take in all. Default: 5000.
    pub query_timeout_ms: NonZeroU64,
    /// Whether the schema is brought up to date at start. If not, one that is not is refused. Default: true.
    pub migrate: bool,
    /// Keys under which the credentials of vendors are sealed: the first seals, all open. At least 16 bytes each.
    /// Default: what the variables `LLM_GATEWAY_ENCRYPTION_KEY` or `LITELLM_SALT_KEY` say, separated by commas, else one
    /// made of the master key.
    pub encryption_keys: Vec<SecretRef>,
    /// Virtual keys that are kept in memory at most. Default: 50000.
    pub cached_keys: NonZeroUsize,
    /// Whether the place was chosen by nobody, so that the gateway goes on without when it cannot be had.
    #[serde(skip)]
    pub is_implicit: bool,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        let number = |number| NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
        Self {
            enabled: true,
            url: None,
            data_dir: None,
            max_connections: NonZeroU32::new(10).unwrap_or(NonZeroU32::MIN),
            connect_timeout_ms: number(2_000),
            query_timeout_ms: number(5_000),
            migrate: true,
            encryption_keys: Vec::new(),
            cached_keys: NonZeroUsize::new(50_000).unwrap_or(NonZeroUsize::MIN),
            is_implicit: false,
        }
    }
}

impl DatabaseSettings {
    /// The same with what LiteLLM's keys and the environment say; `None` if there is no database.
    pub(super) fn complete(
        mut self,
        database_url: Option<SecretRef>,
        has_master_key: bool,
        environment: &Environment,
    ) -> Option<Self> {
        if !self.enabled || !has_master_key {
            return None;
        }
        let variable = |name: &str| environment.get(name).map(|value| value.expose().to_owned());
        self.url = self.url.or(database_url);
        if self.url.is_none() && self.data_dir.is_none() {
            self.url = variable("DATABASE_URL").map(|_| SecretRef::env("DATABASE_URL"));
        }
        if self.url.is_none() && self.data_dir.is_none() {
            let (folder, is_chosen) = data_dir(environment)?;
            self.data_dir = Some(folder);
            self.is_implicit = !is_chosen;
        }
        if self.encryption_keys.is_empty() {
            let names = ["LLM_GATEWAY_ENCRYPTION_KEY", "LITELLM_SALT_KEY"];
            let keys = names.into_iter().find_map(variable);
            let keys = keys.iter().flat_map(|keys| keys.split(',')).map(str::trim);
            self.encryption_keys =
                keys.filter(|key| !key.is_empty()).map(|key| SecretRef::expanded(key.to_owned())).collect();
        }
        Some(self)
    }
}

/// The folder of whatever is kept on this machine, where the configuration names none; whether somebody has chosen it.
pub(super) fn data_dir(environment: &Environment) -> Option<(PathBuf, bool)> {
    let variable = |name: &str| environment.get(name).map(|value| PathBuf::from(value.expose()));
    if let Some(chosen) = variable("LLM_GATEWAY_DATA_DIR") {
        return Some((chosen, true));
    }
    let home = || Some(variable("HOME")?.join(".local/share"));
    let folder = variable("XDG_DATA_HOME").or_else(home)?;
    Some((folder.join("llm-gateway"), false))
}
