use llm_types::{ErrorKind, UnixMs};

use super::*;
use crate::{DeploymentSettings, Health, SeededEntropy};

const NOW: UnixMs = UnixMs(1_000);

/// Deployments of these settings, named by their place.
struct Group {
    ids: Vec<DeploymentId>,
    settings: Vec<DeploymentSettings>,
    health: Vec<Health>,
}

impl Group {
    fn of(settings: impl IntoIterator<Item = DeploymentSettings>) -> Self {
        let settings: Vec<_> = settings.into_iter().collect();
        Self {
            ids: (0..settings.len()).map(|place| DeploymentId::new(place.to_string())).collect(),
            health: vec![Health::default(); settings.len()],
            settings,
        }
    }

    fn plain(len: usize) -> Self {
        Self::of(vec![DeploymentSettings::default(); len])
    }

    fn next(&self, session: &mut Session, now: UnixMs, entropy: &mut SeededEntropy) -> Step {
        let candidates: Vec<_> = (0..self.ids.len())
            .map(|i| Candidate { health: self.health[i], ..Candidate::new(&self.ids[i], &self.settings[i]) })
            .collect();
        session.next(&Snapshot { group: "group", candidates: &candidates }, now, entropy)
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

fn policy(max_attempts: u32) -> Policy {
    Policy { max_attempts, ..Policy::default() }
}

#[test]
fn one_attempt_is_the_default() {
    let (group, mut entropy) = (Group::plain(3), SeededEntropy::new(1));
    let mut session = Session::new(Policy::default());
    let deployment = sent(group.next(&mut session, NOW, &mut entropy));
    session.observe(&failed(&deployment, ErrorKind::Internal), UnixMs(1_200));

    let exhausted = gave_up(group.next(&mut session, UnixMs(1_200), &mut entropy));
    assert_eq!(exhausted.kind(), ErrorKind::Internal);
    assert_eq!(exhausted.attempts.len(), 1);
    assert_eq!(
        exhausted.to_string(),
        format!("no deployment left after 1 attempt(s): {deployment} (internal)")
    );
}

#[test]
fn further_attempts_prefer_the_untried_and_follow_only_what_may_pass() {
    let (group, mut entropy) = (Group::plain(3), SeededEntropy::new(1));
    let mut session = Session::new(policy(4));
    let mut tried = Vec::new();
    for _ in 0..3 {
        let deployment = sent(group.next(&mut session, NOW, &mut entropy));
        session.observe(&failed(&deployment, ErrorKind::Unavailable), NOW);
        tried.push(deployment);
    }
    tried.sort();
    assert_eq!(tried, group.ids);
    let deployment = sent(group.next(&mut session, NOW, &mut entropy));
    session.observe(&failed(&deployment, ErrorKind::Unavailable), NOW);
    assert_eq!(gave_up(group.next(&mut session, NOW, &mut entropy)).attempts.len(), 4);

    let mut session = Session::new(policy(4));
    let deployment = sent(group.next(&mut session, NOW, &mut entropy));
    session.observe(&failed(&deployment, ErrorKind::InvalidRequest), NOW);
    let exhausted = gave_up(group.next(&mut session, NOW, &mut entropy));
    assert_eq!(exhausted.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn outcomes_become_health_news_once() {
    let group = Group::plain(1);
    let deployment = &group.ids[0];
    let limited = Outcome::Failed {
        deployment: deployment.clone(),
        kind: ErrorKind::RateLimit,
        retry_after_ms: Some(2_000),
    };
    let cases = [
        (Outcome::Succeeded { deployment: deployment.clone() }, Some(HealthNews::Succeeded)),
        (limited, Some(HealthNews::Failed { kind: ErrorKind::RateLimit, retry_after_ms: Some(2_000) })),
        (Outcome::FirstTokenLate { deployment: deployment.clone() }, Some(HealthNews::FirstTokenLate)),
        (Outcome::Cancelled { deployment: deployment.clone() }, None),
    ];
    for (outcome, news) in cases {
        let mut session = Session::new(Policy::default());
        sent(group.next(&mut session, NOW, &mut SeededEntropy::new(1)));
        let expected: Vec<_> = news
            .map(|news| HealthEvent { deployment: deployment.clone(), at: UnixMs(1_500), news })
            .into_iter()
            .collect();
        assert_eq!(session.observe(&outcome, UnixMs(1_500)), expected);
        assert_eq!(session.observe(&outcome, UnixMs(1_600)), [], "told twice");
    }
}

#[test]
fn while_an_attempt_is_under_way_there_is_nothing_to_do() {
    let (group, mut entropy) = (Group::plain(2), SeededEntropy::new(1));
    let mut session = Session::new(Policy { first_token_ms: Some(250), ..policy(2) });
    let step = group.next(&mut session, NOW, &mut entropy);
    let Step::Send { deployment, first_token_by, hedge_at } = step else { panic!("{step:?}") };
    assert_eq!((first_token_by, hedge_at), (Some(UnixMs(1_250)), None));
    assert_eq!(group.next(&mut session, NOW, &mut entropy), Step::Wait { until: UnixMs(1_250) });

    session.observe(&Outcome::FirstTokenLate { deployment: deployment.clone() }, UnixMs(1_250));
    assert_ne!(sent(group.next(&mut session, UnixMs(1_250), &mut entropy)), deployment);
}

#[test]
fn after_success_or_cancellation_there_is_no_further_attempt() {
    let (group, mut entropy) = (Group::plain(2), SeededEntropy::new(1));
    type Make = fn(DeploymentId) -> Outcome;
    let ends: [Make; 2] =
        [|deployment| Outcome::Succeeded { deployment }, |deployment| Outcome::Cancelled { deployment }];
    for end in ends {
        let mut session = Session::new(policy(3));
        let deployment = sent(group.next(&mut session, NOW, &mut entropy));
        session.observe(&end(deployment), NOW);
        gave_up(group.next(&mut session, NOW, &mut entropy));
        assert_eq!(session.attempts().len(), 1);
    }
}

#[test]
fn the_lowest_order_goes_first_and_the_next_when_it_is_not_well() {
    let order = |order| DeploymentSettings { order, ..DeploymentSettings::default() };
    let mut group = Group::of([order(Some(2)), order(None), order(Some(1)), order(Some(1))]);
    let mut entropy = SeededEntropy::new(3);
    let mut draw = |group: &Group| sent(group.next(&mut Session::new(Policy::default()), NOW, &mut entropy));
    let chosen: Vec<_> = (0..50).map(|_| draw(&group)).collect();
    assert!(chosen.iter().all(|id| *id == group.ids[2] || *id == group.ids[3]), "{chosen:?}");

    group.health[2].cooling_until = Some(UnixMs(5_000));
    group.health[3].cooling_until = Some(UnixMs(4_000));
    assert_eq!(draw(&group), group.ids[0]);
}

#[test]
fn when_all_are_cooling_the_first_to_be_back_is_told() {
    let mut group = Group::plain(2);
    group.health[0].cooling_until = Some(UnixMs(9_000));
    group.health[1].cooling_until = Some(UnixMs(7_000));
    let mut session = Session::new(Policy::default());
    let exhausted = gave_up(group.next(&mut session, NOW, &mut SeededEntropy::new(1)));
    assert_eq!((exhausted.retry_at, exhausted.kind()), (Some(UnixMs(7_000)), ErrorKind::RateLimit));
    assert_eq!(exhausted.to_string(), "no deployment available: all are cooling down");

    assert_eq!(sent(group.next(&mut session, UnixMs(7_000), &mut SeededEntropy::new(1))), group.ids[1]);
}

#[test]
fn an_empty_group_is_given_up() {
    let exhausted =
        gave_up(Group::plain(0).next(&mut Session::new(policy(3)), NOW, &mut SeededEntropy::new(1)));
    assert_eq!((exhausted.attempts.len(), exhausted.kind()), (0, ErrorKind::Unavailable));
}
