use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use serde_json::json;

use super::*;
use crate::settings::{FallbackTarget, RetryPolicy, RouterSettings};
use crate::{DeploymentSettings, Facts, Health, Hedged, Pace, Plan, SeededEntropy, Vitals};

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

mod retries {
    use super::*;

    #[test]
    fn a_lone_deployment_is_asked_four_times_with_growing_waits() {
        let (way, exhausted) =
            world(1, json!({})).journey(Wishes::default(), |_| (ErrorKind::Internal, None));
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
        let journey =
            |ms| world(1, json!({})).journey(Wishes::default(), |_| (ErrorKind::RateLimit, Some(ms)));
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
}

mod orders {
    use super::*;

    fn orders(orders: &[i64], settings: Value) -> World {
        let order = |order| DeploymentSettings { order: Some(order), ..DeploymentSettings::default() };
        world_of(orders.iter().copied().map(order).collect(), settings)
    }

    #[test]
    fn the_next_order_comes_before_any_other_group() {
        let fallbacks = json!({"num_retries": 0, "fallbacks": [{"main": ["b"]}]});
        let way = orders(&[1, 2, 3], fallbacks.clone()).way(Wishes::default(), internal);
        assert_eq!(way, "main-0 main-1 main-2 >b b-0");
        // So it does after failures that are not tried again.
        let way = orders(&[1, 2], fallbacks).way(Wishes::default(), |_| ErrorKind::NotFound);
        assert_eq!(way, "main-0 main-1 >b b-0");
    }

    #[test]
    fn retries_go_to_the_next_order_as_soon_as_this_one_is_used_up() {
        let way = orders(&[1, 2], json!({"num_retries": 2})).way(Wishes::default(), internal);
        assert_eq!(way, "main-0 main-1 wait main-0");
    }
}

mod fallbacks {
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
        let (way, exhausted) =
            world(0, json!({})).journey(Wishes::default(), |_| (ErrorKind::Internal, None));
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
}

mod unfit {
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
}

mod waiting_for_the_first_token {
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
        assert_eq!(
            limits(&mut world_of(vec![own(2.0)], fixed()), Wishes::default(), &stream()).0,
            Some(2_000)
        );
        assert_eq!(limits(&mut world(1, fixed()), Wishes::default(), &stream()).0, Some(3_000));
        assert_eq!(limits(&mut world(1, json!({})), Wishes::default(), &stream()).0, None);
        assert_eq!(
            limits(&mut world(1, fixed()), Wishes::default(), &whole()).0,
            None,
            "only streams show it"
        );
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
            assert_eq!(
                world.ask(&mut session, "main", &stream(), now),
                Step::Wait { until: now.plus(1_000) }
            );
            now = now.plus(1_000);
            let event = session.observe(&Outcome::FirstTokenLate { deployment }, now).unwrap();
            assert_eq!((event.news, event.elapsed_ms), (HealthNews::FirstTokenLate, 1_000));
        }
        let Step::Turn { group, .. } = world.ask(&mut session, "main", &stream(), now) else { panic!() };
        assert_eq!(*group, *"b");
    }

    fn hedging(more: Value) -> World {
        let mut hedging = json!({"enabled": true});
        hedging.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut world = paced(world(2, json!({"hedging": hedging})), 20);
        world.main().hedging = Hedged { requests: 100, hedges: 4 };
        world
    }

    #[test]
    fn the_second_request_is_due_after_the_groups_own_95th_percentile_or_a_fixed_time() {
        let at = |mut world: World, inquiry: &Inquiry<'_>| limits(&mut world, Wishes::default(), inquiry).1;
        assert_eq!(at(hedging(json!({})), &stream()), Some(201));
        assert_eq!(at(hedging(json!({})), &whole()), Some(3_001));
        assert_eq!(at(hedging(json!({"after": 0.5})), &stream()), Some(500));
        assert_eq!(at(hedging(json!({"min_samples": 21})), &stream()), None);
        assert_eq!(at(hedging(json!({"enabled": false})), &stream()), None);
        let mut lone = hedging(json!({}));
        lone.main().deployments.pop();
        assert_eq!(at(lone, &stream()), None, "nobody to send it to");
    }

    #[test]
    fn it_goes_out_once_to_another_and_the_loser_is_cancelled() {
        let mut world = hedging(json!({}));
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
        let mut world = hedging(json!({}));
        let mut session = Session::new(Wishes { num_retries: Some(1), ..Wishes::default() });
        let first = sent(world.ask(&mut session, "main", &stream(), NOW));
        let Step::Hedge(second) = world.ask(&mut session, "main", &stream(), NOW.plus(201)) else { panic!() };
        session.observe(&failed(&first, ErrorKind::Internal), NOW.plus(300));
        assert!(matches!(world.ask(&mut session, "main", &stream(), NOW.plus(300)), Step::Wait { .. }));
        session.observe(&failed(&second, ErrorKind::Unavailable), NOW.plus(400));
        let Step::Wait { until } = world.ask(&mut session, "main", &stream(), NOW.plus(400)) else {
            panic!()
        };
        let third = sent(world.ask(&mut session, "main", &stream(), until));
        session.observe(&failed(&third, ErrorKind::Internal), until);
        assert_eq!(gave_up(world.ask(&mut session, "main", &stream(), until)).attempts.len(), 3);
        assert_eq!(session.retries(), 1);
    }

    #[test]
    fn it_does_not_go_out_past_its_budget_or_to_somebody_unwell() {
        let mut world = hedging(json!({}));
        world.main().hedging.hedges = 5;
        let mut session = Session::new(Wishes::default());
        sent(world.ask(&mut session, "main", &stream(), NOW));
        let wait = Step::Wait { until: UnixMs(i64::MAX) };
        assert_eq!(world.ask(&mut session, "main", &stream(), NOW.plus(201)), wait);
        assert_eq!(session.events()[0].what, Happening::HedgeBudgetSpent);

        let mut world = hedging(json!({}));
        let mut session = Session::new(Wishes::default());
        let first = sent(world.ask(&mut session, "main", &stream(), NOW));
        for deployment in world.main().deployments.iter_mut().filter(|one| one.id != first) {
            deployment.health.cooling_until = Some(NOW.plus(10_000));
        }
        assert_eq!(world.ask(&mut session, "main", &stream(), NOW.plus(201)), wait);
        assert_eq!(session.attempts().len(), 1);
    }
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
    assert_eq!((session.retries(), session.fallbacks()), (2, 1));
}
