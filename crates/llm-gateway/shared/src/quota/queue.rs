//! Who waits for shares of one bucket: whoever has the turn asks for all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use llm_limits::{Ask, AuthorityError};
use tokio::sync::oneshot;

use super::call::{Answered, Line};
use super::mirror::{Mirror, Place};
use super::tries::tries;

/// Asks that one call takes along, unless one request has more.
const TOGETHER: usize = 64;

/// What is booked, by the database, and what Redis had counted before it was asked.
pub(crate) type Seeds = HashMap<Place, (i64, String)>;

/// Requests that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue(Mutex<Vec<Waiting>>);

/// One request that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) asks: Vec<Ask>,
    pub(crate) seeds: Seeds,
    pub(crate) reply: oneshot::Sender<Result<Vec<Answered>, AuthorityError>>,
}

impl Queue {
    /// Waits from now on.
    pub(crate) fn wait(
        &self,
        asks: &[&Ask],
        seeds: &Seeds,
    ) -> oneshot::Receiver<Result<Vec<Answered>, AuthorityError>> {
        let (reply, answer) = oneshot::channel();
        let asks = asks.iter().map(|ask| (*ask).clone()).collect();
        self.lock().push(Waiting { asks, seeds: seeds.clone(), reply });
        answer
    }

    /// Those who are asked for together now; whoever has gone in the meantime is forgotten.
    pub(crate) fn next(&self) -> Vec<Waiting> {
        let mut waiting = self.lock();
        waiting.retain(|waiting| !waiting.reply.is_closed());
        let mut asks = 0;
        let fits = waiting.iter().take_while(|one| {
            let is_first = asks == 0;
            asks += one.asks.len();
            is_first || asks <= TOGETHER
        });
        let count = fits.count();
        waiting.drain(..count).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call says for all of these. The accounts of one shelf of one request are a group.
pub(crate) fn lines(waiting: &[Waiting], mirror: &mut Mirror, replicas: usize) -> Vec<Line> {
    let mut wished: HashMap<Place, i64> = HashMap::new();
    let mut lines = Vec::new();
    for Waiting { asks, seeds, .. } in waiting {
        let first = lines.len();
        for ask in asks {
            let told = mirror.ask(ask);
            let before = wished.entry(told.place.clone()).or_default();
            // Those who are asked for together count towards an even part together.
            let tries = tries(ask, told.amount.saturating_add(*before), replicas);
            *before = before.saturating_add(ask.wish.max(ask.need).max(0));
            let shelf =
                asks.iter().position(|one| one.account.shelf == ask.account.shelf).unwrap_or_default();
            lines.push(Line { group: first + shelf, tries, seed: seeds.get(&told.place).cloned(), told });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use llm_limits::AccountId;
    use llm_types::UnixMs;

    use super::*;

    fn ask(name: &str, shelf: &str) -> Ask {
        let account = AccountId { name: name.into(), shelf: shelf.into() };
        Ask { account, window: 0, until: UnixMs(0), limit: 10, need: 2, wish: 2, is_booked: false }
    }

    #[test]
    fn groups_are_apart_and_even_parts_are_counted_together() {
        let queue = Queue::default();
        let (a, b, c) = (ask("a", "s"), ask("b", "s"), ask("c", "c"));
        let seeds = Seeds::new();
        let _first = queue.wait(&[&a, &b, &c], &seeds);
        let gone = queue.wait(&[&a], &seeds);
        let _second = queue.wait(&[&a, &a], &seeds);
        drop(gone);
        let waiting = queue.next();
        assert_eq!(waiting.len(), 2);
        let lines = lines(&waiting, &mut Mirror::default(), 2);
        assert_eq!(lines.iter().map(|line| line.group).collect::<Vec<_>>(), [0, 0, 2, 3, 3]);
        let evens: Vec<_> = lines.iter().map(|line| line.tries[0].is_even).collect();
        assert_eq!(evens, [true, true, true, true, false], "six of ten is more than half");
        assert!(queue.next().is_empty());
    }

    #[test]
    fn a_call_takes_so_many_along() {
        let queue = Queue::default();
        let one = ask("a", "s");
        let many = vec![&one; TOGETHER];
        let _waiting: Vec<_> = [&many[..], &many[..3], &many[..], &many[..1]]
            .map(|asks| queue.wait(asks, &Seeds::new()))
            .into_iter()
            .collect();
        assert_eq!(
            [queue.next().len(), queue.next().len(), queue.next().len(), queue.next().len()],
            [1, 1, 1, 1]
        );
    }
}
