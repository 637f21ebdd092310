//! A question that is under way, and those who wait for what comes of it. No runtime: wakers in a list.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use llm_types::UnixMs;

use crate::account::Account;

/// One question.
#[derive(Debug)]
pub(crate) struct Flight {
    /// When it was asked.
    asked_at: UnixMs,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    waiting: Vec<Waker>,
}

impl Flight {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn land(&self) {
        let mut state = self.state();
        state.is_over = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Waits until a question is answered, or will not be, and says when it was asked.
#[derive(Debug)]
pub(crate) struct Landing {
    flight: Arc<Flight>,
    place: Option<usize>,
}

impl Landing {
    pub(crate) const fn of(flight: Arc<Flight>) -> Self {
        Self { flight, place: None }
    }
}

impl Future for Landing {
    type Output = UnixMs;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<UnixMs> {
        let flight = self.flight.clone();
        let mut state = flight.state();
        if state.is_over {
            return Poll::Ready(flight.asked_at);
        }
        match self.place.and_then(|place| state.waiting.get_mut(place)) {
            Some(waker) => waker.clone_from(context.waker()),
            None => {
                state.waiting.push(context.waker().clone());
                self.place = Some(state.waiting.len() - 1);
            }
        }
        Poll::Pending
    }
}

/// Whoever asks for some accounts, alone. When it is dropped, whether answered or not, the others go on.
#[derive(Debug)]
pub(crate) struct Aboard {
    flight: Arc<Flight>,
    accounts: Vec<Arc<Account>>,
}

impl Aboard {
    /// Begins to ask for all of these accounts; if another asks for one of them, answers whom to wait for.
    pub(crate) fn board<'a>(
        accounts: impl Iterator<Item = &'a Arc<Account>>,
        now: UnixMs,
    ) -> Result<Self, Landing> {
        let flight = Arc::new(Flight { asked_at: now, state: Mutex::default() });
        let mut aboard = Self { flight, accounts: Vec::new() };
        for account in accounts {
            let mut flight = account.flight();
            match &*flight {
                Some(other) if Arc::ptr_eq(other, &aboard.flight) => {}
                Some(other) => return Err(Landing::of(other.clone())),
                None => {
                    *flight = Some(aboard.flight.clone());
                    drop(flight);
                    aboard.accounts.push(account.clone());
                }
            }
        }
        Ok(aboard)
    }

    pub(crate) fn landing(&self) -> Landing {
        Landing::of(self.flight.clone())
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        for account in &self.accounts {
            *account.flight() = None;
        }
        self.flight.land();
    }
}
