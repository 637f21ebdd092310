//! The router's session while an answer is heard: what became of it is observed once, whatever happens.

use std::sync::Arc;

use llm_router::{Answered, Outcome, Session};
use llm_types::{ApiError, UnixMs};

use super::ties::Ties;
use crate::app::App;
use crate::deployment::{Deployment, Place};
use crate::exchange::Exchange;
use crate::serving::Group;

/// One attempt whose answer has begun. Dropped before anything was observed, it counts as cancelled.
#[derive(Debug)]
pub(crate) struct Journey {
    app: Arc<App>,
    /// `None` once it belongs to the record.
    session: Option<Box<Session>>,
    /// The group that it was asked in.
    group: Arc<Group>,
    deployment: Arc<Deployment>,
    place: Option<Place>,
    ties: Ties,
}

impl Journey {
    pub(crate) const fn new(
        app: Arc<App>,
        session: Box<Session>,
        group: Arc<Group>,
        deployment: Arc<Deployment>,
        place: Place,
        ties: Ties,
    ) -> Self {
        Self { app, session: Some(session), group, deployment, place: Some(place), ties }
    }

    fn observe(&mut self, outcome: &Outcome) {
        let now = self.app.runtime.now();
        self.observe_at(outcome, now);
    }

    fn observe_at(&mut self, outcome: &Outcome, now: UnixMs) {
        let Some(mut place) = self.place.take() else { return };
        place.settle(None, now);
        drop(place);
        if let Some(event) = self.session.as_mut().and_then(|session| session.observe(outcome, now)) {
            self.app.heed(&self.group, &event);
        }
    }

    /// The answer came to its end.
    pub(crate) fn succeeded(&mut self, exchange: &mut Exchange) {
        let answered = self.timing(exchange);
        self.deployment.live.answered(&answered);
        self.group.live.answered(&answered);
        if let Some(place) = &mut self.place {
            place.settle(Some(answered.total_tokens), answered.at);
        }
        self.ties.answered(exchange.record().seen.id.as_deref(), &self.deployment.id, answered.at);
        self.observe_at(&Outcome::Succeeded { deployment: self.deployment.id.clone() }, answered.at);
        self.hand_over(exchange);
    }

    /// It broke off.
    pub(crate) fn failed(&mut self, error: &ApiError, exchange: &mut Exchange) {
        self.observe(&Outcome::Failed {
            deployment: self.deployment.id.clone(),
            kind: error.kind,
            retry_after_ms: error.retry_after_ms,
        });
        self.hand_over(exchange);
    }

    /// It broke off, and others may go on with it: the session, the group in which it stands, and what binds it.
    pub(crate) fn broke(mut self, error: &ApiError) -> (Box<Session>, Arc<Group>, Ties) {
        self.observe(&Outcome::Failed {
            deployment: self.deployment.id.clone(),
            kind: error.kind,
            retry_after_ms: error.retry_after_ms,
        });
        (self.session.take().unwrap_or_default(), self.group.clone(), self.ties.clone())
    }

    /// Its answer is not wanted after all, through no fault of the deployment's.
    pub(crate) fn set_aside(&mut self, exchange: &mut Exchange) {
        self.observe(&Outcome::Cancelled { deployment: self.deployment.id.clone() });
        self.hand_over(exchange);
    }

    /// The decisions belong to the record from here on.
    fn hand_over(&mut self, exchange: &mut Exchange) {
        if let Some(session) = self.session.take() {
            exchange.record_mut().routing = Some(session);
        }
    }

    fn timing(&self, exchange: &Exchange) -> Answered {
        // How long the request took in all is written down when it ends, which is later.
        let (record, age) = (exchange.record(), exchange.age());
        let usage = record.seen.usage.as_ref().map(llm_types::Usage::counts);
        // Of a leg that went on with an answer the first token is not known by itself.
        let is_first = record.continuations == 0;
        let sent_at = record.leg().map_or(age, |leg| leg.sent_at);
        let ms = |until: std::time::Duration| until.saturating_sub(sent_at).as_millis() as u64;
        Answered {
            at: record.at(age),
            stream: record.stream,
            first_token_ms: record.first_byte_at.filter(|_| record.stream && is_first).map(ms),
            answer_ms: ms(age),
            output_tokens: usage.map_or(0, |counts| counts.output_total()),
            total_tokens: usage.map_or(0, |counts| counts.input_total() + counts.output_total()),
        }
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.observe(&Outcome::Cancelled { deployment: self.deployment.id.clone() });
        }
    }
}
