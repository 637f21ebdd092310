//! Prices under the names of LiteLLM's published table, read and written.
//!
//! The name of a rate is `<item>[_above_<N>k_tokens][_<tier>]`; the last two are taken in either order.

mod read;
mod write;

use crate::{AmountError, Item, Tier};

use super::{Prices, RateKey};

pub use read::{PriceError, Problem};

const BANDS: &str = "tiered_pricing";
const OFF_PEAK: &str = "off_peak_pricing";
const FACTS: &str = "provider_specific_entry";
const SEARCHES: &str = "search_context_cost_per_query";
const FREE_SEARCHES: &str = "search_free_requests";
const SEARCH_UNIT: &str = "web_search_billing_unit";
const RESIDENCY_EU: &str = "regional_processing_uplift_multiplier_eu";
const RESIDENCY_US: &str = "regional_processing_uplift_multiplier_us";
const REGIONAL_ENDPOINT: &str = "regional_endpoint_uplift_multiplier";

/// Everything but rates.
const OTHER: [&str; 9] = [
    BANDS,
    OFF_PEAK,
    FACTS,
    SEARCHES,
    FREE_SEARCHES,
    SEARCH_UNIT,
    RESIDENCY_EU,
    RESIDENCY_US,
    REGIONAL_ENDPOINT,
];

impl Prices {
    /// Whether a field of a LiteLLM configuration or table is one that [`from_fields`](Self::from_fields) reads.
    pub fn is_field(name: &str) -> bool {
        OTHER.contains(&name) || rate_key(name).is_some()
    }
}

/// Reads the name of a rate.
fn rate_key(name: &str) -> Option<RateKey> {
    if is_search_context(name) {
        return None;
    }
    let (name, tier) = split_tier(name);
    if let Some(item) = Item::from_key(name) {
        return Some(RateKey { item, above: 0, tier });
    }
    let (stem, rest) = name.rsplit_once("_above_")?;
    let (threshold, rest) = rest.split_once("_tokens")?;
    let tier = match (tier, rest) {
        (tier, "") => tier,
        (Tier::Standard, rest) => *Tier::ALL.iter().find(|tier| tier.suffix() == rest)?,
        _ => return None,
    };
    let above = match threshold.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1000)?,
        None => threshold.parse().ok()?,
    };
    let (stem, tier) = match split_tier(stem) {
        (stem, Tier::Standard) => (stem, tier),
        (stem, before) if tier == Tier::Standard => (stem, before),
        _ => return None,
    };
    Some(RateKey { item: Item::from_key(stem)?, above, tier }).filter(|key| key.above > 0)
}

/// Writes the name of a rate.
fn rate_name(key: RateKey) -> String {
    let tier = key.tier.suffix();
    match key.above {
        0 => format!("{}{tier}", key.item.key()),
        above if above % 1000 == 0 => format!("{}_above_{}k_tokens{tier}", key.item.key(), above / 1000),
        above => format!("{}_above_{above}_tokens{tier}", key.item.key()),
    }
}

fn split_tier(name: &str) -> (&str, Tier) {
    let named = Tier::ALL.iter().filter(|tier| **tier != Tier::Standard);
    let found = named.filter_map(|tier| name.strip_suffix(tier.suffix()).map(|stem| (stem, *tier))).next();
    found.unwrap_or((name, Tier::Standard))
}

/// Rates that stand in an object of their own.
fn is_search_context(name: &str) -> bool {
    name.starts_with("search_context_size_")
}

/// The reason in an error, with what was read.
fn amount(text: &str, reason: AmountError) -> Problem {
    Problem::Amount { text: text.to_owned(), reason }
}
