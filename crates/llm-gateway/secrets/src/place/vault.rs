//! HashiCorp Vault, secrets engine `kv`, version 2.
//!
//! Source: HashiCorp developer docs, Vault API, "KV secrets engine - version 2", read 2026-11; the names of variables and
//! of the member that holds a secret are LiteLLM's.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use llm_provider_core::{Credential, Secret};
use serde_json::json;

use super::{base, path};
use crate::FetchError;
use crate::settings::SystemError;
use crate::vault;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vault {
    pub(crate) address: String,
    /// The namespace of secrets, and that of the login.
    namespace: Option<String>,
    pub(crate) login_namespace: Option<String>,
    mount: String,
    prefix: Option<String>,
    pub(crate) method: vault::Method,
}

impl Vault {
    pub(super) fn new(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SystemError> {
        let address = variable("HCP_VAULT_ADDR").or_else(|| variable("VAULT_ADDR"));
        let address = address.as_deref().unwrap_or("http://127.0.0.1:8200");
        let part = |name: &'static str| variable(name).map(|text| path(name, &text)).transpose();
        let namespace = |name: &'static str| {
            part(name).transpose().or_else(|| part("HCP_VAULT_NAMESPACE").transpose()).transpose()
        };
        Ok(Self {
            address: base("HCP_VAULT_ADDR", address)?,
            namespace: namespace("HCP_VAULT_SECRET_NAMESPACE")?,
            login_namespace: namespace("HCP_VAULT_LOGIN_NAMESPACE")?,
            mount: part("HCP_VAULT_MOUNT_NAME")?.unwrap_or_else(|| "secret".to_owned()),
            prefix: part("HCP_VAULT_PATH_PREFIX")?,
            method: vault::Method::new(variable)?,
        })
    }

    pub(super) fn request(&self, name: &str, credential: &Credential) -> Result<Request<Bytes>, FetchError> {
        self.call(Method::GET, name, Bytes::new(), credential)
    }

    /// Writes the member `key`, as LiteLLM does: another version, or the first.
    pub(super) fn write(
        &self,
        name: &str,
        value: &Secret,
        credential: &Credential,
    ) -> Result<Request<Bytes>, FetchError> {
        let name = written_name(name).ok_or(FetchError::Address)?;
        let body = json!({"data": {"key": value.expose()}}).to_string();
        self.call(Method::POST, &name, body.into(), credential)
    }

    fn call(
        &self,
        method: Method,
        name: &str,
        body: Bytes,
        credential: &Credential,
    ) -> Result<Request<Bytes>, FetchError> {
        let Self { address, mount, .. } = self;
        let url = match &self.prefix {
            Some(prefix) => format!("{address}/v1/{mount}/data/{prefix}/{name}"),
            None => format!("{address}/v1/{mount}/data/{name}"),
        };
        let token = credential.secret().ok_or(FetchError::Credential("Vault wants a token".to_owned()))?;
        let mut token = HeaderValue::from_str(token.expose())
            .map_err(|_| FetchError::Credential("the token is no header".to_owned()))?;
        token.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header("x-vault-token", token)
            .header("x-vault-request", "true");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(namespace) = &self.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        request.body(body).map_err(|_| FetchError::Address)
    }
}

/// A name that people have made up, as a path. `None` if it would lead elsewhere.
fn written_name(name: &str) -> Option<String> {
    let parts: Option<Vec<String>> = name
        .split('/')
        .map(|part| {
            let leads_elsewhere = part.is_empty() || part.bytes().all(|byte| byte == b'.');
            (!leads_elsewhere).then(|| escaped(part))
        })
        .collect();
    Some(parts?.join("/"))
}

/// RFC 3986, 2.3: all but unreserved characters escaped.
fn escaped(part: &str) -> String {
    part.bytes().fold(String::new(), |text, byte| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        }
        byte => format!("{text}%{byte:02X}"),
    })
}

/// The member `key`, as LiteLLM has it, else that of the secret's name, else the only one.
pub(super) fn read(name: &str, status: StatusCode, body: &[u8]) -> Result<Option<Secret>, FetchError> {
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Ok(None),
        other => return Err(super::refused(other)),
    }
    let answer = super::json(body)?;
    let members = answer["data"]["data"].as_object().ok_or(FetchError::Unreadable)?;
    let only = if members.len() == 1 { members.values().next() } else { None };
    let value = members.get("key").or_else(|| members.get(name)).or(only);
    value.and_then(|value| value.as_str()).map(|text| Some(Secret::new(text))).ok_or(FetchError::Unreadable)
}
