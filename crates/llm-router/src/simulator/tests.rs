use serde_json::{Value, json};

use super::*;

fn settings(settings: Value) -> RouterSettings {
    serde_json::from_value(settings).unwrap()
}

fn weighted(weight: f64) -> Scripted {
    Scripted {
        settings: DeploymentSettings { weight: Some(weight), ..Default::default() },
        ..Scripted::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_outcomes() {
    let scenario = Scenario {
        deployments: vec![Scripted { errors: 0.1, ..Scripted::default() }, Scripted::default()],
        minutes: 10,
        ..Scenario::default()
    };
    let outcomes = scenario.play().unwrap();
    assert_eq!(outcomes, scenario.play().unwrap());
    assert_ne!(outcomes, Scenario { seed: 2, ..scenario }.play().unwrap());
}

#[test]
fn weights_are_kept_within_a_percent() {
    for strategy in ["simple-shuffle", "round-robin"] {
        let scenario = Scenario {
            settings: settings(json!({"routing_strategy": strategy})),
            deployments: vec![weighted(5.0), weighted(3.0), weighted(2.0)],
            minutes: 30,
            ..Scenario::default()
        };
        let outcomes = scenario.play().unwrap();
        assert!(outcomes.requests >= 36_000);
        for (place, expected) in [0.5, 0.3, 0.2].into_iter().enumerate() {
            let share = outcomes.share(place);
            assert!((share - expected).abs() < 0.01, "{strategy}: {share} for {expected}");
        }
    }
}

#[test]
fn cheapest_never_pays_more_than_the_cheapest_healthy_one() {
    let priced = |input, output, away| Scripted {
        price: Some(Price { input, cached: input, output, request: 0 }),
        away,
        ..Scripted::default()
    };
    // One is cheap for long prompts, one for long answers; each is away for a while.
    let scenario = Scenario {
        settings: settings(json!({"routing_strategy": "cost-based-routing"})),
        deployments: vec![
            priced(1_000, 20_000, vec![]),
            priced(4_000, 4_000, vec![(5, 10)]),
            priced(50_000, 50_000, vec![]),
        ],
        minutes: 20,
        ..Scenario::default()
    };
    let outcomes = scenario.play().unwrap();
    assert_eq!(outcomes.answered, outcomes.requests);
    assert_eq!(outcomes.deployments[2].attempts, 0);
    // Each alone would have cost more, but for the while in which the second was away.
    for place in 0..2 {
        let alone = Scenario {
            deployments: vec![Scripted { away: vec![], ..scenario.deployments[place].clone() }],
            ..scenario.clone()
        };
        let alone = alone.play().unwrap();
        assert!(outcomes.femto_usd < alone.femto_usd, "{} for {}", outcomes.usd(), alone.usd());
    }
}

#[test]
fn one_of_three_dead_is_hardly_noticed() {
    for strategy in [
        "simple-shuffle",
        "round-robin",
        "least-busy",
        "latency-based-routing",
        "power-of-two",
        "success-rate",
    ] {
        let dead = Scripted { away: vec![(0, u64::MAX)], ..Scripted::default() };
        let scenario = Scenario {
            settings: settings(json!({"routing_strategy": strategy})),
            deployments: vec![dead, Scripted::default(), Scripted::default()],
            minutes: 20,
            ..Scenario::default()
        };
        let outcomes = scenario.play().unwrap();
        assert!(outcomes.success() > 0.999, "{strategy}: {outcomes}");
        assert!(outcomes.share(0) < 0.01, "{strategy}: {outcomes}");
    }
}

#[test]
fn hedging_cuts_the_tail_of_a_bimodal_first_token() {
    let bimodal = || Scripted {
        first_token: Latency::Bimodal { fast: 300, slow: 8_000, share: 0.02 },
        ..Scripted::default()
    };
    let play = |hedging: bool| {
        let scenario = Scenario {
            settings: settings(json!({"hedging": {"enabled": hedging}})),
            deployments: vec![bimodal(), bimodal(), bimodal()],
            minutes: 30,
            ..Scenario::default()
        };
        scenario.play().unwrap()
    };
    let (plain, hedged) = (play(false), play(true));
    let (before, after) = (plain.first_token_ms(99.0), hedged.first_token_ms(99.0));
    assert!(before >= 5 * after, "{before} ms and {after} ms");
    assert!(hedged.extra_cost() <= 0.03, "{hedged}");
    let more = hedged.femto_usd as f64 / plain.femto_usd as f64 - 1.0;
    assert!(more <= 0.03, "{more}");
}

#[test]
fn quotas_are_met_with_patience() {
    let limited = |quota| Scripted { quota: Some(quota), ..Scripted::default() };
    let scenario = Scenario {
        deployments: vec![limited(400), limited(400), limited(600)],
        minutes: 20,
        ..Scenario::default()
    };
    let outcomes = scenario.play().unwrap();
    // 1,200 requests a minute for 1,400 places: all are served, and hardly any asks in vain.
    assert!(outcomes.success() > 0.999, "{outcomes}");
    let in_vain = outcomes.attempts - outcomes.answered;
    assert!(in_vain < outcomes.requests / 100, "{in_vain} of {}", outcomes.requests);
}

#[test]
fn the_fastest_gets_the_requests() {
    let taking = |ms| Scripted {
        first_token: Latency::LogNormal { median: ms, deviation: 0.3 },
        ..Scripted::default()
    };
    let play = |strategy: &str| {
        let scenario = Scenario {
            settings: settings(json!({"routing_strategy": strategy})),
            deployments: vec![taking(900), taking(300), taking(1_800)],
            minutes: 20,
            ..Scenario::default()
        };
        scenario.play().unwrap()
    };
    let (shuffle, latency, two) =
        (play("simple-shuffle"), play("latency-based-routing"), play("power-of-two"));
    assert!(latency.share(1) > 0.9, "{latency}");
    assert!(latency.first_token_ms(50.0) * 2 < shuffle.first_token_ms(50.0), "{latency}\n{shuffle}");
    assert!(two.first_token_ms(95.0) < shuffle.first_token_ms(95.0), "{two}\n{shuffle}");
}

#[test]
fn faults_of_the_configuration_are_told() {
    let scenario = Scenario {
        settings: settings(json!({"routing_strategy_args": {"ttl": -1.0}})),
        deployments: vec![Scripted::default()],
        ..Scenario::default()
    };
    assert_eq!(scenario.play().unwrap_err()[0].path, "router_settings.routing_strategy_args.ttl");
}

#[test]
fn distributions_are_what_they_say() {
    let mut rng = crate::SeededEntropy::new(1);
    let mut draw = |latency: Latency| {
        let mut all: Vec<u64> = (0..10_000).map(|_| latency.draw(&mut rng)).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(draw(Latency::Fixed(7))[9_999], 7);
    let between = draw(Latency::Between(10, 19));
    assert_eq!((between[0], between[9_999]), (10, 19));
    let normal = draw(Latency::LogNormal { median: 1_000, deviation: 0.5 });
    assert!(normal[5_000].abs_diff(1_000) < 30, "{}", normal[5_000]);
    // One deviation above: 84.13 % stay under 1,000 times the root of e.
    assert!(normal[8_413].abs_diff(1_649) < 60, "{}", normal[8_413]);
    let bimodal = draw(Latency::Bimodal { fast: 100, slow: 10_000, share: 0.05 });
    let slow = bimodal.iter().filter(|ms| **ms > 1_000).count();
    assert!(slow.abs_diff(500) < 110, "{slow}");
}
