//! A price sheet: rates, then what only some models have, behind a byte of flags.

use crate::prices::{Band, Bands, FreeSearches, Measure, OffPeak, SearchUnit, Weekdays, Window};
use crate::{Factor, FactorKey, Item, Prices, Rate, RateKey, Tier};

use super::Table;
use super::bytes::Bytes;

const INCLUSIVE: u8 = 1;
const SEARCHES_BY_ANSWER: u8 = 2;
const BANDS: u8 = 4;
const OFF_PEAK: u8 = 8;
const FACTORS: u8 = 16;
const FREE_SEARCHES: u8 = 32;
/// A bit of the byte that holds a tier.
const ABOVE: u8 = 128;

pub(super) fn read(sheet: &[u8], table: &Table<'_>) -> Option<Prices> {
    let mut bytes = Bytes(sheet);
    let flags = bytes.byte()?;
    let mut prices = Prices::new();
    let count = bytes.count()?;
    prices.rates.reserve_exact(count);
    for _ in 0..count {
        let (item, tier) = (Item::from_index(bytes.byte()?)?, bytes.byte()?);
        let above = if tier & ABOVE == 0 { 0 } else { bytes.varint()? };
        let tier = *Tier::ALL.get(usize::from(tier & !ABOVE))?;
        prices.rates.push((RateKey { item, above, tier }, rate(&mut bytes, table)?));
    }
    prices.inclusive = flags & INCLUSIVE != 0;
    if flags & SEARCHES_BY_ANSWER != 0 {
        prices.searches = SearchUnit::Answer;
    }
    if flags & BANDS != 0 {
        prices.bands = Some(bands(&mut bytes, table)?);
    }
    if flags & OFF_PEAK != 0 {
        prices.off_peak = Some(Box::new(off_peak(&mut bytes, table)?));
    }
    if flags & FACTORS != 0 {
        for _ in 0..bytes.count()? {
            let key = factor_key(bytes.byte()?, &mut bytes, table)?;
            prices.factors.push((key, Factor::from_nanos(bytes.varint()?.try_into().ok()?)?));
        }
    }
    if flags & FREE_SEARCHES != 0 {
        prices.free_searches = Some(FreeSearches {
            count: bytes.varint()?,
            period: table.text(bytes.varint()?)?.to_owned(),
            shared_group: table.text(bytes.varint()?).map(str::to_owned),
        });
    }
    Some(prices)
}

fn rate(bytes: &mut Bytes<'_>, table: &Table<'_>) -> Option<Rate> {
    let start = usize::try_from(bytes.varint()?).ok()?.checked_mul(8)?;
    let rate = table.rates.get(start..start.checked_add(8)?)?;
    Rate::from_femtos(i64::from_le_bytes(rate.try_into().ok()?))
}

fn rates(bytes: &mut Bytes<'_>, table: &Table<'_>) -> Option<Vec<(Item, Rate)>> {
    let count = bytes.count()?;
    (0..count).map(|_| Some((Item::from_index(bytes.byte()?)?, rate(bytes, table)?))).collect()
}

fn bands(bytes: &mut Bytes<'_>, table: &Table<'_>) -> Option<Bands> {
    let by = if bytes.byte()? == 0 { Measure::PromptTokens } else { Measure::SearchResults };
    let count = bytes.count()?;
    let band = |_| Some(Band { above: bytes.varint()?, up_to: bytes.varint()?, rates: rates(bytes, table)? });
    Some(Bands { by, list: (0..count).map(band).collect::<Option<_>>()? })
}

fn off_peak(bytes: &mut Bytes<'_>, table: &Table<'_>) -> Option<OffPeak> {
    let rates = rates(bytes, table)?;
    let weekday_offset_minutes = i16::from_le_bytes(bytes.take(2)?.try_into().ok()?);
    let count = bytes.count()?;
    let window = |_| {
        let (start, end) = (bytes.varint()?.try_into().ok()?, bytes.varint()?.try_into().ok()?);
        Some(Window { start, end, weekdays: Weekdays(bytes.byte()?) })
    };
    Some(OffPeak { rates, windows: (0..count).map(window).collect::<Option<_>>()?, weekday_offset_minutes })
}

fn factor_key(kind: u8, bytes: &mut Bytes<'_>, table: &Table<'_>) -> Option<FactorKey> {
    Some(match kind {
        0 => FactorKey::ResidencyEu,
        1 => FactorKey::ResidencyUs,
        2 => FactorKey::RegionalEndpoint,
        _ => FactorKey::Fact(table.text(bytes.varint()?)?.to_owned()),
    })
}

#[cfg(any(test, feature = "write"))]
pub(super) fn write(prices: &Prices, pool: &mut super::write::Pool) -> Vec<u8> {
    use super::bytes::put;

    let flag = |yes: bool, flag: u8| if yes { flag } else { 0 };
    let mut bytes = vec![
        flag(prices.inclusive, INCLUSIVE)
            | flag(prices.searches == SearchUnit::Answer, SEARCHES_BY_ANSWER)
            | flag(prices.bands.is_some(), BANDS)
            | flag(prices.off_peak.is_some(), OFF_PEAK)
            | flag(!prices.factors.is_empty(), FACTORS)
            | flag(prices.free_searches.is_some(), FREE_SEARCHES),
    ];
    put::varint(&mut bytes, prices.rates.len() as u64);
    for (key, rate) in &prices.rates {
        bytes.push(key.item as u8);
        bytes.push(key.tier as u8 | flag(key.above > 0, ABOVE));
        if key.above > 0 {
            put::varint(&mut bytes, key.above);
        }
        put::varint(&mut bytes, pool.rate(*rate));
    }
    let write_rates = |bytes: &mut Vec<u8>, rates: &[(Item, Rate)], pool: &mut super::write::Pool| {
        put::varint(bytes, rates.len() as u64);
        for (item, rate) in rates {
            bytes.push(*item as u8);
            put::varint(bytes, pool.rate(*rate));
        }
    };
    if let Some(bands) = &prices.bands {
        bytes.push(u8::from(bands.by == Measure::SearchResults));
        put::varint(&mut bytes, bands.list.len() as u64);
        for band in &bands.list {
            put::varint(&mut bytes, band.above);
            put::varint(&mut bytes, band.up_to);
            write_rates(&mut bytes, &band.rates, pool);
        }
    }
    if let Some(block) = &prices.off_peak {
        write_rates(&mut bytes, &block.rates, pool);
        bytes.extend(block.weekday_offset_minutes.to_le_bytes());
        put::varint(&mut bytes, block.windows.len() as u64);
        for window in &block.windows {
            put::varint(&mut bytes, window.start.into());
            put::varint(&mut bytes, window.end.into());
            bytes.push(window.weekdays.0);
        }
    }
    if !prices.factors.is_empty() {
        put::varint(&mut bytes, prices.factors.len() as u64);
        for (key, factor) in &prices.factors {
            match key {
                FactorKey::ResidencyEu => bytes.push(0),
                FactorKey::ResidencyUs => bytes.push(1),
                FactorKey::RegionalEndpoint => bytes.push(2),
                FactorKey::Fact(fact) => {
                    bytes.push(3);
                    put::varint(&mut bytes, pool.text(fact));
                }
            }
            put::varint(&mut bytes, factor.nanos().unsigned_abs());
        }
    }
    if let Some(free) = &prices.free_searches {
        put::varint(&mut bytes, free.count);
        put::varint(&mut bytes, pool.text(&free.period));
        put::varint(&mut bytes, pool.text(free.shared_group.as_deref().unwrap_or_default()));
    }
    bytes
}
