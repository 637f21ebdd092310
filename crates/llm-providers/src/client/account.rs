//! [`Account`]: how a vendor is reached, and by which credential.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use llm_provider_core::{AwsKeys, Call, Credential, OnUnsupported, Parameters, Provider, Secret, VendorInfo};
use llm_transport::{CallError, Clock, CredentialSource, HttpService, login_source};
use llm_types::{ErrorKind, UnixMs};

use super::ClientError;
use crate::{address, parameters};

/// How a vendor is reached.
#[derive(Clone)]
pub struct Account {
    /// The vendor.
    pub provider: Arc<dyn Provider>,
    /// The key or another credential, if one is needed. A key that is not the credential itself, such as a service
    /// account's, is logged in with when the vendor is first asked.
    pub credential: Option<Credential>,
    /// Settings of the vendor beside model, key and address.
    pub parameters: Parameters,
    /// The address, where it is not the vendor's usual one.
    pub base_url: Option<String>,
    /// How requests are sent there, where it is not over the client's own transport.
    pub service: Option<Arc<dyn HttpService>>,
}

impl Account {
    /// The vendor with no key, at its usual address.
    pub fn new(provider: Arc<dyn Provider>) -> Self {
        Self { provider, credential: None, parameters: Parameters::default(), base_url: None, service: None }
    }

    /// The vendor with key, settings and address from the variables that are usual for it.
    pub fn from_variables(provider: Arc<dyn Provider>, variable: &impl Fn(&str) -> Option<String>) -> Self {
        let info = provider.info();
        let credential = first(&info.key_variables, variable).map(|key| Credential::Key(Secret::new(key)));
        let parameters = parameters(info, variable);
        let base_url = address(info, variable);
        Self { credential, parameters, base_url, ..Self::new(provider) }
    }
}

fn first(names: &[Cow<'static, str>], variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VendorInfo { id, .. } = self.provider.info();
        f.debug_struct("Account")
            .field("vendor", id)
            .field("base_url", &self.base_url)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

/// An account with its way to a credential.
pub(super) struct Entry {
    pub(super) account: Account,
    /// A login, or why there can be none: told when the vendor is asked, so that other vendors work without it.
    login: Result<Option<Arc<dyn CredentialSource>>, String>,
    credential: Option<Arc<Credential>>,
}

impl Entry {
    pub(super) fn new(account: Account, service: &Arc<dyn HttpService>, clock: &Clock) -> Self {
        // Some vendors hand out tokens at their own address.
        let mut settings = account.parameters.clone();
        if let Some(base_url) = account.base_url.as_ref().filter(|_| settings.get("api_base").is_none()) {
            settings.set("api_base", base_url);
        }
        let login = match &account.credential {
            // What is ready needs no login.
            Some(Credential::Token(_) | Credential::Aws(_)) => Ok(None),
            key => account.provider.login(&settings, key.as_ref().and_then(Credential::secret)),
        };
        let service = account.service.as_ref().unwrap_or(service);
        let login =
            login.map(|login| login.map(|login| login_source(login, Arc::clone(service), Arc::clone(clock))));
        let credential = account.credential.clone().map(Arc::new);
        Self { account, login, credential }
    }

    /// A credential of the same kind that opens nothing.
    pub(super) fn masked(&self) -> Option<Arc<Credential>> {
        let masked = || Secret::new("***");
        let credential = match (&self.login, self.credential.as_deref()) {
            (Ok(Some(_)), Some(Credential::Key(_)) | None) | (_, Some(Credential::Token(_))) => {
                Credential::Token(masked())
            }
            (_, Some(Credential::Key(_))) => Credential::Key(masked()),
            (_, Some(Credential::Aws(_))) => Credential::Aws(AwsKeys {
                access_key_id: "***".to_owned(),
                secret_access_key: masked(),
                session_token: None,
            }),
            (_, None) => return None,
        };
        Some(Arc::new(credential))
    }

    /// The credential for the next request.
    pub(super) async fn credential(&self) -> Result<Option<Arc<Credential>>, ClientError> {
        let info = self.account.provider.info();
        match &self.login {
            Err(why) => Err(ClientError::Login { vendor: info.id.to_string(), why: why.clone() }),
            Ok(Some(source)) => Ok(Some(source.credential().await?)),
            Ok(None) => {
                let needed = !info.key_variables.is_empty() && !info.key_optional;
                if self.credential.is_none() && needed && self.account.base_url.is_none() {
                    let variables = info.key_variables.iter().map(ToString::to_string).collect();
                    return Err(ClientError::NoKey { vendor: info.id.to_string(), variables });
                }
                Ok(self.credential.clone())
            }
        }
    }
}

/// One call, to be: whom, for which model, by which credential.
pub(super) struct Target<'a> {
    pub(super) entry: &'a Entry,
    pub(super) model: &'a str,
    pub(super) credential: Option<Arc<Credential>>,
}

impl Target<'_> {
    pub(super) fn provider(&self) -> &dyn Provider {
        &*self.entry.account.provider
    }

    pub(super) fn call(&self, unsupported: OnUnsupported, now: UnixMs) -> Call<'_> {
        static NO_HEADERS: std::sync::LazyLock<http::HeaderMap> =
            std::sync::LazyLock::new(http::HeaderMap::new);
        Call {
            base_url: self.entry.account.base_url.as_deref(),
            credential: self.credential.as_deref(),
            parameters: &self.entry.account.parameters,
            unsupported,
            now,
            ..Call::new(self.model, &NO_HEADERS)
        }
    }

    /// A credential that was fetched and that the vendor refuses is not used again.
    pub(super) fn heed(&self, error: &CallError) {
        if let CallError::Upstream(error) = error
            && matches!(error.kind, ErrorKind::Authentication | ErrorKind::PermissionDenied)
            && let (Ok(Some(source)), Some(credential)) = (&self.entry.login, &self.credential)
        {
            source.refused(credential);
        }
    }

    /// The vendor lacks an operation.
    pub(super) fn lacks(&self, operation: &'static str) -> ClientError {
        ClientError::Lacks { vendor: self.provider().info().id.to_string(), operation }
    }
}
