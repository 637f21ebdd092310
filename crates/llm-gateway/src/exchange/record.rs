//! What is known of a request and of its attempts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use llm_ledger::RequestId;
use llm_provider_core::{Dialect, Note, Seen};
use llm_router::{BudgetLive, DeploymentId, Reason, Session};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};

use crate::auth::Principal;
use crate::ledger::{Account, Name};
use crate::pricing::{Bill, Pricing};
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
    /// What the vendor said in the headers of a refusal.
    pub refusal: Option<Box<HeaderMap>>,
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

#[cfg(test)]
impl Leg {
    /// One that was sent at once, and of which nothing has come yet.
    pub(crate) fn sample() -> Self {
        Self {
            reason: Reason::First,
            deployment: DeploymentId::new("d"),
            provider: "p".into(),
            model: "m".into(),
            relayed: true,
            sent_at: Duration::ZERO,
            head_at: None,
            status: None,
            refusal: None,
            over_at: None,
            error: None,
            cancelled: false,
            pricing: Arc::default(),
            budgets: Arc::default(),
            seen: None,
        }
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
    /// Of a request that begins.
    pub(super) fn new(name: Name, route: &'static str, config_version: u64) -> Self {
        Self {
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
        }
    }

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
