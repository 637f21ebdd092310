//! Limits for the first token, and second requests.

use super::*;

fn stream() -> Inquiry<'static> {
    Inquiry { stream: true, ..Inquiry::default() }
}

fn whole() -> Inquiry<'static> {
    Inquiry::default()
}

fn limits(world: &mut World, wishes: Wishes, inquiry: &Inquiry<'_>) -> (Option<u64>, Option<u64>) {
    let step = world.ask(&mut Session::new(wishes), "main", inquiry, NOW);
    let Step::Send { first_token_by, hedge_at, .. } = step else { panic!("{step:?}") };
    (first_token_by.map(|at| at.since(NOW)), hedge_at.map(|at| at.since(NOW)))
}

fn paced(mut world: World, samples: u32) -> World {
    world.main().pace = Pace {
        first_token_p95_ms: Some(200.0),
        first_tokens: samples,
        answer_p95_ms: Some(3_000.0),
        answers: samples,
        ..Pace::default()
    };
    world
}

#[test]
fn the_limit_is_the_requests_the_deployments_or_the_groups() {
    let own = |seconds| DeploymentSettings {
        ttft_timeout: Some(crate::Seconds::try_from(seconds).unwrap()),
        ..DeploymentSettings::default()
    };
    let fixed = || json!({"first_token_timeout": 3});
    let wish = Wishes { first_token_ms: Some(250), ..Wishes::default() };
    assert_eq!(limits(&mut world_of(vec![own(2.0)], fixed()), wish, &stream()).0, Some(250));
    assert_eq!(limits(&mut world_of(vec![own(2.0)], fixed()), Wishes::default(), &stream()).0, Some(2_000));
    assert_eq!(limits(&mut world(1, fixed()), Wishes::default(), &stream()).0, Some(3_000));
    assert_eq!(limits(&mut world(1, json!({})), Wishes::default(), &stream()).0, None);
    assert_eq!(limits(&mut world(1, fixed()), Wishes::default(), &whole()).0, None, "only streams show it");
    let learned = || world(1, json!({"first_token_timeout": {"p95_factor": 3, "min_samples": 10}}));
    assert_eq!(limits(&mut paced(learned(), 10), Wishes::default(), &stream()).0, Some(600));
    assert_eq!(limits(&mut paced(learned(), 9), Wishes::default(), &stream()).0, None);
}

#[test]
fn a_late_first_token_is_tried_elsewhere_or_goes_to_the_latency_fallbacks() {
    let settings = json!({
        "first_token_timeout": 1,
        "num_retries": 1,
        "fallbacks": [{"main": ["c"]}],
        "latency_fallbacks": [{"main": ["b"]}],
    });
    let mut world = world(2, settings);
    let mut session = Session::new(Wishes::default());
    let mut now = NOW;
    for _ in 0..2 {
        let deployment = sent(world.ask(&mut session, "main", &stream(), now));
        assert_eq!(session.first_token_by(&deployment), Some(now.plus(1_000)));
        assert_eq!(world.ask(&mut session, "main", &stream(), now), Step::Wait { until: now.plus(1_000) });
        now = now.plus(1_000);
        let event = session.observe(&Outcome::FirstTokenLate { deployment }, now).unwrap();
        assert_eq!((event.news, event.elapsed_ms), (HealthNews::FirstTokenLate, 1_000));
    }
    let Step::Turn { group, .. } = world.ask(&mut session, "main", &stream(), now) else { panic!() };
    assert_eq!(*group, *"b");
}

fn hedging(more: &Value) -> World {
    let mut hedging = json!({"enabled": true});
    hedging.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut world = paced(world(2, json!({"hedging": hedging})), 20);
    world.main().hedging = Hedged { requests: 100, hedges: 4 };
    world
}

#[test]
fn the_second_request_is_due_after_the_groups_own_95th_percentile_or_a_fixed_time() {
    let at = |mut world: World, inquiry: &Inquiry<'_>| limits(&mut world, Wishes::default(), inquiry).1;
    assert_eq!(at(hedging(&json!({})), &stream()), Some(201));
    assert_eq!(at(hedging(&json!({})), &whole()), Some(3_001));
    assert_eq!(at(hedging(&json!({"after": 0.5})), &stream()), Some(500));
    assert_eq!(at(hedging(&json!({"min_samples": 21})), &stream()), None);
    assert_eq!(at(hedging(&json!({"enabled": false})), &stream()), None);
    let mut lone = hedging(&json!({}));
    lone.main().deployments.pop();
    assert_eq!(at(lone, &stream()), None, "nobody to send it to");
}

#[test]
fn it_goes_out_once_to_another_and_the_loser_is_cancelled() {
    let mut world = hedging(&json!({}));
    let mut session = Session::new(Wishes::default());
    let first = sent(world.ask(&mut session, "main", &stream(), NOW));
    let early = world.ask(&mut session, "main", &stream(), NOW.plus(200));
    assert_eq!(early, Step::Wait { until: NOW.plus(201) });
    let Step::Hedge(second) = world.ask(&mut session, "main", &stream(), NOW.plus(201)) else { panic!() };
    assert_ne!(first, second);
    assert!(matches!(world.ask(&mut session, "main", &stream(), NOW.plus(900)), Step::Wait { .. }));

    assert!(session.observe(&Outcome::Succeeded { deployment: second }, NOW.plus(950)).is_some());
    let loser = session.observe(&Outcome::Cancelled { deployment: first }, NOW.plus(951)).unwrap();
    assert_eq!((loser.news, loser.elapsed_ms, loser.stream), (HealthNews::Outrun, 951, true));
    assert_eq!((session.hedges(), session.retries(), session.attempts().len()), (1, 0, 2));
}

#[test]
fn a_leg_that_fails_leaves_the_other_and_both_failing_is_one_failure() {
    let mut world = hedging(&json!({}));
    let mut session = Session::new(Wishes { num_retries: Some(1), ..Wishes::default() });
    let first = sent(world.ask(&mut session, "main", &stream(), NOW));
    let Step::Hedge(second) = world.ask(&mut session, "main", &stream(), NOW.plus(201)) else { panic!() };
    session.observe(&failed(&first, ErrorKind::Internal), NOW.plus(300));
    assert!(matches!(world.ask(&mut session, "main", &stream(), NOW.plus(300)), Step::Wait { .. }));
    session.observe(&failed(&second, ErrorKind::Unavailable), NOW.plus(400));
    let Step::Wait { until } = world.ask(&mut session, "main", &stream(), NOW.plus(400)) else { panic!() };
    let third = sent(world.ask(&mut session, "main", &stream(), until));
    session.observe(&failed(&third, ErrorKind::Internal), until);
    assert_eq!(gave_up(world.ask(&mut session, "main", &stream(), until)).attempts.len(), 3);
    assert_eq!(session.retries(), 1);
}

#[test]
fn it_does_not_go_out_past_its_budget_or_to_somebody_unwell() {
    let mut world = hedging(&json!({}));
    world.main().hedging.hedges = 5;
    let mut session = Session::new(Wishes::default());
    sent(world.ask(&mut session, "main", &stream(), NOW));
    let wait = Step::Wait { until: UnixMs(i64::MAX) };
    assert_eq!(world.ask(&mut session, "main", &stream(), NOW.plus(201)), wait);
    assert_eq!(session.events()[0].what, Happening::HedgeBudgetSpent);

    let mut world = hedging(&json!({}));
    let mut session = Session::new(Wishes::default());
    let first = sent(world.ask(&mut session, "main", &stream(), NOW));
    for deployment in world.main().deployments.iter_mut().filter(|one| one.id != first) {
        deployment.health.cooling_until = Some(NOW.plus(10_000));
    }
    assert_eq!(world.ask(&mut session, "main", &stream(), NOW.plus(201)), wait);
    assert_eq!(session.attempts().len(), 1);
}
