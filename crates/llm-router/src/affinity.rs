//! Names for those who stay with a deployment, and for beginnings of prompts that do.

use smallvec::SmallVec;

/// Tokens that a beginning must have for a vendor's cache to keep it.
///
/// Source: OpenAI API docs, Prompt caching, and Anthropic API docs, Prompt caching (most models), read 2026-11.
pub const MIN_PREFIX_TOKENS: u64 = 1024;

/// Beginnings of one prompt that are named, at most: further back no vendor looks for a hit.
///
/// Source: Anthropic API docs, Prompt caching, "20-block lookback window", read 2026-11.
pub const MAX_PREFIXES: usize = 20;

/// Bytes of text that count as a token here. English has about four.
const BYTES_PER_TOKEN: u64 = 4;

/// The same number for the same texts, on every platform and in every version; no secret. `["ab", "c"]` and `["a", "bc"]`
/// differ.
pub fn owner_hash(parts: &[&str]) -> u64 {
    parts.iter().fold(SEED, |hash, part| extend(hash, part))
}

/// Names for the beginnings of a prompt, longest first: one for each end of a segment, from [`MIN_PREFIX_TOKENS`] on.
///
/// A segment is what stays as it is when a conversation goes on: the tools, the system prompt, a message. `scope` is what
/// caches do not cross: the model group.
pub fn prompt_prefixes(scope: &str, segments: &[&str]) -> SmallVec<[u64; MAX_PREFIXES]> {
    let mut hash = extend(SEED, scope);
    let mut bytes = 0;
    let mut prefixes = SmallVec::new();
    for segment in segments {
        hash = extend(hash, segment);
        bytes += segment.len() as u64;
        if bytes >= MIN_PREFIX_TOKENS * BYTES_PER_TOKEN {
            if prefixes.len() == MAX_PREFIXES {
                prefixes.remove(0);
            }
            prefixes.push(hash);
        }
    }
    prefixes.reverse();
    prefixes
}

/// The first digits of π after the point, as in Blowfish.
const SEED: u64 = 0x243f_6a88_85a3_08d3;
const WORD: u64 = 0x1319_8a2e_0370_7345;
const LENGTH: u64 = 0xa409_3822_299f_31d1;

/// A hash of all that went into `hash`, then `text`, then its length: eight bytes at a time, by folded multiplication.
fn extend(hash: u64, text: &str) -> u64 {
    let mut words = text.as_bytes().chunks_exact(8);
    let mut hash = hash;
    for word in &mut words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        hash = fold(hash ^ word, WORD);
    }
    let rest = words.remainder().iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    fold(fold(hash ^ rest, WORD) ^ text.len() as u64, LENGTH)
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    // The sum with `a` keeps a zero from swallowing what comes after it.
    (wide as u64 ^ (wide >> 64) as u64).wrapping_add(a.rotate_left(29))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_every_other_version() {
        assert_eq!(owner_hash(&["key", "1"]), owner_hash(&["key", "1"]));
        assert_ne!(owner_hash(&["ab", "c"]), owner_hash(&["a", "bc"]));
        assert_ne!(owner_hash(&["a", ""]), owner_hash(&["a"]));
        assert_ne!(owner_hash(&["\0"]), owner_hash(&["\0\0"]));
    }

    #[test]
    fn near_texts_have_far_hashes() {
        let mut bits = [0_u32; 64];
        for owner in 0..10_000 {
            let hash = owner_hash(&["split", &format!("key-{owner}")]);
            for (bit, count) in bits.iter_mut().enumerate() {
                *count += (hash >> bit & 1) as u32;
            }
        }
        // Five standard deviations of a fair coin.
        assert!(bits.iter().all(|count| count.abs_diff(5_000) < 250), "{bits:?}");
    }

    #[test]
    fn a_conversation_that_goes_on_keeps_its_beginnings() {
        let system = "You are a patient teacher. ".repeat(200);
        let first = ["tools", &system, "What is a monad?"];
        let next = ["tools", &system, "What is a monad?", "A monoid in ...", "In plain words?"];
        let (before, after) = (prompt_prefixes("g", &first), prompt_prefixes("g", &next));
        assert_eq!((before.len(), after.len()), (2, 4));
        assert_eq!(before[..], after[2..]);
        assert_ne!(prompt_prefixes("h", &first)[0], before[0]);
    }

    #[test]
    fn short_prompts_have_none_and_long_ones_only_so_many() {
        assert!(prompt_prefixes("g", &["short", "prompt"]).is_empty());
        let long = "x".repeat(4096);
        let segments = vec![long.as_str(); 50];
        let prefixes = prompt_prefixes("g", &segments);
        assert_eq!(prefixes.len(), MAX_PREFIXES);
        assert_eq!(prefixes[0], prompt_prefixes("g", &segments)[0]);
        assert_eq!(prefixes[1], prompt_prefixes("g", &segments[..49])[0]);
    }
}
