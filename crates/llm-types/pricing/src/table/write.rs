//! Writing a table: the other half of what `xtask pricing` does.

use std::collections::HashMap;
use std::hash::Hash;

use crate::{Capabilities, ModelInfo, Prices, Rate};

use super::bytes::put;
use super::{MAGIC, VERSION, order, row, sheet};

/// What a table is made from.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    /// Name and version.
    pub source: &'a str,
    /// When it was read: `2026-11-21`.
    pub read_on: &'a str,
    /// The SHA-256 of what was read, in hexadecimal.
    pub sha256: &'a str,
}

/// Two models have one key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} stands twice")]
pub struct Duplicate(pub String);

/// Writes a table. The same models give the same bytes, in whatever order they come.
///
/// # Errors
/// When two keys differ only by the case of their letters.
pub fn write(mut models: Vec<ModelInfo<'_>>, from: Provenance<'_>) -> Result<Vec<u8>, Duplicate> {
    models.sort_by(|a, b| order(a.key, b.key));
    if let Some(pair) = models.windows(2).find(|pair| order(pair[0].key, pair[1].key).is_eq()) {
        return Err(Duplicate(pair[1].key.to_owned()));
    }
    let mut pool = Pool::default();
    let rows: Vec<_> = models.iter().map(|info| row::write(info, &mut pool)).collect();

    let sections = [
        [from.source, from.read_on, from.sha256].join("\n").into_bytes(),
        put::list(pool.texts.list.iter().map(String::as_bytes)),
        pool.rates.list.iter().flat_map(|rate| rate.femtos().to_le_bytes()).collect(),
        pool.capabilities
            .list
            .iter()
            .flat_map(|it| [it.known.to_le_bytes(), it.has.to_le_bytes()].concat())
            .collect(),
        put::list(pool.sheets.list.iter().map(Vec::as_slice)),
        put::list(rows.iter().map(Vec::as_slice)),
    ];
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    for section in &sections {
        bytes.extend((section.len() as u32).to_le_bytes());
    }
    sections.iter().for_each(|section| bytes.extend(section));
    Ok(bytes)
}

/// What rows share.
#[derive(Default)]
pub(super) struct Pool {
    texts: Interned<String>,
    rates: Interned<Rate>,
    capabilities: Interned<Capabilities>,
    sheets: Interned<Vec<u8>>,
}

impl Pool {
    /// The number of a text; zero for none.
    pub(super) fn text(&mut self, text: &str) -> u64 {
        if text.is_empty() { 0 } else { self.texts.number(text.to_owned()) + 1 }
    }

    pub(super) fn rate(&mut self, rate: Rate) -> u64 {
        self.rates.number(rate)
    }

    pub(super) fn capabilities(&mut self, capabilities: Capabilities) -> u64 {
        self.capabilities.number(capabilities)
    }

    pub(super) fn sheet(&mut self, prices: &Prices) -> u64 {
        let sheet = sheet::write(prices, self);
        self.sheets.number(sheet)
    }
}

/// Each value once, numbered as they came.
struct Interned<T> {
    list: Vec<T>,
    numbers: HashMap<T, u64>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { list: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Interned<T> {
    fn number(&mut self, value: T) -> u64 {
        let next = self.list.len() as u64;
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.list.push(value.clone());
            next
        })
    }
}
