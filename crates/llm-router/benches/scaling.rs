//! Two threads decide at least 1.8 times as often as one: no lock is taken, and hardly anything is shared.
//!
//! `cargo bench -p llm-router --bench scaling`; it fails if they do not. On a machine that has other things to do, a
//! round in which a thread was taken off its processor does not count.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark, which reads the clock and says what it found"
)]

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use llm_router::settings::RouterSettings;
use llm_router::{
    Candidate, DeploymentId, DeploymentSettings, Facts, GroupLive, Inquiry, Live, Plan, Policy, Snapshot,
    select,
};
use llm_types::UnixMs;

const NOW: UnixMs = UnixMs(1_763_700_000_000);
/// Deployments of the group.
const DEPLOYMENTS: usize = 10;
/// Decisions of each thread in a round: a few milliseconds, so that some rounds pass without an interruption.
const DECISIONS: u64 = 4_000;
/// Rounds that count.
const ROUNDS: usize = 25;
/// When it is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// What two threads have to give.
const LEAST: f64 = 1.8;

/// A group as the gateway keeps one: shared by all threads.
struct Group {
    policy: Arc<Policy>,
    ids: Vec<DeploymentId>,
    settings: DeploymentSettings,
    facts: Facts,
    lives: Vec<Live>,
    live: GroupLive,
}

impl Group {
    fn new() -> Self {
        let settings = DeploymentSettings { weight: Some(1.0), ..DeploymentSettings::default() };
        let deployments = vec![&settings; DEPLOYMENTS];
        let plan = Plan::new(&RouterSettings::default(), &[("group".into(), deployments)], |_| true).unwrap();
        Self {
            policy: plan.policy("group").clone(),
            ids: (0..DEPLOYMENTS).map(|place| DeploymentId::new(place.to_string())).collect(),
            facts: Facts::default(),
            lives: (0..DEPLOYMENTS).map(|_| Live::new()).collect(),
            live: GroupLive::new(),
            settings,
        }
    }

    /// One decision with everything that goes before it: how each deployment is doing, whose turn it is.
    fn decide(&self, seed: u64) -> Option<usize> {
        let see = |(id, live): (_, &Live)| Candidate {
            id,
            settings: &self.settings,
            facts: &self.facts,
            vitals: live.vitals(NOW),
        };
        let candidates: Vec<_> = self.ids.iter().zip(&self.lives).map(see).collect();
        let view = Snapshot {
            group: "group",
            policy: &self.policy,
            candidates: &candidates,
            pace: self.live.pace(NOW),
            turn: self.live.turn(),
            hedging: self.live.hedging(),
        };
        select(&view, &Inquiry::default(), &[], NOW, seed).chosen
    }
}

/// How often this thread was taken off its processor; `None` where the system does not say.
fn interruptions() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}

/// The longest of so many threads; `None` if one of them was interrupted. Waiting for a lock is no interruption.
fn round(group: &Arc<Group>, threads: u64) -> Option<Duration> {
    let start = Arc::new(Barrier::new(threads as usize));
    let one = |number: u64| {
        let (group, start) = (group.clone(), start.clone());
        move || {
            start.wait();
            let before = interruptions();
            let began = Instant::now();
            for decision in 0..DECISIONS {
                black_box(group.decide(number << 32 | decision));
            }
            let wall = began.elapsed();
            (interruptions() == before).then_some(wall)
        }
    };
    let running: Vec<_> = (0..threads).map(|number| std::thread::spawn(one(number))).collect();
    let measured: Vec<Option<Duration>> = running.into_iter().map(|thread| thread.join().unwrap()).collect();
    measured.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max()
}

fn main() {
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        println!("scaling: left out, this machine has one processor");
        return;
    }
    let group = Arc::new(Group::new());
    let mut ratios = Vec::new();
    let mut fastest = Duration::MAX;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        // One after the other, so that both see the same machine.
        let (Some(one), Some(two)) = (round(&group, 1), round(&group, 2)) else { continue };
        fastest = fastest.min(one);
        ratios.push(2.0 * one.as_secs_f64() / two.as_secs_f64());
        if ratios.len() == ROUNDS {
            break;
        }
    }
    if ratios.len() < ROUNDS {
        println!("scaling: left out, the machine was too busy for {ROUNDS} rounds without an interruption");
        return;
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ROUNDS / 2];
    let ns = fastest.as_nanos() / u128::from(DECISIONS);
    println!(
        "scaling: a decision over {DEPLOYMENTS} deployments takes {ns} ns; two threads give {median:.2} times one"
    );
    assert!(median >= LEAST, "two threads give {median:.2} times one, less than {LEAST}: {ratios:.2?}");
}
