//! One deployment, made ready: everything that a call needs and that does not depend on the request.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderName, HeaderValue, header, request};
use llm_pricing::Dated;
use llm_provider_core::{
    Allowances, Call, Credential, Demands, Dialect, EffortBudgets, EncodeError, OnUnsupported, Parameters,
    Provider, Relay, RelayOperation, Secret,
};
use llm_router::{
    Admission, Allowance, BudgetLive, Candidate, Denied, DeploymentId, DeploymentSettings, Facts, Gate,
    InFlight, KeyLive, Limits, Live, Pass,
};
use llm_tokens::Encoding;
use llm_transport::{CallOptions, CredentialSource, HttpService};
use llm_types::{ApiError, ErrorKind, Extra, Layer, UnixMs};

use crate::config::{CachePoint, ClientCredential, shown};
use crate::headers;
use crate::pricing::Pricing;
use crate::runtime::Runtime;
use crate::services::explain;
use crate::shared::Sharing;

/// One deployment of a model.
#[derive(Clone)]
pub struct Deployment {
    /// Its name.
    pub id: DeploymentId,
    /// The model group it belongs to.
    pub group: Arc<str>,
    /// The vendor's name.
    pub provider_name: Arc<str>,
    /// The vendor.
    pub provider: Arc<dyn Provider>,
    /// The model's name at the vendor.
    pub model: Arc<str>,
    /// The vendor's address, where it is not the usual one.
    pub base_url: Option<String>,
    /// The key or another credential; why there is none.
    pub credential: Result<Option<Credential>, String>,
    /// Where a credential comes from that is fetched and expires.
    pub login: Option<Arc<dyn CredentialSource>>,
    /// Settings of the vendor beside model, key and address.
    pub parameters: Parameters,
    /// Headers from configuration.
    pub headers: HeaderMap,
    /// Headers of a client's that are handed on.
    pub client_headers: Vec<HeaderName>,
    /// Whether clients' other headers are, as far as they may be.
    pub forwards_headers: bool,
    /// What the router knows of it from configuration.
    pub settings: DeploymentSettings,
    /// Timeouts and protocol.
    pub options: CallOptions,
    /// Timeouts and protocol of streamed requests.
    pub stream_options: CallOptions,
    /// Whether what the vendor lacks is left out or refused; `None` leaves it to the client and the default.
    pub unsupported: Option<OnUnsupported>,
    /// Members that are left out of every request: dot paths.
    pub drop_params: Vec<String>,
    /// Members that are sent although the vendor is said to lack them.
    pub forward_params: Vec<String>,
    /// Members that are set where a request has none.
    pub defaults: Extra,
    /// Members that are set over those of the request.
    pub overrides: Extra,
    /// Whether conversations that the vendor would refuse are put right before they are sent.
    pub modify_params: bool,
    /// What the vendor refuses conversations for.
    pub demands: Demands,
    /// What is known of the model's window, for limits that are put right.
    pub window: Window,
    /// Where marks of the prompt cache are put into requests.
    pub cache_points: Vec<CachePoint>,
    /// Tokens to write at most, where the vendor demands a limit.
    pub default_max_tokens: Option<u64>,
    /// Tokens that efforts of thinking are worth.
    pub effort_budgets: EffortBudgets,
    /// The vocabulary of the model, if it is here.
    pub encoding: Option<Encoding>,
    /// What its answers cost, and from when.
    pub pricing: Dated<Arc<Pricing>>,
    /// How requests are sent there.
    pub service: Arc<dyn HttpService>,
    /// How they are sent to an address that a request brings along.
    pub abroad: Arc<dyn HttpService>,
    /// What the client is told of it, ready-made.
    pub head: HeaderMap,
    /// Heads of requests that pass through as bytes.
    pub heads: Heads,
    /// What the router goes by beside its settings; only the price of it ever changes.
    pub facts: Dated<Facts>,
    /// How it is doing; kept when the configuration changes.
    pub live: Arc<Live>,
    /// How its key is doing, which others may use as well.
    pub key: Arc<KeyLive>,
    /// The budgets that its answers are paid from: its vendor's and its own.
    pub budgets: Arc<[Arc<BudgetLive>]>,
    /// Bounds its requests at a time.
    pub gate: Option<Arc<Gate>>,
    /// What requests may bring along instead of key and address.
    pub client_credentials: Vec<ClientCredential>,
    /// Whether it stands in for another where nobody is to be asked: nothing is fetched for it.
    pub stands_in: bool,
    /// Who divides its limits among several gateways, where there are several.
    pub sharing: Option<Arc<Sharing>>,
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment").field("id", &self.id).field("model", &self.model).finish_non_exhaustive()
    }
}

/// How many tokens a model reads and writes at most, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Tokens of a prompt.
    pub max_input_tokens: Option<u64>,
    /// Tokens of an answer.
    pub max_output_tokens: Option<u64>,
}

/// Heads of requests that pass through as bytes, by dialect and operation: each time the last one made.
#[derive(Debug, Default)]
pub struct Heads([[ArcSwapOption<Head>; 5]; Dialect::ALL.len()]);

/// A head, and the headers of configuration and client that it was made with. It does not depend on anything else that
/// changes from request to request.
#[derive(Debug)]
struct Head {
    given: HeaderMap,
    parts: request::Parts,
}

/// A copy is empty: what it belongs to may differ.
impl Clone for Heads {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Heads {
    /// The head for an operation. It is made anew where the headers that are handed on differ from the last ones, which
    /// they rarely do.
    ///
    /// # Errors
    /// As [`Relay::head`].
    pub fn get(
        &self,
        relay: &dyn Relay,
        operation: RelayOperation,
        call: &Call<'_>,
    ) -> Result<request::Parts, EncodeError> {
        let head = &self.0[relay.dialect().index()][match operation {
            RelayOperation::Chat => 0,
            RelayOperation::ChatStream => 1,
            RelayOperation::CountTokens => 2,
            RelayOperation::Embeddings => 3,
            RelayOperation::Rerank => 4,
        }];
        if let Some(head) = &*head.load()
            && head.given == *call.headers
        {
            return Ok(head.parts.clone());
        }
        let parts = relay.head(operation, call)?;
        head.store(Some(Arc::new(Head { given: call.headers.clone(), parts: parts.clone() })));
        Ok(parts)
    }
}

/// What every answer says of the deployment, made once: a copy costs less than putting it together.
///
/// A name that cannot stand in a header becomes `unprintable`.
pub fn head(id: &str, group: &str, provider: &str, api_base: Option<&str>) -> HeaderMap {
    let value =
        |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unprintable"));
    // Room for what single answers say besides.
    let mut head = HeaderMap::with_capacity(48);
    head.insert(headers::MODEL_ID, value(id));
    head.insert(headers::DEPLOYMENT, value(id));
    head.insert(headers::MODEL_GROUP, value(group));
    head.insert(headers::PROVIDER, value(provider));
    if let Some(url) = api_base {
        head.insert(headers::MODEL_API_BASE, value(&shown(url)));
    }
    head.insert(headers::ATTEMPTED_RETRIES, HeaderValue::from_static("0"));
    head.insert(headers::ATTEMPTED_FALLBACKS, HeaderValue::from_static("0"));
    // What every answer says in its own way has its place already: a map that grows is copied.
    for name in [
        header::CONTENT_TYPE,
        headers::RESPONSE_DURATION,
        headers::OVERHEAD_DURATION,
        headers::CALL_ID,
        headers::REQUEST_ID,
        headers::VERSION,
    ] {
        head.insert(name, HeaderValue::from_static(""));
    }
    head
}

/// Room at a deployment for one request, until it is dropped.
#[derive(Debug)]
pub struct Place {
    /// How long it was waited for, where too many requests were under way; zero otherwise.
    pub queued: Duration,
    _in_flight: InFlight,
    _pass: Option<Pass>,
    admission: Option<Admission>,
}

impl Place {
    /// The answer took so many tokens; `None` if it broke off, so that nobody knows. Otherwise those that were set aside
    /// for it are free again when the place is.
    pub fn settle(&mut self, tokens: Option<u64>, now: UnixMs) {
        match (self.admission.take(), tokens) {
            (Some(admission), Some(tokens)) => admission.settle(tokens, now),
            (Some(admission), None) => admission.forfeit(),
            (None, _) => {}
        }
    }
}

/// What a request needs of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Lower is sooner.
    pub priority: u8,
    /// Tokens, as far as one can tell; `None` where the limits per minute do not matter.
    pub tokens: Option<u64>,
    /// For how long it waits for room.
    pub patience: Option<Duration>,
}

impl Deployment {
    /// What the router sees.
    pub fn candidate(&self, now: UnixMs) -> Candidate<'_> {
        let mut vitals = self.live.vitals(now).with_key(&self.key.health(now));
        if !self.budgets.is_empty() {
            vitals = vitals.with_budgets(self.budgets.iter().map(Arc::as_ref), now);
        }
        if let Some(gate) = &self.gate {
            vitals.load.queued = u32::try_from(gate.waiting()).unwrap_or(u32::MAX);
        }
        Candidate { id: &self.id, settings: &self.settings, facts: self.facts.at(now), vitals }
    }

    /// Room for one request; waits for it where the deployment has a bound on requests at a time.
    ///
    /// # Errors
    /// 429, if too many wait already, if nothing is left of a limit per minute, or if another request is finding out
    /// whether the deployment is well again; 504, if there is no room for as long as the request waits.
    pub async fn place(&self, claim: Claim, runtime: &Runtime) -> Result<Place, ApiError> {
        let mut queued = Duration::ZERO;
        let pass = match &self.gate {
            None => None,
            Some(gate) => match gate.try_enter() {
                Some(pass) => Some(pass),
                None => {
                    let came = runtime.elapsed();
                    if let Some(sharing) = &self.sharing {
                        sharing.wake();
                    }
                    let entering = gate.enter(claim.priority, runtime.now());
                    let entered = match claim.patience {
                        Some(patience) => tokio::time::timeout(patience, entering).await,
                        None => Ok(entering.await),
                    };
                    let entered = entered.map_err(|_elapsed| {
                        let message = format!("the deployment {} had no room in time", self.id);
                        ApiError::new(ErrorKind::GatewayTimeout, Layer::Router, message)
                            .with_code("queue_timeout")
                    })?;
                    let pass = entered.map_err(|crowded| {
                        let message = format!("the deployment {} has no room: {crowded}", self.id);
                        ApiError::new(ErrorKind::RateLimit, Layer::Router, message).with_code("queue_full")
                    })?;
                    queued = runtime.elapsed().saturating_sub(came);
                    Some(pass)
                }
            },
        };
        let limits = Limits { requests: self.settings.rpm, tokens: self.settings.tpm };
        let admission = match claim.tokens.filter(|_| limits != Limits::default()) {
            None => None,
            Some(tokens) => Some(self.admit(limits, tokens, runtime).await?),
        };
        let in_flight = self.live.begin(runtime.now());
        if in_flight.is_second_probe() {
            let message = format!("the deployment {} is asked by one request at a time for now", self.id);
            return Err(ApiError::new(ErrorKind::RateLimit, Layer::Router, message).with_code("probed"));
        }
        Ok(Place { queued, _in_flight: in_flight, _pass: pass, admission })
    }

    /// Takes a request out of the limits per minute. Where others share them and more may be had than is at hand, it is
    /// fetched, and waited for a little.
    async fn admit(&self, limits: Limits, tokens: u64, runtime: &Runtime) -> Result<Admission, ApiError> {
        let mut denied = match self.live.admit(limits, tokens, runtime.now()) {
            Ok(admission) => return Ok(admission),
            Err(denied) => denied,
        };
        if let Some(sharing) = &self.sharing {
            let mut patience = pin!(tokio::time::sleep(Sharing::PATIENCE));
            while denied.more_may_come {
                // Listens before it looks, so that nothing is missed in between.
                let handed_out = sharing.handed_out();
                denied = match self.live.admit(limits, tokens, runtime.now()) {
                    Ok(admission) => return Ok(admission),
                    Err(denied) => denied,
                };
                self.live.want(&denied);
                sharing.wake();
                tokio::select! {
                    () = handed_out => {}
                    () = &mut patience => break,
                }
            }
            if let Ok(admission) = self.live.admit(limits, tokens, runtime.now()) {
                return Ok(admission);
            }
        }
        Err(self.exceeded(denied, runtime.now()))
    }

    fn exceeded(&self, denied: Denied, now: UnixMs) -> ApiError {
        let Denied { rate, limit, .. } = denied;
        let message =
            format!("the deployment {} has had its {limit} {} of this minute", self.id, rate.label());
        let mut error =
            ApiError::new(ErrorKind::RateLimit, Layer::Router, message).with_code("limit_reached");
        error.retry_after_ms = Some(60_000 - now.0.rem_euclid(60_000).unsigned_abs());
        error
    }

    /// How long a request may take here; `None` for ever.
    pub(crate) fn total_timeout(&self, stream: bool) -> Option<Duration> {
        let options = if stream { &self.stream_options } else { &self.options };
        options.timeouts.total
    }

    /// What the table knows of its model.
    pub(crate) fn known_model(&self) -> Option<llm_pricing::ModelInfo<'static>> {
        Pricing::model(&self.provider_name, &self.model, self.facts.first().region.as_deref())
    }

    /// Takes what an answer's headers say is left of the vendor's limits.
    pub(crate) fn learn_allowances(&self, headers: &HeaderMap, now: UnixMs) {
        let Allowances { requests, tokens } = self.provider.allowances(headers, now);
        if requests.is_some() || tokens.is_some() {
            let told = |one: llm_provider_core::Allowance| Allowance {
                left: one.left,
                limit: one.limit,
                until: one.until,
            };
            self.live.quota(requests.map(told), tokens.map(told), now);
        }
    }

    /// One that asks somebody else, with a credential that opens nothing.
    pub(crate) fn stand_in(&self, service: Arc<dyn HttpService>) -> Self {
        let mut other = Self { service, login: None, stands_in: true, ..self.clone() };
        other.credential = match &self.credential {
            Ok(None) if self.login.is_some() => Ok(Some(Credential::Token(explain::masked()))),
            Ok(credential) => Ok(credential.as_ref().map(explain::mask)),
            Err(why) => Err(why.clone()),
        };
        other
    }

    /// The same for a request that brings a key along, and maybe an address.
    pub(crate) fn with_own(&self, key: Secret, base_url: Option<String>) -> Self {
        let own_base = base_url.is_some();
        Self {
            credential: Ok(Some(Credential::Key(key))),
            login: None,
            base_url: base_url.or_else(|| self.base_url.clone()),
            // Headers of the configuration may be keys as well: they go to the configuration's address alone.
            headers: if own_base { HeaderMap::new() } else { self.headers.clone() },
            heads: Heads::default(),
            service: if own_base && !self.stands_in { self.abroad.clone() } else { self.service.clone() },
            ..self.clone()
        }
    }

    /// What a translator is told.
    pub fn call<'a>(&'a self, headers: &'a HeaderMap, unsupported: OnUnsupported, now: UnixMs) -> Call<'a> {
        Call {
            base_url: self.base_url.as_deref(),
            credential: self.credential.as_ref().ok().and_then(Option::as_ref),
            parameters: &self.parameters,
            unsupported: self.unsupported.unwrap_or(unsupported),
            forward: &self.forward_params,
            default_max_tokens: self.default_max_tokens,
            effort_budgets: self.effort_budgets,
            now,
            ..Call::new(&self.model, headers)
        }
    }

    /// Whether a request can pass through as bytes as far as configuration goes: nothing is dropped from inside it.
    pub fn drops_top_level_only(&self) -> bool {
        self.drop_params.iter().all(|path| !path.contains(['.', '[']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_what_is_secret() {
        for (url, expected) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("https://user:pa@ss@host:8/v1?key=k#f", "https://host:8/v1"),
            ("http://host", "http://host"),
            ("http://host/a@b", "http://host/a@b"),
            ("host?key=k", "host"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
