//! What new keys begin with, and what no key has more of, by the gateway's configuration.
//!
//! Source: LiteLLM docs, "Virtual Keys", on the parameters of `/key/generate`, read 2026-11.

use llm_tenancy::{Document, Period, Usd, VirtualKey};
use serde_json::Value;

use super::read;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::host::KeyBounds;

/// Where the configuration says so.
const BOUNDS: &str = "litellm_settings.upperbound_key_generate_params";
/// Members that say nothing when they are empty.
const EMPTY: [&str; 2] = ["models", "metadata"];

/// Adds what a new key begins with to what is said of it, but for the members of `own`. `has_no_reset`: its budget shall
/// never begin anew.
pub(super) fn fill(desk: &Desk, said: &mut Document, has_no_reset: bool, own: &[&str]) {
    let mut defaults = desk.host.key_defaults();
    read::tidy(desk, &mut defaults, true);
    if has_no_reset {
        defaults.shift_remove("budget_duration");
    }
    defaults.retain(|name, _| !own.contains(&name.as_str()));
    if said.contains_key("expires") {
        defaults.shift_remove("duration");
    }
    let is_empty = |value: &Value| {
        value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Document::is_empty)
    };
    for (name, value) in defaults {
        let own = said.get(&name);
        if own.is_none_or(|own| EMPTY.contains(&name.as_str()) && is_empty(own)) {
            said.insert(name, value);
        }
    }
}

/// Gives a new key no more than it may have, of which nothing is asked: whatever it begins with.
pub(super) fn complete(desk: &Desk, key: &mut VirtualKey, asked: &Document) {
    let bounds = desk.host.key_bounds();
    let (limits, now) = (&mut key.limits, desk.now());
    let is_open = |name: &str| !asked.contains_key(name);
    if is_open("max_budget") {
        limits.max_budget = least(limits.max_budget, bounds.max_budget, |budget| *budget);
    }
    for (name, value, bound) in [
        ("max_parallel_requests", &mut limits.max_parallel_requests, bounds.max_parallel_requests),
        ("tpm_limit", &mut limits.tpm_limit, bounds.tpm_limit),
        ("rpm_limit", &mut limits.rpm_limit, bounds.rpm_limit),
    ] {
        if is_open(name) {
            *value = least(*value, bound, |number| *number);
        }
    }
    if is_open("budget_duration") {
        let length = |period: &Period| period.after(now);
        limits.budget_duration = least(limits.budget_duration, bounds.budget_duration, length);
        key.spending.budget_reset_at = desk.next_reset(limits);
    }
    if is_open("duration") && is_open("expires") {
        let end = bounds.duration.map(|period| period.after(now));
        key.expires_at = least(key.expires_at, end, |end| *end);
    }
}

/// The lesser of a value and its bound, by a measure; none is more than any.
fn least<T, M: Ord>(value: Option<T>, bound: Option<T>, measure: impl Fn(&T) -> M) -> Option<T> {
    value.into_iter().chain(bound).min_by_key(measure)
}

/// That a key has no more than it may of what a request says.
///
/// # Errors
/// 400, with the first that is more.
pub(super) fn check(desk: &Desk, key: &VirtualKey, asked: &Document) -> Result<(), Fault> {
    let KeyBounds { max_budget, budget_duration, duration, max_parallel_requests, tpm_limit, rpm_limit } =
        desk.host.key_bounds();
    let (limits, now) = (&key.limits, desk.now());
    let after = |period: Option<Period>| period.map(|period| period.after(now));
    let number = |value: Option<u64>| value.map(|value| value.to_string());
    let money = |value: Option<Usd>| value.map(|value| value.to_string());
    let length = |value: Option<Period>| value.map(|value| value.to_string());
    let over = |name: &str, exceeds: bool, value: Option<String>, bound: Option<String>| {
        let Some(bound) = bound.filter(|_| exceeds && asked.contains_key(name)) else { return Ok(()) };
        let value = value.unwrap_or_else(|| "without a bound".to_owned());
        Err(Fault::invalid(name, format!("{name} is {value}; by {BOUNDS} it is {bound} at most")))
    };
    let budget = (limits.max_budget, max_budget);
    over("max_budget", exceeds(budget.0, budget.1), money(budget.0), money(budget.1))?;
    for (name, value, bound) in [
        ("max_parallel_requests", limits.max_parallel_requests, max_parallel_requests),
        ("tpm_limit", limits.tpm_limit, tpm_limit),
        ("rpm_limit", limits.rpm_limit, rpm_limit),
    ] {
        over(name, exceeds(value, bound), number(value), number(bound))?;
    }
    let period = limits.budget_duration;
    let is_longer = exceeds(after(period), after(budget_duration));
    over("budget_duration", is_longer, length(period), length(budget_duration))?;
    let lives_longer = exceeds(key.expires_at, after(duration));
    for name in ["duration", "expires"] {
        let said = asked.get(name).filter(|_| key.expires_at.is_some());
        let said = said.map(|said| said.as_str().map_or_else(|| said.to_string(), ToOwned::to_owned));
        over(name, lives_longer, said, length(duration))?;
    }
    Ok(())
}

/// Whether a value is more than its bound; no value is more than any.
fn exceeds<T: PartialOrd>(value: Option<T>, bound: Option<T>) -> bool {
    bound.is_some_and(|bound| value.is_none_or(|value| value > bound))
}
