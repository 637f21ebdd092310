//! [`RouterStream`]: an answer in chunks, whose end the router hears of.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use llm_providers::ChatStream;
use llm_providers::core::Note;
use llm_providers::transport::ChunkError;
use llm_types::{ApiError, ChatChunk, ChatRequest, Delta, TokenCounts, UnixMs, Usage};

use super::Router;
use super::ask::{deployments, failure};
use super::continuation::{Broken, Continuable, Resumed, Resuming};
use super::deployment::{Deployment, Place, began};
use super::group::Group;
use super::way::Answered;
use crate::{DeploymentId, Failure, Outcome, Session};

/// Chunks that are looked at before the first one that says something, at most.
const MAX_AHEAD: usize = 64;

/// A stream that has begun to say something.
pub(super) struct Begun {
    /// What was heard on the way there.
    ahead: VecDeque<ChatChunk>,
    rest: ChatStream,
}

impl Begun {
    /// Asks a deployment, and listens.
    pub(super) async fn ask(
        deployment: &Deployment,
        request: ChatRequest,
    ) -> Result<Self, Failure<ApiError>> {
        Self::hear(deployment.streamed.stream(request).await.map_err(failure)?).await
    }

    /// Listens until the answer says something. What fails before can be tried elsewhere.
    async fn hear(mut stream: ChatStream) -> Result<Self, Failure<ApiError>> {
        let mut ahead = VecDeque::new();
        while ahead.len() < MAX_AHEAD {
            match stream.next().await {
                None => break,
                Some(Err(error)) => return Err(deployments(error.into())),
                Some(Ok(chunk)) => {
                    let says = says_something(&chunk);
                    ahead.push_back(chunk);
                    if says {
                        break;
                    }
                }
            }
        }
        Ok(Self { ahead, rest: stream })
    }
}

/// Whether anything of a chunk reaches the reader, so that the answer cannot come from elsewhere any more.
fn says_something(chunk: &ChatChunk) -> bool {
    chunk.choices().iter().any(|choice| {
        choice.finish_reason.get().is_some()
            || choice.delta.get().is_some_and(|delta| {
                let Delta { content, refusal, tool_calls, function_call, audio, reasoning_content, .. } =
                    delta;
                let texts = [content, refusal, reasoning_content];
                texts.iter().any(|text| text.get().is_some_and(|text| !text.is_empty()))
                    || tool_calls.get().is_some_and(|calls| !calls.is_empty())
                    || delta.thinking_blocks.get().is_some_and(|blocks| !blocks.is_empty())
                    || function_call.get().is_some()
                    || audio.get().is_some()
            })
    })
}

/// An answer in chunks. An error is its last item; after the first chunk nobody else is asked, unless the group's
/// answers are gone on with where they break off (`enable_mid_stream_fallback_continuation`).
///
/// Dropped before its end, it counts as cancelled, which says nothing about the deployment.
pub struct RouterStream {
    router: Router,
    session: Session,
    group: Arc<Group>,
    leg: Leg,
    /// What the caller is to be told before the leg is heard on.
    told: VecDeque<ChatChunk>,
    state: State,
    /// What is needed for others to go on, where they may.
    continuable: Option<Box<Continuable>>,
    /// What the answer would have ended with, had nobody gone on.
    before: Option<ChunkError>,
    /// What it ends with.
    failed: Option<ChunkError>,
}

/// The answer of one deployment, or what it says of it.
struct Leg {
    begun: Begun,
    deployment: Arc<Deployment>,
    /// Held until the end.
    place: Option<Place>,
    first_token_at: UnixMs,
    usage: Option<Usage>,
    /// Bytes of words and arguments.
    said: usize,
}

enum State {
    Hearing,
    /// The leg broke off; somebody is looked for who goes on.
    Resuming(Resuming),
    Ended,
}

impl std::fmt::Debug for RouterStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouterStream").field("deployment", &self.leg.deployment.id).finish_non_exhaustive()
    }
}

impl Leg {
    fn new(answered: Answered<Begun>, now: UnixMs) -> Self {
        let Answered { answer: begun, deployment, place, .. } = answered;
        Self { begun, deployment, place: Some(place), first_token_at: now, usage: None, said: 0 }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ChatChunk, ChunkError>>> {
        let item = match self.begun.ahead.pop_front() {
            Some(chunk) => Some(Ok(chunk)),
            None => ready!(Pin::new(&mut self.begun.rest).poll_next(cx)),
        };
        if let Some(Ok(chunk)) = &item {
            self.usage = chunk.usage.get().cloned().or(self.usage.take());
            let deltas = chunk.choices().iter().filter_map(|choice| choice.delta.get());
            self.said += deltas.map(said).sum::<usize>();
        }
        Poll::Ready(item)
    }

    fn counts(&self) -> Option<TokenCounts> {
        self.usage.as_ref().map(Usage::counts)
    }
}

/// Bytes of words and arguments.
fn said(delta: &Delta) -> usize {
    let calls = delta.tool_calls.get().into_iter().flatten();
    let arguments = calls.filter_map(|call| call.function.get()?.arguments.as_deref());
    let words = [delta.content.as_deref(), delta.reasoning_content.as_deref()];
    words.into_iter().flatten().chain(arguments).map(str::len).sum()
}

impl RouterStream {
    pub(super) fn new(
        router: Router,
        answered: Answered<Begun>,
        session: Session,
        group: Arc<Group>,
        continuable: Option<Box<Continuable>>,
    ) -> Self {
        let group = standing(&router, &session, group);
        let leg = Leg::new(answered, router.now());
        let (told, state) = (VecDeque::new(), State::Hearing);
        Self { router, session, group, leg, told, state, continuable, before: None, failed: None }
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`ChunkError`] if the stream broke.
    pub async fn next(&mut self) -> Option<Result<ChatChunk, ChunkError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Who answers: the last one, where the answer was gone on with.
    pub fn deployment(&self) -> &DeploymentId {
        &self.leg.deployment.id
    }

    /// What could not be said to the vendor as it was asked.
    pub fn notes(&self) -> &[Note] {
        self.leg.begun.rest.notes()
    }

    /// The record: every decision, attempt and event. Empty while somebody is looked for who goes on with the answer.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Takes note of a leg's end, once.
    fn end(&mut self, outcome: &Outcome) {
        if self.leg.place.take().is_none() {
            return;
        }
        let at = self.router.now();
        if matches!(outcome, Outcome::Succeeded { .. }) {
            let started = began(&self.session, &self.leg.deployment.id).unwrap_or(at);
            let counts = self.leg.counts();
            let output_tokens = counts.map_or(0, |counts| counts.output_total());
            let learned = crate::Answered {
                stream: true,
                first_token_ms: Some(self.leg.first_token_at.since(started)),
                answer_ms: at.since(started),
                output_tokens,
                total_tokens: counts.map_or(0, |counts| counts.input_total() + output_tokens),
                at,
            };
            self.leg.deployment.learn(&learned);
            self.group.live.answered(&learned);
        }
        if let Some(event) = self.session.observe(outcome, at) {
            self.group.heed(&event);
        }
    }

    /// Takes a chunk of the leg under way.
    ///
    /// # Errors
    /// It contradicts what the caller has.
    fn pass(&mut self, chunk: ChatChunk) -> Result<(), ChunkError> {
        let Some(continuable) = &mut self.continuable else {
            self.told.push_back(chunk);
            return Ok(());
        };
        let mut told = Vec::new();
        let passed = continuable.thread.pass(chunk, &mut told);
        self.told.extend(told);
        passed.or_else(|_| self.contradicts())
    }

    /// The leg under way does not fit what the caller has: the answer ends as it would have without it.
    fn contradicts(&mut self) -> Result<(), ChunkError> {
        self.continuable = None;
        self.end(&Outcome::Cancelled { deployment: self.leg.deployment.id.clone() });
        self.before.take().map_or(Ok(()), Err)
    }

    /// The leg came to its end.
    fn finish(&mut self) -> Result<(), ChunkError> {
        if let Some(continuable) = &mut self.continuable {
            let mut told = Vec::new();
            let ended = continuable.thread.end(&mut told);
            self.told.extend(told);
            ended.or_else(|_| self.contradicts())?;
        }
        self.end(&Outcome::Succeeded { deployment: self.leg.deployment.id.clone() });
        Ok(())
    }

    /// The leg broke off: somebody goes on, or the error stands.
    fn broke(&mut self, error: ChunkError) -> Result<State, ChunkError> {
        let continuable = self.continuable.take();
        if continuable.as_ref().is_some_and(|continuable| continuable.thread.is_finished()) {
            // All has been said: what broke off was the farewell.
            self.end(&Outcome::Succeeded { deployment: self.leg.deployment.id.clone() });
            return Ok(State::Ended);
        }
        let ApiError { kind, retry_after_ms, .. } = error.clone().into();
        self.end(&Outcome::Failed { deployment: self.leg.deployment.id.clone(), kind, retry_after_ms });
        let Some(mut continuable) = continuable.filter(|known| known.thread.obstacle().is_none()) else {
            return Err(self.before.take().unwrap_or(error));
        };
        continuable.broke(self.leg.usage.as_ref(), self.leg.said);
        self.before.get_or_insert(error);
        let session = std::mem::take(&mut self.session);
        let broken = Broken { continuable, session, group: self.group.clone() };
        Ok(State::Resuming(Box::pin(broken.go_on(self.router.clone()))))
    }

    /// Somebody goes on, or nobody does.
    fn resumed(&mut self, resumed: Resumed) -> Result<(), ChunkError> {
        let Resumed { mut continuable, session, by } = resumed;
        self.session = session;
        let Some((answered, plan)) = by else { return self.before.take().map_or(Ok(()), Err) };
        self.group = standing(&self.router, &self.session, self.group.clone());
        continuable.go_on(&plan, answered.changes.clone());
        self.continuable = Some(continuable);
        self.leg = Leg::new(answered, self.router.now());
        Ok(())
    }
}

/// The group where a request stands.
fn standing(router: &Router, session: &Session, group: Arc<Group>) -> Arc<Group> {
    session.group().and_then(|name| router.shared.groups.find(name).ok()).cloned().unwrap_or(group)
}

impl Stream for RouterStream {
    type Item = Result<ChatChunk, ChunkError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(chunk) = this.told.pop_front() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            let went = match &mut this.state {
                State::Ended => return Poll::Ready(this.failed.take().map(Err)),
                State::Resuming(resuming) => {
                    let resumed = ready!(resuming.as_mut().poll(cx));
                    this.resumed(resumed).map(|()| State::Hearing)
                }
                State::Hearing => match ready!(this.leg.poll(cx)) {
                    Some(Ok(chunk)) => this.pass(chunk).map(|()| State::Hearing),
                    Some(Err(error)) => this.broke(error),
                    None => this.finish().map(|()| State::Ended),
                },
            };
            this.state = went.unwrap_or_else(|error| {
                // After what is still to be told.
                this.failed = Some(error);
                State::Ended
            });
        }
    }
}

impl Drop for RouterStream {
    fn drop(&mut self) {
        self.end(&Outcome::Cancelled { deployment: self.leg.deployment.id.clone() });
    }
}
