//! How one candidate is chosen: one function and one file each.

use llm_types::UnixMs;

use crate::{Candidate, Entropy, Snapshot};

mod weighted_shuffle;

pub use weighted_shuffle::weighted_shuffle;

/// Chooses one of the candidates that all filters have left, by its place in the slice; `None` if the slice
/// is empty.
///
/// The snapshot is the whole group, for strategies that compare with what was filtered out.
pub type Strategy = fn(&[Candidate<'_>], &Snapshot<'_>, UnixMs, &mut dyn Entropy) -> Option<usize>;
