//! [`Bounds`]: all that bounds one caller, end user, tag, or the gateway.

mod compile;
mod priorities;

use llm_pricing::Usd;
use llm_tenancy::Period;

use crate::{Bound, Demand};

pub use priorities::{Priorities, Reserve, Reserved};

/// What the operator decided about whom bounds whom, and what bounds those of whom nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Whether the budget and the limits of a user also hold for the keys that the user has of a team. LiteLLM's default
    /// is that they do not.
    pub user_bounds_team_keys: bool,
    /// Requests at a time of a key that has no bound of its own on them; `None` for any number.
    pub key_parallel: Option<u64>,
    /// Dollars that an end user may ever spend who has no budget of their own, nor by a shared one; `None` for any amount.
    pub end_user_budget: Option<Usd>,
}

/// The bounds of the gateway as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProxyLimits {
    /// Dollars that may be spent in each `budget_duration`, or ever if there is none.
    pub max_budget: Option<Usd>,
    /// After which time that begins anew.
    pub budget_duration: Option<Period>,
    /// Requests at a time.
    pub max_parallel_requests: Option<u64>,
}

/// A request, as far as bounds look at it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The names of its model: as the client said it, what that means, with the vendor before it. Any of them may be
    /// bounded.
    pub models: &'a [&'a str],
    /// The access groups that the model's deployments name.
    pub model_groups: &'a [String],
    /// The labels of the request.
    pub tags: &'a [String],
    /// The tool server, of a call of one.
    pub server: Option<&'a str>,
    /// Whether the model fails these days: limits that are `dynamic` hold only then.
    pub is_failing: bool,
    /// How much it may take at most.
    pub demand: Demand,
}

/// A model, and which to ask instead.
type Fallback = (Box<str>, Box<[Box<str>]>);

/// All that bounds one caller, end user, tag, or the gateway: made once of their records, and then only looked at.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    pub(crate) list: Box<[Bound]>,
    /// Whether a spent budget throttles anybody.
    pub(crate) has_brakes: bool,
    /// Whether some of them hold only while others say that the model is saturated.
    pub(crate) has_reserves: bool,
    estimated_output: Box<[(Option<Box<str>>, i64)]>,
    fallbacks: Box<[Fallback]>,
}

impl Bounds {
    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Bound> {
        self.list.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing is bounded.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether an amount of money is bounded, for any request at all.
    pub fn bounds_spend(&self) -> bool {
        self.list.iter().any(|bound| bound.measure == crate::Measure::Spend && bound.limit.is_some())
    }

    /// The tokens that an answer of a model is taken to have when the request does not bound it: by the model first, then in
    /// general; the key's word before those above it.
    pub fn estimated_output(&self, models: &[&str]) -> Option<i64> {
        let of_model =
            |(name, _): &&(Option<Box<str>>, i64)| name.as_deref().is_some_and(|name| models.contains(&name));
        let list = self.estimated_output.iter();
        list.clone()
            .find(of_model)
            .or_else(|| list.clone().find(|(name, _)| name.is_none()))
            .map(|found| found.1)
    }

    /// Which models to ask instead when the budget of one is spent, in order.
    pub fn budget_fallbacks(&self, models: &[&str]) -> &[Box<str>] {
        let found = self.fallbacks.iter().find(|(name, _)| models.contains(&&**name));
        found.map(|(_, instead)| &**instead).unwrap_or_default()
    }

    /// Those that concern a request. Of a subject's bounds by model that which fits best counts: the name itself before a
    /// group, and a group before a pattern.
    pub(crate) fn concerning<'a>(&'a self, asked: &'a Asked<'_>) -> impl Iterator<Item = &'a Bound> {
        let mut found = 0;
        self.list.iter().filter(move |bound| {
            if bound.family != 0 && bound.family == found {
                return false;
            }
            let is_of = bound.part.as_ref().is_none_or(|part| part.has(asked));
            if is_of {
                found = bound.family;
            }
            is_of
        })
    }
}
