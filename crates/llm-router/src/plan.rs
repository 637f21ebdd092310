//! The whole of `router_settings`, made ready.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::policy::{Hedging, Lists, Policy, Resilience, Retries, Selection, Target};
use crate::settings::{DeploymentSettings, FallbackTarget, Fallbacks, RetryPolicy, RouterSettings};
use crate::{Backoff, Breaker};

mod check;

#[cfg(test)]
mod tests;

/// The whole of `router_settings`, made ready: a [`Policy`] for each model group.
#[derive(Debug, Clone)]
pub struct Plan {
    settings: RouterSettings,
    groups: HashMap<Arc<str>, Arc<Policy>>,
    other: Arc<Policy>,
    warnings: Vec<PlanFault>,
}

/// Something wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlanFault {
    /// Where, as a path in the configuration: `router_settings.fallbacks[0].gpt-4o[1]`.
    pub path: String,
    /// What.
    pub message: String,
    /// How bad.
    pub severity: Severity,
    /// The name that nobody knows, if that is what is wrong.
    pub unknown: Option<String>,
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be meant; everything works.
    Warning,
    /// Nothing starts with it.
    Error,
}

impl Plan {
    /// Compiles the settings for these groups. `known` says whether a request may ask for a model of this name.
    ///
    /// What is odd and does no harm, such as fallbacks that lead back to where they began, is in
    /// [`warnings`](Self::warnings).
    ///
    /// # Errors
    /// Every fault, warnings included, if one of them is an error.
    pub fn new(
        settings: &RouterSettings,
        groups: &[(Arc<str>, Vec<&DeploymentSettings>)],
        known: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<PlanFault>> {
        let faults = check::faults(settings, groups, &known);
        if faults.iter().any(|fault| fault.severity == Severity::Error) {
            return Err(faults);
        }
        let policies =
            groups.iter().map(|(group, _)| (group.clone(), Arc::new(policy(settings, group.clone()))));
        Ok(Self {
            groups: policies.collect(),
            other: Arc::new(policy(settings, "*".into())),
            settings: settings.clone(),
            warnings: faults,
        })
    }

    /// The policy of this group; one without a name of its own for a group that the plan was not made for.
    pub fn policy(&self, group: &str) -> &Arc<Policy> {
        self.groups.get(group).unwrap_or(&self.other)
    }

    /// A policy for a group that is made on the fly, as for a name that a wildcard fits: with the fallbacks and
    /// retries that the settings have for that name. Worth keeping beside the group.
    pub fn policy_for(&self, group: &Arc<str>) -> Arc<Policy> {
        match self.groups.get(group) {
            Some(policy) => policy.clone(),
            None => Arc::new(policy(&self.settings, group.clone())),
        }
    }

    /// What is odd about the settings and does no harm.
    pub fn warnings(&self) -> &[PlanFault] {
        &self.warnings
    }
}

impl Default for Plan {
    /// What holds for every group where nothing is configured.
    fn default() -> Self {
        let settings = RouterSettings::default();
        Self {
            other: Arc::new(policy(&settings, "*".into())),
            settings,
            groups: HashMap::new(),
            warnings: Vec::new(),
        }
    }
}

fn policy(settings: &RouterSettings, group: Arc<str>) -> Policy {
    Policy { selection: selection(settings, &group), resilience: resilience(settings, &group), group }
}

fn selection(settings: &RouterSettings, group: &str) -> Selection {
    let own = settings.routing_groups.iter().find(|routed| routed.models.iter().any(|model| model == group));
    let strategy = own.and_then(|own| own.routing_strategy).unwrap_or(settings.routing_strategy);
    let args = own.and_then(|own| own.routing_strategy_args.clone());
    let args = args.unwrap_or_else(|| settings.routing_strategy_args.clone());
    Selection { strategy, args, ..Selection::default() }
}

fn resilience(settings: &RouterSettings, group: &str) -> Resilience {
    let group_policy: Option<RetryPolicy> =
        named(settings.model_group_retry_policy.iter().map(|(name, policy)| (name.as_str(), *policy)), group);
    let hedging = settings.hedging;
    Resilience {
        retries: Retries {
            count: settings.num_retries.unwrap_or(Retries::DEFAULT),
            group: group_policy,
            router: settings.retry_policy,
        },
        backoff: Backoff { floor_ms: settings.retry_after.and_then(crate::policy::ms).unwrap_or_default() },
        fallbacks: lists(settings, group),
        max_fallbacks: settings.max_fallbacks.unwrap_or(Resilience::MAX_FALLBACKS),
        fallback_on_unsupported_params: settings.fallback_on_unsupported_params.unwrap_or(true),
        allow_lossy_fallbacks: settings.allow_lossy_fallbacks,
        allow_embedding_fallbacks: settings.allow_embedding_fallbacks,
        continue_streams: settings.enable_mid_stream_fallback_continuation,
        first_token: settings.first_token_timeout,
        hedging: hedging.enabled.then(|| Hedging {
            after_ms: hedging.after.map(crate::Seconds::as_ms),
            min_samples: hedging.min_samples,
            max_extra: hedging.max_extra,
        }),
        breaker: Breaker::new(settings),
    }
}

fn lists(settings: &RouterSettings, group: &str) -> Lists {
    let ready = |targets: &[FallbackTarget]| -> Arc<[Target]> { targets.iter().map(Target::from).collect() };
    let default = (!settings.default_fallbacks.is_empty()).then_some(settings.default_fallbacks.as_slice());
    let general = list(&settings.fallbacks, group).or(default);
    // Where other groups have a list for this sort of failure and this one has none, the failure stands.
    let special =
        |lists: &Fallbacks| (!lists.is_empty()).then(|| ready(list(lists, group).unwrap_or_default()));
    Lists {
        general: general.map(ready),
        context_window: special(&settings.context_window_fallbacks),
        content_policy: special(&settings.content_policy_fallbacks),
        latency: list(&settings.latency_fallbacks, group).map(ready),
    }
}

/// The list of this group, else that of every group.
fn list<'a>(lists: &'a Fallbacks, group: &str) -> Option<&'a [FallbackTarget]> {
    named(lists.iter(), group).or_else(|| lists.of("*"))
}

/// What is configured for this group: under its name, else under its name without or with a vendor in front.
fn named<'a, T>(entries: impl Iterator<Item = (&'a str, T)> + Clone, group: &str) -> Option<T> {
    let bare = |name: &'a str| name.split_once('/').map(|(_, bare)| bare);
    let exact = entries.clone().find(|(name, _)| *name == group);
    let without = || {
        let (_, bare) = group.split_once('/')?;
        entries.clone().find(|(name, _)| *name == bare)
    };
    let with = || entries.clone().find(|(name, _)| bare(name) == Some(group));
    exact.or_else(without).or_else(with).map(|(_, value)| value)
}
