//! Usage where vendors put it, with what they leave out.

use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails, Usage};
use serde::Deserialize;
use serde_json::{Number, Value};

use crate::UsageRules;

/// Whether usage stands where OpenAI has it, under OpenAI's names.
pub(crate) const fn is_plain(rules: &UsageRules) -> bool {
    rules.pointer.is_none() && rules.cached_tokens.is_none()
}

/// The counts of a usage and nothing else: read for the books at a fraction of the time that [`Usage`] takes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Glance {
    prompt_tokens: Option<Number>,
    completion_tokens: Option<Number>,
    total_tokens: Option<Number>,
    prompt_tokens_details: Option<PromptGlance>,
    completion_tokens_details: Option<CompletionGlance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptGlance {
    cached_tokens: Option<Number>,
    cache_write_tokens: Option<Number>,
    audio_tokens: Option<Number>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionGlance {
    reasoning_tokens: Option<Number>,
    audio_tokens: Option<Number>,
}

impl From<Glance> for Usage {
    fn from(glance: Glance) -> Self {
        Self {
            prompt_tokens: glance.prompt_tokens.into(),
            completion_tokens: glance.completion_tokens.into(),
            total_tokens: glance.total_tokens.into(),
            prompt_tokens_details: glance
                .prompt_tokens_details
                .map(|details| PromptTokensDetails {
                    cached_tokens: details.cached_tokens.into(),
                    cache_write_tokens: details.cache_write_tokens.into(),
                    audio_tokens: details.audio_tokens.into(),
                    ..PromptTokensDetails::default()
                })
                .into(),
            completion_tokens_details: glance
                .completion_tokens_details
                .map(|details| CompletionTokensDetails {
                    reasoning_tokens: details.reasoning_tokens.into(),
                    audio_tokens: details.audio_tokens.into(),
                    ..CompletionTokensDetails::default()
                })
                .into(),
            ..Self::default()
        }
    }
}

/// The usage that stands elsewhere than in `usage`; `extra` holds the members beside it.
pub(crate) fn elsewhere(extra: &Extra, rules: &UsageRules) -> Option<Usage> {
    let pointer = rules.pointer.as_deref()?.strip_prefix('/')?;
    let (first, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
    let mut value = extra.get(first)?;
    if !rest.is_empty() {
        value = value.pointer(&format!("/{rest}"))?;
    }
    serde_json::from_value(value.clone()).ok()
}

/// Adds what the vendor leaves out, so that [`Usage::counts`] is right.
pub(crate) fn mend(usage: &mut Usage, rules: &UsageRules) {
    if let Some(name) = &rules.cached_tokens
        && let Some(Value::Number(cached)) = usage.extra.get(name)
        && usage.prompt_tokens_details.get().is_none_or(|details| !details.cached_tokens.is_value())
    {
        let cached = cached.clone();
        usage.prompt_tokens_details.get_or_insert_with(PromptTokensDetails::default).cached_tokens =
            cached.into();
    }
    if rules.reasoning_apart
        && let Some(reasoning) = usage.completion_tokens_details.get().and_then(|d| count(&d.reasoning_tokens))
        && let Some(completion) = count(&usage.completion_tokens)
        && let Some(total) = count(&usage.total_tokens)
        && let Some(prompt) = count(&usage.prompt_tokens)
        // Where the sum holds without it, thinking is in the count already.
        && total == prompt.saturating_add(completion).saturating_add(reasoning)
    {
        usage.completion_tokens = Nullable::Value(completion.saturating_add(reasoning).into());
    }
}

fn count(number: &Nullable<Number>) -> Option<u64> {
    number.get().and_then(Number::as_u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mended(usage: Value, rules: &UsageRules) -> Usage {
        let mut usage = serde_json::from_value(usage).unwrap();
        mend(&mut usage, rules);
        usage
    }

    #[test]
    fn cached_tokens_under_another_name() {
        let rules = UsageRules { cached_tokens: Some("hits".to_owned()), ..UsageRules::default() };
        let usage = mended(json!({"prompt_tokens": 10, "completion_tokens": 1, "hits": 4}), &rules);
        assert_eq!((usage.counts().input, usage.counts().input_cached), (6, 4));
        let both = json!({"prompt_tokens": 10, "hits": 4, "prompt_tokens_details": {"cached_tokens": 3}});
        assert_eq!(mended(both, &rules).counts().input_cached, 3);
    }

    #[test]
    fn thinking_beside_the_completion_is_added_once() {
        let rules = UsageRules { reasoning_apart: true, ..UsageRules::default() };
        let usage = |total: u64| {
            json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": total,
                "completion_tokens_details": {"reasoning_tokens": 20}})
        };
        let apart = mended(usage(35), &rules).counts();
        assert_eq!((apart.output, apart.output_reasoning), (5, 20));
        assert_eq!(mended(usage(15), &rules).counts().output_total(), 5);
    }

    #[test]
    fn usage_by_pointer() {
        let rules = UsageRules { pointer: Some("/x/usage".to_owned()), ..UsageRules::default() };
        let Value::Object(extra) = json!({"x": {"usage": {"prompt_tokens": 3}}}) else { unreachable!() };
        assert_eq!(elsewhere(&extra, &rules).unwrap().counts().input, 3);
        assert!(elsewhere(&Extra::new(), &rules).is_none());
    }
}
