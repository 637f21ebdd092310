//! An hour of requests against three deployments, by each strategy.
//!
//! `cargo run --release -p llm-router --features simulator --example simulate`

use llm_router::settings::{HedgingSettings, RouterSettings};
use llm_router::simulator::{Latency, Scenario, Scripted};
use llm_router::{Price, RoutingStrategy};

/// A deployment: its median first token, and its price for a million tokens of the prompt, in cents.
fn deployment(median: u64, cents: i64) -> Scripted {
    // One cent for a million tokens is 10⁻⁸ USD for one.
    let input = cents * 10_000_000;
    Scripted {
        first_token: Latency::LogNormal { median, deviation: 0.4 },
        price: Some(Price { input, cached: input / 10, output: input * 4, request: 0 }),
        ..Scripted::default()
    }
}

fn scenarios() -> [(&'static str, Vec<Scripted>); 4] {
    let (fast, fair, cheap) = (deployment(300, 300), deployment(600, 200), deployment(900, 100));
    let failing = Scripted { errors: 0.1, ..fast.clone() };
    let away = Scripted { away: vec![(20, 30)], ..fair.clone() };
    let limited = Scripted { quota: Some(400), ..fast.clone() };
    let dead = Scripted { away: vec![(0, u64::MAX)], ..fair.clone() };
    let moody = Scripted {
        first_token: Latency::Bimodal { fast: 300, slow: 8_000, share: 0.02 },
        ..deployment(300, 200)
    };
    [
        ("three well ones, unlike in speed and price", vec![fast, fair, cheap.clone()]),
        (
            "the first fails every tenth time, the second is away from minute 20 to 30",
            vec![failing, away, cheap.clone()],
        ),
        ("the first takes 400 requests a minute, the second is dead", vec![limited, dead, cheap]),
        ("two of a hundred first tokens take eight seconds", vec![moody; 3]),
    ]
}

const STRATEGIES: [(&str, RoutingStrategy, bool); 9] = [
    ("simple-shuffle", RoutingStrategy::SimpleShuffle, false),
    ("simple-shuffle, hedged", RoutingStrategy::SimpleShuffle, true),
    ("round-robin", RoutingStrategy::RoundRobin, false),
    ("least-busy", RoutingStrategy::LeastBusy, false),
    ("usage-based-routing-v2", RoutingStrategy::UsageBasedRoutingV2, false),
    ("latency-based-routing", RoutingStrategy::LatencyBasedRouting, false),
    ("power-of-two", RoutingStrategy::PowerOfTwo, false),
    ("cost-based-routing", RoutingStrategy::CostBasedRouting, false),
    ("success-rate", RoutingStrategy::SuccessRate, false),
];

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() {
    for (what, deployments) in scenarios() {
        println!("\n{what}");
        println!("{:<24}     success    p50    p95    p99       USD    extra   shares in %", "");
        for (name, routing_strategy, enabled) in STRATEGIES {
            let hedging = HedgingSettings { enabled, ..HedgingSettings::default() };
            let settings = RouterSettings { routing_strategy, hedging, ..RouterSettings::default() };
            match (Scenario { settings, deployments: deployments.clone(), ..Scenario::default() }).play() {
                Ok(outcomes) => println!("{name:<24} {outcomes}"),
                Err(faults) => faults.iter().for_each(|fault| println!("{name:<24} {fault}")),
            }
        }
    }
}
