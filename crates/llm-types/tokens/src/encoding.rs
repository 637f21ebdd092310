//! [`Encoding`]: a vocabulary and the rules by which a text is cut for it.

use crate::model;
#[cfg(feature = "vocabularies")]
use crate::split;
#[cfg(feature = "vocabularies")]
use crate::vocabulary::Vocabulary;

/// A way to cut texts into tokens; none in a build without vocabularies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// `o200k_base`.
    #[cfg(feature = "vocabularies")]
    O200k,
    /// `cl100k_base`.
    #[cfg(feature = "vocabularies")]
    Cl100k,
}

impl Encoding {
    /// Every encoding of this build.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "vocabularies")]
        Self::O200k,
        #[cfg(feature = "vocabularies")]
        Self::Cl100k,
    ];

    /// The encoding of a model of OpenAI's, by its name with or without a vendor before it; `None` for others, and for
    /// models whose encoding is not in this build.
    pub fn of_model(model: &str) -> Option<Self> {
        let name = model::encoding(model)?;
        Self::ALL.iter().copied().find(|encoding| encoding.name() == name)
    }

    /// Its name, as OpenAI has it.
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "vocabularies")]
            Self::O200k => model::O200K,
            #[cfg(feature = "vocabularies")]
            Self::Cl100k => model::CL100K,
        }
    }
}

#[cfg(feature = "vocabularies")]
impl Encoding {
    /// The tokens of a text. What looks like a special token is text.
    ///
    /// The vocabulary is unpacked at the first call, which takes some tens of milliseconds, and is kept.
    pub fn encode(self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::with_capacity(text.len() / 4);
        self.each_piece(text, |vocabulary, piece| vocabulary.encode(piece.as_bytes(), &mut tokens));
        tokens
    }

    /// How many tokens a text is; as [`encode`](Self::encode), without keeping them.
    pub fn count(self, text: &str) -> usize {
        let (mut count, mut tokens) = (0, Vec::new());
        self.each_piece(text, |vocabulary, piece| {
            vocabulary.encode(piece.as_bytes(), &mut tokens);
            count += tokens.len();
            tokens.clear();
        });
        count
    }

    fn each_piece(self, text: &str, mut take: impl FnMut(&Vocabulary, &str)) {
        match self {
            Self::O200k => split::o200k(text).for_each(|piece| take(Vocabulary::o200k(), piece)),
            Self::Cl100k => split::cl100k(text).for_each(|piece| take(Vocabulary::cl100k(), piece)),
        }
    }
}

/// About how many tokens a text is for a model whose vocabulary is not here: as many as `o200k_base` makes of it. In a
/// build without vocabularies, one for each four bytes.
pub fn estimate(text: &str) -> usize {
    #[cfg(feature = "vocabularies")]
    return Encoding::O200k.count(text);
    #[cfg(not(feature = "vocabularies"))]
    return text.len().div_ceil(4);
}
