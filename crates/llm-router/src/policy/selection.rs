//! How one deployment of a group is chosen.

use crate::{RoutingStrategy, StrategyArgs};

/// How one deployment of a group is chosen.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Selection {
    /// The last choice, among those that all filters have left.
    pub strategy: RoutingStrategy,
    /// What it goes by.
    pub args: StrategyArgs,
}
