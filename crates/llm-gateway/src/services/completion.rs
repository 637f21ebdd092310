//! A chat request from its body to its answer: peek, choose a deployment, ask it, hand the answer on.

mod account;
mod allow;
mod attempt;
mod book;
mod cache_points;
mod continuation;
mod demanded;
mod door;
mod edits;
mod embedder;
mod journey;
mod known;
mod mend;
mod mirror;
mod own_key;
mod pump;
mod rehearsal;
mod telling;
mod ties;
mod way;
mod whole;
mod wishes;

use std::borrow::Cow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use llm_continuation::Thread;
use llm_provider_core::{Dialect, Incoming, Ingress, OnUnsupported, Peek, Provider, Reply, header_text};
use llm_router::{Affinity, Class, Entry, Exhausted, Inquiry, Session, drive};
use llm_types::{ApiError, ErrorKind, Layer, Nullable, UnixMs};

pub(crate) use allow::outlook;
pub(crate) use attempt::attempt;
pub(crate) use attempt::{Asked, Begun};
pub(crate) use book::{Book, Desk};
pub(crate) use continuation::{Broken, Context, Continuing, Resumed, go_on};
pub use door::Door;
pub(crate) use embedder::Embedder;
pub(crate) use journey::Journey;
pub(crate) use known::{Known, enter};
#[cfg(test)]
pub(crate) use pump::RelayPump;
pub(crate) use pump::{CONTRADICTION, Fed, Pump};
use rehearsal::Rehearsal;
use telling::printable;
pub(crate) use telling::{note_json, tell_legs, tell_notes, tell_vendor_headers};
pub(crate) use ties::Ties;
pub(crate) use way::hide_key;
use way::{Answered, Way};
pub(crate) use wishes::wishes;

use crate::answer::{AnswerBody, GoingOn};
use crate::app::App;
use crate::auth::{Errand, Principal};
use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::headers::{self, Values};
use crate::limits::HeldBody;
use crate::quotas::told;
use crate::serving::Serving;
use crate::stage::Stage;

/// What a client asks.
#[derive(Debug)]
pub struct Ask {
    /// In which dialect.
    pub dialect: Dialect,
    /// For what.
    pub door: Door,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Whether to stream, where the path says so.
    pub stream: Option<bool>,
    /// The client's headers.
    pub headers: HeaderMap,
    /// Whether some of them are for the gateway.
    pub speaks: bool,
    /// The client's body.
    pub body: HeldBody,
}

impl Ask {
    /// One of the headers that speak to the gateway. Most requests have none of them.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        if self.speaks { header_text(&self.headers, name) } else { None }
    }
}

/// A request that has been looked at and not yet parsed.
pub(crate) struct Request<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) ingress: &'static dyn Ingress,
    pub(crate) peek: Peek<'a>,
    pub(crate) model: Cow<'a, str>,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) unsupported: OnUnsupported,
    pub(crate) reply: Reply,
    /// Who goes first where requests wait: lower is sooner.
    pub(crate) priority: u8,
    /// The time limit that the request sets itself.
    pub(crate) own_timeout: Option<Duration>,
    /// When the request began.
    pub(crate) started: UnixMs,
    /// The canonical form, parsed when a stage first asks for it. Boxed, as most requests do without.
    pub(crate) canonical: std::sync::OnceLock<Box<Incoming>>,
    /// Whether it is a copy of another, whose answer nobody waits for.
    pub(crate) is_copy: bool,
    /// Whether others may go on with its answer; known once its group is.
    pub(crate) continuing: std::sync::OnceLock<Continuing<'static>>,
    /// An answer that has broken off, which this request goes on with.
    pub(crate) after: Option<&'a Thread>,
}

impl<'a> Request<'a> {
    /// Whether others may go on with its answer, or do.
    pub(crate) fn continuing(&self) -> Continuing<'a> {
        match self.after {
            Some(thread) => Continuing::After(thread),
            None => self.continuing.get().copied().unwrap_or_default(),
        }
    }
}

impl Request<'_> {
    /// The same request with another body.
    fn changed<'b>(&'b self, ask: &'b Ask, peek: Peek<'b>) -> Request<'b> {
        Request {
            ask,
            ingress: self.ingress,
            peek,
            model: self.model.clone().into_owned().into(),
            stream: self.stream,
            include_usage: self.include_usage,
            unsupported: self.unsupported,
            reply: self.reply.clone(),
            priority: self.priority,
            own_timeout: self.own_timeout,
            started: self.started,
            canonical: std::sync::OnceLock::new(),
            is_copy: self.is_copy,
            continuing: self.continuing.clone(),
            after: self.after,
        }
    }

    /// What an answer of this vendor is told by. Usage gets whoever asked for it, and whoever speaks the dialect of a vendor
    /// that tells it unasked.
    pub(crate) fn reply_by(&self, provider: &dyn Provider) -> Reply {
        let own = provider.relay(self.ask.dialect).filter(|_| self.ask.dialect == Dialect::OpenAiChat);
        let unasked = own.is_some_and(|relay| !relay.takes_include_usage());
        Reply { include_usage: self.include_usage || unasked, ..self.reply.clone() }
    }

    /// The canonical form; parsed at most once.
    pub(crate) fn canonical(&self) -> Result<&Incoming, ApiError> {
        if self.canonical.get().is_none() {
            let mut incoming = self.ingress.read(&self.ask.body.bytes)?;
            if self.ask.model.is_some() {
                incoming.request.model = self.model.clone().into_owned();
            }
            if let Some(stream) = self.ask.stream {
                incoming.request.stream = Nullable::Value(stream);
            }
            let _first = self.canonical.set(Box::new(incoming));
        }
        self.canonical.get().map(Box::as_ref).ok_or_else(|| {
            ApiError::new(ErrorKind::Internal, Layer::Gateway, "the canonical form was not kept")
        })
    }
}

/// Answers a request.
///
/// # Errors
/// What the client is told instead of an answer. The exchange goes on to the caller, who ends it.
pub async fn run(
    app: &Arc<App>,
    serving: &Arc<Serving>,
    ask: Ask,
    exchange: &mut Option<Exchange>,
) -> Result<Response<AnswerBody>, ApiError> {
    let Some(open) = exchange.as_mut() else {
        return Err(ApiError::new(ErrorKind::Internal, Layer::Gateway, "the exchange has ended already"));
    };
    let request = look(serving, &ask, open)?;
    open.enter(Stage::GuardrailsIn);
    open.enter(Stage::Cache);
    open.enter(Stage::Router);
    let refused = match route(app, serving, &request, exchange, None).await {
        Err(error) if told::is_of_a_models_budget(&error) => error,
        answered => return answered,
    };
    // A model whose own budget is spent: others may have been named for that.
    let unasked = exchange.as_mut().filter(|open| open.record().legs.is_empty());
    let Some(open) = unasked else { return Err(refused) };
    let others = open.allowance().map(|allowance| allowance.budget_fallbacks().to_vec()).unwrap_or_default();
    for other in others {
        let Some(open) = exchange.as_mut().filter(|open| open.record().legs.is_empty()) else { break };
        open.withdraw();
        // Boxed, so that the way of most requests stays small in memory.
        match Box::pin(route(app, serving, &request, exchange, Some(&other))).await {
            Ok(answer) => return Ok(answer),
            // Once somebody has been asked, theirs is the word.
            Err(error) if exchange.as_ref().is_none_or(|open| !open.record().legs.is_empty()) => {
                return Err(error);
            }
            Err(_) => {}
        }
    }
    Err(refused)
}

/// Looks at a request: what the gateway itself has to know of it, and the record.
pub(crate) fn look<'a>(
    serving: &Serving,
    ask: &'a Ask,
    exchange: &mut Exchange,
) -> Result<Request<'a>, ApiError> {
    let ingress = serving.ingress(ask.dialect);
    let peek = Peek::new(&ask.body.bytes)?;
    let model: Cow<'_, str> = match &ask.model {
        Some(model) => model.as_str().into(),
        None => peek.model()?,
    };
    let named = model.clone();
    let access = exchange.record().principal.as_ref().and_then(Principal::access);
    let model = match serving.admit(model, access) {
        Err(refused) => elsewhere(serving, &named, exchange).ok_or(refused)?,
        Ok(model) => model,
    };
    let stream = match (ask.door, ask.stream) {
        (Door::Chat, Some(stream)) => stream,
        (Door::Chat, None) => ingress.wants_stream(&peek)?,
        _ => false,
    };
    let include_usage = ask.dialect == Dialect::OpenAiChat && stream && wants_usage(&peek)?;
    let reply = Reply {
        request_id: exchange.id().to_owned(),
        model: named.clone().into_owned(),
        created_s: exchange.record().started.seconds(),
        include_usage,
    };
    demanded::check(&peek, exchange.record().principal.as_ref())?;
    if exchange.is_booked() {
        exchange.record_mut().account = account::account(ask, &peek, exchange.record().principal.as_ref())?;
    }
    let record = exchange.record();
    let own_prices = serving.prices_of(record.principal.as_ref(), record.started);
    exchange.set_own_prices(own_prices);
    let record = exchange.record_mut();
    record.dialect = Some(ask.dialect);
    record.stream = stream;
    record.model = Some(Arc::from(&*named));
    record.request_bytes = ask.body.bytes.len() as u64;
    let default_priority = serving.config.settings.router.default_priority;
    Ok(Request {
        unsupported: on_loss(ask, serving.on_loss)?,
        priority: wishes::priority(&peek, ask, default_priority)?,
        own_timeout: wishes::timeout(&peek, ask, stream)?,
        started: exchange.record().started,
        ask,
        ingress,
        peek,
        model,
        stream,
        include_usage,
        reply,
        canonical: std::sync::OnceLock::new(),
        is_copy: exchange.record().mirror_of.is_some(),
        continuing: std::sync::OnceLock::new(),
        after: None,
    })
}

/// The model for another team of whoever asks, that may call it: the request is that team's then. Who names no team of the
/// token's means whichever may.
fn elsewhere<'a>(serving: &Serving, named: &Cow<'a, str>, exchange: &mut Exchange) -> Option<Cow<'a, str>> {
    let record = exchange.record();
    let (route, client, now) = (record.route, record.client, record.started);
    // The rules of routes are held against the route itself: what they name more exactly is not looked at here.
    let errand = Errand { method: "POST", template: route, path: route, client, now };
    let others = record.principal.as_ref().map(Principal::others).unwrap_or_default();
    let (model, other) = others.iter().find_map(|other| {
        let principal = Principal::Key(other.clone());
        errand.check(&principal).ok()?;
        Some((serving.admit(named.clone(), Some(&other.access)).ok()?, principal))
    })?;
    exchange.record_mut().principal = Some(other);
    Some(model)
}

/// What stands for a rule where the budget of the model that was asked for is spent.
const BY_BUDGET: &str = "budget_fallbacks";

/// Asks deployments in the router's order until one answers. `instead` is the group that is asked in the place of the
/// one whose budget is spent.
async fn route(
    app: &Arc<App>,
    serving: &Arc<Serving>,
    request: &Request<'_>,
    exchange: &mut Option<Exchange>,
    instead: Option<&str>,
) -> Result<Response<AnswerBody>, ApiError> {
    let Some(open) = exchange else {
        return Err(ApiError::new(ErrorKind::Internal, Layer::Gateway, "the exchange has ended already"));
    };
    let known = Known::find(request, open.record(), serving.needs())?;
    open.record_mut().budgets = serving.prepare.budgets.of_tags(known.labels(), request.started)?;
    let (tags, regions) = (known.tags(), known.regions());
    let mut inquiry = known.inquiry(request, &tags, &regions);
    let embedder = Embedder::new(app, serving, open.record().principal.clone());
    let (entry, class) = match instead {
        None => enter(serving, request, &mut inquiry, &embedder).await?,
        Some(group) => (Entry::by(BY_BUDGET, group), None),
    };
    let principal = open.record().principal.clone();
    let group = serving.resolve_for(entry.group, principal.as_ref().and_then(Principal::access))?;
    if let Some(quotas) = app.quotas() {
        allow::allow(app, serving, quotas, request, (&group, instead), open).await?;
    }
    let now = app.runtime.now();
    let ties = Ties::find(&serving.prepare.states, &group, request, &known, now)?;
    let pins = ties.pins();
    let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..inquiry };
    if let Some(Class::Unknown(why)) = class {
        tracing::warn!(model = &*request.model, group = &*group.name, why, "the default model serves");
    }
    open.record_mut().rule = entry.rule.map(str::to_owned);
    open.record_mut().variant = entry.variant.map(|(split, variant)| format!("{split}={variant}"));
    open.record_mut().quality = entry.quality.map(str::to_owned);
    let _set_once = request.continuing.set(continuation::continuing(request, &group)?);
    let mut session = Box::new(Session::new(wishes(request, &group)?));
    let mut rng = app.runtime.entropy();
    group.live.requested();
    let asked_of = group.name.clone();
    let Some(open) = exchange.take() else {
        return Err(ApiError::new(ErrorKind::Internal, Layer::Gateway, "the exchange has ended already"));
    };
    let desk = Desk::new(open);
    let rehearsal = if request.is_copy { None } else { Rehearsal::of(&request.peek)? };
    let tokens = (inquiry.input_tokens, inquiry.output_tokens);
    let way = Way {
        app,
        serving,
        group: &group,
        request,
        desk: &desk,
        tokens,
        rehearsal,
        principal: principal.as_ref(),
        others: Mutex::default(),
    };
    let driven = drive(&way, &mut session, &inquiry, &mut rng).await;
    // Where the answer came from, if it is another group's.
    let answering = session.group().filter(|name| **name != group.name);
    let answering = answering.map_or_else(|| Ok(group.clone()), |name| way.group(Some(name)));
    let turns = way.turns(&session);
    drop((way, pins));
    app.metrics.went_on(&turns, driven.is_ok());
    let mut open = desk.close();
    let record = open.record_mut();
    record.fallbacks = session.fallbacks() + u32::from(instead.is_some());
    record.retries = session.retries();
    match (driven, answering) {
        (Ok(won), Ok(group)) => {
            let Answered { asked, deployment, place, changes } = won.answer;
            if group.name == asked_of {
                ties.served_by(&deployment.id, now);
            }
            let context = match request.continuing() {
                Continuing::Possible { .. } => Context::new(app, serving, request.ask, changes),
                _ => None,
            };
            let journey = Journey::new(app.clone(), session, group, deployment.clone(), place, ties);
            let response = answer(app, serving, &deployment, request, asked, journey, open, context);
            if !request.stream
                && let Some(ledger) = app.finaliser.ledger()
            {
                let _told_in_the_log = ledger.is_kept(app.is_busy()).await;
            }
            Ok(response)
        }
        (Err(lost), _) => {
            open.record_mut().routing = Some(session);
            *exchange = Some(open);
            Err(lost.error.unwrap_or_else(|| exhausted(&lost.exhausted, app.runtime.now())))
        }
        (_, Err(error)) => {
            *exchange = Some(open);
            Err(error)
        }
    }
}

/// What the client is told when nobody could be asked.
fn exhausted(exhausted: &Exhausted, now: UnixMs) -> ApiError {
    let mut error = ApiError::new(exhausted.kind(), Layer::Router, exhausted.to_string())
        .with_code("no_deployment_available");
    error.retry_after_ms = exhausted.retry_at.map(|at| at.since(now));
    error
}

/// The answer's head, and a body that ends the exchange.
#[expect(clippy::too_many_arguments, reason = "what one answer consists of, put together once")]
fn answer(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    mut asked: Asked,
    mut journey: Journey,
    mut exchange: Exchange,
    context: Option<Box<Context>>,
) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    exchange.enter(Stage::GuardrailsOut);
    let map = response.headers_mut();
    let (content_type, vendor_headers) = match &asked {
        Asked::Whole { headers, .. } => ("application/json", headers),
        Asked::Stream(begun) => (request.ingress.stream_content_type(), &begun.headers),
    };
    map.clone_from(&deployment.head);
    map.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if matches!(asked, Asked::Stream(_)) {
        map.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        map.insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    tell_vendor_headers(vendor_headers, map);
    if let Asked::Whole { seen, reading, .. } = &mut asked {
        exchange.hear(std::mem::take(&mut **seen), reading.take());
        exchange.price();
        exchange.settle_answer();
    }
    let mut values = Values::new();
    tell_legs(&exchange, &mut values, map);
    exchange.tell_limits(&mut values, map);
    if let Some(bill) = &exchange.record().bill {
        map.insert(headers::RESPONSE_COST, values.shown(bill.cost.total));
    }
    if exchange.is_booked() && matches!(asked, Asked::Whole { .. }) && exchange.record().bill.is_none() {
        map.insert(headers::UNPRICED, HeaderValue::from_static("true"));
    }
    tell_notes(&exchange.record().notes, &request.ask.headers, map);
    if let Some(variant) = &exchange.record().variant {
        map.insert(headers::VARIANT, printable(variant));
    }
    if let Some(tier) = &exchange.record().quality {
        map.insert(headers::QUALITY_TIER, printable(tier));
    }
    exchange.record_mut().status = Some(200);
    *response.body_mut() = match asked {
        Asked::Whole { body, .. } => {
            journey.succeeded(&mut exchange);
            AnswerBody::whole(body, exchange)
        }
        Asked::Stream(begun) => {
            let reply = request.reply.clone();
            let going_on = match (request.continuing(), context) {
                (Continuing::Refused(why), _) => GoingOn::Refused(why),
                (_, Some(context)) => GoingOn::Ready(context),
                _ => GoingOn::No,
            };
            let books = (journey, exchange);
            AnswerBody::stream(app.clone(), serving, *begun, request.ingress, reply, books, going_on)
        }
    };
    response
}

fn wants_usage(peek: &Peek<'_>) -> Result<bool, ApiError> {
    #[derive(serde::Deserialize)]
    struct Options {
        include_usage: Option<bool>,
    }
    let options: Option<Options> = peek.get("stream_options")?;
    Ok(options.and_then(|options| options.include_usage).unwrap_or(false))
}

/// What to do with what cannot be carried: the client's word, else the configuration's.
fn on_loss(ask: &Ask, configured: OnUnsupported) -> Result<OnUnsupported, ApiError> {
    match ask.header(&headers::ON_LOSS) {
        None => Ok(configured),
        Some("report") => Ok(OnUnsupported::Drop),
        Some("reject") => Ok(OnUnsupported::Reject),
        Some(other) => {
            let message = format!("{}: {other:?} is neither `report` nor `reject`", headers::ON_LOSS);
            Err(ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message))
        }
    }
}

/// A payload as the bytes that the transport sends.
pub(crate) fn payload_bytes(payload: llm_provider_core::Payload) -> Result<Bytes, ApiError> {
    match payload {
        llm_provider_core::Payload::Bytes(bytes) => Ok(bytes),
        llm_provider_core::Payload::Segments(_) => {
            Err(ApiError::new(ErrorKind::Internal, Layer::Gateway, "uploads are not part of a chat request"))
        }
    }
}
