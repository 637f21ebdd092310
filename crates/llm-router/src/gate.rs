//! [`Gate`]: so many requests at a time, the others in a fair queue.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use llm_types::UnixMs;
use tokio::sync::oneshot;

#[cfg(test)]
mod tests;

/// Lets so many in at a time. The others wait: who came first goes first, and one step of priority is worth as much as
/// [`Gate::STEP_MS`] of waiting, so that nobody waits for ever.
pub struct Gate {
    bound: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    most: usize,
    inside: usize,
    tickets: u64,
    /// By the instant that counts, then by ticket.
    waiting: BTreeMap<(i64, u64), oneshot::Sender<Pass>>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("most", &self.most()).field("bound", &self.bound).finish_non_exhaustive()
    }
}

/// More wait already than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowded {
    /// How many wait.
    pub waiting: usize,
}

impl fmt::Display for Crowded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests wait already", self.waiting)
    }
}

impl std::error::Error for Crowded {}

/// Leave to be inside, until it is dropped.
pub struct Pass(Arc<Gate>);

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

impl Gate {
    /// What one step of priority is worth, in milliseconds of waiting.
    pub const STEP_MS: i64 = 100;

    /// A gate for `most` at a time; `bound` more may wait.
    pub fn new(most: usize, bound: usize) -> Arc<Self> {
        let state = State { most: most.max(1), ..State::default() };
        Arc::new(Self { bound, state: Mutex::new(state) })
    }

    /// How many may be inside at a time.
    pub fn most(&self) -> usize {
        self.state().most
    }

    /// Requests that are inside.
    pub fn inside(&self) -> usize {
        self.state().inside
    }

    /// From now on so many may be inside; none is possible. Who is inside already stays.
    pub fn resize(self: &Arc<Self>, most: usize) {
        let mut state = self.state();
        state.most = most;
        let mut called = Vec::new();
        while state.inside < state.most
            && let Some((_, next)) = state.waiting.pop_first()
        {
            if !next.is_closed() {
                state.inside += 1;
                called.push(next);
            }
        }
        drop(state);
        for next in called {
            // Whoever has gone in the meantime drops the pass.
            let _gone = next.send(Pass(self.clone()));
        }
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// Goes in if there is room now.
    pub fn try_enter(self: &Arc<Self>) -> Option<Pass> {
        let mut state = self.state();
        let has_room = state.inside < state.most;
        state.inside += usize::from(has_room);
        drop(state);
        has_room.then(|| Pass(self.clone()))
    }

    /// Waits until there is room. Lower priorities go first.
    ///
    /// # Errors
    /// [`Crowded`], if too many wait.
    pub async fn enter(self: &Arc<Self>, priority: u8, now: UnixMs) -> Result<Pass, Crowded> {
        let turn = {
            let mut state = self.state();
            if state.inside < state.most {
                state.inside += 1;
                return Ok(Pass(self.clone()));
            }
            // Who has gone away does not wait.
            state.waiting.retain(|_, waiting| !waiting.is_closed());
            if state.waiting.len() >= self.bound {
                return Err(Crowded { waiting: state.waiting.len() });
            }
            let (call, turn) = oneshot::channel();
            state.tickets += 1;
            let counts = now.0.saturating_add(i64::from(priority) * Self::STEP_MS);
            let key = (counts, state.tickets);
            state.waiting.insert(key, call);
            turn
        };
        // The caller is never dropped while somebody waits.
        turn.await.map_err(|_| Crowded { waiting: 0 })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One has gone out: the next comes in.
    fn leave(self: &Arc<Self>) {
        let mut state = self.state();
        while state.inside <= state.most
            && let Some((_, next)) = state.waiting.pop_first()
        {
            if next.is_closed() {
                continue;
            }
            drop(state);
            // Whoever has gone in the meantime drops the pass, and with it comes here again.
            let _gone = next.send(Pass(self.clone()));
            return;
        }
        state.inside -= 1;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.leave();
    }
}
