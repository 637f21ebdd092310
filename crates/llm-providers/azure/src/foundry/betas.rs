//! Betas of Anthropic's that Foundry is documented not to have: it refuses requests that name one. Any other passes.
//!
//! Source: Anthropic documentation, "Claude in Microsoft Foundry" and "Beta headers", read 2026-11.

use http::{HeaderMap, HeaderValue};

const BETA: &str = "anthropic-beta";

const REFUSED: &[&str] = &[
    "advisor-tool-2026-03-01",
    "compact-2026-01-12",
    "fast-mode-2026-02-01",
    "fine-grained-tool-streaming-2025-05-14",
    "mcp-servers-2025-12-04",
    "oauth-2025-04-20",
    "output-128k-2025-02-19",
    "structured-output-2024-03-01",
    "token-efficient-tools-2025-02-19",
];

/// Takes out every beta that Foundry refuses; gives those.
pub(crate) fn without_refused(headers: &mut HeaderMap) -> Vec<String> {
    let named: Vec<String> = headers
        .get_all(BETA)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|beta| beta.trim().to_owned())
        .filter(|beta| !beta.is_empty())
        .collect();
    let (gone, kept): (Vec<_>, Vec<_>) = named.into_iter().partition(|beta| REFUSED.contains(&beta.as_str()));
    headers.remove(BETA);
    if !kept.is_empty()
        && let Ok(value) = HeaderValue::from_str(&kept.join(","))
    {
        headers.insert(BETA, value);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_goes_and_what_nobody_knows_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(BETA, HeaderValue::from_static("fast-mode-2026-02-01, effort-2025-11-24"));
        headers.append(BETA, HeaderValue::from_static("skills-2025-10-02,new-2030-01-01"));
        assert_eq!(without_refused(&mut headers), ["fast-mode-2026-02-01"]);
        assert_eq!(headers[BETA], "effort-2025-11-24,skills-2025-10-02,new-2030-01-01");
        headers.insert(BETA, HeaderValue::from_static("fast-mode-2026-02-01"));
        without_refused(&mut headers);
        assert!(!headers.contains_key(BETA));
    }
}
