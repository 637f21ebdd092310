//! [`SecretManager`]: secrets fetched, kept, and fetched again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, StatusCode};
use llm_provider_core::{Credential, Secret};
use llm_transport::{CallOptions, CredentialSource, HttpService, Timeouts};
use llm_types::UnixMs;

use crate::settings::KeyManagementSettings;
use crate::{FetchError, Place, Write};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// Looks up an environment variable.
pub type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What came of fetching.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refreshed {
    /// Whether any secret is another than before.
    pub changed: bool,
    /// Names that are not kept there.
    pub missing: Vec<String>,
    /// Names that could not be fetched. What was known of them counts on.
    pub failed: Vec<(String, FetchError)>,
}

/// Secrets of one place: fetched by name, kept, and fetched again. Looking one up never waits.
pub struct SecretManager {
    place: Place,
    settings: KeyManagementSettings,
    credentials: Arc<dyn CredentialSource>,
    service: Arc<dyn HttpService>,
    clock: Clock,
    kept: ArcSwap<BTreeMap<String, Secret>>,
}

/// What came of a name.
type Named = (String, Result<Option<Secret>, FetchError>);

/// Secrets that are asked for at a time.
const AT_ONCE: usize = 8;

/// The largest answer, in bytes. Secrets of the four places are at most 64 KiB.
const MAX_BYTES: usize = 1024 * 1024;

const TIMEOUTS: Timeouts = Timeouts {
    connect: Some(Duration::from_secs(5)),
    first_byte: Some(Duration::from_secs(10)),
    idle: Some(Duration::from_secs(10)),
    total: Some(Duration::from_secs(20)),
};

impl SecretManager {
    /// Secrets that nobody has asked for yet.
    pub fn new(
        place: Place,
        settings: KeyManagementSettings,
        credentials: Arc<dyn CredentialSource>,
        service: Arc<dyn HttpService>,
        clock: Clock,
    ) -> Self {
        Self { place, settings, credentials, service, clock, kept: ArcSwap::default() }
    }

    /// Fetches the secrets of these names, those that are not kept there left out, and forgets all others. What cannot be
    /// fetched stays as it was.
    pub async fn refresh(&self, names: &[String]) -> Refreshed {
        let mut names: Vec<String> = names.iter().filter(|name| self.settings.hosts(name)).cloned().collect();
        names.sort_unstable();
        names.dedup();
        let fetched = match &self.settings.primary_secret_name {
            Some(primary) => self.fetch_members(primary, names).await,
            None => {
                let asked = names.into_iter().map(|name| self.fetch_named(name));
                futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await
            }
        };
        let before = self.kept.load_full();
        let mut refreshed = Refreshed::default();
        let mut kept = BTreeMap::new();
        for (name, outcome) in fetched {
            let secret = match outcome {
                Ok(secret) => {
                    if secret.is_none() {
                        refreshed.missing.push(name.clone());
                    }
                    secret
                }
                Err(error) => {
                    refreshed.failed.push((name.clone(), error));
                    before.get(&name).cloned()
                }
            };
            kept.extend(secret.map(|secret| (name, secret)));
        }
        refreshed.changed = kept != *before;
        self.kept.store(Arc::new(kept));
        refreshed
    }

    /// A secret as it was fetched last.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.kept.load().get(name).cloned()
    }

    /// Looks a name up here first, and in `outer` what is not here.
    pub fn lookup(self: &Arc<Self>, outer: Lookup) -> Lookup {
        let manager = Arc::clone(self);
        Arc::new(move |name| {
            manager.get(name).map(|secret| secret.expose().to_owned()).or_else(|| outer(name))
        })
    }

    /// All secrets from the one that holds them.
    async fn fetch_members(&self, primary: &str, names: Vec<String>) -> Vec<Named> {
        let whole = self.fetch(primary).await.and_then(|whole| {
            let whole = whole.ok_or(FetchError::Status(404))?;
            let members: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(whole.expose()).map_err(|_| FetchError::Unreadable)?;
            Ok(members)
        });
        let member = |name: &str| match &whole {
            Err(error) => Err(error.clone()),
            Ok(members) => Ok(members.get(name).and_then(|value| match value {
                serde_json::Value::String(text) => Some(Secret::new(text.clone())),
                serde_json::Value::Null => None,
                other => Some(Secret::new(other.to_string())),
            })),
        };
        let named = |name: String| {
            let outcome = member(&name);
            (name, outcome)
        };
        names.into_iter().map(named).collect()
    }

    async fn fetch_named(&self, name: String) -> Named {
        let outcome = self.fetch(&name).await;
        (name, outcome)
    }

    /// Whether virtual keys are written.
    pub fn writes_keys(&self) -> bool {
        self.settings.store_virtual_keys
    }

    /// Writes the text of the virtual key with this alias.
    ///
    /// # Errors
    /// [`FetchError::Unwritable`] if keys are not written, else by what the secret manager answers.
    pub async fn write_key(&self, alias: &str, text: &Secret) -> Result<(), FetchError> {
        let name = self.settings.name_of_key(alias).ok_or(FetchError::Unwritable)?;
        let mut next = Some(Write::Replace);
        while let Some(write) = next {
            next = self
                .asked(
                    |credential| self.place.write(write, &name, text, credential, (self.clock)()),
                    |status, body| self.place.written(write, status, body),
                )
                .await?;
        }
        Ok(())
    }

    async fn fetch(&self, name: &str) -> Result<Option<Secret>, FetchError> {
        self.asked(
            |credential| self.place.request(name, credential, (self.clock)()),
            |status, body| self.place.read(name, status, body),
        )
        .await
    }

    /// Asks, and once more with another credential where one is refused that may have grown old.
    async fn asked<T>(
        &self,
        request: impl Fn(&Credential) -> Result<Request<Bytes>, FetchError>,
        read: impl Fn(StatusCode, &[u8]) -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        match self.ask(&request, &read).await {
            (Err(FetchError::Denied(status)), true) => match self.ask(&request, &read).await.0 {
                Err(FetchError::Denied(_)) => Err(FetchError::Denied(status)),
                other => other,
            },
            (outcome, _) => outcome,
        }
    }

    /// Asks once. Also answers whether asking again makes sense, with another credential.
    async fn ask<T>(
        &self,
        request: &impl Fn(&Credential) -> Result<Request<Bytes>, FetchError>,
        read: &impl Fn(StatusCode, &[u8]) -> Result<T, FetchError>,
    ) -> (Result<T, FetchError>, bool) {
        let credential = match self.credentials.credential().await {
            Ok(credential) => credential,
            Err(error) => return (Err(FetchError::Credential(error.to_string())), false),
        };
        let asked = async {
            let request = request(&credential)?;
            let options = CallOptions { timeouts: TIMEOUTS, ..CallOptions::default() };
            let lost = |error: llm_transport::TransportError| FetchError::Transport(error.to_string());
            let answer = self.service.call(request, options).await.map_err(lost)?;
            let status = answer.status();
            let body = answer.into_body().collect(MAX_BYTES).await.map_err(lost)?;
            read(status, &body)
        };
        let outcome = asked.await;
        let is_denied = matches!(outcome, Err(FetchError::Denied(_)));
        (outcome, is_denied && self.credentials.refused(&credential))
    }
}

impl fmt::Debug for SecretManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretManager").field("place", &self.place).finish_non_exhaustive()
    }
}
