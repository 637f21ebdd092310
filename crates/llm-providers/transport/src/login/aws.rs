//! Amazon's default chain, asked over our own transport: aws-config brings no HTTP client and no TLS of its own.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use llm_provider_core::{AwsKeys, Credential, Secret};
use llm_types::UnixMs;

use super::{MAX_BYTES, TIMEOUTS};
use crate::credential::IssuedCredential;
use crate::error::{TransportError, chain as causes};
use crate::options::{CallOptions, Timeouts};
use crate::service::HttpService;

/// Finds keys where Amazon's tools look for them.
pub(super) async fn chain(
    service: Arc<dyn HttpService>,
    profile: Option<String>,
    region: Option<String>,
) -> Result<IssuedCredential, String> {
    let config = ProviderConfig::default().with_http_client(Adapter { service, timeouts: TIMEOUTS });
    let mut builder = DefaultCredentialsChain::builder().configure(config);
    if let Some(profile) = profile {
        builder = builder.profile_name(&profile);
    }
    if let Some(region) = region {
        builder = builder.region(Region::new(region));
    }
    let keys = builder.build().await.provide_credentials().await.map_err(|error| words(&error))?;
    Ok(issued(&keys))
}

fn issued(keys: &Credentials) -> IssuedCredential {
    let expires_at = keys
        .expiry()
        .and_then(|expiry| expiry.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .map(UnixMs);
    let credential = Credential::Aws(AwsKeys {
        access_key_id: keys.access_key_id().to_owned(),
        secret_access_key: Secret::new(keys.secret_access_key()),
        session_token: keys.session_token().map(Secret::new),
    });
    IssuedCredential { credential, expires_at }
}

/// What aws-config says of a failure; its own errors name files and places and hold no key.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = causes(error).map(ToString::to_string).collect();
    said.dedup();
    said.join(": ")
}

/// Our transport in the form that aws-config asks for.
#[derive(Clone)]
struct Adapter {
    service: Arc<dyn HttpService>,
    timeouts: Timeouts,
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapter").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl HttpClient for Adapter {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = Timeouts {
            connect: settings.connect_timeout().or(self.timeouts.connect),
            first_byte: settings.read_timeout().or(self.timeouts.first_byte),
            ..self.timeouts
        };
        SharedHttpConnector::new(Self { service: Arc::clone(&self.service), timeouts })
    }
}

impl HttpConnector for Adapter {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { service, timeouts } = self.clone();
        HttpConnectorFuture::new_boxed(Box::pin(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (head, body) = request.into_parts();
            let Some(body) = body.bytes().map(Bytes::copy_from_slice) else {
                return Err(ConnectorError::user("a login sends no stream".into()));
            };
            let options = CallOptions { timeouts, ..CallOptions::default() };
            let request = http::Request::from_parts(head, body);
            let (head, body) = service.call(request, options).await.map_err(refused)?.into_parts();
            let body = body.collect(MAX_BYTES).await.map_err(refused)?;
            HttpResponse::try_from(http::Response::from_parts(head, SdkBody::from(body)))
                .map_err(|error| ConnectorError::other(error.into(), None))
        }))
    }
}

/// Sorted as aws-config needs it to decide whether to ask again.
fn refused(error: TransportError) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
