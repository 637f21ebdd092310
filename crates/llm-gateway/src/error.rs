//! The one mapping from errors to HTTP.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use llm_provider_core::{Ingress, Reply};
use llm_types::{ApiError, ErrorKind, Layer};

use crate::headers;

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
    ingress.error_headers(error, map);
    response
}

/// The gateway has no room.
pub fn overloaded(what: &str) -> ApiError {
    ApiError::new(ErrorKind::Unavailable, Layer::Limit, format!("the gateway is full: {what}"))
        .with_code("overloaded")
        .with_retry_after_ms(1000)
}
