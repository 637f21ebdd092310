//! Usage: Bedrock counts beside each other what OpenAI counts inside each other.
//!
//! Source: Amazon Bedrock API Reference, "TokenUsage" and "CacheDetail", read 2026-11.

use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails, ServiceTier as Tier, Usage};
use serde_json::{Number, Value};

use crate::wire::{CacheDetail, ServiceTier, TokenUsage};

/// Older names of the counts, which still stand beside the newer ones, and what says nothing.
const AGAIN: &[&str] = &["cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage"];

/// Usage in OpenAI's words. `own` are the model's own words, where they were asked for.
pub(crate) fn canonical(wire: &TokenUsage, own: Option<&Value>) -> Usage {
    let older = |name: &str| wire.extra.get(name).and_then(Value::as_u64);
    let count = |number: &Nullable<Number>| number.get().map(whole);
    let read = count(&wire.cache_read_input_tokens).or_else(|| older("cacheReadInputTokenCount"));
    let written = count(&wire.cache_write_input_tokens).or_else(|| older("cacheWriteInputTokenCount"));
    let prompt = count(&wire.input_tokens)
        .unwrap_or(0)
        .saturating_add(read.unwrap_or(0))
        .saturating_add(written.unwrap_or(0));
    let mut usage = Usage::new(prompt, count(&wire.output_tokens).unwrap_or(0));
    if wire.input_tokens.get().is_none() && wire.output_tokens.get().is_none() {
        usage = Usage::default();
    }
    if read.is_some() || written.is_some() {
        usage.prompt_tokens_details = Nullable::Value(PromptTokensDetails {
            cached_tokens: read.map(Number::from).into(),
            cache_write_tokens: written.map(Number::from).into(),
            cache_creation_token_details: lives(wire.cache_details.get()).into(),
            ..PromptTokensDetails::default()
        });
        usage.cache_read_input_tokens = read.map(Number::from).into();
        usage.cache_creation_input_tokens = written.map(Number::from).into();
    }
    if let Some(thought) = own.and_then(thinking_tokens) {
        usage.completion_tokens_details = Nullable::Value(CompletionTokensDetails {
            reasoning_tokens: Nullable::Value(thought.into()),
            ..CompletionTokensDetails::default()
        });
    }
    if let Some(tools) = wire
        .extra
        .get("serverToolUsage")
        .filter(|tools| tools.as_object().is_some_and(|tools| !tools.is_empty()))
    {
        usage.server_tool_use = Nullable::Value(tools.clone());
    }
    let unknown = wire.extra.iter().filter(|(name, _)| !AGAIN.contains(&name.as_str()));
    usage.extra.extend(unknown.map(|(name, value)| (name.clone(), value.clone())));
    // Lives of which more is said than how much was written.
    if let Some(details) = wire.cache_details.get().filter(|all| all.iter().any(|one| !one.extra.is_empty()))
    {
        usage.extra.insert("cache_details".to_owned(), serde_json::json!(details));
    }
    usage
}

fn lives(details: Option<&Vec<CacheDetail>>) -> Option<Extra> {
    let details = details.filter(|details| !details.is_empty())?;
    let name = |ttl: &str| format!("ephemeral_{ttl}_input_tokens");
    Some(
        details
            .iter()
            .map(|detail| (name(&detail.ttl), Value::Number(detail.input_tokens.clone())))
            .collect(),
    )
}

/// Tokens of thinking in the model's own words: Claude's `usage`, by its path or as the path's end.
fn thinking_tokens(own: &Value) -> Option<u64> {
    let details = own
        .pointer("/usage/output_tokens_details")
        .or_else(|| own.get("/usage/output_tokens_details"))
        .or_else(|| own.get("output_tokens_details"))?;
    details.get("thinking_tokens")?.as_u64()
}

/// Usage in Bedrock's words. Zeros where nobody counted: the SDKs expect the three sums.
pub(crate) fn to_wire(usage: Option<&Usage>) -> TokenUsage {
    let Some(usage) = usage else {
        let zero = || Nullable::Value(Number::from(0));
        return TokenUsage {
            input_tokens: zero(),
            output_tokens: zero(),
            total_tokens: zero(),
            ..TokenUsage::default()
        };
    };
    let counts = usage.counts();
    let number = |count: u64| Nullable::Value(Number::from(count));
    let written = counts.input_cache_write.saturating_add(counts.input_cache_write_1h);
    let told = usage.prompt_tokens_details.get();
    let has_read = told.is_some_and(|details| details.cached_tokens.is_value())
        || usage.cache_read_input_tokens.is_value();
    let has_written = told.is_some_and(|details| details.cache_write_tokens.is_value())
        || usage.cache_creation_input_tokens.is_value();
    let lives = told.is_some_and(|details| details.cache_creation_token_details.is_value());
    let detail = |ttl: &str, tokens: u64| CacheDetail {
        ttl: ttl.to_owned(),
        input_tokens: tokens.into(),
        extra: Extra::new(),
    };
    let details = [detail("1h", counts.input_cache_write_1h), detail("5m", counts.input_cache_write)];
    let details: Vec<_> =
        details.into_iter().filter(|detail| detail.input_tokens.as_u64() != Some(0)).collect();
    let mut extra = usage.extra.clone();
    if let Some(tools @ Value::Object(_)) = usage.server_tool_use.get() {
        extra.insert("serverToolUsage".to_owned(), tools.clone());
    }
    TokenUsage {
        input_tokens: number(counts.input.saturating_add(counts.input_audio)),
        output_tokens: number(counts.output_total()),
        total_tokens: number(counts.input_total().saturating_add(counts.output_total())),
        cache_read_input_tokens: if has_read { number(counts.input_cached) } else { Nullable::Absent },
        cache_write_input_tokens: if has_written { number(written) } else { Nullable::Absent },
        cache_details: if lives { Nullable::Value(details) } else { Nullable::Absent },
        extra,
    }
}

/// Which counts of the canonical usage an answer tells: those of [`to_wire`], and thinking where the model's own
/// members tell it.
pub(crate) fn told(own: Option<&Value>) -> fn(&str) -> bool {
    match own.and_then(thinking_tokens) {
        Some(_) => |place| says(place) || place == "completion_tokens_details.reasoning_tokens",
        None => says,
    }
}

/// Whether [`to_wire`] tells a count of the canonical usage.
fn says(place: &str) -> bool {
    match place.split_once('.') {
        None => !place.ends_with("_details"),
        Some((_, name)) => [
            "cached_tokens",
            "cache_write_tokens",
            "cache_creation_token_details.ephemeral_5m_input_tokens",
            "cache_creation_token_details.ephemeral_1h_input_tokens",
        ]
        .contains(&name),
    }
}

/// The class of service in OpenAI's words.
pub(crate) fn tier(wire: &ServiceTier) -> Tier {
    Tier::from(wire.r#type.as_str())
}

fn whole(number: &Number) -> u64 {
    number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value, own: Option<&Value>) -> Usage {
        canonical(&llm_types::from_value(value).unwrap(), own)
    }

    #[test]
    fn cache_counts_become_part_of_the_prompt() {
        let own = json!({ "usage": { "output_tokens_details": { "thinking_tokens": 30 } } });
        let usage = read(
            json!({
                "inputTokens": 20, "outputTokens": 50, "totalTokens": 470, "cacheReadInputTokens": 300,
                "cacheWriteInputTokens": 100, "cacheReadInputTokenCount": 300, "cacheWriteInputTokenCount": 100,
                "cacheDetails": [{ "ttl": "1h", "inputTokens": 60 }, { "ttl": "5m", "inputTokens": 40 }],
                "serverToolUsage": {}, "future": 1
            }),
            Some(&own),
        );
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            json!({
                "prompt_tokens": 420, "completion_tokens": 50, "total_tokens": 470,
                "prompt_tokens_details": {
                    "cached_tokens": 300, "cache_write_tokens": 100,
                    "cache_creation_token_details": { "ephemeral_1h_input_tokens": 60, "ephemeral_5m_input_tokens": 40 }
                },
                "completion_tokens_details": { "reasoning_tokens": 30 },
                "cache_creation_input_tokens": 100, "cache_read_input_tokens": 300, "future": 1
            })
        );
        let counts = usage.counts();
        assert_eq!((counts.input, counts.input_cached), (20, 300));
        assert_eq!((counts.input_cache_write, counts.input_cache_write_1h), (40, 60));
        assert_eq!((counts.output, counts.output_reasoning), (20, 30));
    }

    #[test]
    fn older_names_and_nothing() {
        let usage = read(json!({ "inputTokens": 1, "outputTokens": 2, "cacheReadInputTokenCount": 4 }), None);
        assert_eq!(usage.counts().input_cached, 4);
        assert_eq!(read(json!({}), None), Usage::default());
        let usage = read(
            json!({ "inputTokens": 1, "outputTokens": 2, "serverToolUsage": { "web_search": 2 } }),
            None,
        );
        assert_eq!(usage.server_tool_use, Nullable::Value(json!({ "web_search": 2 })));
    }

    #[test]
    fn there_and_back() {
        for wire in [
            json!({ "inputTokens": 13, "outputTokens": 71, "totalTokens": 84 }),
            json!({
                "inputTokens": 20, "outputTokens": 50, "totalTokens": 470, "cacheReadInputTokens": 300,
                "cacheWriteInputTokens": 100,
                "cacheDetails": [{ "ttl": "1h", "inputTokens": 60 }, { "ttl": "5m", "inputTokens": 40 }]
            }),
        ] {
            assert_eq!(serde_json::to_value(to_wire(Some(&read(wire.clone(), None)))).unwrap(), wire);
        }
        assert_eq!(
            serde_json::to_value(to_wire(None)).unwrap(),
            json!({ "inputTokens": 0, "outputTokens": 0, "totalTokens": 0 })
        );
    }
}
