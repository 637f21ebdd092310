//! What a request itself says of retries and fallbacks: LiteLLM's members and headers.

use std::str::FromStr;

use http::{HeaderMap, HeaderName};
use llm_provider_core::{Peek, header_text};
use llm_router::Wishes;
use llm_types::{ApiError, ErrorKind, Layer};

use super::{Ask, Door, Request};
use crate::headers;

/// Members of a body that speak to the router. Most requests have none of them.
const MEMBERS: [&str; 6] = [
    "num_retries",
    "max_retries",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "disable_fallbacks",
];

/// What the request asks of the router.
pub(crate) fn wishes(request: &Request<'_>) -> Result<Wishes, ApiError> {
    let Request { peek, ask: Ask { headers, door, .. }, .. } = request;
    let mut wishes = Wishes { embedding: matches!(door, Door::Embeddings(_)), ..Wishes::default() };
    if peek.members().iter().any(|member| MEMBERS.contains(&&*member.name)) {
        wishes.num_retries = peek.get("num_retries")?.or(peek.get("max_retries")?);
        wishes.fallbacks = peek.get("fallbacks")?;
        wishes.context_window_fallbacks = peek.get("context_window_fallbacks")?;
        wishes.content_policy_fallbacks = peek.get("content_policy_fallbacks")?;
        wishes.disable_fallbacks = peek.get("disable_fallbacks")?.unwrap_or(false);
    }
    if let Some(retries) = number(headers, &headers::NUM_RETRIES)? {
        wishes.num_retries.get_or_insert(retries);
    }
    Ok(wishes)
}

/// Who goes first where requests wait: the request's own word, else the configuration's.
pub(super) fn priority(peek: &Peek<'_>, headers: &HeaderMap, configured: Option<u8>) -> Result<u8, ApiError> {
    if let Some(own) = peek.get("priority")? {
        return Ok(own);
    }
    let own: Option<u8> = number(headers, &headers::PRIORITY)?;
    Ok(own.or(configured).unwrap_or(DEFAULT_PRIORITY))
}

/// The middle.
const DEFAULT_PRIORITY: u8 = 128;

fn number<T: FromStr>(map: &HeaderMap, name: &HeaderName) -> Result<Option<T>, ApiError> {
    let Some(text) = header_text(map, name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let message = format!("{name}: {text:?} is no number that fits");
        ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
    })
}
