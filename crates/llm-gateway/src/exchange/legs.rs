//! Legs of a request: booked before they are sent, settled when they are over.

use std::sync::Arc;

use http::HeaderMap;
use llm_ledger::Status;
use llm_provider_core::Seen;
use llm_router::Reason;
use llm_types::{ApiError, ErrorKind, UnixMs, Usage};

use super::{Exchange, Leg, Record};
use crate::deployment::Deployment;
use crate::ledger::{Billed, Ending, Hold, Known};
use crate::pricing;

impl Exchange {
    /// A request is about to be handed to the transport: it is booked, and paid from what is held. The place of its leg. It
    /// may be sent when the books are [kept](crate::ledger::Ledger::is_kept).
    ///
    /// # Errors
    /// It cannot be booked, or nobody waits for the answer any more: it must not be sent.
    pub fn begin_leg(
        &mut self,
        deployment: &Deployment,
        relayed: bool,
        reason: Reason,
        hold: Option<Arc<Hold>>,
    ) -> Result<usize, ApiError> {
        if let Some(presence) = &self.presence {
            presence.asks(self.finaliser.ledger.is_some())?;
        }
        let sent_at = self.age();
        let leg = Leg {
            reason,
            deployment: deployment.id.clone(),
            provider: deployment.provider_name.clone(),
            model: deployment.model.clone(),
            relayed,
            sent_at,
            head_at: None,
            status: None,
            refusal: None,
            over_at: None,
            error: None,
            cancelled: false,
            pricing: self.pricing(deployment),
            budgets: deployment.budgets.clone(),
            seen: None,
        };
        let place = self.record.legs.len();
        let rates = self.allowed.as_ref().and_then(|allowed| allowed.rates.as_ref());
        let open = match &self.finaliser.ledger {
            Some(ledger) => Some(ledger.intend(&self.record, &leg, place, hold, rates)?),
            None => None,
        };
        self.open.push(open);
        self.record.legs.push(leg);
        Ok(place)
    }

    /// Closes the books on a leg, if they are not closed. `seen` is what was heard of its answer, where the record does not
    /// know it.
    fn settle(&mut self, place: usize, status: Status, seen: Option<&Seen>) {
        self.settle_by(place, status, seen, false);
    }

    /// The same; where it is written `soon`, somebody waits for that.
    fn settle_by(&mut self, place: usize, status: Status, seen: Option<&Seen>, soon: bool) {
        let Some(open) = self.open.get_mut(place).and_then(Option::take) else { return };
        let now = self.record.at(self.age());
        let Self { record, finaliser, is_priced, reading, .. } = self;
        if let (Some(ledger), Some(leg)) = (&finaliser.ledger, record.legs.get(place)) {
            let answered_by = record.answered_by.or(record.legs.len().checked_sub(1));
            let of_record =
                (answered_by == Some(place) && record.seen != Seen::default()).then_some(&record.seen);
            let own = seen.or(leg.seen.as_deref());
            let is_all =
                own.is_none() && of_record.is_some() && record.legs.iter().all(|leg| leg.seen.is_none());
            let known = if is_all && status == Status::Answered {
                // What is known of the request is this leg's, and no other's.
                let bill = if *is_priced { Billed::Known(record.bill.as_deref()) } else { Billed::Unknown };
                Known { bill, is_sound: reading.is_some() }
            } else {
                Known::default()
            };
            let ending = Ending { status, seen: own.or(of_record), known, at: now };
            ledger.settle(open, record, leg, &ending, soon);
        }
    }

    /// Closes the books on everything: the answer is there, or it never will be.
    pub(super) fn settle_all(&mut self, usual: Status) {
        self.settle_all_by(usual, false);
    }

    fn settle_all_by(&mut self, usual: Status, soon: bool) {
        for place in 0..self.open.len() {
            let Some(leg) = self.record.legs.get(place) else { continue };
            let status = match leg.error {
                Some(_) if leg.seen.is_some() => Status::Cut,
                Some(_) => Status::Failed,
                // Whoever is hung up on before anybody has answered was not given up by us.
                None if leg.cancelled && (usual != Status::HungUp || self.record.answered_by.is_some()) => {
                    Status::Cancelled
                }
                // It has given its part of an answer that came in parts.
                None if leg.seen.is_some() => Status::Answered,
                None => usual,
            };
            self.settle_by(place, status, None, soon);
        }
    }

    /// The whole answer is here and has not been handed over: the books are closed before that. Whoever hands it over waits
    /// until they are [kept](crate::ledger::Ledger::is_kept).
    pub fn settle_answer(&mut self) {
        self.settle_all_by(Status::Answered, true);
    }

    /// The last of a streamed answer is here and has not been handed over. Whether there was anything to close.
    pub fn settle_heard(&mut self, seen: &Seen) -> bool {
        if self.open.iter().all(Option::is_none) {
            return false;
        }
        if let Some(leg) = self.answering() {
            self.settle(leg, Status::Answered, Some(seen));
        }
        self.settle_all(Status::Cancelled);
        true
    }

    /// The gateway has ended a streamed answer that was heard so far.
    pub fn settle_cut(&mut self) {
        if let Some(leg) = self.answering() {
            self.settle(leg, Status::Cut, None);
        }
        self.settle_all(Status::Cancelled);
    }

    /// A part of a streamed answer has come: noted down now and then.
    pub fn note_progress(&mut self, content_bytes: u64) {
        let Some(ledger) = &self.finaliser.ledger else { return };
        let leg = self.answering();
        if let Some(open) = leg.and_then(|leg| self.open.get_mut(leg)).and_then(Option::as_mut) {
            let age = self.finaliser.runtime.elapsed().saturating_sub(self.began);
            ledger.note(open, content_bytes, age, self.record.at(age));
        }
    }

    /// A leg's answer has a head. When that was.
    pub fn leg_head(&mut self, leg: usize, status: u16) -> UnixMs {
        let age = self.age();
        if let Some(leg) = self.record.legs.get_mut(leg) {
            leg.head_at = Some(age);
            leg.status = Some(status);
        }
        self.record.at(age)
    }

    /// The vendor refused. What it says in its headers is told on, if nobody else answers.
    pub fn leg_refused(&mut self, leg: usize, headers: &HeaderMap) {
        if let Some(leg) = self.record.legs.get_mut(leg) {
            leg.refusal = Some(Box::new(headers.clone()));
        }
    }

    /// A leg failed.
    pub fn leg_failed(&mut self, place: usize, kind: ErrorKind) {
        let age = self.age();
        if let Some(leg) = self.record.legs.get_mut(place) {
            leg.over_at = Some(age);
            leg.error = Some(kind);
            let said = leg.seen.is_some()
                || self.record.answered_by == Some(place) && self.record.seen.content_bytes > 0;
            self.settle(place, if said { Status::Cut } else { Status::Failed }, None);
        }
    }

    /// A leg was given up.
    pub fn leg_cancelled(&mut self, place: usize) {
        let age = self.age();
        if let Some(leg) = self.record.legs.get_mut(place) {
            leg.over_at = Some(age);
            leg.cancelled = true;
        }
    }

    /// A leg has answered a part of what is asked in several requests.
    pub fn leg_answered(&mut self, place: usize, seen: Seen) {
        if let Some(leg) = self.record.legs.get_mut(place) {
            leg.seen = Some(Box::new(seen));
            self.is_priced = false;
            self.settle(place, Status::Answered, None);
        }
    }

    /// A leg has said no more than that the vendor is to be asked again, which costs nothing.
    pub fn leg_deferred(&mut self, place: usize) {
        let nothing = Seen { usage: Some(Usage::new(0, 0)), complete: true, ..Seen::default() };
        self.settle(place, Status::Answered, Some(&nothing));
    }
}

/// Tokens that a request has taken: the vendors' word, or an estimate of what was written.
pub(super) fn used_tokens(record: &Record) -> i64 {
    let seen = &record.seen;
    let counts = match &seen.usage {
        Some(usage) => usage.counts(),
        None if seen.content_bytes > 0 => pricing::told_usage(seen, record.request_bytes).counts(),
        None => return 0,
    };
    i64::try_from(counts.input_total().saturating_add(counts.output_total())).unwrap_or(i64::MAX)
}

impl Record {
    /// Whether something was answered at a price that nobody knows.
    pub(crate) fn is_unpriced(&self) -> bool {
        let seen = &self.seen;
        self.bill.is_none()
            && (seen.usage.is_some() || seen.content_bytes > 0)
            && self.leg().is_some_and(|leg| leg.pricing.prices.is_none())
    }
}
