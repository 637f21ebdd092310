//! The attempt loop: a session, somebody who asks deployments, and a clock.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::future::{Either, select};
use llm_types::{ErrorKind, UnixMs};
use serde_json::{Map, Value};

use crate::{
    DeploymentId, Entropy, Exhausted, HealthEvent, Inquiry, Outcome, Reason, Session, Snapshot, Step,
};

#[cfg(test)]
mod tests;

/// What the loop needs of the world.
pub trait World: Sync {
    /// What a deployment answers, or the beginning of it.
    type Answer: Send;
    /// Why it does not.
    type Error: Send;

    /// Shows a group as it is `now`; `None` stands for the group that was asked for.
    ///
    /// # Errors
    /// There is no such group.
    fn look<T>(
        &self,
        group: Option<&Arc<str>>,
        now: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, Self::Error>;

    /// Asks a deployment. Done when the answer has begun to say something, so that nothing can be taken back any more.
    fn attempt(
        &self,
        asking: Asking,
    ) -> impl Future<Output = Result<Self::Answer, Failure<Self::Error>>> + Send;

    /// What the caller is told of a deployment whose first token did not come in time.
    fn late(&self, deployment: &DeploymentId) -> Self::Error;

    /// The time.
    fn now(&self) -> UnixMs;

    /// Waits.
    fn wait_until(&self, at: UnixMs) -> impl Future<Output = ()> + Send;

    /// Takes news about deployments.
    fn heed(&self, event: &HealthEvent);
}

/// Whom to ask.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The group, if it is not the one that was asked for.
    pub group: Option<Arc<str>>,
    /// The deployment.
    pub deployment: DeploymentId,
    /// Why.
    pub reason: Reason,
    /// Members that replace the request's.
    pub changes: Option<Arc<Map<String, Value>>>,
}

/// An attempt that came to nothing.
#[derive(Debug)]
pub struct Failure<E> {
    /// Whose fault it was.
    pub cause: Cause,
    /// What the caller is told, if nobody else answers.
    pub error: E,
}

/// Whose fault a failure was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The deployment's, or the way there.
    Deployment {
        /// What went wrong.
        kind: ErrorKind,
        /// How long the vendor asks us to stay away, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// Nobody's: this deployment cannot serve this request, and was not asked.
    Unfit {
        /// Why.
        kind: ErrorKind,
    },
    /// The caller's or our own; nobody else would do better.
    Request,
}

/// An answer, and whose it is.
#[derive(Debug)]
pub struct Won<A> {
    /// The answer.
    pub answer: A,
    /// Who gave it. The session waits for its outcome.
    pub deployment: DeploymentId,
}

/// No answer.
#[derive(Debug)]
pub struct Lost<E> {
    /// What was tried.
    pub exhausted: Exhausted,
    /// What the last attempt said; `None` if there was none.
    pub error: Option<E>,
}

/// Takes a session's steps until somebody answers or nobody is left.
///
/// The session is left with the winner's attempt under way: its outcome is observed by whoever hears the answer's end.
///
/// # Errors
/// [`Lost`], if nobody answered.
pub async fn drive<W: World>(
    world: &W,
    session: &mut Session,
    inquiry: &Inquiry<'_>,
    rng: &mut (dyn Entropy + Send),
) -> Result<Won<W::Answer>, Lost<W::Error>> {
    run(Course::new(world, session, inquiry, rng)).await
}

/// Takes a journey up again whose answer had begun and broke off, which the session has observed: somebody else goes on
/// with it, or the same deployment once more.
///
/// `None` stands here for the group in which the request is. `changes` are the members that replace the request's there.
///
/// # Errors
/// [`Lost`], if nobody goes on.
pub async fn resume<W: World>(
    world: &W,
    session: &mut Session,
    inquiry: &Inquiry<'_>,
    rng: &mut (dyn Entropy + Send),
    changes: Option<Arc<Map<String, Value>>>,
) -> Result<Won<W::Answer>, Lost<W::Error>> {
    run(Course { changes, resumed: true, ..Course::new(world, session, inquiry, rng) }).await
}

async fn run<W: World>(mut course: Course<'_, '_, W>) -> Result<Won<W::Answer>, Lost<W::Error>> {
    let world = course.world;
    loop {
        match course.step()? {
            Step::Send { deployment, first_token_by, hedge_at } => {
                let reason = course.reason();
                let first = world.attempt(course.asking(&deployment, reason));
                let first = Leg { deployment, future: first };
                let ended = match (first_token_by, hedge_at) {
                    // Nothing to be done while it is waited for: the way of most requests.
                    (None, None) => Ended { deployment: first.deployment, result: Some(first.future.await) },
                    _ => Box::pin(race(&mut course, first, first_token_by, hedge_at)).await?,
                };
                if let Some(won) = course.settle(ended) {
                    return Ok(won);
                }
            }
            Step::Turn { group, changes } => match world.look(Some(&group), course.now(), |_| ()) {
                Ok(()) => {
                    course.group = Some(group);
                    course.changes = changes;
                }
                Err(_) => {
                    let now = course.now();
                    course.session.pass_over(now);
                }
            },
            Step::Wait { until } => {
                world.wait_until(until).await;
                course.waited = Some(until);
            }
            Step::Hedge(_) => {}
            Step::GiveUp(exhausted) => return Err(Lost { exhausted, error: course.error }),
        }
    }
}

/// Where a request stands.
struct Course<'a, 'i, W: World> {
    world: &'a W,
    session: &'a mut Session,
    inquiry: &'a Inquiry<'i>,
    rng: &'a mut (dyn Entropy + Send),
    group: Option<Arc<str>>,
    changes: Option<Arc<Map<String, Value>>>,
    /// Whether an answer has broken off, and is gone on with.
    resumed: bool,
    error: Option<W::Error>,
    /// The instant that was waited for. A wall clock may be set back: what has been waited for is over all the same.
    waited: Option<UnixMs>,
}

/// An attempt under way.
struct Leg<F> {
    deployment: DeploymentId,
    future: F,
}

/// An attempt that is over.
struct Ended<W: World> {
    deployment: DeploymentId,
    /// `None` if its first token was late.
    result: Option<Result<W::Answer, Failure<W::Error>>>,
}

impl<'a, 'i, W: World> Course<'a, 'i, W> {
    fn new(
        world: &'a W,
        session: &'a mut Session,
        inquiry: &'a Inquiry<'i>,
        rng: &'a mut (dyn Entropy + Send),
    ) -> Self {
        let (group, changes, error, waited) = (None, None, None, None);
        Self { world, session, inquiry, rng, group, changes, resumed: false, error, waited }
    }

    fn now(&self) -> UnixMs {
        self.waited.map_or_else(|| self.world.now(), |waited| waited.max(self.world.now()))
    }

    fn step(&mut self) -> Result<Step, Lost<W::Error>> {
        let now = self.now();
        let Self { world, session, inquiry, rng, group, .. } = self;
        let see = |view: &Snapshot<'_>| session.next(view, inquiry, now, &mut **rng);
        let stepped = world.look(group.as_ref(), now, see);
        stepped.map_err(|error| Lost { exhausted: Exhausted::default(), error: Some(error) })
    }

    fn asking(&self, deployment: &DeploymentId, reason: Reason) -> Asking {
        Asking {
            group: self.group.clone(),
            deployment: deployment.clone(),
            reason,
            changes: self.changes.clone(),
        }
    }

    fn reason(&self) -> Reason {
        match (self.session.attempts().len(), &self.group) {
            _ if self.resumed => Reason::Continuation,
            (_, Some(_)) => Reason::Fallback,
            (0 | 1, None) => Reason::First,
            (_, None) => Reason::Retry,
        }
    }

    fn observe(&mut self, outcome: &Outcome) {
        if let Some(event) = self.session.observe(outcome, self.now()) {
            self.world.heed(&event);
        }
    }

    /// Takes note of an attempt that is over; the answer, if it gave one.
    fn settle(&mut self, ended: Ended<W>) -> Option<Won<W::Answer>> {
        let Ended { deployment, result } = ended;
        let failure = match result {
            Some(Ok(answer)) => return Some(Won { answer, deployment }),
            Some(Err(failure)) => failure,
            None => {
                self.error = Some(self.world.late(&deployment));
                self.observe(&Outcome::FirstTokenLate { deployment });
                return None;
            }
        };
        // That somebody could not be asked says less than what somebody who was asked has said.
        let answered = self.session.attempts().iter().any(|a| a.ended.is_some() && a.was_sent());
        if !(answered && matches!(failure.cause, Cause::Unfit { .. })) {
            self.error = Some(failure.error);
        }
        self.observe(&match failure.cause {
            Cause::Deployment { kind, retry_after_ms } => {
                Outcome::Failed { deployment, kind, retry_after_ms }
            }
            Cause::Unfit { kind } => Outcome::Unfit { deployment, kind },
            Cause::Request => Outcome::Cancelled { deployment },
        });
        None
    }
}

/// Waits for an attempt; gives it up when it is late, and sends another after it where the session wants to.
async fn race<W: World, F>(
    course: &mut Course<'_, '_, W>,
    first: Leg<F>,
    first_token_by: Option<UnixMs>,
    hedge_at: Option<UnixMs>,
) -> Result<Ended<W>, Lost<W::Error>>
where
    F: Future<Output = Result<W::Answer, Failure<W::Error>>> + Send,
{
    let world = course.world;
    let Leg { deployment, future } = first;
    let mut running = pin!(future);
    let late = UnixMs(i64::MAX);
    let by = first_token_by.unwrap_or(late);
    if let Some(at) = hedge_at.filter(|at| *at < by) {
        match select(running.as_mut(), pin!(world.wait_until(at))).await {
            Either::Left((result, _)) => return Ok(Ended { deployment, result: Some(result) }),
            Either::Right(_) => course.waited = Some(at),
        }
        if let Step::Hedge(other) = course.step()? {
            let second = world.attempt(course.asking(&other, Reason::Hedge));
            let second = Leg { deployment: other, future: second };
            return Ok(both(course, deployment, running, second, first_token_by).await);
        }
    }
    Ok(match select(running, pin!(world.wait_until(by))).await {
        Either::Left((result, _)) => Ended { deployment, result: Some(result) },
        Either::Right(_) => Ended { deployment, result: None },
    })
}

/// Waits for the first of two answers. The other attempt is given up; one that fails leaves the field to the other.
async fn both<W: World, F, G>(
    course: &mut Course<'_, '_, W>,
    deployment: DeploymentId,
    first: Pin<&mut F>,
    second: Leg<G>,
    first_token_by: Option<UnixMs>,
) -> Ended<W>
where
    F: Future<Output = Result<W::Answer, Failure<W::Error>>> + Send,
    G: Future<Output = Result<W::Answer, Failure<W::Error>>> + Send,
{
    let Leg { deployment: other, future } = second;
    let second = pin!(future);
    let mut late = pin!(course.world.wait_until(first_token_by.unwrap_or(UnixMs(i64::MAX))));
    let race = select(select(first, second), late.as_mut()).await;
    match race {
        Either::Left((Either::Left((result, rest)), _)) if result.is_err() => {
            course.settle(Ended { deployment, result: Some(result) });
            match select(rest, late).await {
                Either::Left((result, _)) => Ended { deployment: other, result: Some(result) },
                Either::Right(_) => Ended { deployment: other, result: None },
            }
        }
        Either::Left((Either::Right((result, rest)), _)) if result.is_err() => {
            course.settle(Ended { deployment: other, result: Some(result) });
            match select(rest, late).await {
                Either::Left((result, _)) => Ended { deployment, result: Some(result) },
                Either::Right(_) => Ended { deployment, result: None },
            }
        }
        Either::Left((Either::Left((result, _)), _)) => {
            course.observe(&Outcome::Cancelled { deployment: other });
            Ended { deployment, result: Some(result) }
        }
        Either::Left((Either::Right((result, _)), _)) => {
            course.observe(&Outcome::Cancelled { deployment });
            Ended { deployment: other, result: Some(result) }
        }
        // Both are late. The second one is given up with the first.
        Either::Right(_) => {
            course.observe(&Outcome::Cancelled { deployment: other });
            Ended { deployment, result: None }
        }
    }
}
