//! What one attempt writes into the exchange, while others may be under way at the same time.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use llm_provider_core::{Note, NoteKind, Seen};
use llm_router::Reason;
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};

use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::ledger::Hold;
use crate::limits::Held;

/// The exchange while deployments are asked. All attempts of a request are polled by one task, so nobody ever waits here.
#[derive(Debug)]
pub(crate) struct Desk(Mutex<Shared>);

#[derive(Debug)]
struct Shared {
    exchange: Exchange,
    /// What the first attempt could not carry: the client lives with that.
    lost: Option<Vec<String>>,
    /// Whether an answer has broken off: what was noted of it holds as well.
    resumed: bool,
}

impl Desk {
    pub(crate) const fn new(exchange: Exchange) -> Self {
        Self(Mutex::new(Shared { exchange, lost: None, resumed: false }))
    }

    /// The same for an answer that has broken off: what was lost of the request until then, the client lives with.
    pub(crate) fn resume(exchange: Exchange) -> Self {
        let notes = exchange.record().notes.iter();
        let lost =
            notes.filter(|note| note.kind == NoteKind::Dropped).map(|note| note.path.clone()).collect();
        Self(Mutex::new(Shared { exchange, lost: Some(lost), resumed: true }))
    }

    /// The exchange, once all attempts are over.
    pub(crate) fn close(self) -> Exchange {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).exchange
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Exchange) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).exchange)
    }
}

/// One attempt's page. What it has begun and not ended when it is dropped was given up.
#[derive(Debug)]
pub(crate) struct Book<'a> {
    desk: &'a Desk,
    reason: Reason,
    /// The leg under way, or the last one.
    leg: Option<usize>,
    notes: Vec<Note>,
    /// What is set aside for it.
    hold: Option<Arc<Hold>>,
    over: bool,
}

impl<'a> Book<'a> {
    pub(crate) const fn open(desk: &'a Desk, reason: Reason) -> Self {
        Self { desk, reason, leg: None, notes: Vec::new(), hold: None, over: false }
    }

    /// The same, paid from what was set aside for it.
    pub(super) fn paid_from(mut self, hold: Option<Arc<Hold>>) -> Self {
        self.hold = hold;
        self
    }

    /// What the answer may cost at most.
    pub(super) fn hold(&self) -> Option<&Hold> {
        self.hold.as_deref()
    }

    /// What translation changed so far.
    pub(crate) fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// What translation changed.
    pub(super) fn note(&mut self, notes: Vec<Note>) {
        if self.notes.is_empty() {
            self.notes = notes;
        } else {
            self.notes.extend(notes);
        }
    }

    /// Whether the request may be sent with these losses: a fallback must not lose what the first choice would not.
    ///
    /// # Errors
    /// The first thing that would be lost.
    pub(super) fn weigh(&self, notes: &[Note]) -> Result<(), ApiError> {
        let mut dropped = notes.iter().filter(|note| note.kind == NoteKind::Dropped);
        let mut shared = self.desk.0.lock().unwrap_or_else(PoisonError::into_inner);
        if self.reason != Reason::Fallback && !shared.resumed {
            shared.lost.get_or_insert_with(|| dropped.map(|note| note.path.clone()).collect());
            return Ok(());
        }
        let known = shared.lost.as_deref().unwrap_or_default();
        match dropped.find(|note| !known.contains(&note.path)) {
            None => Ok(()),
            Some(new) => {
                let message = format!("a fallback would lose something: {new}");
                Err(ApiError::new(ErrorKind::Unsupported, Layer::Translation, message)
                    .with_param(new.path.clone())
                    .with_code("lossy_fallback"))
            }
        }
    }

    /// A request is handed to the transport.
    ///
    /// # Errors
    /// It cannot be booked, and must not be sent.
    pub(super) fn begin_leg(&mut self, deployment: &Deployment, relayed: bool) -> Result<(), ApiError> {
        if let Some(before) = self.leg.take() {
            self.desk.with(|exchange| exchange.leg_deferred(before));
        }
        let (reason, hold) = (self.reason, self.hold.clone());
        self.leg = Some(self.desk.with(|exchange| exchange.begin_leg(deployment, relayed, reason, hold))?);
        Ok(())
    }

    /// The leg has answered a part of what is asked.
    pub(super) fn answered_part(&mut self, seen: Seen) {
        if let Some(leg) = self.leg {
            self.desk.with(|exchange| exchange.leg_answered(leg, seen));
        }
    }

    /// The answer has a head. When that was, if anybody was asked.
    pub(super) fn leg_head(&self, status: u16) -> Option<UnixMs> {
        let leg = self.leg?;
        Some(self.desk.with(|exchange| exchange.leg_head(leg, status)))
    }

    /// The vendor refused, and says in these headers whatever it has to say beside.
    pub(super) fn leg_refused(&self, headers: &HeaderMap) {
        if let Some(leg) = self.leg {
            self.desk.with(|exchange| exchange.leg_refused(leg, headers));
        }
    }

    /// The leg failed, and the attempt begins anew.
    pub(super) fn start_over(&mut self, kind: ErrorKind) {
        self.notes.clear();
        if let Some(leg) = self.leg.take() {
            self.desk.with(|exchange| exchange.leg_failed(leg, kind));
        }
    }

    /// A share of a bound that is given back when the request ends.
    pub(super) fn keep(&self, held: Held) {
        self.desk.with(|exchange| exchange.hold(held));
    }

    /// The attempt is over. What it noted holds for the request, unless another attempt follows.
    pub(crate) fn end(mut self, result: Result<(), ErrorKind>) {
        self.over = true;
        let notes = std::mem::take(&mut self.notes);
        let mut shared = self.desk.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Shared { exchange, resumed, .. } = &mut *shared;
        if *resumed {
            exchange.record_mut().notes.extend(notes);
        } else {
            exchange.record_mut().notes = notes;
        }
        match (result, self.leg) {
            (Ok(()), Some(leg)) => exchange.answered_by(leg),
            (Err(kind), Some(leg)) => exchange.leg_failed(leg, kind),
            (_, None) => {}
        }
    }
}

impl Drop for Book<'_> {
    fn drop(&mut self) {
        if let (false, Some(leg)) = (self.over, self.leg) {
            self.desk.with(|exchange| exchange.leg_cancelled(leg));
        }
    }
}
