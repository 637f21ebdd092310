//! Addresses, headers and signatures.
//!
//! Source: Amazon SageMaker Runtime API Reference, "InvokeEndpoint", and the endpoint rules that Amazon publishes with
//! botocore 1.44.5, read 2026-11.

use http::header::{ACCEPT, HeaderName, HeaderValue};
use http::{Uri, request};
use llm_provider_core::{Call, Credential, EncodeError, Framing, SigV4};
use llm_provider_envelope::address;

/// The region of those who name none: LiteLLM's, so that a deployment moved from there finds its endpoints.
const REGION: &str = "us-west-2";

/// The name that requests are signed for.
const SERVICE: &str = "sagemaker";

const COMPONENT: HeaderName = HeaderName::from_static("x-amzn-sagemaker-inference-component");

fn region<'a>(call: &Call<'a>) -> Result<&'a str, EncodeError> {
    let region = call.parameter("aws_region_name").unwrap_or(REGION);
    let is_region = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_region {
        Ok(region)
    } else {
        Err(EncodeError::Setup(format!("`{region}` is no region of Amazon's")))
    }
}

/// The address of the endpoint that the model's name names.
pub(crate) fn uri(streams: bool, call: &Call<'_>) -> Result<Uri, EncodeError> {
    if let Some(whole) = call.parameter("sagemaker_base_url") {
        return address(whole, "");
    }
    let operation = if streams { "invocations-response-stream" } else { "invocations" };
    let path = format!("/endpoints/{}/{operation}", SigV4::percent_encode(call.model));
    if let Some(base) = call.base_url {
        let base = base.trim_end_matches('/');
        return address(base.split_once("/endpoints/").map_or(base, |(base, _)| base), &path);
    }
    let region = region(call)?;
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    address(&format!("https://runtime.sagemaker.{region}.{suffix}"), &path)
}

/// Adds headers of Amazon's and the signature; the caller's headers are there already, and are signed too.
pub(crate) fn seal(
    parts: &mut request::Parts,
    streams: bool,
    body: &[u8],
    call: &Call<'_>,
) -> Result<(), EncodeError> {
    let accept = if streams { Framing::EventStream.content_type() } else { "application/json" };
    parts.headers.entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
    if let Some(component) = call.parameter("model_id") {
        let component = HeaderValue::from_str(component)
            .map_err(|_| EncodeError::Setup("`model_id` holds what a header cannot".to_owned()))?;
        parts.headers.entry(COMPONENT).or_insert(component);
    }
    if let Some(Credential::Aws(keys)) = call.credential {
        SigV4 { keys, region: region(call)?, service: SERVICE, now: call.now }.sign(parts, body)?;
    }
    Ok(())
}
