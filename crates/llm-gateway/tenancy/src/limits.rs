//! What may be spent, and how fast.

use std::collections::BTreeMap;

use llm_pricing::Usd;
use llm_types::UnixMs;
use serde::{Deserialize, Serialize};

use crate::document::is_default;
use crate::{Calendar, Period};

/// What a key, team, member, user or organisation may spend, and how fast. `None` is no bound.
///
/// As JSON this is a stored document: members that say nothing are left out, amounts are decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Dollars that may be spent in each `budget_duration`, or ever if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_budget: Option<Usd>,
    /// Dollars after which somebody is told, and nothing refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soft_budget: Option<Usd>,
    /// After which time `max_budget` begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<Period>,
    /// Budgets that hold beside `max_budget`, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budget_limits: Vec<BudgetWindow>,
    /// What may be spent beyond `max_budget` for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_budget: Option<TemporaryBudget>,
    /// Budgets by model name, pattern or access group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_max_budget: BTreeMap<String, ModelBudget>,
    /// Which models to ask instead when a model's own budget is spent, the first that has some left.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub budget_fallbacks: BTreeMap<String, Vec<String>>,
    /// Whether a spent budget slows requests down instead of refusing them.
    #[serde(skip_serializing_if = "is_default")]
    pub throttle_on_budget_exceeded: bool,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
    /// Tokens a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpd_limit: Option<u64>,
    /// Requests and tokens over other times, beside those a minute and a day, all at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rate_limits: Vec<RateWindow>,
    /// Requests at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<u64>,
    /// Tokens a minute by model.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_tpm_limit: BTreeMap<String, u64>,
    /// Requests a minute by model.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_rpm_limit: BTreeMap<String, u64>,
    /// Requests a minute by tool server.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mcp_rpm_limit: BTreeMap<String, u64>,
    /// Requests a minute by tag.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tag_rpm_limit: BTreeMap<String, u64>,
    /// How `tpm_limit` holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit_type: Option<LimitKind>,
    /// How `rpm_limit` holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit_type: Option<LimitKind>,
    /// Tokens that an answer is taken to have when the request does not bound it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_estimated_output_tokens: Option<u64>,
    /// The same by model.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub default_estimated_output_tokens_per_model: BTreeMap<String, u64>,
}

impl Limits {
    /// The budget as it stands now: with the temporary increase while it lasts.
    pub fn budget_at(&self, now: UnixMs) -> Option<Usd> {
        let budget = self.max_budget?;
        match &self.temp_budget {
            Some(more) if now < more.expires_at => Some(budget.saturating_add(more.increase)),
            _ => Some(budget),
        }
    }

    /// When `max_budget` next begins anew, by a calendar.
    pub fn next_reset(&self, now: UnixMs, calendar: &Calendar) -> Option<UnixMs> {
        self.budget_duration.map(|period| period.window(now, calendar).end)
    }
}

/// One of several budgets that hold at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetWindow {
    /// Over which time; LiteLLM's requests call it `time_period` as well.
    #[serde(alias = "time_period")]
    pub budget_duration: Period,
    /// Dollars; LiteLLM's requests call it `budget_limit` as well.
    #[serde(alias = "budget_limit")]
    pub max_budget: Usd,
}

/// How many requests, tokens or both in each window of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SaidWindow")]
pub struct RateWindow {
    /// Over which time.
    pub window: Period,
    /// Requests; any number if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Tokens; any number if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
}

/// A [`RateWindow`] as it is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidWindow {
    window: Period,
    requests: Option<u64>,
    tokens: Option<u64>,
}

impl TryFrom<SaidWindow> for RateWindow {
    type Error = &'static str;

    fn try_from(SaidWindow { window, requests, tokens }: SaidWindow) -> Result<Self, Self::Error> {
        if requests.or(tokens).is_none() {
            return Err("neither `requests` nor `tokens` are bounded");
        }
        Ok(Self { window, requests, tokens })
    }
}

/// An increase of a budget for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemporaryBudget {
    /// Dollars more.
    pub increase: Usd,
    /// Until when.
    pub expires_at: UnixMs,
}

/// The bounds of one model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelBudget {
    /// Dollars in each `time_period`; LiteLLM's requests call it `max_budget` as well.
    #[serde(alias = "max_budget", skip_serializing_if = "Option::is_none")]
    pub budget_limit: Option<Usd>,
    /// Over which time; LiteLLM's requests call it `budget_duration` as well.
    #[serde(alias = "budget_duration", skip_serializing_if = "Option::is_none")]
    pub time_period: Option<Period>,
    /// Tokens a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<u64>,
    /// Requests a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<u64>,
}

/// How a rate limit of a key holds against that of its team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Keys of a team may together have more than the team.
    #[default]
    #[serde(rename = "best_effort_throughput", alias = "best_effort")]
    BestEffort,
    /// They may not.
    #[serde(rename = "guaranteed_throughput", alias = "guaranteed")]
    Guaranteed,
    /// Enforced only while the model fails.
    Dynamic,
}

/// What has been spent of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spending {
    /// Dollars since the budget began.
    pub spend: Usd,
    /// The same by model.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub model_spend: BTreeMap<String, Usd>,
    /// When the budget begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_reset_at: Option<UnixMs>,
    /// How often an administrator has set what is spent to nothing. Budgets count anew with each.
    #[serde(skip_serializing_if = "is_zero")]
    pub resets: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_increase_ends() {
        let limits: Limits = serde_json::from_str(
            r#"{"max_budget": "10", "temp_budget": {"increase": "2.5", "expires_at": 1000}}"#,
        )
        .unwrap();
        let at = |now| limits.budget_at(UnixMs(now)).unwrap().to_string();
        assert_eq!((at(999).as_str(), at(1000).as_str()), ("12.5", "10"));
        assert_eq!(Limits { max_budget: None, ..limits }.budget_at(UnixMs(0)), None, "no bound is no bound");
    }

    #[test]
    fn a_rate_bounds_something() {
        let json =
            r#"{"rate_limits":[{"window":"1h","requests":5},{"window":"30d","requests":0,"tokens":7}]}"#;
        let limits: Limits = serde_json::from_str(json).unwrap();
        assert_eq!(limits.rate_limits[1].tokens, Some(7));
        assert_eq!(serde_json::to_string(&limits).unwrap(), json);
        for wrong in [r#"{"window":"1h"}"#, r#"{"requests":1}"#, r#"{"window":"1h","requests":1,"usd":2}"#] {
            assert!(serde_json::from_str::<RateWindow>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn documents_hold_what_is_said_and_no_more() {
        assert_eq!(serde_json::to_string(&Limits::default()).unwrap(), "{}");
        let json = r#"{"max_budget":"0.1","budget_duration":"30d","budget_limits":[{"budget_duration":"1h","max_budget":"0.01"}],"model_max_budget":{"gpt-4o":{"budget_limit":"0.05","time_period":"1d"}},"rpm_limit":0,"tpm_limit_type":"guaranteed_throughput"}"#;
        let limits: Limits = serde_json::from_str(json).unwrap();
        assert_eq!(limits.rpm_limit, Some(0), "nothing is a bound as well");
        assert_eq!(serde_json::to_string(&limits).unwrap(), json);
        let named = r#"{"budget_limits":[{"time_period":"1h","budget_limit":"0.01"}],"model_max_budget":{"gpt-4o":{"max_budget":"0.05","budget_duration":"1d"}}}"#;
        let named: Limits = serde_json::from_str(named).unwrap();
        assert_eq!(named.budget_limits, limits.budget_limits, "under LiteLLM's other names");
        assert_eq!(named.model_max_budget, limits.model_max_budget);
        let alias: LimitKind = serde_json::from_str("\"guaranteed\"").unwrap();
        assert_eq!(alias, LimitKind::Guaranteed);
    }
}
