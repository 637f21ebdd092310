//! `llm_gateway.limits`, and LiteLLM's keys for the same: how budgets and rates hold.

use std::num::NonZeroU64;

use llm_tenancy::{Calendar, Period, Usd};
use serde::Deserialize;

use super::litellm_settings::{GeneralSettings, LitellmSettings};

/// `llm_gateway.limits`: how the budgets and rates of keys, teams and whoever else is bounded hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// What is set aside of a budget for a request before it is sent: the most that it can cost, or what such requests
    /// usually cost, by which a budget may be overrun. Default: `bound`.
    pub budget_reservation: BudgetReservation,
    /// What happens while several gateways share limits and nobody hands out shares: a gateway goes on with what it has,
    /// and then refuses with 503, or lets everybody in. Default: `refuse`.
    pub when_away: WhenAway,
    /// Milliseconds that a request waits for shares of limits at most. Default: 100.
    pub timeout_ms: NonZeroU64,
    /// Milliseconds after which what a silent gateway holds goes back to the others. Default: 10000.
    pub lease_ms: NonZeroU64,
    /// The status that tells of a spent budget. Default: `litellm_settings.budget_exceeded_status_code`, else 429.
    pub budget_status: Option<u16>,
    /// Share of its rates that is left to whoever has spent a budget that throttles instead of refusing, from 0 to 1.
    /// Default: 0.1.
    #[cfg_attr(feature = "schemars", schemars(with = "f64"))]
    pub throttle: Share,
    /// Whether a user's own limits hold for the user's keys in teams as well. Default: false, as LiteLLM has it.
    pub user_limits_in_teams: bool,
    /// The time zone in which days, weeks and months of budgets begin, such as `Europe/Berlin`. Default:
    /// `litellm_settings.timezone`, else `UTC`.
    pub time_zone: Option<String>,
}

/// What is set aside of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BudgetReservation {
    /// The most that a request can cost.
    #[default]
    Bound,
    /// What it will probably cost.
    Estimate,
}

/// What happens while nobody hands out shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenAway {
    /// 503, once the share is used up.
    #[default]
    Refuse,
    /// Everybody is let in.
    Allow,
}

/// A share between 0 and 1, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub u16);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&share) {
            Ok(Self((share * 1_000.0).round() as u16))
        } else {
            Err(serde::de::Error::custom(format!("{share} is no share: it must be between 0 and 1")))
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        let number = |number| NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN);
        Self {
            budget_reservation: BudgetReservation::default(),
            when_away: WhenAway::default(),
            timeout_ms: number(100),
            lease_ms: number(10_000),
            budget_status: None,
            throttle: Share(100),
            user_limits_in_teams: false,
            time_zone: None,
        }
    }
}

/// What bounds the gateway as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyLimits {
    /// Dollars that all requests together may cost.
    pub max_budget: Option<Usd>,
    /// After which time that begins anew.
    pub budget_duration: Option<Period>,
    /// Requests at a time.
    pub max_parallel_requests: Option<u64>,
    /// Requests at a time of a key that has no bound of its own.
    pub default_max_parallel_requests: Option<u64>,
    /// Dollars of whoever a request is for, where nothing else is said.
    pub max_end_user_budget: Option<Usd>,
    /// The shared budget of whoever a request is for, where nothing else is said.
    pub max_end_user_budget_id: Option<String>,
}

impl LimitSettings {
    /// By which days, weeks and months budgets begin anew.
    ///
    /// # Errors
    /// In words, if there is no such time zone.
    pub fn calendar(&self) -> Result<Calendar, String> {
        match &self.time_zone {
            Some(zone) => {
                Calendar::named(zone).map_err(|error| format!("llm_gateway.limits.time_zone: {error}"))
            }
            None => Ok(Calendar::UTC),
        }
    }

    /// The same with what LiteLLM's keys say, and what bounds the gateway as a whole.
    pub(super) fn complete(
        mut self,
        general: &GeneralSettings,
        litellm: &LitellmSettings,
        silent: impl Fn(&[&str]) -> bool,
    ) -> (Self, ProxyLimits) {
        self.budget_status = self.budget_status.or(litellm.budget_exceeded_status_code);
        self.time_zone = self.time_zone.or_else(|| litellm.timezone.clone());
        if general.disable_budget_reservation == Some(true) && silent(&["limits", "budget_reservation"]) {
            self.budget_reservation = BudgetReservation::Estimate;
        }
        let closed = general.fail_closed_budget_enforcement.or(general.fail_closed_rate_limit_enforcement);
        if let Some(closed) = closed.filter(|_| silent(&["limits", "when_away"])) {
            self.when_away = if closed { WhenAway::Refuse } else { WhenAway::Allow };
        }
        let proxy = ProxyLimits {
            max_budget: litellm.max_budget,
            budget_duration: litellm.budget_duration,
            max_parallel_requests: general.global_max_parallel_requests,
            default_max_parallel_requests: general.max_parallel_requests,
            max_end_user_budget: litellm.max_end_user_budget,
            max_end_user_budget_id: litellm.max_end_user_budget_id.clone(),
        };
        (self, proxy)
    }
}
