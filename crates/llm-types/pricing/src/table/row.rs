//! A model's row: its key, then numbers. Texts are numbers of texts, zero is nothing; counts are one more than they
//! are, so that zero is nothing there too.

use crate::{Capabilities, Mode, ModelInfo, Words};

use super::Table;
use super::bytes::Bytes;
use super::sheet;

/// The key of a row.
pub(super) fn key(row: &[u8]) -> Option<&str> {
    Bytes(row).text()
}

pub(super) fn read<'a>(row: &'a [u8], table: &Table<'a>) -> Option<ModelInfo<'a>> {
    let mut bytes = Bytes(row);
    let key = bytes.text()?;
    let vendor = table.text(bytes.varint()?)?;
    let family = table.text(bytes.varint()?)?;
    let mut info = ModelInfo::new(key, vendor, family);
    info.mode = bytes.byte()?.checked_sub(1).and_then(Mode::from_index);
    info.capabilities = capabilities(table.capabilities, bytes.varint()?)?;
    if let Some(index) = bytes.varint()?.checked_sub(1) {
        info.prices = Some(sheet::read(table.sheets.get(usize::try_from(index).ok()?)?, table)?);
    }
    info.max_input_tokens = bytes.varint()?.checked_sub(1);
    info.max_output_tokens = bytes.varint()?.checked_sub(1);
    info.output_vector_size = bytes.varint()?.checked_sub(1);
    info.prompt_cache_min_tokens = bytes.varint()?.checked_sub(1);
    let mut text = || Some(table.text(bytes.varint()?));
    info.source = text()?;
    info.deprecation_date = text()?;
    info.default_reasoning_effort = text()?;
    let mut words = || Some(Words(text()?.unwrap_or_default()));
    info.endpoints = words()?;
    info.input_modalities = words()?;
    info.output_modalities = words()?;
    info.regions = words()?;
    info.reasoning_efforts = words()?;
    Some(info)
}

fn capabilities(section: &[u8], number: u64) -> Option<Capabilities> {
    let start = usize::try_from(number).ok()?.checked_mul(16)?;
    let (known, has) = section.get(start..start.checked_add(16)?)?.split_at(8);
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_le_bytes);
    Some(Capabilities { known: number(known)?, has: number(has)? })
}

#[cfg(any(test, feature = "write"))]
pub(super) fn write(info: &ModelInfo<'_>, pool: &mut super::write::Pool) -> Vec<u8> {
    use super::bytes::put;

    let mut bytes = Vec::new();
    put::text(&mut bytes, info.key);
    let texts = [info.vendor, info.family].map(|text| pool.text(text));
    texts.into_iter().for_each(|number| put::varint(&mut bytes, number));
    bytes.push(info.mode.map_or(0, |mode| mode as u8 + 1));
    put::varint(&mut bytes, pool.capabilities(info.capabilities));
    let sheet = info.prices.as_ref().map_or(0, |prices| pool.sheet(prices) + 1);
    put::varint(&mut bytes, sheet);
    let counts = [
        info.max_input_tokens,
        info.max_output_tokens,
        info.output_vector_size,
        info.prompt_cache_min_tokens,
    ];
    for count in counts {
        put::varint(&mut bytes, count.map_or(0, |count| count + 1));
    }
    let texts = [
        info.source.unwrap_or_default(),
        info.deprecation_date.unwrap_or_default(),
        info.default_reasoning_effort.unwrap_or_default(),
        info.endpoints.0,
        info.input_modalities.0,
        info.output_modalities.0,
        info.regions.0,
        info.reasoning_efforts.0,
    ];
    for text in texts {
        let number = pool.text(text);
        put::varint(&mut bytes, number);
    }
    bytes
}
