//! What an answer took: Anthropic's disjoint counts as OpenAI's sums with details.
//!
//! Source: Anthropic API reference, "Messages", `usage`, and docs "Prompt caching", read 2026-11.

use llm_provider_core::Scan;
use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails, ServiceTier};
use serde_json::{Number, json};

use crate::wire::{CacheCreation, Usage};

/// The counts in canonical form. `prompt_tokens` holds what was read from and written to the prompt cache too.
pub(crate) fn canonical(usage: &Usage) -> llm_types::Usage {
    let input = total(usage, |usage| &usage.input_tokens);
    let output = total(usage, |usage| &usage.output_tokens);
    let read = total(usage, |usage| &usage.cache_read_input_tokens);
    let for_5m = lives(usage, |lives| &lives.ephemeral_5m_input_tokens);
    let for_1h = lives(usage, |lives| &lives.ephemeral_1h_input_tokens);
    let by_life = for_5m.into_iter().chain(for_1h).fold(0, u64::saturating_add);
    let written = match total(usage, |usage| &usage.cache_creation_input_tokens) {
        Some(written) => Some(written),
        None => (for_5m.is_some() || for_1h.is_some()).then_some(by_life),
    };

    let prompt = [input, written, read].into_iter().flatten().fold(0, u64::saturating_add);
    let mut out = llm_types::Usage::new(prompt, output.unwrap_or(0));
    let no_lives = is_null(&usage.cache_creation);
    if read.is_some() || written.is_some() || no_lives || !of_lives(usage).is_empty() {
        let mut details = PromptTokensDetails {
            cached_tokens: number(read),
            cache_write_tokens: number(written),
            ..PromptTokensDetails::default()
        };
        let mut lives = of_lives(usage);
        for (name, count) in [("ephemeral_5m_input_tokens", for_5m), ("ephemeral_1h_input_tokens", for_1h)] {
            if let Some(count) = count {
                lives.insert(name.to_owned(), count.into());
            }
        }
        if !lives.is_empty() {
            details.cache_creation_token_details = Nullable::Value(lives);
        } else if no_lives {
            details.cache_creation_token_details = Nullable::Null;
        }
        out.prompt_tokens_details = Nullable::Value(details);
    }
    let unknown = usage.output_tokens_details.get().map(|details| details.extra.clone()).unwrap_or_default();
    let thinking = thinking(usage);
    if thinking.is_some() || !unknown.is_empty() {
        out.completion_tokens_details = Nullable::Value(CompletionTokensDetails {
            reasoning_tokens: number(thinking),
            extra: unknown,
            ..CompletionTokensDetails::default()
        });
    } else if is_null(&usage.output_tokens_details) {
        out.completion_tokens_details = Nullable::Null;
    }
    out.cache_creation_input_tokens = number(written);
    out.cache_read_input_tokens = number(read);
    out.server_tool_use = usage.server_tool_use.clone();
    if !usage.service_tier.is_absent() {
        out.extra.insert("service_tier".to_owned(), json!(usage.service_tier));
    }
    if !usage.iterations.is_absent() {
        out.extra.insert("iterations".to_owned(), json!(usage.iterations));
    }
    out.extra.extend(usage.extra.clone());
    out
}

/// What is said of writes to the cache beyond the lives that are known.
fn of_lives(usage: &Usage) -> Extra {
    usage.cache_creation.get().map(|lives| lives.extra.clone()).unwrap_or_default()
}

const fn is_null<T>(member: &Nullable<T>) -> bool {
    matches!(member, Nullable::Null)
}

/// The class of service, in OpenAI's words.
pub(crate) fn tier(usage: &Usage) -> Option<ServiceTier> {
    usage.service_tier.as_deref().map(|tier| match tier {
        "standard" => ServiceTier::Default,
        other => other.into(),
    })
}

/// The usage that begins `text`, for the books, with what follows it: read in one pass, at a fraction of the time that
/// [`Usage`] takes. `None` if it has more than the usual counts, or is no object.
pub(crate) fn glance(text: &[u8]) -> Option<(Usage, &[u8])> {
    let mut usage = Usage::default();
    let mut is_usual = true;
    let behind = Scan::walk(text, |name, value| match name {
        b"input_tokens" => count(value, &mut usage.input_tokens),
        b"cache_creation_input_tokens" => count(value, &mut usage.cache_creation_input_tokens),
        b"cache_read_input_tokens" => count(value, &mut usage.cache_read_input_tokens),
        b"output_tokens" => count(value, &mut usage.output_tokens),
        b"cache_creation" if value.starts_with(b"{") => {
            let lives = usage.cache_creation.get_or_insert_with(CacheCreation::default);
            Scan::walk(value, |name, value| match name {
                b"ephemeral_5m_input_tokens" => count(value, &mut lives.ephemeral_5m_input_tokens),
                b"ephemeral_1h_input_tokens" => count(value, &mut lives.ephemeral_1h_input_tokens),
                _ => None,
            })
        }
        b"service_tier" => {
            let (tier, behind) = Scan::leading(value)?;
            usage.service_tier = serde_json::from_slice(tier).unwrap_or_default();
            Some(behind)
        }
        _ => {
            is_usual &= value.starts_with(b"null");
            None
        }
    })?;
    is_usual.then_some((usage, behind))
}

/// Reads a count, and gives back what follows; what is no number counts as absent.
fn count<'a>(text: &'a [u8], into: &mut Nullable<Number>) -> Option<&'a [u8]> {
    let (number, behind) = Scan::leading_number(text)?;
    *into = number.into();
    Some(behind)
}

/// Takes over what a later event says; `null` takes nothing back.
pub(crate) fn last<T>(old: &mut Nullable<T>, new: Nullable<T>) {
    if new.is_value() || old.is_absent() {
        *old = new;
    }
}

/// Takes over what a later event says; the last word counts, nothing is added up.
pub(crate) fn merge(usage: &mut Usage, newer: Usage) {
    last(&mut usage.input_tokens, newer.input_tokens);
    last(&mut usage.cache_creation_input_tokens, newer.cache_creation_input_tokens);
    last(&mut usage.cache_read_input_tokens, newer.cache_read_input_tokens);
    last(&mut usage.cache_creation, newer.cache_creation);
    last(&mut usage.output_tokens, newer.output_tokens);
    last(&mut usage.output_tokens_details, newer.output_tokens_details);
    last(&mut usage.server_tool_use, newer.server_tool_use);
    last(&mut usage.service_tier, newer.service_tier);
    last(&mut usage.iterations, newer.iterations);
    for (name, value) in newer.extra {
        if !value.is_null() || !usage.extra.contains_key(&name) {
            usage.extra.insert(name, value);
        }
    }
}

/// One count over all rounds. With rounds, the top level may tell the last one only.
fn total(usage: &Usage, pick: fn(&Usage) -> &Nullable<Number>) -> Option<u64> {
    let top = pick(usage).get().map(whole);
    let rounds = usage.iterations.get().into_iter().flatten();
    let sum = rounds.filter_map(|round| pick(round).get().map(whole)).reduce(u64::saturating_add);
    top.max(sum)
}

fn lives(usage: &Usage, pick: fn(&CacheCreation) -> &Nullable<Number>) -> Option<u64> {
    let of = |usage: &Usage| pick(usage.cache_creation.get()?).get().map(whole);
    let rounds = usage.iterations.get().into_iter().flatten();
    of(usage).max(rounds.filter_map(of).reduce(u64::saturating_add))
}

fn thinking(usage: &Usage) -> Option<u64> {
    let of = |usage: &Usage| usage.output_tokens_details.get()?.thinking_tokens.get().map(whole);
    let rounds = usage.iterations.get().into_iter().flatten();
    of(usage).max(rounds.filter_map(of).reduce(u64::saturating_add))
}

fn number(count: Option<u64>) -> Nullable<Number> {
    count.map(Number::from).into()
}

fn whole(number: &Number) -> u64 {
    number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(value: Value) -> llm_types::Usage {
        canonical(&llm_types::from_value(value).unwrap())
    }

    #[test]
    fn cache_counts_are_part_of_the_prompt() {
        let usage = read(json!({
            "input_tokens": 2000, "cache_read_input_tokens": 10000, "cache_creation_input_tokens": 4000,
            "cache_creation": { "ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 1000 },
            "output_tokens": 800, "output_tokens_details": { "thinking_tokens": 300 },
            "server_tool_use": { "web_search_requests": 2 }, "service_tier": "priority", "inference_geo": "us"
        }));
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            json!({
                "prompt_tokens": 16000, "completion_tokens": 800, "total_tokens": 16800,
                "prompt_tokens_details": {
                    "cached_tokens": 10000, "cache_write_tokens": 4000,
                    "cache_creation_token_details": { "ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 1000 }
                },
                "completion_tokens_details": { "reasoning_tokens": 300 },
                "cache_creation_input_tokens": 4000, "cache_read_input_tokens": 10000,
                "server_tool_use": { "web_search_requests": 2 }, "service_tier": "priority", "inference_geo": "us"
            })
        );
        let counts = usage.counts();
        assert_eq!((counts.input, counts.input_cached), (2000, 10000));
        assert_eq!((counts.input_cache_write, counts.input_cache_write_1h), (3000, 1000));
        assert_eq!((counts.output, counts.output_reasoning), (500, 300));
    }

    #[test]
    fn rounds_are_added_up() {
        let usage = read(json!({
            "input_tokens": 10, "output_tokens": 20,
            "iterations": [
                { "type": "compaction", "input_tokens": 100, "output_tokens": 5 },
                { "type": "message", "input_tokens": 10, "output_tokens": 20 }
            ]
        }));
        let counts = usage.counts();
        assert_eq!((counts.input, counts.output), (110, 25));
    }

    #[test]
    fn what_is_told_to_be_nothing_stays_so() {
        let usage = read(json!({
            "input_tokens": 1, "cache_creation": null, "output_tokens": 2, "output_tokens_details": null,
            "server_tool_use": null, "service_tier": null, "inference_geo": null
        }));
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            json!({
                "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
                "prompt_tokens_details": { "cache_creation_token_details": null },
                "completion_tokens_details": null, "server_tool_use": null, "service_tier": null,
                "inference_geo": null
            })
        );
    }

    #[test]
    fn the_last_word_counts_and_null_is_none() {
        let mut usage: Usage = llm_types::from_value(json!({
            "input_tokens": 1, "output_tokens": 1, "inference_geo": "us", "server_tool_use": null
        }))
        .unwrap();
        let newer = json!({ "input_tokens": null, "output_tokens": 9, "inference_geo": null, "later": null });
        merge(&mut usage, llm_types::from_value(newer).unwrap());
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            json!({ "input_tokens": 1, "output_tokens": 9, "server_tool_use": null, "inference_geo": "us", "later": null })
        );
    }

    #[test]
    fn writes_told_by_life_only() {
        let usage = read(json!({ "input_tokens": 1, "output_tokens": 1,
            "cache_creation": { "ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4 } }));
        assert_eq!(usage.counts().input_total(), 8);
    }
}
