//! One YAML file in LiteLLM's shape, and what it comes down to.
//!
//! A file is read into a tree whose values know their places (`tree`, `include`), then into typed sections
//! with all faults gathered (`read`), then into deployments with everything that they inherit (`load`,
//! [`Resolved`]). What comes out never changes; a running gateway swaps it whole ([`ConfigStore`]).
//!
//! A key that nobody knows is an error with the nearest right name; a key of LiteLLM that this version
//! lacks is a warning; an unknown key under `litellm_params` is a parameter for the vendor.
//!
//! ```
//! use std::sync::Arc;
//!
//! use llm_gateway_config::{Config, ConfigContext, Vendor};
//!
//! let vendors = [Vendor::new("openai", Some("OPENAI_API_KEY"))];
//! let lookup = |name: &str| (name == "OPENAI_API_KEY").then(|| "sk-test".to_owned());
//! let context = ConfigContext::new(&vendors, Arc::new(lookup));
//! let config = Config::parse(
//!     "config.yaml",
//!     "model_list: [{model_name: fast, litellm_params: {model: gpt-4o-mini}}]",
//!     &context,
//! )?;
//!
//! let route = config.resolved.route("fast").expect("it is in the list");
//! let upstream = route.upstream(&route.deployments[0])?;
//! assert_eq!((&*upstream.vendor, &*upstream.model), ("openai", "gpt-4o-mini"));
//!
//! let error = Config::parse("config.yaml", "modle_list: []", &context).unwrap_err();
//! assert_eq!(error.to_string(), r#"config.yaml:1:1: unknown key "modle_list", did you mean "model_list"?"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use llm_router::Plan;
use llm_types::UnixMs;
use sha2::{Digest, Sha256};

mod address;
mod cache_point;
mod check;
mod database;
mod diagnostic;
mod environment;
mod gateway_settings;
mod health;
mod implicit;
mod include;
mod key_management;
mod key_params;
mod ledger;
mod limits;
mod litellm_settings;
mod load;
mod model_list;
mod named_redis;
mod names;
mod price_changes;
mod priorities;
mod read;
mod resolve;
#[cfg(feature = "schemars")]
mod schema;
mod secret;
mod settings;
mod shared_state;
mod store;
mod stored;
mod team_prices;
mod tenants;
mod tree;
mod vendors;
mod watch;
mod wildcard;

#[cfg(test)]
mod tests;

pub use address::shown;
pub use cache_point::{CacheLocation, CachePoint};
pub use check::{CheckReport, CheckedDeployment};
pub use database::DatabaseSettings;
pub use diagnostic::{ConfigErrors, Diagnostic, Mark, Severity};
pub use environment::{Environment, Lookup};
pub use gateway_settings::{
    AccessLogSettings, EffortBudgets, FetchSettings, GatewaySettings, LogFormat, MirroringSettings,
    OnDisconnect, OnLoss, ServerSettings, TlsSettings, TranslationSettings, TransportSettings,
};
pub use health::{HealthCheckInfo, HealthCheckSettings, HealthSettings};
pub use implicit::SingleModel;
pub use key_management::KeyManagement;
pub use key_params::{DefaultKeyParams, UpperboundKeyParams};
pub use ledger::{Durability, LedgerSettings, Unpriced, WhenFull};
pub use limits::{BudgetReservation, LimitSettings, ProxyLimits, Share, WhenAway};
pub use litellm_settings::{GeneralSettings, InternalUserParams, LitellmSettings, ModelGroupSettings};
pub use model_list::{ClientCredential, ModelInfo};
pub use price_changes::{OwnTerms, PriceChange, PriceTerms};
pub use priorities::{Priorities, PrioritySettings, Reservation};
pub use resolve::{ModelGroup, Resolved, ResolvedDeployment, Route, Upstream, VendorChoice};
#[cfg(feature = "schemars")]
pub use schema::json_schema;
pub use secret::{ConfigSecrets, EnvSecrets, FileSecrets, Secret, SecretError, SecretRef, SecretSource};
pub use settings::{Exposed, JwtAuth, Settings};
pub use shared_state::{RedisKeys, RedisKind, SharedStateSettings};
pub use store::{ConfigSnapshot, ConfigStore, ReloadReport};
pub use stored::{StoredCredential, StoredModel};
pub use team_prices::TeamPrices;
pub use tenants::TenantSettings;
pub use vendors::{Vendor, VendorError};
pub use watch::{FileContent, FileWatch};
pub use wildcard::Pattern;

use diagnostic::Diagnostics;

/// What a config is read against.
#[derive(Clone)]
pub struct ConfigContext<'a> {
    /// The vendors of this build.
    pub vendors: &'a [Vendor<'a>],
    /// The process's environment.
    pub lookup: Lookup,
    /// Models that were added over the API.
    pub models: &'a [StoredModel],
    /// Credentials that were added over the API.
    pub credentials: &'a [StoredCredential],
}

impl<'a> ConfigContext<'a> {
    /// Nothing was added over the API.
    pub const fn new(vendors: &'a [Vendor<'a>], lookup: Lookup) -> Self {
        Self { vendors, lookup, models: &[], credentials: &[] }
    }
}

impl std::fmt::Debug for ConfigContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigContext").field("vendors", &self.vendors).finish_non_exhaustive()
    }
}

/// A config, read and resolved.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which deployments stand behind which name.
    pub resolved: Resolved,
    /// How requests are routed.
    pub plan: Plan,
    /// What holds for the gateway as a whole.
    pub settings: Settings,
    /// The environment that the config's references mean.
    pub environment: Environment,
    /// What the config says and does not get.
    pub warnings: Vec<Diagnostic>,
    /// The files that it was read from, the first one first; none if nobody has written it.
    pub files: Vec<PathBuf>,
    /// SHA-256 over the text of all files, in hexadecimal.
    pub hash: String,
}

impl Config {
    /// Reads a file and all that it includes. Blocks while it reads.
    ///
    /// # Errors
    /// All faults that can be found, with their places.
    pub fn load(path: &Path, context: &ConfigContext<'_>) -> Result<Self, ConfigErrors> {
        let mut diagnostics = Diagnostics::default();
        match include::load(path, &mut diagnostics) {
            Some(loaded) => stored::load(loaded.root, &loaded.files, &loaded.digest, context, diagnostics),
            None => Err(diagnostics.into_errors()),
        }
    }

    /// Reads a text, to which messages refer by `name`. It may not include files.
    ///
    /// # Errors
    /// All faults that can be found, with their places.
    pub fn parse(name: &str, text: &str, context: &ConfigContext<'_>) -> Result<Self, ConfigErrors> {
        let mut diagnostics = Diagnostics::default();
        let Some(root) = include::parse(&Arc::from(name), text, &mut diagnostics) else {
            return Err(diagnostics.into_errors());
        };
        if let Some(entry) = root.entry("include") {
            diagnostics.error(&entry.at, "include: a text that is no file cannot include files");
        }
        stored::load(root, &[], &Sha256::new_with_prefix(text), context, diagnostics)
    }

    /// The config of somebody who has none: the mock, and every vendor whose usual key variable is set, as
    /// `vendor/model` and by well-known bare names.
    ///
    /// # Errors
    /// None with vendors that have names.
    pub fn embedded(context: &ConfigContext<'_>) -> Result<Self, ConfigErrors> {
        implicit::embedded(context)
    }

    /// One model.
    ///
    /// # Errors
    /// What would be wrong with the model's entry in a file.
    pub fn single_model(single: SingleModel, context: &ConfigContext<'_>) -> Result<Self, ConfigErrors> {
        implicit::single_model(single, context)
    }

    /// What a person wants to know of it; prices are those that hold `now`.
    pub fn check(&self, now: UnixMs) -> CheckReport {
        CheckReport::new(self, now)
    }
}
