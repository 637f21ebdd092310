//! Betas of Anthropic's that Foundry knows. It refuses requests that name another.
//!
//! Source: Anthropic documentation, "Claude in Microsoft Foundry" and "Beta headers", read 2026-11.

use http::{HeaderMap, HeaderValue};

const BETA: &str = "anthropic-beta";

const KNOWN: &[&str] = &[
    "advanced-tool-use-2025-11-20",
    "code-execution-2025-08-25",
    "compact-2026-09-04",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "dangerous-tool-use-2026-09-03",
    "effort-2025-11-24",
    "files-api-2025-04-14",
    "interleaved-thinking-2025-05-14",
    "mcp-client-2025-04-04",
    "mcp-client-2025-11-20",
    "mid-conversation-tool-changes-2026-07-01",
    "per-turn-control-2026-07-01",
    "prompt-caching-scope-2026-01-05",
    "skills-2025-10-02",
    "structured-outputs-2025-11-13",
    "thinking-binding-controls-2026-08-01",
    "thinking-display-updates-2026-08-18",
];

/// Takes out every beta that Foundry does not know; gives those.
pub(crate) fn keep_known(headers: &mut HeaderMap) -> Vec<String> {
    let named: Vec<String> = headers
        .get_all(BETA)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|beta| beta.trim().to_owned())
        .filter(|beta| !beta.is_empty())
        .collect();
    let (known, gone): (Vec<_>, Vec<_>) = named.into_iter().partition(|beta| KNOWN.contains(&beta.as_str()));
    headers.remove(BETA);
    if !known.is_empty()
        && let Ok(value) = HeaderValue::from_str(&known.join(","))
    {
        headers.insert(BETA, value);
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_betas_go() {
        let mut headers = HeaderMap::new();
        headers.insert(BETA, HeaderValue::from_static("fast-mode-2026-02-01, effort-2025-11-24"));
        headers.append(BETA, HeaderValue::from_static("skills-2025-10-02,new-2030-01-01"));
        assert_eq!(keep_known(&mut headers), ["fast-mode-2026-02-01", "new-2030-01-01"]);
        assert_eq!(headers[BETA], "effort-2025-11-24,skills-2025-10-02");
        headers.insert(BETA, HeaderValue::from_static("new-2030-01-01"));
        keep_known(&mut headers);
        assert!(!headers.contains_key(BETA));
    }
}
