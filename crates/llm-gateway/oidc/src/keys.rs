//! The keys of one issuer: fetched, kept, fetched again.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, join_all};
use http::{Request, StatusCode, header};
use llm_transport::{CallOptions, HttpService, Timeouts};
use llm_types::UnixMs;
use serde::Deserialize;

use crate::verifier::Clock;
use crate::{KeySet, TokenError};

/// Where an issuer's keys are, and how often they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySourceOptions {
    /// Addresses of JWKS documents, or of OpenID discovery documents, which end in `/.well-known/openid-configuration`.
    pub urls: Vec<String>,
    /// The issuer that a discovery document must be of, letter by letter.
    pub issuer: Option<String>,
    /// How long keys are used before they are fetched again. Default 600 s.
    pub ttl: Duration,
    /// How long they are used beyond that while the issuer cannot be reached. Default 24 h.
    pub stale_ttl: Duration,
    /// How long the issuer is left alone after it was asked, whatever tokens name. Default 10 s.
    pub pause: Duration,
    /// How long an answer may take. Default 5 s.
    pub timeout: Duration,
}

impl Default for KeySourceOptions {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            issuer: None,
            ttl: Duration::from_secs(600),
            stale_ttl: Duration::from_secs(86_400),
            pause: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
        }
    }
}

/// The keys of one issuer.
pub struct KeySource {
    options: Arc<KeySourceOptions>,
    service: Arc<dyn HttpService>,
    clock: Clock,
    state: ArcSwap<State>,
    asked: Mutex<Asked>,
}

/// When the issuer was last asked, and the question, as long as nobody has taken its answer in. Whoever needs the answer
/// drives it on: it is not lost when the one who asked first goes away.
#[derive(Default)]
struct Asked {
    last: Option<UnixMs>,
    under_way: Option<Question>,
}

/// The keys of each address; `None` where they could not be got.
type Question = Shared<BoxFuture<'static, Arc<[Option<KeySet>]>>>;

/// What is known of an issuer.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) keys: KeySet,
    /// Counts changes of the keys.
    pub(crate) generation: u64,
    /// The keys of each address, and when they were fetched.
    parts: Vec<Option<(KeySet, UnixMs)>>,
}

/// What a discovery document says, as far as it matters here.
///
/// Source: OpenID Connect Discovery 1.0, section 3.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The largest document that is read, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

impl KeySource {
    /// Keys that nobody has asked for yet.
    pub fn new(options: KeySourceOptions, service: Arc<dyn HttpService>, clock: Clock) -> Self {
        let state = State { parts: vec![None; options.urls.len()], ..State::default() };
        let (options, state) = (Arc::new(options), ArcSwap::from_pointee(state));
        Self { options, service, clock, state, asked: Mutex::default() }
    }

    /// The address of the discovery document of an issuer.
    pub fn discovery_url(issuer: &str) -> String {
        format!("{}{DISCOVERY}", issuer.trim_end_matches('/'))
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// The keys that a token may be signed by that names one. A name that is not known is asked for, unless the issuer
    /// was asked a moment ago: nobody can make the gateway ask more often by inventing names.
    pub(crate) async fn keys_for(&self, kid: Option<&str>) -> Result<Arc<State>, TokenError> {
        let state = self.state();
        let now = (self.clock)();
        if self.is_fresh(&state, now) && kid.is_none_or(|kid| state.keys.has(kid)) {
            return Ok(state);
        }
        self.refresh_after(&state).await;
        let state = self.state();
        if self.is_usable(&state, (self.clock)()) { Ok(state) } else { Err(TokenError::Unavailable) }
    }

    /// Asks for the keys now, unless there are others than `seen`, or the issuer was asked a moment ago.
    async fn refresh_after(&self, seen: &State) {
        let question = {
            let mut asked = self.asked();
            if self.state.load().parts != seen.parts {
                return;
            }
            let now = (self.clock)();
            match &asked.under_way {
                Some(question) => question.clone(),
                None if asked.last.is_some_and(|last| now.since(last) < ms(self.options.pause)) => return,
                None => {
                    let fetch = fetch_all(Arc::clone(&self.options), Arc::clone(&self.service));
                    let question = fetch.boxed().shared();
                    *asked = Asked { last: Some(now), under_way: Some(question.clone()) };
                    question
                }
            }
        };
        let answer = question.clone().await;
        let mut asked = self.asked();
        if asked.under_way.take_if(|under_way| under_way.ptr_eq(&question)).is_some() {
            self.take_in(&answer);
        }
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the keys again and again, before they are too old. Ends never; dropped to end it.
    pub async fn keep_fresh(&self) {
        loop {
            let state = self.state();
            let now = (self.clock)();
            let oldest = state.parts.iter().map(|part| part.as_ref().map(|(_, at)| *at)).min().flatten();
            let wait = match oldest {
                // A little before they are due, so that no request has to wait.
                Some(at) => (ms(self.options.ttl) / 5 * 4).saturating_sub(now.since(at)),
                None => 0,
            };
            // Someone whose keys cannot be got is not asked without a pause.
            let wait = wait.max(if state.parts.iter().any(Option::is_none) && self.asked().last.is_some() {
                ms(self.options.pause)
            } else {
                0
            });
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let seen = self.state();
            self.refresh_after(&seen).await;
            if Arc::ptr_eq(&seen, &self.state()) {
                tokio::time::sleep(self.options.pause).await;
            }
        }
    }

    /// Whether no part is older than it may be.
    fn is_fresh(&self, state: &State, now: UnixMs) -> bool {
        self.are_younger(state, now, ms(self.options.ttl))
    }

    fn is_usable(&self, state: &State, now: UnixMs) -> bool {
        let most = ms(self.options.ttl).saturating_add(ms(self.options.stale_ttl));
        state.parts.iter().flatten().any(|(_, at)| now.since(*at) < most)
    }

    fn are_younger(&self, state: &State, now: UnixMs, age_ms: u64) -> bool {
        !state.parts.is_empty()
            && state.parts.iter().all(|part| part.as_ref().is_some_and(|(_, at)| now.since(*at) < age_ms))
    }

    /// Takes an answer in. What could not be got stays as it was, until it is too old.
    fn take_in(&self, answer: &[Option<KeySet>]) {
        let now = (self.clock)();
        let before = self.state();
        let most = ms(self.options.ttl).saturating_add(ms(self.options.stale_ttl));
        let parts: Vec<_> = answer
            .iter()
            .zip(&before.parts)
            .map(|(fetched, old)| match fetched {
                Some(keys) => Some((keys.clone(), now)),
                None => old.clone().filter(|(_, at)| now.since(*at) < most),
            })
            .collect();
        if parts == before.parts {
            return;
        }
        let mut keys = KeySet::default();
        for (part, _) in parts.iter().flatten() {
            keys.extend(part.clone());
        }
        let generation = before.generation + u64::from(keys != before.keys);
        self.state.store(Arc::new(State { keys, generation, parts }));
    }
}

/// Asks every address.
async fn fetch_all(options: Arc<KeySourceOptions>, service: Arc<dyn HttpService>) -> Arc<[Option<KeySet>]> {
    let fetch = async |url: &String| {
        let document =
            tokio::time::timeout(options.timeout, follow(&options, &service, url)).await.ok()??;
        KeySet::parse(&document).ok()
    };
    join_all(options.urls.iter().map(fetch)).await.into()
}

/// The document of keys at an address, or that its discovery document names.
async fn follow(options: &KeySourceOptions, service: &Arc<dyn HttpService>, url: &str) -> Option<Bytes> {
    let document = get(options, service, url).await?;
    if !url.ends_with(DISCOVERY) {
        return Some(document);
    }
    let discovery: Discovery = serde_json::from_slice(&document).ok()?;
    if options.issuer.as_ref().is_some_and(|issuer| *issuer != discovery.issuer) {
        return None;
    }
    // Nobody on the way shall make of an address that is kept safe one that is not.
    if url.starts_with("https:") && !discovery.jwks_uri.starts_with("https:") {
        return None;
    }
    get(options, service, &discovery.jwks_uri).await
}

async fn get(options: &KeySourceOptions, service: &Arc<dyn HttpService>, url: &str) -> Option<Bytes> {
    let request = Request::get(url).header(header::ACCEPT, "application/json").body(Bytes::new()).ok()?;
    let limit = Some(options.timeout);
    let timeouts = Timeouts { connect: limit, first_byte: limit, idle: limit, total: limit };
    let answer = service.call(request, CallOptions { timeouts, ..CallOptions::default() }).await.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    answer.into_body().collect(MAX_BYTES).await.ok()
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("urls", &self.options.urls).finish_non_exhaustive()
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
