//! [`Priorities`]: what of a model's rates is reserved for whom.

use std::sync::Arc;

use super::Bounds;
use super::compile::{Subject, bound, whole};
use crate::{Bound, Cycle, Level, Measure, Part};

/// How much of a model's rates a priority has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reserve {
    /// A share of them, from 0 to 1.
    Share(f64),
    /// So many of its requests in a minute, and the same share of its tokens.
    Requests(f64),
    /// So many of its tokens in a minute, and the same share of its requests.
    Tokens(f64),
}

/// What is reserved for whom, of any model.
#[derive(Debug, Clone, Copy)]
pub struct Reserved<'a> {
    /// Priorities, and what each of them has. Shares that sum up to more than 1 are made smaller, in proportion.
    pub levels: &'a [(&'a str, Reserve)],
    /// The share that all callers have together who have none of these priorities, from 0 to 1.
    pub others: f64,
    /// The share of a model's rates whose use makes it saturated, from 0 to 1.
    pub saturation: f64,
}

/// What bounds the callers of one model by their priority, while the model is saturated. Until then nothing is refused.
#[derive(Debug, Clone)]
pub struct Priorities {
    levels: Box<[(Box<str>, Arc<Bounds>)]>,
    others: Arc<Bounds>,
}

impl Priorities {
    /// By the requests and the tokens that a model takes in a minute; `None` for a model without either.
    pub fn new(
        model: &str,
        requests: Option<u64>,
        tokens: Option<u64>,
        reserved: &Reserved<'_>,
    ) -> Option<Self> {
        let rates = Rates {
            model,
            requests: requests.filter(|most| *most > 0),
            tokens: tokens.filter(|most| *most > 0),
            saturation: reserved.saturation,
        };
        if rates.requests.is_none() && rates.tokens.is_none() {
            return None;
        }
        let shares = || reserved.levels.iter().map(|(name, reserve)| (*name, rates.share(*reserve)));
        let sum: f64 = shares().filter_map(|(_, share)| share).sum();
        let levels = shares().map(|(name, share)| {
            let bounds = rates.bounds(&[name], share.map(|share| share / sum.max(1.0)));
            (name.into(), Arc::new(bounds))
        });
        Some(Self { levels: levels.collect(), others: Arc::new(rates.bounds(&[], Some(reserved.others))) })
    }

    /// What bounds a caller with this priority. Who has one that nothing is reserved for is as who has none.
    pub fn of(&self, priority: Option<&str>) -> &Arc<Bounds> {
        let named = priority.and_then(|name| self.levels.iter().find(|(own, _)| **own == *name));
        named.map_or(&self.others, |(_, bounds)| bounds)
    }
}

/// What a model takes in a minute.
struct Rates<'a> {
    model: &'a str,
    requests: Option<u64>,
    tokens: Option<u64>,
    saturation: f64,
}

impl Rates<'_> {
    /// The share of what the model takes; `None` if that is not bounded in this measure.
    fn share(&self, reserve: Reserve) -> Option<f64> {
        match reserve {
            Reserve::Share(share) => Some(share),
            Reserve::Requests(amount) => self.requests.map(|most| amount / most as f64),
            Reserve::Tokens(amount) => self.tokens.map(|most| amount / most as f64),
        }
    }

    /// Counts what all use of the model, and bounds one priority; without a share that is only counted.
    fn bounds(&self, priority: &[&str], share: Option<f64>) -> Bounds {
        let part = || Part::Model { name: self.model.into(), models: [self.model.into()].into() };
        let of_all = Subject::new(Level::Model, &[self.model], None);
        let of_one = Subject::new(Level::Priority, priority, None);
        let mut list = Vec::new();
        for (measure, most) in [(Measure::Requests, self.requests), (Measure::Tokens, self.tokens)] {
            let Some(most) = most else { continue };
            let saturates = Some(part_of(most, self.saturation, f64::ceil));
            list.push(Bound { saturates, ..bound(&of_all, measure, Cycle::Minute, None) });
            if let Some(share) = share {
                let limit = Some(part_of(most, share, f64::floor));
                let one = bound(&of_one, measure, Cycle::Minute, Some(part()));
                list.push(Bound { limit, is_reserve: true, ..one });
            }
        }
        Bounds { list: list.into(), has_reserves: true, ..Bounds::default() }
    }
}

/// A share of a rate in whole numbers: what is one but for the last binary digits is that one.
fn part_of(most: u64, share: f64, round: fn(f64) -> f64) -> i64 {
    const DIGITS: f64 = 1e6;
    let exact = (most as f64 * share * DIGITS).round() / DIGITS;
    (round(exact).max(0.0) as i64).min(whole(most))
}
