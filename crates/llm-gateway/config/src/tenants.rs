//! `llm_gateway.tenants`: what bounds those who are let in and not trusted with the network.

use serde::Deserialize;

/// `llm_gateway.tenants`: where models of tenants may lead, and requests that bring an address of their own along. What
/// the configuration says and what a proxy admin adds may lead anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TenantSettings {
    /// Whether addresses that are not public may be asked. Default: false.
    pub allow_private: bool,
    /// Hosts that may be asked although their addresses are not public; `*.example.com` stands for all below it.
    /// Default: none.
    pub private_hosts: Vec<String>,
}
