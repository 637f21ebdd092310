//! What must be found out about a request before a decision.

use std::ops::{BitOr, BitOrAssign};

/// What a group's decisions look at: the members of [`Inquiry`](crate::Inquiry) that cost something to fill in.
///
/// `model`, `stream` and the pins are always looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Needs(u16);

impl Needs {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// `input_tokens`.
    pub const INPUT_TOKENS: Self = Self(1);
    /// `needs`.
    pub const CAPABILITIES: Self = Self(1 << 1);
    /// `parameters`.
    pub const PARAMETERS: Self = Self(1 << 2);
    /// `tags` and, where deployments have patterns for it, `user_agent`.
    pub const TAGS: Self = Self(1 << 3);
    /// `regions`.
    pub const REGIONS: Self = Self(1 << 4);
    /// `affinity.session`, `affinity.key` or `affinity.user`, and the pins that belong to them.
    pub const AFFINITY: Self = Self(1 << 5);
    /// The pins of the prompt's beginning.
    pub const PROMPT: Self = Self(1 << 6);
    /// `facts`.
    pub const FACTS: Self = Self(1 << 7);
    /// `class`, found by meaning.
    pub const CLASS: Self = Self(1 << 8);
    /// `output_tokens` and `cached_tokens`, for the cost.
    pub const COST: Self = Self(1 << 9);
    /// The prompt's text, for how hard it is.
    pub const COMPLEXITY: Self = Self(1 << 10);

    /// `quality`.
    pub const QUALITY: Self = Self(1 << 11);

    /// Whether all of `other` is in this.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is needed.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// This, if `on`.
    #[must_use]
    pub(crate) const fn when(self, on: bool) -> Self {
        if on { self } else { Self::NONE }
    }
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Needs {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
