//! What holds whatever the candidates, the seed and the outcomes are.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use llm_router::{
    Candidate, DeploymentId, DeploymentSettings, Health, Outcome, Policy, SeededEntropy, Session, Snapshot,
    Step,
};
use llm_types::{ErrorKind, UnixMs};
use proptest::prelude::*;

fn settings() -> impl Strategy<Value = DeploymentSettings> {
    let weight = prop::option::of(prop_oneof![Just(0.0), 0.1..100.0_f64, Just(f64::MAX)]);
    let order = prop::option::weighted(0.2, 0..3_i64);
    (weight, order, prop::option::of(0..1_000_u64), prop::option::of(0..100_000_u64))
        .prop_map(|(weight, order, rpm, tpm)| DeploymentSettings { weight, order, rpm, tpm, tags: vec![] })
}

fn health() -> impl Strategy<Value = Health> {
    prop::option::weighted(0.3, 0..2_000_i64).prop_map(|until| Health {
        cooling_until: until.map(UnixMs),
        failures_in_a_row: u32::from(until.is_some()),
    })
}

fn group() -> impl Strategy<Value = Vec<(DeploymentId, DeploymentSettings, Health)>> {
    prop::collection::vec((settings(), health()), 0..8).prop_map(|all| {
        let name = |place: usize| DeploymentId::new(format!("d{place}"));
        all.into_iter().enumerate().map(|(place, (s, h))| (name(place), s, h)).collect()
    })
}

fn candidates(group: &[(DeploymentId, DeploymentSettings, Health)]) -> Vec<Candidate<'_>> {
    group
        .iter()
        .map(|(id, settings, health)| Candidate { health: *health, ..Candidate::new(id, settings) })
        .collect()
}

fn policy(max_attempts: u32) -> Policy {
    let mut policy = Policy::default();
    policy.max_attempts = max_attempts;
    policy
}

/// Goes the whole way, each attempt failing as told; gives the order of attempts.
fn journey(
    candidates: &[Candidate<'_>],
    max_attempts: u32,
    kinds: &[ErrorKind],
    seed: u64,
) -> Vec<DeploymentId> {
    let view = Snapshot { group: "g", candidates };
    let mut entropy = SeededEntropy::new(seed);
    let mut session = Session::new(policy(max_attempts));
    let mut order = Vec::new();
    for now in 0..64 {
        let now = UnixMs(1_000 + now);
        match session.next(&view, now, &mut entropy) {
            Step::Send { deployment, .. } => {
                let kind = kinds[order.len() % kinds.len()];
                order.push(deployment.clone());
                session.observe(&Outcome::Failed { deployment, kind, retry_after_ms: None }, now);
            }
            Step::GiveUp(exhausted) => {
                assert_eq!(exhausted.attempts.len(), order.len());
                return order;
            }
            other => panic!("neither sent nor given up: {other:?}"),
        }
    }
    panic!("a session that does not end: {order:?}");
}

fn kinds() -> impl Strategy<Value = Vec<ErrorKind>> {
    prop::collection::vec(prop::sample::select(ErrorKind::ALL.to_vec()), 1..5)
}

proptest! {
    #[test]
    fn attempts_never_exceed_the_policy(group in group(), max in 0..6_u32, kinds in kinds(), seed: u64) {
        prop_assert!(journey(&candidates(&group), max, &kinds, seed).len() <= max as usize);
    }

    #[test]
    fn the_same_seed_gives_the_same_order(group in group(), kinds in kinds(), seed: u64) {
        let candidates = candidates(&group);
        prop_assert_eq!(journey(&candidates, 6, &kinds, seed), journey(&candidates, 6, &kinds, seed));
    }

    #[test]
    fn somebody_is_asked_if_and_only_if_somebody_is_well(group in group(), seed: u64) {
        let candidates = candidates(&group);
        let order = journey(&candidates, 1, &[ErrorKind::Internal], seed);
        let well = |c: &Candidate<'_>| c.health.is_well(UnixMs(1_000));
        prop_assert_eq!(order.len(), usize::from(candidates.iter().any(well)));
        for id in order {
            prop_assert!(candidates.iter().any(|c| *c.id == id && well(c)), "{} is cooling down", id);
        }
    }

    #[test]
    fn zero_weight_is_never_chosen_while_another_is_positive(group in group(), seed: u64) {
        let candidates = candidates(&group);
        for id in journey(&candidates, 1, &[ErrorKind::Internal], seed) {
            let chosen = candidates.iter().find(|c| *c.id == id).unwrap();
            let rivals = candidates.iter().filter(|c| {
                c.health.is_well(UnixMs(1_000)) && c.settings.order == chosen.settings.order
            });
            let positive = |c: &Candidate<'_>| c.settings.weight.is_some_and(|w| w > 0.0);
            let rivals: Vec<_> = rivals.collect();
            prop_assert!(positive(chosen) || !rivals.iter().any(|c| positive(c)));
        }
    }
}

/// 100,000 draws with a fixed seed.
fn shares(settings: &[DeploymentSettings]) -> Vec<f64> {
    const DRAWS: u32 = 100_000;
    let ids: Vec<_> = (0..settings.len()).map(|place| DeploymentId::new(place.to_string())).collect();
    let candidates: Vec<_> = ids.iter().zip(settings).map(|(id, s)| Candidate::new(id, s)).collect();
    let view = Snapshot { group: "g", candidates: &candidates };
    let mut entropy = SeededEntropy::new(42);
    let mut counts = vec![0_u32; settings.len()];
    for _ in 0..DRAWS {
        let step = Session::new(Policy::default()).next(&view, UnixMs(0), &mut entropy);
        let Step::Send { deployment, .. } = step else { panic!("{step:?}") };
        counts[deployment.as_str().parse::<usize>().unwrap()] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) / f64::from(DRAWS)).collect()
}

/// Pearson's statistic stays under the 99.9 % quantile for the degrees of freedom.
fn assert_shares(settings: &[DeploymentSettings], expected: &[f64]) {
    const QUANTILE_999: [f64; 5] = [0.0, 10.83, 13.82, 16.27, 18.47];
    let shares = shares(settings);
    let mut statistic = 0.0;
    let mut cells = 0;
    for (share, expected) in shares.iter().zip(expected) {
        if *expected == 0.0 {
            assert_eq!(*share, 0.0, "{shares:?}");
            continue;
        }
        statistic += 100_000.0 * (share - expected).powi(2) / expected;
        cells += 1;
    }
    assert!(statistic <= QUANTILE_999[cells - 1], "{shares:?} for {expected:?}: {statistic}");
}

#[test]
fn shares_follow_weight_then_rpm_then_tpm_then_nothing() {
    let with = |weight, rpm, tpm| DeploymentSettings { weight, rpm, tpm, ..DeploymentSettings::default() };
    assert_shares(
        &[with(Some(7.0), Some(1), None), with(Some(2.0), Some(900), None), with(Some(1.0), None, None)],
        &[0.7, 0.2, 0.1],
    );
    // One weight starves all siblings without one.
    assert_shares(&[with(Some(0.5), None, None), with(None, Some(900), None)], &[1.0, 0.0]);
    assert_shares(&[with(None, Some(900), Some(1)), with(Some(0.0), Some(100), Some(99))], &[0.9, 0.1]);
    assert_shares(&[with(None, None, Some(60_000)), with(None, Some(0), Some(40_000))], &[0.6, 0.4]);
    assert_shares(
        &[with(None, None, None), with(None, None, None), with(Some(0.0), None, None)],
        &[1.0 / 3.0; 3],
    );
    // Weights whose sum overflows.
    assert_shares(&[with(Some(f64::MAX), None, None), with(Some(f64::MAX), None, None)], &[0.5, 0.5]);
}
