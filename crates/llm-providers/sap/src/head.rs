//! Addresses and headers.

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Uri};
use llm_provider_core::{Call, EncodeError};
use llm_provider_envelope::address;

const GROUP: HeaderName = HeaderName::from_static("ai-resource-group");
const CLIENT: HeaderName = HeaderName::from_static("ai-client-type");

/// The address of an operation of the deployment, such as `/v2/completion`.
pub(crate) fn uri(operation: &str, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let base = call.base_url.or_else(|| call.parameter("deployment_url"));
    let base = base.ok_or_else(|| {
        let why = "AI Core has an address for each deployment: set `deployment_url` or `api_base`";
        EncodeError::Setup(why.to_owned())
    })?;
    let base = base.trim_end_matches('/');
    address(base.strip_suffix(operation).unwrap_or(base), operation)
}

/// The headers of the vendor's own; the caller's win.
pub(crate) fn headers(headers: &mut HeaderMap, call: &Call<'_>) -> Result<(), EncodeError> {
    let group = call.parameter("resource_group").unwrap_or("default");
    let group = HeaderValue::from_str(group)
        .map_err(|_| EncodeError::Setup("`resource_group` holds what a header cannot".to_owned()))?;
    headers.entry(GROUP).or_insert(group);
    headers.entry(CLIENT).or_insert(HeaderValue::from_static("llm-gateway"));
    Ok(())
}
