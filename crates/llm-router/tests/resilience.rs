//! What comes of it all together: sessions, breakers and clients in virtual time, by default settings.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use llm_router::settings::{DeploymentSettings, RouterSettings};
use llm_router::{
    Answered, Breaker, Candidate, DeploymentId, Entropy, Facts, GroupLive, HealthNews, InFlight, Inquiry,
    Live, Outcome, Plan, SeededEntropy, Session, Snapshot, Step, Wishes,
};
use llm_types::{ErrorKind, UnixMs};

/// What an upstream does with a request that comes at this instant: an answer after so long, or a failure.
type Upstream = fn(UnixMs, f64) -> Result<u64, (ErrorKind, Option<u64>)>;

/// A tenth of all requests fail, each for itself.
fn a_tenth_fails(_: UnixMs, chance: f64) -> Result<u64, (ErrorKind, Option<u64>)> {
    if chance < 0.1 { Err((ErrorKind::Internal, None)) } else { Ok(40) }
}

fn fine(_: UnixMs, _: f64) -> Result<u64, (ErrorKind, Option<u64>)> {
    Ok(40)
}

fn dead(_: UnixMs, _: f64) -> Result<u64, (ErrorKind, Option<u64>)> {
    Err((ErrorKind::BadGateway, None))
}

/// Three of a hundred take two seconds, the others 30 to 50 ms.
fn bimodal(_: UnixMs, chance: f64) -> Result<u64, (ErrorKind, Option<u64>)> {
    Ok(if chance < 0.03 { 2_000 } else { 30 + (chance * 1e6) as u64 % 20 })
}

const START: UnixMs = UnixMs(1_763_700_000_000);

/// Away from the second to the fifth minute.
fn an_outage(now: UnixMs, _: f64) -> Result<u64, (ErrorKind, Option<u64>)> {
    let minute = now.since(START) / 60_000;
    if (2..5).contains(&minute) { Err((ErrorKind::Unavailable, None)) } else { Ok(40) }
}

#[derive(Default)]
struct Tally {
    /// When each request that failed had come.
    failed: Vec<UnixMs>,
    /// How long each answer took, in milliseconds.
    took: Vec<u64>,
    /// Requests that each upstream got.
    asked: Vec<u32>,
    /// Cool-downs seen.
    cooled: u32,
}

impl Tally {
    fn percentile(&mut self, percent: usize) -> u64 {
        self.took.sort_unstable();
        self.took[self.took.len() * percent / 100]
    }
}

struct Request {
    session: Session,
    came: UnixMs,
    under_way: Vec<(DeploymentId, InFlight)>,
    ended: bool,
}

/// Something that is due.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Next(usize),
    Failed(usize, usize, u8, Option<u64>),
    Answered(usize, usize),
}

/// Requests at even distances, each on its own journey.
fn run(upstreams: &[Upstream], requests: usize, every_ms: u64, settings: &RouterSettings) -> Tally {
    let own = DeploymentSettings::default();
    let plan = Plan::new(settings, &[("g".into(), vec![&own; upstreams.len()])], |_| true).unwrap();
    let policy = plan.policy("g");
    let ids: Vec<_> = (0..upstreams.len()).map(|place| DeploymentId::new(place.to_string())).collect();
    let lives: Vec<_> = ids.iter().map(|_| Arc::new(Live::new())).collect();
    let (facts, group) = (Facts::default(), GroupLive::new());
    let breaker: Breaker = policy.resilience.breaker;
    let mut entropy = SeededEntropy::new(2_026);
    let mut result = Tally { asked: vec![0; upstreams.len()], ..Tally::default() };
    let mut all: Vec<Request> = Vec::new();
    let mut due = BinaryHeap::new();
    for place in 0..requests {
        let came = START.plus(place as u64 * every_ms);
        all.push(Request { session: Session::new(Wishes::default()), came, under_way: vec![], ended: false });
        due.push(Reverse((came, place, Due::Next(place))));
    }
    while let Some(Reverse((now, _, what))) = due.pop() {
        let request = match what {
            Due::Next(request) => request,
            Due::Failed(request, from, kind, retry_after_ms) => {
                let kind = ErrorKind::ALL[usize::from(kind)];
                let deployment = ids[from].clone();
                let one = &mut all[request];
                let Some(place) = one.under_way.iter().position(|(id, _)| *id == deployment) else {
                    continue;
                };
                let event = one.session.observe(&Outcome::Failed { deployment, kind, retry_after_ms }, now);
                let others = lives.iter().enumerate().filter(|(other, _)| *other != from);
                let well = others.map(|(_, live)| live.vitals(now).health.is_well(now));
                let before = lives[from].vitals(now).health.cooling_until;
                lives[from].fold(&event.unwrap(), &breaker, policy.resilience.company(well));
                result.cooled += u32::from(lives[from].vitals(now).health.cooling_until > before);
                drop(one.under_way.remove(place));
                request
            }
            Due::Answered(request, from) => {
                let one = &mut all[request];
                if !one.under_way.iter().any(|(id, _)| *id == ids[from]) {
                    continue;
                }
                let event = one.session.observe(&Outcome::Succeeded { deployment: ids[from].clone() }, now);
                let event = event.unwrap();
                assert_eq!(event.news, HealthNews::Succeeded);
                lives[from].fold(&event, &breaker, policy.resilience.company([]));
                let answered = Answered { answer_ms: event.elapsed_ms, at: now, ..Answered::default() };
                lives[from].answered(&answered);
                group.answered(&answered);
                for (deployment, _) in one.under_way.drain(..).filter(|(id, _)| *id != ids[from]) {
                    let event = one.session.observe(&Outcome::Cancelled { deployment }, now).unwrap();
                    group.fold(&event);
                }
                one.ended = true;
                result.took.push(now.since(one.came));
                continue;
            }
        };
        let one = &mut all[request];
        if one.ended {
            continue;
        }
        if one.session.attempts().is_empty() {
            group.requested();
        }
        let candidate = |(id, live): (_, &Arc<Live>)| Candidate {
            id,
            settings: &own,
            facts: &facts,
            vitals: live.vitals(now),
        };
        let candidates: Vec<_> = ids.iter().zip(&lives).map(candidate).collect();
        let view = Snapshot {
            group: "g",
            policy,
            candidates: &candidates,
            pace: group.pace(now),
            turn: group.turn(),
            hedging: group.hedging(),
        };
        let (deployment, again) = match one.session.next(&view, &Inquiry::default(), now, &mut entropy) {
            Step::Send { deployment, hedge_at, .. } => (deployment, hedge_at),
            Step::Hedge(deployment) => {
                group.hedged();
                (deployment, None)
            }
            Step::Wait { until } => {
                if until.0 < i64::MAX && one.under_way.is_empty() {
                    due.push(Reverse((until, request, Due::Next(request))));
                }
                continue;
            }
            Step::GiveUp(_) => {
                one.ended = true;
                result.failed.push(one.came);
                continue;
            }
            other => panic!("{other:?}"),
        };
        let place = ids.iter().position(|id| *id == deployment).unwrap();
        one.under_way.push((deployment, lives[place].begin(now)));
        result.asked[place] += 1;
        let chance = (entropy.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        due.push(Reverse(match upstreams[place](now, chance) {
            Ok(ms) => (now.plus(ms), request, Due::Answered(request, place)),
            Err((kind, retry_after_ms)) => {
                let kind = ErrorKind::ALL.iter().position(|one| *one == kind).unwrap() as u8;
                (now.plus(5), request, Due::Failed(request, place, kind, retry_after_ms))
            }
        }));
        if let Some(at) = again {
            due.push(Reverse((at, request, Due::Next(request))));
        }
    }
    assert!(all.iter().all(|request| request.ended), "some never ended");
    assert!(lives.iter().all(|live| live.vitals(START).load.in_flight == 0));
    result
}

#[test]
fn a_lone_deployment_of_which_a_tenth_fails_serves_nearly_all() {
    for every_ms in [1, 10, 1_000] {
        let result = run(&[a_tenth_fails], 100_000, every_ms, &RouterSettings::default());
        let failed = result.failed.len();
        assert!(failed <= 200, "{failed} of 100,000 failed, one request each {every_ms} ms");
        // Four attempts: one in ten thousand.
        assert!(failed > 0, "too good: nothing was tried");
        assert_eq!(result.cooled, 0, "left alone for no reason");
    }
}

#[test]
fn with_a_second_deployment_failures_cost_no_time() {
    let mut result = run(&[a_tenth_fails as Upstream; 2], 100_000, 10, &RouterSettings::default());
    assert!(result.failed.len() <= 200, "{}", result.failed.len());
    assert!(result.percentile(99) < 300, "{} ms", result.percentile(99));
}

#[test]
fn one_dead_deployment_of_three_is_not_noticed() {
    let result = run(&[fine, dead, fine], 100_000, 10, &RouterSettings::default());
    assert_eq!(result.failed, []);
    // A thousand seconds: five at first, then a probe every five minutes.
    assert!(result.asked[1] < 12, "{:?}", result.asked);
}

#[test]
fn a_lone_deployment_is_back_as_soon_as_an_outage_ends() {
    let result = run(&[an_outage], 60_000, 10, &RouterSettings::default());
    let last = result.failed.last().unwrap().since(START);
    assert!(result.failed[0].since(START) >= 110_000, "before there was an outage");
    assert!(last < 5 * 60_000, "still away {} ms after the outage", last - 300_000);
}

#[test]
fn second_requests_cut_the_slowest_answers() {
    let hedging = |enabled| {
        let mut settings = RouterSettings::default();
        settings.hedging.enabled = enabled;
        settings
    };
    let mut plain = run(&[bimodal as Upstream; 2], 50_000, 10, &hedging(false));
    let mut hedged = run(&[bimodal as Upstream; 2], 50_000, 10, &hedging(true));
    assert_eq!((plain.percentile(99), plain.failed.len()), (2_000, 0));
    assert!(hedged.percentile(99) <= 2_000 / 5, "{} ms", hedged.percentile(99));
    let extra = f64::from(hedged.asked.iter().sum::<u32>()) / 50_000.0 - 1.0;
    assert!(extra <= 0.05, "{extra} more requests");
}
