//! Plays a scenario: sessions, what is known of deployments, and a heap of what is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use llm_types::UnixMs;

use super::upstream::{Fate, Upstream};
use super::{Outcomes, Scenario, Tally};
use crate::entropy::unit;
use crate::{
    Answered, Candidate, DeploymentId, Facts, GroupLive, HealthEvent, InFlight, Inquiry, Live, Outcome, Plan,
    PlanFault, Policy, SeededEntropy, Session, Snapshot, Step, Wishes,
};

/// When it begins: the first minute of a day.
const BEGAN: UnixMs = UnixMs(1_763_683_200_000);

pub(super) fn play(scenario: &Scenario) -> Result<Outcomes, Vec<PlanFault>> {
    let settings: Vec<_> = scenario.deployments.iter().map(|deployment| &deployment.settings).collect();
    let plan = Plan::new(&scenario.settings, &[("simulated".into(), settings)], |_| true)?;
    let mut stage = Stage::new(scenario, plan.policy("simulated"));
    for number in 0..scenario.minutes * 60_000 / scenario.every_ms.max(1) {
        stage.push(BEGAN.plus(number * scenario.every_ms), Due::Comes);
    }
    while let Some(Reverse((now, _, due))) = stage.due.pop() {
        stage.happen(due, now);
    }
    stage.outcomes.first_tokens.sort_unstable();
    Ok(stage.outcomes)
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A request comes.
    Comes,
    /// A session is to be asked again.
    Next(usize),
    /// An attempt has its first token, has come to its end, or has failed: the session and the number of the leg.
    FirstToken(usize, usize),
    Ends(usize, usize),
    Fails(usize, usize),
    /// The first token of an attempt had to be there by now.
    Late(usize, usize),
}

struct Request {
    session: Session,
    came: UnixMs,
    input_tokens: u64,
    output_tokens: u64,
    legs: Vec<Leg>,
}

/// An attempt; `in_flight` is empty when it has ended.
struct Leg {
    place: usize,
    began: UnixMs,
    fate: Fate,
    in_flight: Option<InFlight>,
    has_token: bool,
}

struct Stage<'s> {
    scenario: &'s Scenario,
    policy: &'s Policy,
    ids: Vec<DeploymentId>,
    facts: Vec<Facts>,
    lives: Vec<Arc<Live>>,
    upstreams: Vec<Upstream>,
    group: GroupLive,
    requests: Vec<Option<Request>>,
    due: BinaryHeap<Reverse<(UnixMs, u64, Due)>>,
    pushed: u64,
    /// Chance of the router, and chance of the world: a better router does not change the weather.
    router: SeededEntropy,
    world: SeededEntropy,
    outcomes: Outcomes,
}

impl<'s> Stage<'s> {
    fn new(scenario: &'s Scenario, policy: &'s Policy) -> Self {
        let places = 0..scenario.deployments.len();
        Self {
            scenario,
            policy,
            ids: places.clone().map(|place| DeploymentId::new(place.to_string())).collect(),
            facts: scenario.deployments.iter().enumerate().map(|(place, one)| one.facts(place)).collect(),
            lives: places.clone().map(|_| Arc::new(Live::new())).collect(),
            upstreams: places.clone().map(|_| Upstream::default()).collect(),
            group: GroupLive::new(),
            requests: Vec::new(),
            due: BinaryHeap::new(),
            pushed: 0,
            router: SeededEntropy::new(scenario.seed),
            world: SeededEntropy::new(!scenario.seed),
            outcomes: Outcomes { deployments: vec![Tally::default(); places.len()], ..Outcomes::default() },
        }
    }

    fn push(&mut self, at: UnixMs, due: Due) {
        self.pushed += 1;
        self.due.push(Reverse((at, self.pushed, due)));
    }

    fn happen(&mut self, due: Due, now: UnixMs) {
        match due {
            Due::Comes => self.comes(now),
            Due::Next(number) => self.next(number, now),
            Due::FirstToken(number, leg) => self.first_token(number, leg, now),
            Due::Ends(number, leg) => self.ends(number, leg, now),
            Due::Fails(number, leg) => self.fails(number, leg, now),
            Due::Late(number, leg) => self.late(number, leg, now),
        }
    }

    fn comes(&mut self, now: UnixMs) {
        let mut between =
            |(from, to): (u64, u64)| from + (unit(&mut self.world) * (to - from + 1) as f64) as u64;
        let request = Request {
            session: Session::new(Wishes::default()),
            came: now,
            input_tokens: between(self.scenario.input_tokens),
            output_tokens: between(self.scenario.output_tokens),
            legs: Vec::new(),
        };
        self.outcomes.requests += 1;
        self.group.requested();
        self.requests.push(Some(request));
        self.next(self.requests.len() - 1, now);
    }

    /// Asks the session what to do, and does it.
    fn next(&mut self, number: usize, now: UnixMs) {
        loop {
            let Some(Some(request)) = self.requests.get_mut(number) else { return };
            if request.legs.iter().any(|leg| leg.has_token) {
                return;
            }
            let inquiry = Inquiry {
                model: "simulated",
                stream: true,
                input_tokens: request.input_tokens,
                output_tokens: Some(request.output_tokens),
                ..Inquiry::default()
            };
            let candidates: Vec<_> = (0..self.ids.len())
                .map(|place| Candidate {
                    id: &self.ids[place],
                    settings: &self.scenario.deployments[place].settings,
                    facts: &self.facts[place],
                    vitals: self.lives[place].vitals(now),
                })
                .collect();
            let view = Snapshot {
                group: "simulated",
                policy: self.policy,
                candidates: &candidates,
                pace: self.group.pace(now),
                turn: self.group.turn(),
                hedging: self.group.hedging(),
            };
            match request.session.next(&view, &inquiry, now, &mut self.router) {
                Step::Send { deployment, first_token_by, hedge_at } => {
                    let leg = self.send(number, &deployment, now);
                    if let Some(at) = first_token_by {
                        self.push(at, Due::Late(number, leg));
                    }
                    if let Some(at) = hedge_at {
                        self.push(at, Due::Next(number));
                    }
                    return;
                }
                Step::Hedge(deployment) => {
                    self.group.hedged();
                    self.outcomes.hedges += 1;
                    self.send(number, &deployment, now);
                    return;
                }
                Step::Wait { until } => {
                    // Whatever is under way will tell.
                    if request.legs.iter().all(|leg| leg.in_flight.is_none()) {
                        self.push(until, Due::Next(number));
                    }
                    return;
                }
                // There is no other group.
                Step::Turn { .. } => request.session.pass_over(now),
                Step::GiveUp(_) => {
                    self.requests[number] = None;
                    return;
                }
            }
        }
    }

    fn send(&mut self, number: usize, deployment: &DeploymentId, now: UnixMs) -> usize {
        let place = self.ids.iter().position(|id| id == deployment).unwrap_or_default();
        let Some(Some(request)) = self.requests.get_mut(number) else { return 0 };
        let script = &self.scenario.deployments[place];
        let fate = self.upstreams[place].take(script, request.output_tokens, now, BEGAN, &mut self.world);
        let in_flight = Some(self.lives[place].begin(now));
        request.legs.push(Leg { place, began: now, fate, in_flight, has_token: false });
        let leg = request.legs.len() - 1;
        self.outcomes.attempts += 1;
        self.outcomes.deployments[place].attempts += 1;
        match fate {
            Fate::Answers { first_token, .. } => self.push(first_token, Due::FirstToken(number, leg)),
            Fate::Fails { at, .. } => self.push(at, Due::Fails(number, leg)),
        }
        leg
    }

    /// The request and the leg, if that is still under way.
    fn under_way(&mut self, number: usize, leg: usize) -> Option<&mut Request> {
        self.requests.get_mut(number)?.as_mut().filter(|request| request.legs[leg].in_flight.is_some())
    }

    fn first_token(&mut self, number: usize, leg: usize, now: UnixMs) {
        let Some(request) = self.under_way(number, leg) else { return };
        request.legs[leg].has_token = true;
        let waited_ms = now.since(request.came);
        let Fate::Answers { end, .. } = request.legs[leg].fate else { return };
        let others: Vec<_> = (0..request.legs.len()).filter(|other| *other != leg).collect();
        // From here on the answer is this one's, and the others are outrun.
        self.observe(number, leg, |deployment| Outcome::Succeeded { deployment }, now);
        for other in others {
            self.loses(number, other, now);
        }
        self.outcomes.first_tokens.push(waited_ms);
        self.push(end, Due::Ends(number, leg));
    }

    /// Another answer came first: the prompt is paid for, and nothing was said.
    fn loses(&mut self, number: usize, leg: usize, now: UnixMs) {
        let Some(request) = self.under_way(number, leg) else { return };
        let place = request.legs[leg].place;
        request.legs[leg].in_flight = None;
        let tokens = request.input_tokens;
        let cost = self.facts[place].price.map_or(0, |price| i128::from(price.input) * i128::from(tokens));
        self.outcomes.femto_usd += cost;
        self.outcomes.wasted_femto_usd += cost;
        self.observe(number, leg, |deployment| Outcome::Cancelled { deployment }, now);
    }

    fn ends(&mut self, number: usize, leg: usize, now: UnixMs) {
        let Some(request) = self.under_way(number, leg) else { return };
        let (input, output) = (request.input_tokens, request.output_tokens);
        let one = &mut request.legs[leg];
        one.in_flight = None;
        let place = one.place;
        let first_token_ms = match one.fate {
            Fate::Answers { first_token, .. } => Some(first_token.since(one.began)),
            Fate::Fails { .. } => None,
        };
        let answered = Answered {
            stream: true,
            first_token_ms,
            answer_ms: now.since(one.began),
            output_tokens: output,
            total_tokens: input + output,
            at: now,
        };
        self.lives[place].answered(&answered);
        self.group.answered(&answered);
        if let Some(price) = self.facts[place].price {
            self.outcomes.femto_usd += i128::from(price.input) * i128::from(input);
            self.outcomes.femto_usd += i128::from(price.output) * i128::from(output);
        }
        self.outcomes.answered += 1;
        self.outcomes.deployments[place].answered += 1;
        self.requests[number] = None;
    }

    fn fails(&mut self, number: usize, leg: usize, now: UnixMs) {
        let Some(request) = self.under_way(number, leg) else { return };
        let Fate::Fails { kind, retry_after_ms, .. } = request.legs[leg].fate else { return };
        request.legs[leg].in_flight = None;
        self.observe(number, leg, |deployment| Outcome::Failed { deployment, kind, retry_after_ms }, now);
        self.next(number, now);
    }

    fn late(&mut self, number: usize, leg: usize, now: UnixMs) {
        let Some(request) = self.under_way(number, leg).filter(|request| !request.legs[leg].has_token) else {
            return;
        };
        request.legs[leg].in_flight = None;
        self.observe(number, leg, |deployment| Outcome::FirstTokenLate { deployment }, now);
        self.next(number, now);
    }

    /// Tells the session, and all whom the news concerns.
    fn observe(
        &mut self,
        number: usize,
        leg: usize,
        outcome: impl FnOnce(DeploymentId) -> Outcome,
        now: UnixMs,
    ) {
        let Some(Some(request)) = self.requests.get_mut(number) else { return };
        let place = request.legs[leg].place;
        if let Some(event) = request.session.observe(&outcome(self.ids[place].clone()), now) {
            self.fold(place, &event, now);
        }
    }

    fn fold(&self, place: usize, event: &HealthEvent, now: UnixMs) {
        let resilience = &self.policy.resilience;
        let others = self.lives.iter().enumerate().filter(|(other, _)| *other != place);
        let company = resilience.company(others.map(|(_, live)| live.vitals(now).health.is_well(now)));
        let breaker = resilience.breaker.at(&self.scenario.deployments[place].settings);
        self.lives[place].fold(event, &breaker, company);
        self.group.fold(event);
    }
}
