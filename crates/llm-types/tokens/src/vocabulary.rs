//! [`Vocabulary`]: tokens and their ranks, unpacked when first used.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::merge;

/// Single bytes, which come first in every vocabulary.
const BYTES: usize = 256;

/// Tokens and their ranks.
pub(crate) struct Vocabulary {
    ranks: FxHashMap<&'static [u8], u32>,
}

impl Vocabulary {
    pub(crate) fn o200k() -> &'static Self {
        static UNPACKED: LazyLock<Vocabulary> =
            LazyLock::new(|| Vocabulary::unpack(include_bytes!("../data/o200k_base.bin")));
        &UNPACKED
    }

    pub(crate) fn cl100k() -> &'static Self {
        static UNPACKED: LazyLock<Vocabulary> =
            LazyLock::new(|| Vocabulary::unpack(include_bytes!("../data/cl100k_base.bin")));
        &UNPACKED
    }

    /// Reads a packed vocabulary: the single bytes in the order of their ranks, then for each further token the ranks of
    /// the two that it is made of, 24 bits each, plane by plane: a byte of all, then the next byte of all.
    ///
    /// The vocabularies are kept for good, so their text is leaked. What is not in this form gives a vocabulary that is too
    /// small, and the tests tell.
    fn unpack(packed: &[u8]) -> Self {
        let data = miniz_oxide::inflate::decompress_to_vec(packed).unwrap_or_default();
        let (bytes, planes) = data.split_at_checked(BYTES).unwrap_or_default();
        let count = planes.len() / 6;
        let rank = |side: usize, at: usize| -> usize {
            (0..3).fold(0, |rank, plane| rank << 8 | usize::from(planes[(side * 3 + plane) * count + at]))
        };
        let mut text: Vec<u8> = bytes.to_vec();
        let mut spans: Vec<(usize, usize)> = (0..bytes.len()).map(|at| (at, at + 1)).collect();
        for at in 0..count {
            let start = text.len();
            for side in 0..2 {
                let (from, to) = spans.get(rank(side, at)).copied().unwrap_or_default();
                text.extend_from_within(from..to);
            }
            spans.push((start, text.len()));
        }
        text.shrink_to_fit();
        let text: &'static [u8] = text.leak();
        let ranks = (0_u32..).zip(spans).map(|(rank, (from, to))| (&text[from..to], rank)).collect();
        Self { ranks }
    }

    /// The rank of a token.
    pub(crate) fn rank(&self, token: &[u8]) -> Option<u32> {
        self.ranks.get(token).copied()
    }

    /// Adds the tokens of a piece that is not cut any further by rule.
    pub(crate) fn encode(&self, piece: &[u8], tokens: &mut Vec<u32>) {
        match self.rank(piece) {
            Some(rank) => tokens.push(rank),
            None => merge::merge(self, piece, tokens),
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.ranks.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vocabularies_are_whole() {
        assert_eq!((Vocabulary::o200k().len(), Vocabulary::cl100k().len()), (199_998, 100_256));
        for vocabulary in [Vocabulary::o200k(), Vocabulary::cl100k()] {
            assert!((0..=u8::MAX).all(|byte| vocabulary.rank(&[byte]).is_some_and(|rank| rank < 256)));
        }
    }
}
