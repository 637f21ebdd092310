//! From a configuration to a gateway that listens; the one place that reads files and starts background work.

mod managed;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use llm_store::{News, StoreError, Watch};
use llm_tenancy::Kind;
use llm_transport::Reach;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::books::{self, Books};
use crate::budgets::BudgetSink;
use crate::catalog::Owners;
use crate::config::{
    Config, ConfigContext, ConfigErrors, ConfigSecrets, ConfigStore, Diagnostic, Exposed, FileContent,
    FileWatch, ReloadReport, SingleModel, Vendor,
};
use crate::edge::{self, EdgeOptions, Lanes, Listener, TlsFiles, TrustedProxies};
use crate::exchange::{Finaliser, Sink};
use crate::prepare::{self, States};
use crate::routes;
use crate::runtime::Runtime;
use crate::secrets::Secrets;
use crate::services::completion::Embedder;
use crate::services::health;
use crate::shared::{self, Keeper, Shared, Sharing};
use crate::telemetry::access_log::{AccessLog, Lines};
use crate::telemetry::metrics::{Metrics, MetricsSink};
use crate::tenants::{Additions, Tenants};

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Nobody wrote one: the mock, and every vendor whose key is at hand.
    Embedded,
    /// One model.
    Single(SingleModel),
    /// A file, which is read again when it changes.
    File(PathBuf),
}

/// What the command line says over the configuration.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The address to listen on.
    pub host: Option<IpAddr>,
    /// The port to listen on.
    pub port: Option<u16>,
    /// Listen beyond loopback although there is no master key.
    pub allow_public_without_key: bool,
    /// Where the lines of requests go, as JSON; `None` makes them events of `tracing`.
    pub lines: Option<Arc<dyn Lines>>,
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// Anybody could use it from outside.
    #[error(transparent)]
    Exposed(#[from] Exposed),
    /// Something that the configuration names cannot be set up.
    #[error("{0}")]
    Setup(String),
}

/// A gateway that has bound its socket and not yet begun to serve.
#[derive(Debug)]
pub struct Gateway {
    /// Its handles.
    pub app: Arc<App>,
    /// Reads the configuration again.
    pub reloader: Arc<Reloader>,
    listener: Listener,
    address: SocketAddr,
    keeper: Option<Keeper>,
    books: Option<Books>,
    /// Tells of changes of keys and tenants.
    following: Option<Watch>,
}

impl Overrides {
    /// Says it.
    fn apply(&self, config: &mut Config) {
        let server = &mut config.settings.server;
        server.host = self.host.unwrap_or(server.host);
        server.port = self.port.unwrap_or(server.port);
        server.allow_public_without_key |= self.allow_public_without_key;
    }
}

/// Reads a configuration.
///
/// # Errors
/// All its faults, with their places.
pub fn load(source: &Source, runtime: &Runtime) -> Result<Config, ConfigErrors> {
    load_with(source, runtime, &Additions::default())
}

/// Reads a configuration, with what was added over the API.
fn load_with(source: &Source, runtime: &Runtime, additions: &Additions) -> Result<Config, ConfigErrors> {
    let vendors = vendors(runtime);
    let context = ConfigContext {
        models: &additions.models,
        credentials: &additions.credentials,
        ..ConfigContext::new(&vendors, runtime.environment().clone())
    };
    match source {
        Source::Embedded => Config::embedded(&context),
        Source::Single(single) => Config::single_model(single.clone(), &context),
        Source::File(path) => Config::load(path, &context),
    }
}

/// The same, where every name is one tenant's or everybody's.
fn load_parted(
    source: &Source,
    runtime: &Runtime,
    additions: &mut Additions,
) -> Result<Config, ConfigErrors> {
    let config = load_with(source, runtime, additions)?;
    let mixed = additions.part_names(&config.resolved);
    if mixed.is_empty() {
        return Ok(config);
    }
    for id in mixed {
        tracing::warn!(model = id, "a tenant's model has a name that others have as well, and is left out");
    }
    load_with(source, runtime, additions)
}

/// The built-in vendors, and of their usual key variables the one that is set, else the first.
fn vendors(runtime: &Runtime) -> Vec<Vendor<'static>> {
    llm_providers::providers()
        .iter()
        .map(|provider| {
            let info = provider.info();
            let is_set = |name: &&std::borrow::Cow<'_, str>| {
                runtime.variable(name).is_some_and(|value| !value.is_empty())
            };
            let name = info.key_variables.iter().find(is_set).or(info.key_variables.first());
            Vendor {
                name: &info.id,
                aliases: &info.aliases,
                key_env: name.map(|name| &**name),
                key_optional: info.key_optional,
                parameters: &info.parameters,
            }
        })
        .collect()
}

/// Makes a gateway that serves nobody and has no socket, to see what would become of requests. `knows_keys` has it read the
/// database that the configuration names, for keys and what they have taken of their limits; nothing in there changes.
///
/// # Errors
/// [`BootError`], with the warnings of the configuration left unsaid.
pub async fn offline(source: Source, runtime: Runtime, knows_keys: bool) -> Result<Arc<App>, BootError> {
    let (_secrets, runtime) = secrets(&source, runtime).await.map_err(BootError::Setup)?;
    let config = load(&source, &runtime)?;
    let tenants = match knows_keys {
        true => Tenants::look(&config, &runtime).await.map_err(BootError::Setup)?,
        false => None,
    };
    let quotas = tenants.as_ref().map(|tenants| books::to_look_at(&config.settings, tenants)).transpose();
    let quotas = quotas.map_err(BootError::Setup)?;
    let snapshot = ConfigStore::new(config).load();
    let identities = tenants.map(|tenants| tenants.identities.clone());
    let states = Arc::new(States::default().with_identities(identities));
    let owners = Owners::default();
    let serving = prepare::serving(snapshot, &runtime, &states, &owners).await.map_err(BootError::Setup)?;
    let finaliser = Finaliser::unheard(&runtime);
    let app = App::new(runtime, serving, finaliser, Arc::new(Metrics::new()));
    if let Some(quotas) = quotas {
        app.set_quotas(Arc::new(quotas));
    }
    Ok(app)
}

/// Makes a gateway and binds its socket.
///
/// # Errors
/// [`BootError`]
pub async fn boot(source: Source, overrides: &Overrides, runtime: Runtime) -> Result<Gateway, BootError> {
    let (secrets, runtime) = secrets(&source, runtime).await.map_err(BootError::Setup)?;
    let mut config = load(&source, &runtime)?;
    overrides.apply(&mut config);
    config.settings.check_exposure()?;
    let tenants = Tenants::open(&config, &runtime).await.map_err(BootError::Setup)?;
    let (additions, following) = match &tenants {
        None => (Additions::default(), None),
        Some(tenants) => {
            // What changes while this is read is heard of afterwards.
            let listening = async {
                let watch = tenants.identities.listen(runtime.now()).await?;
                Ok::<_, StoreError>((Additions::read(&tenants.store).await?, Some(watch)))
            };
            let told = |error| BootError::Setup(format!("llm_gateway.database: {error}"));
            let (mut additions, watch) = listening.await.map_err(told)?;
            if !additions.is_empty() {
                config = load_parted(&source, &runtime, &mut additions)?;
                overrides.apply(&mut config);
            }
            (additions, watch)
        }
    };
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let read = FileContent::of(&files(&source, &config));
    let store = ConfigStore::new(config);
    let snapshot = store.load();
    let shared = shared(&snapshot, &runtime).await.map_err(BootError::Setup)?;
    let states = match &shared {
        Some(shared) => States::shared(shared.sharing.clone()),
        None => States::default(),
    };
    let identities = tenants.as_ref().map(|tenants| tenants.identities.clone());
    let states = Arc::new(states.with_identities(identities));
    let serving = prepare::serving(snapshot.clone(), &runtime, &states, &additions.owners)
        .await
        .map_err(BootError::Setup)?;
    let metrics = Arc::new(Metrics::new());
    let mut sinks: Vec<Box<dyn Sink>> =
        vec![Box::new(BudgetSink), Box::new(MetricsSink::new(metrics.clone()))];
    if snapshot.settings.access_log.enabled {
        sinks.push(Box::new(AccessLog::new(overrides.lines.clone())));
    }
    let books = match &tenants {
        Some(tenants) => {
            let redis = shared.as_ref().map(|shared| &shared.options);
            let books = Books::open(&snapshot, tenants, redis, &runtime).await;
            Some(books.map_err(BootError::Setup)?)
        }
        None => None,
    };
    let ledger = books.as_ref().map(|books| books.ledger.clone());
    let finaliser = Finaliser::new(runtime.clone(), sinks, ledger);
    let app = App::new(runtime, serving, finaliser, metrics);
    if let Some(books) = &books {
        app.set_quotas(books.quotas.clone());
    }
    let server = &snapshot.settings.server;
    let options = EdgeOptions {
        header_read_timeout: Duration::from_millis(server.header_read_timeout_ms.get()),
        max_connections: server.max_connections.get(),
        buffer_bytes: EdgeOptions::BUFFER_BYTES,
        drain_timeout: Duration::from_millis(server.drain_timeout_ms),
        trusted_proxies: TrustedProxies::new(server.trusted_proxies.clone()),
        tls: server.tls.as_ref().map(|tls| TlsFiles { certificate: tls.cert.clone(), key: tls.key.clone() }),
    };
    let listener = Listener::bind(server.address(), options).await.map_err(BootError::Setup)?;
    let address = listener.address().map_err(|error| BootError::Setup(error.to_string()))?;
    let reload_certificate =
        listener.certificate_reloader().map(|reload| Box::new(reload) as ReloadCertificate);
    let reloader = Arc::new(Reloader {
        app: app.clone(),
        store,
        source,
        overrides: overrides.clone(),
        states: states.clone(),
        reload_certificate,
        bound: address.ip(),
        secrets,
        additions: std::sync::Mutex::new(additions),
        read: std::sync::Mutex::new(read),
        one_at_a_time: tokio::sync::Mutex::new(()),
    });
    app.set_reloader(reloader.clone());
    if let Some(tenants) = tenants {
        app.background(tenants.clone().rotate(app.clone()));
        app.set_tenants(tenants);
    }
    let keeper = match shared {
        None => None,
        Some(shared) => {
            app.set_sharing(shared.sharing.clone());
            let mut keeper = Keeper::new(shared, app.clone(), states);
            keeper.begin().await;
            Some(keeper)
        }
    };
    app.background(health::run(app.clone()));
    Ok(Gateway { app, reloader, listener, address, keeper, following, books })
}

/// The secret manager that the configuration names, if it names one, and the runtime whose environment begins with what
/// is in there.
async fn secrets(source: &Source, runtime: Runtime) -> Result<(Option<Secrets>, Runtime), String> {
    let Source::File(file) = source else { return Ok((None, runtime)) };
    let secrets =
        Secrets::begin(file, &runtime, || prepare::transport(None, None, Reach::Anywhere, &runtime)).await?;
    let runtime = secrets.as_ref().map_or(runtime.clone(), |secrets| secrets.before(&runtime));
    Ok((secrets, runtime))
}

/// What the gateway shares with others, if the configuration says so.
async fn shared(config: &Config, runtime: &Runtime) -> Result<Option<Shared>, String> {
    let Some(settings) = &config.settings.shared_state else { return Ok(None) };
    let base = config.files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
    let secrets = ConfigSecrets::new(config.environment.clone(), base);
    let options = shared::options(settings, config, &secrets, runtime).await?;
    let store = llm_gateway_shared::Store::new(options.clone())
        .map_err(|error| format!("llm_gateway.shared_state: {error}"))?;
    let interval = Duration::from_millis(settings.interval_ms);
    Ok(Some(Shared { sharing: Arc::new(Sharing::default()), store, options, interval }))
}

impl Gateway {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    pub const fn is_tls(&self) -> bool {
        self.listener.is_tls()
    }

    /// Serves until `stop`, watching the configuration; then drains. Connections are served by `lanes`, everything else is
    /// done by the runtime that this is awaited in.
    pub async fn run(self, lanes: &Lanes, stop: CancellationToken) {
        let app = self.app.clone();
        // State is shared until the last request has ended.
        let (over, keeping) = (CancellationToken::new(), TaskTracker::new());
        if let Some(keeper) = self.keeper {
            keeping.spawn(keeper.run(over.clone()));
        }
        if let Some(books) = self.books {
            keeping.spawn(books.keep(over.clone()));
        }
        keeping.close();
        tokio::select! {
            biased;
            () = edge::serve(self.app.clone(), routes::router(self.app), self.listener, lanes, stop) => {}
            watching = self.reloader.watch() => match watching {},
            watching = self.reloader.watch_secrets() => match watching {},
            learning = learn(&app) => match learning {},
            () = follow(&app, &self.reloader, self.following) => {}
        }
        over.cancel();
        keeping.wait().await;
    }
}

/// Hears of changes of keys and tenants, and takes over models that were added over the API. Never ends.
async fn follow(app: &Arc<App>, reloader: &Arc<Reloader>, watch: Option<Watch>) {
    let (Some(tenants), Some(watch)) = (app.tenants(), watch) else { return std::future::pending().await };
    let runtime = app.runtime.clone();
    let reloader = reloader.clone();
    let hear: llm_identity::Hear = Arc::new(move |news| {
        let concerns = match news {
            News::Of(changes) => changes.iter().any(|it| matches!(it.kind, Kind::Model | Kind::Credential)),
            News::Everything => true,
        };
        let reloader = reloader.clone();
        Box::pin(async move {
            if concerns {
                let _told_in_the_log = reloader.reload().await;
            }
        })
    });
    tenants.identities.clone().follow(watch, Arc::new(move || runtime.now()), hear).await;
}

/// Has examples of virtual models turned into vectors, whenever a configuration has some without. Never ends.
async fn learn(app: &Arc<App>) -> std::convert::Infallible {
    /// The waits after failures: the first one, and the longest.
    const FIRST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(60);
    let mut swaps = app.swaps();
    let mut wait = FIRST;
    loop {
        swaps.borrow_and_update();
        let serving = app.serving();
        let embedder = Embedder::new(app, &serving, None);
        if !embedder.has_learned() {
            embedder.learn().await;
        }
        let again = async {
            if embedder.has_learned() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(wait).await;
        };
        tokio::select! {
            Ok(()) = swaps.changed() => wait = FIRST,
            () = again => wait = (wait * 2).min(LONGEST),
        }
    }
}

type ReloadCertificate = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Reads the configuration again: on SIGHUP, on a change of its files, or when asked.
pub struct Reloader {
    app: Arc<App>,
    store: ConfigStore,
    source: Source,
    overrides: Overrides,
    states: Arc<States>,
    reload_certificate: Option<ReloadCertificate>,
    /// Where the socket is, whatever a later configuration says.
    bound: IpAddr,
    /// What was added over the API when the database was last read.
    additions: std::sync::Mutex<Additions>,
    /// Where the configuration's secrets are, if not in the environment.
    secrets: Option<Secrets>,
    /// What the files held when they were read last: whatever differs is news.
    read: std::sync::Mutex<FileContent>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Reloader {
    /// Reads the configuration, its secrets and the certificate again. A bad one changes nothing.
    ///
    /// # Errors
    /// What is wrong with the new one, in words.
    pub async fn reload(&self) -> Result<ReloadReport, String> {
        let _turn = self.one_at_a_time.lock().await;
        let result = self.try_reload().await;
        match &result {
            Ok(report) => {
                self.app.metrics.reloads.inc();
                tracing::info!(
                    config.version = report.version,
                    changed = report.changed.join(", "),
                    needs_restart = report.needs_restart.join(", "),
                    "configuration taken over"
                );
            }
            Err(why) => {
                self.app.metrics.failed_reloads.inc();
                tracing::error!(why, "configuration refused; the one before goes on");
            }
        }
        result
    }

    async fn try_reload(&self) -> Result<ReloadReport, String> {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = FileContent::of(&self.files());
        if let Some(secrets) = &self.secrets {
            secrets.refresh().await;
        }
        let (source, runtime) = (self.source.clone(), self.app.runtime.clone());
        let mut additions = self.additions().await;
        let loaded = tokio::task::spawn_blocking(move || {
            let config = load_parted(&source, &runtime, &mut additions);
            config.map(|config| (config, additions))
        });
        let loaded = loaded.await.map_err(|error| error.to_string())?;
        let (mut config, additions) = loaded.map_err(|errors| errors.to_string())?;
        self.overrides.apply(&mut config);
        for host in [config.settings.server.host, self.bound] {
            let mut settings = config.settings.clone();
            settings.server.host = host;
            settings.check_exposure().map_err(|error| error.to_string())?;
        }
        // Everything is tried before anything changes.
        let trial = self.store.preview(config.clone());
        let serving = prepare::serving(trial, &self.app.runtime, &self.states, &additions.owners).await?;
        let warnings: Vec<Diagnostic> = config.warnings.clone();
        if let Some(reload) = &self.reload_certificate {
            reload()?;
        }
        let report = self.store.reload(config);
        *self.additions.lock().unwrap_or_else(PoisonError::into_inner) = additions;
        self.app.swap(serving);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(report)
    }

    /// What is in the database now; what was there when it was last read, if it does not answer.
    async fn additions(&self) -> Additions {
        let Some(tenants) = self.app.tenants() else { return Additions::default() };
        match Additions::read(&tenants.store).await {
            Ok(additions) => additions,
            Err(error) => {
                tracing::warn!(%error, "models of the database are taken as they were");
                self.known_additions()
            }
        }
    }

    fn known_additions(&self) -> Additions {
        self.additions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads whenever a file has changed or SIGHUP came. Never ends.
    async fn watch(&self) -> std::convert::Infallible {
        let mut hangup = hangups();
        loop {
            let files = self.files();
            let read = || *self.read.lock().unwrap_or_else(PoisonError::into_inner);
            let mut watch = (!files.is_empty()).then(|| FileWatch::new(&files)).and_then(|watch| {
                watch
                    .map_err(|error| tracing::warn!(%error, "files are not watched; SIGHUP still works"))
                    .ok()
            });
            let changed = async {
                match &mut watch {
                    Some(watch) => watch.changed(read).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => {}
                () = hangup.next() => {}
            }
            let _told_in_the_log = self.reload().await;
        }
    }

    /// Reloads whenever a secret is another than before. Never ends.
    async fn watch_secrets(&self) -> std::convert::Infallible {
        match &self.secrets {
            Some(secrets) => secrets.watch(self).await,
            None => std::future::pending().await,
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        files(&self.source, &self.store.load())
    }
}

/// The files whose change matters: the configuration's and the certificate's.
fn files(source: &Source, config: &Config) -> Vec<PathBuf> {
    let mut files = config.files.clone();
    if let Source::File(path) = source
        && files.is_empty()
    {
        files.push(path.clone());
    }
    if let Some(tls) = config.settings.tls() {
        files.extend([&tls.cert, &tls.key].map(|file| Path::new(file).to_path_buf()));
    }
    files
}

/// SIGHUP, where there is such a thing.
struct Hangups(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

fn hangups() -> Hangups {
    #[cfg(unix)]
    return Hangups(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok());
    #[cfg(not(unix))]
    return Hangups();
}

impl Hangups {
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
