//! What holds whatever the candidates, the configuration, the seed and the outcomes are.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use llm_router::settings::{DeploymentSettings, FallbackTarget, Fallbacks, HedgingSettings, RouterSettings};
use llm_router::{
    Attempt, Candidate, DeploymentId, Facts, Health, Hedged, Inquiry, Outcome, Pace, Plan, SeededEntropy,
    Session, Snapshot, Step, Vitals, Wishes,
};
use llm_types::{ErrorKind, UnixMs};
use proptest::prelude::*;

const START: i64 = 1_000_000;
const GROUPS: [&str; 4] = ["g0", "g1", "g2", "g3"];

#[derive(Debug, Clone)]
struct Deployment {
    id: DeploymentId,
    settings: DeploymentSettings,
    facts: Facts,
    health: Health,
}

#[derive(Debug, Clone)]
struct World {
    groups: Vec<Vec<Deployment>>,
    settings: RouterSettings,
    wishes: Wishes,
    kinds: Vec<Fate>,
    seed: u64,
}

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Fails(ErrorKind, Option<u64>),
    Late,
    Unfit,
    /// The instant at which more is to be done comes first.
    Slow,
}

fn deployment() -> impl Strategy<Value = (DeploymentSettings, u64, Option<i64>)> {
    let weight = prop::option::of(prop_oneof![Just(0.0), 0.1..100.0_f64, Just(f64::MAX)]);
    let order = prop::option::weighted(0.3, 0..3_i64);
    let num_retries = prop::option::weighted(0.1, 0..5_u32);
    (weight, order, num_retries, 0..3_u64, prop::option::weighted(0.3, 0..90_000_i64)).prop_map(
        |(weight, order, num_retries, credential, cooling)| {
            let settings = DeploymentSettings { weight, order, num_retries, ..DeploymentSettings::default() };
            (settings, credential, cooling)
        },
    )
}

fn groups() -> impl Strategy<Value = Vec<Vec<Deployment>>> {
    let group = prop::collection::vec(deployment(), 0..5);
    prop::collection::vec(group, GROUPS.len()).prop_map(|groups| {
        let named = |(g, group): (usize, Vec<_>)| {
            let ready = |(d, (settings, credential, cooling)): (usize, _)| Deployment {
                id: DeploymentId::new(format!("g{g}-{d}")),
                settings,
                facts: Facts { credential, ..Facts::default() },
                health: Health {
                    cooling_until: Option::<i64>::map(cooling, |ms| UnixMs(START + ms)),
                    ..Health::default()
                },
            };
            group.into_iter().enumerate().map(ready).collect()
        };
        groups.into_iter().enumerate().map(named).collect()
    })
}

fn fallbacks() -> impl Strategy<Value = Fallbacks> {
    let targets = prop::collection::vec(0..GROUPS.len(), 0..4);
    prop::collection::vec(targets, GROUPS.len()).prop_map(|lists| {
        let target = |group: usize| FallbackTarget::Name(GROUPS[group].into());
        let named = GROUPS.iter().zip(lists).map(|(group, targets)| {
            [((*group).to_owned(), targets.into_iter().map(target).collect())].into_iter().collect()
        });
        Fallbacks(named.collect())
    })
}

fn fate() -> impl Strategy<Value = Fate> {
    let kind = prop::sample::select(ErrorKind::ALL.to_vec());
    let retry_after = prop::option::weighted(0.3, 0..100_000_u64);
    prop_oneof![
        6 => (kind, retry_after).prop_map(|(kind, ms)| Fate::Fails(kind, ms)),
        1 => Just(Fate::Late),
        1 => Just(Fate::Unfit),
        1 => Just(Fate::Slow),
    ]
}

prop_compose! {
    fn world()(
        groups in groups(),
        general in fallbacks(),
        context_window_fallbacks in prop::option::of(fallbacks()),
        num_retries in prop::option::of(0..5_u32),
        max_fallbacks in prop::option::of(0..5_u32),
        wished in prop::option::weighted(0.3, 0..20_u32),
        hedged in any::<bool>(),
        kinds in prop::collection::vec(fate(), 1..6),
        seed in any::<u64>(),
    ) -> World {
        World {
            groups,
            settings: RouterSettings {
                num_retries,
                max_fallbacks,
                fallbacks: general,
                context_window_fallbacks: context_window_fallbacks.unwrap_or_default(),
                hedging: HedgingSettings {
                    enabled: hedged,
                    after: Some(0.1.try_into().unwrap()),
                    max_extra: 1.0,
                    ..HedgingSettings::default()
                },
                ..RouterSettings::default()
            },
            wishes: Wishes { num_retries: wished, ..Wishes::default() },
            kinds,
            seed,
        }
    }
}

/// What a journey came to.
#[derive(Debug, PartialEq)]
struct Journey {
    steps: Vec<String>,
    visits: Vec<(usize, u32)>,
    hedges: u32,
    attempts: Vec<Attempt>,
    last: Option<ErrorKind>,
    told: ErrorKind,
}

impl World {
    fn plan(&self) -> Plan {
        let groups: Vec<(Arc<str>, Vec<_>)> = GROUPS
            .iter()
            .zip(&self.groups)
            .map(|(name, group)| ((*name).into(), group.iter().map(|one| &one.settings).collect()))
            .collect();
        Plan::new(&self.settings, &groups, |name| GROUPS.contains(&name)).unwrap()
    }

    fn candidates(&self, group: usize) -> Vec<Candidate<'_>> {
        fn ready(one: &Deployment) -> Candidate<'_> {
            let Deployment { id, settings, facts, health } = one;
            Candidate { id, settings, facts, vitals: Vitals { health: *health, ..Vitals::default() } }
        }
        self.groups[group].iter().map(ready).collect()
    }

    /// Goes the whole way, and holds each step against what must never happen.
    fn journey(&self) -> Journey {
        let plan = self.plan();
        let mut entropy = SeededEntropy::new(self.seed);
        let mut session = Session::new(self.wishes.clone());
        let (mut group, mut now) = (0, UnixMs(START));
        let mut journey = Journey {
            steps: vec![],
            visits: vec![(0, 0)],
            hedges: 0,
            attempts: vec![],
            last: None,
            told: ErrorKind::Internal,
        };
        let mut under_way: Vec<DeploymentId> = Vec::new();
        for _ in 0..400 {
            let candidates = self.candidates(group);
            let view = Snapshot {
                group: GROUPS[group],
                policy: plan.policy(GROUPS[group]),
                candidates: &candidates,
                pace: Pace::default(),
                turn: 0,
                hedging: Hedged { requests: 1_000, hedges: 0 },
            };
            let inquiry = Inquiry { stream: true, ..Inquiry::default() };
            let step = session.next(&view, &inquiry, now, &mut entropy);
            journey.steps.push(format!("{step:?}"));
            let (sent, hedge) = match step {
                Step::Send { deployment, .. } => (deployment, false),
                Step::Hedge(deployment) => (deployment, true),
                Step::Turn { group: to, .. } => {
                    assert!(under_way.is_empty());
                    group = GROUPS.iter().position(|name| **name == *to).unwrap();
                    journey.visits.push((group, 0));
                    continue;
                }
                Step::Wait { until } if under_way.is_empty() => {
                    assert!(until > now, "a wait for nothing");
                    now = until;
                    continue;
                }
                Step::Wait { until } => {
                    // The hedge is due, or the attempts end.
                    if until.0 < i64::MAX {
                        now = until;
                        continue;
                    }
                    for deployment in std::mem::take(&mut under_way) {
                        self.end(&mut session, deployment, ErrorKind::Unavailable, None, now, &mut journey);
                    }
                    continue;
                }
                Step::GiveUp(exhausted) => {
                    journey.told = exhausted.kind();
                    journey.attempts = exhausted.attempts;
                    assert_eq!(session.attempts(), journey.attempts);
                    assert_eq!(session.hedges(), journey.hedges);
                    return journey;
                }
                other => panic!("unknown step {other:?}"),
            };
            let chosen = candidates.iter().find(|one| *one.id == sent).unwrap();
            assert!(chosen.vitals.health.is_well(now), "{sent} is cooling down");
            assert!(!under_way.contains(&sent), "{sent} twice at a time");
            let fate = self.kinds[session.attempts().len() % self.kinds.len()];
            if hedge {
                journey.hedges += 1;
            } else if !matches!(fate, Fate::Unfit) {
                journey.visits.last_mut().unwrap().1 += 1;
            }
            match fate {
                Fate::Fails(kind, retry_after_ms) => {
                    self.end(&mut session, sent, kind, retry_after_ms, now, &mut journey);
                }
                Fate::Late => {
                    session.observe(&Outcome::FirstTokenLate { deployment: sent }, now);
                    journey.last = Some(ErrorKind::GatewayTimeout);
                }
                Fate::Unfit => {
                    let outcome = Outcome::Unfit { deployment: sent, kind: ErrorKind::Unsupported };
                    assert_eq!(session.observe(&outcome, now), None);
                }
                Fate::Slow => under_way.push(sent),
            }
        }
        panic!("a session that does not end: {:#?}", journey.steps);
    }

    fn end(
        &self,
        session: &mut Session,
        deployment: DeploymentId,
        kind: ErrorKind,
        retry_after_ms: Option<u64>,
        now: UnixMs,
        journey: &mut Journey,
    ) {
        session.observe(&Outcome::Failed { deployment, kind, retry_after_ms }, now);
        journey.last = Some(kind);
    }

    /// Attempts that one visit of a group may take: the largest allowance, and one more for each further order.
    fn most(&self, group: usize) -> u32 {
        let deployments = &self.groups[group];
        let router = self.settings.num_retries.unwrap_or(3);
        let own = deployments.iter().filter_map(|one| one.settings.num_retries).max();
        let retries = match self.wishes.num_retries {
            Some(wished) => wished.min(10),
            None => router.max(own.unwrap_or(0)),
        };
        let mut orders: Vec<_> = deployments.iter().map(|one| one.settings.order).collect();
        orders.sort_unstable();
        orders.dedup();
        1 + retries + orders.len().saturating_sub(1) as u32
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn attempts_never_exceed_the_policy(world in world()) {
        for (group, attempts) in world.journey().visits {
            prop_assert!(attempts <= world.most(group), "{attempts} in {group}, of {}", world.most(group));
        }
    }

    #[test]
    fn groups_are_visited_once_and_not_too_many(world in world()) {
        let visits = world.journey().visits;
        // Where nobody was asked does not count.
        let hops = visits[1..].iter().filter(|(_, asked)| *asked > 0).count();
        prop_assert!(hops <= world.settings.max_fallbacks.unwrap_or(3) as usize, "{visits:?}");
        let mut groups: Vec<_> = visits.iter().map(|(group, _)| *group).collect();
        groups.sort_unstable();
        groups.dedup();
        prop_assert_eq!(groups.len(), visits.len(), "one was visited twice");
    }

    #[test]
    fn the_same_seed_gives_the_same_journey(world in world()) {
        prop_assert_eq!(world.journey(), world.journey());
    }

    #[test]
    fn giving_up_tells_the_last_failure(world in world()) {
        let journey = world.journey();
        if let Some(last) = journey.last {
            // Two that end at once have no order.
            let hedged = journey.hedges > 0;
            prop_assert!(journey.told == last || hedged, "{} and not {}", journey.told.label(), last.label());
        } else if journey.attempts.is_empty() {
            prop_assert!(matches!(journey.told, ErrorKind::RateLimit | ErrorKind::Unavailable));
        }
    }

    #[test]
    fn somebody_is_asked_where_somebody_is_well(world in world()) {
        let journey = world.journey();
        let well = |one: &Deployment| one.health.is_well(UnixMs(START));
        if world.groups[0].iter().any(well) {
            let first = journey.attempts.first().map(|attempt| attempt.deployment.clone());
            prop_assert!(world.groups[0].iter().any(|one| Some(&one.id) == first.as_ref()));
        } else {
            prop_assert_eq!(journey.visits[0].1, 0);
        }
    }

    #[test]
    fn what_was_unfit_is_not_chosen_again(mut world in world()) {
        world.kinds = vec![Fate::Unfit];
        let journey = world.journey();
        let mut asked: Vec<_> = journey.attempts.iter().map(|attempt| attempt.deployment.clone()).collect();
        asked.sort();
        asked.dedup();
        prop_assert_eq!(asked.len(), journey.attempts.len());
        prop_assert!(journey.visits.iter().all(|(_, attempts)| *attempts == 0));
    }
}
