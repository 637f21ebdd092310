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

/// The draw with this number: 0 to 1, the end excluded.
pub(crate) fn draw(seed: u64, number: u64) -> f64 {
    const STEPS: f64 = (1_u64 << 53) as f64;
    let mut words = [0; 16];
    words[..8].copy_from_slice(&seed.to_le_bytes());
    words[8..].copy_from_slice(&number.to_le_bytes());
    // Twice, as one round leaves numbers that follow each other too much alike.
    let mixed = hash(&hash(&words).to_le_bytes());
    (mixed >> 11) as f64 / STEPS
}

#[cfg(test)]
mod tests {
    use super::{draw, hash};

    #[test]
    fn draws_are_even_and_follow_the_seed() {
        for seed in [0, 1, 2, 42, u64::MAX] {
            let draws: Vec<f64> = (0..20_000).map(|number| draw(seed, number)).collect();
            assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
            for share in [0.01, 0.1, 0.5] {
                let below = draws.iter().filter(|draw| **draw < share).count() as f64 / 20_000.0;
                assert!((below - share).abs() < 0.012, "{seed} {share}: {below}");
            }
            // A failure says nothing about the next request.
            let pairs = draws.windows(2).filter(|pair| pair[0] < 0.1 && pair[1] < 0.1).count();
            assert!((140..=260).contains(&pairs), "{seed}: {pairs}");
        }
        assert_ne!(draw(1, 7), draw(2, 7));
    }

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
