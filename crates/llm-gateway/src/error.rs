//! The one mapping from errors to HTTP.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use llm_provider_core::{Ingress, Reply};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::Value;

use crate::headers;
use crate::quotas::told::ResetIn;

/// An error as an answer in the client's dialect.
pub fn response(error: &ApiError, ingress: &dyn Ingress, reply: &Reply) -> Response<Bytes> {
    let mut response = Response::new(ingress.error(error, reply));
    *response.status_mut() =
        StatusCode::from_u16(ingress.error_status(error)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let map = response.headers_mut();
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    map.insert(headers::LAYER, HeaderValue::from_static(error.layer.label()));
    if let Some(ms) = error.retry_after_ms {
        map.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
    }
    if error.layer == Layer::Budget && error.kind == ErrorKind::QuotaExceeded {
        // OpenAI's clients would ask again and again.
        map.insert(headers::SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    tell_rate(error, map);
    ingress.error_headers(error, map);
    response
}

/// Tells of the rate that is in the way what answers tell of rates.
fn tell_rate(error: &ApiError, map: &mut HeaderMap) {
    let is_ours = error.layer == Layer::Limit && error.kind == ErrorKind::RateLimit;
    let Some(details) = error.details.as_deref().filter(|_| is_ours) else { return };
    let [limit, remaining, reset] = match details.get("rate_limit_type").and_then(Value::as_str) {
        Some("requests") => headers::RATE_REQUESTS,
        Some("tokens") => headers::RATE_TOKENS,
        _ => return,
    };
    let amount = |name: &str| details.get(name).and_then(Value::as_i64);
    let (Some(most), Some(used)) = (amount("limit"), amount("current")) else { return };
    map.insert(limit, HeaderValue::from(most));
    map.insert(remaining, HeaderValue::from(most.saturating_sub(used).max(0)));
    if let Some(ms) = error.retry_after_ms
        && let Ok(value) = HeaderValue::try_from(ResetIn(ms).to_string())
    {
        map.insert(reset, value);
    }
}

/// The gateway has no room.
pub fn overloaded(what: &str) -> ApiError {
    ApiError::new(ErrorKind::Unavailable, Layer::Limit, format!("the gateway is full: {what}"))
        .with_code("overloaded")
        .with_retry_after_ms(1000)
}
