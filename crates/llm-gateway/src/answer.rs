//! The body of an answer: it owns the exchange, and with its end the exchange ends.

mod farewell;

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use llm_continuation::Thread;
use llm_limits::Refusal;
use llm_provider_core::{Ingress, Note, NoteKind, Reply};
use llm_types::{ApiError, FinishReason};
use tokio::time::{Instant, Sleep};

use crate::app::App;
use crate::exchange::{Exchange, Outcome};
use crate::pricing;
use crate::quotas::{Extended, Meter, Overrun};
use crate::services::completion::{
    Begun, Broken, CONTRADICTION, Context as Continuation, Fed, Journey, Pump, Resumed, go_on,
};
use crate::serving::{OnDisconnect, Serving};
use farewell::{close_books, give_up, hear_arrived, hear_ready, rest};

/// The body of an answer.
pub struct AnswerBody(Kind);

enum Kind {
    /// Nothing, or nothing more.
    Done,
    /// All at once, outside of any exchange.
    Plain(Bytes),
    /// All at once.
    Whole(Bytes, Exchange, Outcome),
    /// As it comes.
    Stream(Box<Streaming>),
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Done => "done",
            Kind::Plain(_) => "plain",
            Kind::Whole(..) => "whole",
            Kind::Stream(_) => "stream",
        };
        f.debug_tuple("AnswerBody").field(&kind).finish()
    }
}

impl AnswerBody {
    /// No bytes.
    pub const fn empty() -> Self {
        Self(Kind::Done)
    }

    /// Bytes that end no exchange.
    pub fn plain(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Plain(bytes.into()))
    }

    /// A whole answer.
    pub fn whole(bytes: Bytes, exchange: Exchange) -> Self {
        Self(Kind::Whole(bytes, exchange, Outcome::Answered))
    }

    /// An error instead of an answer.
    pub fn error(bytes: Bytes, exchange: Exchange, error: &ApiError) -> Self {
        Self(Kind::Whole(bytes, exchange, Outcome::from(error)))
    }

    /// A streamed answer that has begun.
    pub(crate) fn stream(
        app: Arc<App>,
        serving: &Serving,
        begun: Begun,
        ingress: &'static dyn Ingress,
        reply: Reply,
        books: (Journey, Exchange),
        going_on: GoingOn,
    ) -> Self {
        let keepalive = serving.keepalive.zip(ingress.keepalive()).map(|(every, says)| Keepalive {
            every,
            says,
            sleep: None,
            last: Instant::now(),
        });
        let Begun { first, upstream, pump, .. } = begun;
        let meter = books.1.meter();
        Self(Kind::Stream(Box::new(Streaming {
            app,
            first: Some(first),
            upstream,
            pump,
            ingress,
            reply,
            keepalive,
            on_disconnect: serving.on_disconnect,
            books: Some((Some(books.0), books.1)),
            going_on,
            meter,
            extending: None,
            lasting: None,
            last: Bytes::new(),
        })))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        match std::mem::replace(&mut this.0, Kind::Done) {
            Kind::Done => Poll::Ready(None),
            Kind::Plain(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Kind::Whole(bytes, mut exchange, outcome) => {
                exchange.sent(bytes.len());
                exchange.end(outcome);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Stream(mut streaming) => {
                let polled = streaming.poll(cx);
                if !matches!(polled, Poll::Ready(None)) {
                    this.0 = Kind::Stream(streaming);
                }
                polled.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Done => true,
            // An empty body would never be polled, and its exchange would count as hung up.
            Kind::Plain(bytes) => bytes.is_empty(),
            Kind::Whole(..) | Kind::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Done => SizeHint::with_exact(0),
            Kind::Plain(bytes) | Kind::Whole(bytes, ..) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(_) => SizeHint::new(),
        }
    }
}

/// A streamed answer on its way.
struct Streaming {
    app: Arc<App>,
    first: Option<Fed>,
    /// `None` once the vendor's stream has ended.
    upstream: Option<llm_transport::Body>,
    pump: Pump,
    ingress: &'static dyn Ingress,
    reply: Reply,
    keepalive: Option<Keepalive>,
    on_disconnect: OnDisconnect,
    /// `None` once the exchange has ended, and while somebody is looked for who goes on.
    books: Option<(Option<Journey>, Exchange)>,
    going_on: GoingOn,
    /// Whether it stays within what is reserved for it.
    meter: Option<Box<Meter>>,
    /// More is being reserved, for what stands beside it: it is handed over then.
    extending: Option<(Extending, Bytes)>,
    /// The last of the answer, until its entry survives the machine.
    lasting: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
    last: Bytes,
}

type Extending = Pin<Box<dyn Future<Output = Result<Extended, Refusal>> + Send>>;

/// Whether somebody else goes on with an answer that breaks off.
pub(crate) enum GoingOn {
    /// Nobody does.
    No,
    /// Nobody does although it was wanted, for this reason.
    Refused(&'static str),
    /// Somebody may.
    Ready(Box<Continuation>),
    /// Somebody is looked for. Bytes were sent meanwhile, and this is what went wrong.
    Asking(Pin<Box<dyn Future<Output = Resumed> + Send>>, usize, ApiError),
    /// Somebody does; this is what went wrong before.
    Continued(Box<Continuation>, ApiError),
}

impl Streaming {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(lasting) = &mut self.lasting {
            let _whatever_came_of_it = std::task::ready!(lasting.as_mut().poll(cx));
            self.lasting = None;
            return Poll::Ready(Some(std::mem::take(&mut self.last)));
        }
        loop {
            if self.extending.is_some() {
                match std::task::ready!(self.poll_extending(cx)) {
                    out if out.is_empty() => continue,
                    out => return Poll::Ready(Some(out)),
                }
            }
            let fed = match self.first.take() {
                Some(first) => first,
                None if matches!(self.going_on, GoingOn::Asking(..)) => match self.poll_going_on(cx) {
                    Poll::Ready(fed) => fed,
                    Poll::Pending => return self.poll_keepalive(cx),
                },
                None => match self.poll_upstream(cx) {
                    Poll::Ready(Some(fed)) => fed,
                    Poll::Ready(None) => {
                        self.end(None);
                        return Poll::Ready(None);
                    }
                    Poll::Pending => return self.poll_keepalive(cx),
                },
            };
            let Fed { mut out, error } = fed;
            let error = error.and_then(|error| self.goes_on(error, &mut out));
            if let Some((_, exchange)) = self.books.as_mut().filter(|(_, exchange)| exchange.is_booked()) {
                match self.pump.seen() {
                    // Before the client has the last of it. Usage that has not come by then may come still.
                    Some(seen) if seen.complete && seen.usage.is_some() => {
                        let is_news = exchange.settle_heard(seen);
                        let ledger = self.app.finaliser.ledger().filter(|_| is_news);
                        let lasts = ledger.and_then(|ledger| ledger.lasts());
                        self.lasting = lasts.map(|lasts| Box::pin(lasts) as _);
                    }
                    Some(seen) => exchange.note_progress(seen.content_bytes),
                    None => {}
                }
            }
            if error.is_none()
                && let Some(overrun) = self.overrun()
            {
                self.extending = Some((Box::pin(overrun.extend()), out));
                continue;
            }
            if let Some(error) = &error {
                self.upstream = None;
                let event = self.pump.error(error, self.ingress, &self.reply);
                out = if out.is_empty() { event } else { [out, event].concat().into() };
            }
            if !out.is_empty()
                && let Some((_, exchange)) = &mut self.books
            {
                exchange.sent(out.len());
            }
            if error.is_some() {
                self.end(error.as_ref());
            }
            if let Some(lasting) = &mut self.lasting
                && !out.is_empty()
            {
                if lasting.as_mut().poll(cx).is_pending() {
                    self.last = out;
                    return Poll::Pending;
                }
                self.lasting = None;
            }
            if !out.is_empty() {
                if let Some(keepalive) = &mut self.keepalive {
                    keepalive.last = Instant::now();
                }
                return Poll::Ready(Some(out));
            }
        }
    }

    /// What came from the vendor; `None` when all is said.
    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Fed>> {
        let Some(upstream) = &mut self.upstream else { return Poll::Ready(None) };
        match upstream.poll_data(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(bytes))) => Poll::Ready(Some(self.pump.feed(bytes))),
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Fed { out: Bytes::new(), error: Some(error.into()) }))
            }
            Poll::Ready(None) => {
                self.upstream = None;
                Poll::Ready(Some(self.pump.finish()))
            }
        }
    }

    /// What is to be reserved, if the answer has passed what is.
    fn overrun(&mut self) -> Option<Overrun> {
        let (meter, (_, exchange)) = self.meter.as_mut().zip(self.books.as_ref())?;
        let seen = self.pump.seen().filter(|seen| !seen.complete && meter.is_due(seen))?;
        exchange.overrun(meter, seen)
    }

    /// Waits until more is reserved. Where it cannot be had, the answer ends, unless only what is usual is reserved.
    fn poll_extending(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let Some((extending, _)) = &mut self.extending else { return Poll::Ready(Bytes::new()) };
        let extended = std::task::ready!(extending.as_mut().poll(cx));
        let mut out = self.extending.take().map(|(_, out)| out).unwrap_or_default();
        let Some((_, exchange)) = &mut self.books else { return Poll::Ready(out) };
        exchange.sent(out.len());
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.last = Instant::now();
        }
        match (extended, self.meter.take()) {
            (Ok(extended), Some(mut meter)) => {
                exchange.extend(&mut meter, extended);
                self.meter = Some(meter);
            }
            (Err(refusal), Some(meter)) if meter.ends_streams() => {
                let end = self.cut_short(&refusal);
                out = if out.is_empty() { end } else { [out, end].concat().into() };
                if let Some(lasting) = &mut self.lasting
                    && lasting.as_mut().poll(cx).is_pending()
                {
                    self.last = out;
                    return Poll::Pending;
                }
                self.lasting = None;
            }
            (Err(refusal), _) => {
                let detail = format!("went on beyond what was reserved: {refusal}");
                exchange.record_mut().notes.push(Note::new(NoteKind::Defaulted, "budget", detail));
            }
            (Ok(_), None) => {}
        }
        Poll::Ready(out)
    }

    /// Ends an answer that passes what may be spent on it: the vendor is let go, the client told that it is as long as it
    /// may be, and the books are closed with what was counted here.
    fn cut_short(&mut self, refusal: &Refusal) -> Bytes {
        self.upstream = None;
        self.going_on = GoingOn::No;
        let Some((journey, mut exchange)) = self.books.take() else { return Bytes::new() };
        let seen = self.pump.seen().cloned().unwrap_or_default();
        exchange.heard(seen);
        let record = exchange.record_mut();
        record.seen.finish_reason = Some(FinishReason::Length);
        let usage = pricing::told_usage(&record.seen, record.request_bytes);
        let end = self.pump.cut_short(&usage, self.ingress, &self.reply);
        record.notes.extend(self.pump.notes());
        let detail = format!("ended by the gateway: {refusal}");
        record.notes.push(Note::new(NoteKind::Clamped, "max_tokens", detail));
        exchange.sent(end.len());
        exchange.settle_cut();
        self.lasting =
            self.app.finaliser.ledger().and_then(|ledger| ledger.lasts()).map(|it| Box::pin(it) as _);
        if let Some(mut journey) = journey {
            journey.succeeded(&mut exchange);
        }
        exchange.end(Outcome::Answered);
        end
    }

    fn poll_keepalive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(keepalive) = &mut self.keepalive else { return Poll::Pending };
        std::task::ready!(keepalive.poll(cx));
        match (&mut self.books, &mut self.going_on) {
            (Some((_, exchange)), _) => exchange.sent(keepalive.says.len()),
            (None, GoingOn::Asking(_, sent, _)) => *sent += keepalive.says.len(),
            (None, _) => {}
        }
        Poll::Ready(Some(Bytes::from_static(keepalive.says)))
    }

    /// Sees to it that somebody else goes on after an error, or that nobody has to; the error, if it stands.
    fn goes_on(&mut self, error: ApiError, out: &mut Bytes) -> Option<ApiError> {
        let (context, before) = match std::mem::replace(&mut self.going_on, GoingOn::No) {
            GoingOn::Ready(context) => (context, None),
            GoingOn::Continued(context, before) => (context, Some(before)),
            GoingOn::Refused(why) => {
                self.stays_broken(why);
                return Some(error);
            }
            GoingOn::No | GoingOn::Asking(..) => return Some(error),
        };
        if error.code.as_deref() == Some(CONTRADICTION) {
            self.stays_broken("contradiction");
            if let Some((journey, exchange)) = &mut self.books {
                exchange.broke_off(error.kind);
                if let Some(mut journey) = journey.take() {
                    journey.set_aside(exchange);
                }
            }
            return Some(before.unwrap_or(error));
        }
        let Some(pump) = self.pump.continuable() else {
            self.stays_broken("relayed");
            return Some(error);
        };
        let thread = pump.thread()?;
        if thread.is_finished() {
            // All has been said: what broke off was the farewell.
            *out = [std::mem::take(out), pump.close()].concat().into();
            self.upstream = None;
            return None;
        }
        if let Some(why) = obstacle(thread, &error, &self.app) {
            self.stays_broken(why);
            return Some(error);
        }
        let thread = thread.clone();
        let seen = pump.broke();
        let (Some(journey), mut exchange) = self.books.take()? else { return Some(error) };
        exchange.part(seen, error.kind);
        let (session, group, ties) = journey.broke(&error);
        let broken = Broken { context, session, group, ties, thread, exchange };
        self.upstream = None;
        let future = Box::pin(go_on(self.app.clone(), broken));
        self.going_on = GoingOn::Asking(future, 0, before.unwrap_or(error));
        None
    }

    fn stays_broken(&mut self, why: &'static str) {
        if let Some((_, exchange)) = &mut self.books {
            exchange.record_mut().not_continued = Some(why);
        }
    }

    /// Waits for whoever goes on.
    fn poll_going_on(&mut self, cx: &mut Context<'_>) -> Poll<Fed> {
        let GoingOn::Asking(future, ..) = &mut self.going_on else { return Poll::Pending };
        let Resumed { mut exchange, by } = std::task::ready!(future.as_mut().poll(cx));
        let GoingOn::Asking(_, sent, error) = std::mem::replace(&mut self.going_on, GoingOn::No) else {
            return Poll::Pending;
        };
        if sent > 0 {
            exchange.sent(sent);
        }
        let Some((begun, journey, context)) = by else {
            exchange.record_mut().not_continued = Some("nobody_left");
            self.books = Some((None, exchange));
            return Poll::Ready(Fed { out: Bytes::new(), error: Some(error) });
        };
        self.meter = exchange.meter();
        self.books = Some((Some(journey), exchange));
        self.going_on = GoingOn::Continued(context, error);
        self.upstream = begun.upstream;
        let Begun { first, pump, plan, .. } = *begun;
        Poll::Ready(match (&mut self.pump, pump, plan) {
            (Pump::Translate(own), Pump::Translate(other), Some(plan)) => {
                let adopted = own.adopt(*other, &plan);
                Fed { error: adopted.error.or(first.error), ..adopted }
            }
            _ => first,
        })
    }

    fn end(&mut self, error: Option<&ApiError>) {
        let Some((journey, mut exchange)) = self.books.take() else { return };
        close_books(&mut exchange, &mut self.pump);
        if let Some(mut journey) = journey {
            match error {
                None => journey.succeeded(&mut exchange),
                Some(error) => {
                    exchange.broke_off(error.kind);
                    journey.failed(error, &mut exchange);
                }
            }
        }
        exchange.end(error.map_or(Outcome::Answered, Outcome::from));
    }
}

/// What stands against going on after this error.
fn obstacle(thread: &Thread, error: &ApiError, app: &App) -> Option<&'static str> {
    if let Some(obstacle) = thread.obstacle() {
        Some(obstacle.label())
    } else if error.code.as_deref() == Some("total_timeout") {
        Some("out_of_time")
    } else if app.is_draining() {
        Some("stopping")
    } else {
        None
    }
}

impl Drop for Streaming {
    /// The client went away: the vendor is told at once, or heard to its end, as configured.
    fn drop(&mut self) {
        let Some((Some(mut journey), mut exchange)) = self.books.take() else { return };
        // Many clients go as soon as they have read the last event: they have had their answer.
        let complete = self.pump.is_complete() && !std::thread::panicking();
        let goes_on = self.on_disconnect != OnDisconnect::Cancel
            && !self.app.is_draining()
            && !std::thread::panicking();
        match self.upstream.take() {
            Some(upstream) if goes_on => {
                let mut pump = std::mem::replace(&mut self.pump, Pump::Spent);
                self.app.background(async move {
                    let broke = rest(upstream, &mut pump).await;
                    close_books(&mut exchange, &mut pump);
                    match broke {
                        None => journey.succeeded(&mut exchange),
                        Some(error) => {
                            exchange.broke_off(error.kind);
                            journey.failed(&error, &mut exchange);
                        }
                    }
                    if complete {
                        exchange.end(Outcome::Answered);
                    }
                });
            }
            // What has arrived was made, and is paid for; and only once the runtime has looked does it know what has.
            Some(upstream)
                if exchange.is_booked() && !self.app.is_draining() && !std::thread::panicking() =>
            {
                let mut pump = std::mem::replace(&mut self.pump, Pump::Spent);
                self.app.background(async move {
                    hear_arrived(upstream, &mut pump).await;
                    give_up(journey, exchange, &mut pump, complete);
                });
            }
            upstream => {
                if let Some(mut upstream) = upstream.filter(|_| !std::thread::panicking()) {
                    let mut cx = Context::from_waker(Waker::noop());
                    let _nobody_waits = hear_ready(&mut upstream, &mut self.pump, &mut cx);
                }
                give_up(journey, exchange, &mut self.pump, complete);
            }
        }
        // An exchange that is dropped unended knows why.
    }
}

/// Comments on a silent stream. One timer, armed again only when it has run out.
struct Keepalive {
    every: Duration,
    says: &'static [u8],
    sleep: Option<Pin<Box<Sleep>>>,
    last: Instant,
}

impl Keepalive {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (every, last) = (self.every, self.last);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(last + every)));
        while sleep.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= self.last + self.every {
                self.last = now;
                sleep.as_mut().reset(now + self.every);
                return Poll::Ready(());
            }
            sleep.as_mut().reset(self.last + self.every);
        }
        Poll::Pending
    }
}
