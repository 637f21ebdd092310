//! Addresses, credentials, and whose a request is.

use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderMap, Uri, request};
use llm_provider_core::{Call, EncodeError, SigV4};
use llm_provider_envelope::{address, head};
use llm_types::Extra;

use crate::vendor::options;

/// The version that is asked for where none is set.
///
/// Source: IBM Cloud API docs, "IBM watsonx.ai", section "Versioning", read 2026-11: a date, required in every request.
const VERSION: &str = "2024-03-13";

/// What stands before the id of a deployment in a model's name.
const DEPLOYMENT: &str = "deployment/";

/// The deployment that the call goes to, if it goes to one.
pub(crate) fn deployment<'a>(call: &Call<'a>) -> Option<&'a str> {
    call.model.strip_prefix(DEPLOYMENT)
}

/// The address of an operation, such as `text/chat`.
pub(crate) fn uri(operation: &str, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let version = SigV4::percent_encode(call.parameter("api_version").unwrap_or(VERSION));
    let path = match deployment(call) {
        Some(id) => format!("/ml/v1/deployments/{}/{operation}?version={version}", SigV4::percent_encode(id)),
        None => format!("/ml/v1/{operation}?version={version}"),
    };
    address(&base(call)?, &path)
}

/// The address that was set, or that of the region.
pub(crate) fn base(call: &Call<'_>) -> Result<String, EncodeError> {
    let region = call.parameter("region_name").or_else(|| call.parameter("watsonx_region_name"));
    match (call.base_url, region) {
        (Some(base), _) => Ok(base.trim_end_matches('/').to_owned()),
        (None, Some(region)) => Ok(format!("https://{region}.ml.cloud.ibm.com")),
        (None, None) => Err(EncodeError::Setup(
            "watsonx.ai has an address for each region: set `api_base` or `region_name`".to_owned(),
        )),
    }
}

/// Says which model is asked and whose the request is; a deployment knows both. Where nobody has said whose it is, the
/// vendor refuses it in words of its own.
pub(crate) fn owner(body: &mut Extra, call: &Call<'_>) {
    if deployment(call).is_some() {
        return;
    }
    body.insert("model_id".to_owned(), call.model.into());
    // A request may name its own.
    if body.contains_key("project_id") || body.contains_key("space_id") {
        return;
    }
    let project = call.parameter("project_id").or_else(|| call.parameter("watsonx_project"));
    if let Some(project) = project {
        body.insert("project_id".to_owned(), project.into());
    } else if let Some(space) = call.parameter("space_id") {
        body.insert("space_id".to_owned(), space.into());
    }
}

/// Method, address and headers of an operation.
pub(crate) fn parts(operation: &str, call: &Call<'_>) -> Result<request::Parts, EncodeError> {
    let mut parts = head(uri(operation, call)?, &options(), call)?;
    credential(&mut parts.headers, call)?;
    Ok(parts)
}

/// A token in hand or a `ZenApiKey`, where one is set; the caller's own header wins.
pub(crate) fn credential(headers: &mut HeaderMap, call: &Call<'_>) -> Result<(), EncodeError> {
    if call.headers.contains_key(AUTHORIZATION) {
        return Ok(());
    }
    let value = match (call.parameter("token"), call.parameter("zen_api_key")) {
        (Some(token), _) => format!("Bearer {token}"),
        (None, Some(key)) => format!("ZenApiKey {key}"),
        (None, None) => return Ok(()),
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| EncodeError::Setup("the token holds what a header cannot".to_owned()))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}
