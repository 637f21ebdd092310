//! Copies of requests for others: sent beside them, answered to nobody.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use llm_types::{ApiError, ChatRequest, EmbeddingRequest, RerankRequest, Usage};

use super::ask::Ask;
use super::asker::Asker;
use super::deployment::Deployment;
use super::group::Group;
use super::{Context, Router, RouterError};
use crate::{DeploymentId, Entropy as _, Session, Wishes};

/// Copies at a time.
pub(super) const MAX_PARALLEL: usize = 32;

/// Copies that wait for their turn.
pub(super) const MAX_WAITING: usize = 256;

/// Copies have no hurry, and none goes before another.
const PRIORITY: u8 = u8::MAX;

/// A request to be sent to somebody else as well.
pub(super) enum Copy {
    /// A chat that is answered whole.
    Whole(ChatRequest),
    /// A chat whose answer is streamed.
    Streamed(ChatRequest),
    /// Vectors.
    Vectors(EmbeddingRequest),
    /// A ranking.
    Ranking(RerankRequest),
}

/// What became of a copy; see [`RouterBuilder::on_copy`](super::RouterBuilder::on_copy).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Copied {
    /// Who was asked first for the request itself.
    pub of: DeploymentId,
    /// Who got the copy: a model group, or a deployment by its id.
    pub to: String,
    /// The record: who was chosen, and why.
    pub session: Session,
    /// What the answer took, if somebody told.
    pub usage: Option<Usage>,
    /// Why there was no answer, or not a whole one.
    pub error: Option<ApiError>,
}

/// Hears what becomes of copies.
pub(super) type Hearer = Arc<dyn Fn(Copied) + Send + Sync>;

/// Sends a copy, if one is due, on a task of its own. Whatever becomes of it, the request itself does not notice.
pub(super) fn send(
    router: &Router,
    group: &Group,
    deployment: &Deployment,
    ask: &impl Ask,
    context: &Context,
) {
    let settings = &router.shared.groups.settings;
    let Some(mirror) = settings.mirror_of(&group.name, &deployment.settings) else { return };
    if !mirror.draws(&router.entropy().next_u64().to_string()) {
        return;
    }
    let (Some(copy), Ok(runtime)) = (ask.copy(), tokio::runtime::Handle::try_current()) else { return };
    let wishes = Wishes { num_retries: Some(0), disable_fallbacks: true, ..context.wishes.clone() };
    let context = Context { wishes, continue_streams: Some(false), ..context.clone() };
    let (router, of, to): (_, _, String) = (router.clone(), deployment.id.clone(), mirror.to.to_owned());
    // On a task of its own: a copy goes on when the request that it is of has ended.
    drop(runtime.spawn(async move {
        let Ok(_pass) = router.shared.copies.enter(PRIORITY, router.now()).await else {
            router.shared.dropped_copies.fetch_add(1, Relaxed);
            return;
        };
        let (session, usage, error) = play(&router, &context, copy, &to).await;
        if let Some(hear) = &router.shared.on_copy {
            hear(Copied { of, to, session, usage, error });
        }
    }));
}

/// Asks once, and reads the answer to its end.
async fn play(
    router: &Router,
    context: &Context,
    copy: Copy,
    to: &str,
) -> (Session, Option<Usage>, Option<ApiError>) {
    let asker = Asker { router, context, is_copy: true };
    let failed = |error: RouterError| (error.session().clone(), None, Some(error.error().clone()));
    match copy {
        Copy::Whole(request) => match asker.chat(ChatRequest { model: to.to_owned(), ..request }).await {
            Ok(routed) => (routed.session, routed.answer.usage.into_option(), None),
            Err(error) => failed(error),
        },
        Copy::Vectors(request) => {
            match asker.embed(EmbeddingRequest { model: to.to_owned(), ..request }).await {
                Ok(routed) => (routed.session, routed.answer.usage.into_option(), None),
                Err(error) => failed(error),
            }
        }
        Copy::Ranking(request) => match asker.rank(RerankRequest { model: to.to_owned(), ..request }).await {
            Ok(routed) => (routed.session, None, None),
            Err(error) => failed(error),
        },
        Copy::Streamed(request) => {
            match asker.stream(ChatRequest { model: to.to_owned(), ..request }).await {
                Ok(mut stream) => {
                    let (mut usage, mut error) = (None, None);
                    while let Some(chunk) = stream.next().await {
                        match chunk {
                            Ok(chunk) => usage = chunk.usage.into_option().or(usage),
                            Err(broke) => error = Some(broke.into()),
                        }
                    }
                    (stream.session().clone(), usage, error)
                }
                Err(error) => failed(error),
            }
        }
    }
}
