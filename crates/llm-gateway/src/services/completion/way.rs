//! The router's world in the gateway: groups as they are served, deployments that are asked over the network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use llm_provider_core::{Edit, Peek, apply};
use llm_router::{
    Asking, Cause, DeploymentId, Failure, Happening, HealthEvent, Reason, Session, Snapshot, World,
};
use llm_types::{ApiError, ErrorKind, Layer, UnixMs};
use serde_json::{Map, Value};

use super::attempt::{self, Asked};
use super::book::{Book, Desk};
use super::{Ask, Rehearsal, Request, allow, mirror, own_key};
use crate::app::App;
use crate::auth::Principal;
use crate::boxed::boxed;
use crate::deployment::{Claim, Deployment, Place};
use crate::exchange::Exchange;
use crate::limits::HeldBody;
use crate::serving::{Group, Serving};

/// Where one request's attempts take place.
pub(super) struct Way<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) serving: &'a Arc<Serving>,
    /// The group that was asked for.
    pub(super) group: &'a Arc<Group>,
    pub(super) request: &'a Request<'a>,
    pub(super) desk: &'a Desk,
    /// Tokens of the prompt, and of the answer where the request bounds it, as far as they matter.
    pub(super) tokens: (u64, Option<u64>),
    /// A failure that the request itself asks for.
    pub(super) rehearsal: Option<Rehearsal>,
    /// Who asks.
    pub(super) principal: Option<&'a Principal>,
    /// Groups that stood in, so that news finds its deployment.
    pub(super) others: Mutex<Vec<Arc<Group>>>,
}

/// An answer that has begun.
pub(super) struct Answered {
    pub(super) asked: Asked,
    pub(super) deployment: Arc<Deployment>,
    pub(super) place: Place,
    /// Members that replace the request's.
    pub(super) changes: Option<Arc<Map<String, Value>>>,
}

impl Way<'_> {
    pub(super) fn group(&self, name: Option<&Arc<str>>) -> Result<Arc<Group>, ApiError> {
        let Some(name) = name else { return Ok(self.group.clone()) };
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = others.iter().find(|group| group.name == *name) {
            return Ok(group.clone());
        }
        let group = self.serving.resolve_for(name, self.principal.and_then(Principal::access))?;
        others.push(group.clone());
        Ok(group)
    }

    /// From which group the request went on to which, by the names of the configuration.
    pub(super) fn turns(&self, session: &Session) -> Vec<(Arc<str>, Arc<str>)> {
        if session.fallbacks() == 0 {
            return Vec::new();
        }
        let named = |name: &Arc<str>| self.group(Some(name)).map(|group| group.name.clone());
        let mut turns = Vec::new();
        for event in session.events() {
            match &event.what {
                Happening::Turned { from, to, .. } => turns.push((from, to)),
                Happening::PassedOver { .. } => _ = turns.pop(),
                _ => {}
            }
        }
        let of_config = |(from, to)| Some((named(from).ok()?, named(to).ok()?));
        turns.into_iter().filter_map(of_config).collect()
    }

    /// What the request needs of a deployment of this group.
    fn claim(&self, group: Option<&Arc<str>>, deployment: &Deployment) -> Result<Claim, ApiError> {
        let group = self.group(group)?;
        let selection = &group.policy.selection;
        let (input, output) = self.tokens;
        let tokens = selection.heeds_limits().then(|| {
            if !selection.enforces_limits() {
                return input;
            }
            // LiteLLM sets a quarter of the limit aside for an answer without a bound.
            let quarter = deployment.settings.tpm.map_or(0, |limit| limit / 4);
            let usual = deployment.facts.first().max_output_tokens.map_or(quarter, |most| most.min(quarter));
            input.saturating_add(output.unwrap_or(usual))
        });
        Ok(Claim { priority: self.request.priority, tokens, patience: self.patience(deployment) })
    }

    /// For how long the request waits for room: until the end of the time that it has set itself, and no longer than this
    /// deployment has for an answer.
    fn patience(&self, deployment: &Deployment) -> Option<Duration> {
        let Request { started, own_timeout, stream, .. } = self.request;
        let waited = Duration::from_millis(self.app.runtime.now().since(*started));
        let own = own_timeout.map(|own| own.saturating_sub(waited));
        own.into_iter().chain(deployment.total_timeout(*stream)).min()
    }

    async fn ask(&self, asking: Asking, deployment: &Arc<Deployment>) -> Result<(Asked, Place), ApiError> {
        let claim = self.claim(asking.group.as_ref(), deployment)?;
        let place = deployment.place(claim, &self.app.runtime).await?;
        if !place.queued.is_zero() {
            self.desk.with(|exchange| exchange.record_mut().queued += place.queued);
        }
        let reason = if self.request.is_copy { Reason::Mirror } else { asking.reason };
        let allowed =
            |exchange: &mut Exchange| Some((exchange.allowance()?.clone(), exchange.pricing(deployment)));
        let hold = match self.desk.with(allowed) {
            Some((allowance, pricing)) => {
                let prices = pricing.ceiling(allowance.is_plain(), allowance.searches());
                let count = allow::counted(self.request, deployment);
                boxed!(allowance.hold(prices, count, self.app.runtime.now())).await?
            }
            None => None,
        };
        let mut book = Book::open(self.desk, reason).paid_from(hold);
        let asked = match &asking.changes {
            None => attempt::attempt(self.app, self.serving, deployment, self.request, &mut book).await,
            Some(changes) => Box::pin(self.changed(changes, deployment, &mut book)).await,
        };
        book.end(asked.as_ref().map(|_| ()).map_err(|error| error.kind));
        asked.map(|asked| (asked, place))
    }

    /// Asks with another body: some members of the request are replaced.
    async fn changed(
        &self,
        changes: &Map<String, Value>,
        deployment: &Arc<Deployment>,
        book: &mut Book<'_>,
    ) -> Result<Asked, ApiError> {
        let set = |(name, value): (&String, &Value)| Edit::Set {
            name: name.clone().into(),
            json: value.to_string(),
        };
        let edits: Vec<Edit> = changes.iter().filter(|(name, _)| *name != "model").map(set).collect();
        let original = self.request.ask;
        let bytes = apply(&original.body.bytes, &self.request.peek, &edits);
        let held = self.app.held_bytes.try_add(bytes.len() as u64, u64::MAX).ok_or_else(|| {
            ApiError::new(ErrorKind::Internal, Layer::Gateway, "there is no bound on these bytes")
        })?;
        let ask = Ask {
            dialect: original.dialect,
            door: original.door,
            model: original.model.clone(),
            stream: original.stream,
            headers: original.headers.clone(),
            speaks: original.speaks,
            body: HeldBody { bytes, held },
        };
        let request = self.request.changed(&ask, Peek::new(&ask.body.bytes)?);
        attempt::attempt(self.app, self.serving, deployment, &request, book).await
    }
}

impl World for Way<'_> {
    type Answer = Answered;
    type Error = ApiError;

    fn look<T>(
        &self,
        group: Option<&Arc<str>>,
        now: UnixMs,
        see: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<T, ApiError> {
        match group {
            None => Ok(self.group.look(now, see)),
            Some(_) => Ok(self.group(group)?.look(now, see)),
        }
    }

    async fn attempt(&self, asking: Asking) -> Result<Answered, Failure<ApiError>> {
        let found = self.group(asking.group.as_ref()).and_then(|group| {
            group.deployments.iter().find(|known| known.id == asking.deployment).cloned().ok_or_else(|| {
                let message = format!("the router chose {}, which is not in the group", asking.deployment);
                ApiError::new(ErrorKind::Internal, Layer::Router, message)
            })
        });
        if asking.reason == Reason::Hedge
            && let Ok(group) = self.group(asking.group.as_ref())
        {
            group.live.hedged();
        }
        let deployment = found.map_err(|error| Failure { cause: Cause::Request, error })?;
        if asking.reason == Reason::First
            && let Some(to) = mirror::target(self.serving, self.group, &deployment, self.request)
        {
            let of = |exchange: &mut Exchange| {
                mirror::send(self.app, self.serving, self.request.ask, to, exchange.record());
            };
            self.desk.with(of);
        }
        if let Some(error) = self.rehearsal.as_ref().and_then(|rehearsal| rehearsal.failure(&asking)) {
            return Err(Failure { cause: Cause::Unfit { kind: error.kind }, error });
        }
        let changes = asking.changes.clone();
        let own = own_key::deployment(self.request, &deployment)
            .map_err(|error| Failure { cause: Cause::Request, error })?;
        let asked = own.as_ref().unwrap_or(&deployment);
        match self.ask(asking, asked).await {
            Ok((asked, place)) => Ok(Answered { asked, deployment, place, changes }),
            Err(mut error) => {
                hide_key(&mut error, asked);
                // What is wrong with a key of the client's is no fault of the deployment's.
                let cause = match own {
                    Some(_) if is_of_key(error.kind) => Cause::Request,
                    _ => cause(&error),
                };
                Err(Failure { cause, error })
            }
        }
    }

    fn late(&self, deployment: &DeploymentId) -> ApiError {
        let message = format!("{deployment} did not begin to answer in time");
        ApiError::new(ErrorKind::GatewayTimeout, Layer::Router, message).with_code("first_token_late")
    }

    fn now(&self) -> UnixMs {
        self.app.runtime.now()
    }

    async fn wait_until(&self, at: UnixMs) {
        let ms = at.since(self.app.runtime.now());
        // Timers have an end: what is further off than a year is never.
        const YEAR_MS: u64 = 365 * 86_400_000;
        if ms >= YEAR_MS {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn heed(&self, event: &HealthEvent) {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let groups = std::iter::once(self.group).chain(others.iter());
        for group in groups {
            if self.app.heed(group, event) {
                return;
            }
        }
    }
}

/// Whether a vendor says something of the key, and not of itself.
const fn is_of_key(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Authentication
            | ErrorKind::PermissionDenied
            | ErrorKind::RateLimit
            | ErrorKind::QuotaExceeded
    )
}

/// Whose fault an error is.
fn cause(error: &ApiError) -> Cause {
    let unfit = Cause::Unfit { kind: error.kind };
    match error.layer {
        // It cannot be asked as it is configured; no byte has gone out.
        Layer::Transport if error.kind == ErrorKind::Internal => unfit,
        Layer::Provider | Layer::Transport => {
            Cause::Deployment { kind: error.kind, retry_after_ms: error.retry_after_ms }
        }
        // What this deployment lacks, another may have.
        Layer::Translation if error.kind == ErrorKind::Unsupported => unfit,
        Layer::Gateway if error.code.as_deref() == Some("missing_credential") => unfit,
        Layer::Router if matches!(error.kind, ErrorKind::RateLimit | ErrorKind::GatewayTimeout) => unfit,
        _ => Cause::Request,
    }
}

/// Takes the deployment's key out of what an error says: some vendors repeat it when they refuse it.
pub(crate) fn hide_key(error: &mut ApiError, deployment: &Deployment) {
    // Shorter ones are no keys, and their letters stand in any message.
    const SHORTEST: usize = 8;
    if let Ok(Some(credential)) = &deployment.credential
        && let Some(key) = credential.secret()
        && key.expose().len() >= SHORTEST
    {
        hide(key.expose(), &mut error.message);
        error
            .details
            .iter_mut()
            .flat_map(|details| details.values_mut())
            .for_each(|one| hide_in(key.expose(), one));
    }
}

fn hide_in(key: &str, value: &mut Value) {
    match value {
        Value::String(text) => hide(key, text),
        Value::Array(items) => items.iter_mut().for_each(|item| hide_in(key, item)),
        Value::Object(members) => members.values_mut().for_each(|member| hide_in(key, member)),
        _ => {}
    }
}

fn hide(key: &str, text: &mut String) {
    if text.contains(key) {
        *text = text.replace(key, "***");
    }
}
