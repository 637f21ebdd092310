//! One attempt at one deployment: passed through as bytes where the dialects agree, translated otherwise.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Response, header};
use llm_provider_core::{
    Call, Chat, Decoded, Dialect, Note, NoteKind, OnUnsupported, Operation, Peek, Relay, RelayOperation,
    Seen, TokenCount, Translator, UpstreamError, header_text,
};
use llm_transport::{Body, CallOptions};
use llm_types::{ApiError, ChatRequest, ErrorKind, Layer};

use super::edits::{self, RelayPlan};
use super::pump::{Fed, Pump, RelayPump, TranslatePump};
use super::{Request, payload_bytes};
use crate::app::App;
use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::headers;
use crate::services::count;
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
}

/// Asks a deployment.
pub(super) async fn attempt(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    exchange: &mut Option<Exchange>,
) -> Result<Asked, ApiError> {
    if let Err(why) = &deployment.credential {
        let message = format!("the deployment {} has no key: {why}", deployment.id);
        return Err(
            ApiError::new(ErrorKind::Internal, Layer::Gateway, message).with_code("missing_credential")
        );
    }
    let extra = forwarded_headers(deployment, &request.ask.headers, request.ask.dialect);
    let unsupported = client_unsupported(request)?;
    let mut call = deployment.call(&extra, unsupported, app.runtime.now());
    let forward: Vec<String>;
    if let Some(more) = request.peek.get::<Vec<String>>("allowed_openai_params")? {
        forward = deployment.forward_params.iter().cloned().chain(more).collect();
        call.forward = &forward;
    }
    let options = call_options(deployment, request)?;
    if let Some(relay) = deployment.provider.relay(request.ask.dialect)
        && let Some(plan) = edits::relay_plan(request, deployment, relay, &call)?
    {
        let operation = request.ask.operation;
        let parts = match extra {
            Cow::Borrowed(_) => deployment.heads.get(relay, operation, &call)?,
            Cow::Owned(_) => relay.head(operation, &call)?,
        };
        refuse_losses(&plan.notes, call.unsupported)?;
        return relayed(app, serving, deployment, request, exchange, relay, plan, parts, options).await;
    }
    // Boxed, so that the way of most requests stays small in memory.
    Box::pin(translated(app, serving, deployment, request, exchange, call, options)).await
}

/// Translates the request, and the answer back.
async fn translated(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    exchange: &mut Option<Exchange>,
    call: Call<'_>,
    options: CallOptions,
) -> Result<Asked, ApiError> {
    let mut notes = request.canonical()?.notes.clone();
    let edited = edits::edit_canonical(request, deployment, &mut notes)?;
    let canonical = match &edited {
        Some(edited) => edited,
        None => &request.canonical()?.request,
    };
    if request.ask.operation == RelayOperation::CountTokens {
        return counted(app, serving, deployment, exchange, canonical, &call, options).await;
    }
    let translator = deployment.provider.chat().ok_or_else(|| {
        let message = format!("{} has no chat", deployment.provider_name);
        ApiError::new(ErrorKind::Unsupported, Layer::Translation, message)
    })?;
    let encoded = translator.encode(canonical, &call)?;
    notes.extend(encoded.notes);
    refuse_losses(&notes, call.unsupported)?;
    take_notes(exchange, notes);
    let (parts, payload) = encoded.request.into_parts();
    let upstream = http::Request::from_parts(parts, payload_bytes(payload)?);
    let response = send(app, deployment, exchange, upstream, options, false).await?;
    if request.stream {
        let pump = TranslatePump::new(translator.decoder(), request.ingress.writer(&request.reply));
        return begin_stream(serving, response, Pump::Translate(Box::new(pump)), |response| {
            decode_error(translator, response)
        })
        .await;
    }
    let (answer, headers) =
        decode_whole(app, deployment, exchange, translator, response, options, serving.max_answer_bytes)
            .await?;
    let outgoing = request.ingress.write(&answer, &request.reply);
    take_notes(exchange, outgoing.notes);
    let mut seen = Seen { complete: true, usage: answer.usage.get().cloned(), ..Seen::default() };
    seen.model = answer.model.get().cloned();
    if let Some(choice) = answer.choices.first() {
        seen.finish_reason = choice.finish_reason.get().cloned();
        seen.content_bytes = choice.message.content.get().map_or(0, |content| content.text().len() as u64);
    }
    Ok(Asked::Whole { body: outgoing.body, headers, seen: Box::new(seen) })
}

/// Passes the request through as bytes.
#[expect(clippy::too_many_arguments, reason = "the parts of one attempt, used once")]
async fn relayed(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Arc<Deployment>,
    request: &Request<'_>,
    exchange: &mut Option<Exchange>,
    relay: &dyn Relay,
    plan: RelayPlan,
    parts: http::request::Parts,
    options: CallOptions,
) -> Result<Asked, ApiError> {
    take_notes(exchange, plan.notes);
    let upstream = http::Request::from_parts(parts, plan.body);
    let response = send(app, deployment, exchange, upstream, options, true).await?;
    let read_error = |response: Response<&[u8]>| relay.error(response);
    if request.stream {
        let pump = Pump::Relay(Box::new(RelayPump::new(relay.listener(), plan.withhold_usage)));
        return Box::pin(begin_stream(serving, response, pump, read_error)).await;
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
    if !seen.complete && request.ask.operation == RelayOperation::Chat {
        return Err(
            UpstreamError::unreadable(parts.status, &body, "it is no answer to a chat request").into()
        );
    }
    Ok(Asked::Whole { body, headers: parts.headers, seen })
}

/// Hands a request to the transport.
async fn send(
    app: &Arc<App>,
    deployment: &Deployment,
    exchange: &mut Option<Exchange>,
    request: http::Request<Bytes>,
    options: CallOptions,
    relayed: bool,
) -> Result<Response<Body>, ApiError> {
    if let Some(exchange) = exchange.as_mut() {
        exchange.begin_leg(
            deployment.id.clone(),
            deployment.provider_name.clone(),
            deployment.model.clone(),
            relayed,
        );
    }
    app.metrics.upstream_bytes.inc_by(request.body().len() as u64);
    let response = deployment.service.call(request, options).await?;
    if let Some(exchange) = exchange.as_mut() {
        exchange.leg_head(response.status().as_u16());
    }
    Ok(response)
}

/// Reads the beginning of a stream: a failure before its first event is still told as a status.
async fn begin_stream(
    serving: &Serving,
    response: Response<Body>,
    mut pump: Pump,
    read_error: impl Fn(Response<&[u8]>) -> UpstreamError,
) -> Result<Asked, ApiError> {
    let is_json = header_text(response.headers(), header::CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !response.status().is_success() || is_json {
        let success = response.status().is_success();
        let (parts, body) = collect(response, serving.max_answer_bytes).await?;
        if success && !says_error(&body) {
            return Err(UpstreamError::unreadable(parts.status, &body, "a stream was asked for").into());
        }
        return Err(read_error(response_of(&parts, &body)).into());
    }
    let (parts, mut upstream) = response.into_parts();
    let headers = parts.headers;
    let silence = tokio::time::sleep(serving.keepalive.unwrap_or(Duration::from_secs(86_400)));
    tokio::pin!(silence);
    // Comments before the first event: as long as nothing else has come, a failure is still told as a status.
    let mut comments = BytesMut::new();
    let begun = |first, upstream, pump, headers| {
        Ok(Asked::Stream(Box::new(Begun { first, upstream, pump, headers })))
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
async fn decode_whole<O: Operation>(
    app: &Arc<App>,
    deployment: &Deployment,
    exchange: &mut Option<Exchange>,
    translator: &dyn Translator<O>,
    mut response: Response<Body>,
    options: CallOptions,
    max_answer_bytes: usize,
) -> Result<(O::Response, HeaderMap), ApiError> {
    const QUESTIONS: usize = 1000;
    for _ in 0..QUESTIONS {
        let (parts, body) = collect(response, max_answer_bytes).await?;
        match translator.decode(response_of(&parts, &body))? {
            Decoded::Answer(answer) => return Ok((answer, parts.headers)),
            Decoded::Again { request, after_ms } => {
                tokio::time::sleep(Duration::from_millis(after_ms)).await;
                let (parts, payload) = request.into_parts();
                let request = http::Request::from_parts(parts, payload_bytes(payload)?);
                response = send(app, deployment, exchange, request, options, false).await?;
            }
        }
    }
    let message = format!("the vendor wanted to be asked more than {QUESTIONS} times");
    Err(ApiError::new(ErrorKind::GatewayTimeout, Layer::Provider, message))
}

/// Counts tokens: at the vendor where it can, here otherwise.
async fn counted(
    app: &Arc<App>,
    serving: &Serving,
    deployment: &Deployment,
    exchange: &mut Option<Exchange>,
    canonical: &ChatRequest,
    call: &Call<'_>,
    options: CallOptions,
) -> Result<Asked, ApiError> {
    let (count, headers) = match deployment.provider.count_tokens() {
        Some(translator) => {
            let encoded = translator.encode(canonical, call)?;
            take_notes(exchange, encoded.notes);
            let (parts, payload) = encoded.request.into_parts();
            let upstream = http::Request::from_parts(parts, payload_bytes(payload)?);
            let response = send(app, deployment, exchange, upstream, options, false).await?;
            decode_whole(app, deployment, exchange, translator, response, options, serving.max_answer_bytes)
                .await?
        }
        None => {
            let note =
                Note::new(NoteKind::Converted, "input_tokens", "counted by the gateway, not by the vendor");
            take_notes(exchange, vec![note]);
            (TokenCount { input_tokens: count::tokens(canonical) }, HeaderMap::new())
        }
    };
    let body = format!("{{\"input_tokens\":{}}}", count.input_tokens).into();
    Ok(Asked::Whole { body, headers, seen: Box::new(Seen { complete: true, ..Seen::default() }) })
}

/// What a vendor's refusal means.
fn decode_error(translator: &dyn Translator<Chat>, response: Response<&[u8]>) -> UpstreamError {
    let (status, body) = (response.status(), *response.body());
    match translator.decode(response) {
        Err(error) => error,
        Ok(_) => UpstreamError::unreadable(status, body, "an error was expected"),
    }
}

async fn collect(response: Response<Body>, limit: usize) -> Result<(http::response::Parts, Bytes), ApiError> {
    let (parts, body) = response.into_parts();
    Ok((parts, body.collect(limit).await?))
}

fn response_of<'a>(parts: &http::response::Parts, body: &'a Bytes) -> Response<&'a [u8]> {
    let mut response = Response::new(&body[..]);
    *response.status_mut() = parts.status;
    response.headers_mut().clone_from(&parts.headers);
    response
}

fn take_notes(exchange: &mut Option<Exchange>, notes: Vec<Note>) {
    if let Some(exchange) = exchange.as_mut() {
        exchange.record_mut().notes.extend(notes);
    }
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

/// Headers for the vendor: the configuration's, and those of the client's that speak to a vendor.
fn forwarded_headers<'a>(
    deployment: &'a Deployment,
    client: &HeaderMap,
    dialect: Dialect,
) -> Cow<'a, HeaderMap> {
    const ANTHROPIC: [HeaderName; 2] =
        [HeaderName::from_static("anthropic-version"), HeaderName::from_static("anthropic-beta")];
    const OPENAI: [HeaderName; 2] =
        [HeaderName::from_static("openai-organization"), HeaderName::from_static("openai-project")];
    let names: &[HeaderName] = match dialect {
        Dialect::AnthropicMessages => &ANTHROPIC,
        _ => &OPENAI,
    };
    let mut all = Cow::Borrowed(&deployment.headers);
    if deployment.provider_name.as_ref() != dialect.label() {
        return all;
    }
    for name in names {
        if client.contains_key(name) && !deployment.headers.contains_key(name) {
            for value in client.get_all(name) {
                all.to_mut().append(name.clone(), value.clone());
            }
        }
    }
    all
}

/// Timeouts for this request: the deployment's, shortened by the client's own.
fn call_options(deployment: &Deployment, request: &Request<'_>) -> Result<CallOptions, ApiError> {
    let mut options = if request.stream { deployment.stream_options } else { deployment.options };
    const STREAM_FIRST: [HeaderName; 2] = [headers::STREAM_TIMEOUT, headers::TIMEOUT];
    let names = if request.stream { &STREAM_FIRST[..] } else { &STREAM_FIRST[1..] };
    for name in names {
        let Some(text) = header_text(&request.ask.headers, name) else { continue };
        let seconds: f64 =
            text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0).ok_or_else(
                || {
                    let message = format!("{name}: {text:?} is no number of seconds");
                    ApiError::new(ErrorKind::InvalidRequest, Layer::Client, message)
                },
            )?;
        let asked = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        options.timeouts.total = Some(options.timeouts.total.map_or(asked, |total| total.min(asked)));
        break;
    }
    Ok(options)
}
