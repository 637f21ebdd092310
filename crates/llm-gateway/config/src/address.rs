//! Addresses as people may see them.

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
