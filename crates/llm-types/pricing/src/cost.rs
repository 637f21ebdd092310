//! What an answer costs.

use serde::Serialize;

use llm_types::UnixMs;

use crate::adjust::Adjustment;
use crate::measure;
use crate::prices::{Quote, Situation};
use crate::wide::Wide;
use crate::{Exact, Factor, FactorKey, Item, Part, Prices, Quantities, Rate, Tier, Usd};

/// Under which terms an answer was given. The default is the usual ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The tier in which it was served; see [`Tier::served`].
    pub tier: Tier,
    /// When it was asked for; without it, no off-peak price applies.
    pub at: Option<UnixMs>,
    /// Where OpenAI was bound to process it.
    pub residency: Option<Residency>,
    /// Whether Vertex AI served it from an endpoint other than the global one.
    pub regional_endpoint: bool,
    /// What the vendor reported beside the usage: see [`Reading::facts`](crate::Reading::facts).
    pub facts: &'a [String],
    /// The deployment's discount and margin.
    pub adjustment: Adjustment,
}

/// Where data has to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residency {
    /// In the European Union.
    Eu,
    /// In the United States.
    Us,
}

/// What an answer costs, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The amount to book: rounded once, half to even. Without what has no price.
    pub total: Usd,
    /// The amount before discount and margin.
    pub before_adjustment: Usd,
    /// The products, in the order of [`Item::ALL`]; their amounts are exact and before factors.
    pub lines: Vec<Line>,
    /// What multiplied everything but tools.
    pub factors: Vec<Factor>,
    /// What was used and has no price. If there is anything, the total is only a lower bound.
    pub unpriced: Vec<Item>,
}

/// One product of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was used.
    pub item: Item,
    /// How much: see [`Unit::scale`](crate::Unit::scale).
    pub quantity: u64,
    /// The price of a unit.
    pub rate: Rate,
    /// Whose price it is: the item itself, or what it falls back to.
    pub priced_as: Item,
    /// The price holds for prompts of more tokens than this; zero is always.
    pub above: u64,
    /// The price is that of this tier.
    pub tier: Tier,
    /// Half the price: a batch without a price of its own.
    pub halved: bool,
    /// The product, exactly.
    pub amount: Exact,
}

/// An amount larger than [`Usd::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cost does not fit: it is above {}", Usd::MAX)]
pub struct TooLarge;

/// The cost of some quantities at some prices.
///
/// Rates and quantities are whole numbers, their products are summed exactly, and the sum is rounded once.
///
/// # Errors
/// When the amount does not fit.
pub fn cost(quantities: &Quantities, prices: &Prices, terms: &Terms<'_>) -> Result<Cost, TooLarge> {
    let off_peak = prices.off_peak.as_ref().zip(terms.at).is_some_and(|(block, at)| block.is_open(at));
    let when = Situation::new(quantities, terms.tier, off_peak);
    let mut billed = *quantities;
    measure::bill(&mut billed, prices, when);
    let factors = factors(prices, terms);

    let mut lines = Vec::new();
    let mut unpriced = Vec::new();
    let (mut model, mut tools) = (0_u128, 0_u128);
    for (item, quantity) in billed.iter() {
        let Some(quote) = prices.quote(item, when) else {
            if !item.is_charged_only_if_priced() {
                unpriced.push(item);
            }
            continue;
        };
        let line = Line::new(item, quantity, quote).ok_or(TooLarge)?;
        let sum = if item.part() == Part::Tools { &mut tools } else { &mut model };
        *sum = sum.checked_add(line.amount.0).ok_or(TooLarge)?;
        lines.push(line);
    }

    let list =
        scaled(model, &factors).and_then(|model| model.plus(Wide::new(tools, ATTOS))).ok_or(TooLarge)?;
    Ok(Cost {
        total: terms.adjustment.apply(list).and_then(rounded).ok_or(TooLarge)?,
        before_adjustment: rounded(list).ok_or(TooLarge)?,
        lines,
        factors,
        unpriced,
    })
}

/// Decimal places of exact amounts.
pub(crate) const ATTOS: u32 = 18;

impl Cost {
    /// Whether everything that was used has a price.
    pub const fn is_complete(&self) -> bool {
        self.unpriced.is_empty()
    }

    /// What a part of the bill comes to before discount and margin, rounded for itself: parts may differ from the
    /// total by a few nano-dollars.
    pub fn part(&self, part: Part) -> Usd {
        let lines = self.lines.iter().filter(|line| line.item.part() == part);
        let sum = lines.fold(0_u128, |sum, line| sum.saturating_add(line.amount.0));
        let factors: &[Factor] = if part == Part::Tools { &[] } else { &self.factors };
        scaled(sum, factors).and_then(rounded).unwrap_or(Usd::MAX)
    }
}

impl Line {
    fn new(item: Item, quantity: u64, quote: Quote) -> Option<Self> {
        // 10⁻¹⁵ dollars, of a unit or a thousandth of it: thousandths of that are 10⁻¹⁸, which half a rate fills too.
        let thousandths = 1000 / u128::from(item.unit().scale());
        let product = u128::from(quote.rate.femtos().unsigned_abs()).checked_mul(u128::from(quantity))?;
        let amount = product.checked_mul(thousandths)?;
        Some(Self {
            item,
            quantity,
            rate: quote.rate,
            priced_as: quote.key.item,
            above: quote.key.above,
            tier: quote.key.tier,
            halved: quote.halved,
            amount: Exact(if quote.halved { amount / 2 } else { amount }),
        })
    }
}

fn factors(prices: &Prices, terms: &Terms<'_>) -> Vec<Factor> {
    let applies = |key: &FactorKey| match key {
        FactorKey::ResidencyEu => terms.residency == Some(Residency::Eu),
        FactorKey::ResidencyUs => terms.residency == Some(Residency::Us),
        FactorKey::RegionalEndpoint => terms.regional_endpoint,
        FactorKey::Fact(name) => terms.facts.iter().any(|fact| fact.eq_ignore_ascii_case(name)),
    };
    prices.factors().iter().filter(|(key, _)| applies(key)).map(|(_, factor)| *factor).collect()
}

fn scaled(attos: u128, factors: &[Factor]) -> Option<Wide> {
    let amount = Wide::new(attos, ATTOS);
    factors.iter().try_fold(amount, |amount, factor| amount.times(factor.nanos().unsigned_abs(), 9))
}

fn rounded(amount: Wide) -> Option<Usd> {
    amount.round(9).map(Usd::from_nanos)
}

#[cfg(test)]
mod tests;
