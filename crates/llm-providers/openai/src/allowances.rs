//! What OpenAI, and many who speak as it does, say is left of their limits.

use http::HeaderMap;
use llm_provider_core::{AllowanceHeaders, Allowances};
use llm_types::UnixMs;

/// Requests.
///
/// Source: OpenAI API docs, "Rate limits", "Rate limits in headers", read 2026-11.
pub static REQUESTS: AllowanceHeaders = AllowanceHeaders::new(
    "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-requests",
    Some("x-ratelimit-reset-requests"),
);

/// Tokens, from the same page.
pub static TOKENS: AllowanceHeaders = AllowanceHeaders::new(
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-limit-tokens",
    Some("x-ratelimit-reset-tokens"),
);

/// What an answer says is left, in OpenAI's headers.
pub fn allowances(headers: &HeaderMap, now: UnixMs) -> Allowances {
    Allowances { requests: REQUESTS.read(headers, now), tokens: TOKENS.read(headers, now) }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use llm_provider_core::Allowance;

    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    #[test]
    fn the_documented_headers_are_read() {
        let headers: HeaderMap = [
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
        .collect();
        let of = |left, limit, ms| Some(Allowance { left, limit: Some(limit), until: NOW.plus(ms) });
        assert_eq!(
            allowances(&headers, NOW),
            Allowances { requests: of(59, 60, 1_000), tokens: of(149_984, 150_000, 360_000) }
        );
        assert!(allowances(&HeaderMap::new(), NOW).is_empty());
    }
}
