//! [`Presence`]: whether somebody still waits for an answer.

use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{AcqRel, Acquire, Release},
};

use llm_types::{ApiError, ErrorKind, Layer};

use super::Exchange;

/// Whether somebody still waits for an answer, and whether anybody was asked whom the books know of. Shared by the
/// exchange and by whoever drops its work.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    is_booked: AtomicBool,
    is_gone: AtomicBool,
}

impl Presence {
    /// A vendor is about to be asked.
    ///
    /// # Errors
    /// Nobody waits for the answer any more.
    pub(super) fn asks(&self, is_booked: bool) -> Result<(), ApiError> {
        if self.is_gone.load(Acquire) {
            let message = "the client went away before anybody else was asked";
            return Err(ApiError::new(ErrorKind::ClientClosed, Layer::Client, message));
        }
        if is_booked {
            self.is_booked.store(true, Release);
        }
        Ok(())
    }

    /// Nobody waits any more: nobody else is asked. Whether the books wait for the answer of somebody who was.
    pub(crate) fn leave(&self) -> bool {
        let is_first = !self.is_gone.swap(true, AcqRel);
        is_first && self.is_booked.load(Acquire)
    }
}

impl Exchange {
    /// Whether somebody waits for the answer is known here.
    pub(crate) fn waited_for_by(&mut self, presence: Arc<Presence>) {
        self.presence = Some(presence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_once_the_client_is_gone() {
        let presence = Presence::default();
        presence.asks(true).unwrap();
        presence.asks(false).unwrap();
        assert!(presence.leave());
        assert_eq!(presence.asks(true).unwrap_err().kind, ErrorKind::ClientClosed);
        assert!(!presence.leave(), "told once");
        let unbooked = Presence::default();
        unbooked.asks(false).unwrap();
        assert!(!unbooked.leave(), "no books, nothing to hear for them");
    }
}
