//! Usage in Anthropic's words: counters that stand beside each other instead of inside each other.

use llm_types::{Nullable, ServiceTier};
use serde_json::Value;

use crate::wire::{CacheCreation, OutputTokensDetails, Usage};

/// What an answer took. Zeros where nobody counted, as clients add these numbers up unseen.
pub(super) fn to_wire(usage: Option<&llm_types::Usage>, tier: Option<&ServiceTier>) -> Usage {
    let mut service_tier = Nullable::from(tier.map(service_tier));
    let Some(usage) = usage else {
        return Usage {
            input_tokens: Nullable::Value(0.into()),
            output_tokens: Nullable::Value(0.into()),
            service_tier,
            ..Usage::default()
        };
    };
    if service_tier.is_absent() && usage.extra.get("service_tier").is_some_and(Value::is_null) {
        service_tier = Nullable::Null;
    }
    let counts = usage.counts();
    let lives = usage.prompt_tokens_details.get().map(|details| &details.cache_creation_token_details);
    let thought = usage.completion_tokens_details.get().and_then(|details| details.reasoning_tokens.get());
    let mut wire = Usage {
        input_tokens: Nullable::Value(counts.input.saturating_add(counts.input_audio).into()),
        cache_creation_input_tokens: Nullable::Value(
            counts.input_cache_write.saturating_add(counts.input_cache_write_1h).into(),
        ),
        cache_read_input_tokens: Nullable::Value(counts.input_cached.into()),
        cache_creation: match lives {
            None | Some(Nullable::Absent) => Nullable::Absent,
            Some(Nullable::Null) => Nullable::Null,
            Some(Nullable::Value(_)) => Nullable::Value(CacheCreation {
                ephemeral_5m_input_tokens: Nullable::Value(counts.input_cache_write.into()),
                ephemeral_1h_input_tokens: Nullable::Value(counts.input_cache_write_1h.into()),
                ..CacheCreation::default()
            }),
        },
        output_tokens: Nullable::Value(counts.output_total().into()),
        output_tokens_details: match (thought, &usage.completion_tokens_details) {
            (Some(_), _) => Nullable::Value(OutputTokensDetails {
                thinking_tokens: Nullable::Value(counts.output_reasoning.into()),
                ..OutputTokensDetails::default()
            }),
            (None, Nullable::Null) => Nullable::Null,
            (None, _) => Nullable::Absent,
        },
        server_tool_use: usage.server_tool_use.clone(),
        service_tier,
        ..Usage::default()
    };
    for (name, value) in &usage.extra {
        if !NAMED.contains(&name.as_str()) {
            wire.extra.insert(name.clone(), value.clone());
        }
    }
    wire
}

/// Whether [`to_wire`] tells a count of the canonical usage.
pub(super) fn says(place: &str) -> bool {
    match place.split_once('.') {
        None => !place.ends_with("_details"),
        Some(("prompt_tokens_details", name)) => [
            "cached_tokens",
            "cache_write_tokens",
            "cache_creation_token_details.ephemeral_5m_input_tokens",
            "cache_creation_token_details.ephemeral_1h_input_tokens",
        ]
        .contains(&name),
        Some((_, name)) => name == "reasoning_tokens",
    }
}

/// Members that are computed above: a vendor's own of the same name would stand twice.
const NAMED: &[&str] = &[
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
    "service_tier",
];

/// Anthropic calls the usual class of service `standard`.
fn service_tier(tier: &ServiceTier) -> String {
    match tier {
        ServiceTier::Default => "standard".to_owned(),
        other => other.as_str().to_owned(),
    }
}
