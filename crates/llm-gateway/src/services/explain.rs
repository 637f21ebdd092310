//! A dry run: which deployments a request would be sent to, why, and what exactly would be sent. Nobody is asked.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request as HttpRequest, Response};
use llm_provider_core::{AwsKeys, Credential, Secret};
use llm_router::{
    Affinity, Embed, Entropy as _, Foreseen, Inquiry, Reason, SeededEntropy, Sight, Snapshot, foresee,
};
use llm_tenancy::Access;
use llm_transport::{Body, BoxFuture, CallOptions, HttpService, TransportError, TransportErrorKind};
use llm_types::{ApiError, ErrorKind, UnixMs, Usage};
use serde_json::{Value, json};

use super::completion::{self, Ask, Book, Desk, Embedder, Known, Ties};
use super::count;
use crate::app::App;
use crate::auth::Principal;
use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::pricing::Pricing;
use crate::quotas::told;
use crate::serving::{Group, Serving};

/// What stands where a secret is sent.
const MASK: &str = "***";

/// How a dry run is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// What chance goes by. Default: as for any request.
    pub seed: Option<u64>,
    /// Whether an embedding model may be asked where the model is chosen by meaning.
    pub may_embed: bool,
}

/// Says what would become of a request.
///
/// # Errors
/// What the client would be told before a deployment is chosen.
pub async fn explain(
    app: &Arc<App>,
    serving: &Arc<Serving>,
    ask: &Ask,
    mut exchange: Exchange,
    terms: Terms,
) -> Result<Value, ApiError> {
    let request = completion::look(serving, ask, &mut exchange)?;
    let known = Known::find(&request, exchange.record(), serving.needs())?;
    serving.prepare.budgets.of_tags(known.labels(), request.started)?;
    let (tags, regions) = (known.tags(), known.regions());
    let mut inquiry = known.inquiry(&request, &tags, &regions);
    let principal = exchange.record().principal.clone();
    let (entry, class) = if terms.may_embed {
        let embedder = Embedder::new(app, serving, principal.clone());
        completion::enter(serving, &request, &mut inquiry, &embedder).await?
    } else {
        completion::enter(serving, &request, &mut inquiry, &Nobody).await?
    };
    let access = principal.as_ref().and_then(Principal::access);
    let group = serving.resolve_for(entry.group, access)?;
    let ties = Ties::find(&serving.prepare.states, &group, &request, &known, request.started)?;
    let pins = ties.pins();
    let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..inquiry };
    let route = exchange.record().route;
    let now = app.runtime.now();
    let seed = terms.seed.unwrap_or_else(|| app.runtime.entropy().next_u64());
    let view = View { serving, group: &group, access };
    let wishes = completion::wishes(&request, &group)?;
    let foresight = foresee(&view, wishes, &inquiry, now, &mut SeededEntropy::new(seed))?;
    let first = foresight.order.first().and_then(|first| view.deployment(first));
    let desk = Desk::new(exchange);
    let mut upstream = Value::Null;
    let mut notes = Vec::new();
    let mut cost = Value::Null;
    let (mut limits, mut capped) = (Vec::new(), None);
    if let Some(deployment) = first {
        let capture = Arc::new(Capture::default());
        let stand_in = Arc::new(deployment.stand_in(capture.clone()));
        let mut book = Book::open(&desk, Reason::First);
        let tried = completion::attempt(app, serving, &stand_in, &request, &mut book).await;
        notes = book.notes().iter().map(completion::note_json).collect();
        book.end(Err(ErrorKind::ClientClosed));
        let sent = capture.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        upstream = match (sent, tried) {
            (Some(sent), _) => shown(&sent),
            (None, Err(error)) => json!({"error": error.message, "kind": error.kind}),
            (None, Ok(_)) => Value::Null,
        };
        let pricing = deployment.pricing.at(now).for_payer(serving.prices_of(principal.as_ref(), now));
        cost = estimated(&deployment, &pricing, &request, now).await;
        let (found, most) =
            completion::outlook(app, serving, &request, (&group, &deployment), principal.as_ref()).await?;
        limits = found.iter().map(told::outlook).collect();
        capped = most;
    }
    Ok(json!({
        "at": now,
        "seed": seed,
        "model": &*request.model,
        "route": route,
        "dialect": ask.dialect.label(),
        "stream": request.stream,
        "key": principal.as_ref().map(Principal::name),
        "rule": entry.rule,
        "variant": entry.variant,
        "quality_tier": entry.quality,
        "class": class,
        "group": &*group.name,
        "inquiry": inquiry,
        "config_version": serving.version,
        "decisions": foresight.decisions,
        "order": foresight.order,
        "events": foresight.events,
        "end": foresight.end,
        "upstream": upstream,
        "notes": notes,
        "estimated_cost": cost,
        "limits": limits,
        "max_output_tokens": capped,
    }))
}

/// A dry run's view of the groups: the one that is asked for, and by name those where the request may go on.
struct View<'a> {
    serving: &'a Serving,
    group: &'a Arc<Group>,
    access: Option<&'a Access>,
}

impl View<'_> {
    fn group(&self, name: Option<&Arc<str>>) -> Result<Arc<Group>, ApiError> {
        name.map_or_else(|| Ok(self.group.clone()), |name| self.serving.resolve_for(name, self.access))
    }

    /// The deployment that is asked first.
    fn deployment(&self, first: &Foreseen) -> Option<Arc<Deployment>> {
        let name = Some(&first.group).filter(|name| **name != self.group.name);
        let group = self.group(name).ok()?;
        group.deployments.iter().find(|own| own.id == first.deployment).cloned()
    }
}

impl Sight for View<'_> {
    type Error = ApiError;

    fn glance<T>(
        &self,
        group: Option<&Arc<str>>,
        now: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, ApiError> {
        Ok(self.group(group)?.glance(now, see))
    }
}

/// Makes no vectors.
struct Nobody;

impl Embed for Nobody {
    async fn embed(&self, _: &str, _: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        Err("nobody is asked here".to_owned())
    }
}

/// What the request would cost, its tokens counted; nothing if it is none that can be read.
async fn estimated(
    deployment: &Deployment,
    pricing: &Pricing,
    request: &completion::Request<'_>,
    now: UnixMs,
) -> Value {
    let Ok(incoming) = request.canonical() else { return Value::Null };
    let canonical = incoming.request.clone();
    let encoding = deployment.encoding;
    let counted = tokio::task::spawn_blocking(move || {
        let most = canonical.output_limit();
        let choices = canonical.n.get().copied().unwrap_or(1).max(1);
        (count::tokens(&canonical, encoding), most, u64::from(choices))
    });
    match counted.await {
        Ok((input, most, choices)) => {
            let most = most.or(deployment.window.max_output_tokens);
            estimate(pricing, input.input_tokens, most.map(|most| most.saturating_mul(choices)), now)
        }
        Err(_) => Value::Null,
    }
}

/// What the request would cost: its prompt, and all of its answers as long as they may be.
fn estimate(pricing: &Pricing, input: u64, most: Option<u64>, now: UnixMs) -> Value {
    let bill = |output: u64| {
        let usage = Usage::new(input, output);
        let seen = llm_provider_core::Seen { usage: Some(usage), ..llm_provider_core::Seen::default() };
        pricing.bill(&seen, 0, now).map(|bill| bill.cost.total)
    };
    json!({
        "input_tokens": input,
        "max_output_tokens": most,
        "usd_at_least": bill(0).map(|usd| usd.to_string()),
        "usd_at_most": most.and_then(bill).map(|usd| usd.to_string()),
    })
}

/// A request as it may be shown: what is secret is not in it.
fn shown(request: &HttpRequest<Bytes>) -> Value {
    let headers: Vec<Value> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let text = if is_secret(name.as_str(), value) { MASK } else { value.to_str().unwrap_or("?") };
            json!([name.as_str(), text])
        })
        .collect();
    let body: Value = serde_json::from_slice(request.body())
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(request.body()).into_owned()));
    json!({
        "method": request.method().as_str(),
        "url": crate::config::shown(&request.uri().to_string()),
        "headers": headers,
        "body": body,
    })
}

fn is_secret(name: &str, value: &http::HeaderValue) -> bool {
    const NAMES: [&str; 6] =
        ["authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token", "cookie"];
    value.is_sensitive() || NAMES.contains(&name)
}

/// Keeps the request that it is given, and answers nothing.
#[derive(Default)]
struct Capture(Mutex<Option<HttpRequest<Bytes>>>);

impl HttpService for Capture {
    fn call(
        &self,
        request: HttpRequest<Bytes>,
        _options: CallOptions,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert(request);
        Box::pin(std::future::ready(Err(TransportError::new(TransportErrorKind::Closed, false))))
    }
}

/// What stands in the place of a secret.
pub(crate) fn masked() -> Secret {
    Secret::new(MASK)
}

/// Credentials of the same kind that open nothing.
pub(crate) fn mask(credential: &Credential) -> Credential {
    match credential {
        Credential::Key(_) => Credential::Key(masked()),
        Credential::Token(_) => Credential::Token(masked()),
        Credential::Aws(_) => Credential::Aws(AwsKeys {
            access_key_id: MASK.to_owned(),
            secret_access_key: masked(),
            session_token: None,
        }),
    }
}
