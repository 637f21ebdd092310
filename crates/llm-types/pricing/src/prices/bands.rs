//! Rates by the size of a request: `tiered_pricing`.

use crate::{Item, Rate};

use super::Situation;

/// Rates for requests of one size. All of a request is billed in one band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// Of more than this.
    pub above: u64,
    /// Up to and including this. What is larger than the last band is billed in the last one.
    pub up_to: u64,
    pub(crate) rates: Vec<(Item, Rate)>,
}

impl Band {
    /// The rate of an item, without fallbacks.
    pub fn rate(&self, item: Item) -> Option<Rate> {
        self.rates.iter().find(|(it, _)| *it == item).map(|(_, rate)| *rate)
    }

    /// All rates.
    pub fn rates(&self) -> impl Iterator<Item = (Item, Rate)> + '_ {
        self.rates.iter().copied()
    }
}

/// What sizes are measured in, and the bands by size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bands {
    pub(crate) by: Measure,
    /// Sorted; never empty.
    pub(crate) list: Vec<Band>,
}

/// What the size of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Tokens of the prompt.
    PromptTokens,
    /// Results of a search.
    SearchResults,
}

impl Bands {
    /// The band of a request: the smallest that holds it, or the last one.
    pub(super) fn find(&self, when: Situation) -> Option<&Band> {
        let size = match self.by {
            Measure::PromptTokens => when.prompt_tokens,
            Measure::SearchResults => when.search_results,
        };
        self.list.iter().find(|band| size <= band.up_to).or(self.list.last())
    }

    /// Whether bands replace the flat rates of an item.
    pub(super) const fn covers(item: Item) -> bool {
        matches!(
            item,
            Item::Input
                | Item::CacheRead
                | Item::CacheReadExplicit
                | Item::CacheWrite
                | Item::CacheWrite1h
                | Item::CacheWrite12h
                | Item::Output
                | Item::Reasoning
        )
    }
}
