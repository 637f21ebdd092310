//! What a case stands on: a database of its own, and who changes what when.

use std::pin::Pin;
use std::sync::LazyLock;

use llm_store::{By, Cipher, Store, StoreError, StoreSettings};
use llm_tenancy::management::Scope;
use llm_tenancy::{Actor, Calendar, KeyHash, Role, Stamp, Team, User, VirtualKey};
use llm_test_servers::{Kind, Server};
use llm_types::UnixMs;
use tempfile::TempDir;

pub(crate) type Case = for<'a> fn(&'a Bench) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// When everything happens, if it is not said.
pub(crate) const NOW: UnixMs = UnixMs(1_795_000_000_000);
/// A text that secrets are sealed with.
pub(crate) const SEAL: &str = "the first key for secrets";

/// Of those who may do everything.
pub(crate) static ALL: LazyLock<Scope> = LazyLock::new(Scope::everything);

pub(crate) struct Bench {
    pub(crate) settings: StoreSettings,
    _folder: TempDir,
}

impl Bench {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { settings: patient(StoreSettings::new(folder.path().join("data"))), _folder: folder }
    }

    pub(crate) fn server(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { settings: patient(StoreSettings::new(folder.path())).with_url(url), _folder: folder }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.settings.url.is_none()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.settings.url.as_ref().is_some_and(|url| url.starts_with("postgres"))
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.settings, Cipher::new([SEAL]).unwrap(), NOW).await.unwrap()
    }

    /// The same with budgets by another calendar.
    pub(crate) async fn open_by(&self, calendar: Calendar) -> Store {
        let mut settings = self.settings.clone();
        settings.calendar = calendar;
        Store::open(&settings, Cipher::new([SEAL]).unwrap(), NOW).await.unwrap()
    }

    /// Another replica's, or the same one where there is but one process.
    pub(crate) async fn another(&self, store: &Store) -> Store {
        if self.is_sqlite() { store.clone() } else { self.open().await }
    }
}

/// Machines that run tests are slow.
fn patient(mut settings: StoreSettings) -> StoreSettings {
    settings.connect_timeout_ms = 30_000;
    settings.query_timeout_ms = 30_000;
    settings
}

/// Runs every case on one server, and says which have failed.
pub(crate) fn on_server(kind: Kind, cases: &[(&'static str, Case)]) {
    let server = Server::start(kind);
    let mut failed = Vec::new();
    for (at, (name, case)) in cases.iter().enumerate() {
        let url = server.database(&format!("case_{at}"));
        let case = *case;
        let run = std::thread::Builder::new().name((*name).to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async { case(&Bench::server(&url)).await });
        });
        if run.unwrap().join().is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{} of {} failed: {failed:?}", failed.len(), cases.len());
    eprintln!("{} cases on {kind:?}", cases.len());
}

/// An administrator.
pub(crate) fn by(name: &str) -> By {
    by_at(name, NOW)
}

pub(crate) fn by_at(name: &str, now: UnixMs) -> By {
    let actor = Actor { user_id: Some(name.into()), role: Some(Role::ProxyAdmin), ..Actor::default() };
    By { actor, now }
}

pub(crate) fn stamp() -> Stamp {
    Stamp::new(NOW, Some("anna"))
}

pub(crate) fn key(text: &str) -> VirtualKey {
    VirtualKey::new(KeyHash::of(text), "sk-...last", stamp())
}

pub(crate) fn team(id: &str) -> Team {
    Team::new(id.into(), stamp())
}

pub(crate) fn user(id: &str) -> User {
    User::new(id.into(), Role::InternalUser, stamp())
}

/// Gives a key another text.
pub(crate) async fn rotate(
    store: &Store,
    old: &str,
    new: &str,
    until: Option<UnixMs>,
    by: &By,
) -> Result<VirtualKey, StoreError> {
    let rotated = store
        .rotate_key(&KeyHash::of(old), until, &ALL, by, |key| {
            key.hash = KeyHash::of(new);
            key.rotation.count += 1;
        })
        .await;
    rotated.map(|stored| stored.value)
}

/// A record from its least document.
pub(crate) fn record<R: serde::de::DeserializeOwned>(json: &serde_json::Value) -> R {
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{json}: {error}"))
}
