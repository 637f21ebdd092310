//! What is wrong with the settings.

use std::sync::Arc;

use super::{PlanFault, Severity, bare};
use crate::settings::{DeploymentSettings, FallbackTarget, FirstTokenTimeout, PreCallCheck, RouterSettings};

type Groups<'a> = [(Arc<str>, Vec<&'a DeploymentSettings>)];

/// One edge of the graph of fallbacks.
struct Edge<'a> {
    path: String,
    from: &'a str,
    target: &'a FallbackTarget,
}

pub(super) fn faults(
    settings: &RouterSettings,
    groups: &Groups<'_>,
    known: &dyn Fn(&str) -> bool,
) -> Vec<PlanFault> {
    let mut faults = Vec::new();
    numbers(settings, &mut faults);
    unheeded(settings, &mut faults);
    let edges = edges(settings, groups);
    // What is under a name counts for that with or without a vendor in front, and for what a wildcard lets ask for.
    let is_used = |name: &str| {
        let is_like = |group: &str| {
            bare(name) == Some(group)
                || bare(group) == Some(name)
                || group.contains('*') && bare(name).is_none()
        };
        known(name) || groups.iter().any(|(group, _)| is_like(group))
    };
    for Edge { path, from, target } in &edges {
        if let Some(name) = target.group().filter(|name| !known(name)) {
            // LiteLLM starts with such a list, and so do we.
            let message = format!("no model has the name `{name}`, so it is passed over");
            let severity = Severity::Warning;
            faults.push(PlanFault { message, severity, ..PlanFault::unknown(path.clone(), name) });
        }
        if *from != "*" && !is_used(from) {
            let path = path.rsplit_once('[').map_or(path.as_str(), |(list, _)| list);
            if faults.last().is_none_or(|last| last.path != path) {
                let message = format!("no model has the name `{from}`, so this list is never used");
                let unknown = Some((*from).to_owned());
                faults.push(PlanFault {
                    path: path.to_owned(),
                    message,
                    severity: Severity::Warning,
                    unknown,
                });
            }
        }
    }
    loops(&edges, &mut faults);
    for name in settings.model_group_retry_policy.keys().filter(|name| !is_used(name)) {
        faults.push(PlanFault {
            path: format!("router_settings.model_group_retry_policy.{name}"),
            message: format!("no model has the name `{name}`, so this policy is never used"),
            severity: Severity::Warning,
            unknown: Some(name.clone()),
        });
    }
    for name in settings.model_group_stream_continuation.keys().filter(|name| !is_used(name)) {
        faults.push(PlanFault {
            path: format!("router_settings.model_group_stream_continuation.{name}"),
            message: format!("no model has the name `{name}`, so this is never used"),
            severity: Severity::Warning,
            unknown: Some(name.clone()),
        });
    }
    mirrors(settings, groups, known, &mut faults);
    #[cfg(feature = "cel")]
    super::rehearsal::faults(settings, &mut faults);
    faults
}

/// Copies that nobody gets, and shares that are none.
fn mirrors(
    settings: &RouterSettings,
    groups: &Groups<'_>,
    known: &dyn Fn(&str) -> bool,
    faults: &mut Vec<PlanFault>,
) {
    let mut check = |path: String, to: &str, share: f64, share_path: String| {
        if !(0.0..=1.0).contains(&share) {
            faults.push(PlanFault::error(share_path, "expected a share from 0 to 1"));
        }
        if !known(to) {
            let message = format!("no model has the name `{to}`, so nothing is copied");
            let severity = Severity::Warning;
            faults.push(PlanFault { message, severity, ..PlanFault::unknown(path, to) });
        }
    };
    for (group, mirror) in &settings.mirrors {
        let path = format!("router_settings.mirrors.{group}");
        check(format!("{path}.to"), &mirror.to, mirror.share, format!("{path}.share"));
    }
    for (group, deployments) in groups {
        for (number, deployment) in deployments.iter().enumerate() {
            let path = format!("model_list.{group}[{number}].litellm_params");
            if let Some(to) = &deployment.silent_model {
                let share = deployment.silent_share.unwrap_or(1.0);
                check(format!("{path}.silent_model"), to, share, format!("{path}.silent_share"));
            }
        }
    }
    for group in settings.mirrors.keys().filter(|name| !known(name)) {
        faults.push(PlanFault {
            path: format!("router_settings.mirrors.{group}"),
            message: format!("no model has the name `{group}`, so this is never used"),
            severity: Severity::Warning,
            unknown: Some(group.clone()),
        });
    }
}

fn edges<'a>(settings: &'a RouterSettings, groups: &'a Groups<'a>) -> Vec<Edge<'a>> {
    let mut edges = Vec::new();
    let named = [
        ("fallbacks", &settings.fallbacks),
        ("context_window_fallbacks", &settings.context_window_fallbacks),
        ("content_policy_fallbacks", &settings.content_policy_fallbacks),
        ("latency_fallbacks", &settings.latency_fallbacks),
    ];
    for (key, lists) in named {
        for (at, map) in lists.0.iter().enumerate() {
            for (from, targets) in map {
                edges.extend(targets.iter().enumerate().map(|(place, target)| Edge {
                    path: format!("router_settings.{key}[{at}].{from}[{place}]"),
                    from,
                    target,
                }));
            }
        }
    }
    edges.extend(settings.default_fallbacks.iter().enumerate().map(|(place, target)| Edge {
        path: format!("router_settings.default_fallbacks[{place}]"),
        from: "*",
        target,
    }));
    for (group, deployments) in groups {
        for (number, deployment) in deployments.iter().enumerate() {
            edges.extend(deployment.fallbacks.iter().enumerate().map(|(place, target)| Edge {
                path: format!("model_list.{group}[{number}].litellm_params.fallbacks[{place}]"),
                from: group,
                target,
            }));
        }
    }
    edges
}

/// Fallbacks that lead back to where they began: each target is asked once in a request, so they do no harm, and
/// nobody means them. Lists for every group make such loops by their nature and are left out.
fn loops(edges: &[Edge<'_>], faults: &mut Vec<PlanFault>) {
    for (place, edge) in edges.iter().enumerate() {
        let Some(target) = edge.target.group().filter(|_| edge.from != "*") else { continue };
        // Each loop is told once, at the edge of it that comes last.
        if let Some(mut way) = way(&edges[..=place], target, edge.from) {
            way.insert(0, edge.from);
            faults.push(PlanFault {
                path: edge.path.clone(),
                message: format!(
                    "these fallbacks lead back to where they began: {}; each is asked once in a request",
                    way.join(" -> ")
                ),
                severity: Severity::Warning,
                unknown: None,
            });
        }
    }
}

/// A shortest way along the edges.
fn way<'a>(edges: &[Edge<'a>], from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![from]];
    let mut seen = vec![from];
    let mut next = 0;
    while let Some(way) = ways.get(next).cloned() {
        next += 1;
        let end = *way.last()?;
        if end == to {
            return Some(way);
        }
        for edge in edges.iter().filter(|edge| edge.from == end) {
            if let Some(group) = edge.target.group().filter(|group| !seen.contains(group)) {
                seen.push(group);
                ways.push(way.iter().copied().chain([group]).collect());
            }
        }
    }
    None
}

/// Numbers that make no sense.
fn numbers(settings: &RouterSettings, faults: &mut Vec<PlanFault>) {
    let mut check = |key: &str, holds: bool, expected: &str| {
        if !holds {
            faults.push(PlanFault::error(format!("router_settings.{key}"), format!("expected {expected}")));
        }
    };
    let time = |seconds: f64| seconds.is_finite() && seconds >= 0.0;
    const TIME: &str = "a number of seconds, zero or more";
    check("retry_after", settings.retry_after.is_none_or(time), TIME);
    check("cooldown_time", settings.cooldown_time.is_none_or(time), TIME);
    check(
        "deployment_affinity_ttl_seconds",
        settings.deployment_affinity_ttl_seconds.is_none_or(|ttl| time(ttl) && ttl > 0.0),
        "a number of seconds above zero",
    );
    check(
        "health_check_staleness_threshold",
        settings.health_check_staleness_threshold.is_none_or(|stale| time(stale) && stale > 0.0),
        "a number of seconds above zero",
    );
    for (key, budgets) in [
        ("provider_budget_config", &settings.provider_budget_config),
        ("tag_budget_config", &settings.tag_budget_config),
    ] {
        for (name, budget) in budgets {
            let amount = budget.budget_limit;
            check(
                &format!("{key}.{name}.budget_limit"),
                amount.is_finite() && amount >= 0.0,
                "a number of dollars",
            );
        }
    }
    let breaker = &settings.circuit_breaker;
    check("circuit_breaker.consecutive_failures", breaker.consecutive_failures > 0, "a number above zero");
    check(
        "circuit_breaker.failure_rate",
        breaker.failure_rate > 0.0 && breaker.failure_rate <= 1.0,
        "a share above 0 and up to 1",
    );
    check("circuit_breaker.min_requests", breaker.min_requests > 0, "a number above zero");
    check(
        "circuit_breaker.window",
        time(breaker.window) && breaker.window > 0.0,
        "a number of seconds above zero",
    );
    check("circuit_breaker.cooldown", time(breaker.cooldown), TIME);
    check("circuit_breaker.rate_limit_cooldown", time(breaker.rate_limit_cooldown), TIME);
    check("circuit_breaker.last_cooldown", time(breaker.last_cooldown), TIME);
    check("circuit_breaker.max_cooldown", time(breaker.max_cooldown), TIME);
    check("hedging.max_extra", (0.0..=1.0).contains(&settings.hedging.max_extra), "a share from 0 to 1");
    if let Some(FirstTokenTimeout::Learned(learned)) = settings.first_token_timeout {
        let factor = learned.p95_factor;
        check("first_token_timeout.p95_factor", factor.is_finite() && factor > 0.0, "a number above zero");
    }
}

/// Settings of LiteLLM's that are read, and that change nothing.
fn unheeded(settings: &RouterSettings, faults: &mut Vec<PlanFault>) {
    let mut warn = |path: String, message: &str| {
        faults.push(PlanFault { severity: Severity::Warning, ..PlanFault::error(path, message) });
    };
    let groups = settings.routing_groups.iter().enumerate();
    let of_groups = groups.filter_map(|(place, group)| {
        let args = group.routing_strategy_args.as_ref()?;
        Some((format!("router_settings.routing_groups[{place}].routing_strategy_args"), args))
    });
    let own = ("router_settings.routing_strategy_args".to_owned(), &settings.routing_strategy_args);
    for (path, args) in std::iter::once(own).chain(of_groups) {
        // What they would be if they had an effect is no reason to warn.
        if args.ttl.is_some_and(|ttl| (ttl - 3_600.0).abs() > 0.5) {
            warn(format!("{path}.ttl"), "has no effect: samples count for an hour");
        }
        if args.max_latency_list_size.is_some_and(|size| size != 10) {
            let what = "has no effect: averages are over about the last ten samples";
            warn(format!("{path}.max_latency_list_size"), what);
        }
        if args.ttft_percentile.is_some_and(|percentile| (percentile - 95.0).abs() > 0.5) {
            warn(format!("{path}.ttft_percentile"), "is taken for 95: no other percentile is kept");
        }
    }
    let everywhere = &settings.optional_pre_call_checks;
    let by_group = settings.model_group_affinity_config.values().flatten();
    if everywhere.iter().chain(by_group).any(|check| *check == PreCallCheck::ForwardClientHeadersByModelGroup)
    {
        let what =
            "`forward_client_headers_by_model_group` has no effect: vendors get the headers that they know";
        warn("router_settings.optional_pre_call_checks".to_owned(), what);
    }
}
