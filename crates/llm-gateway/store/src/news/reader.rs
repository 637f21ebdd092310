//! Reads numbered changes that come to be seen out of order.
//!
//! A number is taken when a row is written and seen when its transaction ends, so that a smaller number may come after
//! a greater one. A reader that only asked for what is greater than the last would miss it. This one remembers the
//! numbers that it has passed over, and asks for them too until they come or cannot come any more: numbers of
//! transactions that were rolled back never do.

use std::collections::BTreeMap;

use llm_types::UnixMs;

use super::{Change, News};

/// How long a number is waited for: far longer than a transaction lasts.
const PATIENCE_MS: u64 = 120_000;
/// Numbers that are waited for at a time; of more, the greatest.
const MOST: i64 = 1_000;
/// After a longer pause, changes may have been swept away unread.
const PAUSE_MS: u64 = 600_000;

/// The reader's place, without any database: asks for numbers and takes what there is of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The greatest number that was seen.
    seen: i64,
    /// Smaller ones that were not, since when.
    missing: BTreeMap<i64, UnixMs>,
    asked_at: UnixMs,
}

/// What to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// All numbers greater than this.
    pub after: i64,
    /// And these.
    pub also: Vec<i64>,
}

/// A change with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub number: i64,
    /// The change; none, if it is of a kind that only a newer version knows.
    pub change: Option<Change>,
}

impl Reader {
    /// Begins after the numbers that are to be seen now: the greatest ones, ascending. Those missing between them may
    /// belong to transactions that have not ended.
    pub fn start(recent: &[i64], now: UnixMs) -> Self {
        let first = recent.first().map_or(0, |first| first - 1);
        let mut reader = Self { seen: first, missing: BTreeMap::new(), asked_at: now };
        for number in recent {
            reader.see(*number, now);
        }
        reader
    }

    /// What to ask for next.
    pub fn wanted(&self) -> Wanted {
        Wanted { after: self.seen, also: self.missing.keys().copied().collect() }
    }

    /// Takes the answer, and gives each change once.
    pub fn take(&mut self, mut rows: Vec<Numbered>, now: UnixMs) -> News {
        let paused = now.since(self.asked_at) > PAUSE_MS;
        self.asked_at = now;
        rows.sort_by_key(|row| row.number);
        rows.retain(|row| self.see(row.number, now));
        self.missing.retain(|_, since| now.since(*since) <= PATIENCE_MS);
        if paused {
            News::Everything
        } else {
            News::Of(rows.into_iter().filter_map(|row| row.change).collect())
        }
    }

    /// Notes a number; true if it was not seen before.
    fn see(&mut self, number: i64, now: UnixMs) -> bool {
        if number <= self.seen {
            return self.missing.remove(&number).is_some();
        }
        let first = (self.seen + 1).max(number - MOST);
        self.missing.extend((first..number).map(|missing| (missing, now)));
        while self.missing.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
            self.missing.pop_first();
        }
        self.seen = number;
        true
    }
}
