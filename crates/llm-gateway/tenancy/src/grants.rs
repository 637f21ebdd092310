//! What may be called, and with what.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::document::{Document, is_default};
use crate::{AccessGroupId, Period};

/// What a key, team, user, organisation or project may call. Empty lists bound nothing.
///
/// As JSON this is a stored document: members that say nothing are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    /// Names of models, patterns such as `openai/*`, names of access groups, and LiteLLM's words `*`,
    /// `all-proxy-models`, `all-team-models` and `no-default-models`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Groups whose models are allowed beside `models`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_group_ids: Vec<AccessGroupId>,
    /// Which model is meant by a name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, String>,
    /// Routes, patterns such as `/v1/*`, and groups of routes such as `llm_api_routes`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_routes: Vec<String>,
    /// Further pass-through routes that are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_passthrough_routes: Vec<String>,
    /// Pass-through routes that are not, whatever allows them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub denied_passthrough_routes: Vec<String>,
    /// Addresses of clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<Network>,
    /// Vendors whose deployments may be asked, such as `azure`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_vendors: Vec<String>,
    /// Tools, stores and agents.
    #[serde(skip_serializing_if = "is_default")]
    pub object_permission: ObjectPermission,
    /// Indexes of vector stores, each with what may be done with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_vector_store_indexes: Vec<serde_json::Value>,
}

/// Tools, stores and agents that may be used. `None` says nothing, an empty list allows none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectPermission {
    /// Models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// Tool servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_servers: Option<Vec<String>>,
    /// Groups of tool servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_access_groups: Option<Vec<String>>,
    /// Sets of tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_toolsets: Option<Vec<String>>,
    /// Tools by tool server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcp_tool_permissions: Option<BTreeMap<String, Vec<String>>>,
    /// Tools that may not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_tools: Option<Vec<String>>,
    /// Vector stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_stores: Option<Vec<String>>,
    /// Agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<String>>,
    /// Groups of agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_access_groups: Option<Vec<String>>,
    /// Tools that search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_tools: Option<Vec<String>>,
    /// Skills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skills: Option<Vec<String>>,
    /// What else LiteLLM's object has.
    #[serde(flatten)]
    pub extra: Document,
}

/// How requests are treated: guardrails, caching, routing.
///
/// As JSON this is a stored document: members that say nothing are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Conduct {
    /// Guardrails beside those of everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guardrails: Vec<String>,
    /// Whether the guardrails of everybody are left out.
    #[serde(skip_serializing_if = "is_default")]
    pub disable_global_guardrails: bool,
    /// Policies that choose guardrails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Prompts that may be named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<String>,
    /// Members that a request must have, such as `metadata.generation_name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enforced_params: Vec<String>,
    /// Which members of `cache` a request may send.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_cache_controls: Vec<String>,
    /// Whether points for the vendors' prompt caches are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_prompt_caching: Option<bool>,
    /// Features that are switched, such as `pii: false`.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub permissions: Document,
    /// Settings of the router: fallbacks, retries, strategy.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub router_settings: Document,
    /// LiteLLM's older settings of models by key.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub config: Document,
}

/// What holds for members of a team that nobody said anything else of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberDefaults {
    /// The bounds of members that have none of their own.
    #[serde(skip_serializing_if = "is_default")]
    pub limits: crate::Limits,
    /// Models that new members begin with; all of the team's if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// How long keys that they make live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_duration: Option<Period>,
}

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is within. An IPv4 address in IPv6's clothes is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether all of another network is within.
    pub fn holds(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }
}

/// Why a text is no [`Network`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let trimmed = text.trim();
        let network = match trimmed.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address.to_canonical())),
            Err(_) => trimmed.parse::<IpNet>().ok().and_then(canonical),
        };
        network
            .map(|network| Self(network.trunc()))
            .ok_or_else(|| NetworkError(text.chars().take(60).collect()))
    }
}

/// A network of IPv4 addresses in IPv6's clothes is one of IPv4; what also holds other IPv6 addresses is none of both.
fn canonical(network: IpNet) -> Option<IpNet> {
    match network {
        IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some() && v6.prefix_len() >= 96 => {
            IpNet::new(network.addr().to_canonical(), v6.prefix_len() - 96).ok()
        }
        other => Some(other),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_addresses() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.1.2.3/8", "10.0.0.1", "9.0.0.1"),
            ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"),
            ("::ffff:10.0.0.0/104", "10.1.1.1", "11.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1", "::1"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
            ("0.0.0.0/0", "255.1.1.1", "2001:db8::1"),
        ] {
            let held: Network = network.parse().unwrap();
            assert!(held.contains(inside.parse().unwrap()), "{inside} in {network}");
            assert!(!held.contains(outside.parse().unwrap()), "{outside} not in {network}");
        }
        for text in ["", "10.0.0", "10.0.0.0/33", "localhost", "10.0.0.1:80", "*", "10.0.0.0/8/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert_eq!("10.1.2.3/8".parse::<Network>().unwrap().to_string(), "10.0.0.0/8");
        assert_eq!("::1/128".parse::<Network>().unwrap().to_string(), "::1");
    }

    #[test]
    fn grants_are_documents() {
        let json = r#"{"models":["openai/*","all-team-models"],"aliases":{"fast":"gpt-4o-mini"},"allowed_ips":["10.0.0.0/8","203.0.113.7"],"object_permission":{"mcp_servers":[],"mcp_tool_search_enabled":true}}"#;
        let grants: Grants = serde_json::from_str(json).unwrap();
        assert_eq!(grants.object_permission.mcp_servers.as_deref(), Some(&[][..]));
        assert_eq!(serde_json::to_string(&grants).unwrap(), json);
        assert_eq!(serde_json::to_string(&Grants::default()).unwrap(), "{}");
        assert_eq!(serde_json::to_string(&Conduct::default()).unwrap(), "{}");
    }
}
