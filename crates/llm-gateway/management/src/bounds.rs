//! Whether bounds make sense, and what follows from them.

use llm_tenancy::{Limits, Spending, Usd};
use llm_types::UnixMs;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::fault::Fault;
use crate::wire::Wire as _;

/// That a record's own bounds make sense.
///
/// # Errors
/// 400, with the one that does not.
pub(crate) fn check(limits: &Limits) -> Result<(), Fault> {
    for (name, budget) in [
        ("max_budget", limits.max_budget),
        ("soft_budget", limits.soft_budget),
        ("budget_limits", limits.budget_limits.iter().map(|window| window.max_budget).min()),
        ("model_max_budget", limits.model_max_budget.values().filter_map(|model| model.budget_limit).min()),
    ] {
        if budget.is_some_and(|budget| budget < Usd::ZERO) {
            return Err(Fault::invalid(name, format!("{name} must not be less than nothing")));
        }
    }
    if let (Some(soft), Some(most)) = (limits.soft_budget, limits.max_budget)
        && soft >= most
    {
        return Err(Fault::invalid("soft_budget", "soft_budget must be lower than max_budget"));
    }
    Ok(())
}

/// That what a request sets is no more than what stands above has. What was more before may stay.
///
/// # Errors
/// 400, with the first that is more.
pub(crate) fn check_within(
    inner: &Limits,
    before: Option<&Limits>,
    outer: &Limits,
    whose: &str,
) -> Result<(), Fault> {
    fn exceeds<T: PartialOrd + Copy>(inner: Option<T>, before: Option<T>, outer: Option<T>) -> bool {
        inner != before && inner.zip(outer).is_some_and(|(inner, outer)| inner > outer)
    }
    let before = before.cloned().unwrap_or_default();
    for (name, exceeds) in [
        ("max_budget", exceeds(inner.max_budget, before.max_budget, outer.max_budget)),
        ("tpm_limit", exceeds(inner.tpm_limit, before.tpm_limit, outer.tpm_limit)),
        ("rpm_limit", exceeds(inner.rpm_limit, before.rpm_limit, outer.rpm_limit)),
    ] {
        if exceeds {
            return Err(Fault::invalid(name, format!("{name} is more than {whose} has")));
        }
    }
    Ok(())
}

/// That a record's own bounds make sense; and when its budget begins anew now.
///
/// # Errors
/// As [`check`].
pub(crate) fn settle(
    limits: &Limits,
    spending: &mut Spending,
    before: Option<&Limits>,
    desk: &Desk,
) -> Result<(), Fault> {
    check(limits)?;
    spending.budget_reset_at = reset_at(limits, before, spending.budget_reset_at, desk);
    Ok(())
}

/// When the budget begins anew, after a change: as before, unless its period is another.
pub(crate) fn reset_at(
    limits: &Limits,
    before: Option<&Limits>,
    reset_at: Option<UnixMs>,
    desk: &Desk,
) -> Option<UnixMs> {
    match before {
        Some(before) if before.budget_duration == limits.budget_duration => reset_at,
        _ => desk.next_reset(limits),
    }
}

/// Bounds as LiteLLM's clients find them beside members, organisations and projects: a budget of their own, even where
/// none has a name. `null` if there are none.
pub(crate) fn table(limits: &Limits, budget_id: Option<&str>, reset_at: Option<UnixMs>) -> Value {
    if *limits == Limits::default() && budget_id.is_none() {
        return Value::Null;
    }
    let mut table = json!({
        "budget_id": budget_id,
        "max_budget": limits.max_budget.show(),
        "soft_budget": limits.soft_budget.show(),
        "max_parallel_requests": limits.max_parallel_requests,
        "tpm_limit": limits.tpm_limit,
        "rpm_limit": limits.rpm_limit,
        "tpd_limit": limits.tpd_limit,
        "model_max_budget": limits.model_max_budget.show(),
        "budget_duration": limits.budget_duration.show(),
        "budget_reset_at": reset_at.show(),
    });
    if let Some(more) = &limits.temp_budget {
        table["temp_budget_increase"] = more.increase.show();
        table["temp_budget_expiry"] = more.expires_at.show();
    }
    table
}
