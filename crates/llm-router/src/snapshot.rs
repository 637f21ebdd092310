//! What is known about a group's deployments at one instant.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{DeploymentSettings, Facts, Pace, Policy, Vitals};

/// The name of one deployment; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(Arc<str>);

impl DeploymentId {
    /// An id of this text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to be shared.
    pub const fn as_arc(&self) -> &Arc<str> {
        &self.0
    }
}

/// So that maps are asked with a plain text. Equality, order and hash are those of the text.
impl Borrow<str> for DeploymentId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One group's candidates at one instant, borrowed from whoever keeps them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Snapshot<'a> {
    /// The model group that is to serve.
    pub group: &'a str,
    /// What the configuration says of this group.
    #[serde(skip)]
    pub policy: &'a Policy,
    /// Its deployments. A decision names one by its place in this slice.
    pub candidates: &'a [Candidate<'a>],
    /// How fast the group as a whole answers.
    pub pace: Pace,
    /// A number that counts up with each decision of the group, for strategies that take turns.
    pub turn: u64,
    /// How often requests of the group were sent twice.
    pub hedging: Hedged,
}

/// How often requests of a group were sent twice, lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hedged {
    /// Requests.
    pub requests: u64,
    /// Second requests, because the first was slow.
    pub hedges: u64,
}

/// One deployment as a decision sees it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Candidate<'a> {
    /// Which deployment.
    pub id: &'a DeploymentId,
    /// What its config says about routing.
    #[serde(flatten)]
    pub settings: &'a DeploymentSettings,
    /// What is known of it beside.
    pub facts: &'a Facts,
    /// How it is doing.
    pub vitals: Vitals,
}
