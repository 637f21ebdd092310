//! What is not sent.

use super::*;

#[test]
fn what_was_not_sent_is_no_attempt() {
    let mut world = world(3, json!({"num_retries": 0}));
    let mut session = Session::new(Wishes::default());
    let unfit = |deployment: DeploymentId| Outcome::Unfit { deployment, kind: ErrorKind::Authentication };
    let mut asked = Vec::new();
    for _ in 0..2 {
        let deployment = sent(world.next(&mut session, "main", NOW));
        assert_eq!(session.observe(&unfit(deployment.clone()), NOW), None);
        asked.push(deployment);
    }
    let third = sent(world.next(&mut session, "main", NOW));
    assert!(!asked.contains(&third));
    session.observe(&failed(&third, ErrorKind::Internal), NOW);
    let exhausted = gave_up(world.next(&mut session, "main", NOW));
    assert_eq!((exhausted.kind(), exhausted.attempts.len()), (ErrorKind::Internal, 3));
    assert_eq!(session.retries(), 0);
    assert!(exhausted.to_string().starts_with("no deployment left after 1 attempt(s): "), "{exhausted}");
    assert!(exhausted.to_string().contains("(authentication, not asked)"), "{exhausted}");
}

#[test]
fn where_nobody_fits_the_next_group_serves_or_the_reason_is_told() {
    for (settings, next) in [(json!({"fallbacks": [{"main": ["b"]}]}), true), (json!({}), false)] {
        let mut world = world(1, settings);
        let mut session = Session::new(Wishes::default());
        let deployment = sent(world.next(&mut session, "main", NOW));
        session.observe(&Outcome::Unfit { deployment, kind: ErrorKind::Unsupported }, NOW);
        match world.next(&mut session, "main", NOW) {
            Step::Turn { group, .. } => assert!(next && *group == *"b"),
            Step::GiveUp(exhausted) => assert!(!next && exhausted.kind() == ErrorKind::Unsupported),
            other => panic!("{other:?}"),
        }
    }
}
