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
    /// The client went away, or the gateway stopped. Says nothing about the deployment.
    Cancelled {
        /// Who was asked.
        deployment: DeploymentId,
    },
}

impl Outcome {
    /// The deployment that this is about.
    pub fn deployment(&self) -> &DeploymentId {
        match self {
            Self::Succeeded { deployment }
            | Self::Failed { deployment, .. }
            | Self::FirstTokenLate { deployment }
            | Self::Cancelled { deployment } => deployment,
        }
    }

    /// The failure that this is, if it is one.
    pub fn failure(&self) -> Option<ErrorKind> {
        match self {
            Self::Failed { kind, .. } => Some(*kind),
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

/// Nobody is left to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhausted {
    /// What was tried, in order. Empty if nobody could be asked at all.
    pub attempts: Vec<Attempt>,
    /// When the first deployment that is cooling down may be asked again, if that is what is missing.
    pub retry_at: Option<UnixMs>,
}

impl Exhausted {
    /// The kind of error that the client gets: the last attempt's; a rate limit if everybody is cooling
    /// down; else nobody is there.
    pub fn kind(&self) -> ErrorKind {
        let last = self.attempts.iter().rev().find_map(|a| a.ended.as_ref()?.1.failure());
        match (last, self.retry_at) {
            (Some(kind), _) => kind,
            (None, Some(_)) => ErrorKind::RateLimit,
            (None, None) => ErrorKind::Unavailable,
        }
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.attempts.is_empty() {
            let why = if self.retry_at.is_some() { "all are cooling down" } else { "none may be asked" };
            return write!(f, "no deployment available: {why}");
        }
        write!(f, "no deployment left after {} attempt(s):", self.attempts.len())?;
        for attempt in &self.attempts {
            let failure = attempt.ended.as_ref().and_then(|(_, outcome)| outcome.failure());
            write!(f, " {} ({})", attempt.deployment, failure.map_or("no failure", ErrorKind::label))?;
        }
        Ok(())
    }
}

impl std::error::Error for Exhausted {}

/// News about one deployment, to be folded into its [`Health`](crate::Health).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// When it became known.
    pub at: UnixMs,
    /// What.
    pub news: HealthNews,
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
}
