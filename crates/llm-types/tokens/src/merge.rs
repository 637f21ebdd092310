//! Byte pair encoding: of all neighbours that make a token together, those of the lowest rank are joined first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::vocabulary::Vocabulary;

/// A part of a piece, in a list of parts from left to right.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: usize,
    /// Where it ends; where it starts once it has been joined to the part before it.
    end: usize,
    before: usize,
    after: usize,
}

/// Adds the tokens of a piece. Takes time in proportion to its length, but for a logarithm.
pub(crate) fn merge(vocabulary: &Vocabulary, piece: &[u8], tokens: &mut Vec<u32>) {
    let count = piece.len();
    let mut parts: Vec<Part> = (0..count)
        .map(|at| Part { start: at, end: at + 1, before: at.wrapping_sub(1), after: at + 1 })
        .collect();
    // What two neighbours make: the rank, where it begins (of equals the first counts), and where it ends, by which a pair
    // is known that is no longer there.
    let mut pairs: BinaryHeap<Reverse<(u32, usize, usize)>> = BinaryHeap::with_capacity(count);
    let pair = |parts: &[Part], left: usize| {
        let part = parts[left];
        let end = parts.get(part.after)?.end;
        Some(Reverse((vocabulary.rank(&piece[part.start..end])?, left, end)))
    };
    pairs.extend((0..count).filter_map(|left| pair(&parts, left)));
    while let Some(Reverse((_, left, end))) = pairs.pop() {
        let part = parts[left];
        let right = part.after;
        let is_there = part.end > part.start && parts.get(right).is_some_and(|right| right.end == end);
        if !is_there {
            continue;
        }
        let after = parts[right].after;
        parts[left].end = end;
        parts[left].after = after;
        parts[right].end = parts[right].start;
        if let Some(after) = parts.get_mut(after) {
            after.before = left;
        }
        pairs.extend(pair(&parts, left));
        if part.before < count {
            pairs.extend(pair(&parts, part.before));
        }
    }
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        // Every single byte is a token, so every part is one.
        tokens.extend(vocabulary.rank(&piece[part.start..part.end]));
        at = part.after;
    }
}
