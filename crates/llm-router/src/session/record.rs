//! What happened on a journey, so that it explains itself.

use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use serde::Serialize;

use crate::{Attempt, Decision, DeploymentId};

/// Everything that happened on a journey.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Record<'a> {
    /// How deployments were chosen.
    pub decisions: &'a [Decision],
    /// What was tried.
    pub attempts: &'a [Attempt],
    /// What happened beside.
    pub events: &'a [Event],
}

/// Something that happened beside an attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When.
    pub at: UnixMs,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What an [`Event`] tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Happening {
    /// The request waits before it goes on in its group.
    Waiting {
        /// Until then.
        until: UnixMs,
        /// For this.
        why: WaitReason,
    },
    /// Nobody of the group could be chosen.
    NobodyLeft {
        /// The decision that found nobody.
        decision: Box<Decision>,
    },
    /// The request goes on in another group.
    Turned {
        /// The group that has failed.
        from: Arc<str>,
        /// The group to go on with.
        to: Arc<str>,
        /// What went wrong.
        why: Option<ErrorKind>,
    },
    /// That group could not be had.
    PassedOver {
        /// The group.
        group: Arc<str>,
    },
    /// A second request was sent because the first is slow.
    Hedged {
        /// To whom.
        deployment: DeploymentId,
    },
    /// A second request was due, and the group has had its share of those.
    HedgeBudgetSpent,
}

/// Why a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// So as not to press a deployment that has just failed.
    Backoff,
    /// The vendor asked for it.
    RetryAfter,
    /// All are cooling down, the first not for long.
    CoolingDown,
}
