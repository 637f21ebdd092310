//! Streams that broke off: what is needed for others to go on with them, and who does.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use llm_continuation::{Obstacle, Plan, Thread};
use llm_types::{ApiError, ChatRequest, Usage};
use serde_json::{Map, Value};

use super::ask::{Ask, losses, ours, segments};
use super::asker::{Asker, MIDDLE};
use super::deployment::Deployment;
use super::group::{Group, Seen};
use super::known::{Known, Lists};
use super::stream::Begun;
use super::ties::Ties;
use super::way::{Answered, Way};
use super::{Context, Router};
use crate::{Affinity, Failure, Inquiry, Session, resume};

/// An answer that others may go on with: what was asked, on whose behalf, and what has been said.
pub(super) struct Continuable {
    request: ChatRequest,
    context: Context,
    pub(super) thread: Thread,
    /// Members that replace the request's in the group where it stands.
    changes: Option<Arc<Map<String, Value>>>,
}

impl Continuable {
    /// `None` where that is not wanted, or something in the request stands against it.
    pub(super) fn new(request: &ChatRequest, context: &Context, group: &Group) -> Option<Box<Self>> {
        let is_wanted = context.continue_streams.unwrap_or(group.policy.resilience.continue_streams);
        (is_wanted && Obstacle::of_request(request).is_none()).then(|| {
            let thread = Thread::new(request);
            Box::new(Self { request: request.clone(), context: context.clone(), thread, changes: None })
        })
    }

    /// The same in the group where somebody has begun to answer.
    pub(super) fn at(mut self: Box<Self>, changes: Option<Arc<Map<String, Value>>>) -> Box<Self> {
        self.changes = changes;
        self
    }

    /// The leg under way broke off. What it took is estimated where it has not said so: by its bytes, and those of what
    /// was asked.
    pub(super) fn broke(&mut self, told: Option<&Usage>, said: usize) {
        let asked = || self.request.messages.iter().filter_map(|message| message.content.get());
        let read = || asked().map(|content| content.text().len()).sum();
        let took = told.cloned().unwrap_or_else(|| llm_continuation::estimate(read(), said));
        self.thread.broke(&took);
    }

    /// Somebody goes on.
    pub(super) fn go_on(&mut self, plan: &Plan, changes: Option<Arc<Map<String, Value>>>) {
        self.thread.go_on(plan);
        self.changes = changes;
    }
}

/// An answer that has broken off.
pub(super) struct Broken {
    pub(super) continuable: Box<Continuable>,
    pub(super) session: Session,
    /// Where the request stands.
    pub(super) group: Arc<Group>,
}

/// What came of the wish to go on.
pub(super) struct Resumed {
    pub(super) continuable: Box<Continuable>,
    pub(super) session: Session,
    /// Who goes on, and by which plan.
    pub(super) by: Option<(Answered<Begun>, Plan)>,
}

/// Somebody is looked for who goes on.
pub(super) type Resuming = Pin<Box<dyn Future<Output = Resumed> + Send>>;

impl Broken {
    /// Takes the session's further steps.
    pub(super) async fn go_on(self, router: Router) -> Resumed {
        let Self { continuable, mut session, group } = self;
        let by = continuable.ask_on(&router, &group, &mut session).await;
        Resumed { continuable, session, by }
    }
}

impl Continuable {
    async fn ask_on(
        &self,
        router: &Router,
        group: &Arc<Group>,
        session: &mut Session,
    ) -> Option<(Answered<Begun>, Plan)> {
        let Self { request, context, thread, changes } = self;
        let groups = &router.shared.groups;
        let known = Known::chat(request, true, groups.plan.needs());
        let lists = Lists::new(&known, context);
        let mut inquiry = known.inquiry(context, &lists);
        // It went well once.
        Asker { router, context, is_copy: true }.enter(&mut inquiry, request).await.ok()?;
        let pins = &router.shared.pins;
        let ties = Ties::find(pins, group, &inquiry.affinity, || segments(request), router.now());
        let pins = ties.pins();
        let inquiry = Inquiry { affinity: Affinity { pins: &pins, ..inquiry.affinity }, ..inquiry };
        let way = Way {
            router,
            seen: Seen { groups, own: group },
            ask: Continued { request, thread },
            priority: inquiry.priority.or(groups.settings.default_priority).unwrap_or(MIDDLE),
            lost: Mutex::default(),
            context,
            is_copy: true,
        };
        let mut rng = router.entropy();
        let won = resume(&way, session, &inquiry, &mut rng, changes.clone()).await.ok()?;
        ties.served_by(&won.deployment, router.now());
        let Answered { answer: (begun, plan), deployment, place, changes } = won.answer;
        Some((Answered { answer: begun, deployment, place, changes }, plan))
    }
}

/// A chat that is gone on with.
struct Continued<'a> {
    request: &'a ChatRequest,
    thread: &'a Thread,
}

impl Ask for Continued<'_> {
    type Answer = (Begun, Plan);

    async fn ask(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Self::Answer, Failure<ApiError>> {
        let request = deployment.fitted(self.request, changes).map_err(ours)?;
        let plan = self.thread.plan(&request, deployment.prefill.clone());
        Ok((Begun::ask(deployment, plan.request.clone()).await?, plan))
    }

    fn losses(
        &self,
        deployment: &Deployment,
        changes: Option<&Map<String, Value>>,
    ) -> Result<Vec<llm_providers::core::Note>, Failure<ApiError>> {
        losses(self.request, deployment, changes)
    }

    fn segments(&self) -> Vec<String> {
        segments(self.request)
    }
}
