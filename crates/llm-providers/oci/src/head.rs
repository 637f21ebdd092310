//! Addresses, whose a request is, and who signs it.

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Uri, request};
use llm_provider_core::{Call, EncodeError};
use llm_provider_envelope::{address, head};
use llm_types::Extra;
use serde_json::{Value, json};

use crate::signature::Signer;
use crate::vendor::options;

/// The region where none is set.
const REGION: &str = "us-ashburn-1";

/// The version of the API.
const VERSION: &str = "20231130";

/// The domains of realms, as the second part of an OCID names them; those of others are `oraclecloud.com`.
///
/// Source: Oracle Cloud Infrastructure docs, "Regions and Availability Domains", and the table of the official Python
/// package, read 2026-11.
const REALMS: &[(&str, &str)] = &[
    ("oc2", "oraclegovcloud.com"),
    ("oc3", "oraclegovcloud.com"),
    ("oc4", "oraclegovcloud.uk"),
    ("oc8", "oraclecloud8.com"),
    ("oc9", "oraclecloud9.com"),
    ("oc10", "oraclecloud10.com"),
    ("oc14", "oraclecloud14.com"),
    ("oc15", "oraclecloud15.com"),
    ("oc19", "oraclecloud.eu"),
    ("oc20", "oraclecloud20.com"),
];

/// The address of an action, such as `chat`.
pub(crate) fn uri(action: &str, call: &Call<'_>) -> Result<Uri, EncodeError> {
    let path = format!("/{VERSION}/actions/{action}");
    if let Some(base) = call.base_url {
        let base = base.trim_end_matches('/');
        let base = base.split_once(&format!("/{VERSION}")).map_or(base, |(base, _)| base);
        return address(base, &path);
    }
    let region = call.parameter("oci_region").unwrap_or(REGION);
    let is_region = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_region {
        return Err(EncodeError::Setup(format!("`{region}` is no region")));
    }
    let realm = call.parameter("oci_tenancy").and_then(|ocid| ocid.split('.').nth(2));
    let domain =
        REALMS.iter().find(|(name, _)| Some(*name) == realm).map_or("oraclecloud.com", |(_, domain)| domain);
    address(&format!("https://inference.generativeai.{region}.oci.{domain}"), &path)
}

/// Whose the request is, and which model serves it, before the members of the action.
pub(crate) fn owned(call: &Call<'_>, members: Extra) -> Extra {
    let mut body = Extra::new();
    if let Some(compartment) = call.parameter("oci_compartment_id") {
        body.insert("compartmentId".to_owned(), compartment.into());
    }
    let endpoint = call.parameter("oci_endpoint_id").unwrap_or(call.model);
    let is_dedicated =
        call.parameter("oci_serving_mode").is_some_and(|mode| mode.eq_ignore_ascii_case("dedicated"))
            || endpoint.starts_with("ocid1.generativeaiendpoint.");
    let mode = if is_dedicated {
        json!({ "servingType": "DEDICATED", "endpointId": endpoint })
    } else {
        json!({ "servingType": "ON_DEMAND", "modelId": call.model })
    };
    body.insert("servingMode".to_owned(), mode);
    body.extend(members);
    body
}

/// Method, address, headers and signature of an action.
pub(crate) fn signed(
    action: &str,
    body: &Value,
    call: &Call<'_>,
) -> Result<(request::Parts, Vec<u8>), EncodeError> {
    let mut parts = head(uri(action, call)?, &options(), call)?;
    let body = body.to_string().into_bytes();
    sign(&mut parts, &body, call)?;
    Ok((parts, body))
}

/// Signs a request, or puts an API key into it; the caller's own header wins.
pub(crate) fn sign(parts: &mut request::Parts, body: &[u8], call: &Call<'_>) -> Result<(), EncodeError> {
    if call.headers.contains_key(AUTHORIZATION) {
        return Ok(());
    }
    let key = call.parameter("oci_key").or_else(|| call.key().map(llm_provider_core::Secret::expose));
    let Some(key) = key else { return Ok(()) };
    if !key.contains("-----BEGIN") {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| EncodeError::Setup("the key holds what a header cannot".to_owned()))?;
        value.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, value);
        return Ok(());
    }
    let set = |name: &str| {
        call.parameter(name).ok_or_else(|| {
            EncodeError::Setup(format!("a request is signed in somebody's name: set `{name}`"))
        })
    };
    let key_id = format!("{}/{}/{}", set("oci_tenancy")?, set("oci_user")?, set("oci_fingerprint")?);
    Signer { key_id, pem: key }.sign(parts, body, call.now)
}
