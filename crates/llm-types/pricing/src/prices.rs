//! The prices of one model, and which of them applies.

mod bands;
mod dearest;
mod fields;
mod off_peak;
mod value;

use crate::{Factor, Item, Quantities, Rate, Tier};

pub use bands::Band;
pub(crate) use bands::{Bands, Measure};
pub use dearest::Dearest;
pub use fields::{PriceError, Problem};
pub(crate) use off_peak::{OffPeak, Weekdays, Window};
pub use value::PriceValue;

/// The prices of one model: what a deployment's configuration sets, or what the table knows.
///
/// An item without a price takes the price of the item that it [falls back](Item::fallback) to; where there is none
/// either, its price is unknown. A price of zero is a price.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// Sorted by key.
    pub(crate) rates: Vec<(RateKey, Rate)>,
    pub(crate) bands: Option<Bands>,
    pub(crate) off_peak: Option<Box<OffPeak>>,
    pub(crate) factors: Vec<(FactorKey, Factor)>,
    pub(crate) free_searches: Option<FreeSearches>,
    /// Thresholds are crossed by reaching them.
    pub(crate) inclusive: bool,
    pub(crate) searches: SearchUnit,
}

/// When a rate applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateKey {
    /// To what.
    pub item: Item,
    /// When the whole prompt has more tokens than this; zero is always.
    pub above: u64,
    /// When it was served in this tier.
    pub tier: Tier,
}

/// What multiplies the price of everything but tools.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FactorKey {
    /// Processing that stays in the European Union, at OpenAI.
    ResidencyEu,
    /// Processing that stays in the United States, at OpenAI.
    ResidencyUs,
    /// An endpoint of Vertex AI other than the global one.
    RegionalEndpoint,
    /// A fact that the vendor reports with the usage, such as `us` or `fast` at Anthropic.
    Fact(String),
}

/// How web searches are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SearchUnit {
    /// Each search.
    #[default]
    Query,
    /// Each answer that searched, however often.
    Answer,
}

/// Searches that a vendor gives away. The pricing of one answer does not know how many were used: whoever counts
/// leaves the free ones out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeSearches {
    /// How many.
    pub count: u64,
    /// In what time: `day` or `month`.
    pub period: String,
    /// Models of the same group share them.
    pub shared_group: Option<String>,
}

/// What decides between the rates of an item.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Situation {
    pub(crate) prompt_tokens: u64,
    pub(crate) search_results: u64,
    pub(crate) tier: Tier,
    pub(crate) off_peak: bool,
}

/// The rate that applies, and where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) key: RateKey,
    pub(crate) rate: Rate,
    /// Half of it: a batch without a price of its own.
    pub(crate) halved: bool,
}

impl Prices {
    /// No price known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no price is known.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty() && self.bands.is_none()
    }

    /// The usual rate of an item, without thresholds, tiers and fallbacks.
    pub fn rate(&self, item: Item) -> Option<Rate> {
        self.exact(RateKey { item, above: 0, tier: Tier::Standard })
    }

    /// Sets the usual rate of an item.
    #[must_use]
    pub fn with(mut self, item: Item, rate: Rate) -> Self {
        self.set(RateKey { item, above: 0, tier: Tier::Standard }, rate);
        self
    }

    /// Sets a rate.
    pub fn set(&mut self, key: RateKey, rate: Rate) {
        match self.rates.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => self.rates[at].1 = rate,
            Err(at) => self.rates.insert(at, (key, rate)),
        }
    }

    /// All flat rates, sorted.
    pub fn rates(&self) -> impl Iterator<Item = (RateKey, Rate)> + '_ {
        self.rates.iter().copied()
    }

    /// Rates by the size of the request; the whole request is billed at one of them. Empty for most models.
    pub fn bands(&self) -> &[Band] {
        self.bands.as_ref().map_or(&[], |bands| &bands.list)
    }

    /// What multiplies the price, and when.
    pub fn factors(&self) -> &[(FactorKey, Factor)] {
        &self.factors
    }

    /// Searches that the vendor gives away.
    pub const fn free_searches(&self) -> Option<&FreeSearches> {
        self.free_searches.as_ref()
    }

    /// How web searches are counted.
    pub const fn searches(&self) -> SearchUnit {
        self.searches
    }

    /// Says how web searches are counted.
    #[must_use]
    pub const fn with_searches(mut self, unit: SearchUnit) -> Self {
        self.searches = unit;
        self
    }

    /// Whether a threshold is crossed by reaching it, as at xAI, and not only by exceeding it.
    pub const fn has_inclusive_thresholds(&self) -> bool {
        self.inclusive
    }

    /// Says whether a threshold is crossed by reaching it.
    #[must_use]
    pub const fn with_inclusive_thresholds(mut self, inclusive: bool) -> Self {
        self.inclusive = inclusive;
        self
    }

    /// These prices, and those of `base` for what these leave open.
    ///
    /// An item that is priced here takes nothing from `base`, neither thresholds nor tiers; a token that is priced
    /// here takes away the bands and the off-peak rates of `base` as well. So what a deployment sets is what it pays.
    #[must_use]
    pub fn over(mut self, base: &Self) -> Self {
        let mine: Vec<Item> = self.rates.iter().map(|(key, _)| key.item).collect();
        let prices_tokens = self.bands.is_some() || mine.iter().any(|item| item.is_token());
        for (key, rate) in &base.rates {
            if !mine.contains(&key.item) {
                self.set(*key, *rate);
            }
        }
        if !prices_tokens {
            self.bands.clone_from(&base.bands);
            self.off_peak = self.off_peak.or_else(|| base.off_peak.clone());
        }
        for (key, factor) in &base.factors {
            if !self.factors.iter().any(|(mine, _)| mine == key) {
                self.factors.push((key.clone(), *factor));
            }
        }
        self.factors.sort();
        self.free_searches = self.free_searches.or_else(|| base.free_searches.clone());
        if self.searches == SearchUnit::default() {
            self.searches = base.searches;
        }
        self.inclusive |= base.inclusive;
        self
    }

    /// Whether an item has a rate of its own, in whatever situation.
    pub(crate) fn has(&self, item: Item) -> bool {
        self.rates.iter().any(|(key, _)| key.item == item)
            || self.bands().iter().any(|band| band.rate(item).is_some())
    }

    /// The rate of an item in a situation, its own or that of what it falls back to.
    pub(crate) fn quote(&self, item: Item, when: Situation) -> Option<Quote> {
        if let Some(quote) = self.off_peak_quote(item, when) {
            return Some(quote);
        }
        if let Some(band) = self.bands.as_ref().and_then(|bands| bands.find(when)) {
            if let Some(rate) = band.rate(item) {
                let key = RateKey { item, above: band.above, tier: Tier::Standard };
                return Some(Quote { key, rate, halved: is_halved(item, when) });
            }
            // A request never mixes bands and flat rates; only an output price may stand beside bands of input.
            if Bands::covers(item) && item != Item::Output {
                return self.quote(item.fallback()?, when);
            }
        }
        let own = self.own(item, when);
        if item == Item::Reasoning {
            return self.reasoning(own, when);
        }
        own.or_else(|| self.quote(item.fallback()?, when))
    }

    /// Thinking follows the output into a tier: a tier with an output rate and no rate for thinking bills thinking as
    /// output, not at the standard rate for thinking.
    fn reasoning(&self, own: Option<Quote>, when: Situation) -> Option<Quote> {
        let output = self.quote(Item::Output, when);
        match (own, output) {
            (Some(own), Some(output)) if own.key.tier < output.key.tier => Some(output),
            (own, output) => own.or(output),
        }
    }

    fn off_peak_quote(&self, item: Item, when: Situation) -> Option<Quote> {
        let block = self.off_peak.as_ref().filter(|_| when.off_peak)?;
        let rate = block.rate(item)?;
        let key = RateKey { item, above: 0, tier: Tier::Standard };
        // A batch that has a price of its own costs that at every hour.
        if when.tier == Tier::Batch && self.exact(RateKey { tier: Tier::Batch, ..key }).is_some() {
            return None;
        }
        Some(Quote { key, rate, halved: is_halved(item, when) })
    }

    /// The rate of its own: that of the highest threshold crossed, in the tier if it has one there.
    fn own(&self, item: Item, when: Situation) -> Option<Quote> {
        let start = self.rates.partition_point(|(key, _)| key.item < item);
        let mine = &self.rates[start..];
        let mine = &mine[..mine.partition_point(|(key, _)| key.item == item)];
        let crossed = |above: u64| {
            above == 0 || when.prompt_tokens > above || (self.inclusive && when.prompt_tokens == above)
        };
        let best =
            |tier: Tier| mine.iter().rev().find(|(key, _)| key.tier == tier && crossed(key.above)).copied();
        let quote = |(key, rate), halved| Quote { key, rate, halved };
        let standard = best(Tier::Standard);
        match (best(when.tier), standard) {
            // A batch is priced as a whole: its flat price comes before a standard price above a threshold.
            (Some(found), _) if when.tier == Tier::Batch => Some(quote(found, false)),
            (Some(found), Some(usual)) if usual.0.above > found.0.above => Some(quote(usual, false)),
            (Some(found), _) => Some(quote(found, false)),
            (None, usual) => usual.map(|usual| quote(usual, is_halved(item, when))),
        }
    }

    fn exact(&self, key: RateKey) -> Option<Rate> {
        self.rates.binary_search_by_key(&key, |(key, _)| *key).ok().map(|at| self.rates[at].1)
    }
}

impl Situation {
    pub(crate) fn new(quantities: &Quantities, tier: Tier, off_peak: bool) -> Self {
        Self {
            prompt_tokens: quantities.prompt_tokens(),
            search_results: quantities.search_results,
            tier,
            off_peak,
        }
    }
}

const fn is_halved(item: Item, when: Situation) -> bool {
    matches!(when.tier, Tier::Batch) && item.is_token()
}

#[cfg(test)]
mod tests;
