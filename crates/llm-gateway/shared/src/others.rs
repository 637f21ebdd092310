//! What the other replicas have told. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use llm_router::{SharedState, Sum};
use llm_types::UnixMs;

use crate::{Checked, Cooling, News, Pin, Spent};

/// What the other replicas have told, folded into what a replica goes by.
#[derive(Debug, Default)]
pub struct Others {
    replicas: HashMap<String, Replica>,
    /// Times that have come since they were last asked for, by deployment.
    times: HashMap<String, (Sum, Sum)>,
}

#[derive(Debug, Default)]
struct Replica {
    seen: UnixMs,
    deployments: HashMap<String, SharedState>,
    budgets: HashMap<String, Spent>,
}

/// What a piece of news is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Touched {
    /// Deployments.
    pub deployments: BTreeSet<String>,
    /// Cool-downs of keys.
    pub keys: BTreeMap<String, Cooling>,
    /// Budgets.
    pub budgets: BTreeSet<String>,
    /// Who was served where.
    pub pins: Vec<(String, Pin)>,
    /// What they found of deployments that they checked.
    pub checks: Vec<(String, Checked)>,
}

impl Others {
    /// Milliseconds without a word after which a replica is gone.
    pub const GONE_MS: u64 = 5_000;
    /// Replicas that are remembered, at most.
    const MOST: usize = 1_000;

    /// Takes what a replica has told.
    pub fn hear(&mut self, replica: &str, news: News, now: UnixMs, touched: &mut Touched) {
        if news.bye {
            touched.deployments.extend(self.forget(replica));
            return;
        }
        if self.replicas.len() >= Self::MOST && !self.replicas.contains_key(replica) {
            return;
        }
        let known = self.replicas.entry(replica.to_owned()).or_default();
        known.seen = now;
        for (id, state) in news.deployments {
            let before = known.deployments.insert(id.clone(), state).unwrap_or_default();
            let times = self.times.entry(id.clone()).or_default();
            add(&mut times.0, since(state.first_token, before.first_token));
            add(&mut times.1, since(state.answer, before.answer));
            touched.deployments.insert(id);
        }
        for (key, cooling) in news.keys {
            let known = touched.keys.entry(key).or_insert(cooling);
            if known.until < cooling.until {
                *known = cooling;
            }
        }
        touched.pins.extend(news.pins);
        touched.checks.extend(news.checks);
        for (name, spent) in news.budgets {
            known.budgets.insert(name.clone(), spent);
            touched.budgets.insert(name);
        }
    }

    /// Forgets replicas of which nothing was heard for long. What they had under way is over.
    pub fn sweep(&mut self, now: UnixMs, touched: &mut Touched) {
        let gone = |replica: &Replica| now.since(replica.seen) > Self::GONE_MS;
        let gone: Vec<String> =
            self.replicas.iter().filter(|(_, replica)| gone(replica)).map(|(name, _)| name.clone()).collect();
        for replica in gone {
            touched.deployments.extend(self.forget(&replica));
        }
    }

    /// Nobody could be heard for a while: what they told last holds until they have had the time to tell again.
    pub fn meet_again(&mut self, now: UnixMs) {
        self.replicas.values_mut().for_each(|replica| replica.seen = now);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.replicas.len()
    }

    /// Whether any of the others has sent requests to a deployment in this minute.
    pub fn use_it(&self, id: &str, minute: i64) -> bool {
        let known = self.replicas.values().filter_map(|replica| replica.deployments.get(id));
        known.into_iter().any(|state| state.minute == minute && state.requests > 0)
    }

    /// What the others know of a deployment together. Times are handed out once.
    pub fn of(&mut self, id: &str, minute: i64) -> SharedState {
        let (first_token, answer) = self.times.remove(id).unwrap_or_default();
        let mut all = SharedState { minute, first_token, answer, ..SharedState::default() };
        for state in self.replicas.values().filter_map(|replica| replica.deployments.get(id)) {
            if state.minute == minute {
                all.requests = all.requests.saturating_add(state.requests);
                all.tokens = all.tokens.saturating_add(state.tokens);
            }
            all.in_flight = all.in_flight.saturating_add(state.in_flight);
            if state.cooling_until > all.cooling_until {
                all.cooling_until = state.cooling_until;
                all.cause = state.cause;
                all.half_open = state.half_open;
            }
        }
        all
    }

    /// What the others have spent of a budget in the period that ends at `until`, and the end of their period if that
    /// is an earlier one: the first to begin it decides.
    pub fn spent(&self, name: &str, until: UnixMs, now: UnixMs) -> Spent {
        let theirs = || self.replicas.values().filter_map(|replica| replica.budgets.get(name));
        let running = || theirs().filter(|spent| spent.until > now);
        let until = running().map(|spent| spent.until).min().map_or(until, |first| first.min(until));
        Spent { amount: running().map(|spent| spent.amount).sum(), until }
    }

    fn forget(&mut self, replica: &str) -> Vec<String> {
        let Some(known) = self.replicas.remove(replica) else { return Vec::new() };
        known.deployments.into_keys().collect()
    }
}

/// What has come since; all of it, if the count began anew.
fn since(now: Sum, before: Sum) -> Sum {
    match (now.count.checked_sub(before.count), now.total_ms.checked_sub(before.total_ms)) {
        (Some(count), Some(total_ms)) => Sum { count, total_ms },
        _ => now,
    }
}

fn add(sum: &mut Sum, more: Sum) {
    sum.count = sum.count.saturating_add(more.count);
    sum.total_ms = sum.total_ms.saturating_add(more.total_ms);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_763_700_000_000);
    const MINUTE: i64 = NOW.0 / 60_000;

    fn told(state: SharedState) -> News {
        News { deployments: [("d".to_owned(), state)].into(), ..News::default() }
    }

    fn hear(others: &mut Others, replica: &str, news: News, now: UnixMs) -> Touched {
        let mut touched = Touched::default();
        others.hear(replica, news, now, &mut touched);
        touched
    }

    #[test]
    fn what_is_told_twice_counts_once() {
        let mut others = Others::default();
        let state = SharedState {
            minute: MINUTE,
            requests: 7,
            tokens: 70,
            in_flight: 2,
            answer: Sum { count: 2, total_ms: 100 },
            ..SharedState::default()
        };
        for _ in 0..2 {
            assert_eq!(hear(&mut others, "a", told(state), NOW).deployments.len(), 1);
        }
        let cooling = SharedState { cooling_until: Some(NOW.plus(9)), in_flight: 1, requests: 1, ..state };
        hear(&mut others, "b", told(cooling), NOW);
        let all = others.of("d", MINUTE);
        assert_eq!((all.requests, all.tokens, all.in_flight), (8, 140, 3));
        assert!(others.use_it("d", MINUTE) && !others.use_it("d", MINUTE + 1) && !others.use_it("e", MINUTE));
        assert_eq!((all.cooling_until, all.answer), (Some(NOW.plus(9)), Sum { count: 4, total_ms: 200 }));
        assert_eq!(others.of("d", MINUTE).answer, Sum::default(), "handed out once");
        let more = SharedState { answer: Sum { count: 3, total_ms: 190 }, ..state };
        hear(&mut others, "a", told(more), NOW);
        assert_eq!(others.of("d", MINUTE).answer, Sum { count: 1, total_ms: 90 });
        assert_eq!(others.of("d", MINUTE + 1).requests, 0, "of another minute");
    }

    #[test]
    fn who_goes_takes_what_was_under_way_along() {
        let mut others = Others::default();
        let busy = SharedState { in_flight: 5, ..SharedState::default() };
        hear(&mut others, "silent", told(busy), NOW);
        hear(&mut others, "polite", told(busy), NOW.plus(4_000));
        let bye = News { bye: true, ..News::default() };
        assert_eq!(hear(&mut others, "polite", bye, NOW.plus(4_100)).deployments.len(), 1);
        assert_eq!((others.count(), others.of("d", MINUTE).in_flight), (1, 5));
        let mut touched = Touched::default();
        others.meet_again(NOW.plus(5_001));
        others.sweep(NOW.plus(10_001), &mut touched);
        assert_eq!(others.count(), 1, "nobody could be heard");
        others.sweep(NOW.plus(10_002), &mut touched);
        assert_eq!((others.count(), others.of("d", MINUTE).in_flight, touched.deployments.len()), (0, 0, 1));
    }

    #[test]
    fn budgets_are_added_up_in_the_period_that_began_first() {
        let mut others = Others::default();
        for (replica, amount, until) in [("a", 2.0, 100), ("b", 3.0, 90), ("c", 50.0, -1)] {
            let spent = Spent { amount, until: UnixMs(NOW.0 + until) };
            let news = News { budgets: [("x".to_owned(), spent)].into(), ..News::default() };
            assert!(hear(&mut others, replica, news, NOW).budgets.contains("x"));
        }
        assert_eq!(others.spent("x", NOW.plus(95), NOW), Spent { amount: 5.0, until: NOW.plus(90) });
        assert_eq!(others.spent("y", NOW.plus(95), NOW), Spent { amount: 0.0, until: NOW.plus(95) });
    }
}
