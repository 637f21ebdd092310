//! Where secrets are, how one is asked for, and how the answer is read.

mod aws;
mod azure;
mod google;
mod vault;

use bytes::Bytes;
use http::{Request, StatusCode};
use llm_provider_core::{Credential, Secret};
use llm_types::UnixMs;

use crate::FetchError;
use crate::settings::{KeyManagementSettings, System, SystemError};

pub(crate) use vault::Vault;

/// Where secrets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Aws(aws::Aws),
    Google(google::Google),
    Azure(azure::Azure),
    Vault(Vault),
}

/// What a secret is written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Another value takes the place of the one that is there.
    Replace,
    /// It is made.
    Create,
}

/// Looks up an environment variable.
type Variable<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl Place {
    /// The place that settings and environment name.
    ///
    /// # Errors
    /// [`SystemError`] if they do not name one.
    pub fn new(
        system: System,
        settings: &KeyManagementSettings,
        variable: &Variable<'_>,
    ) -> Result<Self, SystemError> {
        settings.check(system)?;
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Ok(Self(match system {
            System::AwsSecretManager => Kind::Aws(aws::Aws::new(settings, &variable)?),
            System::GoogleSecretManager => Kind::Google(google::Google::new(&variable)?),
            System::AzureKeyVault => Kind::Azure(azure::Azure::new(&variable)?),
            System::HashicorpVault => Kind::Vault(Vault::new(&variable)?),
        }))
    }

    /// What a token for it must be for, where the login wants to know: the vendor `azure`'s parameter `azure_scope`.
    pub const fn azure_scope(&self) -> Option<&'static str> {
        match self.0 {
            Kind::Azure(_) => Some("https://vault.azure.net/.default"),
            _ => None,
        }
    }

    /// The Vault, if it is one: it has a login of its own.
    pub(crate) const fn vault(&self) -> Option<&Vault> {
        match &self.0 {
            Kind::Vault(vault) => Some(vault),
            _ => None,
        }
    }

    /// Asks for a secret.
    ///
    /// # Errors
    /// [`FetchError::Credential`] for a credential of another kind, [`FetchError::Address`].
    pub fn request(
        &self,
        name: &str,
        credential: &Credential,
        now: UnixMs,
    ) -> Result<Request<Bytes>, FetchError> {
        match &self.0 {
            Kind::Aws(aws) => aws.request(name, credential, now),
            Kind::Google(google) => google.request(name, credential),
            Kind::Azure(azure) => azure.request(name, credential),
            Kind::Vault(vault) => vault.request(name, credential),
        }
    }

    /// Asks to write a secret: first by [`Write::Replace`].
    ///
    /// # Errors
    /// As [`Place::request`], and [`FetchError::Unwritable`] where nothing is written.
    pub fn write(
        &self,
        write: Write,
        name: &str,
        value: &Secret,
        credential: &Credential,
        now: UnixMs,
    ) -> Result<Request<Bytes>, FetchError> {
        match &self.0 {
            Kind::Aws(aws) => aws.write(write, name, value, credential, now),
            Kind::Vault(vault) => vault.write(name, value, credential),
            Kind::Google(_) | Kind::Azure(_) => Err(FetchError::Unwritable),
        }
    }

    /// Reads the answer to a write: what is to be tried next, `None` if it is done.
    ///
    /// # Errors
    /// [`FetchError`], by what the answer says.
    pub fn written(
        &self,
        write: Write,
        status: StatusCode,
        body: &[u8],
    ) -> Result<Option<Write>, FetchError> {
        match &self.0 {
            Kind::Aws(_) => aws::written(write, status, body),
            _ if status.is_success() => Ok(None),
            _ => Err(refused(status)),
        }
    }

    /// Reads the answer. `None` if there is no such secret.
    ///
    /// # Errors
    /// [`FetchError`], by what the answer says.
    pub fn read(&self, name: &str, status: StatusCode, body: &[u8]) -> Result<Option<Secret>, FetchError> {
        match &self.0 {
            Kind::Aws(_) => aws::read(status, body),
            Kind::Google(_) => google::read(status, body),
            Kind::Azure(_) => azure::read(status, body),
            Kind::Vault(_) => vault::read(name, status, body),
        }
    }
}

/// A request with a token.
fn bearing(url: &str, credential: &Credential) -> Result<Request<Bytes>, FetchError> {
    let token =
        credential.secret().ok_or(FetchError::Credential("keys that sign are no token".to_owned()))?;
    let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| FetchError::Credential("the token is no header".to_owned()))?;
    value.set_sensitive(true);
    Request::get(url)
        .header(http::header::AUTHORIZATION, value)
        .header(http::header::ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| FetchError::Address)
}

/// What an answer that is no success means.
fn refused(status: StatusCode) -> FetchError {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FetchError::Denied(status.as_u16()),
        _ => FetchError::Status(status.as_u16()),
    }
}

/// The answer as JSON. Nothing of it is told if it is none: it may hold the secret.
fn json(body: &[u8]) -> Result<serde_json::Value, FetchError> {
    serde_json::from_slice(body).map_err(|_| FetchError::Unreadable)
}

/// An address without the slash at its end.
fn base(name: &'static str, address: &str) -> Result<String, SystemError> {
    let trimmed = address.trim().trim_end_matches('/');
    let is_one = trimmed.starts_with("https://") || trimmed.starts_with("http://");
    if is_one {
        Ok(trimmed.to_owned())
    } else {
        Err(SystemError::Setting { name, why: "is no http(s) address" })
    }
}

/// A piece of a path that a setting names: `a/b`. Nothing in it may lead elsewhere.
fn path(name: &'static str, text: &str) -> Result<String, SystemError> {
    let trimmed = text.trim().trim_matches('/');
    let is_safe = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    if trimmed.split('/').all(is_safe) {
        Ok(trimmed.to_owned())
    } else {
        Err(SystemError::Setting { name, why: "is a path of letters, digits and -._~" })
    }
}
