//! Usage where vendors put it, with what they leave out.

use llm_provider_core::Scan;
use llm_types::{CompletionTokensDetails, Extra, Nullable, PromptTokensDetails, Usage};
use serde_json::{Number, Value};

use crate::UsageRules;

/// Whether usage stands where OpenAI has it, under OpenAI's names.
pub(crate) const fn is_plain(rules: &UsageRules) -> bool {
    rules.pointer.is_none() && rules.cached_tokens.is_none()
}

/// Reads the counts of the usage that begins `text`, and nothing else: for the books, in one pass, at a fraction of the
/// time that [`Usage`] takes. Gives back what follows it; `None` if it is no object.
pub(crate) fn glance<'a>(text: &'a [u8], usage: &mut Usage) -> Option<&'a [u8]> {
    Scan::walk(text, |name, value| match name {
        b"prompt_tokens" => number(value, &mut usage.prompt_tokens),
        b"completion_tokens" => number(value, &mut usage.completion_tokens),
        b"total_tokens" => number(value, &mut usage.total_tokens),
        b"prompt_tokens_details" if value.starts_with(b"{") => {
            let details = usage.prompt_tokens_details.get_or_insert_with(PromptTokensDetails::default);
            Scan::walk(value, |name, value| match name {
                b"cached_tokens" => number(value, &mut details.cached_tokens),
                b"cache_write_tokens" => number(value, &mut details.cache_write_tokens),
                b"audio_tokens" => number(value, &mut details.audio_tokens),
                _ => None,
            })
        }
        b"completion_tokens_details" if value.starts_with(b"{") => {
            let details =
                usage.completion_tokens_details.get_or_insert_with(CompletionTokensDetails::default);
            Scan::walk(value, |name, value| match name {
                b"reasoning_tokens" => number(value, &mut details.reasoning_tokens),
                b"audio_tokens" => number(value, &mut details.audio_tokens),
                _ => None,
            })
        }
        _ => None,
    })
}

/// Reads a count, and gives back what follows; what is no number counts as absent.
fn number<'a>(text: &'a [u8], into: &mut Nullable<Number>) -> Option<&'a [u8]> {
    let (number, behind) = Scan::leading_number(text)?;
    *into = number.into();
    Some(behind)
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
