//! Nothing of what a vendor answers is lost in silence: every leaf of it is found in the canonical form.

use serde_json::Value;

use super::answer::is_told;
use super::loss::{Equivalence, Loss, Sent, collect_all, is_claimed};

/// The leaves of a vendor's answer that its translator lost: of the whole body, or of the events of a stream.
/// `canonical` is what came of it, a whole answer or chunks; `words` is what else was said of it, such as the text that
/// the chunks make together.
///
/// Looked for are leaves at `wanted` places; not `null`s and empty texts, nor `type`, `role`, `object` and `index`,
/// which are the form of their object.
pub fn decoding_losses(
    told: &[Value],
    canonical: &[Value],
    words: Vec<String>,
    claims: &[Equivalence],
    wanted: impl Fn(&str) -> bool,
) -> Vec<Loss> {
    let mut sent = Sent::of(canonical, words);
    let mut leaves = Vec::new();
    for tree in told {
        collect_all(tree, &mut String::new(), &mut leaves, &mut |path, value| {
            is_told(path, value) && wanted(path)
        });
    }
    leaves.retain(|leaf| !is_claimed(leaf, claims, &sent) && !sent.take(leaf));
    leaves
}
