//! What an answer took. Cohere tells tokens and what of them is paid for: the tokens are the usage, the other is kept
//! beside it.
//!
//! Source: Cohere API reference, "Chat API (v2)", `usage`, read 2026-11.

use llm_types::{Nullable, PromptTokensDetails};
use serde_json::{Number, Value};

use crate::wire::{BilledUnits, Tokens, Usage};

/// The counts in canonical form.
pub(crate) fn canonical(usage: &Usage) -> llm_types::Usage {
    let tokens = usage.tokens.get();
    let billed = usage.billed_units.get();
    let input = tokens
        .and_then(|tokens| tokens.input_tokens.get())
        .or_else(|| billed.and_then(|billed| billed.input_tokens.get()));
    let output = tokens
        .and_then(|tokens| tokens.output_tokens.get())
        .or_else(|| billed.and_then(|billed| billed.output_tokens.get()));
    let mut out = llm_types::Usage::new(input.map_or(0, whole), output.map_or(0, whole));
    if let Some(cached) = usage.cached_tokens.get() {
        out.prompt_tokens_details = Nullable::Value(PromptTokensDetails {
            cached_tokens: Nullable::Value(whole(cached).into()),
            ..PromptTokensDetails::default()
        });
    }
    if let Some(Ok(billed)) = billed.map(serde_json::to_value) {
        out.extra.insert("billed_units".to_owned(), billed);
    }
    if let Some(tokens) = tokens.filter(|tokens| !tokens.extra.is_empty()) {
        out.extra.insert("tokens".to_owned(), Value::Object(tokens.extra.clone()));
    }
    out.extra.extend(usage.extra.clone());
    out
}

/// The counts in Cohere's form.
pub(crate) fn to_wire(usage: &llm_types::Usage) -> Usage {
    let counts = usage.counts();
    let (input, output) = (counts.input_total(), counts.output_total());
    let kept = usage.extra.get("billed_units").cloned();
    let billed = kept.and_then(|billed| llm_types::from_value::<BilledUnits>(billed).ok());
    Usage {
        billed_units: Nullable::Value(billed.unwrap_or_else(|| BilledUnits {
            input_tokens: Nullable::Value(input.into()),
            output_tokens: Nullable::Value(output.into()),
            ..BilledUnits::default()
        })),
        tokens: Nullable::Value(Tokens {
            input_tokens: Nullable::Value(input.into()),
            output_tokens: Nullable::Value(output.into()),
            ..Tokens::default()
        }),
        cached_tokens: Nullable::Value(counts.input_cached.into()),
        ..Usage::default()
    }
}

/// Whether [`to_wire`] tells a count of the canonical usage.
pub(crate) fn says(place: &str) -> bool {
    ["prompt_tokens_details.cached_tokens", "cache_read_input_tokens", "billed_units"].contains(&place)
}

/// A count; Cohere writes some as `7.0`.
pub(crate) fn whole(number: &Number) -> u64 {
    Value::Number(number.clone()).as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> llm_types::Usage {
        canonical(&llm_types::from_value(value).unwrap())
    }

    #[test]
    fn tokens_count_and_billed_units_are_kept() {
        let usage = read(json!({
            "billed_units": { "input_tokens": 7, "output_tokens": 1, "search_units": 2 },
            "tokens": { "input_tokens": 503.0, "output_tokens": 3 }, "cached_tokens": 448, "more": 1
        }));
        let counts = usage.counts();
        assert_eq!((counts.input, counts.input_cached, counts.output), (55, 448, 3));
        assert_eq!(usage.extra["billed_units"]["search_units"], 2);
        assert_eq!(usage.extra["more"], 1);
        let back = serde_json::to_value(to_wire(&usage)).unwrap();
        assert_eq!(back["tokens"], json!({ "input_tokens": 503, "output_tokens": 3 }));
        assert_eq!(back["billed_units"]["input_tokens"], 7);
        assert_eq!(back["cached_tokens"], 448);
    }

    #[test]
    fn billed_units_alone_stand_in() {
        let usage = read(json!({ "billed_units": { "input_tokens": 7, "output_tokens": 1 } }));
        assert_eq!((usage.counts().input, usage.counts().output), (7, 1));
        assert_eq!(read(json!({})).counts().input, 0);
    }
}
