//! What a request itself says of retries and fallbacks: LiteLLM's members and headers.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use http::HeaderName;
use llm_provider_core::{Names, Peek};
use llm_router::settings::{RetryPolicy, WishedFallbacks};
use llm_router::{Seconds, Wishes};
use llm_types::{ApiError, ErrorKind, Layer};

use super::{Ask, Door, Request};
use crate::headers;
use crate::serving::Group;

/// Members of a body that speak to the router. Most requests have none of them.
const MEMBERS: Names = Names::new(&[
    "num_retries",
    "max_retries",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "disable_fallbacks",
    "retry_policy",
    "model_group_retry_policy",
    "ttft_timeout",
]);

/// What the request asks of the router.
pub(crate) fn wishes(request: &Request<'_>, group: &Group) -> Result<Wishes, ApiError> {
    let Request { peek, ask, .. } = request;
    // A limit that is no shorter than the configured one is never what a request runs into.
    let is_shorter = |own: &Duration| {
        let configured = group.deployments.iter().map(|one| one.total_timeout(request.stream));
        configured.into_iter().any(|total| total.is_none_or(|total| *own < total))
    };
    let deadline = request.own_timeout.map(|own| request.started.plus(own.as_millis() as u64));
    let mut wishes = Wishes {
        embedding: matches!(ask.door, Door::Embeddings(_)),
        own_timeout: request.own_timeout.as_ref().is_some_and(is_shorter),
        deadline,
        ..Wishes::default()
    };
    if peek.any_of(&MEMBERS) {
        wishes.num_retries = peek.get("num_retries")?.or(peek.get("max_retries")?);
        let targets = |member| -> Result<_, ApiError> {
            let wished: Option<WishedFallbacks> = peek.get(member)?;
            Ok(wished.map(|wished| wished.of(&request.model)))
        };
        wishes.fallbacks = targets("fallbacks")?;
        wishes.context_window_fallbacks = targets("context_window_fallbacks")?;
        wishes.content_policy_fallbacks = targets("content_policy_fallbacks")?;
        wishes.disable_fallbacks = peek.get("disable_fallbacks")?.unwrap_or(false);
        wishes.retry_policy = peek.get("retry_policy")?;
        if wishes.retry_policy.is_none() {
            let by_group: Option<HashMap<String, RetryPolicy>> = peek.get("model_group_retry_policy")?;
            wishes.retry_policy = by_group.and_then(|by_group| by_group.get(&*request.model).copied());
        }
        wishes.first_token_ms = peek.get("ttft_timeout")?.map(Seconds::as_ms);
    }
    if wishes.first_token_ms.is_none() {
        wishes.first_token_ms = seconds(ask, &headers::FIRST_TOKEN_TIMEOUT)?.map(Seconds::as_ms);
    }
    if request.is_copy {
        // It is sent once: what becomes of it is what one wants to know.
        let num_retries = Some(0);
        return Ok(Wishes {
            num_retries,
            disable_fallbacks: true,
            embedding: wishes.embedding,
            ..Wishes::default()
        });
    }
    if let Some(retries) = number(ask, &headers::NUM_RETRIES)? {
        wishes.num_retries.get_or_insert(retries);
    }
    Ok(wishes)
}

/// Who goes first where requests wait: the request's own word, else the configuration's.
pub(super) fn priority(peek: &Peek<'_>, ask: &Ask, configured: Option<u8>) -> Result<u8, ApiError> {
    if let Some(own) = peek.get::<u64>("priority")? {
        return u8::try_from(own).map_err(|_| {
            let message = format!("priority: expected 0 to 255, found {own}");
            ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message).with_param("priority")
        });
    }
    let own: Option<u8> = number(ask, &headers::PRIORITY)?;
    Ok(own.or(configured).unwrap_or(DEFAULT_PRIORITY))
}

/// The time limit that a request sets itself: its own member, else a header. Of a streamed request what is said of
/// streams counts first.
pub(super) fn timeout(peek: &Peek<'_>, ask: &Ask, stream: bool) -> Result<Option<Duration>, ApiError> {
    const NAMES: [(&str, HeaderName); 2] =
        [("stream_timeout", headers::STREAM_TIMEOUT), ("timeout", headers::TIMEOUT)];
    let names = if stream { &NAMES[..] } else { &NAMES[1..] };
    let mut own: Option<Seconds> = None;
    for (member, _) in names {
        own = own.or(peek.get(member)?);
    }
    for (_, header) in names {
        if own.is_none() {
            own = seconds(ask, header)?;
        }
    }
    Ok(own.map(|own| Duration::from_millis(own.as_ms())))
}

fn seconds(ask: &Ask, name: &HeaderName) -> Result<Option<Seconds>, ApiError> {
    let Some(text) = ask.header(name) else { return Ok(None) };
    let seconds = text.parse().ok().and_then(|seconds: f64| Seconds::try_from(seconds).ok());
    seconds.map(Some).ok_or_else(|| {
        let message = format!("{name}: {text:?} is no number of seconds");
        ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
    })
}

/// The middle.
const DEFAULT_PRIORITY: u8 = 128;

fn number<T: FromStr>(ask: &Ask, name: &HeaderName) -> Result<Option<T>, ApiError> {
    let Some(text) = ask.header(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let message = format!("{name}: {text:?} is no number that fits");
        ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
    })
}
