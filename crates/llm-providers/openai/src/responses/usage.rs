//! Usage in the Responses API's words, both ways.

use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails};
use serde_json::{Number, Value};

use super::wire;

/// Moves a count out of an object of details.
fn take(details: &mut Extra, name: &str) -> Nullable<Number> {
    match details.get(name) {
        Some(Value::Number(_)) => match details.shift_remove(name) {
            Some(Value::Number(number)) => Nullable::Value(number),
            _ => Nullable::Absent,
        },
        _ => Nullable::Absent,
    }
}

/// Canonical usage; what it has no name for stays under the vendor's.
pub(super) fn canonical(usage: &wire::Usage) -> llm_types::Usage {
    let prompt = usage.input_tokens_details.get().map(|details| {
        let mut details = details.clone();
        PromptTokensDetails {
            cached_tokens: take(&mut details, "cached_tokens"),
            cache_write_tokens: take(&mut details, "cache_write_tokens"),
            audio_tokens: take(&mut details, "audio_tokens"),
            image_tokens: take(&mut details, "image_tokens"),
            text_tokens: take(&mut details, "text_tokens"),
            extra: details,
            ..PromptTokensDetails::default()
        }
    });
    let completion = usage.output_tokens_details.get().map(|details| {
        let mut details = details.clone();
        CompletionTokensDetails {
            reasoning_tokens: take(&mut details, "reasoning_tokens"),
            audio_tokens: take(&mut details, "audio_tokens"),
            text_tokens: take(&mut details, "text_tokens"),
            extra: details,
            ..CompletionTokensDetails::default()
        }
    });
    llm_types::Usage {
        prompt_tokens: usage.input_tokens.clone(),
        completion_tokens: usage.output_tokens.clone(),
        total_tokens: usage.total_tokens.clone(),
        prompt_tokens_details: prompt.into(),
        completion_tokens_details: completion.into(),
        extra: usage.extra.clone(),
        ..llm_types::Usage::default()
    }
}

/// The counts that clients expect to be there are zero where nobody counted.
pub(super) fn to_wire(usage: &llm_types::Usage) -> wire::Usage {
    let counts = usage.counts();
    let mut input = Extra::new();
    input.insert("cached_tokens".to_owned(), counts.input_cached.into());
    let written = counts.input_cache_write.saturating_add(counts.input_cache_write_1h);
    input.insert("cache_write_tokens".to_owned(), written.into());
    if let Some(details) = usage.prompt_tokens_details.get() {
        put(&mut input, "audio_tokens", &details.audio_tokens);
        put(&mut input, "image_tokens", &details.image_tokens);
        put(&mut input, "text_tokens", &details.text_tokens);
        input.extend(details.extra.clone());
    }
    let mut output = Extra::new();
    output.insert("reasoning_tokens".to_owned(), counts.output_reasoning.into());
    if let Some(details) = usage.completion_tokens_details.get() {
        put(&mut output, "audio_tokens", &details.audio_tokens);
        put(&mut output, "text_tokens", &details.text_tokens);
        output.extend(details.extra.clone());
    }
    let (read, wrote) = (counts.input_total(), counts.output_total());
    let total = usage.total_tokens.get().cloned().unwrap_or_else(|| read.saturating_add(wrote).into());
    let known =
        ["input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens"];
    let extra = usage.extra.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    wire::Usage {
        input_tokens: Nullable::Value(read.into()),
        input_tokens_details: Nullable::Value(input),
        output_tokens: Nullable::Value(wrote.into()),
        output_tokens_details: Nullable::Value(output),
        total_tokens: Nullable::Value(total),
        extra: extra.map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

/// Whether [`to_wire`] tells what canonical usage has at this place.
pub(super) fn says(place: &str) -> bool {
    match place.split_once('.') {
        None => place != "server_tool_use" && !place.ends_with("_details"),
        Some(("server_tool_use", _)) => false,
        Some(("prompt_tokens_details", name)) => !name.starts_with("cache_creation_token_details"),
        Some((_, name)) => !name.ends_with("_prediction_tokens"),
    }
}

fn put(details: &mut Extra, name: &str, count: &Nullable<Number>) {
    if let Some(count) = count.get() {
        details.insert(name.to_owned(), Value::Number(count.clone()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn there_and_back() {
        let told = json!({
            "input_tokens": 100, "input_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10, "future": 1 },
            "output_tokens": 20, "output_tokens_details": { "reasoning_tokens": 5 }, "total_tokens": 120, "sources": 2
        });
        let wire: wire::Usage = serde_json::from_value(told.clone()).unwrap();
        let usage = canonical(&wire);
        let counts = usage.counts();
        assert_eq!((counts.input, counts.input_cached, counts.input_cache_write), (30, 60, 10));
        assert_eq!((counts.output, counts.output_reasoning), (15, 5));
        assert_eq!(serde_json::to_value(to_wire(&usage)).unwrap(), told);
    }

    #[test]
    fn what_nobody_counted_is_zero() {
        let usage = to_wire(&llm_types::Usage::new(3, 4));
        assert_eq!(
            serde_json::to_value(usage).unwrap(),
            json!({
                "input_tokens": 3, "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
                "output_tokens": 4, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 7
            })
        );
    }
}
