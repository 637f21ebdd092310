//! What became of attempts.

use std::fmt;

use llm_types::{ErrorKind, UnixMs};
use serde::{Deserialize, Serialize};

use crate::DeploymentId;

/// What became of a step that the session asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The answer came, whole.
    Succeeded {
        /// Who answered.
        deployment: DeploymentId,
    },
    /// The attempt failed.
    Failed {
        /// Who failed.
        deployment: DeploymentId,
        /// Why.
        kind: ErrorKind,
        /// How long the vendor asks us to stay away, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The instant [`Step::Send::first_token_by`](crate::Step::Send) has passed without a token, and the
    /// attempt was given up.
    FirstTokenLate {
        /// Who was late.
        deployment: DeploymentId,
    },
    /// The client went away, another answer came first, or the gateway stopped. Says nothing about the deployment.
    Cancelled {
        /// Who was asked.
        deployment: DeploymentId,
    },
    /// Nothing was sent: there is no key for it, or it would lose something that the request asks for. No attempt in
    /// the eyes of the policy, and no news about the deployment.
    Unfit {
        /// Who was not asked.
        deployment: DeploymentId,
        /// Why, as the client would hear it if nobody else is left.
        kind: ErrorKind,
    },
}

impl Outcome {
    /// The deployment that this is about.
    pub fn deployment(&self) -> &DeploymentId {
        match self {
            Self::Succeeded { deployment }
            | Self::Failed { deployment, .. }
            | Self::FirstTokenLate { deployment }
            | Self::Cancelled { deployment }
            | Self::Unfit { deployment, .. } => deployment,
        }
    }

    /// The failure that this is, if it is one.
    pub fn failure(&self) -> Option<ErrorKind> {
        match self {
            Self::Failed { kind, .. } | Self::Unfit { kind, .. } => Some(*kind),
            Self::FirstTokenLate { .. } => Some(ErrorKind::GatewayTimeout),
            Self::Succeeded { .. } | Self::Cancelled { .. } => None,
        }
    }
}

/// One attempt of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Who was asked.
    pub deployment: DeploymentId,
    /// When.
    pub started: UnixMs,
    /// When the outcome was known, and what it was.
    pub ended: Option<(UnixMs, Outcome)>,
}

impl Attempt {
    /// What became of it, if that is known.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.ended.as_ref().map(|(_, outcome)| outcome)
    }

    /// Whether something was sent, as far as known.
    pub fn was_sent(&self) -> bool {
        !matches!(self.outcome(), Some(Outcome::Unfit { .. }))
    }
}

/// Nobody is left to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Exhausted {
    /// What was tried, in order. Empty if nobody could be asked at all.
    pub attempts: Vec<Attempt>,
    /// When the first deployment may be asked again, if it is only that they are all cooling down or at their limits.
    pub retry_at: Option<UnixMs>,
    /// Why the last choice found nobody, if that is what ended it.
    pub refused: Option<ErrorKind>,
    /// The same in words: what all deployments, or some of them, are.
    pub reasons: Option<String>,
}

impl Exhausted {
    /// The kind of error that the client gets: the last failure's; where nothing was sent, why nobody could be
    /// chosen; a rate limit if everybody is cooling down.
    pub fn kind(&self) -> ErrorKind {
        let failure = |sent: bool| {
            let of_sort = self.attempts.iter().rev().filter(move |a| a.was_sent() == sent);
            of_sort.filter_map(Attempt::outcome).find_map(Outcome::failure)
        };
        let cooling = self.retry_at.map(|_| ErrorKind::RateLimit);
        failure(true).or(failure(false)).or(self.refused).or(cooling).unwrap_or(ErrorKind::Unavailable)
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            let why = self.reasons.as_deref().unwrap_or("none may be asked");
            return write!(f, "no deployment available: {why}");
        }
        let sent = self.attempts.iter().filter(|attempt| attempt.was_sent()).count();
        write!(f, "no deployment left after {sent} attempt(s):")?;
        for attempt in &self.attempts {
            let label = attempt.outcome().and_then(Outcome::failure).map_or("no failure", ErrorKind::label);
            let unsent = if attempt.was_sent() { "" } else { ", not asked" };
            write!(f, " {} ({label}{unsent})", attempt.deployment)?;
        }
        Ok(())
    }
}

impl std::error::Error for Exhausted {}

/// News about one deployment, or its key, to be folded into what is known of its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// When it became known.
    pub at: UnixMs,
    /// How long the attempt took, in milliseconds.
    pub elapsed_ms: u64,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Whom it concerns.
    pub scope: Scope,
    /// What.
    pub news: HealthNews,
}

/// Whom a [`HealthEvent`] concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The deployment.
    Deployment,
    /// Its key: every deployment with the same [`Facts::credential`](crate::Facts::credential), and not the model.
    Credential,
}

impl Scope {
    /// Whom a failure of this kind concerns.
    pub const fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Authentication | ErrorKind::PaymentRequired => Self::Credential,
            _ => Self::Deployment,
        }
    }
}

/// What a [`HealthEvent`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HealthNews {
    /// It answered.
    Succeeded,
    /// It failed.
    Failed {
        /// Why.
        kind: ErrorKind,
        /// How long the vendor asks us to stay away, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// Its first token did not come in time.
    FirstTokenLate,
    /// Another answered first: it is as slow as that at least, and that is no failure.
    Outrun,
}
