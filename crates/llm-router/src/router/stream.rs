//! [`RouterStream`]: an answer in chunks, whose end the router hears of.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use llm_providers::ChatStream;
use llm_providers::core::Note;
use llm_providers::transport::ChunkError;
use llm_types::{ApiError, ChatChunk, Delta, TokenCounts, UnixMs, Usage};

use super::Router;
use super::ask::deployments;
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
    /// Listens until the answer says something. What fails before can be tried elsewhere.
    pub(super) async fn hear(mut stream: ChatStream) -> Result<Self, Failure<ApiError>> {
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

/// An answer in chunks. An error is its last item; after the first chunk nobody else is asked.
///
/// Dropped before its end, it counts as cancelled, which says nothing about the deployment.
pub struct RouterStream {
    ahead: VecDeque<ChatChunk>,
    rest: ChatStream,
    router: Router,
    session: Session,
    group: Arc<Group>,
    deployment: Arc<Deployment>,
    /// Held until the end.
    place: Option<Place>,
    first_token_at: UnixMs,
    counts: Option<TokenCounts>,
}

impl std::fmt::Debug for RouterStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouterStream").field("deployment", &self.deployment.id).finish_non_exhaustive()
    }
}

impl RouterStream {
    pub(super) fn new(
        router: Router,
        answered: Answered<Begun>,
        session: Session,
        group: Arc<Group>,
    ) -> Self {
        let Answered { answer: Begun { ahead, rest }, deployment, place } = answered;
        let group =
            session.group().and_then(|name| router.shared.groups.find(name).ok()).cloned().unwrap_or(group);
        let first_token_at = router.now();
        let place = Some(place);
        Self { ahead, rest, router, session, group, deployment, place, first_token_at, counts: None }
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`ChunkError`] if the stream broke.
    pub async fn next(&mut self) -> Option<Result<ChatChunk, ChunkError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Who answers.
    pub fn deployment(&self) -> &DeploymentId {
        &self.deployment.id
    }

    /// What could not be said to the vendor as it was asked.
    pub fn notes(&self) -> &[Note] {
        self.rest.notes()
    }

    /// The record: every decision, attempt and event.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Takes note of the end, once.
    fn end(&mut self, outcome: &Outcome) {
        if self.place.take().is_none() {
            return;
        }
        let at = self.router.now();
        if matches!(outcome, Outcome::Succeeded { .. }) {
            let started = began(&self.session, &self.deployment.id).unwrap_or(at);
            let output_tokens = self.counts.map_or(0, |counts| counts.output_total());
            let learned = crate::Answered {
                stream: true,
                first_token_ms: Some(self.first_token_at.since(started)),
                answer_ms: at.since(started),
                output_tokens,
                total_tokens: self.counts.map_or(0, |counts| counts.input_total() + output_tokens),
                at,
            };
            self.deployment.learn(&learned);
            self.group.live.answered(&learned);
        }
        if let Some(event) = self.session.observe(outcome, at) {
            self.group.heed(&event);
        }
    }
}

impl Stream for RouterStream {
    type Item = Result<ChatChunk, ChunkError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = match this.ahead.pop_front() {
            Some(chunk) => Some(Ok(chunk)),
            None => ready!(Pin::new(&mut this.rest).poll_next(cx)),
        };
        let deployment = this.deployment.id.clone();
        match &item {
            Some(Ok(chunk)) => {
                this.counts = chunk.usage.get().map(Usage::counts).or(this.counts);
            }
            Some(Err(error)) => {
                let ApiError { kind, retry_after_ms, .. } = error.clone().into();
                this.end(&Outcome::Failed { deployment, kind, retry_after_ms });
            }
            None => this.end(&Outcome::Succeeded { deployment }),
        }
        Poll::Ready(item)
    }
}

impl Drop for RouterStream {
    fn drop(&mut self) {
        self.end(&Outcome::Cancelled { deployment: self.deployment.id.clone() });
    }
}
