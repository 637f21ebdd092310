//! Refusals: `{"code": …, "message": …}`, and the request's name in a header.
//!
//! Source: Oracle Cloud Infrastructure docs, "API Errors" (docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm),
//! read 2026-11.

use http::Response;
use llm_provider_core::{UpstreamError, header_text};
use llm_provider_openai::read_error;

use crate::vendor::options;

/// Reads an answer that is no success; `None` for one that is.
pub(crate) fn refusal(response: &Response<&[u8]>) -> Option<UpstreamError> {
    if response.status().is_success() {
        return None;
    }
    let mut error = read_error(response, &options());
    error.request_id =
        error.request_id.or_else(|| header_text(response.headers(), "opc-request-id").map(str::to_owned));
    Some(error)
}
