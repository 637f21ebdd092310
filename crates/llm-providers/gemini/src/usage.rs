//! What an answer took, in Google's words and in OpenAI's.
//!
//! Source: Gemini API reference, "UsageMetadata" (ai.google.dev/api/generate-content#UsageMetadata), read 2026-11:
//! the prompt's count includes what came from a cache; thoughts, and what tools at Google gave, stand beside it.

use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails, ServiceTier, Usage};
use serde_json::{Number, Value, json};

use crate::wire::{ModalityCount, UsageMetadata};

/// The counts in canonical form: thoughts are part of what was written, what tools gave is part of what was read.
pub(crate) fn canonical(wire: &UsageMetadata) -> Usage {
    let prompt = count(&wire.prompt_token_count);
    let tools = count(&wire.tool_use_prompt_token_count);
    let candidates = count(&wire.candidates_token_count);
    let thoughts = count(&wire.thoughts_token_count);
    let total = wire.total_token_count.get().map(whole);
    let read = prompt.saturating_add(tools);
    // Some endpoints count thoughts among the candidates' tokens; the total gives them away.
    let thoughts_inside =
        thoughts > 0 && thoughts <= candidates && total == Some(read.saturating_add(candidates));
    let written = if thoughts_inside { candidates } else { candidates.saturating_add(thoughts) };
    let mut usage = Usage::new(read, written);
    if let Some(total) = total {
        usage.total_tokens = Nullable::Value(total.into());
    }
    prompt_details(wire, &mut usage);
    let of = |modality| kind(&wire.candidates_tokens_details, modality);
    let mut details = CompletionTokensDetails {
        reasoning_tokens: wire.thoughts_token_count.clone(),
        audio_tokens: of("AUDIO").into(),
        text_tokens: of("TEXT").into(),
        ..CompletionTokensDetails::default()
    };
    if let Some(images) = of("IMAGE") {
        details.extra.insert("image_tokens".to_owned(), Value::Number(images));
    }
    if let Some(list) = unsaid(&wire.candidates_tokens_details, &["AUDIO", "TEXT", "IMAGE"]) {
        details.extra.insert("candidates_tokens_details".to_owned(), list);
    }
    if details != CompletionTokensDetails::default() {
        usage.completion_tokens_details = Nullable::Value(details);
    }
    if let Some(traffic) = wire.traffic_type.get() {
        usage.extra.insert("traffic_type".to_owned(), traffic.as_str().into());
    }
    usage.extra.extend(wire.extra.clone());
    usage
}

fn prompt_details(wire: &UsageMetadata, usage: &mut Usage) {
    let of = |modality| kind(&wire.prompt_tokens_details, modality);
    let mut details = PromptTokensDetails {
        cached_tokens: wire.cached_content_token_count.clone(),
        audio_tokens: of("AUDIO").into(),
        image_tokens: of("IMAGE").into(),
        text_tokens: of("TEXT").into(),
        ..PromptTokensDetails::default()
    };
    let mut more = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            details.extra.insert(name.to_owned(), value);
        }
    };
    more("video_tokens", of("VIDEO").map(Value::Number));
    more("document_tokens", of("DOCUMENT").map(Value::Number));
    more("tool_use_tokens", wire.tool_use_prompt_token_count.get().cloned().map(Value::Number));
    let list = |counts: &Nullable<Vec<ModalityCount>>| {
        counts.get().and_then(|counts| serde_json::to_value(counts).ok())
    };
    more(
        "prompt_tokens_details",
        unsaid(&wire.prompt_tokens_details, &["AUDIO", "IMAGE", "TEXT", "VIDEO", "DOCUMENT"]),
    );
    more("cache_tokens_details", list(&wire.cache_tokens_details));
    more("tool_use_prompt_tokens_details", list(&wire.tool_use_prompt_tokens_details));
    if details != PromptTokensDetails::default() {
        usage.prompt_tokens_details = Nullable::Value(details);
    }
}

/// The class of service, in OpenAI's words.
pub(crate) fn tier(wire: &UsageMetadata) -> Option<ServiceTier> {
    wire.service_tier.as_deref().map(|tier| match tier.to_ascii_lowercase().as_str() {
        "standard" => ServiceTier::Default,
        other => other.into(),
    })
}

/// What an answer took, in Google's words.
pub(crate) fn to_wire(usage: &Usage, tier: Option<&ServiceTier>) -> UsageMetadata {
    let counts = usage.counts();
    let prompt = usage.prompt_tokens_details.get();
    let completion = usage.completion_tokens_details.get();
    let tools = prompt.and_then(|details| details.extra.get("tool_use_tokens")).and_then(Value::as_u64);
    let list = |name: &str| {
        let value = prompt.and_then(|details| details.extra.get(name)).cloned()?;
        serde_json::from_value(value).ok()
    };
    let mut read = Vec::new();
    if let Some(details) = prompt {
        tell("TEXT", details.text_tokens.get(), &mut read);
        tell("IMAGE", details.image_tokens.get(), &mut read);
        tell("AUDIO", details.audio_tokens.get(), &mut read);
        tell("VIDEO", number(&details.extra, "video_tokens").as_ref(), &mut read);
        tell("DOCUMENT", number(&details.extra, "document_tokens").as_ref(), &mut read);
    }
    let mut written = Vec::new();
    if let Some(details) = completion {
        tell("TEXT", details.text_tokens.get(), &mut written);
        tell("IMAGE", number(&details.extra, "image_tokens").as_ref(), &mut written);
        tell("AUDIO", details.audio_tokens.get(), &mut written);
    }
    let some = |count: u64| (count > 0).then(|| Number::from(count));
    let input = counts.input_total().saturating_sub(tools.unwrap_or(0));
    let output = counts.output_total().saturating_sub(counts.output_reasoning);
    let total = usage.total_tokens.get().cloned();
    UsageMetadata {
        prompt_token_count: Nullable::Value(input.into()),
        cached_content_token_count: some(counts.input_cached).into(),
        candidates_token_count: Nullable::Value(output.into()),
        tool_use_prompt_token_count: tools.map(Number::from).into(),
        thoughts_token_count: some(counts.output_reasoning).into(),
        total_token_count: Nullable::Value(
            total.unwrap_or_else(|| counts.input_total().saturating_add(counts.output_total()).into()),
        ),
        prompt_tokens_details: if read.is_empty() { Nullable::Absent } else { Nullable::Value(read) },
        cache_tokens_details: list("cache_tokens_details").into(),
        candidates_tokens_details: if written.is_empty() {
            Nullable::Absent
        } else {
            Nullable::Value(written)
        },
        tool_use_prompt_tokens_details: list("tool_use_prompt_tokens_details").into(),
        traffic_type: usage.extra.get("traffic_type").and_then(Value::as_str).map(str::to_owned).into(),
        service_tier: tier
            .map(|tier| match tier {
                ServiceTier::Default => "standard".to_owned(),
                other => other.as_str().to_owned(),
            })
            .into(),
        extra: Extra::new(),
    }
}

/// Whether [`to_wire`] tells a count of the canonical usage.
pub(crate) fn says(place: &str) -> bool {
    const TOLD: &[&str] = &[
        "traffic_type",
        "cache_read_input_tokens",
        "prompt_tokens_details.cached_tokens",
        "prompt_tokens_details.text_tokens",
        "prompt_tokens_details.image_tokens",
        "prompt_tokens_details.audio_tokens",
        "prompt_tokens_details.video_tokens",
        "prompt_tokens_details.document_tokens",
        "prompt_tokens_details.tool_use_tokens",
        "prompt_tokens_details.cache_tokens_details",
        "prompt_tokens_details.tool_use_prompt_tokens_details",
        "completion_tokens_details.reasoning_tokens",
        "completion_tokens_details.text_tokens",
        "completion_tokens_details.image_tokens",
        "completion_tokens_details.audio_tokens",
    ];
    TOLD.contains(&place)
}

fn tell(modality: &str, tokens: Option<&Number>, list: &mut Vec<ModalityCount>) {
    if let Some(tokens) = tokens.filter(|tokens| whole(tokens) > 0) {
        list.push(ModalityCount {
            modality: Nullable::Value(modality.to_owned()),
            token_count: Nullable::Value(tokens.clone()),
            extra: Extra::new(),
        });
    }
}

fn number(extra: &Extra, name: &str) -> Option<Number> {
    match extra.get(name) {
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    }
}

/// The whole list, where it says more than how many tokens there are of each known kind.
fn unsaid(counts: &Nullable<Vec<ModalityCount>>, known: &[&str]) -> Option<Value> {
    let list = counts.get()?;
    let is_plain = |count: &ModalityCount| {
        let is_known = count.modality.as_deref().is_some_and(|kind| known.contains(&kind));
        is_known && count.extra.is_empty()
    };
    if list.iter().all(is_plain) { None } else { serde_json::to_value(list).ok() }
}

/// Tokens of one kind.
fn kind(counts: &Nullable<Vec<ModalityCount>>, modality: &str) -> Option<Number> {
    let of_kind = |count: &&ModalityCount| count.modality.as_deref() == Some(modality);
    counts.get()?.iter().find(of_kind)?.token_count.get().cloned()
}

fn count(number: &Nullable<Number>) -> u64 {
    number.get().map_or(0, whole)
}

fn whole(number: &Number) -> u64 {
    json!(number).as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Usage {
        canonical(&llm_types::from_value(value).unwrap())
    }

    #[test]
    fn everything_and_back() {
        let wire = json!({
            "promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 20,
            "toolUsePromptTokenCount": 7, "thoughtsTokenCount": 30, "totalTokenCount": 157,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 50}, {"modality": "IMAGE", "tokenCount": 30},
                {"modality": "AUDIO", "tokenCount": 20},
            ],
            "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 60}],
            "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 15}, {"modality": "IMAGE", "tokenCount": 5}],
            "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
            "trafficType": "ON_DEMAND", "serviceTier": "standard",
        });
        let usage = read(wire.clone());
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            json!({
                "prompt_tokens": 107, "completion_tokens": 50, "total_tokens": 157,
                "prompt_tokens_details": {
                    "cached_tokens": 60, "audio_tokens": 20, "image_tokens": 30, "text_tokens": 50,
                    "tool_use_tokens": 7,
                    "cache_tokens_details": [{"modality": "TEXT", "tokenCount": 60}],
                    "tool_use_prompt_tokens_details": [{"modality": "TEXT", "tokenCount": 7}],
                },
                "completion_tokens_details": {"reasoning_tokens": 30, "text_tokens": 15, "image_tokens": 5},
                "traffic_type": "ON_DEMAND",
            })
        );
        let again = to_wire(&usage, Some(&ServiceTier::Default));
        assert_eq!(serde_json::to_value(&again).unwrap(), wire);
    }

    #[test]
    fn thoughts_among_the_candidates() {
        let usage = read(json!({
            "promptTokenCount": 10, "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 40
        }));
        let counts = usage.counts();
        assert_eq!((counts.input, counts.output, counts.output_reasoning), (10, 10, 20));
    }

    #[test]
    fn nothing_but_a_prompt() {
        let usage = read(json!({"promptTokenCount": 8, "totalTokenCount": 8}));
        assert_eq!(
            serde_json::to_value(&usage).unwrap(),
            json!({"prompt_tokens": 8, "completion_tokens": 0, "total_tokens": 8})
        );
    }
}
