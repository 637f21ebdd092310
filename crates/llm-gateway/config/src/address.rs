//! Addresses as people write them, and as they may see them.

use std::net::Ipv6Addr;

/// An address as clients may see it: without a password or a query, in which keys stand.
///
/// ```
/// assert_eq!(llm_gateway_config::shown("https://me:pass@host/v1?key=k"), "https://host/v1");
/// ```
pub fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Whether a setting names an address that can be asked: `http` or `https`, and a host. A reference that leads nowhere is
/// told by whoever reads it, and `{names}` are filled in later.
pub(super) fn is_address(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let Some(rest) = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")) else {
        return lower.contains("os.environ/");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match host.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(None) => return false,
        Some(Some((address, port))) if address.parse::<Ipv6Addr>().is_ok() => {
            (address, port.strip_prefix(':'))
        }
        Some(Some(_)) => return false,
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let in_name = |c: char| c.is_alphanumeric() || "-._~:{}%".contains(c);
    !name.is_empty()
        && name.chars().all(in_name)
        && port.is_none_or(|port| port.is_empty() || port.parse::<u16>().is_ok())
}
