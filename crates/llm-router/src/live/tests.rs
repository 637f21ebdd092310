use serde_json::{Value, json};

use super::*;
use crate::settings::RouterSettings;
use crate::{Allowance, DeploymentId, DeploymentSettings, Health, HealthNews, Hedged, Pace, Quota};

const NOW: UnixMs = UnixMs(1_763_700_000_000);

fn breaker(settings: Value) -> Breaker {
    Breaker::new(&serde_json::from_value::<RouterSettings>(settings).unwrap())
}

fn news(news: HealthNews, at: UnixMs) -> HealthEvent {
    let scope = match news {
        HealthNews::Failed { kind, .. } => Scope::of(kind),
        _ => Scope::Deployment,
    };
    HealthEvent { deployment: DeploymentId::new("d"), at, elapsed_ms: 100, stream: true, scope, news }
}

fn failure(kind: ErrorKind, retry_after_ms: Option<u64>) -> HealthNews {
    HealthNews::Failed { kind, retry_after_ms }
}

/// The length of the cool-down after each of these failures, one second apart: zero for none.
fn lengths(breaker: &Breaker, company: Company, failures: &[(ErrorKind, Option<u64>)]) -> Vec<u64> {
    let live = Live::new();
    let mut lengths = Vec::new();
    for (second, (kind, retry_after_ms)) in failures.iter().enumerate() {
        let at = NOW.plus(second as u64 * 1_000);
        // Told to the deployment whatever the scope: this is about the rule.
        let event = HealthEvent { scope: Scope::Deployment, ..news(failure(*kind, *retry_after_ms), at) };
        live.fold(&event, breaker, company);
        lengths.push(cooling(&live.vitals(at).health, at));
    }
    lengths
}

fn cooling(health: &Health, now: UnixMs) -> u64 {
    health.cooling_until.map_or(0, |until| until.since(now))
}

use ErrorKind::{
    Authentication, Conflict, ContextWindow, GatewayTimeout, Internal, InvalidRequest, NotFound, RateLimit,
};

#[test]
fn five_failures_in_a_row_open_for_five_minutes() {
    let ours = breaker(json!({}));
    assert_eq!(lengths(&ours, Company::Others, &[(Internal, None); 5]), [0, 0, 0, 0, 300_000]);
    let mixed =
        [(Internal, None), (GatewayTimeout, None), (NotFound, None), (Internal, None), (Internal, None)];
    assert_eq!(lengths(&ours, Company::Others, &mixed)[4], 300_000);
    let harmless = [(InvalidRequest, None), (ContextWindow, None), (Conflict, None)];
    assert_eq!(lengths(&ours, Company::Others, &harmless.repeat(10)), [0; 30], "the request's own fault");
}

#[test]
fn a_success_between_begins_the_count_anew() {
    let (live, ours) = (Live::new(), breaker(json!({})));
    for round in 0..6 {
        for _ in 0..4 {
            live.fold(&news(failure(Internal, None), NOW.plus(round)), &ours, Company::Others);
        }
        for _ in 0..6 {
            live.fold(&news(HealthNews::Succeeded, NOW.plus(round)), &ours, Company::Others);
        }
    }
    let health = live.vitals(NOW).health;
    assert_eq!((cooling(&health, NOW), health.failures_in_a_row), (0, 0));
}

#[test]
fn a_share_of_failures_opens_once_there_are_enough_requests() {
    let ours = breaker(json!({}));
    let opens_after = |spacing_ms: u64| {
        let live = Live::new();
        (0..200_u64).find(|n| {
            let at = NOW.plus(n * spacing_ms);
            // Two of three fail.
            let what = if n % 3 == 0 { HealthNews::Succeeded } else { failure(Internal, None) };
            live.fold(&news(what, at), &ours, Company::Others);
            cooling(&live.vitals(at).health, at) > 0
        })
    };
    assert_eq!(opens_after(100), Some(19), "with the twentieth");
    assert_eq!(opens_after(10_000), None, "never as many in a minute");
}

#[test]
fn too_many_requests_cool_down_as_the_vendor_asks() {
    let ours = breaker(json!({}));
    let one = |retry_after_ms| lengths(&ours, Company::Others, &[(RateLimit, retry_after_ms)])[0];
    assert_eq!(one(None), 5_000);
    assert_eq!(one(Some(12_000)), 12_000);
    assert_eq!(one(Some(86_400_000)), 3_600_000, "bounded");
    assert_eq!(one(Some(0)), 0, "LiteLLM: no cool-down");
    assert_eq!(lengths(&ours, Company::Last, &[(RateLimit, Some(9_000))]), [9_000]);
    assert_eq!(lengths(&ours, Company::Alone, &[(RateLimit, Some(9_000))]), [0], "never for one");
    // Requests from before come back: the longer wish counts.
    let asked = [(RateLimit, Some(9_000)), (RateLimit, Some(20_000)), (Internal, None)];
    assert_eq!(lengths(&ours, Company::Others, &asked), [9_000, 20_000, 19_000]);
}

#[test]
fn a_clock_that_is_set_back_far_does_not_lengthen_a_cool_down() {
    let (live, key, ours) = (Live::new(), KeyLive::new(), breaker(json!({})));
    let back = |ms: i64| UnixMs(NOW.0 - ms);
    let refused = news(failure(Authentication, None), NOW);
    for _ in 0..5 {
        live.fold(&news(failure(Internal, None), NOW), &ours, Company::Others);
    }
    key.fold(&refused, &ours, Company::Others);
    // By some seconds clocks differ anyway.
    for now in [NOW, back(20_000)] {
        assert!(!live.vitals(now).health.is_well(now) && key.health(now).cooling_until.is_some());
    }
    let hour = back(3_600_000);
    let health = live.vitals(hour).health;
    assert!(health.is_well(hour) && health.half_open, "one request finds out");
    assert_eq!((key.health(hour).cooling_until, key.export(hour)), (None, None));
    // What fails then is left alone from then on, and told as a beginning.
    let begun = live.fold(&news(failure(Internal, None), hour), &ours, Company::Others);
    assert_eq!(begun.map(|it| it.until), Some(hour.plus(300_000)));
    assert_eq!(cooling(&live.vitals(hour).health, hour), 300_000);
}

#[test]
fn a_refused_key_needs_no_second_proof_where_another_is_there() {
    let ours = breaker(json!({}));
    assert_eq!(lengths(&ours, Company::Others, &[(Authentication, None)]), [300_000]);
    assert_eq!(lengths(&ours, Company::Alone, &[(Authentication, None)]), [0]);

    let (live, key) = (Live::new(), KeyLive::new());
    let event = news(failure(Authentication, None), NOW);
    live.fold(&event, &ours, Company::Others);
    key.fold(&event, &ours, Company::Others);
    assert_eq!(cooling(&live.vitals(NOW).health, NOW), 0, "the key is benched and not the model");
    let vitals = live.vitals(NOW).with_key(&key.health(NOW));
    assert_eq!((cooling(&vitals.health, NOW), vitals.health.cause), (300_000, Some(Authentication)));
    assert!(!vitals.health.is_well(NOW) && vitals.health.is_well(NOW.plus(300_000)));
    let (until, cause) = key.export(NOW).unwrap();
    let elsewhere = KeyLive::new();
    elsewhere.import(until, cause, NOW);
    assert_eq!(elsewhere.health(NOW), Health { failures_in_a_row: 0, success_rate: None, ..key.health(NOW) });
    assert_eq!(key.export(NOW.plus(300_000)), None);
    // The model's own failures are not the key's.
    key.fold(&news(failure(Internal, None), NOW), &ours, Company::Others);
    assert_eq!(key.last_failure().map(|last| last.kind), Some(Authentication));
}

#[test]
fn the_last_one_that_is_well_takes_twenty_in_a_row_and_lasts_seconds() {
    let ours = breaker(json!({}));
    let company = Company::Last;
    let live = Live::new();
    let mut openings = Vec::new();
    let mut at = NOW;
    for _ in 0..24 {
        live.fold(&news(failure(Internal, None), at), &ours, company);
        let length = cooling(&live.vitals(at).health, at);
        openings.push(length);
        at = at.plus(length.max(10));
        assert!(live.vitals(at).health.is_well(at), "whoever asks afterwards finds out");
    }
    assert_eq!(openings[..19], [0; 19]);
    assert_eq!(openings[19..], [5_000; 5], "one failure is enough after a cool-down");
    live.fold(&news(HealthNews::Succeeded, at), &ours, company);
    live.fold(&news(failure(Internal, None), at), &ours, company);
    assert_eq!(cooling(&live.vitals(at).health, at), 0, "one answer, and it begins anew");
}

#[test]
fn one_that_has_no_company_at_all_is_asked_whatever_happens() {
    let live = Live::new();
    for failures in 1..=1_000 {
        let kind = if failures % 3 == 0 { RateLimit } else { Internal };
        live.fold(&news(failure(kind, Some(9_000)), NOW), &breaker(json!({})), Company::Alone);
        assert!(live.vitals(NOW).health.is_well(NOW), "after {failures}");
    }
}

#[test]
fn after_a_cool_down_one_request_at_a_time_finds_out() {
    let (live, ours) = (Arc::new(Live::new()), breaker(json!({})));
    for _ in 0..5 {
        live.fold(&news(failure(Internal, None), NOW), &ours, Company::Others);
    }
    let later = NOW.plus(300_000);
    assert!(!live.vitals(NOW.plus(299_999)).health.is_well(NOW.plus(299_999)));
    assert!(live.vitals(later).health.is_well(later));
    let probe = live.begin(later);
    assert!(!live.vitals(later).health.is_well(later), "somebody is finding out");
    drop(probe);
    assert!(live.vitals(later).health.is_well(later), "it was cancelled: the next one finds out");

    let probe = live.begin(later);
    live.fold(&news(failure(Internal, None), later), &ours, Company::Others);
    drop(probe);
    assert_eq!(cooling(&live.vitals(later).health, later), 300_000, "one failure is enough now");

    let again = later.plus(300_000);
    let probe = live.begin(again);
    live.fold(&news(HealthNews::Succeeded, again), &ours, Company::Others);
    let health = live.vitals(again).health;
    assert!(health.is_well(again) && !health.half_open, "even before the guard is gone");
    drop(probe);
    assert_eq!(live.vitals(again).health.probes, 0);
}

#[test]
fn an_answer_to_an_earlier_request_does_not_end_a_cool_down() {
    let (live, ours) = (Live::new(), breaker(json!({})));
    live.fold(&news(failure(RateLimit, Some(8_000)), NOW), &ours, Company::Others);
    live.fold(&news(HealthNews::Succeeded, NOW.plus(1_000)), &ours, Company::Others);
    assert_eq!(cooling(&live.vitals(NOW).health, NOW), 8_000);
}

#[test]
fn litellms_keys_keep_litellms_meaning() {
    let allowed = breaker(json!({"allowed_fails": 2, "cooldown_time": 30}));
    assert_eq!(lengths(&allowed, Company::Others, &[(Internal, None); 3]), [0, 0, 30_000], "more than two");
    assert_eq!(lengths(&allowed, Company::Others, &[(RateLimit, Some(7_000)); 3]), [0, 0, 7_000]);
    assert_eq!(lengths(&allowed, Company::Alone, &[(Internal, None); 9]), [0; 9], "a lone one is exempt");
    let short = breaker(json!({"allowed_fails": 0}));
    assert_eq!(lengths(&short, Company::Others, &[(Internal, None)]), [5_000]);

    let policy = json!({"allowed_fails_policy": {"BadRequestErrorAllowedFails": 1}, "cooldown_time": 10});
    let policy = breaker(policy);
    assert_eq!(lengths(&policy, Company::Others, &[(InvalidRequest, None); 2]), [0, 10_000]);
    assert_eq!(lengths(&policy, Company::Alone, &[(InvalidRequest, None); 2]), [0, 10_000]);
    assert_eq!(lengths(&policy, Company::Others, &[(Internal, None); 9]), [0; 9], "not named");

    let length = breaker(json!({"cooldown_time": 60}));
    assert_eq!(lengths(&length, Company::Others, &[(Internal, None); 5])[4], 60_000);
    assert_eq!(lengths(&length, Company::Others, &[(RateLimit, None)]), [60_000]);
    for never in [json!({"disable_cooldowns": true}), json!({"cooldown_time": 0})] {
        assert_eq!(lengths(&breaker(never), Company::Others, &[(Internal, None); 50]), [0; 50]);
    }
}

#[test]
fn forgiven_failures_are_forgotten_after_the_cool_down_time() {
    let (live, allowed) = (Live::new(), breaker(json!({"allowed_fails": 2, "cooldown_time": 30})));
    for second in [0, 20, 40, 60, 80] {
        let at = NOW.plus(second * 1_000);
        live.fold(&news(failure(Internal, None), at), &allowed, Company::Others);
        assert_eq!(cooling(&live.vitals(at).health, at), 0, "{second}");
    }
}

#[test]
fn a_deployments_own_cool_down_goes_before_all() {
    let own = |seconds| DeploymentSettings { cooldown_time: Some(seconds), ..DeploymentSettings::default() };
    let ours = breaker(json!({"cooldown_time": 60})).at(&own(2.0));
    assert_eq!(lengths(&ours, Company::Others, &[(RateLimit, Some(9_000))]), [2_000]);
    assert_eq!(lengths(&breaker(json!({})).at(&own(0.0)), Company::Others, &[(Internal, None); 9]), [0; 9]);
}

#[test]
fn load_and_the_minute_are_counted() {
    let live = Arc::new(Live::new());
    let (one, two) = (live.begin(NOW), live.begin(NOW));
    let waiting = live.queue();
    live.answered(&Answered { answer_ms: 900, total_tokens: 70, at: NOW, ..Answered::default() });
    let vitals = live.vitals(NOW);
    assert_eq!(vitals.load, Load { in_flight: 2, queued: 1 });
    assert_eq!(vitals.minute, Minute { requests: 2, tokens: 70 });
    drop((one, two, waiting));
    assert_eq!(live.vitals(NOW).load, Load::default());
    assert_eq!(live.vitals(NOW.plus(60_000)).minute, Minute::default());
}

#[test]
fn the_pace_is_learned_and_forgotten() {
    let live = Live::new();
    for n in 1..=100_u64 {
        let first_token_ms = Some(n);
        let answered = Answered {
            stream: true,
            first_token_ms,
            answer_ms: n * 10,
            output_tokens: 10,
            at: NOW,
            total_tokens: 0,
        };
        live.answered(&answered);
    }
    let pace = live.vitals(NOW).pace;
    assert_eq!((pace.first_tokens, pace.answers), (100, 100));
    let p95 = pace.first_token_p95_ms.unwrap();
    assert!((88.0..=95.0).contains(&p95), "at most eight samples behind: {p95}");
    let average = pace.first_token_ms.unwrap();
    assert!((90.0..=97.0).contains(&average), "about the last ten: {average}");
    let per_token = pace.per_token_ms.unwrap();
    assert!((per_token - average).abs() < 1e-6, "a tenth of ten times as much: {per_token}");
    assert_eq!(pace.peak_ms, Some(100.0));
    let sunk = live.vitals(NOW.plus(10_000)).pace.peak_ms.unwrap();
    assert!((36.0..38.0).contains(&sunk), "{sunk}");
    assert_eq!(live.vitals(NOW.plus(3_600_001)).pace, Pace::default());
}

#[test]
fn what_has_not_come_by_then_is_slow() {
    let of = |what, stream| {
        let (live, group) = (Live::new(), GroupLive::new());
        let event = HealthEvent { elapsed_ms: 4_000, stream, ..news(what, NOW) };
        live.fold(&event, &breaker(json!({})), Company::Others);
        group.fold(&event);
        let Vitals { pace, health, .. } = live.vitals(NOW);
        assert_eq!(pace, group.pace(NOW));
        assert_eq!(pace.peak_ms, Some(4_000.0));
        (pace.first_token_ms, pace.answer_ms, health.failures_in_a_row)
    };
    assert_eq!(of(HealthNews::FirstTokenLate, true), (Some(4_000.0), None, 1));
    assert_eq!(of(failure(GatewayTimeout, None), false), (None, Some(4_000.0), 1));
    assert_eq!(of(HealthNews::Outrun, true), (Some(4_000.0), None, 0), "slow, and no failure");
    assert_eq!(of(HealthNews::Outrun, false), (None, Some(4_000.0), 0));
}

#[test]
fn the_vendors_limits_hold_until_they_are_renewed() {
    let live = Live::new();
    let left = |left, ms| Some(Allowance { left, limit: None, until: NOW.plus(ms) });
    live.quota(left(0, 1_000), None, NOW);
    live.quota(None, left(50, 1_000), NOW);
    let quota = live.vitals(NOW).quota;
    assert_eq!((quota.requests, quota.tokens), (Some(0), Some(50)));
    assert_eq!(live.vitals(NOW.plus(1_000)).quota, Quota::default());
    live.quota(left(9, 5_000), None, NOW.plus(1_000));
    assert_eq!(live.vitals(NOW.plus(2_000)).quota.tokens, None, "what was said before has passed");
}

#[test]
fn budgets_begin_anew_with_each_period() {
    let (small, large) = (BudgetLive::new(10.0, 1_000), BudgetLive::new(100.0, 60_000));
    for budget in [&small, &large] {
        budget.spent(8.0, NOW);
        budget.spent(4.0, NOW.plus(500));
    }
    let used = |now| Vitals::default().with_budgets([&small, &large], now).budget_used;
    assert_eq!(used(NOW.plus(500)), Some(1.2));
    assert_eq!(used(NOW.plus(1_000)), Some(0.12));
    assert_eq!(Vitals::default().with_budgets([], NOW).budget_used, None);
    assert_eq!(BudgetLive::new(0.0, 1_000).used(NOW), f64::INFINITY);
    assert_eq!(large.export(NOW), Some((12.0, NOW.plus(60_000))));
    small.import(9.0, NOW.plus(9_000), NOW.plus(2_000));
    assert_eq!(used(NOW.plus(8_000)), Some(0.9));
    small.set(30.0, 2_000);
    assert_eq!((small.limit(), small.period_ms(), small.used(NOW.plus(8_000))), (30.0, 2_000, 0.3));
    small.spent(3.0, NOW.plus(9_000));
    assert_eq!(
        small.export(NOW.plus(9_000)),
        Some((3.0, NOW.plus(11_000))),
        "the next period is the new one"
    );
}

#[test]
fn groups_count_turns_and_second_requests() {
    let group = GroupLive::new();
    assert_eq!((group.turn(), group.turn()), (0, 1));
    (0..4_000).for_each(|_| group.requested());
    (0..40).for_each(|_| group.hedged());
    assert_eq!(group.hedging(), Hedged { requests: 4_000, hedges: 40 });
    (0..96).for_each(|_| group.requested());
    assert_eq!(group.hedging(), Hedged { requests: 2_048, hedges: 20 }, "what was long ago fades");
    group.fold(&HealthEvent { elapsed_ms: 700, ..news(HealthNews::FirstTokenLate, NOW) });
    assert_eq!(group.pace(NOW).first_token_ms, Some(700.0));
}

#[test]
fn checks_and_failures_are_reported() {
    let live = Live::new();
    assert_eq!(live.vitals(NOW).health.checked_well, None);
    let check = Check { at: NOW, elapsed_ms: 20, failure: Some(Internal) };
    let until = Some(NOW.plus(500));
    live.checked(check, until);
    assert_eq!(live.vitals(NOW).health.checked_well, Some(false));
    assert_eq!(live.vitals(NOW.plus(500)).health.checked_well, None, "what was found is out of date");
    live.fold(&news(failure(RateLimit, None), NOW), &breaker(json!({})), Company::Alone);
    let report = live.report(NOW);
    assert_eq!(report.last_check, Some(check));
    assert_eq!(report.last_failure, Some(LastFailure { at: NOW, kind: RateLimit }));
    live.checked(Check { failure: None, ..check }, until);
    assert_eq!(live.vitals(NOW).health.checked_well, Some(true));
    live.checked(check, None);
    assert_eq!(live.vitals(NOW).health.checked_well, None, "to be shown only");
    assert_eq!(live.report(NOW).last_check, Some(check));
    live.unchecked();
    assert_eq!((live.vitals(NOW).health.checked_well, live.report(NOW).last_check), (None, None));
}

#[test]
fn the_beginning_of_a_cool_down_is_told_once() {
    let live = Live::new();
    let breaker = breaker(json!({}));
    let fold =
        |ms, kind, after| live.fold(&news(failure(kind, after), NOW.plus(ms)), &breaker, Company::Others);
    assert_eq!(fold(0, Internal, None), None, "one failure opens nothing");
    let began = CoolDown { until: NOW.plus(5_001), cause: Some(RateLimit) };
    assert_eq!(fold(1, RateLimit, None), Some(began));
    assert_eq!(fold(2, Internal, None), None, "it cools down already");
    let longer = CoolDown { until: NOW.plus(9_003), ..began };
    assert_eq!(fold(3, RateLimit, Some(9_000)), Some(longer));
}

/// Two processes and what lies between them.
#[test]
fn processes_know_each_others_counts_and_cool_downs() {
    let (here, there) = (Arc::new(Live::new()), Arc::new(Live::new()));
    let guards: Vec<_> = (0..3).map(|_| here.begin(NOW)).chain((0..4).map(|_| there.begin(NOW))).collect();
    let answered = Answered { answer_ms: 800, total_tokens: 100, at: NOW, ..Answered::default() };
    here.answered(&answered);
    there.fold(&news(failure(RateLimit, Some(6_000)), NOW), &breaker(json!({})), Company::Others);

    // Each adds what it has to the sum.
    let mut sum = SharedState::default();
    for live in [&here, &there] {
        let own = live.export(NOW);
        live.exported(&own);
        sum.minute = own.minute;
        sum.requests += own.requests;
        sum.tokens += own.tokens;
        sum.cooling_until = sum.cooling_until.max(own.cooling_until);
        sum.cause = sum.cause.or(own.cause);
        assert_eq!(live.export(NOW).requests, 0, "told once");
    }
    let for_there = SharedState { answer: Sum { count: 1, total_ms: 800 }, in_flight: 3, ..sum };
    here.import(&SharedState { in_flight: 4, ..sum }, NOW);
    there.import(&for_there, NOW);
    for live in [&here, &there] {
        let vitals = live.vitals(NOW);
        assert_eq!(vitals.minute, Minute { requests: 7, tokens: 100 });
        assert_eq!(vitals.load.in_flight, 7);
        assert_eq!((cooling(&vitals.health, NOW), vitals.health.cause), (6_000, Some(RateLimit)));
    }
    assert_eq!(there.vitals(NOW).pace.answer_ms, Some(800.0));

    // What comes after counts on top, and nothing of the last minute in the next.
    let more = here.begin(NOW);
    assert_eq!(here.vitals(NOW).minute.requests, 8);
    let next = NOW.plus(60_000);
    here.import(&sum, next);
    assert_eq!(here.vitals(next).minute, Minute::default());
    drop((guards, more));
}
