//! What is told to the others, and what is made of what they tell.

use std::collections::HashMap;

use llm_gateway_shared::{Cooling, News, Others, Pin, Spent, Touched};
use llm_router::{DeploymentId, Pinned, SharedState, Sum};
use llm_types::UnixMs;

use crate::prepare::States;
use crate::services::health::Checks;

/// What the others know already.
#[derive(Debug, Default)]
pub(super) struct Telling {
    deployments: HashMap<String, Told>,
    keys: HashMap<u64, UnixMs>,
    budgets: HashMap<String, Spent>,
    /// Who was served where, to be kept anew: Redis has lost it.
    to_keep: Vec<(String, Pin)>,
}

/// Of those who were served somewhere, so many are told in one round.
const PINS_AT_ONCE: usize = 2_000;

/// One deployment.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    /// This replica's own: counts of the minute, times since it began.
    own: SharedState,
    /// What of it was told last.
    last: SharedState,
}

impl Telling {
    /// What is new; everything that matters still with `refresh`.
    pub(super) fn news(&mut self, states: &States, checks: &Checks, refresh: bool, now: UnixMs) -> News {
        let mut news = News { checks: checks.news(refresh, now), ..News::default() };
        states.each_deployment(|id, live| {
            let more = live.export(now);
            live.exported(&more);
            let told = match self.deployments.get_mut(id.as_str()) {
                Some(told) => told,
                // Nothing has ever happened there.
                None if is_idle(&more) => return,
                None => self.deployments.entry(id.as_str().to_owned()).or_default(),
            };
            add(&mut told.own, more);
            if told.own != told.last || (refresh && !is_idle(&told.own)) {
                told.last = told.own;
                news.deployments.insert(id.as_str().to_owned(), told.own);
            }
        });
        states.each_key(|number, key| {
            let Some((until, cause)) = key.export(now) else { return };
            if self.keys.insert(*number, until) != Some(until) || refresh {
                news.keys.insert(format!("{number:016x}"), Cooling { until, cause });
            }
        });
        states.budgets.each(|name, budget| {
            let Some((amount, until)) = budget.here(now) else { return };
            let spent = Spent { amount, until };
            if amount > 0.0 && (self.budgets.insert(name.to_owned(), spent) != Some(spent) || refresh) {
                news.budgets.insert(name.to_owned(), spent);
            }
        });
        news.pins.extend(states.pins.take_news().into_iter().map(pin));
        news
    }

    /// Redis has lost what it held: who was served where is kept there anew, for replicas that come later.
    pub(super) fn keep_all(&mut self, states: &States, now: UnixMs) {
        self.to_keep = states.pins.export(now).into_iter().map(pin).collect();
    }

    /// A part of that.
    pub(super) fn kept(&mut self) -> Vec<(String, Pin)> {
        self.to_keep.split_off(self.to_keep.len().saturating_sub(PINS_AT_ONCE))
    }

    /// Folds what others have told into the running state.
    pub(super) fn heard(&self, states: &States, others: &mut Others, touched: &Touched, now: UnixMs) {
        let minute = now.0.div_euclid(60_000);
        for id in &touched.deployments {
            let Some(live) = states.deployment(id) else { continue };
            let mut all = others.of(id, minute);
            if let Some(told) = self.deployments.get(id)
                && told.own.minute == minute
            {
                all.requests = all.requests.saturating_add(told.own.requests);
                all.tokens = all.tokens.saturating_add(told.own.tokens);
            }
            live.import(&all, now);
        }
        for (number, cooling) in &touched.keys {
            if let Ok(number) = u64::from_str_radix(number, 16)
                && let Some(key) = states.key(number)
            {
                key.import(cooling.until, cooling.cause, now);
            }
        }
        for name in &touched.budgets {
            let Some(budget) = states.budgets.get(name) else { continue };
            let spent = others.spent(name, UnixMs(i64::MAX), now);
            if spent.until.0 < i64::MAX {
                budget.import(spent.amount, spent.until, now);
            }
        }
        for (key, Pin { deployment, until }) in &touched.pins {
            if let Ok(key) = u64::from_str_radix(key, 16) {
                let deployment = DeploymentId::new(deployment.as_str());
                states.pins.import(Pinned { key, deployment, until: *until }, now);
            }
        }
    }
}

fn pin(pinned: Pinned) -> (String, Pin) {
    let Pinned { key, deployment, until } = pinned;
    (format!("{key:016x}"), Pin { deployment: deployment.as_str().to_owned(), until })
}

/// Whether there is nothing that another replica would go by.
fn is_idle(state: &SharedState) -> bool {
    state.requests == 0 && state.tokens == 0 && state.in_flight == 0 && state.cooling_until.is_none()
}

/// Puts what has come on top of what was there.
fn add(own: &mut SharedState, more: SharedState) {
    let same = own.minute == more.minute;
    let kept = |count: u64| if same { count } else { 0 };
    let sum =
        |a: Sum, b: Sum| Sum { count: a.count + b.count, total_ms: a.total_ms.saturating_add(b.total_ms) };
    *own = SharedState {
        requests: kept(own.requests) + more.requests,
        tokens: kept(own.tokens) + more.tokens,
        first_token: sum(own.first_token, more.first_token),
        answer: sum(own.answer, more.answer),
        ..more
    };
    if own.requests == 0 && own.tokens == 0 {
        // A new minute alone is no news.
        own.minute = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_minute_and_times_are_added_up() {
        let more = SharedState {
            minute: 5,
            requests: 2,
            tokens: 10,
            in_flight: 1,
            answer: Sum { count: 2, total_ms: 50 },
            ..SharedState::default()
        };
        let mut own = SharedState::default();
        add(&mut own, more);
        add(&mut own, SharedState { in_flight: 0, ..more });
        let times = Sum { count: 4, total_ms: 100 };
        assert_eq!(own, SharedState { requests: 4, tokens: 20, in_flight: 0, answer: times, ..more });
        let nothing = SharedState { minute: 6, ..SharedState::default() };
        add(&mut own, nothing);
        assert_eq!(own, SharedState { answer: times, ..SharedState::default() });
        let before = own;
        add(&mut own, SharedState { minute: 7, ..nothing });
        assert_eq!(own, before, "a new minute alone is no news");
        assert!(is_idle(&own));
    }
}
