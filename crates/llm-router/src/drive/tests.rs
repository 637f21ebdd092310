use std::sync::Mutex;

use super::*;
use crate::{Candidate, DeploymentSettings, Facts, Policy, SeededEntropy, Vitals, Wishes};

/// Deployments that answer as they are told, on a clock that only waiting moves.
struct Stage {
    policy: Policy,
    ids: Vec<DeploymentId>,
    settings: DeploymentSettings,
    facts: Facts,
    /// What each answers.
    scripts: Mutex<Vec<Script>>,
    asked: Mutex<Vec<(String, Reason)>>,
    news: Mutex<Vec<HealthEvent>>,
    start: tokio::time::Instant,
}

/// After how long a deployment answers, and how, in order.
type Script = Vec<(u64, Result<&'static str, Cause>)>;

fn stage(policy: Policy, scripts: Vec<Script>) -> Stage {
    Stage {
        policy,
        ids: (0..scripts.len()).map(|place| DeploymentId::new(format!("d{place}"))).collect(),
        settings: DeploymentSettings::default(),
        facts: Facts::default(),
        scripts: Mutex::new(scripts),
        asked: Mutex::default(),
        news: Mutex::default(),
        start: tokio::time::Instant::now(),
    }
}

impl World for Stage {
    type Answer = &'static str;
    type Error = String;

    fn look<T>(
        &self,
        _: Option<&Arc<str>>,
        _: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, String> {
        let candidates: Vec<_> = self
            .ids
            .iter()
            .map(|id| Candidate {
                id,
                settings: &self.settings,
                facts: &self.facts,
                vitals: Vitals::default(),
            })
            .collect();
        Ok(see(&Snapshot {
            group: "g",
            policy: &self.policy,
            candidates: &candidates,
            pace: crate::Pace::default(),
            turn: 0,
            hedging: crate::Hedged { requests: 1_000, hedges: 0 },
        }))
    }

    async fn attempt(&self, asking: Asking) -> Result<&'static str, Failure<String>> {
        let place = self.ids.iter().position(|id| *id == asking.deployment).unwrap();
        self.asked.lock().unwrap().push((asking.deployment.to_string(), asking.reason));
        let (after, result) = self.scripts.lock().unwrap()[place].remove(0);
        tokio::time::sleep(std::time::Duration::from_millis(after)).await;
        result.map_err(|cause| Failure { cause, error: format!("{} failed", asking.deployment) })
    }

    fn late(&self, deployment: &DeploymentId) -> String {
        format!("{deployment} is late")
    }

    fn now(&self) -> UnixMs {
        UnixMs(i64::try_from(self.start.elapsed().as_millis()).unwrap())
    }

    async fn wait_until(&self, at: UnixMs) {
        tokio::time::sleep(std::time::Duration::from_millis(at.since(self.now()).min(1 << 40))).await;
    }

    fn heed(&self, event: &HealthEvent) {
        self.news.lock().unwrap().push(event.clone());
    }
}

async fn go(stage: &Stage) -> Result<(&'static str, String), String> {
    let mut session = Session::new(Wishes::default());
    let mut entropy = SeededEntropy::new(7);
    // Only a stream shows its first token.
    let inquiry = Inquiry { stream: true, ..Inquiry::default() };
    match drive(stage, &mut session, &inquiry, &mut entropy).await {
        Ok(won) => Ok((won.answer, won.deployment.to_string())),
        Err(lost) => Err(lost.error.unwrap_or_else(|| lost.exhausted.to_string())),
    }
}

const DOWN: Result<&str, Cause> = Err(Cause::Deployment { kind: ErrorKind::Internal, retry_after_ms: None });

#[tokio::test(start_paused = true)]
async fn a_failure_is_followed_by_another_deployment_at_once() {
    let stage = stage(Policy::default(), vec![vec![(5, DOWN), (5, Ok("again"))], vec![(5, Ok("b"))]]);
    let (answer, _) = go(&stage).await.unwrap();
    let asked = stage.asked.lock().unwrap().clone();
    assert!(answer == "b", "{asked:?}");
    assert!(stage.now().0 <= 10, "no wait while another is well");
}

#[tokio::test(start_paused = true)]
async fn a_lone_deployment_is_asked_again_after_a_while() {
    let stage = stage(Policy::default(), vec![vec![(0, DOWN), (0, Ok("at last"))]]);
    assert_eq!(go(&stage).await, Ok(("at last", "d0".to_owned())));
    assert!(stage.now().0 >= 250, "backed off: {:?}", stage.now());
    assert_eq!(stage.asked.lock().unwrap()[1].1, Reason::Retry);
}

#[tokio::test(start_paused = true)]
async fn what_the_request_did_wrong_is_told_at_once() {
    let stage =
        stage(Policy::default(), vec![vec![(0, Err(Cause::Request))], vec![(0, Err(Cause::Request))]]);
    assert!(go(&stage).await.unwrap_err().ends_with("failed"));
    assert_eq!(stage.asked.lock().unwrap().len(), 1);
    assert!(stage.news.lock().unwrap().is_empty(), "it says nothing about the deployment");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_unfit_is_passed_over() {
    let unfit = Err(Cause::Unfit { kind: ErrorKind::Unsupported });
    let stage = stage(Policy::default(), vec![vec![(0, unfit), (0, unfit)], vec![(0, Ok("fit"))]]);
    assert_eq!(go(&stage).await, Ok(("fit", "d1".to_owned())));
    assert_eq!(stage.now(), UnixMs(0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_one_is_hedged_and_the_first_answer_wins() {
    let policy = || {
        let mut policy = Policy::default();
        policy.resilience.hedging =
            Some(crate::Hedging { after_ms: Some(100), min_samples: 1, max_extra: 1.0 });
        policy
    };
    let slow = || vec![(1_000, Ok("slow"))];
    let first = stage(policy(), vec![slow(), slow()]);
    go(&first).await.unwrap();
    let asked = first.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].1, Reason::Hedge);
    assert_eq!(first.now(), UnixMs(1_000), "the first one, as it began earlier");

    // The one that is asked second answers first.
    let place = usize::from(asked[0].0 == "d0");
    let mut scripts = vec![slow(), slow()];
    scripts[place] = vec![(50, Ok("quick"))];
    let second = stage(policy(), scripts);
    assert_eq!(go(&second).await, Ok(("quick", format!("d{place}"))));
    assert_eq!(second.now(), UnixMs(150));

    // One that fails leaves the field to the other.
    let mut scripts = vec![slow(), slow()];
    scripts[place] = vec![(50, DOWN)];
    let third = stage(policy(), scripts);
    assert_eq!(go(&third).await.unwrap().0, "slow");
    assert_eq!(third.now(), UnixMs(1_000));
}

#[tokio::test(start_paused = true)]
async fn a_first_token_that_is_late_sends_the_request_elsewhere() {
    let mut policy = Policy::default();
    policy.resilience.first_token =
        Some(crate::settings::FirstTokenTimeout::Fixed(crate::Seconds::try_from(0.2).unwrap()));
    let stage = stage(policy, vec![vec![(10_000, Ok("never")); 4], vec![(10_000, Ok("never")); 4]]);
    assert!(go(&stage).await.unwrap_err().ends_with("is late"));
    assert!(stage.now().0 < 10_000);
    assert!(stage.asked.lock().unwrap().iter().any(|(id, _)| id == "d1"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_broke_off_goes_on_at_another() {
    let both = || vec![(5, Ok("begun")), (5, Ok("gone on"))];
    let stage = stage(Policy::default(), vec![both(), both()]);
    let mut session = Session::new(Wishes::default());
    let mut entropy = SeededEntropy::new(7);
    let inquiry = Inquiry { stream: true, ..Inquiry::default() };
    let won = drive(&stage, &mut session, &inquiry, &mut entropy).await.unwrap();
    let first = won.deployment;
    let failed =
        Outcome::Failed { deployment: first.clone(), kind: ErrorKind::BadGateway, retry_after_ms: None };
    let news = session.observe(&failed, stage.now());
    assert!(news.is_some_and(|news| news.deployment == first), "it counts as a failure");
    let won = resume(&stage, &mut session, &inquiry, &mut entropy, None).await.unwrap();
    assert_ne!(won.deployment, first);
    let reasons: Vec<Reason> = stage.asked.lock().unwrap().iter().map(|(_, reason)| *reason).collect();
    assert_eq!((reasons, session.attempts().len()), (vec![Reason::First, Reason::Continuation], 2));
    assert_eq!(stage.now(), UnixMs(10), "at once");

    // It may break off as often as the policy allows attempts.
    let mut last = won.deployment;
    for _ in 0..2 {
        let failed = Outcome::Failed { deployment: last, kind: ErrorKind::BadGateway, retry_after_ms: None };
        session.observe(&failed, stage.now());
        stage.scripts.lock().unwrap().iter_mut().for_each(|script| script.push((5, Ok("again"))));
        last = resume(&stage, &mut session, &inquiry, &mut entropy, None).await.unwrap().deployment;
    }
    let failed = Outcome::Failed { deployment: last, kind: ErrorKind::BadGateway, retry_after_ms: None };
    session.observe(&failed, stage.now());
    assert!(resume(&stage, &mut session, &inquiry, &mut entropy, None).await.is_err());
}
