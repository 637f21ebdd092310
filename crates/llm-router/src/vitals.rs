//! How a deployment is doing at one instant: plain numbers.

use llm_types::{ErrorKind, UnixMs};
use serde::{Deserialize, Serialize};

use crate::BudgetLive;

/// Everything that changes about a deployment from request to request.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Vitals {
    /// How well it is.
    pub health: Health,
    /// How busy it is.
    pub load: Load,
    /// How fast it answers.
    pub pace: Pace,
    /// What it was asked in this minute.
    pub minute: Minute,
    /// What the vendor says is left of its limits.
    pub quota: Quota,
    /// What may still be sent in this minute, where several processes share the limits.
    #[serde(skip_serializing_if = "Room::is_unknown")]
    pub room: Room,
    /// Spent this period, as a share of the budget of it that is nearest to its end; `None` without a budget.
    pub budget_used: Option<f64>,
}

impl Vitals {
    /// The same with what is known of the key: while that cools down, the deployment does.
    #[must_use]
    pub fn with_key(mut self, key: &Health) -> Self {
        if key.cooling_until > self.health.cooling_until {
            self.health.cooling_until = key.cooling_until;
            self.health.cause = key.cause;
        }
        self
    }

    /// The same with the budget that is nearest to its end.
    #[must_use]
    pub fn with_budgets<'a>(
        mut self,
        budgets: impl IntoIterator<Item = &'a BudgetLive>,
        now: UnixMs,
    ) -> Self {
        let used = budgets.into_iter().map(|budget| budget.used(now));
        self.budget_used = used.chain(self.budget_used).reduce(f64::max);
        self
    }
}

/// How well a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Not to be chosen before this instant.
    pub cooling_until: Option<UnixMs>,
    /// The failure that it is, or was last, cooling down for.
    pub cause: Option<ErrorKind>,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// Whether it has been cooling down and has not answered since: one request at a time finds out.
    pub half_open: bool,
    /// Requests under way that find out.
    pub probes: u32,
    /// Share of attempts that succeeded lately, `0.0..=1.0`; `None` before the first.
    pub success_rate: Option<f64>,
    /// What background checks say; `None` without such.
    pub checked_well: Option<bool>,
}

impl Health {
    /// Whether the deployment may be chosen at `now`: not cooling down, and nobody else is finding out whether it is
    /// well again.
    pub fn is_well(&self, now: UnixMs) -> bool {
        self.cooling_until.is_none_or(|until| until <= now) && !(self.half_open && self.probes > 0)
    }
}

/// How busy a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Load {
    /// Requests that have been sent there and have not ended.
    pub in_flight: u32,
    /// Requests that wait for a place there.
    pub queued: u32,
}

/// How fast a deployment answers. Times are milliseconds; `None` before the first sample.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Until the first token of a stream: moving average.
    pub first_token_ms: Option<f64>,
    /// The same, the value that 95 of 100 stay under.
    pub first_token_p95_ms: Option<f64>,
    /// Samples of times until the first token.
    pub first_tokens: u32,
    /// For each token of the answer: moving average.
    pub per_token_ms: Option<f64>,
    /// Until the whole answer: moving average.
    pub answer_ms: Option<f64>,
    /// The same, the value that 95 of 100 stay under.
    pub answer_p95_ms: Option<f64>,
    /// Samples of whole answers.
    pub answers: u32,
    /// An average that jumps up at once and comes down slowly.
    pub peak_ms: Option<f64>,
}

/// Requests and tokens of the running minute (UTC), of all replicas as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Minute {
    /// Requests.
    pub requests: u64,
    /// Tokens, in and out.
    pub tokens: u64,
}

/// What may still be sent in this minute (UTC), as far as this process knows; `None` where it does not share a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Room {
    /// Requests.
    pub requests: Option<u64>,
    /// Tokens.
    pub tokens: Option<u64>,
}

impl Room {
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What is left of the vendor's limits, by what its answers said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// Requests that are left.
    pub requests: Option<u64>,
    /// Tokens that are left.
    pub tokens: Option<u64>,
    /// Until when this holds.
    pub until: Option<UnixMs>,
}

/// What a vendor said is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many were left.
    pub left: u64,
    /// How many there are when nothing has been used; `None` if the vendor does not say.
    pub limit: Option<u64>,
    /// When all of it is there again.
    pub until: UnixMs,
}
