//! Expressions are run once, as for a usual request: what fails then fails without a word later.

use super::{PlanFault, Severity};
use crate::{RouterSettings, RoutingStrategy};
use crate::{entrance, strategy};

pub(super) fn faults(settings: &RouterSettings, faults: &mut Vec<PlanFault>) {
    let mut warn = |path: String, message: String| {
        faults.push(PlanFault { severity: Severity::Warning, ..PlanFault::error(path, message) });
    };
    for (place, rule) in settings.rules.iter().enumerate() {
        if let Some(why) = entrance::rehearse_rule(&rule.when) {
            let message = format!("{why}: the rule does not apply then");
            warn(format!("router_settings.rules[{place}].when"), message);
        }
    }
    for (path, expression) in expressions(settings) {
        if let Some(why) = strategy::rehearse_expression(expression) {
            warn(path, format!("{why}: that counts as zero"));
        }
    }
}

/// The expressions by which deployments are drawn, each once, with their places.
fn expressions(settings: &RouterSettings) -> Vec<(String, &str)> {
    let is_drawn = |strategy: RoutingStrategy| strategy == RoutingStrategy::Expression;
    let groups = settings
        .routing_groups
        .iter()
        .enumerate()
        .filter(|(_, group)| is_drawn(group.routing_strategy.unwrap_or(settings.routing_strategy)));
    let (own, inherited): (Vec<_>, Vec<_>) =
        groups.partition(|(_, group)| group.routing_strategy_args.is_some());
    let default = settings.routing_strategy_args.expression.as_deref();
    let default = default.filter(|_| is_drawn(settings.routing_strategy) || !inherited.is_empty());
    let default =
        default.map(|source| ("router_settings.routing_strategy_args.expression".to_owned(), source));
    let of_groups = own.into_iter().filter_map(|(place, group)| {
        let source = group.routing_strategy_args.as_ref()?.expression.as_deref()?;
        Some((format!("router_settings.routing_groups[{place}].routing_strategy_args.expression"), source))
    });
    default.into_iter().chain(of_groups).collect()
}
