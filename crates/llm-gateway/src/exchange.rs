//! One request's life: what it was, whom it asked, what came back. It ends once, in one finaliser.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use llm_ledger::Status;
use llm_limits::Reservation;
use llm_pricing::{Adjustment, Reading};
use llm_provider_core::Seen;
use llm_types::ErrorKind;

use crate::deployment::Deployment;
use crate::headers::Values;
use crate::ledger::{Name, OpenLeg};
use crate::limits::Held;
use crate::pricing::{self, Bill, Pricing};
use crate::quotas::{Allowance, Extended, Meter, Overrun};
use crate::stage::Stage;

mod finaliser;
mod legs;
mod presence;
mod record;

pub use finaliser::{Finaliser, Sink};
pub(crate) use presence::Presence;
pub use record::{Leg, Outcome, Record};

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
    /// Whether what was heard has been priced, whatever came of it.
    is_priced: bool,
    /// The usage that was heard, if it is the vendor's and can be true; `None` where nobody has looked.
    reading: Option<Box<Reading>>,
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
            record: Box::new(Record::new(name, route, config_version)),
            finaliser: finaliser.clone(),
            held: Vec::new(),
            open: Vec::new(),
            allowed: None,
            own_prices: None,
            presence: None,
            is_priced: false,
            reading: None,
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
        if let Some(Allowed { allowance, rates }) = self.allowed.as_deref() {
            allowance.tell(rates.as_ref(), self.finaliser.runtime.now(), values, map);
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
            self.is_priced = false;
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

    /// What was heard in an answer. `reading` is the vendor's usage, if it has told one that can be true.
    pub fn hear(&mut self, seen: Seen, reading: Option<Box<Reading>>) {
        self.set_seen(seen);
        self.reading = reading;
    }

    fn set_seen(&mut self, seen: Seen) {
        self.record.seen = seen;
        (self.is_priced, self.reading) = (false, None);
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
        self.set_seen(seen);
    }

    /// Works out what the answer costs, as far as it has been heard.
    pub fn price(&mut self) {
        let has_parts = self.record.legs.iter().any(|leg| leg.seen.is_some());
        if has_parts {
            self.join_parts();
        }
        let record = &mut *self.record;
        let is_heard = record.seen.usage.is_some() || record.seen.content_bytes > 0;
        if record.bill.is_some() || self.is_priced || !(is_heard || has_parts) {
            return;
        }
        self.is_priced = true;
        let bill = if has_parts {
            let parts = record.legs.iter().filter(|leg| leg.seen.is_some()).map(|leg| record.part_bill(leg));
            // What one part costs is not known: then neither is what all of them do.
            let bills: Option<Vec<Bill>> = parts.collect();
            bills.and_then(|bills| bills.into_iter().reduce(Bill::and))
        } else {
            let leg = record.leg();
            leg.and_then(|leg| match &self.reading {
                Some(reading) => leg.pricing.bill_as_read(&record.seen, reading, record.started),
                None => leg.pricing.bill(&record.seen, record.request_bytes, record.started),
            })
        };
        record.bill = bill.map(Box::new);
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

#[cfg(test)]
mod tests;
