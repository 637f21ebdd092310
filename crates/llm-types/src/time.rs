//! [`UnixMs`]: an instant that is passed in, never read.

use serde::{Deserialize, Serialize};

/// Wall-clock milliseconds since 1970-01-01T00:00:00Z.
///
/// Wall-clock, so that replicas agree and stored instants can be read. Time that runs backwards counts as
/// no time passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// Milliseconds from `earlier` to `self`; zero if the clock ran backwards.
    pub const fn since(self, earlier: Self) -> u64 {
        let passed = self.0.saturating_sub(earlier.0);
        if passed > 0 { passed.unsigned_abs() } else { 0 }
    }

    /// This instant and `ms` milliseconds more.
    pub const fn plus(self, ms: u64) -> Self {
        let ms = if ms > i64::MAX as u64 { i64::MAX } else { ms.cast_signed() };
        Self(self.0.saturating_add(ms))
    }

    /// Whole seconds since the epoch, as OpenAI's `created` counts them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}
