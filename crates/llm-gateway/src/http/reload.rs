//! The configuration, read again on request.

use bytes::Bytes;
use http::Response;
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::json;

use super::models::answer;
use super::visit::Visit;

/// Reads the configuration again. A bad one changes nothing.
///
/// # Errors
/// 422 with what is wrong with the new configuration.
pub async fn reload(visit: &Visit) -> Result<Response<Bytes>, ApiError> {
    let reloader = visit.app.reloader().ok_or_else(|| {
        ApiError::new(ErrorKind::NotFound, Layer::Gateway, "this gateway has no configuration to read again")
    })?;
    match reloader.reload().await {
        Ok(report) => Ok(answer(&json!(report))),
        Err(why) => {
            Err(ApiError::new(ErrorKind::Unprocessable, Layer::Gateway, why).with_code("invalid_config"))
        }
    }
}
