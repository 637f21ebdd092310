//! The router's world: groups in memory, deployments asked through the client, tokio's clock for waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use serde_json::{Map, Value};

use super::ask::{Ask, deployments, lossy, ours};
use super::deployment::{Deployment, Place};
use super::group::Seen;
use super::{Context, Router, copies};
use crate::{Asking, Cause, DeploymentId, Failure, HealthEvent, Reason, Snapshot, World};

/// Where one request's attempts take place.
pub(super) struct Way<'a, A> {
    pub(super) router: &'a Router,
    pub(super) seen: Seen<'a>,
    pub(super) ask: A,
    pub(super) priority: u8,
    /// What the first attempt could not carry: a fallback may lose that, and no more.
    pub(super) lost: Mutex<Option<Vec<String>>>,
    /// On whose behalf.
    pub(super) context: &'a Context,
    /// Whether it is a copy, or goes on with an answer: then it is not copied.
    pub(super) is_copy: bool,
}

/// An answer, or its beginning.
pub(super) struct Answered<T> {
    pub(super) answer: T,
    pub(super) deployment: Arc<Deployment>,
    pub(super) place: Place,
    /// Members that replaced the request's there.
    pub(super) changes: Option<Arc<Map<String, Value>>>,
}

impl<A: Ask> Way<'_, A> {
    /// Whether the request may be sent with what would be lost of it.
    fn weigh(&self, asking: &Asking, deployment: &Deployment) -> Result<(), Failure<ApiError>> {
        if self.seen.groups.settings.allow_lossy_fallbacks {
            return Ok(());
        }
        // Where it cannot be said what would be lost, the attempt itself tells.
        let losses = |changes| self.ask.losses(deployment, changes).unwrap_or_default();
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if asking.reason != Reason::Fallback {
            // Worth the trouble only where there is somewhere to fall back to.
            if lost.is_none() && self.seen.own.policy.resilience.has_fallbacks() {
                *lost = Some(losses(None).into_iter().map(|note| note.path).collect());
            }
            return Ok(());
        }
        let known = lost.as_deref().unwrap_or_default();
        let notes = losses(asking.changes.as_deref());
        notes.iter().find(|note| !known.contains(&note.path)).map_or(Ok(()), |note| Err(lossy(note)))
    }
}

impl<A: Ask> World for Way<'_, A> {
    type Answer = Answered<A::Answer>;
    type Error = ApiError;

    fn look<T>(
        &self,
        group: Option<&Arc<str>>,
        now: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, ApiError> {
        Ok(self.seen.group(group)?.look(now, see))
    }

    async fn attempt(&self, asking: Asking) -> Result<Self::Answer, Failure<ApiError>> {
        let group = self.seen.group(asking.group.as_ref()).map_err(ours)?;
        let found = group.deployments.iter().find(|known| known.id == asking.deployment);
        let Some(deployment) = found.cloned() else {
            let message = format!("the router chose {}, which is not in the group", asking.deployment);
            return Err(ours(ApiError::new(ErrorKind::Internal, Layer::Router, message)));
        };
        if asking.reason == Reason::Hedge {
            group.live.hedged();
        }
        self.weigh(&asking, &deployment)?;
        let place = deployment.place(self.priority, self.router.now()).await;
        let place = place.map_err(|error| Failure { cause: Cause::Unfit { kind: error.kind }, error })?;
        if asking.reason == Reason::First && !self.is_copy {
            copies::send(self.router, group, &deployment, &self.ask, self.context);
        }
        let answer = self.ask.ask(&deployment, asking.changes.as_deref()).await?;
        Ok(Answered { answer, deployment, place, changes: asking.changes })
    }

    fn late(&self, deployment: &DeploymentId) -> ApiError {
        let message = format!("{deployment} did not begin to answer in time");
        let error = ApiError::new(ErrorKind::GatewayTimeout, Layer::Router, message);
        deployments(error.with_code("first_token_late")).error
    }

    fn now(&self) -> UnixMs {
        self.router.now()
    }

    async fn wait_until(&self, at: UnixMs) {
        // Timers have an end: what is further off than a year is never.
        const YEAR_MS: u64 = 365 * 86_400_000;
        let ms = at.since(self.router.now());
        if ms >= YEAR_MS {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn heed(&self, event: &HealthEvent) {
        if !self.seen.own.heed(event) {
            let _one_of_them = self.seen.groups.by_name.values().any(|group| group.heed(event));
        }
    }
}
