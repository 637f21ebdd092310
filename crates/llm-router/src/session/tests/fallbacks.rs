//! On to other groups.

use super::*;

fn at_once(mut settings: Value) -> World {
    settings["num_retries"] = json!(0);
    world(1, settings)
}

#[test]
fn each_sort_of_failure_has_its_list() {
    let settings = || {
        json!({
            "fallbacks": [{"main": ["b"]}],
            "context_window_fallbacks": [{"main": ["c"]}],
            "content_policy_fallbacks": [{"main": ["d"]}],
        })
    };
    let cases = [
        (ErrorKind::Internal, ">b b-0"),
        (ErrorKind::InvalidRequest, ">b b-0"),
        (ErrorKind::Authentication, ">b b-0"),
        (ErrorKind::ContextWindow, ">c c-0"),
        (ErrorKind::ContentPolicy, ">d d-0"),
        (ErrorKind::ClientClosed, ""),
    ];
    for (kind, expected) in cases {
        let way = at_once(settings()).way(Wishes::default(), |_| kind);
        assert_eq!(way.strip_prefix("main-0").unwrap().trim(), expected, "{kind:?}");
    }
}

#[test]
fn a_special_failure_without_a_list_takes_the_general_one_unless_others_have_special_ones() {
    let way = |settings| at_once(settings).way(Wishes::default(), |_| ErrorKind::ContextWindow);
    assert_eq!(way(json!({"fallbacks": [{"main": ["b"]}]})), "main-0 >b b-0");
    let other = json!({"fallbacks": [{"main": ["b"]}], "context_window_fallbacks": [{"c": ["d"]}]});
    assert_eq!(way(other), "main-0");
    let every = json!({"context_window_fallbacks": [{"*": ["d"]}]});
    assert_eq!(way(every), "main-0 >d d-0");
}

#[test]
fn every_group_has_the_star_or_the_default() {
    let way = |settings| at_once(settings).way(Wishes::default(), internal);
    assert_eq!(way(json!({"fallbacks": [{"*": ["c"]}], "default_fallbacks": ["d"]})), "main-0 >c c-0");
    assert_eq!(way(json!({"fallbacks": [{"b": ["c"]}], "default_fallbacks": ["d"]})), "main-0 >d d-0");
}

#[test]
fn lists_of_fallbacks_are_gone_down_depth_first_each_target_once() {
    let settings = json!({
        "max_fallbacks": 10,
        "fallbacks": [{"main": ["b", "c"]}, {"b": ["d", "c", "main"]}, {"d": ["b", "e"]}],
    });
    assert_eq!(at_once(settings).way(Wishes::default(), internal), "main-0 >b b-0 >d d-0 >e e-0 >c c-0");
}

#[test]
fn three_changes_of_the_group_are_the_most() {
    let list = json!({"fallbacks": [{"main": ["b", "c", "d", "e"]}]});
    assert_eq!(at_once(list.clone()).way(Wishes::default(), internal), "main-0 >b b-0 >c c-0 >d d-0");
    let mut none = list;
    none["max_fallbacks"] = json!(0);
    assert_eq!(at_once(none).way(Wishes::default(), internal), "main-0");
}

#[test]
fn requests_and_deployments_have_lists_of_their_own() {
    let list = json!({"fallbacks": [{"main": ["b"]}], "context_window_fallbacks": [{"main": ["c"]}]});
    let wishes = Wishes { fallbacks: names(&["d", "e"]), ..Wishes::default() };
    assert_eq!(at_once(list.clone()).way(wishes.clone(), internal), "main-0 >d d-0 >e e-0");
    let way = at_once(list.clone()).way(wishes.clone(), |_| ErrorKind::ContextWindow);
    assert_eq!(way, "main-0 >d d-0 >e e-0", "the request's own list goes before the configuration's");
    let special = Wishes { context_window_fallbacks: names(&["e"]), ..wishes };
    assert_eq!(at_once(list.clone()).way(special, |_| ErrorKind::ContextWindow), "main-0 >e e-0");

    let own = DeploymentSettings {
        fallbacks: vec![FallbackTarget::Name("e".into())],
        num_retries: Some(0),
        ..DeploymentSettings::default()
    };
    let mut world = world_of(vec![own], list);
    let of = |deployment: &str| {
        if deployment == "main-0" { ErrorKind::Internal } else { ErrorKind::NotFound }
    };
    assert_eq!(world.way(Wishes::default(), of), "main-0 >e e-0");
}

#[test]
fn some_requests_stay_where_they_are() {
    let settings = || json!({"fallbacks": [{"main": ["b"]}]});
    let stay = [
        Wishes { disable_fallbacks: true, ..Wishes::default() },
        Wishes { embedding: true, ..Wishes::default() },
    ];
    for wishes in stay {
        assert_eq!(at_once(settings()).way(wishes, internal), "main-0");
    }
    let mut vectors = settings();
    vectors["allow_embedding_fallbacks"] = json!(true);
    let wishes = Wishes { embedding: true, ..Wishes::default() };
    assert_eq!(at_once(vectors).way(wishes, internal), "main-0 >b b-0");
    let mut strict = settings();
    strict["fallback_on_unsupported_params"] = json!(false);
    assert_eq!(at_once(strict).way(Wishes::default(), |_| ErrorKind::Unsupported), "main-0");
    assert_eq!(at_once(settings()).way(Wishes::default(), |_| ErrorKind::Unsupported), "main-0 >b b-0");
}

#[test]
fn too_many_requests_do_not_wait_where_another_group_is() {
    let way = world(1, json!({"fallbacks": [{"main": ["b"]}]})).way(Wishes::default(), |deployment| {
        if deployment == "main-0" { ErrorKind::RateLimit } else { ErrorKind::NotFound }
    });
    assert_eq!(way, "main-0 >b b-0");
}

#[test]
fn where_nobody_is_well_the_next_group_serves_at_once() {
    let mut world = world(2, json!({"fallbacks": [{"main": ["b", "c"]}], "num_retries": 0}));
    world.cool(0, NOW.plus(9_000));
    world.cool(1, NOW.plus(5_000));
    assert_eq!(world.way(Wishes::default(), internal), ">b >c c-0");
}

#[test]
fn where_nobody_is_well_anywhere_the_first_to_be_back_is_told() {
    let mut world = world(2, json!({}));
    world.cool(0, NOW.plus(9_000));
    world.main().deployments[1].health.cooling_until = Some(NOW.plus(7_000));
    let (way, exhausted) = world.journey(Wishes::default(), |_| (ErrorKind::Internal, None));
    assert_eq!(way, [""; 0]);
    assert_eq!((exhausted.retry_at, exhausted.kind()), (Some(NOW.plus(7_000)), ErrorKind::RateLimit));
    assert_eq!(exhausted.to_string(), "no deployment available: all are cooling down");
}

#[test]
fn an_empty_group_is_given_up() {
    let (way, exhausted) = world(0, json!({})).journey(Wishes::default(), |_| (ErrorKind::Internal, None));
    assert_eq!((way.len(), exhausted.kind()), (0, ErrorKind::Unavailable));
    assert_eq!(exhausted.to_string(), "no deployment available: none may be asked");
}

#[test]
fn a_group_that_cannot_be_had_is_passed_over() {
    let mut world = at_once(json!({"max_fallbacks": 1, "fallbacks": [{"main": ["b", "c", "d"]}]}));
    let mut session = Session::new(Wishes::default());
    let first = sent(world.next(&mut session, "main", NOW));
    session.observe(&failed(&first, ErrorKind::Internal), NOW);
    let turned = |step| match step {
        Step::Turn { group, .. } => group.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(turned(world.next(&mut session, "main", NOW)), "b");
    session.pass_over(NOW);
    assert_eq!(turned(world.next(&mut session, "main", NOW)), "c");
    assert_eq!(session.fallbacks(), 1, "what could not be had does not count");
    let there = sent(world.next(&mut session, "c", NOW));
    assert_eq!((there.as_str(), session.group().unwrap().as_ref()), ("c-0", "c"));
    session.observe(&failed(&there, ErrorKind::Timeout), NOW);
    assert_eq!(gave_up(world.next(&mut session, "c", NOW)).kind(), ErrorKind::Timeout);
}

#[test]
fn a_group_of_which_nobody_is_asked_does_not_count() {
    let mut world = at_once(json!({"max_fallbacks": 1, "fallbacks": [{"main": ["b", "c", "d", "e"]}]}));
    let mut session = Session::new(Wishes::default());
    let first = sent(world.next(&mut session, "main", NOW));
    session.observe(&failed(&first, ErrorKind::Internal), NOW);
    let mut group = "main".to_owned();
    // What the request asks for is lost there, and so it is not sent.
    for unfit in ["b", "c"] {
        let Step::Turn { group: next, .. } = world.next(&mut session, &group, NOW) else { panic!("{group}") };
        assert_eq!(*next, *unfit);
        group = unfit.to_owned();
        let deployment = sent(world.next(&mut session, &group, NOW));
        assert_eq!(session.fallbacks(), 1);
        session.observe(&Outcome::Unfit { deployment, kind: ErrorKind::Unsupported }, NOW);
    }
    let Step::Turn { group, .. } = world.next(&mut session, &group, NOW) else { panic!() };
    assert_eq!((&*group, session.fallbacks()), ("d", 1));
    let there = sent(world.next(&mut session, "d", NOW));
    session.observe(&failed(&there, ErrorKind::Internal), NOW);
    gave_up(world.next(&mut session, "d", NOW));
    assert_eq!(session.fallbacks(), 1, "no more than one was to be asked");
}

#[test]
fn a_target_may_change_the_request_and_stay_in_the_group() {
    let target = json!({"model": "main", "messages": []});
    let mut world = at_once(json!({"fallbacks": [{"main": [target, "main", "b"]}]}));
    let mut session = Session::new(Wishes::default());
    let first = sent(world.next(&mut session, "main", NOW));
    session.observe(&failed(&first, ErrorKind::InvalidRequest), NOW);
    let Step::Turn { group, changes } = world.next(&mut session, "main", NOW) else { panic!() };
    assert_eq!(*group, *"main");
    assert_eq!(serde_json::to_value(&*changes.unwrap()).unwrap(), json!({"messages": []}));
    let again = sent(world.next(&mut session, "main", NOW));
    assert_eq!(again, first, "it is another request now");
    session.observe(&failed(&again, ErrorKind::InvalidRequest), NOW);
    let Step::Turn { group, changes } = world.next(&mut session, "main", NOW) else { panic!() };
    assert_eq!((&*group, changes), ("b", None), "the same request is not sent there again");
}
