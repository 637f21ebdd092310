//! Keys and tenants: the database, what is kept in memory of it, and the API over it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use http::header;
use llm_identity::{Bounds, Identities};
use llm_limits::Rules;
use llm_management::Office;
use llm_provider_core::{Dialect, Reply};
use llm_store::{Cipher, Store, StoreError, StoreSettings};
use llm_types::ApiError;
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::config::{
    Config, ConfigSecrets, DatabaseSettings, Secret, SecretRef, SecretSource as _, Settings,
};
use crate::error;
use crate::http::front;
use crate::runtime::Runtime;

mod additions;
mod host;

pub use additions::Additions;
use host::Desk;

/// Keys and tenants of a running gateway.
#[derive(Debug)]
pub struct Tenants {
    /// Where they are kept.
    pub store: Store,
    /// What tells the database from others; empty for that of the data directory.
    pub place: String,
    /// Whose keys are.
    pub identities: Arc<Identities>,
}

/// How long the answer to a change waits until that holds for requests to this process.
const SETTLING: Duration = Duration::from_secs(2);

impl Tenants {
    /// Opens the database that the configuration names. `None` if it names none, and if the one that nobody has chosen
    /// cannot be had.
    ///
    /// # Errors
    /// In words.
    pub async fn open(config: &Config, runtime: &Runtime) -> Result<Option<Arc<Self>>, String> {
        Self::opened(config, runtime, false).await
    }

    async fn opened(
        config: &Config,
        runtime: &Runtime,
        reads_only: bool,
    ) -> Result<Option<Arc<Self>>, String> {
        let Some(settings) = &config.settings.database else { return Ok(None) };
        let base = config.files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
        let secrets = ConfigSecrets::new(config.environment.clone(), base);
        let (store, place) = match open(settings, config, &secrets, (base, reads_only), runtime).await {
            Ok(opened) => opened,
            Err(why) if settings.is_implicit => {
                tracing::warn!(
                    why,
                    "there are no virtual keys: set general_settings.database_url or \
                     llm_gateway.database.data_dir to choose where they are kept"
                );
                return Ok(None);
            }
            Err(why) => return Err(why),
        };
        let bounds = Bounds { known: settings.cached_keys.get(), ..Bounds::default() };
        let rules = rules(&config.settings);
        let identities = Arc::new(Identities::new(store.clone(), bounds).with_rules(rules));
        tracing::info!(database = store.backend(), "keys and tenants are kept");
        Ok(Some(Arc::new(Self { store, place, identities })))
    }

    /// The same for whoever only looks: nothing is written, and a database that is not there is not made.
    ///
    /// # Errors
    /// In words.
    pub async fn look(config: &Config, runtime: &Runtime) -> Result<Option<Arc<Self>>, String> {
        let Some(settings) = &config.settings.database else { return Ok(None) };
        let base = config.files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
        let folder = settings.data_dir.as_deref().map_or_else(|| base.to_path_buf(), |own| base.join(own));
        if settings.url.is_none() && !StoreSettings::new(folder).has_file() {
            return Ok(None);
        }
        Self::opened(config, runtime, true).await
    }

    fn office(&self, app: &Arc<App>) -> Arc<Office> {
        Office::new(Arc::new(Desk { app: app.clone() }), self.store.clone())
    }

    /// Gives keys that are due another text, again and again until the gateway stops, where a secret manager takes it.
    pub(crate) async fn rotate(self: Arc<Self>, app: Arc<App>) {
        let office = self.office(&app);
        if !app.reloader().is_some_and(|reloader| reloader.keeps_keys()) {
            return;
        }
        loop {
            let settings = app.serving().config.settings.tenants.clone();
            tokio::select! {
                () = app.stopped() => return,
                () = tokio::time::sleep(Duration::from_millis(settings.rotation_interval_ms.get())) => {}
            }
            match office.rotate_due(settings.rotation_grace_period).await {
                Ok(round) => {
                    for alias in round.rotated {
                        tracing::info!(key.alias = alias, "a key has another text");
                    }
                    for (alias, why) in round.failed {
                        tracing::warn!(key.alias = alias, why, "a key that is due keeps its text for now");
                    }
                }
                Err(error) => tracing::warn!(%error, "keys that are due are not known"),
            }
        }
    }

    /// The API that manages them.
    pub fn router(&self, app: &Arc<App>) -> Router<Arc<App>> {
        let office = self.office(app);
        let told = app.clone();
        let tell = axum::middleware::from_fn(move |request: Request, next: Next| {
            let (app, id) = (told.clone(), front::request_id(&told, request.headers()));
            async move {
                let mut response = next.run(request).await;
                if let Some(error) = response.extensions_mut().remove::<ApiError>() {
                    // As all other routes tell of errors, beside what was told already.
                    let reply = Reply { request_id: id.clone(), ..Reply::default() };
                    let serving = app.serving();
                    let told = error::response(&error, serving.ingress(Dialect::OpenAiChat), &reply);
                    let (parts, body) = told.into_parts();
                    response.headers_mut().remove(header::CONTENT_LENGTH);
                    response.headers_mut().extend(parts.headers);
                    *response.status_mut() = parts.status;
                    *response.body_mut() = Body::from(body);
                }
                front::tell_request(&id, response.headers_mut());
                response
            }
        });
        office.router().layer(tell).with_state(())
    }
}

/// What the configuration says about whom bounds whom.
const fn rules(settings: &Settings) -> Rules {
    Rules {
        user_bounds_team_keys: settings.limits.user_limits_in_teams,
        key_parallel: settings.proxy.default_max_parallel_requests,
        end_user_budget: settings.proxy.max_end_user_budget,
    }
}

async fn open(
    settings: &DatabaseSettings,
    config: &Config,
    secrets: &ConfigSecrets,
    (base, reads_only): (&Path, bool),
    runtime: &Runtime,
) -> Result<(Store, String), String> {
    let fetch = async |what: &str, reference: &SecretRef| -> Result<Secret, String> {
        secrets.resolve(reference).await.map_err(|error| format!("{what}: {error}"))
    };
    let data_dir =
        settings.data_dir.as_deref().map_or_else(|| base.to_path_buf(), |folder| base.join(folder));
    let mut options = StoreSettings::new(data_dir);
    let mut place = String::new();
    if let Some(url) = &settings.url {
        let url = fetch("llm_gateway.database.url", url).await?;
        place = place_of(url.expose());
        options = options.with_url(url.expose());
    }
    options.max_connections = settings.max_connections.get();
    options.connect_timeout_ms = settings.connect_timeout_ms.get();
    options.query_timeout_ms = settings.query_timeout_ms.get();
    options.migrate = settings.migrate && !reads_only;
    options.reads_only = reads_only;
    options.calendar = config.settings.limits.calendar()?;
    let mut keys = Vec::new();
    for reference in &settings.encryption_keys {
        keys.push(fetch("llm_gateway.database.encryption_keys", reference).await?.expose().to_owned());
    }
    if keys.is_empty()
        && let Some(master) = &config.settings.master_key
    {
        // Of whatever length: a key for another purpose than that of letting in.
        let master = fetch("general_settings.master_key", master).await?;
        let digest =
            Sha256::new_with_prefix(b"llm-gateway: credentials at rest\0").chain_update(master.expose());
        keys.push(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    }
    let at = |error: StoreError| format!("llm_gateway.database: {error}");
    let cipher = Cipher::new(&keys).map_err(at)?;
    let store = Store::open(&options, cipher, runtime.now()).await.map_err(at)?;
    Ok((store, place))
}

/// What tells a database from others, whoever logs in.
fn place_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_scheme, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_login, rest)| rest);
    let rest = rest.split('?').next().unwrap_or(rest);
    Sha256::digest(rest).iter().take(6).fold("-".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn databases_are_told_apart_and_logins_are_not() {
        let of = place_of("postgres://u:p@db:5432/one?sslmode=require");
        assert_eq!(of, place_of("postgresql://v:q%40@db:5432/one"));
        let others = ["postgres://u:p@db:5432/two", "postgres://u:p@other:5432/one", "sqlite:/data/one.db"];
        assert!(others.iter().all(|other| place_of(other) != of));
    }
}
