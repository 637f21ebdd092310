//! Budgets of vendors and deployments.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A budget and its period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct BudgetSettings {
    /// USD in each period.
    #[serde(alias = "max_budget")]
    pub budget_limit: f64,
    /// The period: `30s`, `30m`, `1h`, `1d`, `7d`, `1mo`.
    #[serde(alias = "budget_duration")]
    pub time_period: BudgetPeriod,
}

/// A length of time: a number and `s`, `m`, `h`, `d`, `w` or `mo` (30 days).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct BudgetPeriod {
    count: u64,
    /// A place in [`UNITS`].
    unit: usize,
}

const UNITS: [(&str, u64); 6] = [
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
    ("mo", 2_592_000_000),
];

impl BudgetPeriod {
    /// Milliseconds.
    pub fn as_ms(self) -> u64 {
        self.count.saturating_mul(UNITS[self.unit].1)
    }
}

impl TryFrom<String> for BudgetPeriod {
    type Error = InvalidPeriod;

    fn try_from(text: String) -> Result<Self, InvalidPeriod> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let count: u64 = count.parse().ok().filter(|count| *count > 0).ok_or(InvalidPeriod)?;
        let unit = UNITS.iter().position(|(name, _)| *name == unit).ok_or(InvalidPeriod)?;
        Ok(Self { count, unit })
    }
}

impl From<BudgetPeriod> for String {
    fn from(period: BudgetPeriod) -> Self {
        format!("{}{}", period.count, UNITS[period.unit].0)
    }
}

/// A text that is no length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPeriod;

impl fmt::Display for InvalidPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a number and s, m, h, d, w or mo, such as 30m or 1d")
    }
}

impl std::error::Error for InvalidPeriod {}
