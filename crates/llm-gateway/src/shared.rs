//! What this gateway and others like it know together, by way of Redis.
//!
//! A request never waits for Redis. One task makes a round every now and then ([`Keeper`]): it tells the others what is
//! new, folds what they have told into the same running state that decisions read, and fetches pieces of limits ahead of
//! their use. A request that comes when the pieces at hand are used up has the task fetch more at once, and waits for
//! that at most [`Sharing::PATIENCE`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use llm_gateway_shared::{Address, Kind, Options, Sentinels, Store, Tls};
use tokio::sync::Notify;

use crate::config::{Config, RedisKind, SecretRef, SecretSource, SharedStateSettings};
use crate::runtime::Runtime;

mod keeper;
mod limits;
mod places;
mod telling;

pub use keeper::Keeper;

/// How requests and the task that shares state speak with each other.
#[derive(Debug, Default)]
pub struct Sharing {
    wake: Notify,
    handed_out: Notify,
    is_there: AtomicBool,
    replicas: AtomicUsize,
}

impl Sharing {
    /// How long a request waits for a piece of a limit of which there is more, at most.
    pub const PATIENCE: Duration = Duration::from_millis(100);

    /// There is something that the others should know at once, or a request that needs a piece of a limit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends when pieces of limits are handed out after now.
    pub fn handed_out(&self) -> tokio::sync::futures::Notified<'_> {
        self.handed_out.notified()
    }

    /// Whether Redis answers.
    pub fn is_there(&self) -> bool {
        self.is_there.load(Relaxed)
    }

    /// Gateways that share, this one included, as far as known.
    pub fn replicas(&self) -> usize {
        self.replicas.load(Relaxed).max(1)
    }
}

/// How the Redis is used that the configuration names.
///
/// # Errors
/// In words: a secret that cannot be fetched.
pub async fn options(
    settings: &SharedStateSettings,
    config: &Config,
    secrets: &dyn SecretSource,
    runtime: &Runtime,
) -> Result<Options, String> {
    let at = |what: &dyn std::fmt::Display| format!("llm_gateway.shared_state: {what}");
    let fetch = async |reference: &SecretRef| -> Result<String, String> {
        let secret = secrets.resolve(reference).await.map_err(|error| at(&error))?;
        Ok(secret.expose().to_owned())
    };
    let mut urls = Vec::new();
    for url in &settings.urls {
        urls.push(fetch(url).await?);
    }
    let password = match &settings.password {
        Some(password) => Some(fetch(password).await?),
        None => None,
    };
    let kind = match settings.kind {
        RedisKind::Single => Kind::Single,
        RedisKind::Cluster => Kind::Cluster,
        RedisKind::Sentinel => Kind::Sentinels(Box::new(Sentinels {
            service: settings.service.clone().unwrap_or_else(|| "mymaster".to_owned()),
            username: settings.username.clone(),
            password: password.clone(),
            db: settings.db.unwrap_or(0),
        })),
    };
    if kind == Kind::Single || kind == Kind::Cluster {
        for url in &mut urls {
            *url = with_login(url, settings, password.as_deref());
        }
    }
    let ca_pem = match &settings.ca_file {
        None => None,
        Some(file) => {
            let base =
                config.files.first().and_then(|file| file.parent()).unwrap_or(std::path::Path::new("."));
            let file = base.join(file);
            Some(tokio::fs::read(&file).await.map_err(|error| at(&format!("{}: {error}", file.display())))?)
        }
    };
    Ok(Options {
        address: Address { urls, kind, tls: Tls { ca_pem } },
        namespace: settings.namespace.clone(),
        replica: runtime.request_id(runtime.now()).to_string(),
        timeout: Duration::from_millis(settings.timeout_ms.get()),
    })
}

/// The URL with user, password and database where it has none.
fn with_login(url: &str, settings: &SharedStateSettings, password: Option<&str>) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let mut url = url.to_owned();
    if !rest.contains('@')
        && let Some(password) = password
    {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let user = encode(settings.username.as_deref().unwrap_or_default());
        url = format!("{scheme}://{user}:{}@{rest}", encode(password));
    }
    match settings.db {
        Some(db) if !rest.trim_end_matches('/').contains('/') => {
            format!("{}/{db}", url.trim_end_matches('/'))
        }
        _ => url,
    }
}

/// What a running gateway shares with.
#[derive(Debug)]
pub struct Shared {
    /// For requests.
    pub sharing: Arc<Sharing>,
    /// Where it lies.
    pub store: Store,
    /// How that is used.
    pub options: Options,
    /// The time between two rounds.
    pub interval: Duration,
}
