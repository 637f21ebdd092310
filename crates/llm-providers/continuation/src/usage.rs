//! What the legs of an answer took together.

use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails, Usage};
use serde_json::{Number, Value};

/// Bytes of text that stand for a token.
const BYTES_PER_TOKEN: usize = 4;

/// What a leg took that has not told it: by the bytes of what it was asked and of what it said. Has the member
/// `estimated`.
pub fn estimate(asked_bytes: usize, said_bytes: usize) -> Usage {
    let tokens = |bytes: usize| bytes.div_ceil(BYTES_PER_TOKEN) as u64;
    let mut usage = Usage::new(tokens(asked_bytes), tokens(said_bytes));
    usage.extra.insert("estimated".to_owned(), true.into());
    usage
}

/// The sum of two usages, with all their details; flags such as `estimated` hold if one of them has it.
pub fn sum(one: &Usage, other: &Usage) -> Usage {
    Usage {
        prompt_tokens: number(&one.prompt_tokens, &other.prompt_tokens),
        completion_tokens: number(&one.completion_tokens, &other.completion_tokens),
        total_tokens: number(&one.total_tokens, &other.total_tokens),
        prompt_tokens_details: both(&one.prompt_tokens_details, &other.prompt_tokens_details, prompt),
        completion_tokens_details: both(
            &one.completion_tokens_details,
            &other.completion_tokens_details,
            completion,
        ),
        cache_creation_input_tokens: number(
            &one.cache_creation_input_tokens,
            &other.cache_creation_input_tokens,
        ),
        cache_read_input_tokens: number(&one.cache_read_input_tokens, &other.cache_read_input_tokens),
        server_tool_use: both(&one.server_tool_use, &other.server_tool_use, value),
        extra: members(&one.extra, &other.extra),
    }
}

fn both<T: Clone>(one: &Nullable<T>, other: &Nullable<T>, add: impl FnOnce(&T, &T) -> T) -> Nullable<T> {
    match (one.get(), other.get()) {
        (Some(one), Some(other)) => Nullable::Value(add(one, other)),
        (Some(_), None) => one.clone(),
        (None, _) => other.clone(),
    }
}

fn number(one: &Nullable<Number>, other: &Nullable<Number>) -> Nullable<Number> {
    both(one, other, added)
}

fn added(one: &Number, other: &Number) -> Number {
    match (one.as_u64(), other.as_u64()) {
        (Some(one), Some(other)) => one.saturating_add(other).into(),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            Number::from_f64(float(one) + float(other)).unwrap_or_else(|| other.clone())
        }
    }
}

fn prompt(one: &PromptTokensDetails, other: &PromptTokensDetails) -> PromptTokensDetails {
    PromptTokensDetails {
        cached_tokens: number(&one.cached_tokens, &other.cached_tokens),
        cache_write_tokens: number(&one.cache_write_tokens, &other.cache_write_tokens),
        cache_creation_token_details: both(
            &one.cache_creation_token_details,
            &other.cache_creation_token_details,
            members,
        ),
        audio_tokens: number(&one.audio_tokens, &other.audio_tokens),
        image_tokens: number(&one.image_tokens, &other.image_tokens),
        text_tokens: number(&one.text_tokens, &other.text_tokens),
        extra: members(&one.extra, &other.extra),
    }
}

fn completion(one: &CompletionTokensDetails, other: &CompletionTokensDetails) -> CompletionTokensDetails {
    CompletionTokensDetails {
        reasoning_tokens: number(&one.reasoning_tokens, &other.reasoning_tokens),
        audio_tokens: number(&one.audio_tokens, &other.audio_tokens),
        text_tokens: number(&one.text_tokens, &other.text_tokens),
        accepted_prediction_tokens: number(
            &one.accepted_prediction_tokens,
            &other.accepted_prediction_tokens,
        ),
        rejected_prediction_tokens: number(
            &one.rejected_prediction_tokens,
            &other.rejected_prediction_tokens,
        ),
        extra: members(&one.extra, &other.extra),
    }
}

fn members(one: &Extra, other: &Extra) -> Extra {
    let mut all = one.clone();
    for (name, more) in other {
        let sum = all.get(name).map_or_else(|| more.clone(), |before| value(before, more));
        all.insert(name.clone(), sum);
    }
    all
}

/// Counts are added, flags joined; of anything else the later holds.
fn value(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => Value::Number(added(one, other)),
        (Value::Object(one), Value::Object(other)) => Value::Object(members(one, other)),
        (Value::Bool(one), Value::Bool(other)) => Value::Bool(*one || *other),
        (one, Value::Null) => one.clone(),
        (_, other) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_added_as_well() {
        let read = |usage: Value| llm_types::from_value::<Usage>(usage).unwrap();
        let one = read(json!({
            "prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13, "cost": 0.5, "estimated": true,
            "prompt_tokens_details": {"cached_tokens": 4, "cache_creation_token_details": {"ephemeral_5m_input_tokens": 2}},
        }));
        let other = read(json!({
            "prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25, "cost": 0.25,
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 2, "cache_creation_token_details": {"ephemeral_5m_input_tokens": 1}},
            "completion_tokens_details": {"reasoning_tokens": 2},
        }));
        let expected = json!({
            "prompt_tokens": 30, "completion_tokens": 8, "total_tokens": 38, "cost": 0.75, "estimated": true,
            "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 2, "cache_creation_token_details": {"ephemeral_5m_input_tokens": 3}},
            "completion_tokens_details": {"reasoning_tokens": 2},
        });
        assert_eq!(serde_json::to_value(sum(&one, &other)).unwrap(), expected);
        assert_eq!(serde_json::to_value(sum(&other, &one)).unwrap(), expected);
        assert_eq!(sum(&one, &Usage::default()), one);
    }
}
