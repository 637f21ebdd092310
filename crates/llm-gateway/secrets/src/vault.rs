//! How one logs in to Vault: with a token, as an application, or as what runs in Kubernetes.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;
use http::{Request, header};
use llm_provider_core::{Credential, Login, LoginInput, LoginRun, LoginStep, Secret};
use llm_types::UnixMs;
use serde_json::json;

use crate::Place;
use crate::settings::SystemError;

/// A way to a token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Method {
    Token(Secret),
    AppRole { mount: String, role_id: String, secret_id: Secret },
    Kubernetes { mount: String, role: String, file: PathBuf },
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token",
            Self::AppRole { .. } => "AppRole",
            Self::Kubernetes { .. } => "Kubernetes",
        })
    }
}

/// Where what runs in Kubernetes finds who it is.
const KUBERNETES_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

impl Method {
    pub(crate) fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SystemError> {
        let mount = |name: &str, usual: &str| {
            variable(name).map_or_else(|| usual.to_owned(), |mount| mount.trim_matches('/').to_owned())
        };
        match (variable("HCP_VAULT_APPROLE_ROLE_ID"), variable("HCP_VAULT_APPROLE_SECRET_ID")) {
            (Some(role_id), Some(secret_id)) => {
                let mount = mount("HCP_VAULT_APPROLE_MOUNT_PATH", "approle");
                return Ok(Self::AppRole { mount, role_id, secret_id: Secret::new(secret_id) });
            }
            (Some(_), None) => return Err(SystemError::NotSet("HCP_VAULT_APPROLE_SECRET_ID")),
            (None, Some(_)) => return Err(SystemError::NotSet("HCP_VAULT_APPROLE_ROLE_ID")),
            (None, None) => {}
        }
        if let Some(role) = variable("HCP_VAULT_KUBERNETES_ROLE") {
            let mount = mount("HCP_VAULT_KUBERNETES_MOUNT_PATH", "kubernetes");
            let file =
                variable("HCP_VAULT_KUBERNETES_TOKEN_FILE").unwrap_or_else(|| KUBERNETES_TOKEN.to_owned());
            return Ok(Self::Kubernetes { mount, role, file: PathBuf::from(file) });
        }
        if let Some(token) = variable("HCP_VAULT_TOKEN").or_else(|| variable("VAULT_TOKEN")) {
            return Ok(Self::Token(Secret::new(token)));
        }
        if variable("HCP_VAULT_CLIENT_CERT").is_some() {
            let why = "logins by certificate are not supported: use an AppRole, Kubernetes or a token";
            return Err(SystemError::Setting { name: "HCP_VAULT_CLIENT_CERT", why });
        }
        Err(SystemError::NotSet("HCP_VAULT_TOKEN"))
    }
}

/// A login with Vault.
///
/// Source: HashiCorp developer docs, Vault API, "AppRole auth method" and "Kubernetes auth method", read 2026-11.
#[derive(Debug, Clone)]
pub struct VaultLogin {
    address: String,
    namespace: Option<String>,
    method: Method,
}

impl VaultLogin {
    /// The login with a place, if it is a Vault.
    pub fn with(place: &Place) -> Option<Self> {
        let vault = place.vault()?;
        Some(Self {
            address: vault.address.clone(),
            namespace: vault.login_namespace.clone(),
            method: vault.method.clone(),
        })
    }

    fn post(&self, mount: &str, body: &serde_json::Value) -> LoginStep {
        let mut request = Request::post(format!("{}/v1/auth/{mount}/login", self.address))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-vault-request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        match request.body(Bytes::from(body.to_string())) {
            Ok(request) => LoginStep::Send(Box::new(request)),
            Err(_) => LoginStep::Fail("the address of Vault makes no sense".to_owned()),
        }
    }
}

impl Login for VaultLogin {
    fn begin(&self) -> Box<dyn LoginRun> {
        Box::new(Run(self.clone()))
    }
}

struct Run(VaultLogin);

impl LoginRun for Run {
    fn step(&mut self, input: LoginInput, now: UnixMs) -> LoginStep {
        match (input, &self.0.method) {
            (LoginInput::Begin, Method::Token(token)) => {
                LoginStep::Done { credential: Credential::Token(token.clone()), expires_at: None }
            }
            (LoginInput::Begin, Method::AppRole { mount, role_id, secret_id }) => {
                self.0.post(mount, &json!({"role_id": role_id, "secret_id": secret_id.expose()}))
            }
            (LoginInput::Begin, Method::Kubernetes { file, .. }) => LoginStep::Read(file.clone()),
            (LoginInput::File(content), Method::Kubernetes { mount, role, .. }) => {
                match std::str::from_utf8(&content) {
                    Ok(jwt) => self.0.post(mount, &json!({"role": role, "jwt": jwt.trim()})),
                    Err(_) => LoginStep::Fail("the file of the Kubernetes token holds no text".to_owned()),
                }
            }
            (LoginInput::Answer(answer), _) => read(&answer, now),
            (LoginInput::Failed(why), _) => LoginStep::Fail(format!("cannot log in to Vault: {why}")),
            _ => LoginStep::Fail("the login with Vault has gone astray".to_owned()),
        }
    }
}

fn read(answer: &http::Response<Bytes>, now: UnixMs) -> LoginStep {
    if !answer.status().is_success() {
        return LoginStep::Fail(format!("Vault refused the login with status {}", answer.status().as_u16()));
    }
    let json: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    match json["auth"]["client_token"].as_str() {
        Some(token) => {
            let life_s = json["auth"]["lease_duration"].as_u64().filter(|seconds| *seconds > 0);
            let expires_at = life_s.map(|seconds| now.plus(seconds.saturating_mul(1000)));
            LoginStep::Done { credential: Credential::Token(Secret::new(token)), expires_at }
        }
        None => LoginStep::Fail("Vault's answer to the login holds no token".to_owned()),
    }
}
