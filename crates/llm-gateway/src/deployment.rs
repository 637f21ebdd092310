//! One deployment, made ready: everything that a call needs and that does not depend on the request.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderName, HeaderValue, header, request};
use llm_provider_core::{
    Call, Credential, Demands, Dialect, EffortBudgets, EncodeError, OnUnsupported, Parameters, Provider,
    Relay, RelayOperation,
};
use llm_router::{Candidate, DeploymentId, DeploymentSettings, Health, HealthEvent, HealthNews, Load};
use llm_tokens::Encoding;
use llm_transport::{CallOptions, CredentialSource, HttpService};
use llm_types::{ErrorKind, Extra, UnixMs};

use crate::config::CachePoint;
use crate::headers;
use crate::pricing::Pricing;

/// One deployment of a model.
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
    /// What its answers cost.
    pub pricing: Arc<Pricing>,
    /// How requests are sent there.
    pub service: Arc<dyn HttpService>,
    /// What the client is told of it, ready-made.
    pub head: HeaderMap,
    /// Heads of requests that pass through as bytes.
    pub heads: Heads,
    /// What changes from request to request; kept when the configuration changes.
    pub state: Arc<State>,
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
    let mut head = HeaderMap::with_capacity(24);
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

/// An address as clients may see it: without a password or a query, in which keys stand.
pub(crate) fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// What changes from request to request.
#[derive(Debug, Default)]
pub struct State {
    in_flight: AtomicU32,
    failures_in_a_row: AtomicU32,
}

impl State {
    /// Folds news about the deployment in.
    pub fn fold(&self, event: &HealthEvent) {
        match event.news {
            HealthNews::Succeeded => self.failures_in_a_row.store(0, Ordering::Relaxed),
            // A request that the vendor refuses is the request's fault.
            HealthNews::Failed { kind, .. } if is_the_requests_fault(kind) => {}
            _ => {
                self.failures_in_a_row.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// One more request is in flight until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }
}

const fn is_the_requests_fault(kind: ErrorKind) -> bool {
    use ErrorKind::{
        Conflict, ContentPolicy, ContextWindow, InvalidRequest, PayloadTooLarge, Unprocessable, Unsupported,
        UnsupportedMediaType,
    };
    matches!(
        kind,
        InvalidRequest
            | ContextWindow
            | ContentPolicy
            | Unsupported
            | Conflict
            | PayloadTooLarge
            | UnsupportedMediaType
            | Unprocessable
    )
}

/// A request in flight at a deployment.
#[derive(Debug)]
pub struct InFlight(Arc<State>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Deployment {
    /// What the router sees.
    pub fn candidate(&self) -> Candidate<'_> {
        let health = Health {
            cooling_until: None,
            failures_in_a_row: self.state.failures_in_a_row.load(Ordering::Relaxed),
        };
        let load = Load { in_flight: self.state.in_flight.load(Ordering::Relaxed) };
        Candidate { health, load, ..Candidate::new(&self.id, &self.settings) }
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

    #[test]
    fn only_the_vendors_faults_count_against_a_deployment() {
        let id = DeploymentId::new("d");
        let state = State::default();
        let failed = |kind| HealthEvent {
            deployment: id.clone(),
            at: UnixMs(0),
            news: HealthNews::Failed { kind, retry_after_ms: None },
        };
        state.fold(&failed(ErrorKind::ContextWindow));
        assert_eq!(state.failures_in_a_row.load(Ordering::Relaxed), 0);
        state.fold(&failed(ErrorKind::Unavailable));
        state.fold(&failed(ErrorKind::RateLimit));
        assert_eq!(state.failures_in_a_row.load(Ordering::Relaxed), 2);
        state.fold(&HealthEvent { deployment: id.clone(), at: UnixMs(0), news: HealthNews::Succeeded });
        assert_eq!(state.failures_in_a_row.load(Ordering::Relaxed), 0);
    }
}
