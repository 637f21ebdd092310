//! One request's life: what it was, whom it asked, what came back. It ends once, in one finaliser.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderMap;
use llm_ledger::{RequestId, Status};
use llm_limits::Reservation;
use llm_pricing::Adjustment;
use llm_provider_core::{Dialect, Note, Seen};
use llm_router::{BudgetLive, DeploymentId, Reason, Session};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};

use crate::auth::Principal;
use crate::deployment::Deployment;
use crate::headers::Values;
use crate::ledger::{Account, Ledger, Name, OpenLeg};
use crate::limits::Held;
use crate::pricing::{self, Bill, Pricing};
use crate::quotas::{Allowance, Extended, Meter, Overrun};
use crate::runtime::Runtime;
use crate::stage::Stage;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The whole answer was handed over.
    Answered,
    /// An error was told instead of an answer, or in the middle of one.
    Failed {
        /// What kind.
        kind: ErrorKind,
        /// Who said so.
        layer: Layer,
        /// What was said.
        message: String,
    },
    /// The client went away first.
    HungUp,
    /// The gateway stopped first.
    Drained,
    /// A defect of the gateway.
    Panicked,
}

impl Outcome {
    /// A name for logs and metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed { .. } => "failed",
            Self::HungUp => "hung_up",
            Self::Drained => "drained",
            Self::Panicked => "panicked",
        }
    }
}

impl From<&ApiError> for Outcome {
    fn from(error: &ApiError) -> Self {
        Self::Failed { kind: error.kind, layer: error.layer, message: error.message.clone() }
    }
}

/// One attempt at one deployment.
#[derive(Debug, Clone)]
pub struct Leg {
    /// Why.
    pub reason: Reason,
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Whose it is.
    pub provider: Arc<str>,
    /// The model's name there.
    pub model: Arc<str>,
    /// Whether the body passed through as bytes.
    pub relayed: bool,
    /// When the request was handed to the transport, counted from the beginning of the exchange.
    pub sent_at: Duration,
    /// When the answer's head arrived.
    pub head_at: Option<Duration>,
    /// The vendor's status.
    pub status: Option<u16>,
    /// When it failed or was given up; `None` if it answered.
    pub over_at: Option<Duration>,
    /// Why it failed.
    pub error: Option<ErrorKind>,
    /// Whether it was given up before its answer had begun.
    pub cancelled: bool,
    /// What its answers cost.
    pub pricing: Arc<Pricing>,
    /// What they are paid from.
    pub budgets: Arc<[Arc<BudgetLive>]>,
    /// What was heard in its part of the answer, where several legs have given parts.
    pub seen: Option<Box<Seen>>,
}

impl Leg {
    /// What became of it, for logs and metrics: `answered`, `cancelled`, or the kind of its failure.
    pub const fn label(&self) -> &'static str {
        match self.error {
            Some(kind) => kind.label(),
            None if self.cancelled => "cancelled",
            None => "answered",
        }
    }

    /// How long the vendor was waited for, as known when the exchange was so old: until the answer's head, or until the
    /// attempt had come to nothing.
    pub fn waited(&self, age: Duration) -> Duration {
        self.over_at.or(self.head_at).unwrap_or(age).min(age).saturating_sub(self.sent_at)
    }
}

/// Everything that is known of one request. The finaliser hands it to whoever keeps books.
#[derive(Debug)]
pub struct Record {
    /// Its name: the client's, else ours.
    pub id: String,
    /// Its name in the ledger.
    pub uuid: RequestId,
    /// Whether `id` is the client's.
    pub is_named: bool,
    /// When it began.
    pub started: UnixMs,
    /// The request that this is a copy of. Whoever keeps books keeps copies apart: no client has asked for them.
    pub mirror_of: Option<String>,
    /// The route, as in the route table.
    pub route: &'static str,
    /// What the client speaks.
    pub dialect: Option<Dialect>,
    /// Who asked.
    pub principal: Option<Principal>,
    /// Whom it is booked to besides.
    pub account: Account,
    /// Where the client is.
    pub client: Option<IpAddr>,
    /// The model as the client named it.
    pub model: Option<Arc<str>>,
    /// Whether the answer is streamed.
    pub stream: bool,
    /// The version of the configuration that it was served under.
    pub config_version: u64,
    /// Where it is, or where it ended.
    pub stage: Stage,
    /// The attempts, in order.
    pub legs: Vec<Leg>,
    /// The place of the leg that answered.
    pub answered_by: Option<usize>,
    /// Attempts beyond the first in their model group.
    pub retries: u32,
    /// Changes of the model group before the answer.
    pub fallbacks: u32,
    /// Changes of the deployment in the midst of the answer.
    pub continuations: u32,
    /// How long it waited for room at deployments that are asked by so many at a time.
    pub queued: Duration,
    /// Why an answer that broke off was not gone on with, although that was wanted.
    pub not_continued: Option<&'static str>,
    /// The rule that chose the group.
    pub rule: Option<String>,
    /// The experiment that the request took part in, and its variant: `experiment=variant`.
    pub variant: Option<String>,
    /// The tier of quality that served.
    pub quality: Option<String>,
    /// The budgets of its labels.
    pub budgets: Vec<Arc<BudgetLive>>,
    /// How the router decided, step by step.
    pub routing: Option<Box<Session>>,
    /// What translation changed.
    pub notes: Vec<Note>,
    /// What was heard in the answer.
    pub seen: Seen,
    /// What the answer costs; `None` if its price is not known, or there is none.
    pub bill: Option<Box<Bill>>,
    /// Bytes of the client's body.
    pub request_bytes: u64,
    /// Bytes of the body sent to the client.
    pub response_bytes: u64,
    /// When the first byte of the answer was handed to the client, counted from the beginning.
    pub first_byte_at: Option<Duration>,
    /// The status told to the client.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl Record {
    /// The leg that answered, else the last one.
    pub fn leg(&self) -> Option<&Leg> {
        self.answered_by.map_or_else(|| self.legs.last(), |place| self.legs.get(place))
    }

    /// The instant that is so long after the beginning.
    pub const fn at(&self, age: Duration) -> UnixMs {
        self.started.plus(age.as_millis() as u64)
    }

    /// What a leg's part of the answer costs, where several legs have given parts.
    pub fn part_bill(&self, leg: &Leg) -> Option<Bill> {
        leg.pricing.bill(leg.seen.as_deref()?, self.request_bytes, self.started)
    }

    /// How long vendors were waited for until the exchange was so old.
    pub fn waited(&self, age: Duration) -> Duration {
        self.legs.iter().map(|leg| leg.waited(age)).sum()
    }

    /// The time that the gateway itself took until the answer began: everything but waiting for vendors.
    pub fn overhead(&self) -> Duration {
        let until = self.first_byte_at.unwrap_or(self.duration);
        until.saturating_sub(self.waited(until))
    }
}

/// Whoever keeps books over ended requests: log, metrics, and what is to come.
pub trait Sink: Send + Sync {
    /// Takes note of one request.
    fn record(&self, record: &Record);
}

/// Where requests end.
pub struct Finaliser {
    runtime: Runtime,
    sinks: Vec<Box<dyn Sink>>,
    ledger: Option<Arc<Ledger>>,
    cutting_off: AtomicBool,
}

impl fmt::Debug for Finaliser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finaliser").field("sinks", &self.sinks.len()).finish_non_exhaustive()
    }
}

impl Finaliser {
    /// A finaliser that hands every record to all sinks, in order.
    pub fn new(runtime: Runtime, sinks: Vec<Box<dyn Sink>>, ledger: Option<Arc<Ledger>>) -> Arc<Self> {
        Arc::new(Self { runtime, sinks, ledger, cutting_off: AtomicBool::new(false) })
    }

    /// A finaliser to which nobody listens: for what only looks like a request.
    pub fn unheard(runtime: &Runtime) -> Arc<Self> {
        Self::new(runtime.clone(), Vec::new(), None)
    }

    /// A finaliser to which nobody listens, and which books all the same: for what vendors are asked unasked.
    pub fn booked(&self) -> Arc<Self> {
        Self::new(self.runtime.clone(), Vec::new(), self.ledger.clone())
    }

    /// The ledger; `None` where none is kept.
    pub const fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// From now on, whatever is dropped unended was cut off by the gateway.
    pub fn cut_off(&self) {
        self.cutting_off.store(true, Ordering::Relaxed);
    }

    /// Whether requests under way are being cut off.
    pub fn is_cutting_off(&self) -> bool {
        self.cutting_off.load(Ordering::Relaxed)
    }
}

/// What a request may take of its caller's limits.
struct Allowed {
    allowance: Arc<Allowance>,
    rates: Option<Reservation>,
}

/// One request's life. Dropped unended it ends as panicked, as drained once the gateway cuts off what is left, or as hung up.
pub struct Exchange {
    record: Box<Record>,
    began: Duration,
    finaliser: Arc<Finaliser>,
    /// Shares of bounds that last as long as the request.
    held: Vec<Held>,
    /// The legs that are not in the books yet, in the order of the record's.
    open: Vec<Option<OpenLeg>>,
    /// What the request may take of its caller's limits, and what is reserved of rates.
    allowed: Option<Box<Allowed>>,
    /// What whoever asks pays less or more than others do.
    own_prices: Option<Adjustment>,
    /// Whether somebody waits for the answer; `None` where nobody ever goes away.
    presence: Option<Arc<Presence>>,
    ended: bool,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("record", &self.record).finish_non_exhaustive()
    }
}

impl Exchange {
    /// A request begins.
    pub fn begin(finaliser: &Arc<Finaliser>, name: Name, route: &'static str, config_version: u64) -> Self {
        let runtime = &finaliser.runtime;
        Self {
            began: runtime.elapsed(),
            record: Box::new(Record {
                id: name.id,
                uuid: name.uuid,
                is_named: name.is_given,
                started: name.at,
                mirror_of: None,
                route,
                dialect: None,
                principal: None,
                account: Account::default(),
                client: None,
                model: None,
                stream: false,
                config_version,
                stage: Stage::Auth,
                legs: Vec::new(),
                answered_by: None,
                retries: 0,
                fallbacks: 0,
                continuations: 0,
                queued: Duration::ZERO,
                not_continued: None,
                rule: None,
                variant: None,
                quality: None,
                budgets: Vec::new(),
                routing: None,
                notes: Vec::new(),
                seen: Seen::default(),
                bill: None,
                request_bytes: 0,
                response_bytes: 0,
                first_byte_at: None,
                status: None,
                duration: Duration::ZERO,
                outcome: Outcome::HungUp,
            }),
            finaliser: finaliser.clone(),
            held: Vec::new(),
            open: Vec::new(),
            allowed: None,
            own_prices: None,
            presence: None,
            ended: false,
        }
    }

    /// What the request may take of its caller's limits, and what is reserved of rates.
    pub(crate) fn allow(&mut self, allowance: Arc<Allowance>, rates: Option<Reservation>) {
        self.allowed = Some(Box::new(Allowed { allowance, rates }));
    }

    /// What whoever asks pays less or more than others do.
    pub(crate) const fn set_own_prices(&mut self, own: Option<Adjustment>) {
        self.own_prices = own;
    }

    /// What answers of a deployment cost whoever asks: what held when the request began.
    pub(crate) fn pricing(&self, deployment: &Deployment) -> Arc<Pricing> {
        deployment.pricing.at(self.record.started).for_payer(self.own_prices)
    }

    /// As if nothing had been reserved of its caller's limits: another model is to be asked than the one that it was reserved
    /// for, and nobody has been.
    pub(crate) fn withdraw(&mut self) {
        if let Some(rates) = self.allowed.take().and_then(|allowed| allowed.rates) {
            rates.withdraw();
        }
    }

    /// What the request may take of its caller's limits; `None` if nothing bounds it.
    pub(crate) fn allowance(&self) -> Option<&Arc<Allowance>> {
        self.allowed.as_ref().map(|allowed| &allowed.allowance)
    }

    /// Watches whether the answer that is streamed stays within what is reserved for it; `None` if nothing is.
    pub(crate) fn meter(&self) -> Option<Box<Meter>> {
        let Allowed { allowance, rates } = &**self.allowed.as_ref()?;
        let place = self.answering()?;
        let pricing = self.record.legs.get(place)?.pricing.clone();
        let hold = self.open.get(place)?.as_ref().and_then(OpenLeg::hold).cloned();
        let parts = self.record.legs.iter().filter_map(|leg| leg.seen.as_deref());
        let before = parts.map(|seen| seen.content_bytes).sum();
        Meter::new(allowance.clone(), rates.as_ref(), hold, pricing, before).map(Box::new)
    }

    /// What is to be reserved for an answer that has come so far, if that is more than is.
    pub(crate) fn overrun(&self, meter: &mut Meter, seen: &Seen) -> Option<Overrun> {
        let rates = self.allowed.as_ref().and_then(|allowed| allowed.rates.as_ref());
        meter.look(seen, rates, self.record.at(self.age()))
    }

    /// More is reserved for the answer.
    pub(crate) fn extend(&mut self, meter: &mut Meter, mut extended: Extended) {
        meter.extend(&mut extended);
        let rates = self.allowed.as_mut().and_then(|allowed| allowed.rates.as_mut());
        if let Some((rates, more)) = rates.zip(extended.rates) {
            rates.join(more);
        }
    }

    /// The place of the leg that answers.
    fn answering(&self) -> Option<usize> {
        self.record.answered_by.or(self.record.legs.len().checked_sub(1))
    }

    /// Tells what is left of the caller's limits.
    pub(crate) fn tell_limits(&self, values: &mut Values, map: &mut HeaderMap) {
        if let Some(allowance) = self.allowance() {
            allowance.tell(self.finaliser.runtime.now(), values, map);
        }
    }

    /// Whether legs are booked.
    pub fn is_booked(&self) -> bool {
        self.finaliser.ledger.is_some()
    }

    /// What is known so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What is known so far, to be added to.
    pub fn record_mut(&mut self) -> &mut Record {
        &mut self.record
    }

    /// Our name for the request.
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// Time since the beginning.
    pub fn age(&self) -> Duration {
        self.finaliser.runtime.elapsed().saturating_sub(self.began)
    }

    /// A share of a bound that is given back when the request ends.
    pub fn hold(&mut self, held: Held) {
        self.held.push(held);
    }

    /// The next stage begins.
    pub fn enter(&mut self, stage: Stage) {
        debug_assert!(stage >= self.record.stage, "stages have one order");
        self.record.stage = stage;
    }

    /// A leg's answer is the request's.
    pub fn answered_by(&mut self, leg: usize) {
        self.record.answered_by = Some(leg);
    }

    /// The leg that answered broke off.
    pub fn broke_off(&mut self, kind: ErrorKind) {
        if let Some(leg) = self.answering() {
            self.leg_failed(leg, kind);
        }
    }

    /// The leg that answered broke off after this part of the answer, and others may go on with it.
    pub fn part(&mut self, seen: Seen, kind: ErrorKind) {
        let answered_by = self.answering();
        if let Some(leg) = answered_by.and_then(|leg| self.record.legs.get_mut(leg)) {
            leg.seen = Some(Box::new(seen));
        }
        self.broke_off(kind);
    }

    /// What was heard in all parts of the answer together.
    fn join_parts(&mut self) {
        let record = &mut *self.record;
        let answered_by = record.answered_by.or(record.legs.len().checked_sub(1));
        let Some(last) = answered_by.and_then(|leg| record.legs.get_mut(leg)) else { return };
        if last.seen.is_none() && record.seen != Seen::default() {
            last.seen = Some(Box::new(std::mem::take(&mut record.seen)));
        }
        let request_bytes = record.request_bytes;
        let parts = record.legs.iter().filter_map(|leg| leg.seen.as_deref());
        record.seen = parts.fold(Seen::default(), |all, part| joined(all, part, request_bytes));
    }

    /// What was heard in an answer.
    pub fn hear(&mut self, seen: Seen) {
        self.record.seen = seen;
    }

    /// What was heard in a streamed answer until it ended, or nobody listened any more: then what the vendor has written is
    /// counted here.
    pub fn heard(&mut self, mut seen: Seen) {
        if !seen.complete
            && let Some(leg) = self.record.leg()
            && let Some(usage) = leg.pricing.broken_usage(&seen, self.record.request_bytes)
        {
            seen.usage = Some(usage);
        }
        self.record.seen = seen;
    }

    /// Works out what the answer costs, as far as it has been heard.
    pub fn price(&mut self) {
        if self.record.legs.iter().any(|leg| leg.seen.is_some()) {
            self.join_parts();
        }
        let record = &mut *self.record;
        let heard = record.seen.usage.is_some() || record.seen.content_bytes > 0;
        if record.bill.is_none() && record.legs.iter().any(|leg| leg.seen.is_some()) {
            let parts = record.legs.iter().filter(|leg| leg.seen.is_some()).map(|leg| record.part_bill(leg));
            // What one part costs is not known: then neither is what all of them do.
            let bills: Option<Vec<Bill>> = parts.collect();
            record.bill = bills.and_then(|bills| bills.into_iter().reduce(Bill::and)).map(Box::new);
            return;
        }
        if let Some(leg) = record.leg().filter(|_| heard && record.bill.is_none()) {
            record.bill = leg.pricing.bill(&record.seen, record.request_bytes, record.started).map(Box::new);
        }
    }

    /// Bytes of the answer were handed to the client.
    pub fn sent(&mut self, bytes: usize) {
        if self.record.first_byte_at.is_none() {
            self.record.first_byte_at = Some(self.age());
        }
        self.record.response_bytes += bytes as u64;
    }

    /// The request ended.
    pub fn end(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    fn finish(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.held.clear();
        self.record.stage = if outcome == Outcome::Answered { Stage::Finaliser } else { self.record.stage };
        self.record.duration = self.age();
        self.record.outcome = outcome;
        if !self.open.is_empty() {
            self.settle_all(match self.record.outcome {
                Outcome::Answered => Status::Answered,
                Outcome::HungUp => Status::HungUp,
                Outcome::Failed { .. } | Outcome::Drained | Outcome::Panicked => Status::Cut,
            });
        }
        self.price();
        if let Some(rates) = self.allowed.take().and_then(|allowed| allowed.rates) {
            let tokens = if self.record.legs.is_empty() { 0 } else { legs::used_tokens(&self.record) };
            let _no_money_in_it = rates.settle(0, tokens);
        }
        for sink in &self.finaliser.sinks {
            sink.record(&self.record);
        }
    }
}

/// What was heard in an answer, and in the part after it.
fn joined(all: Seen, part: &Seen, request_bytes: u64) -> Seen {
    let took = pricing::told_usage(part, request_bytes);
    Seen {
        usage: Some(
            all.usage.as_ref().map_or_else(|| took.clone(), |before| llm_continuation::sum(before, &took)),
        ),
        finish_reason: part.finish_reason.clone().or(all.finish_reason),
        id: all.id.or_else(|| part.id.clone()),
        model: all.model.or_else(|| part.model.clone()),
        content_bytes: all.content_bytes + part.content_bytes,
        sample: all.sample,
        complete: part.complete,
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.finish(match self.finaliser.is_cutting_off() {
            _ if std::thread::panicking() => Outcome::Panicked,
            // Of a copy nobody can hang up.
            _ if self.record.mirror_of.is_some() => Outcome::Drained,
            true => Outcome::Drained,
            false => Outcome::HungUp,
        });
    }
}

mod legs;
mod presence;

pub(crate) use presence::Presence;
#[cfg(test)]
mod tests;
