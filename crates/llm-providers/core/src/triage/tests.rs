//! Errors as vendors word them, and the kind that each of them is.

use llm_types::ErrorKind::{
    self, Authentication, BadGateway, Conflict, ContentPolicy, ContextWindow, GatewayTimeout, Internal,
    InvalidRequest, NotFound, PayloadTooLarge, PaymentRequired, PermissionDenied, QuotaExceeded, RateLimit,
    Timeout, Unavailable, Unprocessable,
};

use super::*;

/// Status, code or type, message, kind.
const TABLE: &[(u16, &str, &str, ErrorKind)] = &[
    // OpenAI and those who write its errors
    (
        401,
        "invalid_api_key",
        "Incorrect API key provided: sk-***. You can find your API key at …",
        Authentication,
    ),
    (400, "context_length_exceeded", "This model's maximum context length is 128000 tokens.", ContextWindow),
    (400, "invalid_request_error", "Your input exceeds the context window of this model.", ContextWindow),
    (
        400,
        "invalid_request_error",
        "Input tokens exceed the configured limit of 272000 tokens.",
        ContextWindow,
    ),
    (
        400,
        "string_above_max_length",
        "Invalid 'user': string too long. Expected a string with maximum length 64.",
        InvalidRequest,
    ),
    (
        400,
        "invalid_value",
        "Invalid 'messages[3]'. Content blocks are expected to be either text or image_url type.",
        InvalidRequest,
    ),
    (400, "content_policy_violation", "Your request was rejected by our safety system.", ContentPolicy),
    (
        400,
        "invalid_prompt",
        "Invalid prompt: it was flagged as potentially violating our usage policy.",
        ContentPolicy,
    ),
    (
        403,
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
        PermissionDenied,
    ),
    (404, "model_not_found", "The model `gpt-9` does not exist or you do not have access to it.", NotFound),
    (
        429,
        "rate_limit_exceeded",
        "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000.",
        RateLimit,
    ),
    (
        429,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
        QuotaExceeded,
    ),
    (
        500,
        "server_error",
        "The server had an error while processing your request. Sorry about that!",
        Internal,
    ),
    (503, "", "The engine is currently overloaded, please try again later", Unavailable),
    // Azure
    (
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering the content management policy.",
        ContentPolicy,
    ),
    (400, "ResponsibleAIPolicyViolation", "Your request was rejected.", ContentPolicy),
    (404, "DeploymentNotFound", "The API deployment for this resource does not exist.", NotFound),
    // Anthropic
    (400, "invalid_request_error", "prompt is too long: 210323 tokens > 200000 maximum", ContextWindow),
    (
        400,
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        ContextWindow,
    ),
    (400, "invalid_request_error", "Output blocked by content filtering policy", ContentPolicy),
    (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API.",
        PaymentRequired,
    ),
    (400, "invalid_request_error", "temperature: range: 0..1", InvalidRequest),
    (401, "authentication_error", "invalid x-api-key", Authentication),
    (
        403,
        "permission_error",
        "Your API key does not have permission to use the specified resource.",
        PermissionDenied,
    ),
    (404, "not_found_error", "model: claude-sonet-4-5", NotFound),
    (413, "request_too_large", "Request exceeds the maximum size", PayloadTooLarge),
    (429, "rate_limit_error", "This request would exceed your organization's rate limit.", RateLimit),
    (500, "api_error", "Internal server error", Internal),
    (504, "timeout_error", "Request timed out", GatewayTimeout),
    (529, "overloaded_error", "Overloaded", Unavailable),
    // Google
    (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", Authentication),
    (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        ContextWindow,
    ),
    (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota. Quota exceeded for metric: requests, limit: 15. Please retry in 31.2s.",
        RateLimit,
    ),
    (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", Unavailable),
    // AWS
    (400, "ValidationException", "Input is too long for requested model.", ContextWindow),
    (
        400,
        "ValidationException",
        "Malformed input request: expected maxLength: 50000, actual: 61234",
        ContextWindow,
    ),
    (
        400,
        "ValidationException",
        "Malformed input request: #: required key [messages] not found",
        InvalidRequest,
    ),
    // Others
    (402, "invalid_request_error", "Insufficient Balance", PaymentRequired),
    (402, "", "This request requires more credits, or fewer max_tokens.", PaymentRequired),
    (
        400,
        "3051",
        "Prompt contains 40023 tokens, too large for model with 32768 maximum context length",
        ContextWindow,
    ),
    (400, "", "too many tokens: total number of tokens in the prompt cannot exceed 4081", ContextWindow),
    (
        400,
        "invalid-argument",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        ContextWindow,
    ),
    (400, "invalid-argument", "Incorrect API key provided: xa***xx.", Authentication),
    (
        400,
        "context_length_exceeded",
        "Please reduce the length of the messages or completion. Current length is 8200 while limit is 8192.",
        ContextWindow,
    ),
    (
        413,
        "rate_limit_exceeded",
        "Request too large for model on tokens per minute (TPM): Limit 6000, Requested 7000",
        PayloadTooLarge,
    ),
    (422, "", "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097.", ContextWindow),
    (422, "", "Input should be a valid list", Unprocessable),
    (
        400,
        "BadRequestError",
        "The decoder prompt (length 40960) is longer than the maximum model length of 32768.",
        ContextWindow,
    ),
    (
        400,
        "exceed_context_size_error",
        "the request exceeds the available context size, try increasing it",
        ContextWindow,
    ),
    (
        500,
        "exceed_context_size_error",
        "the request exceeds the available context size, try increasing it",
        ContextWindow,
    ),
    (400, "data_inspection_failed", "Input data may contain inappropriate content.", ContentPolicy),
    (400, "InvalidParameter", "Range of input length should be [1, 30720]", ContextWindow),
    (400, "1261", "Prompt exceeds max length", ContextWindow),
    (
        400,
        "invalid_request_error",
        "Invalid request: Your request exceeded model token limit: 8192",
        ContextWindow,
    ),
    (403, "exceeded_current_quota_error", "Your account is suspended, insufficient balance", QuotaExceeded),
    (429, "engine_overloaded_error", "The engine is currently overloaded", RateLimit),
    // A status that stands for itself
    (401, "", "This model's maximum context length is 10 tokens.", Authentication),
    (404, "insufficient_quota", "You exceeded your current quota", NotFound),
    (408, "", "", Timeout),
    (409, "", "", Conflict),
    (502, "", "<html>Bad Gateway</html>", BadGateway),
    (302, "", "", Internal),
];

#[test]
fn vendors_errors_are_told_apart() {
    for &(status, code, message, kind) in TABLE {
        assert_eq!(triage(status, &[Some(code), None, Some(message)]), kind, "{status} {code}: {message}");
        assert_eq!(triage(status, &[Some(message), Some(code)]), kind, "the order of texts means nothing");
    }
}

#[test]
fn case_means_nothing() {
    assert_eq!(triage(400, &[Some("PROMPT IS TOO LONG")]), ContextWindow);
}

#[test]
fn without_words_the_status_decides() {
    for status in 100..=599 {
        assert_eq!(triage(status, &[]), ErrorKind::from_status(status));
        assert_eq!(triage(status, &[None, Some("")]), ErrorKind::from_status(status));
    }
}

#[test]
fn phrases_are_in_lower_case() {
    for phrase in [CONTEXT_WINDOW, CONTENT_POLICY, QUOTA, KEY, PASSES].concat() {
        assert_eq!(phrase, phrase.to_lowercase());
    }
}
