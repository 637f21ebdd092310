//! Two threads decide at least 1.8 times as often as one: no lock is taken, and hardly anything is shared.
//!
//! `cargo bench -p llm-router --bench scaling`; it fails if they do not. On a machine that has other things to do, a
//! round in which a thread did not have its processor to itself does not count.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

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
/// Decisions of each thread in a round: some ten milliseconds.
const DECISIONS: u64 = 20_000;
/// Rounds that count.
const ROUNDS: usize = 15;
/// Rounds at most.
const TRIES: usize = 2_000;
/// What two threads have to give.
const LEAST: f64 = 1.8;
/// The share of a round for which a thread must have had a processor.
const UNDISTURBED: f64 = 0.97;

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

/// What one thread measured of its round.
#[derive(Clone, Copy)]
struct Measured {
    wall: Duration,
    /// Time on a processor; `None` where the system does not say.
    cpu: Option<Duration>,
}

/// Time that this thread has been on a processor.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The longest of so many threads; `None` if one of them was disturbed.
fn round(group: &Arc<Group>, threads: u64) -> Option<Duration> {
    let start = Arc::new(Barrier::new(threads as usize));
    let one = |number: u64| {
        let (group, start) = (group.clone(), start.clone());
        move || {
            start.wait();
            let (began, cpu) = (Instant::now(), on_processor());
            for decision in 0..DECISIONS {
                black_box(group.decide(number << 32 | decision));
            }
            let (wall, after) = (began.elapsed(), on_processor());
            Measured { wall, cpu: cpu.zip(after).map(|(before, after)| after.saturating_sub(before)) }
        }
    };
    let running: Vec<_> = (0..threads).map(|number| std::thread::spawn(one(number))).collect();
    let measured: Vec<Measured> = running.into_iter().map(|thread| thread.join().unwrap()).collect();
    let undisturbed =
        |m: &Measured| m.cpu.is_none_or(|cpu| cpu.as_secs_f64() >= m.wall.as_secs_f64() * UNDISTURBED);
    let longest = measured.iter().map(|m| m.wall).max();
    longest.filter(|_| measured.iter().all(undisturbed))
}

fn main() {
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        println!("scaling: left out, this machine has one processor");
        return;
    }
    let group = Arc::new(Group::new());
    let mut ratios = Vec::new();
    let mut fastest = Duration::MAX;
    for _ in 0..TRIES {
        // One after the other, so that both see the same machine.
        let (Some(one), Some(two)) = (round(&group, 1), round(&group, 2)) else { continue };
        fastest = fastest.min(one);
        ratios.push(2.0 * one.as_secs_f64() / two.as_secs_f64());
        if ratios.len() == ROUNDS {
            break;
        }
    }
    if ratios.len() < ROUNDS {
        println!("scaling: left out, the machine was too busy for {ROUNDS} undisturbed rounds");
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
