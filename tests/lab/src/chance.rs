//! Chance that can be had again: SplitMix64.

/// A source of numbers; the same seed gives the same ones.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Begins at a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1, without 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub const fn share(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`, both included.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.number() % (high - low + 1)
    }

    /// Whether something happens that does so in this share of the cases.
    pub const fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// Tokens of an answer: log-normal around 300, from 1 to 4,000.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a small range")]
    pub fn tokens(&mut self) -> u64 {
        // Box and Muller.
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.share()).cos();
        (300.0 * normal.exp()).round().clamp(1.0, 4_000.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_and_tokens_are_spread_as_they_should() {
        assert_eq!(Chance::new(3).number(), Chance::new(3).number());
        let mut chance = Chance::new(1);
        let mut tokens: Vec<_> = (0..10_001).map(|_| chance.tokens()).collect();
        tokens.sort_unstable();
        assert!((280..320).contains(&tokens[5_000]), "{}", tokens[5_000]);
        assert!(tokens[0] < 20 && tokens[10_000] == 4_000);
        assert!((0..1_000).all(|_| (3..=5).contains(&chance.between(3, 5))));
    }
}
