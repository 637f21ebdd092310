//! One attempt at one deployment: passed through as bytes where the dialects agree, translated otherwise.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use llm_continuation::{Plan, Thread};
use llm_pricing::Reading;
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Dialect, Note, NoteKind, Operation, Payload, Peek, Relay, Seen,
    Translator, UpstreamError, header_text,
};
use llm_transport::{Body, CallOptions, CredentialError, FollowUp, inline_or_hand_on};
use llm_types::{
    ApiError, ChatRequest, ChatResponse, ContentPart, ErrorKind, Layer, Message, MessageContent,
};

use super::book::Book;
use super::continuation::Continuing;
use super::edits::{self, RelayPlan};
use super::pump::{Fed, Interpreter, Outlet, Pump, RelayPump, TranslatePump};
use super::whole::Attempt;
use super::{Door, Request, payload_bytes};
use crate::app::App;
use crate::boxed::boxed;
use crate::deployment::Deployment;
use crate::ledger::{Hold, Ledger};
use crate::pricing;
use crate::serving::Serving;

mod beginning;
mod terms;

use beginning::begin_stream;
pub(super) use terms::weigh_losses;
use terms::{call_options, client_unsupported, forwarded_headers};

/// What a deployment answered.
pub(crate) enum Asked {
    /// All of it. `reading` is the vendor's usage, if it has told one that can be true.
    Whole { body: Bytes, headers: HeaderMap, seen: Box<Seen>, reading: Option<Box<Reading>> },
    /// The beginning of a stream, in the client's dialect.
    Stream(Box<Begun>),
}

/// A stream that has begun.
pub(crate) struct Begun {
    /// What came of its first bytes.
    pub(crate) first: Fed,
    /// `None` if it has ended already.
    pub(crate) upstream: Option<Body>,
    pub(crate) pump: Pump,
    pub(crate) headers: HeaderMap,
    /// How it goes on with an answer that has broken off, if it does.
    pub(crate) plan: Option<Box<Plan>>,
}

/// Asks a deployment. Where the vendor refuses a credential that was fetched, another is fetched and it is asked once more.
pub(crate) async fn attempt(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    book: &mut Book<'_>,
) -> Result<Asked, ApiError> {
    let Some(login) = &deployment.login else {
        return attempt_with(app, serving, deployment, request, book, None).await;
    };
    // Boxed, so that the way of most requests stays small in memory.
    Box::pin(async {
        let credential =
            || async { login.credential().await.map_err(|error| no_credential(deployment, &error)) };
        let first = credential().await?;
        let asked = attempt_with(app, serving, deployment, request, book, Some(&first)).await;
        match asked {
            Err(error) if is_refusal(&error) && login.refused(&first) => {
                book.start_over(error.kind);
                let second = credential().await?;
                attempt_with(app, serving, deployment, request, book, Some(&second)).await
            }
            asked => asked,
        }
    })
    .await
}

/// Whether the vendor does not let us in.
fn is_refusal(error: &ApiError) -> bool {
    error.layer == Layer::Provider
        && matches!(error.kind, ErrorKind::Authentication | ErrorKind::PermissionDenied)
}

/// Asks a deployment once.
async fn attempt_with(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    book: &mut Book<'_>,
    fetched: Option<&Arc<Credential>>,
) -> Result<Asked, ApiError> {
    if let Err(why) = &deployment.credential {
        let message = format!("the deployment {} has no key: {why}", deployment.id);
        return Err(
            ApiError::new(ErrorKind::Internal, Layer::Gateway, message).with_code("missing_credential")
        );
    }
    let extra = forwarded_headers(deployment, &request.ask.headers);
    let unsupported = client_unsupported(request)?;
    let mut call = deployment.call(&extra, unsupported, app.runtime.now());
    let forward: Vec<String>;
    if let Some(more) = request.peek.get::<Vec<String>>("allowed_openai_params")? {
        forward = deployment.forward_params.iter().cloned().chain(more).collect();
        call.forward = &forward;
    }
    if let Some(fetched) = fetched {
        call.credential = Some(fetched);
    }
    let options = call_options(deployment, request);
    let operation = request.ask.door.operation(request.stream);
    let cap = book.hold().and_then(Hold::cap);
    if let Some(relay) = deployment.provider.relay(request.ask.dialect)
        && relay.carries(operation)
        && request.continuing().may_be_relayed()
        && let Some(plan) = edits::relay_plan(request, deployment, relay, &call, cap)?
    {
        // A fetched credential stands in the head and does not stay the same.
        let mut parts = match deployment.login {
            None => deployment.heads.get(relay, operation, &call)?,
            Some(_) => relay.head(operation, &call)?,
        };
        relay.sign(&mut parts, &plan.body, &call)?;
        weigh_losses(serving, deployment, request, book, &plan.notes, call.unsupported)?;
        return relayed(app, serving, deployment, request, book, relay, plan, parts, options).await;
    }
    // Boxed, so that the way of most requests stays small in memory.
    match request.ask.door {
        Door::Chat => boxed!(translated(app, serving, deployment, request, book, call, options)).await,
        door => {
            let attempt = Attempt { app, serving, deployment, request, call, options };
            boxed!(attempt.through(door, book)).await
        }
    }
}

/// Whether a request names media by addresses that the vendor does not fetch itself.
fn wants_media(request: &ChatRequest, deployment: &Deployment) -> bool {
    if deployment.stands_in {
        return false;
    }
    let wants = |url: &str| url.starts_with("http") && deployment.provider.wants_fetched(url);
    request.messages.iter().any(|message| match message.content.get() {
        Some(MessageContent::Parts(parts)) => parts.iter().any(|part| match part {
            ContentPart::Text(_) | ContentPart::Refusal(_) => false,
            ContentPart::ImageUrl(image) => wants(image.image_url.url()),
            // Of other parts the fetcher finds the addresses.
            _ => wants("https://"),
        }),
        _ => false,
    })
}

/// An operation that a vendor does not have.
pub(super) fn lacks(deployment: &Deployment, what: &str) -> ApiError {
    let message = format!("{} has no {what}", deployment.provider_name);
    ApiError::new(ErrorKind::Unsupported, Layer::Translation, message)
}

/// A credential that could not be fetched: nothing was sent to the vendor.
fn no_credential(deployment: &Deployment, error: &CredentialError) -> ApiError {
    let message = format!("the deployment {} has {error}", deployment.id);
    ApiError::new(ErrorKind::BadGateway, Layer::Transport, message).with_code("missing_credential")
}

/// Translates the request, and the answer back.
async fn translated(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    book: &mut Book<'_>,
    call: Call<'_>,
    options: CallOptions,
) -> Result<Asked, ApiError> {
    let mut notes = request.canonical()?.notes.clone();
    let canonical = &request.canonical()?.request;
    let mut changed = changed(request, deployment, canonical, &mut notes)?;
    if let Some(cap) = book.hold().and_then(Hold::cap) {
        edits::cap(changed.get_or_insert_with(|| Box::new(canonical.clone())), cap, &mut notes);
    }
    if wants_media(changed.as_deref().unwrap_or(canonical), deployment) {
        let canonical = changed.get_or_insert_with(|| Box::new(canonical.clone()));
        // Boxed, as is the request that it changes, so that the way of most requests stays small in memory.
        notes.extend(Box::pin(fetch_media(app, serving, deployment, canonical, book)).await?);
    }
    let translator = deployment.provider.chat().ok_or_else(|| lacks(deployment, "chat"))?;
    let canonical = changed.as_deref().unwrap_or(canonical);
    let plan = match request.continuing() {
        Continuing::After(thread) => {
            let prefill = deployment.provider.prefill(&deployment.model, deployment.base_url.as_deref());
            Some(Box::new(thread.plan(canonical, prefill)))
        }
        _ => None,
    };
    notes.extend(plan.iter().flat_map(|plan| plan.notes.iter().cloned()));
    let canonical = plan.as_ref().map_or(canonical, |plan| &plan.request);
    let (upstream, notes) = encoded(translator, canonical, &call, notes)?;
    weigh_losses(serving, deployment, request, book, &notes, call.unsupported)?;
    book.note(notes);
    let follow_up = FollowUp::new(&upstream, options);
    let response = send(app, deployment, book, upstream, options, false).await?;
    if request.stream {
        let mut asked = boxed!(translated_stream(
            app, serving, deployment, request, book, translator, response, &follow_up
        ))
        .await?;
        if let Asked::Stream(begun) = &mut asked {
            begun.plan = plan;
        }
        return Ok(asked);
    }
    let (answer, headers) =
        decode_whole(app, deployment, book, translator, response, &follow_up, serving.max_answer_bytes)
            .await?;
    Ok(written_whole(request, answer, headers, book))
}

/// The request as configuration and client want it changed; `None` if they leave it as it is.
fn changed(
    request: &Request<'_>,
    deployment: &Deployment,
    canonical: &ChatRequest,
    notes: &mut Vec<Note>,
) -> Result<Option<Box<ChatRequest>>, ApiError> {
    let edited = edits::edit_canonical(request, deployment, notes)?.map(Box::new);
    let canonical = edited.as_deref().unwrap_or(canonical);
    let right = edits::put_right(request, deployment, canonical, notes)?.map(Box::new);
    Ok(right.or(edited))
}

/// Puts the media that the vendor wants as bytes into the request.
async fn fetch_media(
    app: &App,
    serving: &Serving,
    deployment: &Deployment,
    canonical: &mut ChatRequest,
    book: &mut Book<'_>,
) -> Result<Vec<Note>, ApiError> {
    let wants = |url: &str| deployment.provider.wants_fetched(url);
    // What is fetched is held as the client's body is, until the request ends.
    let most = serving.bounds.max_held_bytes;
    let held = app.held_bytes.try_add(0, u64::MAX).map(Mutex::new);
    let room = |bytes: usize| {
        let held = held.as_ref().map(|held| held.lock().unwrap_or_else(PoisonError::into_inner));
        held.is_some_and(|mut held| held.try_grow(bytes as u64, most))
    };
    let reads = |url: &str| deployment.provider.reads_address(url);
    let fetcher = &serving.prepare.fetcher;
    let notes = inline_or_hand_on(canonical, wants, reads, fetcher, &room).await?;
    if let Some(held) = held {
        book.keep(held.into_inner().unwrap_or_else(PoisonError::into_inner));
    }
    Ok(notes)
}

/// The request in the vendor's words, and the notes with what those have no place for.
fn encoded(
    translator: &dyn Translator<Chat>,
    canonical: &ChatRequest,
    call: &Call<'_>,
    mut notes: Vec<Note>,
) -> Result<(http::Request<Bytes>, Vec<Note>), ApiError> {
    let encoded = translator.encode(canonical, call)?;
    // A mark that was put in and that the vendor has no place for is no loss of the client's.
    let is_put_in = |note: &Note| {
        note.kind == NoteKind::Dropped
            && notes.iter().any(|own| own.kind == NoteKind::Configured && own.path == note.path)
    };
    let lost: Vec<Note> = encoded.notes.into_iter().filter(|note| !is_put_in(note)).collect();
    notes.extend(lost);
    let (parts, payload) = encoded.request.into_parts();
    Ok((http::Request::from_parts(parts, payload_bytes(payload)?), notes))
}

/// The answer in the client's words, and what was heard in it.
fn written_whole(
    request: &Request<'_>,
    mut answer: ChatResponse,
    headers: HeaderMap,
    book: &mut Book<'_>,
) -> Asked {
    let mut seen = Seen { complete: true, usage: answer.usage.get().cloned(), ..Seen::default() };
    seen.model = answer.model.get().cloned();
    seen.finish_reason = answer.choices.first().and_then(|choice| choice.finish_reason.get().cloned());
    seen.content_bytes = answer.choices.iter().map(|choice| written(&choice.message)).sum();
    let told = seen.usage.as_ref();
    let reading = pricing::sound(told);
    if reading.is_none() {
        let asked = request.ask.body.bytes.len() as u64;
        book.note(vec![pricing::estimate_note(told)]);
        answer.usage = pricing::estimated_usage(told, seen.content_bytes, asked).into();
    }
    let outgoing = request.ingress.write(&answer, &request.reply);
    book.note(outgoing.notes);
    Asked::Whole { body: outgoing.body, headers, seen: Box::new(seen), reading }
}

/// Bytes of text that the model wrote.
fn written(message: &Message) -> u64 {
    let text = |text: Option<&str>| text.map_or(0, str::len) as u64;
    let calls = message.tool_calls.as_deref().unwrap_or_default().iter();
    message.content.get().map_or(0, |content| content.text().len() as u64)
        + text(message.reasoning_content.as_deref())
        + calls.map(|call| text(call.function.get().and_then(|f| f.arguments.as_deref()))).sum::<u64>()
}

/// Translates a streamed answer. A vendor that answers whole all the same is told in pieces; one that says where the
/// stream is, is asked there.
#[expect(clippy::too_many_arguments, reason = "the parts of one attempt, used once")]
async fn translated_stream(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Deployment,
    request: &Request<'_>,
    book: &mut Book<'_>,
    translator: &dyn Translator<Chat>,
    mut response: Response<Body>,
    follow_up: &FollowUp,
) -> Result<Asked, ApiError> {
    let asked = request.ask.body.bytes.len() as u64;
    let reply = request.reply_by(&*deployment.provider);
    let pump = || {
        let client = || Outlet::Client(request.ingress.writer(&reply));
        let (outlet, thread) = match request.continuing() {
            Continuing::After(_) => (Outlet::Held(Vec::new()), None),
            Continuing::Possible { .. } => {
                (client(), request.canonical().ok().map(|incoming| Box::new(Thread::new(&incoming.request))))
            }
            Continuing::No | Continuing::Refused(_) => (client(), None),
        };
        TranslatePump::new(translator.decoder(), outlet, asked).with_thread(thread)
    };
    for _ in 0..QUESTIONS {
        if response.status().is_success() && !is_json(&response) {
            let read_error = |response: Response<&[u8]>| decode_error(translator, response);
            return begin_stream(
                serving,
                request.ingress,
                response,
                Pump::Translate(Box::new(pump())),
                read_error,
            )
            .await;
        }
        let body = response.body_mut().read(serving.max_answer_bytes).await?;
        let (parts, _) = response.into_parts();
        if says_error(&body) {
            return Err(decode_error(translator, response_of(&parts, &body)).into());
        }
        match translator.decode(response_of(&parts, &body))? {
            Decoded::Answer(answer) => {
                let mut pump = pump();
                let first = pump.whole(answer);
                let pump = Pump::Translate(Box::new(pump));
                return Ok(Asked::Stream(Box::new(Begun {
                    first,
                    upstream: None,
                    pump,
                    headers: parts.headers,
                    plan: None,
                })));
            }
            Decoded::Again { request, after_ms } => {
                response = ask_again(app, deployment, book, *request, after_ms, follow_up).await?;
            }
        }
    }
    Err(asked_too_often())
}

/// How often a vendor may want to be asked again.
const QUESTIONS: usize = 1000;

fn asked_too_often() -> ApiError {
    let message = format!("the vendor wanted to be asked more than {QUESTIONS} times");
    ApiError::new(ErrorKind::GatewayTimeout, Layer::Provider, message)
}

/// Asks what the vendor wants to be asked, after the time it wants, within the time of the first request.
async fn ask_again(
    app: &Arc<App>,
    deployment: &Deployment,
    book: &mut Book<'_>,
    request: http::Request<Payload>,
    after_ms: u64,
    follow_up: &FollowUp,
) -> Result<Response<Body>, ApiError> {
    let (request, options) = follow_up.ready(request, after_ms).await?;
    let (parts, payload) = request.into_parts();
    let request = http::Request::from_parts(parts, payload_bytes(payload)?);
    send(app, deployment, book, request, options, false).await
}

fn is_json(response: &Response<Body>) -> bool {
    header_text(response.headers(), header::CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("application/json"))
}

/// Passes the request through as bytes.
#[expect(clippy::too_many_arguments, reason = "the parts of one attempt, used once")]
async fn relayed(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    book: &mut Book<'_>,
    relay: &dyn Relay,
    plan: RelayPlan,
    parts: http::request::Parts,
    options: CallOptions,
) -> Result<Asked, ApiError> {
    book.note(plan.notes);
    let upstream = http::Request::from_parts(parts, plan.body);
    let mut response = send(app, deployment, book, upstream, options, true).await?;
    let read_error = |response: Response<&[u8]>| relay.error(response);
    if request.stream {
        if response.status().is_success()
            && is_json(&response)
            && !request.ingress.stream_content_type().starts_with("application/json")
            && let Some(translator) = deployment.provider.chat()
        {
            let follow_up = FollowUp::anonymous(options);
            return boxed!(translated_stream(
                app, serving, deployment, request, book, translator, response, &follow_up
            ))
            .await;
        }
        let pump = RelayPump::new(relay.framing(), relay.listener(), plan.withhold_usage);
        let pump = Pump::Relay(Box::new(pump.with_interpreter(interpreter(deployment, request))));
        return boxed!(begin_stream(serving, request.ingress, response, pump, read_error)).await;
    }
    let body = response.body_mut().read(serving.max_answer_bytes).await?;
    let (parts, _) = response.into_parts();
    if !parts.status.is_success() {
        return Err(read_error(response_of(&parts, &body)).into());
    }
    let mut listener = relay.listener();
    listener.body(&body);
    if let Some(failure) = listener.failure() {
        return Err(failure.into());
    }
    if listener.is_foreign()
        && let Some(translator) = deployment.provider.chat()
        && let Decoded::Answer(answer) = decode(translator, &parts, &body)?
    {
        return Ok(written_whole(request, answer, parts.headers, book));
    }
    let seen = Box::new(listener.take_seen());
    if !seen.complete && says_error(&body) {
        return Err(read_error(response_of(&parts, &body)).into());
    }
    if !seen.complete && matches!(request.ask.door, Door::Chat) {
        return Err(
            UpstreamError::unreadable(parts.status, &body, "it is no answer to a chat request").into()
        );
    }
    // The bytes stay the vendor's; what is billed instead of what they say is told beside them.
    let (told, is_chat) = (seen.usage.as_ref(), matches!(request.ask.door, Door::Chat));
    let reading = if is_chat { pricing::sound(told) } else { None };
    if is_chat && reading.is_none() {
        book.note(vec![pricing::estimate_note(told)]);
    }
    Ok(Asked::Whole { body, headers: parts.headers, seen, reading })
}

/// Who tells the rest of a streamed answer that leaves the dialect in which it was asked for. Answers in OpenAI's do: a
/// vendor that speaks it may serve models whose thinking comes in a form of their maker's.
fn interpreter(deployment: &Deployment, request: &Request<'_>) -> Option<Interpreter> {
    (request.ask.dialect == Dialect::OpenAiChat).then(|| Interpreter {
        provider: Arc::clone(&deployment.provider),
        ingress: request.ingress,
        reply: request.reply_by(&*deployment.provider),
        request_bytes: request.ask.body.bytes.len() as u64,
    })
}

/// Hands a request to the transport.
pub(super) async fn send(
    app: &Arc<App>,
    deployment: &Deployment,
    book: &mut Book<'_>,
    request: http::Request<Bytes>,
    options: CallOptions,
    relayed: bool,
) -> Result<Response<Body>, ApiError> {
    book.begin_leg(deployment, relayed)?;
    if let Some(ledger) = app.finaliser.ledger()
        && !ledger.is_kept(app.is_busy()).await
    {
        return Err(Ledger::does_not_last());
    }
    app.metrics.upstream_bytes.inc_by(request.body().len() as u64);
    let response = deployment.service.call(request, options).await?;
    let now = book.leg_head(response.status().as_u16());
    deployment.learn_allowances(response.headers(), now.unwrap_or_else(|| app.runtime.now()));
    if !response.status().is_success() {
        book.leg_refused(response.headers());
    }
    Ok(response)
}

/// Whether a body has a member `error` at its top.
fn says_error(body: &[u8]) -> bool {
    Peek::new(body).is_ok_and(|peek| peek.has("error"))
}

/// Reads a whole answer, asking again as long as the vendor wants to be asked.
pub(super) async fn decode_whole<O: Operation>(
    app: &Arc<App>,
    deployment: &Deployment,
    book: &mut Book<'_>,
    translator: &dyn Translator<O>,
    mut response: Response<Body>,
    follow_up: &FollowUp,
    max_answer_bytes: usize,
) -> Result<(O::Response, HeaderMap), ApiError> {
    for _ in 0..QUESTIONS {
        let body = response.body_mut().read(max_answer_bytes).await?;
        let (parts, _) = response.into_parts();
        match decode(translator, &parts, &body)? {
            Decoded::Answer(answer) => return Ok((answer, parts.headers)),
            Decoded::Again { request, after_ms } => {
                // Boxed: few vendors want to be asked again.
                let again = ask_again(app, deployment, book, *request, after_ms, follow_up);
                response = Box::pin(again).await?;
            }
        }
    }
    Err(asked_too_often())
}

/// Reads an answer. An error under a status that promises an answer is read as the error that it is.
fn decode<O: Operation>(
    translator: &dyn Translator<O>,
    parts: &http::response::Parts,
    body: &Bytes,
) -> Result<Decoded<O::Response>, UpstreamError> {
    let decoded = translator.decode(response_of(parts, body));
    match decoded {
        Err(error)
            if error.kind == ErrorKind::BadGateway && parts.status.is_success() && says_error(body) =>
        {
            let mut response = response_of(parts, body);
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            translator.decode(response).map_or_else(Err, |_| Err(error))
        }
        decoded => decoded,
    }
}

/// What a vendor's refusal means.
fn decode_error(translator: &dyn Translator<Chat>, response: Response<&[u8]>) -> UpstreamError {
    let (status, body) = (response.status(), *response.body());
    match translator.decode(response) {
        Err(error) => error,
        Ok(_) => UpstreamError::unreadable(status, body, "an error was expected"),
    }
}

fn response_of<'a>(parts: &http::response::Parts, body: &'a Bytes) -> Response<&'a [u8]> {
    let mut response = Response::new(&body[..]);
    *response.status_mut() = parts.status;
    response.headers_mut().clone_from(&parts.headers);
    response
}
