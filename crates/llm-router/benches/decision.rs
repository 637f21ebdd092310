//! What a decision costs: `cargo bench -p llm-router --all-features`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::cell::Cell;
use std::sync::Arc;

use divan::Bencher;
use llm_router::settings::RouterSettings;
use llm_router::{
    Candidate, DeploymentId, DeploymentSettings, Facts, Hedged, Inquiry, Live, Pace, Plan, Policy, Price,
    Snapshot, select,
};
use llm_types::UnixMs;

fn main() {
    divan::main();
}

const NOW: UnixMs = UnixMs(1_763_700_000_000);
const SIZES: [usize; 5] = [1, 2, 10, 100, 1_000];
const THREADS: [usize; 2] = [1, 2];

struct Group {
    policy: Arc<Policy>,
    ids: Vec<DeploymentId>,
    settings: DeploymentSettings,
    facts: Facts,
    lives: Vec<Live>,
}

impl Group {
    fn new(len: usize, strategy: &str) -> Self {
        let settings = DeploymentSettings { weight: Some(1.0), ..DeploymentSettings::default() };
        let router: RouterSettings =
            serde_json::from_value(serde_json::json!({"routing_strategy": strategy})).unwrap();
        let plan = Plan::new(&router, &[("group".into(), vec![&settings; len])], |_| true).unwrap();
        Self {
            policy: plan.policy("group").clone(),
            ids: (0..len).map(|place| DeploymentId::new(place.to_string())).collect(),
            facts: Facts {
                price: Some(Price { input: 3, cached: 1, output: 15, request: 0 }),
                ..Facts::default()
            },
            lives: (0..len).map(|_| Live::new()).collect(),
            settings,
        }
    }

    fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.ids.iter().zip(&self.lives).map(|(id, live)| Candidate {
            id,
            settings: &self.settings,
            facts: &self.facts,
            vitals: live.vitals(NOW),
        })
    }

    fn view<'a>(&'a self, candidates: &'a [Candidate<'a>], turn: u64) -> Snapshot<'a> {
        Snapshot {
            group: "group",
            policy: &self.policy,
            candidates,
            pace: Pace::default(),
            turn,
            hedging: Hedged::default(),
        }
    }
}

const INQUIRY: Inquiry<'static> = Inquiry {
    model: "group",
    stream: true,
    input_tokens: 1_000,
    cached_tokens: 0,
    output_tokens: Some(500),
    needs: llm_router::Capabilities::NONE,
    parameters: &[],
    tags: llm_router::Tags(&[]),
    filter_by_tags: false,
    user_agent: None,
    regions: &[],
    affinity: llm_router::Affinity { session: None, key: None, user: None, pins: &[] },
    facts: None,
    class: None,
    quality: None,
    narrowed: None,
    priority: None,
};

/// A number of each thread's own: a shared one would be what is measured.
fn next() -> u64 {
    thread_local!(static NEXT: Cell<u64> = const { Cell::new(0) });
    NEXT.set(NEXT.get() + 1);
    NEXT.get()
}

fn decide(bencher: Bencher<'_, '_>, len: usize, strategy: &str) {
    let group = Group::new(len, strategy);
    let candidates: Vec<_> = group.candidates().collect();
    bencher.bench(|| {
        let turn = next();
        select(&group.view(&candidates, turn), &INQUIRY, &[], NOW, turn).chosen
    });
}

#[divan::bench(args = SIZES, threads = THREADS)]
fn simple_shuffle(bencher: Bencher<'_, '_>, len: usize) {
    decide(bencher, len, "simple-shuffle");
}

#[divan::bench(args = SIZES)]
fn round_robin(bencher: Bencher<'_, '_>, len: usize) {
    decide(bencher, len, "round-robin");
}

#[divan::bench(args = SIZES)]
fn latency(bencher: Bencher<'_, '_>, len: usize) {
    decide(bencher, len, "latency-based-routing");
}

#[divan::bench(args = SIZES)]
fn cost(bencher: Bencher<'_, '_>, len: usize) {
    decide(bencher, len, "cost-based-routing");
}

#[divan::bench(args = SIZES)]
fn power_of_two(bencher: Bencher<'_, '_>, len: usize) {
    decide(bencher, len, "power-of-two");
}

/// With what goes before it: reading how every deployment is doing.
#[divan::bench(args = SIZES, threads = THREADS)]
fn with_vitals(bencher: Bencher<'_, '_>, len: usize) {
    let group = Group::new(len, "simple-shuffle");
    bencher.bench(|| {
        let turn = next();
        let candidates: Vec<_> = group.candidates().collect();
        select(&group.view(&candidates, turn), &INQUIRY, &[], NOW, turn).chosen
    });
}
