//! From settings to a [`Selection`].

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};

use super::{Bonds, Patterns, Selection};
use crate::cel::Program;
use crate::filter::TagPolicy;
use crate::settings::{PreCallCheck, RoutingGroup, VirtualModel};
use crate::strategy;
use crate::{DeploymentSettings, Needs, PlanFault, RouterSettings, RoutingStrategy, StrategyArgs};

/// Milliseconds for which conversations, keys and users stay with a deployment where nothing is configured.
///
/// Source: LiteLLM, `deployment_affinity_ttl_seconds`, read 2026-11.
const TTL_MS: u64 = 3_600_000;

/// Bytes that a compiled pattern may take.
const PATTERN_BYTES: usize = 1 << 16;

pub(super) fn selection(
    settings: &RouterSettings,
    group: &str,
    deployments: &[&DeploymentSettings],
    patterns: Patterns,
) -> Result<Selection, Vec<PlanFault>> {
    let mut faults = Vec::new();
    let choice = Choice::of(settings, group);
    check_args(&choice, &mut faults);

    let checks = |check| settings.checks(group).contains(&check);
    let tags = settings.enable_tag_filtering.then(|| TagPolicy {
        match_any: settings.tag_filtering_match_any.unwrap_or(true),
        prefix: settings.tag_routing_prefix.clone(),
    });
    let expression = (choice.strategy == RoutingStrategy::Expression).then(|| {
        let source = choice.args.expression.as_deref().unwrap_or("weight");
        Program::new(source, &strategy::VARIABLES)
            .map_err(|what| faults.push(PlanFault::error(format!("{}.expression", choice.args_path), what)))
    });
    if !faults.is_empty() {
        return Err(faults);
    }

    let is_virtual = settings.virtual_models.contains_key(group) || settings.tier(group).is_some();
    let mut selection = Selection {
        strategy: choice.strategy,
        args: choice.args,
        // Models of several groups differ in what they can do, and nobody has said which of them a request may get.
        checks_requests: settings.enable_pre_call_checks || is_virtual,
        enforces_limits: checks(PreCallCheck::EnforceModelRateLimits),
        tags,
        patterns,
        levels: choice.levels,
        expression: expression.and_then(Result::ok),
        bonds: Bonds {
            sessions: checks(PreCallCheck::SessionAffinity),
            owners: checks(PreCallCheck::DeploymentAffinity),
            prompts: checks(PreCallCheck::PromptCaching),
            thinking: checks(PreCallCheck::EncryptedContentAffinity),
            repin: settings.session_affinity_repin_on_failover,
            ttl_ms: settings.deployment_affinity_ttl_seconds.and_then(crate::policy::ms).unwrap_or(TTL_MS),
        },
        needs: Needs::NONE,
    };
    let bonds = selection.bonds;
    selection.needs = needs(&selection, deployments)
        | Needs::AFFINITY.when(bonds.sessions || bonds.owners)
        | Needs::PROMPT.when(bonds.prompts);
    Ok(selection)
}

/// What the settings say of one group.
struct Choice {
    strategy: RoutingStrategy,
    args: StrategyArgs,
    args_path: String,
    levels: Vec<(String, i64)>,
}

impl Choice {
    fn of(settings: &RouterSettings, group: &str) -> Self {
        let default = Self {
            strategy: settings.routing_strategy,
            args: settings.routing_strategy_args.clone(),
            args_path: "router_settings.routing_strategy_args".into(),
            levels: Vec::new(),
        };
        if let Some(model) = settings.virtual_models.get(group) {
            return Self::of_virtual(default, model);
        }
        if settings.tier(group).is_some() {
            return Self { strategy: RoutingStrategy::CostBasedRouting, ..default };
        }
        let of_group = |one: &&RoutingGroup| one.group_name == group;
        let has_model = |one: &&RoutingGroup| one.models.iter().any(|model| model == group);
        let all = &settings.routing_groups;
        let Some(routing) = all.iter().find(of_group).or_else(|| all.iter().find(has_model)) else {
            return default;
        };
        let place = all.iter().position(|one| one.group_name == routing.group_name).unwrap_or(0);
        let levels = routing.model_priorities.iter().map(|(model, level)| (model.clone(), i64::from(*level)));
        let own_args = routing.routing_strategy_args.clone();
        Self {
            strategy: routing.routing_strategy.unwrap_or(default.strategy),
            args_path: match own_args {
                Some(_) => format!("router_settings.routing_groups[{place}].routing_strategy_args"),
                None => default.args_path,
            },
            args: own_args.unwrap_or(default.args),
            levels: levels.collect(),
        }
    }

    fn of_virtual(default: Self, model: &VirtualModel) -> Self {
        let strategy = if !model.cheapest.is_empty() {
            RoutingStrategy::CostBasedRouting
        } else if !model.fastest.is_empty() {
            RoutingStrategy::LatencyBasedRouting
        } else {
            default.strategy
        };
        let levels = model.first_of.iter().zip(0_i64..).map(|(model, level)| (model.clone(), level));
        Self { strategy, levels: levels.collect(), ..default }
    }
}

fn check_args(choice: &Choice, faults: &mut Vec<PlanFault>) {
    let mut check = |name: &str, value: Option<f64>, fits: fn(f64) -> bool, what: &str| {
        if value.is_some_and(|value| !fits(value)) {
            faults.push(PlanFault::error(format!("{}.{name}", choice.args_path), what));
        }
    };
    let args = &choice.args;
    check("ttl", args.ttl, |ttl| ttl.is_finite() && ttl > 0.0, "expected a number of seconds above zero");
    check(
        "lowest_latency_buffer",
        args.lowest_latency_buffer,
        |share| share.is_finite() && share >= 0.0,
        "expected a share of zero or more",
    );
    check(
        "ttft_percentile",
        args.ttft_percentile,
        |p| (0.0..=100.0).contains(&p),
        "expected a number from 0 to 100",
    );
    if args.max_latency_list_size == Some(0) {
        faults.push(PlanFault::error(
            format!("{}.max_latency_list_size", choice.args_path),
            "expected at least 1",
        ));
    }
}

/// The patterns of all deployments, each once, by their text.
pub(super) fn patterns(
    groups: &[(Arc<str>, Vec<&DeploymentSettings>)],
    faults: &mut Vec<PlanFault>,
) -> Vec<(String, Regex)> {
    let mut compiled: BTreeMap<&str, Regex> = BTreeMap::new();
    for (group, deployments) in groups {
        for (number, deployment) in deployments.iter().enumerate() {
            for (place, text) in deployment.tag_regex.iter().enumerate() {
                if compiled.contains_key(text.as_str()) {
                    continue;
                }
                match RegexBuilder::new(text).size_limit(PATTERN_BYTES).build() {
                    Ok(regex) => _ = compiled.insert(text, regex),
                    Err(error) => {
                        let path = format!("model_list.{group}[{number}].litellm_params.tag_regex[{place}]");
                        faults.push(PlanFault::error(path, error.to_string()));
                    }
                }
            }
        }
    }
    compiled.into_iter().map(|(text, regex)| (text.to_owned(), regex)).collect()
}

fn needs(selection: &Selection, deployments: &[&DeploymentSettings]) -> Needs {
    use RoutingStrategy as By;

    let by_usage = matches!(selection.strategy, By::UsageBasedRouting | By::UsageBasedRoutingV2);
    let by_latency = selection.strategy == By::LatencyBasedRouting;
    let by_cost = selection.strategy == By::CostBasedRouting || selection.expression.is_some();
    let limits = (by_usage || by_latency || by_cost || selection.enforces_limits)
        && (deployments.is_empty() || deployments.iter().any(|deployment| deployment.tpm.is_some()));
    Needs::INPUT_TOKENS.when(selection.checks_requests || limits || by_cost)
        | Needs::COST.when(by_cost)
        | (Needs::CAPABILITIES | Needs::PARAMETERS).when(selection.checks_requests)
        | Needs::TAGS.when(selection.tags.is_some())
        // The law of a place holds for requests, not for configurations.
        | Needs::REGIONS
}
