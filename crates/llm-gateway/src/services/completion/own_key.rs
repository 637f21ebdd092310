//! Keys that requests bring along, where a deployment lets them.
//!
//! Source: LiteLLM documentation, "Clientside LLM credentials", read 2026-11.

use std::sync::Arc;

use llm_provider_core::{Names, Secret};
use llm_types::{ApiError, ErrorKind, Layer};

use super::Request;
use crate::config::ClientCredential;
use crate::deployment::Deployment;

/// The members by which they are brought.
const MEMBERS: Names = Names::new(&["api_base", "api_key", "base_url"]);

/// The deployment as the request wants it asked; `None` if the request brings nothing along.
///
/// # Errors
/// 400 for what the deployment does not let requests bring, and for an address without a key: the key of the
/// configuration is sent to the address of the configuration alone.
pub(super) fn deployment(
    request: &Request<'_>,
    deployment: &Arc<Deployment>,
) -> Result<Option<Arc<Deployment>>, ApiError> {
    let peek = &request.peek;
    if !peek.any_of(&MEMBERS) {
        return Ok(None);
    }
    let refuse = |member: &str, message: String| {
        ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
            .with_param(member)
            .with_code("client_credentials_not_allowed")
    };
    let may = |what| deployment.client_credentials.contains(&what);
    let key = peek.text("api_key")?;
    let (at, base) = match peek.text("api_base")? {
        Some(base) => ("api_base", Some(base)),
        None => ("base_url", peek.text("base_url")?),
    };
    let not_allowed = |member: &str| {
        let named = if member == "api_key" { "api_key" } else { "api_base" };
        refuse(
            member,
            format!(
                "{member}: requests to this model bring none; litellm_params.configurable_clientside_auth_params: [{named}] lets them"
            ),
        )
    };
    match (key, base) {
        (None, None) => Ok(None),
        (Some(_), _) if !may(ClientCredential::ApiKey) => Err(not_allowed("api_key")),
        (_, Some(_)) if !may(ClientCredential::ApiBase) => Err(not_allowed(at)),
        (None, Some(_)) => {
            Err(refuse(at, format!("{at}: goes with an api_key of your own, and only with it")))
        }
        (Some(key), base) => {
            let own =
                deployment.with_own(Secret::new(key.into_owned()), base.map(std::borrow::Cow::into_owned));
            Ok(Some(Arc::new(own)))
        }
    }
}
