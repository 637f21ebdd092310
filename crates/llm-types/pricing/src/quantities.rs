//! How much of each item an answer took.

use std::fmt;

use llm_types::TokenCounts;

use crate::Item;

/// How much of each item: disjoint counters, so that what an answer costs is a sum of products.
///
/// Seconds are counted in milliseconds, storage in thousandths of a gigabyte-day; see
/// [`Unit::scale`](crate::Unit::scale). The same thing may be counted twice in different units, tokens and
/// characters say: [`cost`](crate::cost) takes the one that the model's prices know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Quantities {
    counts: [u64; Item::COUNT],
    /// The items that are not zero, a bit each: an answer has a handful.
    present: u64,
    /// Results of a search, where its price depends on how many were asked for.
    pub search_results: u64,
}

impl Quantities {
    /// Nothing.
    pub const fn new() -> Self {
        const { assert!(Item::COUNT <= 64) };
        Self { counts: [0; Item::COUNT], present: 0, search_results: 0 }
    }

    /// How much of an item.
    pub const fn get(&self, item: Item) -> u64 {
        self.counts[item as usize]
    }

    /// Sets how much.
    pub const fn set(&mut self, item: Item, quantity: u64) {
        self.counts[item as usize] = quantity;
        let bit = 1_u64 << item as u32;
        self.present = if quantity == 0 { self.present & !bit } else { self.present | bit };
    }

    /// The same with so much of an item.
    #[must_use]
    pub const fn with(mut self, item: Item, quantity: u64) -> Self {
        self.set(item, quantity);
        self
    }

    /// Adds what another answer took, as far as it can be counted.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (item, more) in other.iter() {
            self.set(item, self.get(item).saturating_add(more));
        }
        self.search_results = self.search_results.saturating_add(other.search_results);
        self
    }

    /// All tokens of the prompt, cached or not, of every kind: what thresholds look at.
    pub fn prompt_tokens(&self) -> u64 {
        self.iter()
            .filter(|(item, _)| item.is_prompt_token())
            .fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// What is not zero.
    pub fn iter(&self) -> impl Iterator<Item = (Item, u64)> + '_ {
        let mut left = self.present;
        std::iter::from_fn(move || {
            let index = left.trailing_zeros() as usize;
            left &= left.checked_sub(1)?;
            Some((Item::ALL[index], self.counts[index]))
        })
    }
}

impl Default for Quantities {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Quantities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl From<TokenCounts> for Quantities {
    fn from(counts: TokenCounts) -> Self {
        Self::new()
            .with(Item::Input, counts.input)
            .with(Item::CacheRead, counts.input_cached)
            .with(Item::CacheWrite, counts.input_cache_write)
            .with(Item::CacheWrite1h, counts.input_cache_write_1h)
            .with(Item::InputAudio, counts.input_audio)
            .with(Item::Output, counts.output)
            .with(Item::Reasoning, counts.output_reasoning)
            .with(Item::OutputAudio, counts.output_audio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_is_all_that_was_read() {
        let counts = TokenCounts {
            input: 1,
            input_cached: 2,
            input_cache_write: 4,
            input_cache_write_1h: 8,
            input_audio: 16,
            output: 32,
            ..TokenCounts::default()
        };
        let quantities = Quantities::from(counts);
        assert_eq!(quantities.prompt_tokens(), counts.input_total());
        assert_eq!(quantities.plus(&quantities).get(Item::Output), 64);
        let most = Quantities::new().with(Item::Input, u64::MAX);
        assert_eq!(most.plus(&quantities).prompt_tokens(), u64::MAX);
        assert_eq!(format!("{:?}", Quantities::new().with(Item::Pages, 3)), "{Pages: 3}");
    }
}
