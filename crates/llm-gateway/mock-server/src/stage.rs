//! What the server plays next: the default script, the queue, the exchanges; and what it has played.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Uri};
use llm_provider_mock::{Ordinals, Plan, Script};

use crate::exchanges::Replay;
use crate::record::Records;

/// Shared by the connections, the control API and the handle.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) records: Arc<Records>,
    pub(crate) max_body_bytes: usize,
    pub(crate) clock: fn() -> i64,
    cues: Mutex<Cues>,
}

#[derive(Debug, Default)]
struct Cues {
    script: Option<Arc<Script>>,
    queue: VecDeque<Arc<Script>>,
    ordinals: Ordinals,
    replay: Replay,
}

/// What to answer a request with, as far as the server has a say.
#[derive(Debug)]
pub(crate) enum Cue {
    /// By its own script, or this one.
    Script(Option<Arc<Script>>),
    /// By an exchange; none is left where this is `None`.
    Replay(Option<Box<Plan>>),
}

impl Stage {
    pub(crate) fn new(
        records: Arc<Records>,
        script: Option<Script>,
        max_body_bytes: usize,
        clock: fn() -> i64,
    ) -> Self {
        let cues = Cues { script: script.map(Arc::new), ..Cues::default() };
        Self { records, max_body_bytes, clock, cues: Mutex::new(cues) }
    }

    /// The cue for a request. One that `speaks`, that is asks for an answer, takes a script off the queue.
    pub(crate) fn cue(&self, method: &Method, uri: &Uri, speaks: bool) -> Cue {
        let mut cues = self.lock();
        if cues.replay.is_on() {
            return Cue::Replay(cues.replay.take(method, uri).map(Box::new));
        }
        let queued = if speaks { cues.queue.pop_front() } else { None };
        Cue::Script(queued.or_else(|| cues.script.clone()))
    }

    pub(crate) fn ordinal(&self, key: u64) -> u64 {
        self.lock().ordinals.next(key)
    }

    /// Replaces the default script and empties the queue; counting begins anew.
    pub(crate) fn set_script(&self, script: Option<Script>) {
        let mut cues = self.lock();
        cues.script = script.map(Arc::new);
        cues.queue.clear();
        cues.ordinals = Ordinals::default();
    }

    /// Replaces the queue.
    pub(crate) fn set_queue(&self, scripts: Vec<Script>) {
        self.lock().queue = scripts.into_iter().map(Arc::new).collect();
    }

    pub(crate) fn set_replay(&self, replay: Replay) {
        self.lock().replay = replay;
    }

    pub(crate) fn queued(&self) -> usize {
        self.lock().queue.len()
    }

    pub(crate) fn exchanges_left(&self) -> usize {
        self.lock().replay.left()
    }

    fn lock(&self) -> MutexGuard<'_, Cues> {
        // Nothing panics while it is held; were it so, the cues would still be whole.
        self.cues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
