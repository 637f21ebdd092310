//! A fast hash that is the same on every machine and in every release: ids are made of it.

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hashes bytes, eight at a time. Not for adversaries.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mix = |state: u64, word: u64| (state.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
    let (words, rest) = bytes.as_chunks::<8>();
    let state = words.iter().fold(bytes.len() as u64, |state, word| mix(state, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let state = mix(state, u64::from_le_bytes(last));
    (state ^ (state >> 29)).wrapping_mul(MULTIPLIER) ^ (state >> 32)
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn every_byte_counts_and_the_value_is_pinned() {
        assert_eq!(hash(b"abc"), hash(b"abc"));
        let text = b"0123456789";
        for at in 0..text.len() {
            let mut other = *text;
            other[at] ^= 1;
            assert_ne!(hash(text), hash(&other), "{at}");
        }
        assert_ne!(hash(b"abc"), hash(b"abc\0"));
        insta::assert_snapshot!(format!("{:016x}", hash(b"pinned")), @"1151786bb4418133");
    }
}
