//! An office without a gateway: keys are looked up in the store, and nothing else is looked at.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response, StatusCode, header};
use llm_identity::{Bounds, Identities};
use llm_ledger::{Entry, Usd};
use llm_management::{Admitted, Caller, Host, KeyBounds, Office, Repriced, UserDefaults};
use llm_store::{Cipher, Store, StoreSettings};
use llm_tenancy::key::secret::presented;
use llm_tenancy::{Actor, Document, KeyHash, PlainKey, Role, Route, StoredModel, TeamId};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The master key.
pub(crate) const MASTER: &str = "sk-master-0123456789";

/// An address that tenants must not lead to.
pub(crate) const INSIDE: &str = "http://inside.example";

struct Lone {
    store: Store,
    now: AtomicI64,
    random: AtomicU64,
    /// Nano-dollars of a token; 0: nobody knows.
    rate: AtomicI64,
    /// Teams that anybody may join.
    open_teams: Mutex<Vec<TeamId>>,
    /// What new keys begin with, and what none has more of.
    terms: Mutex<(Document, KeyBounds)>,
    /// What new users begin with.
    newcomers: Mutex<UserDefaults>,
    /// What the secret manager has, if there is one; `Err` while it is away.
    kept: Mutex<Option<Result<BTreeMap<String, String>, ()>>>,
    /// Whether nobody hears what the secret manager answers.
    loses_answers: AtomicBool,
    /// What is done with a text as soon as the secret manager has it, once.
    when_kept: Mutex<Option<WhenKept>>,
}

type WhenKept = Box<dyn FnOnce(String) -> BoxFuture<'static, ()> + Send>;

impl Host for Lone {
    fn now(&self) -> UnixMs {
        UnixMs(self.now.load(Ordering::Relaxed))
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.random.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&number.to_be_bytes()[..chunk.len()]);
        }
    }

    fn admit<'a>(&'a self, parts: &'a Parts, route: Route<'a>) -> BoxFuture<'a, Result<Admitted, ApiError>> {
        async move {
            let refuse =
                || ApiError::new(ErrorKind::Authentication, Layer::Auth, "the key is not known here");
            let text = parts
                .headers
                .get(header::AUTHORIZATION)
                .and_then(|text| presented(text.to_str().ok()?))
                .ok_or_else(refuse)?;
            if text == MASTER {
                let actor = Actor { role: Some(Role::ProxyAdmin), ..Actor::default() };
                return Ok(Admitted { caller: Caller::Master, actor });
            }
            let identities = Identities::new(self.store.clone(), Bounds::default());
            let hash = KeyHash::of(text);
            let identity = identities.find(&hash, self.now()).await.unwrap().ok_or_else(refuse)?;
            identity.access.check_standing(self.now())?;
            identity.access.check_route(&route)?;
            let caller = &identity.access.caller;
            let (user_id, role) = (caller.user_id.clone(), caller.user_role);
            let actor = Actor { user_id, key: Some(caller.key), role, ..Actor::default() };
            Ok(Admitted { caller: Caller::Key(identity), actor })
        }
        .boxed()
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }

    fn check_model(&self, model: &StoredModel, secrets: &Document, is_tenants: bool) -> Result<(), ApiError> {
        let wrong = |param: &str| {
            Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Client, "cannot be served").with_param(param))
        };
        if model.credential_id.is_none() && model.params.contains_key("litellm_credential_name") {
            return wrong("litellm_params.litellm_credential_name");
        }
        if is_tenants && model.params.get("api_base").is_some_and(|base| base == INSIDE) {
            return wrong("litellm_params.api_base");
        }
        match (&model.params["model"], secrets.get("api_key")) {
            (Value::String(name), _) if name.starts_with("nowhere/") => wrong("litellm_params.model"),
            (_, Some(Value::String(key))) if key == "sk-unfit" => wrong("litellm_params.api_key"),
            _ => Ok(()),
        }
    }

    fn available_teams(&self) -> Vec<TeamId> {
        self.open_teams.lock().unwrap().clone()
    }

    fn key_defaults(&self) -> Document {
        self.terms.lock().unwrap().0.clone()
    }

    fn key_bounds(&self) -> KeyBounds {
        self.terms.lock().unwrap().1
    }

    fn user_defaults(&self) -> UserDefaults {
        self.newcomers.lock().unwrap().clone()
    }

    fn keeps_keys(&self) -> bool {
        self.kept.lock().unwrap().is_some()
    }

    fn keep_key<'a>(&'a self, alias: &'a str, text: &'a PlainKey) -> BoxFuture<'a, Result<(), String>> {
        async move {
            // Whoever reads it can use it at once.
            let found = self.store.find_key(&text.hash(), self.now()).await.unwrap();
            assert!(found.is_some_and(|found| found.key.value.key_alias.as_deref() == Some(alias)));
            match self.kept.lock().unwrap().as_mut() {
                Some(Ok(kept)) => _ = kept.insert(alias.to_owned(), text.expose().to_owned()),
                _ => return Err("is away".to_owned()),
            }
            let when_kept = self.when_kept.lock().unwrap().take();
            if let Some(when_kept) = when_kept {
                when_kept(text.expose().to_owned()).await;
            }
            if self.loses_answers.load(Ordering::Relaxed) {
                return Err("did not answer".to_owned());
            }
            Ok(())
        }
        .boxed()
    }

    fn reprice(&self, entry: &Entry) -> Option<Repriced> {
        let rate = Some(self.rate.load(Ordering::Relaxed)).filter(|rate| *rate > 0)?;
        let cost = Usd::from_nanos(entry.tokens.total() * rate);
        Some(Repriced { cost, list_cost: cost })
    }
}

/// An office, its store, and the folder that this is in.
pub(crate) struct Place {
    pub(crate) store: Store,
    host: Arc<Lone>,
    router: Router,
    pub(crate) office: Arc<Office>,
    _folder: TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = UnixMs(1_795_000_000_000);
        let cipher = Cipher::new(["a key for tests, long enough"]).unwrap();
        let store = Store::open(&StoreSettings::new(folder.path()), cipher, now).await.unwrap();
        let host = Arc::new(Lone {
            store: store.clone(),
            now: AtomicI64::new(now.0),
            random: AtomicU64::new(1),
            rate: AtomicI64::new(0),
            kept: Mutex::default(),
            loses_answers: AtomicBool::new(false),
            when_kept: Mutex::default(),
            open_teams: Mutex::default(),
            terms: Mutex::default(),
            newcomers: Mutex::default(),
        });
        let office = Office::new(host.clone(), store.clone());
        Self { store, host, router: office.router(), office, _folder: folder }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, ms: i64) {
        self.host.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets what a token costs, in nano-dollars.
    pub(crate) fn price(&self, nanos: i64) {
        self.host.rate.store(nanos, Ordering::Relaxed);
    }

    /// Lets anybody join these teams.
    pub(crate) fn open_teams(&self, ids: &[&str]) {
        *self.host.open_teams.lock().unwrap() = ids.iter().map(|id| (*id).into()).collect();
    }

    /// There is a secret manager that takes keys, or one that is away.
    pub(crate) fn keep_keys(&self, is_there: bool) {
        *self.host.kept.lock().unwrap() = Some(if is_there { Ok(BTreeMap::new()) } else { Err(()) });
    }

    /// Sets what new keys begin with, and what none has more of.
    pub(crate) fn bound_keys(&self, defaults: &Value, bounds: KeyBounds) {
        *self.host.terms.lock().unwrap() = (defaults.as_object().unwrap().clone(), bounds);
    }

    /// From now on new users begin with this.
    pub(crate) fn begin_users(&self, defaults: UserDefaults) {
        *self.host.newcomers.lock().unwrap() = defaults;
    }

    /// From now on nobody hears what the secret manager answers.
    pub(crate) fn lose_answers(&self) {
        self.host.loses_answers.store(true, Ordering::Relaxed);
    }

    /// What is to be done with the next text as soon as the secret manager has it.
    pub(crate) fn when_kept<F: Future<Output = ()> + Send + 'static>(
        &self,
        work: impl FnOnce(Router, String) -> F + Send + 'static,
    ) {
        let router = self.router.clone();
        *self.host.when_kept.lock().unwrap() = Some(Box::new(move |text| work(router, text).boxed()));
    }

    /// What the secret manager has under an alias.
    pub(crate) fn kept(&self, alias: &str) -> Option<String> {
        self.host.kept.lock().unwrap().as_ref()?.as_ref().ok()?.get(alias).cloned()
    }

    /// The time.
    pub(crate) fn now(&self) -> UnixMs {
        self.host.now()
    }

    /// Asks with a key; the status and the body, `null` if it is empty.
    pub(crate) async fn ask(&self, key: &str, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.send(key, method, path, body).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Asks for what must succeed; what nothing was made of.
    pub(crate) async fn ignored(&self, key: &str, method: &str, path: &str, body: &Value) -> Option<String> {
        let response = self.send(key, method, path, body).await;
        assert_eq!(response.status(), StatusCode::OK, "{method} {path} {body}");
        Some(response.headers().get("x-llm-gateway-ignored")?.to_str().unwrap().to_owned())
    }

    async fn send(&self, key: &str, method: &str, path: &str, body: &Value) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap()
    }

    /// Asks with the master key for what must succeed.
    pub(crate) async fn master(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(MASTER, method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path} {body}: {answer}");
        answer
    }

    /// What is said of a refusal: status, code, member.
    pub(crate) async fn refusal(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Option<String>, Option<String>) {
        let (status, answer) = self.ask(key, method, path, body).await;
        let text = |member: &str| answer["error"][member].as_str().map(ToOwned::to_owned);
        assert!(!status.is_success(), "{method} {path} {body}: {answer}");
        (status.as_u16(), text("code"), text("param"))
    }
}
