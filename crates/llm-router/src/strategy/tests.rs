use serde_json::json;

use crate::select::tests::Group;
use crate::{DeploymentSettings, Inquiry, Price, Verdict};

fn weighted(weights: &[f64]) -> Group {
    Group::of(
        weights
            .iter()
            .map(|weight| DeploymentSettings { weight: Some(*weight), ..DeploymentSettings::default() }),
    )
}

fn by(group: Group, strategy: &str) -> Group {
    group.with(json!({"routing_strategy": strategy}))
}

/// Who is ever chosen.
fn chosen(group: &mut Group, inquiry: &Inquiry<'_>) -> Vec<usize> {
    let shares = group.shares(inquiry, 200);
    shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(|(place, _)| place).collect()
}

fn numbers(group: &Group, inquiry: &Inquiry<'_>) -> Vec<f64> {
    let number = |verdict: &Verdict| match verdict {
        Verdict::Chosen(number) | Verdict::Outranked(number) => *number,
        Verdict::Refused(_) => f64::NAN,
    };
    group.decide(inquiry, 0).verdicts.iter().map(number).collect()
}

/// Each share within one percent of the whole.
fn assert_shares(group: &mut Group, expected: &[f64]) {
    let shares = group.shares(&Inquiry::default(), 100_000);
    let near = shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() < 0.01);
    assert!(near, "{shares:?} for {expected:?}");
}

#[test]
fn simple_shuffle_draws_by_weight_then_rpm_then_tpm_then_nothing() {
    let with = |weight, rpm, tpm| DeploymentSettings { weight, rpm, tpm, ..DeploymentSettings::default() };
    for (settings, expected) in [
        (
            vec![
                with(Some(7.0), Some(1), None),
                with(Some(2.0), Some(900), None),
                with(Some(1.0), None, None),
            ],
            vec![0.7, 0.2, 0.1],
        ),
        (vec![with(Some(70.0), None, None), with(Some(30.0), None, None)], vec![0.7, 0.3]),
        // One weight starves all siblings without one.
        (vec![with(Some(0.5), None, None), with(None, Some(900), None)], vec![1.0, 0.0]),
        (vec![with(None, Some(900), Some(1)), with(Some(0.0), Some(100), Some(99))], vec![0.9, 0.1]),
        (vec![with(None, None, Some(60_000)), with(None, Some(0), Some(40_000))], vec![0.6, 0.4]),
        (vec![with(None, None, None), with(Some(0.0), None, None)], vec![0.5, 0.5]),
        // Weights whose sum overflows, and one that is no number.
        (vec![with(Some(f64::MAX), None, None), with(Some(f64::MAX), None, None)], vec![0.5, 0.5]),
        (vec![with(Some(f64::NAN), None, None), with(Some(1.0), None, None)], vec![0.0, 1.0]),
    ] {
        assert_shares(&mut Group::of(settings), &expected);
    }
}

#[test]
fn round_robin_takes_exact_turns() {
    for (weights, cycle) in [
        (vec![5.0, 1.0, 1.0], vec![5, 1, 1]),
        (vec![70.0, 30.0], vec![7, 3]),
        (vec![0.5, 0.25, 0.25], vec![2, 1, 1]),
        (vec![1.0, 0.0, 2.0], vec![1, 0, 2]),
        (vec![997.0, 641.0, 313.0], vec![997, 641, 313]),
    ] {
        let mut group = by(weighted(&weights), "round-robin");
        let all: u32 = cycle.iter().sum();
        // From anywhere on, and far on.
        group.turn = u64::from(all) * 1_000_003;
        let shares = group.shares(&Inquiry::default(), all);
        let turns: Vec<_> = shares.iter().map(|share| (share * f64::from(all)).round() as u32).collect();
        assert_eq!(turns, cycle, "{weights:?}");
    }
}

#[test]
fn round_robin_spreads_turns_evenly() {
    let order = |weights: &[f64], turns: u64| -> Vec<usize> {
        let mut group = by(weighted(weights), "round-robin");
        let mut turn = |turn| {
            group.turn = turn;
            group.decide(&Inquiry::default(), 0).chosen.unwrap()
        };
        (0..turns).map(&mut turn).collect()
    };
    assert_eq!(order(&[5.0, 1.0, 1.0], 7), [0, 0, 0, 1, 2, 0, 0]);
    assert_eq!(order(&[1.0, 1.0, 1.0], 6), [0, 1, 2, 0, 1, 2]);
    assert_eq!(order(&[2.0, 1.0], 6), [0, 1, 0, 0, 1, 0]);
    // Nobody is ever more than one turn away from what is due, among a hundred unequal ones.
    let weights: Vec<f64> = (1..=100).map(f64::from).collect();
    let mut served = vec![0.0; 100];
    for (turn, place) in order(&weights, 5_050).into_iter().enumerate() {
        served[place] += 1.0;
        for (served, weight) in served.iter().zip(&weights) {
            let due = weight * (turn + 1) as f64 / 5_050.0;
            assert!((served - due).abs() <= 1.0 + 1e-9, "turn {turn}: {served} for {due}");
        }
    }
}

#[test]
fn least_busy_takes_the_fewest_under_way() {
    let mut group = by(Group::plain(4), "least-busy");
    for (place, (in_flight, queued)) in [(3, 0), (1, 0), (0, 1), (1, 1)].into_iter().enumerate() {
        group.vitals[place].load.in_flight = in_flight;
        group.vitals[place].load.queued = queued;
    }
    assert_eq!(chosen(&mut group, &Inquiry::default()), [1, 2]);
    assert_eq!(numbers(&group, &Inquiry::default()), [3.0, 1.0, 1.0, 2.0]);
}

#[test]
fn usage_takes_the_fewest_tokens_of_the_minute() {
    for strategy in ["usage-based-routing", "usage-based-routing-v2"] {
        let mut group = by(Group::plain(3), strategy);
        for (place, tokens) in [500, 100, 100].into_iter().enumerate() {
            group.vitals[place].minute.tokens = tokens;
        }
        assert_eq!(chosen(&mut group, &Inquiry::default()), [1, 2], "{strategy}");
    }
}

#[test]
fn latency_goes_by_what_the_request_waits_for() {
    let mut group = by(Group::plain(3), "latency-based-routing");
    for (place, (first, per_token, answer)) in
        [(300.0, 10.0, 5_000.0), (200.0, 30.0, 4_000.0), (400.0, 20.0, 3_000.0)].into_iter().enumerate()
    {
        let pace = &mut group.vitals[place].pace;
        (pace.first_token_ms, pace.per_token_ms, pace.answer_ms) =
            (Some(first), Some(per_token), Some(answer));
        pace.first_token_p95_ms = Some(1_000.0 - first);
    }
    let stream = Inquiry { stream: true, ..Inquiry::default() };
    assert_eq!(chosen(&mut group, &stream), [1]);
    assert_eq!(chosen(&mut group, &Inquiry::default()), [0]);
    assert_eq!(numbers(&group, &stream), [300.0, 200.0, 400.0]);
    group.policy.selection.args.ttft_percentile = Some(95.0);
    assert_eq!(chosen(&mut group, &stream), [2]);
    group.policy.selection.args =
        crate::StrategyArgs { lowest_latency_buffer: Some(0.5), ..Default::default() };
    assert_eq!(chosen(&mut group, &stream), [0, 1]);
    group.vitals[2].pace = crate::Pace::default();
    assert_eq!(chosen(&mut group, &stream), [2], "whoever has not been seen goes first");
    group.vitals[2].pace.answer_ms = Some(3.0);
    assert_eq!(chosen(&mut group, &stream), [2], "any time is better than none");
}

#[test]
fn of_two_drawn_the_better_one_serves() {
    let mut group = by(Group::plain(3), "power-of-two");
    for (place, (peak, in_flight)) in [(100.0, 5), (200.0, 0), (300.0, 0)].into_iter().enumerate() {
        group.vitals[place].pace.peak_ms = Some(peak);
        group.vitals[place].load.in_flight = in_flight;
    }
    assert_eq!(numbers(&group, &Inquiry::default()), [600.0, 200.0, 300.0]);
    // The worst of three is never the better of two; the best is in two of three pairs.
    assert_shares(&mut group, &[0.0, 2.0 / 3.0, 1.0 / 3.0]);
    assert_eq!(by(Group::plain(1), "power-of-two").decide(&Inquiry::default(), 1).chosen, Some(0));
}

#[test]
fn cost_goes_by_the_requests_own_tokens() {
    let price = |input, cached, output| Some(Price { input, cached, output, request: 0 });
    let mut group = by(Group::plain(4), "cost-based-routing");
    group.facts[1].price = price(1_000, 1_000, 9_000);
    group.facts[2].price = price(3_000, 100, 3_000);
    group.facts[3].price = price(3_000, 3_000, 3_000);
    let asks = |input_tokens, cached_tokens, output_tokens| Inquiry {
        input_tokens,
        cached_tokens,
        output_tokens: Some(output_tokens),
        ..Inquiry::default()
    };
    assert_eq!(chosen(&mut group, &asks(10_000, 0, 100)), [1], "a long prompt");
    assert_eq!(chosen(&mut group, &asks(100, 0, 1_000)), [2], "a long answer; the first of two equal ones");
    assert_eq!(chosen(&mut group, &asks(10_000, 9_000, 100)), [2], "most of it cached");
    // 1,000 x 3,000 + 9,000 x 100 + 100 x 3,000 = 4,200,000 femto-dollars.
    let number = numbers(&group, &asks(10_000, 9_000, 100))[2];
    assert!((number - 4.2e-9).abs() < 1e-20, "{number}");
    assert_eq!(numbers(&group, &asks(1, 0, 1))[0], -1.0);
    group.facts[1..].iter_mut().for_each(|facts| facts.price = None);
    assert_eq!(chosen(&mut group, &asks(1, 0, 1)), [0], "no price is known");
    // Numbers that no counter holds.
    group.facts[3].price = price(i64::MAX, i64::MAX, i64::MAX);
    assert_eq!(chosen(&mut group, &asks(u64::MAX, 0, u64::MAX)), [3]);
}

#[test]
fn failures_lower_the_share() {
    let mut group = by(Group::plain(3), "success-rate");
    group.vitals[0].health.success_rate = Some(0.5);
    group.vitals[1].health.success_rate = Some(1.0);
    assert_shares(&mut group, &[0.25 / 2.25, 1.0 / 2.25, 1.0 / 2.25]);
    group.vitals[0].health.success_rate = Some(0.0);
    assert_shares(&mut group, &[0.01 / 2.01, 1.0 / 2.01, 1.0 / 2.01]);
}

#[test]
fn priority_goes_by_the_model_then_by_order() {
    let routing = json!({"routing_groups": [{
        "group_name": "group", "models": ["good", "fair", "last"], "routing_strategy": "priority",
        "model_priorities": {"good": 1, "fair": 1, "last": 2},
    }]});
    let mut group = Group::plain(4).with(routing);
    for (place, model) in ["last", "fair", "good", "unheard of"].into_iter().enumerate() {
        group.facts[place].group = model.into();
    }
    assert_eq!(chosen(&mut group, &Inquiry::default()), [1, 2]);
    group.vitals[1].budget_used = Some(1.0);
    group.vitals[2].budget_used = Some(1.0);
    assert_eq!(chosen(&mut group, &Inquiry::default()), [0]);
    let order = |order| DeploymentSettings { order: Some(order), ..DeploymentSettings::default() };
    assert_eq!(chosen(&mut by(Group::of([order(2), order(1)]), "priority"), &Inquiry::default()), [1]);
}

#[cfg(feature = "cel")]
mod expression {
    use super::*;

    fn weighed(expression: &str) -> Group {
        let at = |region: &str, weight| DeploymentSettings {
            region_name: Some(region.into()),
            weight: Some(weight),
            tags: vec!["gold".into()],
            ..DeploymentSettings::default()
        };
        let mut group = Group::of([at("eu-west-1", 1.0), at("us-east-1", 1.0)]).with(json!({
            "routing_strategy": "expression", "routing_strategy_args": {"expression": expression},
        }));
        for (place, latency) in [250.0, 100.0].into_iter().enumerate() {
            group.vitals[place].pace.answer_ms = Some(latency);
            group.vitals[place].health.success_rate = Some(0.5);
            group.vitals[place].load.in_flight = 3;
            group.facts[place].provider = "azure".into();
            group.facts[place].model = "gpt-5".into();
        }
        group
    }

    #[test]
    fn weights_are_what_the_expression_says() {
        for (expression, expected) in [
            ("weight", [0.5, 0.5]),
            ("area == 'eu' && latency_ms < 300.0 ? 2.0 * weight : weight", [2.0 / 3.0, 1.0 / 3.0]),
            ("region == 'us-east-1' ? 3 : 1", [0.25, 0.75]),
            ("region.startsWith('eu-')", [1.0, 0.0]),
            ("success * 2.0 + double(in_flight)", [0.5, 0.5]),
            ("'gold' in tags && provider == 'azure' && model == 'gpt-5' ? 1 : 0", [0.5, 0.5]),
            ("cost < 1.0 ? 1 : 0", [0.5, 0.5]),
            // No number, a negative one, or an error: nothing. Nothing for all: anybody.
            ("area == 'eu' ? 1.0 : -1.0", [1.0, 0.0]),
            ("area == 'eu' ? 1.0 : 1.0 / 0.0", [1.0, 0.0]),
            ("'text'", [0.5, 0.5]),
            ("1 / 0", [0.5, 0.5]),
        ] {
            let shares = weighed(expression).shares(&Inquiry::default(), 20_000);
            let near = shares.iter().zip(expected).all(|(share, expected)| (share - expected).abs() < 0.015);
            assert!(near, "{expression}: {shares:?} for {expected:?}");
        }
    }

    #[test]
    fn the_number_is_told() {
        assert_eq!(numbers(&weighed("latency_ms / 2.0"), &Inquiry::default()), [125.0, 50.0]);
    }
}
