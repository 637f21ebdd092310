//! One attempt at one deployment: passed through as bytes where the dialects agree, translated otherwise.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};
use llm_continuation::{Plan, Thread};
use llm_provider_core::{
    Call, Chat, Credential, Decoded, Ingress, Note, NoteKind, OnUnsupported, Operation, Payload, Peek, Relay,
    Seen, Translator, UpstreamError, header_text,
};
use llm_transport::{Body, CallOptions, CredentialError, FollowUp, inline_or_hand_on};
use llm_types::{
    ApiError, ChatRequest, ChatResponse, ContentPart, ErrorKind, Layer, Message, MessageContent, Nullable,
};

use super::book::Book;
use super::continuation::Continuing;
use super::edits::{self, RelayPlan};
use super::pump::{Fed, Outlet, Pump, RelayPump, TranslatePump};
use super::whole::Attempt;
use super::{Door, Request, payload_bytes};
use crate::app::App;
use crate::deployment::Deployment;
use crate::pricing;
use crate::serving::Serving;

/// What a deployment answered.
pub(crate) enum Asked {
    /// All of it.
    Whole { body: Bytes, headers: HeaderMap, seen: Box<Seen> },
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
    if let Some(relay) = deployment.provider.relay(request.ask.dialect)
        && relay.carries(operation)
        && request.continuing().may_be_relayed()
        && let Some(plan) = edits::relay_plan(request, deployment, relay, &call)?
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
        Door::Chat => Box::pin(translated(app, serving, deployment, request, book, call, options)).await,
        door => {
            let attempt = Attempt { app, serving, deployment, request, call, options };
            Box::pin(attempt.through(door, book)).await
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
        let stream =
            translated_stream(app, serving, deployment, request, book, translator, response, &follow_up);
        let mut asked = Box::pin(stream).await?;
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
        book.hold(held.into_inner().unwrap_or_else(PoisonError::into_inner));
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
    let asked = request.ask.body.bytes.len() as u64;
    if let Some(usage) = pricing::estimated_usage(seen.usage.as_ref(), seen.content_bytes, asked) {
        book.note(vec![pricing::estimate_note(seen.usage.as_ref())]);
        answer.usage = Nullable::Value(usage);
    }
    let outgoing = request.ingress.write(&answer, &request.reply);
    book.note(outgoing.notes);
    Asked::Whole { body: outgoing.body, headers, seen: Box::new(seen) }
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
        let (parts, body) = collect(response, serving.max_answer_bytes).await?;
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
    let response = send(app, deployment, book, upstream, options, true).await?;
    let read_error = |response: Response<&[u8]>| relay.error(response);
    if request.stream {
        if response.status().is_success()
            && is_json(&response)
            && !request.ingress.stream_content_type().starts_with("application/json")
            && let Some(translator) = deployment.provider.chat()
        {
            let follow_up = FollowUp::anonymous(options);
            let whole =
                translated_stream(app, serving, deployment, request, book, translator, response, &follow_up);
            return Box::pin(whole).await;
        }
        let pump =
            Pump::Relay(Box::new(RelayPump::new(relay.framing(), relay.listener(), plan.withhold_usage)));
        return Box::pin(begin_stream(serving, request.ingress, response, pump, read_error)).await;
    }
    let (parts, body) = collect(response, serving.max_answer_bytes).await?;
    if !parts.status.is_success() {
        return Err(read_error(response_of(&parts, &body)).into());
    }
    let mut listener = relay.listener();
    listener.body(&body);
    if let Some(failure) = listener.failure() {
        return Err(failure.into());
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
    Ok(Asked::Whole { body, headers: parts.headers, seen })
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
    book.begin_leg(deployment, relayed);
    app.metrics.upstream_bytes.inc_by(request.body().len() as u64);
    let response = deployment.service.call(request, options).await?;
    book.leg_head(response.status().as_u16());
    deployment.learn_allowances(response.headers(), app.runtime.now());
    Ok(response)
}

/// Reads the beginning of a stream: a failure before its first event is still told as a status.
async fn begin_stream(
    serving: &Serving,
    ingress: &'static dyn Ingress,
    response: Response<Body>,
    mut pump: Pump,
    read_error: impl Fn(Response<&[u8]>) -> UpstreamError,
) -> Result<Asked, ApiError> {
    // Gemini's other stream is a JSON array, and its own dialect's.
    let streams_json = ingress.stream_content_type().starts_with("application/json");
    if !response.status().is_success() || is_json(&response) && !streams_json {
        let success = response.status().is_success();
        let (parts, body) = collect(response, serving.max_answer_bytes).await?;
        if success && !says_error(&body) {
            return Err(UpstreamError::unreadable(parts.status, &body, "a stream was asked for").into());
        }
        return Err(read_error(response_of(&parts, &body)).into());
    }
    let (parts, mut upstream) = response.into_parts();
    let headers = parts.headers;
    let silence = serving.keepalive.filter(|_| ingress.keepalive().is_some());
    let silence = tokio::time::sleep(silence.unwrap_or(Duration::from_secs(86_400)));
    tokio::pin!(silence);
    // Comments before the first event: as long as nothing else has come, a failure is still told as a status.
    let mut comments = BytesMut::new();
    let begun = |first, upstream, pump, headers| {
        Ok(Asked::Stream(Box::new(Begun { first, upstream, pump, headers, plan: None })))
    };
    loop {
        let next = tokio::select! {
            biased;
            next = upstream.next() => next,
            // The vendor is silent: the head goes out now, and comments keep the line alive.
            () = &mut silence => {
                let first = Fed { out: comments.freeze(), error: None };
                return begun(first, Some(upstream), pump, headers);
            }
        };
        let ended = next.is_none();
        let fed = match next {
            Some(Ok(bytes)) => pump.feed(bytes),
            Some(Err(error)) => return Err(error.into()),
            None => pump.finish(),
        };
        match fed.error {
            Some(error) if !pump.has_begun() => return Err(error),
            error if error.is_some() || ended => {
                return begun(Fed { out: after(comments, fed.out), error }, None, pump, headers);
            }
            _ if pump.has_begun() || comments.len() + fed.out.len() > COMMENT_BYTES => {
                let first = Fed { out: after(comments, fed.out), error: None };
                return begun(first, Some(upstream), pump, headers);
            }
            _ => comments.extend_from_slice(&fed.out),
        }
    }
}

/// Bytes of comments that wait for the first event, at most.
const COMMENT_BYTES: usize = 16 << 10;

/// What was kept, and then this; nothing is copied where nothing was kept.
fn after(mut kept: BytesMut, out: Bytes) -> Bytes {
    if kept.is_empty() {
        return out;
    }
    kept.extend_from_slice(&out);
    kept.freeze()
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
        let (parts, body) = collect(response, max_answer_bytes).await?;
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

fn collect(
    response: Response<Body>,
    limit: usize,
) -> impl Future<Output = Result<(http::response::Parts, Bytes), ApiError>> {
    // No async function: those hold what they were given beside what they made of it.
    let (parts, body) = response.into_parts();
    let whole = body.collect(limit);
    async move { Ok((parts, whole.await?)) }
}

fn response_of<'a>(parts: &http::response::Parts, body: &'a Bytes) -> Response<&'a [u8]> {
    let mut response = Response::new(&body[..]);
    *response.status_mut() = parts.status;
    response.headers_mut().clone_from(&parts.headers);
    response
}

/// Whether the request may be sent with what is lost of it.
pub(super) fn weigh_losses(
    serving: &Serving,
    deployment: &Deployment,
    request: &Request<'_>,
    book: &Book<'_>,
    notes: &[Note],
    unsupported: OnUnsupported,
) -> Result<(), ApiError> {
    refuse_losses(notes, unsupported)?;
    let allowed = serving.config.settings.router.allow_lossy_fallbacks
        || deployment.unsupported == Some(OnUnsupported::Drop)
        || request.peek.get("drop_params")? == Some(true);
    if allowed { Ok(()) } else { book.weigh(notes) }
}

/// In strict mode, what would be lost is refused.
fn refuse_losses(notes: &[Note], unsupported: OnUnsupported) -> Result<(), ApiError> {
    if unsupported == OnUnsupported::Drop {
        return Ok(());
    }
    let mut lost = notes.iter().filter(|note| note.kind.is_lossy()).peekable();
    let Some(first) = lost.peek() else { return Ok(()) };
    let param = first.path.clone();
    let list: Vec<String> = lost.map(ToString::to_string).collect();
    let message = format!("this model's vendor cannot take the request as it is: {}", list.join("; "));
    Err(ApiError::new(ErrorKind::Unsupported, Layer::Translation, message)
        .with_param(param)
        .with_code("unsupported_parameter"))
}

/// The client's own word on what the vendor lacks: LiteLLM's `drop_params`.
fn client_unsupported(request: &Request<'_>) -> Result<OnUnsupported, ApiError> {
    Ok(match request.peek.get::<bool>("drop_params")? {
        Some(true) => OnUnsupported::Drop,
        Some(false) => OnUnsupported::Reject,
        None => request.unsupported,
    })
}

/// Headers for the vendor: the configuration's, and those of the client's that speak to this vendor.
fn forwarded_headers<'a>(deployment: &'a Deployment, client: &HeaderMap) -> Cow<'a, HeaderMap> {
    let mut all = Cow::Borrowed(&deployment.headers);
    for name in &deployment.client_headers {
        if client.contains_key(name) && !deployment.headers.contains_key(name) {
            for value in client.get_all(name) {
                all.to_mut().append(name.clone(), value.clone());
            }
        }
    }
    if deployment.forwards_headers {
        for (name, value) in client {
            if is_for_vendors(name.as_str()) && !deployment.headers.contains_key(name) {
                all.to_mut().append(name.clone(), value.clone());
            }
        }
    }
    all
}

/// Whether a client's header may be handed on: one that nobody has named, and that is no key and not meant for the
/// gateway, for proxies or for an official client's statistics.
///
/// Source: LiteLLM documentation, "Forward client headers to LLM API": headers that begin with `x-`, without
/// `x-stainless-`; read 2026-11. Keys and what is the gateway's own never leave it here.
fn is_for_vendors(name: &str) -> bool {
    const NOT: [&str; 10] = [
        "x-stainless-",
        "x-litellm-",
        "x-llm-gateway-",
        "x-forwarded-",
        "x-amz-",
        "x-api-key",
        "x-goog-api-key",
        "x-real-ip",
        "x-request-id",
        "x-ratelimit-",
    ];
    name.starts_with("x-") && NOT.iter().all(|begin| !name.starts_with(begin))
}

/// Timeouts for this request: the deployment's, shortened by the client's own.
fn call_options(deployment: &Deployment, request: &Request<'_>) -> CallOptions {
    let mut options = if request.stream { deployment.stream_options } else { deployment.options };
    if let Some(own) = request.own_timeout {
        options.timeouts.total = Some(options.timeouts.total.map_or(own, |total| total.min(own)));
    }
    options
}
