//! How much of limits is left, for headers and reports.

use std::sync::Arc;

use llm_types::UnixMs;

use crate::account::{Account, Tally};
use crate::reservation::Line;
use crate::{Cycle, Level, Measure};

/// How one limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whose limit.
    pub level: Level,
    /// What is bounded.
    pub measure: Measure,
    /// The limit; `i64::MAX` if nothing is refused.
    pub limit: i64,
    /// What is taken of it, with what is reserved.
    pub used: i64,
    /// What is taken of it for good.
    pub spent: i64,
    /// When it begins anew; `None` for what never does.
    pub resets_at: Option<UnixMs>,
}

impl Standing {
    pub(crate) fn of(account: &Account, tally: &Tally, limit: i64) -> Self {
        Self {
            level: account.level,
            measure: account.measure,
            limit,
            used: tally.used().max(0),
            spent: tally.spent().max(0),
            resets_at: (account.cycle != Cycle::Ever).then_some(tally.until),
        }
    }

    /// What is left.
    pub const fn remaining(&self) -> i64 {
        let left = self.limit.saturating_sub(self.used);
        if left > 0 { left } else { 0 }
    }
}

/// How one limit stands to a request that nobody has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How the limit stands.
    pub standing: Standing,
    /// The id of whose it is; empty for the gateway.
    pub subject: Arc<str>,
    /// The model, tag or tool server that has the limit; all without.
    pub part: Option<Box<str>>,
    /// Over which time.
    pub cycle: Cycle,
    /// What the request may take at most.
    pub wanted: i64,
    /// Whether that would be refused.
    pub refuses: bool,
}

impl Outlook {
    pub(crate) fn of(line: &Line) -> Self {
        let standing = line.standing();
        Self {
            standing,
            subject: line.account.subject.clone(),
            part: line.account.part.clone(),
            cycle: line.account.cycle,
            wanted: line.amount,
            refuses: !line.is_forced && standing.used.saturating_add(line.amount) > line.limit,
        }
    }
}

/// What is left for a caller: of each measure the limit of which the least is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remaining {
    /// Requests in a time.
    pub requests: Option<Standing>,
    /// Tokens in a time.
    pub tokens: Option<Standing>,
    /// Nano-dollars.
    pub budget: Option<Standing>,
    /// The key's own budget, or what is left of it the least.
    pub key_budget: Option<Standing>,
}

impl Remaining {
    pub(crate) fn of<'a>(standings: impl Iterator<Item = (&'a Account, Standing)>) -> Self {
        let mut remaining = Self::default();
        let tighter = |place: &mut Option<Standing>, standing: Standing| {
            if place.is_none_or(|it| standing.remaining() < it.remaining()) {
                *place = Some(standing);
            }
        };
        for (account, standing) in standings {
            let is_key = standing.level == Level::Key && account.part.is_none();
            if standing.measure == Measure::Spend && is_key {
                tighter(&mut remaining.key_budget, standing);
            }
            if standing.limit == i64::MAX {
                continue;
            }
            match standing.measure {
                Measure::Requests => tighter(&mut remaining.requests, standing),
                Measure::Tokens => tighter(&mut remaining.tokens, standing),
                Measure::Spend => tighter(&mut remaining.budget, standing),
                Measure::Parallel => {}
            }
        }
        remaining
    }
}
