use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use serde_json::json;

use super::*;
use crate::settings::{FallbackTarget, RetryPolicy, RouterSettings};
use crate::{DeploymentSettings, Facts, Health, Hedged, Pace, Plan, SeededEntropy, Vitals};

mod fallbacks;
mod orders;
mod retries;
mod unfit;
mod waiting_for_the_first_token;

const NOW: UnixMs = UnixMs(1_000_000);

/// Groups of deployments, and what they are configured to do.
struct World {
    plan: Plan,
    groups: Vec<Group>,
    entropy: SeededEntropy,
}

struct Group {
    name: Arc<str>,
    deployments: Vec<Deployment>,
    pace: Pace,
    hedging: Hedged,
}

#[derive(Clone)]
struct Deployment {
    id: DeploymentId,
    settings: DeploymentSettings,
    facts: Facts,
    health: Health,
}

/// `main` with so many deployments, named `main-0` and so on; `b`, `c`, `d`, `e` with one each.
fn world(main: usize, settings: Value) -> World {
    world_of(vec![DeploymentSettings::default(); main], settings)
}

fn world_of(main: Vec<DeploymentSettings>, settings: Value) -> World {
    let settings: RouterSettings = serde_json::from_value(settings).unwrap();
    let single = || vec![DeploymentSettings::default()];
    let all = [("main", main), ("b", single()), ("c", single()), ("d", single()), ("e", single())];
    let groups: Vec<Group> = all.into_iter().map(|(name, deployments)| group(name, deployments)).collect();
    let listed: Vec<_> = groups
        .iter()
        .map(|g| (g.name.clone(), g.deployments.iter().map(|d| &d.settings).collect()))
        .collect();
    let plan = Plan::new(&settings, &listed, |name| groups.iter().any(|g| *g.name == *name)).unwrap();
    World { plan, groups, entropy: SeededEntropy::new(7) }
}

fn group(name: &str, deployments: Vec<DeploymentSettings>) -> Group {
    let deployments = deployments.into_iter().enumerate().map(|(place, settings)| Deployment {
        id: DeploymentId::new(format!("{name}-{place}")),
        settings,
        facts: Facts::default(),
        health: Health::default(),
    });
    Group {
        name: name.into(),
        deployments: deployments.collect(),
        pace: Pace::default(),
        hedging: Hedged::default(),
    }
}

impl World {
    fn main(&mut self) -> &mut Group {
        &mut self.groups[0]
    }

    fn cool(&mut self, group: usize, until: UnixMs) {
        for deployment in &mut self.groups[group].deployments {
            deployment.health.cooling_until = Some(until);
        }
    }

    /// The next step, in the group where the session stands.
    fn next(&mut self, session: &mut Session, at: &str, now: UnixMs) -> Step {
        self.ask(session, at, &Inquiry::default(), now)
    }

    fn ask(&mut self, session: &mut Session, at: &str, inquiry: &Inquiry<'_>, now: UnixMs) -> Step {
        let group = self.groups.iter().find(|group| *group.name == *at).unwrap();
        let candidates: Vec<_> = group
            .deployments
            .iter()
            .map(|d| Candidate {
                id: &d.id,
                settings: &d.settings,
                facts: &d.facts,
                vitals: Vitals { health: d.health, ..Vitals::default() },
            })
            .collect();
        let view = Snapshot {
            group: &group.name,
            policy: self.plan.policy(&group.name),
            candidates: &candidates,
            pace: group.pace,
            turn: 0,
            hedging: group.hedging,
        };
        session.next(&view, inquiry, now, &mut self.entropy)
    }

    /// Goes on until the session gives up, each attempt failing as told; gives what happened as words: the names of
    /// deployments, `+N` for a wait of N ms, `>group` for a change of the group.
    fn journey(
        &mut self,
        wishes: Wishes,
        fail: impl Fn(&str) -> (ErrorKind, Option<u64>),
    ) -> (Vec<String>, Exhausted) {
        let (mut session, mut at, mut now) = (Session::new(wishes), "main".to_owned(), NOW);
        let mut way = Vec::new();
        for _ in 0..100 {
            match self.next(&mut session, &at, now) {
                Step::Send { deployment, .. } => {
                    let (kind, retry_after_ms) = fail(deployment.as_str());
                    way.push(deployment.to_string());
                    session.observe(&Outcome::Failed { deployment, kind, retry_after_ms }, now);
                }
                Step::Wait { until } => {
                    way.push(format!("+{}", until.since(now)));
                    now = until;
                }
                Step::Turn { group, .. } => {
                    way.push(format!(">{group}"));
                    at = group.to_string();
                }
                Step::GiveUp(exhausted) => return (way, exhausted),
                Step::Hedge(_) => panic!("not while nothing is under way"),
            }
        }
        panic!("no end: {way:?}");
    }

    /// The same, without the lengths of waits.
    fn way(&mut self, wishes: Wishes, fail: impl Fn(&str) -> ErrorKind) -> String {
        let (way, _) = self.journey(wishes, |deployment| (fail(deployment), None));
        let words = way.iter().map(|word| if word.starts_with('+') { "wait" } else { word.as_str() });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn sent(step: Step) -> DeploymentId {
    match step {
        Step::Send { deployment, .. } => deployment,
        other => panic!("expected Send, got {other:?}"),
    }
}

fn gave_up(step: Step) -> Exhausted {
    match step {
        Step::GiveUp(exhausted) => exhausted,
        other => panic!("expected GiveUp, got {other:?}"),
    }
}

fn failed(deployment: &DeploymentId, kind: ErrorKind) -> Outcome {
    Outcome::Failed { deployment: deployment.clone(), kind, retry_after_ms: None }
}

fn names(list: &[&str]) -> Option<Vec<FallbackTarget>> {
    Some(list.iter().map(|name| FallbackTarget::Name((*name).into())).collect())
}

fn internal(_: &str) -> ErrorKind {
    ErrorKind::Internal
}

#[test]
fn outcomes_become_health_news_once() {
    let deployment = DeploymentId::new("main-0");
    let of = |kind, retry_after_ms| Outcome::Failed { deployment: deployment.clone(), kind, retry_after_ms };
    let news = |kind, retry_after_ms| HealthNews::Failed { kind, retry_after_ms };
    use ErrorKind::{Authentication, GatewayTimeout, RateLimit};
    let hurried = Wishes { own_timeout: true, first_token_ms: Some(1), ..Wishes::default() };
    let late = Outcome::FirstTokenLate { deployment: deployment.clone() };
    let cases = [
        (
            Wishes::default(),
            Outcome::Succeeded { deployment: deployment.clone() },
            Some(HealthNews::Succeeded),
        ),
        (Wishes::default(), of(RateLimit, Some(2_000)), Some(news(RateLimit, Some(2_000)))),
        (Wishes::default(), of(Authentication, None), Some(news(Authentication, None))),
        (Wishes::default(), of(GatewayTimeout, None), Some(news(GatewayTimeout, None))),
        (Wishes::default(), late.clone(), Some(HealthNews::FirstTokenLate)),
        (Wishes::default(), of(ErrorKind::ClientClosed, None), None),
        (Wishes::default(), Outcome::Cancelled { deployment: deployment.clone() }, None),
        (hurried.clone(), of(GatewayTimeout, None), None),
        (hurried, late, None),
    ];
    for (wishes, outcome, expected) in cases {
        let mut session = Session::new(wishes);
        sent(world(1, json!({})).next(&mut session, "main", NOW));
        let event = session.observe(&outcome, NOW.plus(500));
        assert_eq!(event.as_ref().map(|event| event.news), expected, "{outcome:?}");
        if let Some(event) = event {
            assert_eq!((event.at, event.elapsed_ms), (NOW.plus(500), 500));
            let key = matches!(outcome, Outcome::Failed { kind: Authentication, .. });
            assert_eq!(event.scope == Scope::Credential, key);
        }
        assert_eq!(session.observe(&outcome, NOW.plus(600)), None, "told twice");
    }
}

#[test]
fn after_success_or_cancellation_there_is_no_further_attempt() {
    type Make = fn(DeploymentId) -> Outcome;
    let ends: [Make; 2] =
        [|deployment| Outcome::Succeeded { deployment }, |deployment| Outcome::Cancelled { deployment }];
    for end in ends {
        let mut world = world(2, json!({"fallbacks": [{"main": ["b"]}]}));
        let mut session = Session::new(Wishes::default());
        let deployment = sent(world.next(&mut session, "main", NOW));
        session.observe(&end(deployment), NOW);
        gave_up(world.next(&mut session, "main", NOW));
        assert_eq!(session.attempts().len(), 1);
    }
}

#[test]
fn a_journey_explains_itself() {
    let mut world = world(1, json!({"num_retries": 1, "fallbacks": [{"main": ["b"]}], "retry_after": 2}));
    let mut session = Session::new(Wishes::default());
    let deployment = sent(world.next(&mut session, "main", NOW));
    session.observe(&failed(&deployment, ErrorKind::Internal), NOW);
    world.next(&mut session, "main", NOW);
    let deployment = sent(world.next(&mut session, "main", NOW.plus(2_000)));
    session.observe(&failed(&deployment, ErrorKind::Internal), NOW.plus(2_000));
    world.next(&mut session, "main", NOW.plus(2_000));
    sent(world.next(&mut session, "b", NOW.plus(2_000)));
    let record = serde_json::to_value(session.record()).unwrap();
    assert_eq!(record["decisions"].as_array().unwrap().len(), 3);
    assert_eq!(record["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(
        record["events"],
        json!([
            {"at": 1_000_000, "waiting": {"until": 1_002_000, "why": "backoff"}},
            {"at": 1_002_000, "turned": {"from": "main", "to": "b", "why": "internal"}},
        ])
    );
    assert_eq!((session.retries(), session.fallbacks()), (1, 1));
}
