//! One request: which route it takes, and the answer as a recorded body.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use llm_provider_mock::{Cut, ErrorScript, Plan, PlanBody, Prepared, Wire};

use crate::control;
use crate::record::{Outcome, Ticket};
use crate::stage::{Cue, Stage};

/// Everything under this path is about the server, not the vendor.
pub(crate) const CONTROL: &str = "/_mock/";

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers one request. An error means that the request itself broke off, so nobody is there to be told.
pub(crate) async fn serve(
    stage: Arc<Stage>,
    request: Request<Incoming>,
) -> Result<Response<Served>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let Some(body) = read(body, stage.max_body_bytes).await? else {
        let ticket = stage.records.open((stage.clock)(), &parts, &Bytes::new());
        let error = refusal(413, format!("The request is longer than {} bytes.", stage.max_body_bytes));
        return Ok(play(Prepared::refusing(wire(&parts), error).plan(0, 0), ticket).await);
    };
    let path = parts.uri.path();
    if let Some(rest) = path.strip_prefix(CONTROL) {
        return Ok(play(
            control::answer(&stage, &parts.method, rest, parts.uri.query(), &body),
            Ticket::none(),
        )
        .await);
    }
    if path == "/health" {
        let body = Bytes::from_static(b"{\"status\":\"ok\"}");
        return Ok(play(Plan::whole(StatusCode::OK, JSON, body), Ticket::none()).await);
    }
    let now_ms = (stage.clock)();
    let ticket = stage.records.open(now_ms, &parts, &body);
    let plan = plan(&stage, &parts, &body, now_ms.div_euclid(1_000));
    Ok(play(plan, ticket).await)
}

/// The body, or nothing where it is longer than the limit.
async fn read(body: Incoming, limit: usize) -> Result<Option<Bytes>, hyper::Error> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => error.downcast::<hyper::Error>().map_or(Ok(None), |error| Err(*error)),
    }
}

fn plan(stage: &Stage, parts: &Parts, body: &Bytes, created_s: i64) -> Plan {
    let wire = wire(parts);
    let path = parts.uri.path().trim_end_matches('/');
    let speaks = ["/chat/completions", "/messages", "/embeddings"].iter().any(|end| path.ends_with(end));
    let script = match stage.cue(&parts.method, &parts.uri, speaks) {
        Cue::Replay(Some(plan)) => return *plan,
        Cue::Replay(None) => {
            let error = refusal(404, format!("No exchange is left for {} {}.", parts.method, parts.uri));
            return Prepared::refusing(wire, error).plan(0, created_s);
        }
        Cue::Script(script) => script,
    };
    let method = if path.ends_with("/models") { Method::GET } else { Method::POST };
    if parts.method != method {
        let error = refusal(405, format!("{} is not a method of {path}.", parts.method));
        return Prepared::refusing(wire, error).plan(0, created_s);
    }
    let prepared = Prepared::new(wire, path, body, script.as_deref());
    let ordinal = prepared.ordinal_key().map_or(0, |key| stage.ordinal(key));
    prepared.plan(ordinal, created_s)
}

/// The wire is told by the path, and for what both vendors have, by the header that Anthropic demands.
fn wire(parts: &Parts) -> Wire {
    let path = parts.uri.path().trim_end_matches('/');
    let anthropic = path.ends_with("/messages")
        || path.ends_with("/messages/count_tokens")
        || parts.headers.contains_key("anthropic-version");
    if anthropic { Wire::Anthropic } else { Wire::OpenAi }
}

fn refusal(status: u16, message: String) -> ErrorScript {
    ErrorScript { message: Some(message), ..ErrorScript::new(status) }
}

/// Waits as long as the plan wants and starts the answer. Dropped while it waits, the ticket notes the hang-up.
async fn play(plan: Plan, ticket: Ticket) -> Response<Served> {
    if plan.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(plan.delay_ms)).await;
    }
    ticket.answered(plan.status.as_u16(), plan.usage);
    let mut served = Served { body: PlanBody::new(plan.steps, plan.content_length), ticket };
    served.note_end();
    let mut response = Response::new(served);
    *response.status_mut() = plan.status;
    *response.headers_mut() = plan.headers;
    response.headers_mut().insert(header::CONTENT_TYPE, plan.content_type);
    response
}

/// A [`PlanBody`] that writes into the record how it ended.
#[derive(Debug)]
pub(crate) struct Served {
    body: PlanBody,
    ticket: Ticket,
}

impl Served {
    fn note_end(&mut self) {
        if self.body.is_end_stream() {
            self.ticket.end(Outcome::Complete);
        }
    }
}

impl Body for Served {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match polled {
            Poll::Ready(Some(Ok(_))) => self.ticket.sent(),
            Poll::Ready(Some(Err(Cut))) => self.ticket.end(Outcome::Cut),
            Poll::Ready(None) | Poll::Pending => {}
        }
        self.note_end();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
