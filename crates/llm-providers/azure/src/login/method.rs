//! [`Method`]: one way to a token, and the request that it sends.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderValue, Request};
use llm_provider_core::{Credential, Secret};
use llm_provider_oauth::{Certificate, SigningKey, form, form_request};
use llm_types::UnixMs;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// How long an assertion holds, in seconds. Microsoft advises five to ten minutes.
const ASSERTION_S: i64 = 600;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One way to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Method {
    /// It is there already.
    Given(Credential),
    /// An application with a secret.
    Secret { token_url: String, client_id: String, client_secret: Secret, scope: String },
    /// An application with a certificate.
    Certificate { token_url: String, client_id: String, file: PathBuf, scope: String },
    /// A user with a password.
    Password {
        token_url: String,
        client_id: String,
        client_secret: Option<Secret>,
        username: String,
        password: Secret,
        scope: String,
    },
    /// A token of another issuer, in a file.
    Workload { token_url: String, client_id: String, file: PathBuf, scope: String },
    /// A managed identity in App Service, Functions or Container Apps.
    AppService { endpoint: String, header: Secret, client_id: Option<String>, resource: String },
    /// A managed identity of the machine.
    Machine { host: String, client_id: Option<String>, resource: String },
}

impl Method {
    /// Its name, for people.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Given(_) => "a given token",
            Self::Secret { .. } => "the client's secret",
            Self::Certificate { .. } => "the client's certificate",
            Self::Password { .. } => "user and password",
            Self::Workload { .. } => "the workload's identity",
            Self::AppService { .. } => "the managed identity of App Service",
            Self::Machine { .. } => "the managed identity of the machine",
        }
    }

    /// The file that must be read first.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Certificate { file, .. } | Self::Workload { file, .. } => Some(file.clone()),
            _ => None,
        }
    }

    /// The request for a token; `file` is what stands in [`Method::file`].
    pub(super) fn request(&self, file: &[u8], now: UnixMs) -> Result<Request<Bytes>, String> {
        match self {
            Self::Given(_) => Err("nothing is asked for a given token".to_owned()),
            Self::Secret { token_url, client_id, client_secret, scope } => form_request(
                token_url,
                [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", client_secret.expose()),
                    ("scope", scope),
                ],
            ),
            Self::Certificate { token_url, client_id, scope, .. } => {
                let assertion = assertion(file, token_url, client_id, now)?;
                asserted(token_url, client_id, scope, &assertion)
            }
            Self::Workload { token_url, client_id, scope, .. } => {
                let assertion = std::str::from_utf8(file).map_err(|_| "the token's file holds no text")?;
                asserted(token_url, client_id, scope, assertion.trim())
            }
            Self::Password { token_url, client_id, client_secret, username, password, scope } => {
                let secret = client_secret.as_ref().map(|secret| ("client_secret", secret.expose()));
                let pairs = [
                    ("grant_type", "password"),
                    ("client_id", client_id),
                    ("username", username),
                    ("password", password.expose()),
                    ("scope", scope),
                ];
                form_request(token_url, pairs.into_iter().chain(secret))
            }
            Self::AppService { endpoint, header, client_id, resource } => {
                let query = query("2019-08-01", resource, client_id.as_deref());
                let mut value = HeaderValue::from_str(header.expose())
                    .map_err(|_| "`azure_identity_header` holds what a header cannot")?;
                value.set_sensitive(true);
                get(&format!("{endpoint}?{query}"), "x-identity-header", value)
            }
            Self::Machine { host, client_id, resource } => {
                let query = query("2018-02-01", resource, client_id.as_deref());
                let url = format!("{host}/metadata/identity/oauth2/token?{query}");
                get(&url, "metadata", HeaderValue::from_static("true"))
            }
        }
    }
}

fn query(version: &str, resource: &str, client_id: Option<&str>) -> String {
    let client = client_id.map(|client_id| ("client_id", client_id));
    form([("api-version", version), ("resource", resource)].into_iter().chain(client))
}

fn get(url: &str, name: &'static str, value: HeaderValue) -> Result<Request<Bytes>, String> {
    let request = Request::get(url).header(name, value).body(Bytes::new());
    request.map_err(|_| "the managed identity's address is none".to_owned())
}

/// An application that proves itself by an assertion.
fn asserted(
    token_url: &str,
    client_id: &str,
    scope: &str,
    assertion: &str,
) -> Result<Request<Bytes>, String> {
    form_request(
        token_url,
        [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
            ("scope", scope),
        ],
    )
}

/// An assertion signed with the key of a certificate.
fn assertion(pem: &[u8], token_url: &str, client_id: &str, now: UnixMs) -> Result<String, String> {
    let key = SigningKey::from_pem(pem).map_err(|error| format!("the certificate's file: {error}"))?;
    let certificate =
        Certificate::from_pem(pem).map_err(|error| format!("the certificate's file: {error}"))?;
    let members = |value: Value| if let Value::Object(members) = value { members } else { Map::new() };
    let header = json!({ "x5t": certificate.x5t, "x5t#S256": certificate.x5t_s256 });
    let issued = now.seconds();
    let claims = json!({
        "aud": token_url,
        "iss": client_id,
        "sub": client_id,
        "jti": identifier(client_id, &certificate.x5t_s256, now),
        "iat": issued,
        "nbf": issued,
        "exp": issued + ASSERTION_S,
    });
    key.sign(members(header), members(claims)).map_err(|error| error.to_string())
}

/// A name for an assertion: another for each client, certificate and millisecond.
fn identifier(client_id: &str, thumbprint: &str, now: UnixMs) -> String {
    let hash = Sha256::digest(format!("{client_id} {thumbprint} {}", now.0));
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
