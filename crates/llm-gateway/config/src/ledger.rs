//! `llm_gateway.ledger`: what is kept of each request to a vendor.

use std::num::NonZeroU64;
use std::path::PathBuf;

use llm_tenancy::Period;
use serde::Deserialize;

use super::database::{DatabaseSettings, data_dir};
use super::environment::Environment;

/// `llm_gateway.ledger`: an entry for each request to a vendor. It needs a database, and a folder of its own on this machine,
/// in which entries stand until the database has them. All of it needs a restart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSettings {
    /// The folder of the journal, made when it is not there. Each process takes a folder of its own within. Default: the
    /// data directory of `llm_gateway.database`; if that cannot be had, a folder for temporary files, with a warning.
    pub dir: Option<PathBuf>,
    /// What an entry survives before the database has it: the death of the process, or of the machine as well, which
    /// makes every request wait for the disk. Default: `process`.
    pub durability: Durability,
    /// Bytes of the journal at most, beside copies of damaged pieces, of which the last 16 are kept, with 256 MiB at most.
    /// Default: 1073741824 (1 GiB).
    pub max_bytes: NonZeroU64,
    /// What happens to new requests when the journal is full: they are refused with 503, or the journal goes on in
    /// `overflow_dir`. Default: `refuse`.
    pub when_full: WhenFull,
    /// The folder in which a full journal goes on, as large again. Default: none.
    pub overflow_dir: Option<PathBuf>,
    /// Milliseconds within which entries reach the database. Default: 500.
    pub flush_interval_ms: NonZeroU64,
    /// How long entries are kept in the database; sums by day stay. Default: what
    /// `general_settings.maximum_spend_logs_retention_period` says, else for ever.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub retention: Option<Period>,
    /// What happens to requests to a model without a known price. Default: `allow`, and what
    /// `litellm_settings.block_requests_for_models_without_pricing` says.
    pub unpriced: Unpriced,
    /// Whether the folder was chosen by nobody, so that another will do when it cannot be had.
    #[serde(skip)]
    pub is_implicit: bool,
}

/// What an entry survives before the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// The death of the process.
    #[default]
    Process,
    /// The death of the machine.
    Host,
}

/// What happens when the journal is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// New requests are refused.
    #[default]
    Refuse,
    /// It goes on elsewhere.
    Overflow,
}

/// What happens to requests whose price nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unpriced {
    /// They go on, and their entries say so.
    #[default]
    Allow,
    /// They are refused.
    Refuse,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        let number = |number| NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
        Self {
            dir: None,
            durability: Durability::default(),
            max_bytes: number(1 << 30),
            when_full: WhenFull::default(),
            overflow_dir: None,
            flush_interval_ms: number(500),
            retention: None,
            unpriced: Unpriced::default(),
            is_implicit: false,
        }
    }
}

impl LedgerSettings {
    /// The same with the folder that the database or the environment names.
    pub(super) fn complete(mut self, database: &DatabaseSettings, environment: &Environment) -> Self {
        if self.dir.is_none() {
            self.dir.clone_from(&database.data_dir);
            self.is_implicit = database.is_implicit;
        }
        if self.dir.is_none() {
            let usual = data_dir(environment);
            self.is_implicit = usual.as_ref().is_none_or(|(_, is_chosen)| !is_chosen);
            self.dir = usual.map(|(folder, _)| folder);
        }
        self
    }
}
