//! What Anthropic says is left of its limits.
//!
//! Source: Anthropic API docs, "Rate limits", "Response headers", read 2026-11. Its limits fill up again bit by bit, and
//! the time it tells is when they are full.

use http::HeaderMap;
use llm_provider_core::{Allowance, AllowanceHeaders, Allowances};
use llm_types::UnixMs;

static REQUESTS: AllowanceHeaders = AllowanceHeaders::new(
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-limit",
    Some("anthropic-ratelimit-requests-reset"),
);
/// The tightest limit that holds, of tokens read and written together where there is such a one.
static TOKENS: AllowanceHeaders = AllowanceHeaders::new(
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-limit",
    Some("anthropic-ratelimit-tokens-reset"),
);
static INPUT_TOKENS: AllowanceHeaders = AllowanceHeaders::new(
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-limit",
    Some("anthropic-ratelimit-input-tokens-reset"),
);
static OUTPUT_TOKENS: AllowanceHeaders = AllowanceHeaders::new(
    "anthropic-ratelimit-output-tokens-remaining",
    "anthropic-ratelimit-output-tokens-limit",
    Some("anthropic-ratelimit-output-tokens-reset"),
);

/// What an answer says is left.
pub(crate) fn read(headers: &HeaderMap, now: UnixMs) -> Allowances {
    let requests = REQUESTS.read(headers, now);
    let input = INPUT_TOKENS.read(headers, now).into_iter().chain(TOKENS.read(headers, now));
    // How much is written nobody knows beforehand: that limit counts where nothing is left of it.
    let output = OUTPUT_TOKENS.read(headers, now).filter(|output| output.left == 0);
    let tokens = input.chain(output).min_by_key(|tokens: &Allowance| tokens.left);
    Allowances { requests, tokens }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);

    fn told(pairs: &[(&str, &str)]) -> Allowances {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name = http::HeaderName::try_from(format!("anthropic-ratelimit-{name}")).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        read(&headers, NOW)
    }

    #[test]
    fn the_tightest_limit_counts() {
        let reset = "2025-11-21T04:40:30Z";
        let told = told(&[
            ("requests-limit", "1000"),
            ("requests-remaining", "999"),
            ("requests-reset", reset),
            ("tokens-limit", "48000"),
            ("tokens-remaining", "47000"),
            ("tokens-reset", reset),
            ("input-tokens-limit", "40000"),
            ("input-tokens-remaining", "39000"),
            ("input-tokens-reset", reset),
            ("output-tokens-limit", "8000"),
            ("output-tokens-remaining", "7000"),
            ("output-tokens-reset", reset),
        ]);
        let of = |left, limit| Some(Allowance { left, limit: Some(limit), until: NOW.plus(30_000) });
        assert_eq!(told, Allowances { requests: of(999, 1_000), tokens: of(39_000, 40_000) });
    }

    #[test]
    fn nothing_left_to_write_is_nothing_left() {
        let told = told(&[
            ("input-tokens-remaining", "39000"),
            ("output-tokens-remaining", "0"),
            ("output-tokens-reset", "2025-11-21T04:40:01Z"),
        ]);
        assert_eq!(told.tokens.map(|tokens| (tokens.left, tokens.until)), Some((0, NOW.plus(1_000))));
        assert!(read(&HeaderMap::new(), NOW).is_empty());
    }
}
