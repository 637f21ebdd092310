//! How one deployment of a group is chosen.

use std::sync::Arc;

use regex_lite::Regex;

use crate::cel::Program;
use crate::filter::TagPolicy;
use crate::{Candidate, DeploymentSettings, Needs, PlanFault, RouterSettings, RoutingStrategy, StrategyArgs};

mod compile;

#[cfg(test)]
mod tests;

/// How one deployment of a group is chosen, made ready: patterns and expressions are compiled.
///
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Selection {
    /// The last choice, among those that all filters have left.
    pub strategy: RoutingStrategy,
    /// What it goes by.
    pub args: StrategyArgs,
    checks_requests: bool,
    enforces_limits: bool,
    tags: Option<TagPolicy>,
    patterns: Patterns,
    /// Which model groups go before which: lower is sooner.
    levels: Vec<(String, i64)>,
    expression: Option<Program>,
    bonds: Bonds,
    needs: Needs,
}

/// What keeps requests of a group with a deployment. What it goes by is remembered in [`Pins`](crate::Pins).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is switched on by itself")]
pub struct Bonds {
    /// Conversations stay.
    pub sessions: bool,
    /// Keys and users stay.
    pub owners: bool,
    /// Prompts stay where the vendor's cache has their beginning.
    pub prompts: bool,
    /// Encrypted thinking goes back to where it was made.
    pub thinking: bool,
    /// A conversation moves to whoever took over.
    pub repin: bool,
    /// Milliseconds for which conversations, keys and users stay.
    pub ttl_ms: u64,
}

impl Selection {
    /// What the configuration says of a group: a `model_name`, a routing group, or a virtual model that chooses among
    /// several.
    ///
    /// # Errors
    /// Every fault that the configuration has here, with its place.
    pub fn new(
        settings: &RouterSettings,
        group: &str,
        deployments: &[&DeploymentSettings],
    ) -> Result<Self, Vec<PlanFault>> {
        let mut faults = Vec::new();
        let deployments = vec![(group.into(), deployments.to_vec())];
        let patterns = Patterns::compile(&deployments, &mut faults);
        match Self::compile(settings, group, &deployments[0].1, &patterns) {
            Ok(selection) if faults.is_empty() => Ok(selection),
            Ok(_) => Err(faults),
            Err(more) => Err(faults.into_iter().chain(more).collect()),
        }
    }

    /// The same, with the patterns of all deployments at hand.
    pub(crate) fn compile(
        settings: &RouterSettings,
        group: &str,
        deployments: &[&DeploymentSettings],
        patterns: &Patterns,
    ) -> Result<Self, Vec<PlanFault>> {
        compile::selection(settings, group, deployments, patterns.clone())
    }

    /// What of a request must be found out before a decision.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// What keeps requests with a deployment.
    pub fn bonds(&self) -> &Bonds {
        &self.bonds
    }

    /// Whether what requests need keeps deployments out that do not have it.
    pub(crate) fn checks_requests(&self) -> bool {
        self.checks_requests
    }

    /// Whether `rpm` and `tpm` are limits, by the strategy or by a check of their own.
    pub fn heeds_limits(&self) -> bool {
        use RoutingStrategy as By;
        self.enforces_limits
            || matches!(
                self.strategy,
                By::UsageBasedRouting
                    | By::UsageBasedRoutingV2
                    | By::LatencyBasedRouting
                    | By::CostBasedRouting
            )
    }

    /// Whether they are limits by a check of their own, for which answers are counted before they are made.
    pub fn enforces_limits(&self) -> bool {
        self.enforces_limits
    }

    /// How labels choose, if they do.
    pub(crate) fn tag_policy(&self) -> Option<&TagPolicy> {
        self.tags.as_ref()
    }

    /// Whether any deployment goes by who the client is.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.0.is_empty()
    }

    /// Whether one of these patterns fits.
    pub(crate) fn fits(&self, patterns: &[String], text: &str) -> bool {
        patterns.iter().filter_map(|pattern| self.patterns.get(pattern)).any(|regex| regex.is_match(text))
    }

    /// When it is the candidate's turn: by its model group, then by its own order. Lower is sooner.
    pub(crate) fn order(&self, candidate: &Candidate<'_>) -> (i64, i64) {
        let level = self.levels.iter().find(|(group, _)| **group == *candidate.facts.group);
        let level = level.map_or(if self.levels.is_empty() { 0 } else { i64::MAX }, |(_, level)| *level);
        (level, candidate.settings.order.unwrap_or(i64::MAX))
    }

    /// The weight that the strategy `expression` gives.
    pub(crate) fn expression(&self) -> Option<&Program> {
        self.expression.as_ref()
    }
}

/// Compiled patterns by their text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns(Arc<[(String, Regex)]>);

impl Patterns {
    /// Those of all deployments, each once.
    pub(crate) fn compile(
        groups: &[(Arc<str>, Vec<&DeploymentSettings>)],
        faults: &mut Vec<PlanFault>,
    ) -> Self {
        Self(compile::patterns(groups, faults).into())
    }

    fn get(&self, pattern: &str) -> Option<&Regex> {
        self.0.iter().find(|(text, _)| text == pattern).map(|(_, regex)| regex)
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().map(|(text, _)| text).eq(other.0.iter().map(|(text, _)| text))
    }
}
