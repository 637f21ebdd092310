//! What an answer costs: a deployment's prices, and the usage that was heard.

use std::sync::Arc;

use llm_pricing::{
    Adjustment, Cost, Factor, Item, Line, ModelInfo, Prices, Rate, Reading, SearchUnit, Side, Table, Terms,
    Tier, Usd, cost, read, reported_cost,
};
use llm_provider_core::{Note, NoteKind, Seen};
use llm_tokens::Encoding;
use llm_types::{Nullable, UnixMs, Usage};

/// Bytes of text that one token stands for where the vendor did not count.
pub const BYTES_PER_TOKEN: u64 = 4;

/// What a deployment's answers cost.
#[derive(Debug, Clone, Default)]
pub struct Pricing {
    /// The vendor, whose own word on a cost counts before any table.
    pub vendor: String,
    /// The configuration's prices over those of the table; `None` if nothing is known.
    pub prices: Option<Prices>,
    /// Discount and margin.
    pub adjustment: Adjustment,
    /// Whether Vertex AI serves it from an endpoint other than the global one.
    pub regional_endpoint: bool,
    /// The vocabulary of the model, if it is here.
    pub encoding: Option<Encoding>,
    /// What whoever asks pays less or more than others do.
    pub own: Adjustment,
}

/// The cost of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The sum, and its parts.
    pub cost: Cost,
    /// Whether the vendor itself said what it costs.
    pub is_reported: bool,
    /// Whether any of it was estimated, because the vendor's usage is absent or contradicts itself.
    pub is_estimate: bool,
    /// Whether the tokens that were read and written, cached or thought, say all that it is made of.
    pub is_of_tokens: bool,
}

impl Bill {
    /// What two parts of an answer cost together.
    pub fn and(mut self, other: Self) -> Self {
        let (cost, more) = (&mut self.cost, other.cost);
        cost.total = cost.total.saturating_add(more.total);
        cost.before_adjustment = cost.before_adjustment.saturating_add(more.before_adjustment);
        cost.lines.extend(more.lines);
        cost.factors.extend(more.factors);
        cost.unpriced.extend(more.unpriced);
        Self {
            cost: self.cost,
            is_reported: self.is_reported && other.is_reported,
            is_estimate: self.is_estimate || other.is_estimate,
            is_of_tokens: self.is_of_tokens && other.is_of_tokens,
        }
    }
}

impl Pricing {
    /// What the table knows of a model, where it is served from: places may have prices of their own.
    pub fn model(vendor: &str, model: &str, region: Option<&str>) -> Option<ModelInfo<'static>> {
        Table::embedded().find_at(vendor, model, region)
    }

    /// The prices of a model: the configuration's over those of the table.
    pub fn of(vendor: &str, model: &str, region: Option<&str>, configured: &Prices) -> Option<Prices> {
        match Self::model(vendor, model, region).and_then(|known| known.prices) {
            Some(known) if configured.is_empty() => Some(known),
            Some(known) => Some(configured.clone().over(&known)),
            None => (!configured.is_empty()).then(|| configured.clone()),
        }
    }

    /// The same for somebody who pays less or more than others do.
    pub fn for_payer(self: &Arc<Self>, own: Option<Adjustment>) -> Arc<Self> {
        match own {
            Some(own) if own != self.own => Arc::new(Self { own, ..(**self).clone() }),
            _ => self.clone(),
        }
    }

    /// The most that tokens of a request cost here, and so many searches of the web; `None` if nothing is known of its price.
    /// `is_plain` says that nothing in it is priced otherwise than plain text.
    pub fn ceiling(&self, is_plain: bool, searches: u64) -> Option<llm_limits::Prices> {
        let prices = self.prices.as_ref()?;
        let dearest = prices.dearest_token()?;
        let plain = (prices.rate(Item::Input), prices.rate(Item::Output).max(prices.rate(Item::Reasoning)));
        let (input, output, factor) = match plain {
            (Some(input), Some(output)) if is_plain && !self.regional_endpoint => {
                (input, output, Factor::ONE)
            }
            _ => (dearest.prompt, dearest.completion, dearest.factor),
        };
        let own = (self.own != Adjustment::default()).then(|| paid_by(self.own) + 1);
        let by_own = |amount: i128| own.map_or(amount, |own| amount.saturating_mul(own) / PARTS + 1);
        let paid = by_own(paid_by(self.adjustment));
        let rate = |rate: Rate| {
            let exact = i128::from(rate.femtos()) * i128::from(factor.nanos());
            let scaled = exact.saturating_mul(paid) / PARTS / PARTS + 1;
            Rate::from_femtos(i64::try_from(scaled).unwrap_or(i64::MAX)).unwrap_or(Rate::FREE)
        };
        let each = [Item::WebSearchHigh, Item::WebSearch, Item::WebSearchLow].into_iter();
        let each = each.filter_map(|item| prices.rate(item)).map(Rate::femtos).max().unwrap_or(0);
        let searches = if prices.searches() == SearchUnit::Answer { searches.min(1) } else { searches };
        let searches = each.saturating_mul(i64::try_from(searches).unwrap_or(i64::MAX));
        let of_request = prices.rate(Item::Requests).map_or(0, Rate::femtos).saturating_add(searches);
        let of_request = i128::from(of_request).saturating_mul(paid_by(self.adjustment)) / PARTS;
        let request = if of_request == 0 { 0 } else { of_request.div_euclid(1_000_000) + 1 };
        let request = i64::try_from(request).unwrap_or(i64::MAX);
        let fixed = |adjustment: Adjustment| adjustment.margin.fixed.nanos().max(0);
        let request = by_own(i128::from(request.saturating_add(fixed(self.adjustment))));
        let request = i64::try_from(request).unwrap_or(i64::MAX).saturating_add(fixed(self.own));
        let request = Usd::from_nanos(request);
        Some(llm_limits::Prices { input: rate(input), output: rate(output), request })
    }

    /// What tokens cost here, as the router compares it: with the discount and the margin. `None` if nothing is known of the
    /// price of a prompt.
    pub fn router_price(&self) -> Option<llm_router::Price> {
        let prices = self.prices.as_ref()?;
        let paid = paid_by(self.adjustment);
        let rate = |item: Item| {
            let femtos = prices.rate(item)?.femtos();
            Some(i64::try_from(i128::from(femtos) * paid / PARTS).unwrap_or(i64::MAX))
        };
        let input = rate(Item::Input)?;
        Some(llm_router::Price {
            input,
            cached: rate(Item::CacheRead).unwrap_or(input),
            output: rate(Item::Output).unwrap_or(0),
            request: self.adjustment.margin.fixed.nanos().max(0).saturating_mul(1_000_000),
        })
    }

    /// How many tokens the model has written, by its vocabulary or a like one: what has been kept of the text is counted,
    /// and the rest taken for more of the same. It takes about a millisecond.
    pub fn count(&self, seen: &Seen) -> u64 {
        let bytes = seen.content_bytes;
        if seen.sample.is_empty() {
            return bytes.div_ceil(BYTES_PER_TOKEN);
        }
        let text = seen.sample.text();
        let counted = self.encoding.map_or_else(|| llm_tokens::estimate(&text), |own| own.count(&text));
        let whole = (counted as u128 * u128::from(bytes)).div_ceil(seen.sample.len() as u128);
        u64::try_from(whole).unwrap_or(u64::MAX)
    }

    /// How many tokens of those so counted the model has written for certain: vocabularies differ.
    pub const fn counted_low(&self, counted: u64) -> u64 {
        if self.encoding.is_some() { counted } else { counted - counted / 4 }
    }

    /// The usage of an answer that broke off, or that nobody heard to its end: what was written is counted here, unless the
    /// vendor has told of more. `None` if the vendor's own word stands.
    pub fn broken_usage(&self, seen: &Seen, request_bytes: u64) -> Option<Usage> {
        if seen.content_bytes == 0 {
            return None;
        }
        let counted = self.count(seen);
        let told = seen.usage.as_ref().filter(|told| sound(Some(told)).is_some());
        let Some(told) = told else {
            let read = told_usage(seen, request_bytes).counts().input_total();
            return Some(as_estimate(Usage::new(read, counted)));
        };
        let counts = told.counts();
        if counts.output_total() >= counted {
            return None;
        }
        let mut usage = told.clone();
        usage.completion_tokens = Nullable::Value(counted.into());
        usage.total_tokens = Nullable::Value(counts.input_total().saturating_add(counted).into());
        Some(as_estimate(usage))
    }

    /// What an answer costs; `None` if nothing is known of its price, which is not the same as free.
    ///
    /// `request_bytes` stands in for a prompt whose tokens nobody counted.
    pub fn bill(&self, seen: &Seen, request_bytes: u64, at: UnixMs) -> Option<Bill> {
        let mut reading = seen.usage.as_ref().map(read).unwrap_or_default();
        let is_estimate = estimate(&mut reading, seen, request_bytes);
        let mut bill = self.bill_as_read(seen, &reading, at)?;
        bill.is_estimate |= is_estimate && !bill.is_reported;
        Some(bill)
    }

    /// The same where the usage has been read.
    pub fn bill_as_read(&self, seen: &Seen, reading: &Reading, at: UnixMs) -> Option<Bill> {
        let none;
        let reported = seen.usage.as_ref().and_then(|usage| reported_cost(&self.vendor, usage));
        let prices = match &self.prices {
            Some(prices) => prices,
            None if reported.is_some() => {
                none = Prices::new();
                &none
            }
            None => return None,
        };
        let terms = Terms {
            tier: reading.tier.unwrap_or_default(),
            at: Some(at),
            residency: None,
            regional_endpoint: self.regional_endpoint,
            facts: &reading.facts,
            adjustment: self.adjustment,
        };
        let mut cost = cost(&reading.quantities, prices, &terms).ok()?;
        let is_of_tokens = is_of_tokens(&cost, !reading.facts.is_empty());
        if let Some(reported) = reported {
            cost.total = reported;
        }
        cost.total = self.own.of(cost.total)?;
        let is_reported = reported.is_some();
        let is_estimate = !is_reported && is_estimated(seen.usage.as_ref());
        Some(Bill { cost, is_reported, is_estimate, is_of_tokens })
    }
}

/// The whole, of which shares are parts.
const PARTS: i128 = Factor::ONE.nanos() as i128;

/// What is paid of a billion.
fn paid_by(Adjustment { discount, margin }: Adjustment) -> i128 {
    let rest = PARTS - i128::from(discount.nanos()).min(PARTS);
    rest * (PARTS + i128::from(margin.share.nanos())) / PARTS
}

/// Whether an entry's tokens say all that a cost is made of; `has_facts` if the vendor said how it has answered.
fn is_of_tokens(cost: &Cost, has_facts: bool) -> bool {
    let is_told = |line: &Line| {
        let item = line.priced_as;
        let is_counted = matches!(
            item,
            Item::Input
                | Item::CacheRead
                | Item::CacheWrite
                | Item::Output
                | Item::Reasoning
                | Item::Requests
        );
        line.tier == Tier::default() && !line.halved && is_counted
    };
    (cost.factors.is_empty() || !has_facts) && cost.unpriced.is_empty() && cost.lines.iter().all(is_told)
}

/// Puts estimates in the place of counts that are absent or cannot be true; whether anything was estimated.
fn estimate(reading: &mut Reading, seen: &Seen, request_bytes: u64) -> bool {
    let absent = seen.usage.is_none();
    let sides =
        [(Side::Prompt, Item::Input, request_bytes), (Side::Completion, Item::Output, seen.content_bytes)];
    let mut any = false;
    for (side, item, bytes) in sides {
        if absent || reading.needs_estimate(side) {
            reading.quantities.set(item, bytes.div_ceil(BYTES_PER_TOKEN));
            any = true;
        }
    }
    any
}

/// A vendor's usage as it is read, if it has told one that can be true.
pub fn sound(told: Option<&Usage>) -> Option<Box<Reading>> {
    // In its box at once: it is large.
    let reading = Box::new(read(told?));
    (!is_wrong(&reading)).then_some(reading)
}

/// Whether any of the tokens that a usage tells cannot be true.
fn is_wrong(reading: &Reading) -> bool {
    reading.needs_estimate(Side::Prompt) || reading.needs_estimate(Side::Completion)
}

/// The usage that a client is told where the vendor's is absent or cannot be true: with the estimates that the answer is
/// billed by, and the member [`ESTIMATED`]; `None` if the vendor's own can be told.
pub fn estimated_usage(told: Option<&Usage>, content_bytes: u64, request_bytes: u64) -> Option<Usage> {
    let reading = told.map(read).unwrap_or_default();
    let is_wrong = |side| told.is_none() || reading.needs_estimate(side);
    let (prompt, completion) = (is_wrong(Side::Prompt), is_wrong(Side::Completion));
    if !prompt && !completion {
        return None;
    }
    let counts = told.map(Usage::counts).unwrap_or_default();
    let estimate = |bytes: u64| bytes.div_ceil(BYTES_PER_TOKEN);
    let read = if prompt { estimate(request_bytes) } else { counts.input_total() };
    let written = if completion { estimate(content_bytes) } else { counts.output_total() };
    let mut usage = Usage::new(read, written);
    if let Some(told) = told {
        // Parts of a sum that cannot be true are no truer than the sum.
        if !prompt {
            usage.prompt_tokens_details = told.prompt_tokens_details.clone();
            usage.cache_creation_input_tokens = told.cache_creation_input_tokens.clone();
            usage.cache_read_input_tokens = told.cache_read_input_tokens.clone();
        }
        if !completion {
            usage.completion_tokens_details = told.completion_tokens_details.clone();
        }
        usage.server_tool_use = told.server_tool_use.clone();
        usage.extra = told.extra.clone();
    }
    Some(as_estimate(usage))
}

fn as_estimate(mut usage: Usage) -> Usage {
    usage.extra.insert(ESTIMATED.to_owned(), true.into());
    usage
}

/// Whether a usage says of itself that it is estimated.
pub fn is_estimated(usage: Option<&Usage>) -> bool {
    usage.is_some_and(|usage| usage.extra.get(ESTIMATED) == Some(&true.into()))
}

/// The usage that a client is told: the vendor's own, or the estimate in its place.
pub fn told_usage(seen: &Seen, request_bytes: u64) -> Usage {
    let told = seen.usage.as_ref();
    estimated_usage(told, seen.content_bytes, request_bytes).or_else(|| told.cloned()).unwrap_or_default()
}

/// The member of a usage that says that the gateway has estimated it.
pub const ESTIMATED: &str = "estimated";

/// What a note says of such a usage.
pub fn estimate_note(told: Option<&Usage>) -> Note {
    let why = if told.is_some() { "the vendor's contradicts itself" } else { "the vendor told none" };
    Note::new(NoteKind::Defaulted, "usage", format!("estimated; {why}"))
}

#[cfg(test)]
mod tests;
