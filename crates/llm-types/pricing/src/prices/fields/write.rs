//! From prices to fields.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::money::number;
use crate::{Item, Rate};

use super::super::bands::{Band, Bands, Measure};
use super::super::{FactorKey, OffPeak, Prices, SearchUnit, Weekdays, Window};
use super::{
    BANDS, FACTS, FREE_SEARCHES, OFF_PEAK, REGIONAL_ENDPOINT, RESIDENCY_EU, RESIDENCY_US, SEARCH_UNIT,
    SEARCHES, is_search_context, rate_name,
};

/// Writes the fields that [`Prices::from_fields`] reads, amounts as numbers.
impl Serialize for Prices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write_fields(&mut map)?;
        map.end()
    }
}

impl Prices {
    /// Writes the fields into an object that somebody else has begun.
    pub(crate) fn write_fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (key, rate) in self.rates().filter(|(key, _)| !is_search_context(key.item.key())) {
            map.serialize_entry(&rate_name(key), &PerUnits(key.item, rate))?;
        }
        let searches: Vec<(Item, Rate)> = self
            .rates()
            .filter(|(key, _)| is_search_context(key.item.key()))
            .map(|(key, rate)| (key.item, rate))
            .collect();
        if !searches.is_empty() {
            map.serialize_entry(SEARCHES, &Rates(&searches))?;
        }
        if self.searches == SearchUnit::Answer {
            map.serialize_entry(SEARCH_UNIT, "per_answer")?;
        }
        if let Some(free) = &self.free_searches {
            map.serialize_entry(FREE_SEARCHES, free)?;
        }
        if let Some(bands) = &self.bands {
            map.serialize_entry(BANDS, bands)?;
        }
        if let Some(block) = &self.off_peak {
            map.serialize_entry(OFF_PEAK, block)?;
        }
        self.write_factors(map)
    }

    fn write_factors<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let mut facts = Vec::new();
        for (key, factor) in &self.factors {
            match key {
                FactorKey::ResidencyEu => map.serialize_entry(RESIDENCY_EU, factor)?,
                FactorKey::ResidencyUs => map.serialize_entry(RESIDENCY_US, factor)?,
                FactorKey::RegionalEndpoint => map.serialize_entry(REGIONAL_ENDPOINT, factor)?,
                FactorKey::Fact(fact) => facts.push((fact, factor)),
            }
        }
        if facts.is_empty() { Ok(()) } else { map.serialize_entry(FACTS, &Facts(&facts)) }
    }
}

/// A rate as the field wants it: for one unit, or for a thousand.
struct PerUnits(Item, Rate);

impl Serialize for PerUnits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(item, rate) = *self;
        match item.per() {
            1 => rate.serialize(serializer),
            per => number(&Scaled(u128::from(rate.femtos().unsigned_abs()) * u128::from(per)), serializer),
        }
    }
}

struct Scaled(u128);

impl std::fmt::Display for Scaled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::decimal::write(f, false, self.0, 15)
    }
}

struct Rates<'a>(&'a [(Item, Rate)]);

impl Serialize for Rates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(item, rate)| (item.key(), rate)))
    }
}

struct Facts<'a, F>(&'a [(&'a String, F)]);

impl<F: Serialize> Serialize for Facts<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, factor)| (name, factor)))
    }
}

impl Serialize for super::super::FreeSearches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.count)?;
        map.serialize_entry("period", &self.period)?;
        if let Some(group) = &self.shared_group {
            map.serialize_entry("shared_group", group)?;
        }
        map.end()
    }
}

impl Serialize for Bands {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list.iter().map(|band| NamedBand(self.by, band)))
    }
}

struct NamedBand<'a>(Measure, &'a Band);

impl Serialize for NamedBand<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(by, band) = self;
        let mut map = serializer.serialize_map(None)?;
        match by {
            Measure::PromptTokens => map.serialize_entry("range", &[band.above, band.up_to])?,
            Measure::SearchResults => {
                let first = if band.above == 0 { 0 } else { band.above + 1 };
                map.serialize_entry("max_results_range", &[first, band.up_to])?;
            }
        }
        for (item, rate) in band.rates() {
            map.serialize_entry(item.key(), &rate)?;
        }
        map.end()
    }
}

impl Serialize for OffPeak {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (item, rate) in &self.rates {
            map.serialize_entry(item.key(), rate)?;
        }
        map.serialize_entry("windows", &self.windows)?;
        if self.weekday_offset_minutes != 0 {
            let (sign, minutes) = match self.weekday_offset_minutes {
                offset if offset < 0 => ('-', offset.unsigned_abs()),
                offset => ('+', offset.unsigned_abs()),
            };
            let offset = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            map.serialize_entry("weekday_timezone", &offset)?;
        }
        map.end()
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("hours_utc", &format!("{}-{}", clock(self.start), clock(self.end)))?;
        if self.weekdays != Weekdays::ALL {
            let days: Vec<u8> =
                (0..7).filter(|day| self.weekdays.0 >> day & 1 == 1).map(|day| day + 1).collect();
            map.serialize_entry("weekdays", &days)?;
        }
        map.end()
    }
}
