//! [`Asker`]: requests on behalf of somebody.

use std::sync::{Arc, Mutex};

use llm_providers::transport::Answer;
use llm_types::{
    ApiError, ChatRequest, ChatResponse, EmbeddingRequest, EmbeddingResponse, Layer, RerankRequest,
    RerankResponse,
};

use super::ask::{Ask, Ranking, Streamed, Took, Vectors, Whole, segments};
use super::continuation::Continuable;
use super::deployment::began;
use super::embed::Embedder;
use super::group::{Group, Seen};
use super::known::{Known, Lists, prompt};
use super::ties::Ties;
use super::way::{Answered, Way};
use super::{Context, Explanation, Routed, Router, RouterError, RouterStream};
use crate::classify::classify;
use crate::{Affinity, Exhausted, Inquiry, Outcome, Session, Wishes, drive};

/// Who goes first where nobody says.
pub(super) const MIDDLE: u8 = 128;

/// Asks on behalf of somebody; see [`Router::by`].
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub(super) router: &'a Router,
    pub(super) context: &'a Context,
    /// Whether it is for nobody to hear.
    pub(super) is_copy: bool,
}

impl Asker<'_> {
    /// As [`Router::chat`].
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn chat(&self, request: ChatRequest) -> Result<Routed<ChatResponse>, RouterError> {
        let groups = &self.router.shared.groups;
        let known = Known::chat(&request, false, groups.plan.needs());
        let lists = Lists::new(&known, self.context);
        let mut inquiry = known.inquiry(self.context, &lists);
        let group = self.enter(&mut inquiry, &request).await.map_err(unsent)?;
        self.whole(Whole(&request), group, &inquiry, self.context.wishes.clone()).await
    }

    /// As [`Router::stream`].
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn stream(&self, request: ChatRequest) -> Result<RouterStream, RouterError> {
        let groups = &self.router.shared.groups;
        let known = Known::chat(&request, true, groups.plan.needs());
        let lists = Lists::new(&known, self.context);
        let mut inquiry = known.inquiry(self.context, &lists);
        let group = self.enter(&mut inquiry, &request).await.map_err(unsent)?;
        let wishes = self.context.wishes.clone();
        let (answered, session) = self.drive(Streamed(&request), group, &inquiry, wishes).await?;
        let continuable = Continuable::new(&request, self.context, group).filter(|_| !self.is_copy);
        let continuable = continuable.map(|known| known.at(answered.changes.clone()));
        Ok(RouterStream::new(self.router.clone(), answered, session, group.clone(), continuable))
    }

    /// As [`Router::embed`].
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn embed(&self, request: EmbeddingRequest) -> Result<Routed<EmbeddingResponse>, RouterError> {
        let groups = &self.router.shared.groups;
        let known = Known::vectors(&request, groups.plan.needs());
        let lists = Lists::new(&known, self.context);
        let mut inquiry = known.inquiry(self.context, &lists);
        let group = self.enter_at_once(&mut inquiry).map_err(unsent)?;
        let wishes = Wishes { embedding: true, ..self.context.wishes.clone() };
        self.whole(Vectors(&request), group, &inquiry, wishes).await
    }

    /// As [`Router::rank`].
    ///
    /// # Errors
    /// Nobody answered, with the record of who was asked.
    pub async fn rank(&self, request: RerankRequest) -> Result<Routed<RerankResponse>, RouterError> {
        let groups = &self.router.shared.groups;
        let known = Known::ranking(&request, groups.plan.needs());
        let lists = Lists::new(&known, self.context);
        let mut inquiry = known.inquiry(self.context, &lists);
        let group = self.enter_at_once(&mut inquiry).map_err(unsent)?;
        self.whole(Ranking(&request), group, &inquiry, self.context.wishes.clone()).await
    }

    /// As [`Router::explain`].
    ///
    /// # Errors
    /// Nothing has the name that is asked for.
    pub async fn explain(&self, request: ChatRequest) -> Result<Explanation, ApiError> {
        let groups = &self.router.shared.groups;
        let known = Known::chat(&request, request.streams(), groups.plan.needs());
        let lists = Lists::new(&known, self.context);
        let mut inquiry = known.inquiry(self.context, &lists);
        let embedder = Embedder(self.router);
        embedder.learn(inquiry.model).await;
        let entrance = groups.plan.entrance();
        let asked = || Ok::<_, ApiError>(prompt(&request));
        let (entry, class) = classify(entrance, &groups.senses, &embedder, &mut inquiry, asked).await?;
        entry.check_quality(&inquiry)?;
        let own = groups.find(entry.group)?;
        let seen = Seen { groups, own };
        let pins = &self.router.shared.pins;
        let ties = Ties::find(pins, own, &inquiry.affinity, || segments(&request), self.router.now());
        let pins = ties.pins();
        let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..inquiry };
        Explanation::new(self, &seen, &request, &entry, class, &inquiry)
    }

    /// The group where a request goes in; its class is found out where that matters.
    pub(super) async fn enter<'i>(
        &self,
        inquiry: &mut Inquiry<'i>,
        request: &'i ChatRequest,
    ) -> Result<&'i Arc<Group>, ApiError>
    where
        Self: 'i,
    {
        let groups = &self.router.shared.groups;
        let embedder = Embedder(self.router);
        embedder.learn(inquiry.model).await;
        let asked = || Ok::<_, ApiError>(prompt(request));
        let (entry, _) = classify(groups.plan.entrance(), &groups.senses, &embedder, inquiry, asked).await?;
        entry.check_quality(inquiry)?;
        groups.find(entry.group)
    }

    /// The same for requests without a prompt.
    fn enter_at_once<'i>(&self, inquiry: &mut Inquiry<'i>) -> Result<&'i Arc<Group>, ApiError>
    where
        Self: 'i,
    {
        let groups = &self.router.shared.groups;
        let entry = groups.plan.entrance().enter(inquiry);
        entry.check_quality(inquiry)?;
        inquiry.narrowed = entry.narrowed;
        groups.find(entry.group)
    }

    /// Asks until somebody has answered whole.
    async fn whole<A, T>(
        &self,
        ask: A,
        group: &Arc<Group>,
        inquiry: &Inquiry<'_>,
        wishes: Wishes,
    ) -> Result<Routed<T>, RouterError>
    where
        A: Ask<Answer = Answer<T>>,
        T: Took + Send,
    {
        let (answered, mut session) = self.drive(ask, group, inquiry, wishes).await?;
        let Answered { answer, deployment, place, .. } = answered;
        let at = self.router.now();
        let usage = answer.value.usage().map(llm_types::Usage::counts);
        let output_tokens = usage.map_or(0, |counts| counts.output_total());
        let learned = crate::Answered {
            stream: false,
            first_token_ms: None,
            answer_ms: began(&session, &deployment.id).map_or(0, |began| at.since(began)),
            output_tokens,
            total_tokens: usage.map_or(0, |counts| counts.input_total() + output_tokens),
            at,
        };
        deployment.learn(&learned);
        let answering = self.answering(&session, group);
        answering.live.answered(&learned);
        drop(place);
        let outcome = Outcome::Succeeded { deployment: deployment.id.clone() };
        if let Some(event) = session.observe(&outcome, at) {
            answering.heed(&event);
        }
        Ok(Routed { answer: answer.value, deployment: deployment.id.clone(), notes: answer.notes, session })
    }

    /// The group that has answered.
    fn answering<'g>(&'g self, session: &Session, group: &'g Arc<Group>) -> &'g Arc<Group> {
        let name = session.group();
        name.and_then(|name| self.router.shared.groups.find(name).ok()).unwrap_or(group)
    }

    /// Runs the loop.
    async fn drive<A: Ask>(
        &self,
        ask: A,
        own: &Arc<Group>,
        inquiry: &Inquiry<'_>,
        wishes: Wishes,
    ) -> Result<(Answered<A::Answer>, Session), RouterError> {
        let groups = &self.router.shared.groups;
        let default = groups.settings.default_priority.unwrap_or(MIDDLE);
        let segments = || ask.segments();
        let ties = Ties::find(&self.router.shared.pins, own, &inquiry.affinity, segments, self.router.now());
        let pins = ties.pins();
        let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..*inquiry };
        own.live.requested();
        let way = Way {
            router: self.router,
            seen: Seen { groups, own },
            ask,
            priority: inquiry.priority.unwrap_or(default),
            lost: Mutex::default(),
            context: self.context,
            is_copy: self.is_copy,
        };
        let mut session = Session::new(wishes);
        let mut rng = self.router.entropy();
        match drive(&way, &mut session, &inquiry, &mut rng).await {
            Ok(won) => {
                ties.served_by(&won.deployment, self.router.now());
                Ok((won.answer, session))
            }
            Err(lost) => {
                let now = self.router.now();
                let error = lost.error.unwrap_or_else(|| {
                    let Exhausted { retry_at, .. } = &lost.exhausted;
                    let message = lost.exhausted.to_string();
                    let mut error = ApiError::new(lost.exhausted.kind(), Layer::Router, message)
                        .with_code("no_deployment_available");
                    error.retry_after_ms = retry_at.map(|at| at.since(now));
                    error
                });
                Err(RouterError::new(error, session))
            }
        }
    }
}

/// An error before anybody could be asked.
fn unsent(error: ApiError) -> RouterError {
    RouterError::new(error, Session::default())
}
