//! What every route that asks a model goes through, in the order of the stages.

mod waited;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body::Body;
use llm_provider_core::{Dialect, Ingress, Reply, header_text};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::Value;

use crate::answer::AnswerBody;
use crate::app::App;
use crate::auth::{Errand, Principal, Recognised};
use crate::boxed::boxed;
use crate::error::{self, overloaded};
use crate::exchange::{Exchange, Finaliser, Presence};
use crate::headers::{self, Values};
use crate::ledger::Name;
use crate::limits::read_body;
use crate::services;
use crate::services::completion::{self, Ask, Door};
use crate::services::explain::Terms;
use crate::serving::{OnDisconnect, Serving};
use crate::stage::Stage;
use waited::Waited;

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client {
    /// The client's address: the socket's, or what a trusted proxy says.
    pub address: Option<IpAddr>,
}

/// A route that asks a model.
#[derive(Debug, Clone)]
pub struct ModelRoute {
    /// The route, as in the route table.
    pub route: &'static str,
    /// What the client speaks.
    pub dialect: Dialect,
    /// What is asked.
    pub door: Door,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether to stream, where the path says so.
    pub stream: Option<bool>,
}

/// Answers a request to a model.
pub fn serve<B>(
    app: Arc<App>,
    route: ModelRoute,
    client: Client,
    request: Request<B>,
) -> impl Future<Output = Response<AnswerBody>>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let serving = app.serving();
    let goes_on = serving.on_disconnect != OnDisconnect::Cancel;
    let ingress = serving.ingress(route.dialect);
    let work = guarded(app.clone(), serving, route, client, request);
    async move {
        if !goes_on {
            return work.await;
        }
        match app.detached(Box::pin(work)).await {
            Ok(response) => response,
            Err(_) => error::response(&defect(), ingress, &Reply::default()).map(AnswerBody::plain),
        }
    }
}

/// Turns a panic into one failed request.
///
/// No async function: those hold what they were given beside what they made of it.
fn guarded<B>(
    app: Arc<App>,
    serving: Arc<Serving>,
    route: ModelRoute,
    client: Client,
    request: Request<B>,
) -> impl Future<Output = Response<AnswerBody>> + Send
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let name = Name::new(&app.runtime, own_name(request.headers()));
    let id = name.id.clone();
    let ingress = serving.ingress(route.dialect);
    let presence = Arc::<Presence>::default();
    // Boxed: a future that is handed on by value is copied at every step.
    let work = boxed!(staged(app.clone(), serving, route, client, (name, presence.clone()), request));
    let work = Waited { app: app.clone(), presence, work: Some(work) };
    async move {
        let mut response = AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
            let created_s = app.runtime.now().seconds();
            let reply = Reply { request_id: id.clone(), created_s, ..Reply::default() };
            error::response(&defect(), ingress, &reply).map(AnswerBody::plain)
        });
        tell_request(&id, response.headers_mut());
        tell_clients(ingress, &id, response.headers_mut());
        response
    }
}

fn defect() -> ApiError {
    ApiError::new(ErrorKind::Internal, Layer::Gateway, "a defect of the gateway; it has been logged")
}

async fn staged<B>(
    app: Arc<App>,
    serving: Arc<Serving>,
    route: ModelRoute,
    client: Client,
    (name, presence): (Name, Arc<Presence>),
    request: Request<B>,
) -> Response<AnswerBody>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let mut exchange = Exchange::begin(&app.finaliser, name, route.route, serving.version);
    exchange.record_mut().client = client.address;
    exchange.waited_for_by(presence);
    let mut exchange = Some(exchange);
    let dialect = route.dialect;
    let explain = request.headers().get(headers::EXPLAIN).cloned();
    let result = stages(&app, &serving, route, request, &mut exchange).await;
    let error = match result {
        Ok(response) => return response,
        Err(error) => error,
    };
    let Some(mut exchange) = exchange else {
        return error::response(&error, serving.ingress(dialect), &Reply::default()).map(AnswerBody::plain);
    };
    let reply = Reply { request_id: exchange.id().to_owned(), ..Reply::default() };
    let mut response = error::response(&error, serving.ingress(dialect), &reply);
    if let Some(leg) = exchange.record().leg()
        && let Ok(deployment) = HeaderValue::from_str(leg.deployment.as_str())
        && let Ok(provider) = HeaderValue::from_str(&leg.provider)
    {
        response.headers_mut().insert(headers::DEPLOYMENT, deployment);
        response.headers_mut().insert(headers::PROVIDER, provider);
        completion::tell_legs(&exchange, &mut Values::new(), response.headers_mut());
        if let Some(refusal) = leg.refusal.as_deref().filter(|_| error.layer == Layer::Provider) {
            completion::tell_vendor_headers(refusal, response.headers_mut());
        }
    }
    let mut asked = HeaderMap::new();
    if let Some(explain) = explain {
        asked.insert(headers::EXPLAIN, explain);
    }
    completion::tell_notes(&exchange.record().notes, &asked, response.headers_mut());
    let record = exchange.record_mut();
    record.status = Some(response.status().as_u16());
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, AnswerBody::error(body, exchange, &error))
}

/// The stages, in order.
async fn stages<B>(
    app: &Arc<App>,
    serving: &Arc<Serving>,
    route: ModelRoute,
    request: Request<B>,
    exchange: &mut Option<Exchange>,
) -> Result<Response<AnswerBody>, ApiError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let (parts, body) = request.into_parts();
    {
        let Some(exchange) = exchange.as_mut() else {
            return Err(ApiError::new(ErrorKind::Internal, Layer::Gateway, "no exchange"));
        };
        let record = exchange.record_mut();
        record.dialect = Some(route.dialect);
        // Google's clients alone put keys into addresses.
        let is_google = matches!(route.dialect, Dialect::Gemini | Dialect::GeminiArray);
        let query = parts.uri.query().filter(|_| is_google);
        let now = record.started;
        let principal = match serving.authenticator.recognise(&parts.headers, query, now)? {
            Recognised::As(principal) => principal,
            // Boxed: hardly any request waits for it.
            Recognised::Unread(unread) => Box::pin(unread.read(now)).await?,
        };
        let client = record.client;
        let principal = record.principal.insert(principal);
        if let Principal::Key(_) = principal {
            let (method, path) = (parts.method.as_str(), parts.uri.path());
            Errand { method, template: route.route, path, client, now }.check(principal)?;
        }
        exchange.enter(Stage::Limits);
        let in_flight = app
            .in_flight
            .try_add(1, serving.max_in_flight)
            .ok_or_else(|| overloaded("too many requests are in flight"))?;
        exchange.hold(in_flight);
    }
    check_content_type(&parts.headers)?;
    let body = read_body(body, &app.held_bytes, serving.bounds).await?;
    let ask = Ask {
        dialect: route.dialect,
        door: route.door,
        model: route.model,
        stream: route.stream,
        speaks: headers::speak(&parts.headers),
        headers: parts.headers,
        body,
    };
    completion::run(app, serving, ask, exchange).await
}

/// Says what would become of somebody's request to a model: the body is the request, as that route takes it.
///
/// # Errors
/// What the client would be told before a deployment is chosen.
pub async fn explain<B>(
    app: &Arc<App>,
    route: ModelRoute,
    request: Request<B>,
    who: Principal,
    terms: Terms,
) -> Result<Value, ApiError>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::fmt::Display,
{
    let serving = app.serving();
    let name = Name::new(&app.runtime, own_name(request.headers()));
    let mut exchange = Exchange::begin(&Finaliser::unheard(&app.runtime), name, route.route, serving.version);
    let (parts, body) = request.into_parts();
    exchange.record_mut().principal = Some(who);
    check_content_type(&parts.headers)?;
    let body = read_body(body, &app.held_bytes, serving.bounds).await?;
    let ModelRoute { dialect, door, model, stream, .. } = route;
    let speaks = headers::speak(&parts.headers);
    let ask = Ask { dialect, door, model, stream, headers: parts.headers, speaks, body };
    services::explain::explain(app, &serving, &ask, exchange, terms).await
}

/// A JSON body, or one of which the client says nothing; not compressed.
fn check_content_type(map: &HeaderMap) -> Result<(), ApiError> {
    let is_plain =
        |coding: &&HeaderValue| coding.is_empty() || coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if let Some(coding) = map.get_all(header::CONTENT_ENCODING).iter().find(|coding| !is_plain(coding)) {
        let coding = coding.to_str().unwrap_or_default();
        let message = format!("the body must come as it is, without `content-encoding: {coding}`");
        return Err(ApiError::new(ErrorKind::UnsupportedMediaType, Layer::Client, message)
            .with_code("unsupported_media_type"));
    }
    let Some(kind) = map.get(header::CONTENT_TYPE).filter(|kind| *kind != "application/json") else {
        return Ok(());
    };
    let text = kind.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let suffix = essence.len().checked_sub("+json".len()).and_then(|at| essence.get(at..));
    if essence.eq_ignore_ascii_case("application/json")
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+json"))
    {
        return Ok(());
    }
    let message = format!("the body must be JSON with `content-type: application/json`, not {text:?}");
    Err(ApiError::new(ErrorKind::UnsupportedMediaType, Layer::Client, message)
        .with_code("unsupported_media_type"))
}

/// The client's own name for the request if it is short and plain, else a new one.
pub(crate) fn request_id(app: &App, map: &HeaderMap) -> String {
    own_name(map).map_or_else(|| new_id(app), ToOwned::to_owned)
}

/// The client's own name for the request, if it is short and plain.
fn own_name(map: &HeaderMap) -> Option<&str> {
    header_text(map, headers::REQUEST_ID)
        .filter(|id| !id.is_empty() && id.len() <= 128)
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)))
}

/// A new name for a request.
fn new_id(app: &App) -> String {
    let mut text = [0; 32];
    app.runtime.request_id(app.runtime.now()).simple().encode_lower(&mut text).to_owned()
}

/// The request's name and our version, on every answer.
pub fn tell_request(id: &str, map: &mut HeaderMap) {
    if let Ok(id) = HeaderValue::from_str(id) {
        map.insert(headers::CALL_ID, id.clone());
        map.insert(headers::REQUEST_ID, id);
    }
    map.insert(headers::VERSION, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
}

/// The request's name where the clients of a dialect look for it.
fn tell_clients(ingress: &dyn Ingress, id: &str, map: &mut HeaderMap) {
    if let Some(name) = ingress.request_id_header()
        && let Ok(id) = HeaderValue::from_str(id)
    {
        map.insert(name, id);
    }
}

/// Answers outside of any exchange: lists, health, wrong paths.
pub fn simple(app: &App, request_headers: &HeaderMap, mut response: Response<Bytes>) -> Response<AnswerBody> {
    tell_request(&request_id(app, request_headers), response.headers_mut());
    response.map(AnswerBody::plain)
}

/// The dialect that a client speaks, as far as path and headers tell.
fn dialect_of(path: &str, headers: &HeaderMap) -> Dialect {
    let begins = |prefix: &str| path.starts_with(prefix);
    if path.contains("/messages") || headers.contains_key("anthropic-version") {
        Dialect::AnthropicMessages
    } else if begins("/v1beta") || headers.contains_key("x-goog-api-key") {
        Dialect::Gemini
    } else if path.ends_with("/model/info") {
        Dialect::OpenAiChat
    } else if begins("/model/") || begins("/bedrock/") {
        Dialect::BedrockConverse
    } else if begins("/v2/") {
        Dialect::CohereChat
    } else if begins("/api/") {
        Dialect::OllamaChat
    } else {
        Dialect::OpenAiChat
    }
}

/// An error outside of any exchange, in the shape that fits the path.
pub fn simple_error(
    app: &App,
    path: &str,
    request_headers: &HeaderMap,
    error: &ApiError,
) -> Response<AnswerBody> {
    let dialect = dialect_of(path, request_headers);
    let id = request_id(app, request_headers);
    let reply = Reply { request_id: id.clone(), ..Reply::default() };
    let serving = app.serving();
    let ingress = serving.ingress(dialect);
    let mut response = error::response(error, ingress, &reply);
    tell_request(&id, response.headers_mut());
    tell_clients(ingress, &id, response.headers_mut());
    response.map(AnswerBody::plain)
}
