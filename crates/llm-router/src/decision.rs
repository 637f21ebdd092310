//! The record of a decision: every candidate, and why it was chosen or not.

use std::sync::Arc;

use llm_types::{ErrorKind, UnixMs};
use serde::Serialize;
use smallvec::SmallVec;

use crate::{Bond, Capabilities, DeploymentId, RoutingStrategy, Snapshot};

/// One choice among the deployments of a group. With the same snapshot, inquiry, time and seed it comes out the same.
///
/// Candidates are named by their places in [`Snapshot::candidates`], not by their ids: a decision then takes no share of
/// anything that other threads decide over. [`Decision::explain`] puts the names in while the snapshot is at hand, and a
/// group's places stay what they are for as long as its configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// When.
    pub at: UnixMs,
    /// What chance had to go by.
    pub seed: u64,
    /// The model group.
    pub group: Arc<str>,
    /// How the last choice was made.
    pub strategy: RoutingStrategy,
    /// What bound the request to the one that was chosen, if anything did.
    pub bond: Option<Bond>,
    /// What became of every candidate, in the order of the snapshot.
    pub verdicts: SmallVec<[Verdict; 4]>,
    /// The place of the chosen one; `None` if nobody was left.
    pub chosen: Option<usize>,
}

impl Decision {
    /// Every candidate with what became of it, for a reader.
    pub fn explain<'a>(
        &'a self,
        view: &'a Snapshot<'_>,
    ) -> impl Iterator<Item = (&'a DeploymentId, Verdict)> {
        view.candidates.iter().map(|candidate| candidate.id).zip(self.verdicts.iter().copied())
    }
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was chosen, with this number in the strategy's eyes.
    Chosen(f64),
    /// Another was better, or drawn.
    Outranked(f64),
    /// It was not in question.
    Refused(Refusal),
}

impl Verdict {
    /// Why it was not in question, if it was not.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) => Some(*refusal),
            Self::Chosen(_) | Self::Outranked(_) => None,
        }
    }
}

/// Why a candidate was not in question.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// It is cooling down.
    CoolingDown {
        /// Until then.
        until: UnixMs,
        /// For this.
        cause: Option<ErrorKind>,
    },
    /// Another request finds out whether it is well again.
    Probed,
    /// The background check failed.
    Unwell,
    /// It has had its turn in this request.
    Tried,
    /// It has refused this very request.
    Unsuited,
    /// Others go before it.
    Order,
    /// The prompt is too long for it.
    ContextWindow {
        /// Tokens that it takes at most.
        most: u64,
    },
    /// The model lacks this.
    Lacks(Capabilities),
    /// The vendor refuses a member of the request: its place in [`Inquiry::parameters`](crate::Inquiry::parameters).
    Parameter(usize),
    /// It is not where the request may be served.
    Region,
    /// Its labels do not fit.
    Tags,
    /// A rule sends the request elsewhere.
    Rule,
    /// Its requests of this minute are used up.
    Requests {
        /// The limit.
        limit: u64,
    },
    /// Its tokens of this minute are used up.
    Tokens {
        /// The limit.
        limit: u64,
    },
    /// The vendor said that nothing is left for now.
    Quota,
    /// Its budget is spent.
    Budget,
    /// The request is bound to another.
    Bound(Bond),
}
