//! What holds for every choice, whatever the deployments, the configuration and the request are.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use llm_router::settings::RouterSettings;
use llm_router::{
    Affinity, Attempt, Bond, Candidate, Capabilities, Decision, DeploymentId, DeploymentSettings, Facts,
    Health, Hedged, Inquiry, Load, Minute, Outcome, Pace, Pin, Policy, Price, Quota, Refusal, Selection,
    Snapshot, Tags, Verdict, Vitals, select,
};
use llm_types::{ErrorKind, UnixMs};
use proptest::prelude::*;
use serde_json::json;

const NOW: UnixMs = UnixMs(1_000_000);
const STRATEGIES: [&str; 10] = [
    "simple-shuffle",
    "round-robin",
    "least-busy",
    "usage-based-routing",
    "usage-based-routing-v2",
    "latency-based-routing",
    "power-of-two",
    "cost-based-routing",
    "success-rate",
    "priority",
];
const REGIONS: [&str; 5] = ["eu-west-1", "eu-west-2", "us-east-1", "swedencentral", "eu"];
const TAGS: [&str; 4] = ["paid", "free", "default", "eu"];

#[derive(Debug, Clone)]
struct Deployment {
    id: DeploymentId,
    settings: DeploymentSettings,
    facts: Facts,
    vitals: Vitals,
}

#[derive(Debug, Clone)]
struct Asked {
    input_tokens: u64,
    stream: bool,
    needs: Capabilities,
    regions: Vec<&'static str>,
    tags: Vec<String>,
    pins: Vec<(usize, Bond)>,
    tried: Vec<(usize, ErrorKind)>,
    turn: u64,
    seed: u64,
}

fn settings() -> impl Strategy<Value = DeploymentSettings> {
    let weight = prop::option::of(prop_oneof![Just(0.0), 0.1..100.0_f64, Just(f64::MAX), Just(f64::NAN)]);
    let limits = (prop::option::weighted(0.3, 0..50_u64), prop::option::weighted(0.3, 0..5_000_u64));
    let region = prop::option::weighted(0.6, prop::sample::select(&REGIONS[..]));
    let tags = prop::collection::vec(prop::sample::select(&TAGS[..]), 0..3);
    (weight, prop::option::weighted(0.3, 0..3_i64), limits, region, tags).prop_map(
        |(weight, order, (rpm, tpm), region, tags)| DeploymentSettings {
            weight,
            order,
            rpm,
            tpm,
            region_name: region.map(str::to_owned),
            tags: tags.into_iter().map(str::to_owned).collect(),
            ..DeploymentSettings::default()
        },
    )
}

fn vitals() -> impl Strategy<Value = Vitals> {
    let cooling = prop::option::weighted(0.3, 0..2 * NOW.0);
    let health = (cooling, prop::bool::weighted(0.2), 0..2_u32, prop::option::weighted(0.2, any::<bool>()));
    let time = || prop::option::of(0.0..5_000.0_f64);
    let pace = (time(), time(), time(), prop::option::of(0.0..=1.0_f64));
    let quota = (prop::option::of(0..3_u64), prop::option::of(0..2 * NOW.0));
    let used = prop::option::weighted(0.2, 0.0..1.5_f64);
    (health, pace, 0..9_u32, (0..60_u64, 0..6_000_u64), quota, used).prop_map(
        |(
            (until, half_open, probes, checked_well),
            (first, answer, peak, rate),
            in_flight,
            minute,
            quota,
            budget_used,
        )| {
            Vitals {
                health: Health {
                    cooling_until: until.map(UnixMs),
                    half_open,
                    probes,
                    checked_well,
                    success_rate: rate,
                    ..Health::default()
                },
                load: Load { in_flight, queued: 0 },
                pace: Pace { first_token_ms: first, answer_ms: answer, peak_ms: peak, ..Pace::default() },
                minute: Minute { requests: minute.0, tokens: minute.1 },
                quota: Quota { requests: quota.0, tokens: None, until: quota.1.map(UnixMs) },
                budget_used,
                ..Vitals::default()
            }
        },
    )
}

fn deployments() -> impl Strategy<Value = Vec<Deployment>> {
    let price = prop::option::of((0..i64::MAX, 0..i64::MAX));
    let facts =
        (price, prop::option::weighted(0.3, 0..5_000_u64), any::<bool>()).prop_map(|(price, most, lacks)| {
            Facts {
                price: price.map(|(input, output)| Price { input, cached: input / 2, output, request: 0 }),
                max_input_tokens: most,
                lacks: if lacks { Capabilities::VISION } else { Capabilities::NONE },
                ..Facts::default()
            }
        });
    prop::collection::vec((settings(), facts, vitals()), 0..12).prop_map(|all| {
        let ready = |(place, (settings, facts, vitals)): (usize, _)| Deployment {
            id: DeploymentId::new(place.to_string()),
            settings,
            facts,
            vitals,
        };
        all.into_iter().enumerate().map(ready).collect()
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    let bond = prop::sample::select(vec![Bond::Reference, Bond::Session, Bond::Owner, Bond::Prompt]);
    let tag = ("[!&]?", prop::sample::select(&TAGS[..])).prop_map(|(sign, tag)| format!("{sign}{tag}"));
    let regions = prop::collection::vec(prop::sample::select(vec!["eu", "us", "eu-west-2"]), 0..2);
    (
        (0..6_000_u64, any::<bool>(), any::<bool>()),
        (regions, prop::collection::vec(tag, 0..3)),
        prop::collection::vec((0..12_usize, bond), 0..3),
        prop::collection::vec((0..12_usize, prop::sample::select(ErrorKind::ALL.to_vec())), 0..4),
        (any::<u64>(), any::<u64>()),
    )
        .prop_map(|((input_tokens, stream, sees), (regions, tags), pins, tried, (turn, seed))| Asked {
            input_tokens,
            stream,
            needs: if sees { Capabilities::VISION } else { Capabilities::NONE },
            regions,
            tags,
            pins,
            tried,
            turn,
            seed,
        })
}

fn policy() -> impl Strategy<Value = Policy> {
    let strategy = prop::sample::select(&STRATEGIES[..]);
    (strategy, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(strategy, checks, tags, limits)| {
        let enforced: &[&str] = if limits { &["enforce_model_rate_limits"] } else { &[] };
        let settings: RouterSettings = serde_json::from_value(json!({
            "routing_strategy": strategy, "enable_pre_call_checks": checks, "enable_tag_filtering": tags,
            "optional_pre_call_checks": enforced,
        }))
        .unwrap();
        let selection = Selection::new(&settings, "group", &[]).unwrap();
        Policy { group: Arc::from("group"), selection, ..Policy::default() }
    })
}

fn decide(policy: &Policy, deployments: &[Deployment], asked: &Asked) -> Decision {
    let candidates: Vec<_> = deployments
        .iter()
        .map(|one| Candidate { id: &one.id, settings: &one.settings, facts: &one.facts, vitals: one.vitals })
        .collect();
    let ids: Vec<_> = asked.pins.iter().map(|(place, _)| place.to_string()).collect();
    let pins: Vec<_> =
        ids.iter().zip(&asked.pins).map(|(id, (_, bond))| Pin { deployment: id, bond: *bond }).collect();
    let tags: Vec<_> = asked.tags.iter().map(String::as_str).collect();
    let past: Vec<_> = asked
        .tried
        .iter()
        .map(|(place, kind)| {
            let deployment = DeploymentId::new(place.to_string());
            let outcome =
                Outcome::Failed { deployment: deployment.clone(), kind: *kind, retry_after_ms: None };
            Attempt { deployment, started: NOW, ended: Some((NOW, outcome)) }
        })
        .collect();
    let inquiry = Inquiry {
        input_tokens: asked.input_tokens,
        stream: asked.stream,
        needs: asked.needs,
        regions: &asked.regions,
        tags: Tags(&tags),
        affinity: Affinity { pins: &pins, ..Affinity::default() },
        ..Inquiry::default()
    };
    let view = Snapshot {
        group: "group",
        policy,
        candidates: &candidates,
        pace: Pace::default(),
        turn: asked.turn,
        hedging: Hedged::default(),
    };
    select(&view, &inquiry, &past, NOW, asked.seed)
}

/// Those who were not refused.
fn left(decision: &Decision) -> Vec<usize> {
    let places = decision.verdicts.iter().enumerate();
    places.filter(|(_, verdict)| verdict.refusal().is_none()).map(|(place, _)| place).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_candidate_has_a_verdict_and_at_most_one_is_chosen(policy in policy(), all in deployments(), asked in asked()) {
        let decision = decide(&policy, &all, &asked);
        prop_assert_eq!(decision.verdicts.len(), all.len());
        let chosen: Vec<_> = (0..all.len()).filter(|place| matches!(decision.verdicts[*place], Verdict::Chosen(_))).collect();
        prop_assert_eq!(chosen.first().copied(), decision.chosen);
        prop_assert!(chosen.len() <= 1);
        prop_assert_eq!(decision.chosen.is_some(), !left(&decision).is_empty(), "somebody is chosen if anybody is left");
        prop_assert!(decision.bond.is_none() || decision.chosen.is_some());
    }

    #[test]
    fn the_same_question_gets_the_same_answer(policy in policy(), all in deployments(), asked in asked()) {
        prop_assert_eq!(decide(&policy, &all, &asked), decide(&policy, &all, &asked));
    }

    #[test]
    fn whoever_is_not_well_is_never_chosen(policy in policy(), all in deployments(), asked in asked()) {
        let decision = decide(&policy, &all, &asked);
        for (place, one) in all.iter().enumerate() {
            if !one.vitals.health.is_well(NOW) {
                let refusal = decision.verdicts[place].refusal();
                prop_assert!(matches!(refusal, Some(Refusal::CoolingDown { .. } | Refusal::Probed)), "{:?}", refusal);
            }
        }
    }

    #[test]
    fn regions_and_budgets_are_never_widened(policy in policy(), all in deployments(), asked in asked()) {
        if let Some(chosen) = decide(&policy, &all, &asked).chosen {
            let one = &all[chosen];
            prop_assert!(one.vitals.budget_used.is_none_or(|used| used < 1.0));
            let place = one.settings.region_name.as_deref();
            let within = |region: &&str| place.is_some_and(|place| place == *region || llm_router::area(place) == Some(region));
            prop_assert!(asked.regions.is_empty() || asked.regions.iter().any(within), "{:?}", place);
        }
    }

    #[test]
    fn a_reference_is_kept_or_nobody_serves(policy in policy(), all in deployments(), asked in asked()) {
        let mut holders = asked.pins.iter().filter(|(_, bond)| *bond == Bond::Reference).map(|(place, _)| *place).peekable();
        if let (Some(chosen), Some(_)) = (decide(&policy, &all, &asked).chosen, holders.peek()) {
            prop_assert!(holders.any(|holder| holder == chosen));
        }
    }

    #[test]
    fn zero_weight_gets_nothing_while_another_has_some(all in deployments(), asked in asked()) {
        let decision = decide(&Policy::default(), &all, &asked);
        let positive = |place: usize| all[place].settings.weight.is_some_and(|weight| weight > 0.0 && weight.is_finite());
        if let Some(chosen) = decision.chosen {
            prop_assert!(positive(chosen) || !left(&decision).into_iter().any(positive));
        }
    }

    #[test]
    fn the_cheapest_that_is_left_serves(all in deployments(), asked in asked()) {
        let settings: RouterSettings = serde_json::from_value(json!({"routing_strategy": "cost-based-routing"})).unwrap();
        let selection = Selection::new(&settings, "group", &[]).unwrap();
        let policy = Policy { selection, ..Policy::default() };
        let decision = decide(&policy, &all, &asked);
        let cost = |place: usize| {
            let price = all[place].facts.price?;
            Some(i128::from(price.input) * i128::from(asked.input_tokens.max(1)) + i128::from(price.output) * 500)
        };
        if let Some(chosen) = decision.chosen {
            let cheapest = left(&decision).into_iter().filter_map(cost).min();
            prop_assert_eq!(cost(chosen), cheapest);
        }
    }

    #[test]
    fn who_has_not_been_asked_goes_first(policy in policy(), all in deployments(), asked in asked()) {
        let decision = decide(&policy, &all, &asked);
        let tried = |place: usize| asked.tried.iter().any(|(tried, _)| *tried == place);
        if decision.chosen.is_some_and(tried) {
            prop_assert!(left(&decision).into_iter().all(tried));
        }
    }

    #[test]
    fn a_filter_fewer_never_leaves_less(all in deployments(), asked in asked()) {
        let plain = decide(&Policy::default(), &all, &asked);
        let freed = decide(&Policy::default(), &all, &Asked { regions: vec![], pins: vec![], ..asked });
        prop_assert!(plain.chosen.is_none() || freed.chosen.is_some());
    }
}
