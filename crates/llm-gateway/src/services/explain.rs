//! A dry run: which deployments a request would be sent to, why, and what exactly would be sent. Nobody is asked.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request as HttpRequest, Response};
use llm_provider_core::{AwsKeys, Credential, Secret};
use llm_router::{Affinity, Inquiry, Outcome, Reason, Session, Step};
use llm_transport::{Body, BoxFuture, CallOptions, HttpService, TransportError, TransportErrorKind};
use llm_types::{ApiError, ErrorKind, UnixMs, Usage};
use serde_json::{Value, json};

use super::completion::{self, Ask, Book, Desk, Known, Ties};
use super::count;
use crate::app::App;
use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::serving::{Group, Serving};

/// Steps of a journey that are looked at, at most.
const STEPS: usize = 64;

/// What stands where a secret is sent.
const MASK: &str = "***";

/// Says what would become of a request.
///
/// # Errors
/// What the client would be told before a deployment is chosen.
pub async fn explain(
    app: &Arc<App>,
    serving: &Arc<Serving>,
    ask: &Ask,
    mut exchange: Exchange,
) -> Result<Value, ApiError> {
    let request = completion::look(serving, ask, &mut exchange)?;
    let plan = &serving.config.plan;
    let known = Known::find(&request, exchange.record(), serving.needs())?;
    serving.prepare.budgets.of_tags(known.labels(), request.started)?;
    let (tags, regions) = (known.tags(), known.regions());
    let mut inquiry = known.inquiry(&request, &tags, &regions);
    let entry = completion::enter(plan.entrance(), &request, &mut inquiry)?;
    let group = serving.resolve(entry.group)?;
    let ties = Ties::find(&serving.prepare.states, &group, &request, &known, request.started)?;
    let pins = ties.pins();
    let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..inquiry };
    let principal = exchange.record().principal.as_ref().map(|principal| principal.label().to_owned());
    let route = exchange.record().route;
    let (journey, order, first) = foresee(app, serving, &group, &request, &inquiry)?;
    let desk = Desk::new(exchange);
    let mut upstream = Value::Null;
    let mut notes = Value::Null;
    let mut cost = Value::Null;
    if let Some(deployment) = first {
        let capture = Arc::new(Capture::default());
        let stand_in = Arc::new(deployment.stand_in(capture.clone()));
        let mut book = Book::open(&desk, Reason::First);
        let tried = completion::attempt(app, serving, &stand_in, &request, &mut book).await;
        let list: Vec<Value> = book.notes().iter().map(completion::note_json).collect();
        book.end(Err(ErrorKind::ClientClosed));
        notes = Value::Array(list);
        let sent = capture.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        upstream = match (sent, tried) {
            (Some(sent), _) => shown(&sent),
            (None, Err(error)) => json!({"error": error.message, "kind": error.kind}),
            (None, Ok(_)) => Value::Null,
        };
        if let Ok(incoming) = request.canonical() {
            let canonical = incoming.request.clone();
            let encoding = deployment.encoding;
            let counted = tokio::task::spawn_blocking(move || {
                let most = canonical.output_limit();
                (count::tokens(&canonical, encoding), most)
            });
            if let Ok((input, most)) = counted.await {
                cost = estimate(&deployment, input.input_tokens, most, app.runtime.now());
            }
        }
    }
    Ok(json!({
        "model": &*request.model,
        "route": route,
        "dialect": ask.dialect.label(),
        "stream": request.stream,
        "key": principal,
        "group": &*group.name,
        "rule": entry.rule,
        "variant": entry.variant,
        "inquiry": inquiry,
        "config_version": serving.version,
        "decisions": journey.decisions(),
        "order": order,
        "upstream": upstream,
        "notes": notes,
        "estimated_cost": cost,
    }))
}

/// The way that a request would go if every deployment failed, one after the other.
#[expect(clippy::type_complexity, reason = "three results of one look ahead, taken apart at once")]
fn foresee(
    app: &Arc<App>,
    serving: &Arc<Serving>,
    group: &Arc<Group>,
    request: &completion::Request<'_>,
    inquiry: &Inquiry<'_>,
) -> Result<(Session, Vec<Value>, Option<Arc<Deployment>>), ApiError> {
    let mut session = Session::new(completion::wishes(request, group)?);
    let mut rng = app.runtime.entropy();
    let mut now = app.runtime.now();
    let mut at = group.clone();
    let mut order = Vec::new();
    let mut first = None;
    for _ in 0..STEPS {
        match at.look(now, |view| session.next(view, inquiry, now, &mut rng)) {
            Step::Send { deployment, .. } => {
                let found = at.deployments.iter().find(|own| own.id == deployment);
                if let Some(found) = found {
                    order.push(json!({
                        "deployment": deployment.as_str(),
                        "group": &*at.name,
                        "provider": &*found.provider_name,
                        "model": &*found.model,
                        "after_ms": now.since(app.runtime.now()),
                    }));
                    first.get_or_insert_with(|| found.clone());
                }
                let kind = ErrorKind::Internal;
                session.observe(&Outcome::Failed { deployment, kind, retry_after_ms: None }, now);
            }
            Step::Wait { until } => now = until,
            Step::Turn { group, .. } => match serving.resolve(&group) {
                Ok(next) => at = next,
                Err(_) => session.pass_over(now),
            },
            Step::Hedge(_) => {}
            _ => break,
        }
    }
    Ok((session, order, first))
}

/// What the request would cost: its prompt, and an answer as long as it may be.
fn estimate(deployment: &Deployment, input: u64, most: Option<u64>, now: UnixMs) -> Value {
    let bill = |output: u64| {
        let usage = Usage::new(input, output);
        let seen = llm_provider_core::Seen { usage: Some(usage), ..llm_provider_core::Seen::default() };
        deployment.pricing.bill(&seen, 0, now).map(|bill| bill.cost.total)
    };
    let most = most.or(deployment.window.max_output_tokens);
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
        "url": crate::deployment::shown(&request.uri().to_string()),
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
