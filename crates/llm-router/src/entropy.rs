//! Chance as an argument.

/// A source of random numbers.
///
/// Our own two-line trait, so that no version of a random-number crate shows in this crate's API.
pub trait Entropy {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;
}

/// SplitMix64: the same seed gives the same numbers on every platform.
///
/// Good for choosing a deployment, worthless for secrets.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug, Clone)]
pub struct SeededEntropy {
    state: u64,
}

impl SeededEntropy {
    /// A source that starts from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }
}

impl Entropy for SeededEntropy {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A number in `0.0..1.0`, each of the 2^53 steps as likely as any other.
pub(crate) fn unit(entropy: &mut dyn Entropy) -> f64 {
    const STEPS: f64 = (1_u64 << 53) as f64;
    (entropy.next_u64() >> 11) as f64 / STEPS
}

/// An index in `0..len`, or `None` if `len` is zero.
pub(crate) fn index(entropy: &mut dyn Entropy, len: usize) -> Option<usize> {
    // Multiply and shift: no modulo, and a bias of at most len / 2^64.
    let wide = u128::from(entropy.next_u64()) * len as u128;
    (len > 0).then_some((wide >> 64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_its_published_numbers() {
        let mut entropy = SeededEntropy::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| entropy.next_u64()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_extremes_stay_in_range() {
        struct Fixed(u64);
        impl Entropy for Fixed {
            fn next_u64(&mut self) -> u64 {
                self.0
            }
        }
        assert_eq!(unit(&mut Fixed(0)), 0.0);
        assert!(unit(&mut Fixed(u64::MAX)) < 1.0);
        assert_eq!(index(&mut Fixed(u64::MAX), 3), Some(2));
        assert_eq!(index(&mut Fixed(0), 3), Some(0));
        assert_eq!(index(&mut Fixed(0), 0), None);
    }
}
