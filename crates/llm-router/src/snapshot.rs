//! What is known about a group's deployments at one instant.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

use crate::DeploymentSettings;

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
    /// The model group that was asked for.
    pub group: &'a str,
    /// Its deployments. A decision names one by its place in this slice.
    pub candidates: &'a [Candidate<'a>],
}

/// One deployment as a decision sees it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Candidate<'a> {
    /// Which deployment.
    pub id: &'a DeploymentId,
    /// What its config says about routing.
    #[serde(flatten)]
    pub settings: &'a DeploymentSettings,
    /// How well it is.
    pub health: Health,
    /// How busy it is.
    pub load: Load,
}

impl<'a> Candidate<'a> {
    /// A deployment about which nothing but its config is known: well and idle.
    pub fn new(id: &'a DeploymentId, settings: &'a DeploymentSettings) -> Self {
        Self { id, settings, health: Health::default(), load: Load::default() }
    }
}

/// How well a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Health {
    /// Not to be chosen before this instant.
    pub cooling_until: Option<UnixMs>,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
}

impl Health {
    /// Whether the deployment may be chosen at `now`.
    pub fn is_well(&self, now: UnixMs) -> bool {
        self.cooling_until.is_none_or(|until| until <= now)
    }
}

/// How busy a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Load {
    /// Requests that have been sent there and have not ended.
    pub in_flight: u32,
}
