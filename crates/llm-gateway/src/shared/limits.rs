//! Pieces of limits per minute, fetched ahead of their use.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use llm_gateway_shared::{Account, LeaseAnswer, LeaseAsk, Others, Reserve, ReserveAnswer};
use llm_router::{Limits, Live, Rate, Share};
use llm_types::UnixMs;

use crate::prepare::States;
use crate::serving::Serving;

/// What this replica holds of limits per minute.
#[derive(Debug, Default)]
pub(super) struct Leases {
    version: u64,
    limited: Vec<(String, Limits)>,
    accounts: HashMap<(String, Rate, i64), Account>,
    reserve: Reserve,
}

/// Milliseconds before a minute begins in which a first piece of it is fetched.
const AHEAD_MS: i64 = 2_000;
/// Milliseconds after a deployment was last asked for in which pieces are fetched for it.
const IN_USE_MS: u64 = 60_000;

impl Leases {
    /// Looks which deployments have limits.
    pub(super) fn limit(&mut self, serving: &Serving) {
        if self.version == serving.version {
            return;
        }
        self.version = serving.version;
        let limited = serving.config.resolved.deployments().filter_map(|deployment| {
            let limits = Limits { requests: deployment.routing.rpm, tokens: deployment.routing.tpm };
            (limits != Limits::default()).then(|| (deployment.id.as_str().to_owned(), limits))
        });
        self.limited = limited.collect();
    }

    /// The reserve to ask the store for, where there are limits.
    pub(super) fn reserve(&mut self, replicas: usize, refresh: bool, elapsed: Duration) -> Option<u32> {
        if self.limited.is_empty() {
            return None;
        }
        self.reserve.ask(replicas, refresh, elapsed.as_millis() as u64)
    }

    /// What to ask the store for.
    pub(super) fn asks(
        &mut self,
        states: &States,
        others: &Others,
        replicas: usize,
        refresh: bool,
        now: UnixMs,
        elapsed: Duration,
    ) -> Vec<LeaseAsk> {
        let minute = now.0.div_euclid(60_000);
        self.accounts.retain(|(_, _, of), _| *of >= minute);
        let is_near = now.0.rem_euclid(60_000) >= 60_000 - AHEAD_MS;
        let elapsed_ms = elapsed.as_millis() as u64;
        let mut asks = Vec::new();
        let this_minute = minute;
        for (id, live, rate, limit) in in_use(&self.limited, states, others, now) {
            let others_use_it = others.use_it(id, this_minute);
            for minute in minute..=minute + i64::from(is_near) {
                let at = UnixMs(minute * 60_000);
                let mut share = live.share(rate, at);
                if minute * 60_000 > now.0 {
                    // What is wanted is wanted now.
                    share.wanted = 0;
                }
                let account = self.accounts.entry((id.clone(), rate, minute)).or_default();
                let surplus = account.surplus(share.left, replicas);
                if surplus > 0 {
                    account.give_back(live.take_back(rate, surplus, at));
                    share.left = live.share(rate, at).left;
                }
                // What is to come is nobody's yet.
                let others_use_it = others_use_it && minute == this_minute;
                if refresh || surplus > 0 || account.is_due(&share, replicas, others_use_it, elapsed_ms) {
                    account.asks(elapsed_ms);
                    asks.push(LeaseAsk {
                        deployment: id.clone(),
                        rate,
                        minute,
                        limit,
                        granted: account.granted() + share.overdrawn,
                        unused: share.left,
                        needed: share.wanted,
                        firm: account.firm(others_use_it),
                    });
                }
            }
        }
        asks
    }

    /// Hands out what the store has granted.
    pub(super) fn take(
        &mut self,
        states: &States,
        asks: &[LeaseAsk],
        answers: &[LeaseAnswer],
        reserve: Option<ReserveAnswer>,
        now: UnixMs,
    ) {
        if let Some(reserve) = reserve {
            self.reserve.told(reserve, now.0.div_euclid(60_000));
        }
        for (ask, answer) in asks.iter().zip(answers) {
            let Some(live) = states.deployment(&ask.deployment) else { continue };
            let at = UnixMs(ask.minute * 60_000);
            let account = self.accounts.entry((ask.deployment.clone(), ask.rate, ask.minute)).or_default();
            live.grant(ask.rate, account.grant(answer.granted, answer.left), at);
            live.ungranted(ask.rate, answer.left, at);
        }
    }

    /// Hands out what this replica may take without the store, to those who need it. While the store is only slow, there
    /// is hope for more.
    pub(super) fn alone(
        &mut self,
        states: &States,
        others: &Others,
        replicas: usize,
        is_gone: bool,
        now: UnixMs,
    ) {
        let minute = now.0.div_euclid(60_000);
        for (id, live, rate, limit) in in_use(&self.limited, states, others, now) {
            let share = live.share(rate, now);
            if share.left > 0 && share.wanted <= share.left {
                continue;
            }
            let account = self.accounts.entry((id.clone(), rate, minute)).or_default();
            let reserve = self.reserve.of(limit, minute);
            live.grant(rate, account.take_alone(limit, replicas, reserve), now);
            if is_gone {
                live.ungranted(rate, 0, now);
            } else if let Some(left) = account.left() {
                live.ungranted(rate, left, now);
            }
        }
    }
}

/// The limits of deployments that were asked for lately, here or elsewhere.
fn in_use<'a>(
    limited: &'a [(String, Limits)],
    states: &'a States,
    others: &'a Others,
    now: UnixMs,
) -> impl Iterator<Item = (&'a String, Arc<Live>, Rate, u64)> {
    limited.iter().flat_map(move |(id, limits)| {
        let live = states.deployment(id);
        let elsewhere = others.use_it(id, now.0.div_euclid(60_000));
        Rate::ALL.into_iter().filter_map(move |rate| {
            let (live, limit) = (live.clone()?, limits.of(rate)?);
            let Share { asked, .. } = live.share(rate, now);
            let is_used = elsewhere || asked.is_some_and(|at| now.since(at) < IN_USE_MS);
            is_used.then_some((id, live, rate, limit))
        })
    })
}
