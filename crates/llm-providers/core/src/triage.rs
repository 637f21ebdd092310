//! Sorting vendors' errors: the rules that hold for all of them.

use llm_types::ErrorKind;

/// Phrases by which vendors say that a prompt does not fit, in lower case.
const CONTEXT_WINDOW: &[&str] = &[
    "context_length_exceeded",
    "maximum context length is",
    "exceed context limit",
    "model's maximum context limit",
    "is longer than the model's context length",
    "input tokens exceed the configured limit",
    "`inputs` tokens + `max_new_tokens` must be",
    "exceeds the available context size",
    "exceeds the maximum number of tokens allowed",
    "prompt is too long",
    "prompt: length",
    "input is too long",
    "exceeds the context window",
    "exceeds context window",
    "context window exceeded",
    "reduce the length of the messages",
    "please reduce your prompt",
    "current length is",
    "maximum input length is",
    "maximum prompt length is",
    "longer than the maximum model length",
    "too large for model with",
    "too many tokens",
    "expected maxlength:",
    "exceeded model token limit",
    "range of input length should be",
    "prompt exceeds max length",
];

/// Codes and phrases by which vendors say that content goes against their rules, in lower case.
const CONTENT_POLICY: &[&str] = &[
    "content_policy_violation",
    "content_filter",
    "moderation_blocked",
    "responsibleaipolicyviolation",
    "content management policy",
    "content filtering policy",
    "violates our usage policies",
    "violating our usage policy",
    "safety system",
    "data_inspection_failed",
];

/// Phrases by which vendors say that an account has no credit left, in lower case.
const QUOTA: &[&str] = &[
    "insufficient_quota",
    "exceeded your current quota",
    "credit balance is too low",
    "insufficient balance",
    "insufficient_balance",
    "insufficient credits",
    "billing_hard_limit_reached",
];

/// Phrases by which vendors say that a key is wrong, in lower case; some of them say it with a 400.
const KEY: &[&str] =
    &["api key not valid", "api_key_invalid", "incorrect api key", "invalid api key", "invalid_api_key"];

/// Phrases that belong to a limit that passes, even beside words of quota, in lower case.
const PASSES: &[&str] = &["please retry in"];

/// The kind of an error from its status and whatever text the vendor gave: code, type and message.
///
/// Source: the vendors' error pages (OpenAI "Error codes", Anthropic "Errors", and those named at each row of
/// the table of compatible vendors), read 2026-11.
pub fn triage(status: u16, texts: &[Option<&str>]) -> ErrorKind {
    let kind = ErrorKind::from_status(status);
    let says = |phrases: &[&str]| {
        texts.iter().flatten().any(|text| {
            let text = text.to_lowercase();
            phrases.iter().any(|phrase| text.contains(phrase))
        })
    };
    // A vendor's 401 or 404 means what it says, whatever words it comes with.
    let open = matches!(status, 400 | 403 | 413 | 422 | 429 | 500..);
    if !open && status != 402 {
        return kind;
    }
    if status == 429 && says(PASSES) {
        return kind;
    }
    if says(QUOTA) {
        return match status {
            403 | 429 => ErrorKind::QuotaExceeded,
            _ => ErrorKind::PaymentRequired,
        };
    }
    if matches!(status, 400 | 403) && says(KEY) {
        return ErrorKind::Authentication;
    }
    if matches!(status, 400 | 413 | 422 | 500) && says(CONTEXT_WINDOW) {
        return ErrorKind::ContextWindow;
    }
    if matches!(status, 400 | 403 | 422 | 500) && says(CONTENT_POLICY) {
        return ErrorKind::ContentPolicy;
    }
    kind
}

#[cfg(test)]
mod tests;
