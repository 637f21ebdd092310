//! The whole of `router_settings`, made ready.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::policy::{Hedging, Lists, Patterns, Policy, Resilience, Retries, Selection, Target};
use crate::settings::{DeploymentSettings, FallbackTarget, Fallbacks, RetryPolicy, RouterSettings};
use crate::{Backoff, Breaker, Entrance, Needs};

mod check;
#[cfg(feature = "cel")]
mod rehearsal;

#[cfg(test)]
mod tests;

/// The whole of `router_settings`, made ready: a [`Policy`] for each model group.
#[derive(Debug, Clone)]
pub struct Plan {
    settings: RouterSettings,
    groups: HashMap<Arc<str>, Arc<Policy>>,
    other: Arc<Policy>,
    entrance: Arc<Entrance>,
    needs: Needs,
    patterns: Patterns,
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

impl PlanFault {
    /// A fault with which nothing starts.
    pub(crate) fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), severity: Severity::Error, unknown: None }
    }

    /// A model that nobody knows.
    pub(crate) fn unknown(path: impl Into<String>, model: &str) -> Self {
        let message = format!("no model has the name `{model}`");
        Self { unknown: Some(model.to_owned()), ..Self::error(path, message) }
    }
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
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
        let mut faults = check::faults(settings, groups, &known);
        let patterns = Patterns::compile(groups, &mut faults);
        let entrance = Entrance::new(settings, |name| {
            groups.iter().any(|(group, _)| **group == *name)
                || known(name) && !settings.virtual_models.contains_key(name) && settings.tier(name).is_none()
        });
        let entrance = entrance.unwrap_or_else(|more| {
            faults.extend(more);
            Entrance::default()
        });
        let mut policies = HashMap::new();
        for (group, deployments) in groups.iter().cloned().chain(joined(settings, groups)) {
            match Selection::compile(settings, &group, &deployments, &patterns) {
                Ok(selection) => {
                    let resilience = resilience(settings, &[&group]);
                    policies.insert(group.clone(), Arc::new(Policy { group, selection, resilience }));
                }
                Err(more) => faults
                    .extend(more.into_iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>()),
            }
        }
        if faults.iter().any(|fault| fault.severity == Severity::Error) {
            return Err(faults);
        }
        let other = Arc::new(policy(settings, "*".into(), &patterns));
        let of_groups = policies.values().chain([&other]).map(|policy| policy.selection.needs());
        Ok(Self {
            needs: of_groups.fold(entrance.needs(), |all, one| all | one),
            groups: policies,
            other,
            settings: settings.clone(),
            warnings: faults,
            entrance: Arc::new(entrance),
            patterns,
        })
    }

    /// Where requests go in.
    pub fn entrance(&self) -> &Arc<Entrance> {
        &self.entrance
    }

    /// What must be found out about requests, whichever groups they come to.
    pub fn needs(&self) -> Needs {
        self.needs
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
            None => Arc::new(policy(&self.settings, group.clone(), &self.patterns)),
        }
    }

    /// The same for requests that asked for the group by another name: an alias, or one that a wildcard fits. What the
    /// settings have for that name, of fallbacks, retries and broken streams, goes before what they have for the group.
    pub fn policy_asked(&self, group: &Arc<str>, asked: &str) -> Arc<Policy> {
        let usual = self.policy_for(group);
        if *asked == **group || !names(&self.settings, asked) {
            return usual;
        }
        let resilience = resilience(&self.settings, &[asked, group]);
        Arc::new(Policy { resilience, ..Policy::clone(&usual) })
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
        let patterns = Patterns::default();
        Self {
            other: Arc::new(policy(&settings, "*".into(), &patterns)),
            settings,
            groups: HashMap::new(),
            entrance: Arc::default(),
            needs: Needs::NONE,
            patterns,
            warnings: Vec::new(),
        }
    }
}

/// The groups that consist of others, with the deployments of those.
fn joined<'a>(
    settings: &RouterSettings,
    groups: &[(Arc<str>, Vec<&'a DeploymentSettings>)],
) -> Vec<(Arc<str>, Vec<&'a DeploymentSettings>)> {
    let members = settings.joined().filter_map(|name| Some((Arc::from(&*name), settings.members(&name)?)));
    members
        .map(|(name, models)| {
            let of = |model: &String| groups.iter().find(|(group, _)| **group == **model);
            (name, models.iter().filter_map(of).flat_map(|(_, all)| all.iter().copied()).collect())
        })
        .collect()
}

/// A policy for a group that has no deployments of its own. What could be wrong with it was found for the others.
fn policy(settings: &RouterSettings, group: Arc<str>, patterns: &Patterns) -> Policy {
    let selection = Selection::compile(settings, &group, &[], patterns).unwrap_or_default();
    Policy { selection, resilience: resilience(settings, &[&group]), group }
}

/// Whether the settings have anything for requests that ask for a model by this name.
fn names(settings: &RouterSettings, asked: &str) -> bool {
    let lists = [
        &settings.fallbacks,
        &settings.context_window_fallbacks,
        &settings.content_policy_fallbacks,
        &settings.latency_fallbacks,
    ];
    let all = lists.into_iter().flat_map(|lists| lists.iter().map(|(name, _)| name));
    let all = all.chain(settings.model_group_retry_policy.keys().map(String::as_str));
    let all = all.chain(settings.model_group_stream_continuation.keys().map(String::as_str));
    named(all.map(|name| (name, ())), asked).is_some()
}

/// What the settings say of a group that goes by these names, the first before the others.
fn resilience(settings: &RouterSettings, group: &[&str]) -> Resilience {
    let policies = || settings.model_group_retry_policy.iter().map(|(name, policy)| (name.as_str(), *policy));
    let group_policy: Option<RetryPolicy> = group.iter().find_map(|name| named(policies(), name));
    let continues = || settings.model_group_stream_continuation.iter().map(|(name, on)| (name.as_str(), *on));
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
        continue_streams: group
            .iter()
            .find_map(|name| named(continues(), name))
            .unwrap_or(settings.enable_mid_stream_fallback_continuation),
        first_token: settings.first_token_timeout,
        hedging: hedging.enabled.then(|| Hedging {
            after_ms: hedging.after.map(crate::Seconds::as_ms),
            min_samples: hedging.min_samples,
            max_extra: hedging.max_extra,
        }),
        breaker: Breaker::new(settings),
    }
}

fn lists(settings: &RouterSettings, group: &[&str]) -> Lists {
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
fn list<'a>(lists: &'a Fallbacks, group: &[&str]) -> Option<&'a [FallbackTarget]> {
    group.iter().find_map(|name| named(lists.iter(), name)).or_else(|| lists.of("*"))
}

/// A name without a vendor in front.
fn bare(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, bare)| bare)
}

/// What is configured for this group: under its name, else under its name without or with a vendor in front.
fn named<'a, T>(entries: impl Iterator<Item = (&'a str, T)>, group: &str) -> Option<T> {
    let distance = |name: &str| {
        let fits = [name == group, Some(name) == bare(group), bare(name) == Some(group)];
        fits.into_iter().position(|fits| fits)
    };
    let near = entries.filter_map(|(name, value)| Some((distance(name)?, value)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, value)| value)
}
