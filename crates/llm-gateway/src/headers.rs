//! Every header that the gateway reads or writes, in one list.

mod values;

use http::{HeaderMap, HeaderName};

pub(crate) use values::Values;

/// Whether some headers are for the gateway: all of those begin alike.
pub fn speak(map: &HeaderMap) -> bool {
    map.keys().any(|name| name.as_str().starts_with("x-l"))
}

/// Our name for the request; a client's own is kept if it is short and plain.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The same, in LiteLLM's words.
pub const CALL_ID: HeaderName = HeaderName::from_static("x-litellm-call-id");
/// The deployment that answered, in LiteLLM's words.
pub const MODEL_ID: HeaderName = HeaderName::from_static("x-litellm-model-id");
/// The model group that was asked, in LiteLLM's words.
pub const MODEL_GROUP: HeaderName = HeaderName::from_static("x-litellm-model-group");
/// The vendor's address.
pub const MODEL_API_BASE: HeaderName = HeaderName::from_static("x-litellm-model-api-base");
/// Retries before this answer.
pub const ATTEMPTED_RETRIES: HeaderName = HeaderName::from_static("x-litellm-attempted-retries");
/// Fallbacks before this answer.
pub const ATTEMPTED_FALLBACKS: HeaderName = HeaderName::from_static("x-litellm-attempted-fallbacks");
/// Milliseconds until the answer began.
pub const RESPONSE_DURATION: HeaderName = HeaderName::from_static("x-litellm-response-duration-ms");
/// Milliseconds of those that the gateway itself took.
pub const OVERHEAD_DURATION: HeaderName = HeaderName::from_static("x-litellm-overhead-duration-ms");
/// What the answer costs, in dollars, in LiteLLM's words; on whole answers whose price is known.
pub const RESPONSE_COST: HeaderName = HeaderName::from_static("x-litellm-response-cost");
/// The gateway's version, in LiteLLM's words.
pub const VERSION: HeaderName = HeaderName::from_static("x-litellm-version");
/// The deployment that answered or failed.
pub const DEPLOYMENT: HeaderName = HeaderName::from_static("x-llm-gateway-deployment");
/// The vendor.
pub const PROVIDER: HeaderName = HeaderName::from_static("x-llm-gateway-provider");
/// Which layer speaks in an error.
pub const LAYER: HeaderName = HeaderName::from_static("x-llm-gateway-layer");
/// What translation changed, in short.
pub const NOTES: HeaderName = HeaderName::from_static("x-llm-gateway-notes");
/// What translation changed, as a JSON list.
pub const NOTES_JSON: HeaderName = HeaderName::from_static("x-llm-gateway-notes-json");
/// Asks for more to be told.
pub const EXPLAIN: HeaderName = HeaderName::from_static("x-llm-gateway-explain");
/// What to do with what cannot be carried.
pub const ON_LOSS: HeaderName = HeaderName::from_static("x-llm-gateway-on-loss");
/// Whether an answer that breaks off may go on at another deployment.
pub const CONTINUE_STREAM: HeaderName = HeaderName::from_static("x-llm-gateway-continue-stream");
/// The timeout for this request, in seconds.
pub const TIMEOUT: HeaderName = HeaderName::from_static("x-litellm-timeout");
/// The timeout for this request if it is streamed, in seconds.
pub const STREAM_TIMEOUT: HeaderName = HeaderName::from_static("x-litellm-stream-timeout");

/// Further attempts after a failed one, for this request.
pub const NUM_RETRIES: HeaderName = HeaderName::from_static("x-litellm-num-retries");
/// Labels that the request asks for, with commas between.
pub const TAGS: HeaderName = HeaderName::from_static("x-litellm-tags");
/// The conversation that the request belongs to.
pub const SESSION_ID: HeaderName = HeaderName::from_static("x-litellm-session-id");
/// Nobody knows what the answer costs.
pub const UNPRICED: HeaderName = HeaderName::from_static("x-llm-gateway-unpriced");
/// Requests in a time: the tightest limit of the caller's, what is left of it, and when it begins anew.
pub const RATE_REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
/// The same of tokens.
pub const RATE_TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];
/// Requests a minute of the key, in LiteLLM's words.
pub const KEY_RPM_LIMIT: HeaderName = HeaderName::from_static("x-litellm-key-rpm-limit");
/// Tokens a minute of the key, in LiteLLM's words.
pub const KEY_TPM_LIMIT: HeaderName = HeaderName::from_static("x-litellm-key-tpm-limit");
/// The key's budget in dollars, in LiteLLM's words.
pub const KEY_MAX_BUDGET: HeaderName = HeaderName::from_static("x-litellm-key-max-budget");
/// What is spent of the key's budget, in LiteLLM's words.
pub const KEY_SPEND: HeaderName = HeaderName::from_static("x-litellm-key-spend");
/// Whether the client should try again: read by OpenAI's and Anthropic's clients.
pub const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Whom the request is for.
pub const CUSTOMER_ID: HeaderName = HeaderName::from_static("x-litellm-customer-id");
/// The same by its other name.
pub const END_USER_ID: HeaderName = HeaderName::from_static("x-litellm-end-user-id");
/// What is to be kept with the entries of the request: a JSON object.
pub const SPEND_LOGS_METADATA: HeaderName = HeaderName::from_static("x-litellm-spend-logs-metadata");
/// Milliseconds that the request waited for room at deployments that are asked by so many at a time.
pub const QUEUE_DURATION: HeaderName = HeaderName::from_static("x-llm-gateway-queue-duration-ms");
/// The experiment that the request took part in, and its variant.
pub const VARIANT: HeaderName = HeaderName::from_static("x-llm-gateway-variant");
/// How good the answer is to be; on answers the tier that served.
pub const QUALITY_TIER: HeaderName = HeaderName::from_static("x-llm-gateway-quality-tier");
/// Who goes first where requests wait: 0 to 255, lower is sooner.
pub const PRIORITY: HeaderName = HeaderName::from_static("x-litellm-priority");

/// Seconds until the first token of a streamed answer, at most.
pub const FIRST_TOKEN_TIMEOUT: HeaderName = HeaderName::from_static("x-llm-gateway-first-token-timeout");

/// Where a header goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// One header, for the generated page.
#[derive(Debug, Clone, Copy)]
pub struct HeaderDoc {
    /// Its name.
    pub name: &'static str,
    /// Where it goes.
    pub direction: Direction,
    /// What it says.
    pub meaning: &'static str,
}

const fn request(name: &'static str, meaning: &'static str) -> HeaderDoc {
    HeaderDoc { name, direction: Direction::Request, meaning }
}

const fn response(name: &'static str, meaning: &'static str) -> HeaderDoc {
    HeaderDoc { name, direction: Direction::Response, meaning }
}

/// Every header that the gateway reads or writes, besides those of HTTP itself.
pub const HEADERS: &[HeaderDoc] = &[
    request("authorization", "The key, as `Bearer <key>`."),
    request("x-api-key", "The key, as Anthropic's clients send it."),
    request("api-key", "The key, as Azure's clients send it."),
    request(
        "x-goog-api-key",
        "The key, as Google's clients send it; they may put it into the query as `key` too.",
    ),
    request("ocp-apim-subscription-key", "The key, as clients of Azure API Management send it."),
    request("x-litellm-api-key", "The key; wins over the other places."),
    request(
        "x-request-id",
        "A name for the request, at most 128 plain characters; one is made if there is none.",
    ),
    request("anthropic-version", "Passed on to Anthropic; chooses Anthropic's shape for `GET /v1/models`."),
    request(
        "anthropic-beta",
        "Passed on to wherever Claude is: Anthropic, Amazon Bedrock, Vertex AI and Azure AI.",
    ),
    request("openai-organization", "Passed on to OpenAI, if the deployment names no organisation."),
    request("openai-project", "Passed on to OpenAI, if the deployment names no project."),
    request("x-litellm-timeout", "Seconds until the request is given up; never longer than configured."),
    request("x-litellm-stream-timeout", "The same for a streamed request."),
    request(
        "x-llm-gateway-first-token-timeout",
        "Seconds until the first token of a streamed answer; one that is later is given up, and another deployment asked.",
    ),
    request("x-litellm-num-retries", "Further attempts after a failed one."),
    request("x-litellm-tags", "Labels that choose among deployments, with commas between."),
    request("x-litellm-session-id", "The conversation that the request belongs to."),
    request("x-litellm-customer-id", "Whom the request is for; wins over what the body says."),
    request("x-litellm-end-user-id", "The same."),
    request(
        "x-litellm-spend-logs-metadata",
        "A JSON object, of at most 4 KiB, that is kept with the entries of the request.",
    ),
    request(
        "x-llm-gateway-quality-tier",
        "How good the answer is to be: a tier of a virtual model that goes by quality, such as `draft`.",
    ),
    request("x-litellm-priority", "Who goes first where requests wait: 0 to 255, lower is sooner."),
    request(
        "x-llm-gateway-on-loss",
        "`report` or `reject`: what to do with what the model's vendor has no place for.",
    ),
    request(
        "x-llm-gateway-continue-stream",
        "`true` or `false`: whether a stream that breaks off may go on at another deployment.",
    ),
    request("x-llm-gateway-explain", "`notes`: tell all notes of translation in `x-llm-gateway-notes-json`."),
    response("x-request-id", "The request's name, on every answer."),
    response("request-id", "The same, for Anthropic's clients."),
    response("x-amzn-requestid", "The same, for Amazon's clients."),
    response("x-litellm-call-id", "The same."),
    response("x-litellm-version", "The gateway's version."),
    response("x-litellm-model-id", "The deployment that answered."),
    response("x-litellm-model-group", "The model as the configuration names it."),
    response("x-litellm-model-api-base", "The vendor's address."),
    response("x-litellm-attempted-retries", "Retries before this answer."),
    response("x-litellm-attempted-fallbacks", "Fallbacks before this answer."),
    response("x-litellm-response-duration-ms", "Milliseconds until the answer began."),
    response(
        "x-litellm-response-cost",
        "What the answer costs, in dollars. On whole answers whose price is known; of streams the log tells it.",
    ),
    response("x-litellm-overhead-duration-ms", "Milliseconds of those that the gateway itself took."),
    response("x-llm-gateway-deployment", "The deployment that answered or failed."),
    response("x-llm-gateway-provider", "The vendor of that deployment."),
    response(
        "x-llm-gateway-unpriced",
        "`true` on whole answers whose price nobody knows, where a ledger is kept: they are booked with nothing.",
    ),
    response(
        "x-ratelimit-limit-requests",
        "The tightest limit of requests that the caller is under, else the vendor's.",
    ),
    response("x-ratelimit-remaining-requests", "What is left of it."),
    response("x-ratelimit-reset-requests", "When it begins anew, as `12s` or `250ms`."),
    response(
        "x-ratelimit-limit-tokens",
        "The tightest limit of tokens that the caller is under, else the vendor's.",
    ),
    response("x-ratelimit-remaining-tokens", "What is left of it."),
    response("x-ratelimit-reset-tokens", "When it begins anew."),
    response("x-litellm-key-rpm-limit", "Requests a minute of the key, if it is bounded."),
    response("x-litellm-key-tpm-limit", "Tokens a minute of the key, if it is bounded."),
    response("x-litellm-key-max-budget", "The key's budget, in dollars, if it has one."),
    response("x-litellm-key-spend", "What is spent of the key's budget, in dollars, before this answer."),
    response("x-should-retry", "`false` where a budget is spent: trying again is of no use."),
    response(
        "x-llm-gateway-queue-duration-ms",
        "Milliseconds that the request waited for room at deployments, if it did.",
    ),
    response("x-llm-gateway-variant", "The experiment that the request took part in, and its variant."),
    response("x-llm-gateway-quality-tier", "The tier that served, of a virtual model that goes by quality."),
    response("x-llm-gateway-layer", "On errors: the layer that speaks (`client`, `auth`, `provider`, …)."),
    response("x-llm-gateway-notes", "What translation changed: `dropped logit_bias; clamped temperature`."),
    response("x-llm-gateway-notes-json", "All of it as a JSON list, if the client asked."),
    response("x-ratelimit-*", "The vendor's own limits, as the vendor sent them."),
    response("llm_provider-*", "The vendor's other headers, each under its own name."),
    response("retry-after", "Seconds to wait, on 429 and 503."),
];
