//! Streams that broke off: whether somebody else may go on with them, and who does.

use std::sync::{Arc, Mutex};

use llm_continuation::{Obstacle, Thread};
use llm_provider_core::Dialect;
use llm_router::{Affinity, Inquiry, Session, resume};
use llm_types::{ApiError, ErrorKind, Layer};
use serde_json::{Map, Value};

use super::attempt::{Asked, Begun};
use super::book::Desk;
use super::way::{Answered, Way};
use super::{Ask, Door, Embedder, Journey, Known, Request, Ties, enter, look};
use crate::app::App;
use crate::exchange::Exchange;
use crate::headers;
use crate::limits::HeldBody;
use crate::serving::{Group, Serving};

/// The member of a body that says whether its answer may be gone on with: the configuration's name for it.
pub(super) const MEMBER: &str = "enable_mid_stream_fallback_continuation";

/// Whether others may go on with the answer to a request, or do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Continuing<'a> {
    /// That is not wanted.
    #[default]
    No,
    /// It is wanted, and this stands against it.
    Refused(&'static str),
    /// They may. `relays` if a vendor of the client's dialect is better handed the bytes, and then they may not.
    Possible { relays: bool },
    /// They do, after this.
    After(&'a Thread),
}

impl Continuing<'_> {
    /// Whether bytes may pass through: what others go on with has to be read.
    pub(super) const fn may_be_relayed(self) -> bool {
        matches!(self, Self::No | Self::Refused(_) | Self::Possible { relays: true })
    }
}

/// Whether others may go on with this request's answer.
///
/// # Errors
/// A header or a member that is neither true nor false.
pub(super) fn continuing(request: &Request<'_>, group: &Group) -> Result<Continuing<'static>, ApiError> {
    if !request.stream || request.is_copy || !matches!(request.ask.door, Door::Chat) {
        return Ok(Continuing::No);
    }
    let own = match request.ask.header(&headers::CONTINUE_STREAM) {
        None => request.peek.get::<bool>(MEMBER)?,
        Some(text) => Some(text.parse().map_err(|_| {
            let message = format!("{}: {text:?} is neither `true` nor `false`", headers::CONTINUE_STREAM);
            ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
        })?),
    };
    if !own.unwrap_or(group.policy.resilience.continue_streams) {
        return Ok(Continuing::No);
    }
    // What cannot be read here a vendor of the same dialect may be able to read.
    let Ok(incoming) = request.canonical() else { return Ok(Continuing::Refused("unread")) };
    if let Some(obstacle) = Obstacle::of_request(&incoming.request) {
        return Ok(Continuing::Refused(obstacle.label()));
    }
    // Responses are kept at the vendor unless the client says otherwise, under the vendor's own name for them.
    let is_kept =
        request.ask.dialect == Dialect::OpenAiResponses && request.peek.get::<bool>("store")? != Some(false);
    let is_lossy = incoming.notes.iter().any(|note| note.kind.is_lossy());
    Ok(Continuing::Possible { relays: is_kept || is_lossy })
}

/// What is needed to go on with an answer.
#[derive(Debug)]
pub(crate) struct Context {
    pub(super) serving: Arc<Serving>,
    pub(super) ask: Ask,
    /// Members that replace the request's in the group where it stands.
    pub(super) changes: Option<Arc<Map<String, Value>>>,
}

impl Context {
    /// The request is kept as long as its answer goes on.
    pub(super) fn new(
        app: &App,
        serving: &Arc<Serving>,
        ask: &Ask,
        changes: Option<Arc<Map<String, Value>>>,
    ) -> Option<Box<Self>> {
        let bytes = ask.body.bytes.clone();
        let held = app.held_bytes.try_add(bytes.len() as u64, u64::MAX)?;
        let ask = Ask {
            dialect: ask.dialect,
            door: ask.door,
            model: ask.model.clone(),
            stream: ask.stream,
            headers: ask.headers.clone(),
            speaks: ask.speaks,
            body: HeldBody { bytes, held },
        };
        Some(Box::new(Self { serving: serving.clone(), ask, changes }))
    }
}

/// An answer that has broken off.
pub(crate) struct Broken {
    pub(crate) context: Box<Context>,
    pub(crate) session: Box<Session>,
    /// Where the request stands.
    pub(crate) group: Arc<Group>,
    /// What binds it to deployments.
    pub(crate) ties: Ties,
    /// What has been said.
    pub(crate) thread: Thread,
    pub(crate) exchange: Exchange,
}

/// What came of the wish to go on.
pub(crate) struct Resumed {
    pub(crate) exchange: Exchange,
    /// Who goes on, and what is needed if that breaks off as well; `None` if nobody does.
    pub(crate) by: Option<(Box<Begun>, Journey, Box<Context>)>,
}

/// Finds somebody who goes on with an answer.
pub(crate) async fn go_on(app: Arc<App>, broken: Broken) -> Resumed {
    let Broken { mut context, session, group, ties, thread, exchange } = broken;
    let desk = Desk::resume(exchange);
    let by = ask_on(&app, &context, session, &group, &ties, &thread, &desk).await;
    let mut exchange = desk.close();
    match by {
        Ok((begun, journey, changes)) => {
            exchange.record_mut().continuations += 1;
            context.changes = changes;
            Resumed { exchange, by: Some((begun, journey, context)) }
        }
        Err(session) => {
            exchange.record_mut().routing = session;
            Resumed { exchange, by: None }
        }
    }
}

/// Who goes on, and what replaces members of the request there.
type Found = (Box<Begun>, Journey, Option<Arc<Map<String, Value>>>);

/// Takes the session's further steps; gives the session back if nobody goes on.
async fn ask_on(
    app: &Arc<App>,
    context: &Context,
    mut session: Box<Session>,
    group: &Arc<Group>,
    ties: &Ties,
    thread: &Thread,
    desk: &Desk,
) -> Result<Found, Option<Box<Session>>> {
    let serving = &context.serving;
    // All of this went well once.
    let Ok(mut request) = desk.with(|exchange| look(serving, &context.ask, exchange)) else {
        return Err(Some(session));
    };
    request.after = Some(thread);
    let Ok(known) = desk.with(|exchange| Known::find(&request, exchange.record(), serving.needs())) else {
        return Err(Some(session));
    };
    let (tags, regions) = (known.tags(), known.regions());
    let mut inquiry = known.inquiry(&request, &tags, &regions);
    let principal = desk.with(|exchange| exchange.record().principal.clone());
    let embedder = Embedder::new(app, serving, principal.clone());
    if enter(serving, &request, &mut inquiry, &embedder).await.is_err() {
        return Err(Some(session));
    }
    let pins = ties.pins();
    let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..inquiry };
    let tokens = (inquiry.input_tokens, inquiry.output_tokens);
    let (rehearsal, others, principal) = (None, Mutex::default(), principal.as_ref());
    let way = Way { app, serving, group, request: &request, desk, tokens, rehearsal, principal, others };
    let mut rng = app.runtime.entropy();
    let driven = resume(&way, &mut session, &inquiry, &mut rng, context.changes.clone()).await;
    desk.with(|exchange| {
        let record = exchange.record_mut();
        record.fallbacks = session.fallbacks();
        record.retries = session.retries();
    });
    let standing = way.group(session.group().filter(|name| **name != group.name));
    let (Ok(won), Ok(standing)) = (driven, standing) else { return Err(Some(session)) };
    let Answered { asked, deployment, place, changes } = won.answer;
    if standing.name == group.name {
        ties.served_by(&deployment.id, app.runtime.now());
    }
    let journey = Journey::new(app.clone(), session, standing, deployment, place, ties.clone());
    match asked {
        Asked::Stream(begun) => Ok((begun, journey, changes)),
        Asked::Whole { .. } => Err(None),
    }
}
