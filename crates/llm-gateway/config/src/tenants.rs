//! `llm_gateway.tenants`: where they may lead the gateway, and when their keys get another text.

use std::num::NonZeroU64;

use llm_tenancy::Period;
use serde::Deserialize;

/// `llm_gateway.tenants`: where models of tenants may lead, and requests that bring an address of their own along; what
/// the configuration says and what a proxy admin adds may lead anywhere. And how keys with `auto_rotate` get another text,
/// where a secret manager takes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TenantSettings {
    /// Whether addresses that are not public may be asked. Default: false.
    pub allow_private: bool,
    /// Hosts that may be asked although their addresses are not public; `*.example.com` stands for all below it.
    /// Default: none.
    pub private_hosts: Vec<String>,
    /// Milliseconds between two looks for keys that are due for another text. Default: 3600000.
    pub rotation_interval_ms: NonZeroU64,
    /// How long the old text works on, from when the secret manager has the new one: `24h`, `7d`. Default: `1d`.
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub rotation_grace_period: Period,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            allow_private: false,
            private_hosts: Vec::new(),
            rotation_interval_ms: NonZeroU64::new(3_600_000).unwrap_or(NonZeroU64::MAX),
            rotation_grace_period: Period::DAY,
        }
    }
}
