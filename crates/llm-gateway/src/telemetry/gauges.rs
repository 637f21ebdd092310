//! How deployments and budgets are doing at the moment when somebody looks.

use std::sync::atomic::AtomicU64;

use llm_router::BudgetLive;
use llm_types::UnixMs;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::budgets::Scope;
use crate::ledger::Ledger;
use crate::services::health::{self, Verdict};
use crate::serving::Serving;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeploymentLabels {
    provider: String,
    deployment: String,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BudgetLabels {
    scope: &'static str,
    name: String,
}

type OfDeployment = Family<DeploymentLabels, Gauge>;

/// Registers the gauges of the moment.
pub fn register(registry: &mut Registry, app: &App, serving: &Serving) {
    let now = app.runtime.now();
    let state = OfDeployment::default();
    let in_flight = OfDeployment::default();
    let (requests, tokens) = (OfDeployment::default(), OfDeployment::default());
    for subject in health::subjects(serving) {
        let Ok(deployment) = &subject.deployment else { continue };
        let labels = DeploymentLabels {
            provider: deployment.provider_name.to_string(),
            deployment: deployment.id.to_string(),
            model: deployment.group.to_string(),
        };
        let vitals = deployment.candidate(now).vitals;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        state.get_or_create(&labels).set(match health::verdict(app, serving, &subject, now) {
            Verdict::Well => 0,
            Verdict::Doubtful => 1,
            Verdict::Down => 2,
        });
        in_flight.get_or_create(&labels).set(i64::from(vitals.load.in_flight));
        for (left, family) in [(vitals.quota.requests, &requests), (vitals.quota.tokens, &tokens)] {
            if let Some(left) = left {
                family.get_or_create(&labels).set(number(left));
            }
        }
    }
    registry.register("deployment_state", "0 well, 1 failing lately, 2 left alone or found down", state);
    registry.register("deployment_in_flight", "Requests under way at a deployment", in_flight);
    registry.register("remaining_requests", "Requests that the vendor says are left", requests);
    registry.register("remaining_tokens", "Tokens that the vendor says are left", tokens);

    register_budgets(registry, serving, now);
    if let Some(ledger) = app.finaliser.ledger() {
        register_journal(registry, ledger);
    }
}

/// How the journal stands.
fn register_journal(registry: &mut Registry, ledger: &Ledger) {
    let state = ledger.journal().state();
    let figures = [
        ("journal_bytes", "Bytes that the journal takes from the disk", state.bytes),
        ("journal_open_legs", "Requests to vendors that have not been settled", state.open),
        ("journal_waiting_entries", "Entries that the database does not have yet", state.unacknowledged),
        ("journal_refused", "Requests to vendors that were refused as the journal was full", state.refused),
        (
            "journal_overflowing",
            "Whether the journal goes on in its second folder",
            state.is_overflowing.into(),
        ),
        ("ledger_lost_entries", "Entries that could not be kept; they stand in the log", ledger.lost()),
    ];
    for (name, help, figure) in figures {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(figure).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
}

/// What is left of the budgets of the configuration.
fn register_budgets(registry: &mut Registry, serving: &Serving, now: UnixMs) {
    let left = Family::<BudgetLabels, Gauge<f64, AtomicU64>>::default();
    let tell = |scope: Scope<'_>, budget: &BudgetLive| {
        let (scope, name) = scope.parts();
        let spent = budget.export(now).map_or(0.0, |(spent, _)| spent);
        let labels = BudgetLabels { scope, name: name.to_owned() };
        left.get_or_create(&labels).set((budget.limit() - spent).max(0.0));
    };
    let budgets = &serving.prepare.budgets;
    for (name, budget) in &budgets.providers {
        tell(Scope::Provider(name), &budget.live);
    }
    for (name, budget) in &budgets.tags {
        tell(Scope::Tag(name), &budget.live);
    }
    for subject in health::subjects(serving) {
        // A deployment's own budget stands behind its vendor's.
        if let Ok(deployment) = &subject.deployment
            && deployment.settings.max_budget.is_some()
            && let Some(own) = deployment.budgets.last()
        {
            tell(Scope::Deployment(deployment.id.as_str()), own);
        }
    }
    registry.register("budget_remaining_usd", "What is left of a budget in its running period", left);
}
