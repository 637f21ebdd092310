//! The table of models, searched where it lies: opening it reads a header, finding a model reads a dozen rows.
//!
//! One byte string: a header, then sections. Numbers are little-endian; `varint` is seven bits a byte, lowest first.
//! A *list* is its length, the ends of its members, and the members, all lengths and ends in 32 bits.
//!
//! | section | holds |
//! | --- | --- |
//! | 0 | what the table was made from: name, date, checksum, with line ends between |
//! | 1 | list of texts |
//! | 2 | rates, 64 bits each |
//! | 3 | capabilities, 64 bits known and 64 bits had, each |
//! | 4 | list of price sheets: see `sheet` |
//! | 5 | list of models, sorted by key without regard to case: see `row` |

mod bytes;
mod lookup;
mod row;
mod sheet;
#[cfg(any(test, feature = "write"))]
mod write;

use std::cmp::Ordering;

use crate::ModelInfo;
use bytes::{Bytes, List};

pub use lookup::{find, vendor_of};
#[cfg(any(test, feature = "write"))]
pub use write::{Duplicate, Provenance, write};

const MAGIC: &[u8; 8] = b"llmprice";
const VERSION: u32 = 1;
const SECTIONS: usize = 6;

/// The table that this crate carries.
static EMBEDDED: &[u8] = include_bytes!("../data/models.bin");

/// Models by key. Copying it copies a few pointers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Table<'a> {
    provenance: &'a str,
    texts: List<'a>,
    rates: &'a [u8],
    capabilities: &'a [u8],
    sheets: List<'a>,
    models: List<'a>,
}

/// Bytes that are no table of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a model table of version {VERSION}")]
pub struct NotATable;

impl Table<'static> {
    /// The table that this crate carries. It costs nothing until it is searched, and no memory of its own then.
    pub fn embedded() -> Self {
        // Tests open it; a table that cannot be opened knows no models.
        Self::open(EMBEDDED).unwrap_or_default()
    }
}

impl<'a> Table<'a> {
    /// Opens a table.
    ///
    /// # Errors
    /// When the bytes do not begin like one, or end too soon.
    pub fn open(bytes: &'a [u8]) -> Result<Self, NotATable> {
        Self::sections(bytes).ok_or(NotATable)
    }

    fn sections(bytes: &'a [u8]) -> Option<Self> {
        let mut header = Bytes(bytes);
        if header.take(MAGIC.len())? != MAGIC || header.u32()? != VERSION {
            return None;
        }
        let mut sections = [&[][..]; SECTIONS];
        let mut start = MAGIC.len() + 4 * (1 + SECTIONS);
        for section in &mut sections {
            let end = start.checked_add(usize::try_from(header.u32()?).ok()?)?;
            *section = bytes.get(start..end)?;
            start = end;
        }
        let [provenance, texts, rates, capabilities, sheets, models] = sections;
        Some(Self {
            provenance: std::str::from_utf8(provenance).ok()?,
            texts: List::open(texts)?,
            rates,
            capabilities,
            sheets: List::open(sheets)?,
            models: List::open(models)?,
        })
    }

    /// What the table was made from, such as `litellm 1.109.1`.
    pub fn source(&self) -> &'a str {
        self.provenance.lines().next().unwrap_or_default()
    }

    /// When that was read: `2026-11-21`.
    pub fn read_on(&self) -> &'a str {
        self.provenance.lines().nth(1).unwrap_or_default()
    }

    /// The SHA-256 of what it was made from.
    pub fn source_sha256(&self) -> &'a str {
        self.provenance.lines().nth(2).unwrap_or_default()
    }

    /// How many models it knows.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All models, by key.
    pub fn iter(&self) -> impl Iterator<Item = ModelInfo<'a>> + use<'a> {
        let table = *self;
        (0..table.len()).filter_map(move |index| table.model(index))
    }

    /// The model with this key, whatever the case of its letters.
    pub fn get(&self, key: &str) -> Option<ModelInfo<'a>> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match order(row::key(self.models.get(middle)?)?, key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return self.model(middle),
            }
        }
        None
    }

    fn model(&self, index: usize) -> Option<ModelInfo<'a>> {
        row::read(self.models.get(index)?, self)
    }

    /// The text with this number; none has number zero.
    fn text(&self, number: u64) -> Option<&'a str> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        std::str::from_utf8(self.texts.get(index)?).ok()
    }
}

/// The order of keys.
fn order(a: &str, b: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

#[cfg(test)]
mod tests;
