//! Further attempts in the same group.

use super::*;

#[test]
fn a_lone_deployment_is_asked_four_times_with_growing_waits() {
    let (way, exhausted) = world(1, json!({})).journey(Wishes::default(), |_| (ErrorKind::Internal, None));
    let waits: Vec<u64> = way.iter().filter_map(|word| word.strip_prefix('+')?.parse().ok()).collect();
    assert_eq!(way.iter().filter(|word| *word == "main-0").count(), 4, "{way:?}");
    assert_eq!(waits.len(), 3);
    for (wait, whole) in waits.into_iter().zip([1_000, 2_000, 4_000]) {
        assert!((whole / 2..=whole).contains(&wait), "{wait} of {whole}");
    }
    assert_eq!(exhausted.kind(), ErrorKind::Internal);
    assert_eq!(exhausted.retry_at, None);
}

#[test]
fn others_are_asked_at_once_each_before_any_is_asked_again() {
    let (way, _) = world(3, json!({})).journey(Wishes::default(), |_| (ErrorKind::Unavailable, None));
    let mut first: Vec<_> = way[..3].to_vec();
    first.sort();
    assert_eq!(first, ["main-0", "main-1", "main-2"]);
    assert!(way[3].starts_with('+') && way[4].starts_with("main-"), "{way:?}");
    assert_eq!(way.len(), 5);
}

#[test]
fn only_what_may_pass_is_tried_again() {
    for kind in ErrorKind::ALL {
        let (way, exhausted) = world(2, json!({})).journey(Wishes::default(), |_| (kind, None));
        let attempts = way.iter().filter(|word| word.starts_with("main")).count();
        assert_eq!(attempts, if kind.retryable() { 4 } else { 1 }, "{kind:?}");
        assert_eq!(exhausted.kind(), kind);
    }
}

#[test]
fn a_refused_key_is_followed_by_another_key() {
    let keys = |keys: &[u64]| {
        let mut world = world(keys.len(), json!({}));
        for (deployment, key) in world.main().deployments.iter_mut().zip(keys) {
            deployment.facts.credential = *key;
        }
        world.way(Wishes::default(), |_| ErrorKind::Authentication).split(' ').count()
    };
    assert_eq!(keys(&[1]), 1);
    assert_eq!(keys(&[1, 1, 1]), 1);
    assert_eq!(keys(&[1, 2, 3]), 3, "each key once, nobody twice");
}

#[test]
fn the_count_follows_request_policy_deployment_router() {
    let with = |num_retries| DeploymentSettings { num_retries, ..DeploymentSettings::default() };
    let attempts = |wishes: Wishes, own, settings, kind| {
        let way = world_of(vec![with(own)], settings).way(wishes, |_| kind);
        way.split(' ').filter(|word| *word == "main-0").count()
    };
    let wish = |count| Wishes { num_retries: Some(count), ..Wishes::default() };
    let policies = || {
        json!({
            "num_retries": 1,
            "retry_policy": {"InternalServerErrorRetries": 5, "TimeoutErrorRetries": 2},
            "model_group_retry_policy": {"main": {"InternalServerErrorRetries": 4}},
        })
    };
    use ErrorKind::{Internal, InvalidRequest, RateLimit, Timeout};
    assert_eq!(attempts(wish(0), Some(2), policies(), Internal), 1);
    assert_eq!(attempts(wish(2), None, policies(), Internal), 3);
    assert_eq!(attempts(Wishes::default(), Some(2), policies(), Internal), 5);
    assert_eq!(attempts(Wishes::default(), Some(5), policies(), Timeout), 3);
    assert_eq!(attempts(Wishes::default(), Some(5), policies(), RateLimit), 6);
    assert_eq!(attempts(Wishes::default(), None, policies(), RateLimit), 2);
    // A policy that names the kind sets its nature aside; a count does not.
    let bad = json!({"retry_policy": {"BadRequestErrorRetries": 2}});
    assert_eq!(attempts(Wishes::default(), None, bad.clone(), InvalidRequest), 3);
    assert_eq!(attempts(wish(3), None, bad, InvalidRequest), 1);
    let own = RetryPolicy { bad_request: Some(1), ..RetryPolicy::default() };
    let own = Wishes { retry_policy: Some(own), ..Wishes::default() };
    assert_eq!(attempts(own, None, json!({}), InvalidRequest), 2);
    assert_eq!(
        attempts(
            Wishes::default(),
            None,
            json!({"retry_policy": {"DefaultErrorRetries": 2}}),
            InvalidRequest
        ),
        1
    );
}

#[test]
fn retry_after_is_waited_for_up_to_a_minute() {
    let journey = |ms| world(1, json!({})).journey(Wishes::default(), |_| (ErrorKind::RateLimit, Some(ms)));
    let (way, exhausted) = journey(7_000);
    assert_eq!(way.len(), 7, "{way:?}");
    for wait in way.iter().filter_map(|word| word.strip_prefix('+')?.parse::<u64>().ok()) {
        assert!((7_000..=7_250).contains(&wait), "{wait}");
    }
    assert_eq!(exhausted.kind(), ErrorKind::RateLimit);

    let (way, exhausted) = journey(61_000);
    assert_eq!(way, ["main-0"]);
    assert_eq!((exhausted.retry_at, exhausted.kind()), (Some(NOW.plus(61_000)), ErrorKind::RateLimit));
}

#[test]
fn nobody_waits_beyond_the_deadline() {
    let wishes = Wishes { deadline: Some(NOW.plus(1_200)), ..Wishes::default() };
    let way = world(1, json!({})).way(wishes, internal);
    assert_eq!(way, "main-0 wait main-0", "the second wait would be too long");
}

#[test]
fn a_retry_waits_a_while_for_those_that_cool_down() {
    let mut world = world(2, json!({}));
    let mut session = Session::new(Wishes::default());
    let first = sent(world.next(&mut session, "main", NOW));
    session.observe(&failed(&first, ErrorKind::RateLimit), NOW);
    world.cool(0, NOW.plus(3_000));
    let Step::Wait { until } = world.next(&mut session, "main", NOW) else { panic!() };
    assert!((3_000..=3_250).contains(&until.since(NOW)), "not all at the same instant: {until:?}");
    assert_eq!(world.next(&mut session, "main", NOW.plus(10)), Step::Wait { until });
    assert_ne!(sent(world.next(&mut session, "main", until)), first);
    assert!(
        matches!(session.events()[1].what, Happening::Waiting { why: WaitReason::CoolingDown, .. }),
        "{:?}",
        session.events()
    );

    // Still cooling down after the wait: no second one.
    let mut session = Session::new(Wishes::default());
    world.cool(0, NOW);
    let first = sent(world.next(&mut session, "main", NOW));
    session.observe(&failed(&first, ErrorKind::Internal), NOW);
    world.cool(0, NOW.plus(3_000));
    world.next(&mut session, "main", NOW);
    world.cool(0, NOW.plus(9_000));
    let exhausted = gave_up(world.next(&mut session, "main", NOW.plus(3_250)));
    assert_eq!((exhausted.kind(), exhausted.retry_at), (ErrorKind::Internal, Some(NOW.plus(9_000))));
}
