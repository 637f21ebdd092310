//! The router's session during one attempt: what became of it is observed once, whatever happens.

use std::sync::Arc;

use llm_router::{Outcome, Session};

use crate::app::App;
use crate::deployment::{Deployment, InFlight};

/// One attempt at one deployment. Dropped before anything was observed, it counts as cancelled.
#[derive(Debug)]
pub(crate) struct Journey {
    app: Arc<App>,
    session: Session,
    deployment: Arc<Deployment>,
    in_flight: Option<InFlight>,
}

impl Journey {
    pub(crate) fn begin(app: &Arc<App>, session: Session, deployment: Arc<Deployment>) -> Self {
        let in_flight = Some(deployment.state.begin());
        Self { app: app.clone(), session, deployment, in_flight }
    }

    pub(crate) fn observe(&mut self, outcome: &Outcome) {
        if self.in_flight.take().is_some() {
            for event in self.session.observe(outcome, self.app.runtime.now()) {
                self.deployment.state.fold(&event);
            }
        }
    }

    pub(crate) fn succeeded(&mut self) {
        self.observe(&Outcome::Succeeded { deployment: self.deployment.id.clone() });
    }

    pub(crate) fn failed(&mut self, error: &llm_types::ApiError) {
        self.observe(&Outcome::Failed {
            deployment: self.deployment.id.clone(),
            kind: error.kind,
            retry_after_ms: error.retry_after_ms,
        });
    }

    /// Gives the session back for the next attempt.
    pub(crate) fn into_session(mut self) -> Session {
        let empty = Session::new(self.app.serving().policy);
        std::mem::replace(&mut self.session, empty)
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        self.observe(&Outcome::Cancelled { deployment: self.deployment.id.clone() });
    }
}
