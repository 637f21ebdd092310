//! [`Ordinals`]: how often a request came, for scripts that fail the first times.

use std::collections::HashMap;

/// Keys remembered; past it everything is forgotten, so that a long-lived driver stays small.
const CAPACITY: usize = 4_096;

/// Counts requests by [`Prepared::ordinal_key`](crate::Prepared::ordinal_key).
///
/// A driver keeps one of these beside each script of its own.
#[derive(Clone, Debug, Default)]
pub struct Ordinals {
    seen: HashMap<u64, u64>,
}

impl Ordinals {
    /// How many requests with this key came before; 0 the first time.
    pub fn next(&mut self, key: u64) -> u64 {
        if self.seen.len() >= CAPACITY && !self.seen.contains_key(&key) {
            self.seen.clear();
        }
        let count = self.seen.entry(key).or_default();
        let before = *count;
        *count += 1;
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_apart_and_memory_is_bounded() {
        let mut ordinals = Ordinals::default();
        assert_eq!([ordinals.next(1), ordinals.next(1), ordinals.next(2)], [0, 1, 0]);
        for key in 0..3 * CAPACITY as u64 {
            ordinals.next(key);
            assert!(ordinals.seen.len() <= CAPACITY);
        }
    }
}
