//! From fields to prices.

use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};

use crate::decimal::Decimal;
use crate::{AmountError, Factor, Item, Rate, Tier};

use super::super::bands::{Band, Bands, Measure};
use super::super::{
    FactorKey, FreeSearches, OffPeak, PriceValue, Prices, RateKey, SearchUnit, Weekdays, Window,
};
use super::{
    BANDS, FACTS, FREE_SEARCHES, OFF_PEAK, REGIONAL_ENDPOINT, RESIDENCY_EU, RESIDENCY_US, SEARCH_UNIT,
    SEARCHES, amount, is_search_context, rate_key,
};

/// A field that is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct PriceError {
    /// Which field, such as `tiered_pricing[1].input_cost_per_token`.
    pub key: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no such price.
    #[error("no price has this name")]
    UnknownKey,
    /// Something else than what belongs there.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A number that does not fit.
    #[error("{text} {reason}")]
    Amount {
        /// The number, as it was read.
        text: String,
        /// Why not.
        reason: AmountError,
    },
}

impl Problem {
    fn at(self, key: impl Into<String>) -> PriceError {
        PriceError { key: key.into(), problem: self }
    }
}

impl PriceError {
    fn under(mut self, place: &str) -> Self {
        self.key = if self.key.starts_with('[') {
            format!("{place}{}", self.key)
        } else {
            format!("{place}.{}", self.key)
        };
        self
    }
}

impl Prices {
    /// Reads prices from the fields of a LiteLLM configuration or table; `null` sets nothing.
    ///
    /// # Errors
    /// The first field that is no price, or whose amount does not fit exactly.
    pub fn from_fields<'a>(
        fields: impl IntoIterator<Item = (&'a str, &'a PriceValue)>,
    ) -> Result<Self, PriceError> {
        let mut prices = Self::new();
        let mut cache_hit = None;
        for (name, value) in fields {
            if *value == PriceValue::Null {
                continue;
            }
            // An older name of the same price; the newer one wins, whichever comes first.
            if name == "input_cost_per_token_cache_hit" {
                cache_hit = Some(amount_of(value, 1).map_err(|problem| problem.at(name))?);
                continue;
            }
            prices.read_field(name, value)?;
        }
        if let Some(rate) = cache_hit.filter(|_| prices.rate(Item::CacheRead).is_none()) {
            prices = prices.with(Item::CacheRead, rate);
        }
        prices.factors.sort();
        Ok(prices)
    }

    fn read_field(&mut self, name: &str, value: &PriceValue) -> Result<(), PriceError> {
        let done = match name {
            BANDS => bands(value).map(|bands| self.bands = Some(bands)),
            OFF_PEAK => off_peak(value).map(|block| self.off_peak = Some(Box::new(block))),
            FACTS => self.read_facts(value),
            SEARCHES => self.read_searches(value),
            FREE_SEARCHES => free_searches(value).map(|free| self.free_searches = Some(free)),
            SEARCH_UNIT => match value.as_text() {
                Some("per_query") => {
                    self.searches = SearchUnit::Query;
                    return Ok(());
                }
                Some("per_answer") => {
                    self.searches = SearchUnit::Answer;
                    return Ok(());
                }
                _ => return Err(Problem::Expected("`per_query` or `per_answer`").at(name)),
            },
            RESIDENCY_EU => return self.read_factor(FactorKey::ResidencyEu, name, value),
            RESIDENCY_US => return self.read_factor(FactorKey::ResidencyUs, name, value),
            REGIONAL_ENDPOINT => return self.read_factor(FactorKey::RegionalEndpoint, name, value),
            name => {
                let key = rate_key(name).ok_or_else(|| Problem::UnknownKey.at(name))?;
                let rate = amount_of(value, key.item.per()).map_err(|problem| problem.at(name))?;
                self.set(key, rate);
                return Ok(());
            }
        };
        done.map_err(|error| error.under(name))
    }

    fn read_factor(&mut self, key: FactorKey, name: &str, value: &PriceValue) -> Result<(), PriceError> {
        let factor = factor(value).map_err(|problem| problem.at(name))?;
        self.factors.push((key, factor));
        Ok(())
    }

    /// Multipliers by fact. Other things that stand there are hints for programs, not prices.
    fn read_facts(&mut self, value: &PriceValue) -> Result<(), PriceError> {
        let facts =
            value.as_map().ok_or_else(|| Problem::Expected("an object").at("provider_specific_entry"));
        for (fact, value) in facts? {
            if matches!(value, PriceValue::Number(_)) {
                let factor = factor(value).map_err(|problem| problem.at(fact))?;
                self.factors.push((FactorKey::Fact(fact.clone()), factor));
            }
        }
        Ok(())
    }

    fn read_searches(&mut self, value: &PriceValue) -> Result<(), PriceError> {
        let sizes = value.as_map().ok_or_else(|| Problem::Expected("an object").at("search_context"))?;
        for (size, value) in sizes {
            let item = Item::from_key(size).filter(|_| is_search_context(size));
            let item = item.ok_or_else(|| Problem::UnknownKey.at(size))?;
            let rate = amount_of(value, 1).map_err(|problem| problem.at(size))?;
            self.set(RateKey { item, above: 0, tier: Tier::Standard }, rate);
        }
        Ok(())
    }
}

/// Strict: a field that is no price is an error.
impl<'de> Deserialize<'de> for Prices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = PriceValue::deserialize(deserializer)?;
        let fields = value.as_map().ok_or_else(|| de::Error::custom("expected prices by name"))?;
        Self::from_fields(fields.iter().map(|(name, value)| (name.as_str(), value)))
            .map_err(de::Error::custom)
    }
}

/// A rate, from the price of `per` units.
fn amount_of(value: &PriceValue, per: u16) -> Result<Rate, Problem> {
    let text = value.as_number().ok_or(Problem::Expected("a number"))?;
    if per == 1 {
        return text.parse().map_err(|reason| amount(text, reason));
    }
    // Three more decimals, since the price is for a thousand.
    let femtos = Decimal::parse(text).and_then(|decimal| decimal.scaled(12));
    let femtos = femtos.map_err(|reason| amount(text, reason))?;
    Rate::from_femtos(femtos).ok_or_else(|| amount(text, AmountError::Negative))
}

fn factor(value: &PriceValue) -> Result<Factor, Problem> {
    let text = value.as_number().ok_or(Problem::Expected("a number"))?;
    Factor::from_str(text).map_err(|reason| amount(text, reason))
}

fn whole(value: &PriceValue) -> Result<u64, Problem> {
    let text = value.as_number().ok_or(Problem::Expected("a whole number"))?;
    let count = Decimal::parse(text).and_then(|decimal| decimal.scaled(0));
    let count = count.map_err(|reason| amount(text, reason))?;
    u64::try_from(count).map_err(|_| amount(text, AmountError::Negative))
}

fn bands(value: &PriceValue) -> Result<Bands, PriceError> {
    let list = value.as_list().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Problem::Expected("a list of bands").at("[0]"))?;
    let mut measure = None;
    let mut bands = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let (by, band) = band(value).map_err(|error| error.under(&format!("[{index}]")))?;
        if *measure.get_or_insert(by) != by {
            return Err(Problem::Expected("the same kind of range as before").at(format!("[{index}]")));
        }
        bands.push(band);
    }
    bands.sort_by_key(|band| band.up_to);
    Ok(Bands { by: measure.unwrap_or(Measure::PromptTokens), list: bands })
}

fn band(value: &PriceValue) -> Result<(Measure, Band), PriceError> {
    let (by, name, required) = match value.get("max_results_range") {
        Some(_) => (Measure::SearchResults, "max_results_range", Item::Queries),
        None => (Measure::PromptTokens, "range", Item::Input),
    };
    let (start, up_to) = match value.get(name).and_then(PriceValue::as_list) {
        Some([start, end]) => (
            whole(start).map_err(|problem| problem.at(name))?,
            whole(end).map_err(|problem| problem.at(name))?,
        ),
        _ => return Err(Problem::Expected("a list of two numbers").at(name)),
    };
    if start > up_to {
        return Err(Problem::Expected("the smaller number first").at(name));
    }
    let mut rates = Vec::new();
    for (key, value) in value.as_map().unwrap_or_default().iter().filter(|(key, _)| key != name) {
        let item = Item::from_key(key).ok_or_else(|| Problem::UnknownKey.at(key))?;
        rates.push((item, amount_of(value, 1).map_err(|problem| problem.at(key))?));
    }
    if !rates.iter().any(|(item, _)| *item == required) {
        return Err(Problem::Expected("a price").at(required.key()));
    }
    // Ranges of results name their first one, ranges of tokens the last one before.
    let above = if by == Measure::SearchResults { start.saturating_sub(1) } else { start };
    Ok((by, Band { above, up_to, rates }))
}

fn off_peak(value: &PriceValue) -> Result<OffPeak, PriceError> {
    let fields = value.as_map().ok_or_else(|| Problem::Expected("an object").at("hours_utc"))?;
    let mut block = OffPeak { rates: Vec::new(), windows: Vec::new(), weekday_offset_minutes: 0 };
    for (key, value) in fields.iter().filter(|(_, value)| *value != PriceValue::Null) {
        match key.as_str() {
            "hours_utc" => {
                hours(value, Weekdays::ALL, &mut block.windows).map_err(|problem| problem.at(key))?;
            }
            "windows" => {
                let rules = value.as_list().ok_or_else(|| Problem::Expected("a list").at(key))?;
                for (index, rule) in rules.iter().enumerate() {
                    rule_hours(rule, &mut block.windows)
                        .map_err(|problem| problem.at(format!("windows[{index}]")))?;
                }
            }
            "weekday_timezone" => {
                let offset = value.as_text().and_then(offset_minutes);
                block.weekday_offset_minutes =
                    offset.ok_or_else(|| Problem::Expected("`UTC`, `Asia/Shanghai` or `+08:00`").at(key))?;
            }
            name => {
                let item = Item::from_key(name).ok_or_else(|| Problem::UnknownKey.at(name))?;
                block.rates.push((item, amount_of(value, 1).map_err(|problem| problem.at(name))?));
            }
        }
    }
    Ok(block)
}

fn rule_hours(rule: &PriceValue, windows: &mut Vec<Window>) -> Result<(), Problem> {
    let weekdays = match rule.get("weekdays") {
        None => Weekdays::ALL,
        Some(days) => weekdays(days).ok_or(Problem::Expected("weekdays from 1, Monday, to 7"))?,
    };
    hours(rule.get("hours_utc").ok_or(Problem::Expected("hours_utc"))?, weekdays, windows)
}

fn weekdays(value: &PriceValue) -> Option<Weekdays> {
    let mut days = 0;
    for day in value.as_list()? {
        let number = match day.as_text().map(|name| name.get(..3).unwrap_or(name).to_ascii_lowercase()) {
            Some(name) => {
                ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|it| *it == name)? as u64
                    + 1
            }
            None => whole(day).ok()?,
        };
        if !(1..=7).contains(&number) {
            return None;
        }
        days |= 1 << (number - 1);
    }
    Some(Weekdays(days))
}

/// One `HH:MM-HH:MM` or a list of them.
fn hours(value: &PriceValue, weekdays: Weekdays, windows: &mut Vec<Window>) -> Result<(), Problem> {
    let texts = value.as_list().unwrap_or(std::slice::from_ref(value));
    for text in texts {
        let ends = text.as_text().and_then(|text| text.split_once('-'));
        let ends = ends.and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        let (start, end) = ends.ok_or(Problem::Expected("hours such as `16:30-00:30`"))?;
        windows.push(Window { start, end, weekdays });
    }
    Ok(())
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// Minutes ahead of UTC. Only zones without summer time are known by name.
fn offset_minutes(zone: &str) -> Option<i16> {
    match zone {
        "UTC" | "Etc/UTC" | "Z" => Some(0),
        "Asia/Shanghai" | "Asia/Singapore" | "Asia/Hong_Kong" => Some(8 * 60),
        _ => {
            let (sign, rest) = match zone.strip_prefix('-') {
                Some(rest) => (-1, rest),
                None => (1, zone.strip_prefix('+')?),
            };
            Some(sign * i16::try_from(minute(rest)?).ok()?)
        }
    }
}

fn free_searches(value: &PriceValue) -> Result<FreeSearches, PriceError> {
    let count = value.get("count").ok_or_else(|| Problem::Expected("a number").at("count"))?;
    let period = value.get("period").and_then(PriceValue::as_text);
    let period = period.filter(|period| matches!(*period, "day" | "month"));
    Ok(FreeSearches {
        count: whole(count).map_err(|problem| problem.at("count"))?,
        period: period.ok_or_else(|| Problem::Expected("`day` or `month`").at("period"))?.to_owned(),
        shared_group: value.get("shared_group").and_then(PriceValue::as_text).map(str::to_owned),
    })
}
