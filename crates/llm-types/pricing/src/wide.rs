//! Whole numbers wide enough that factors never overflow, rounded once at the end.

/// How many 64-bit digits: 128 bits of amount and six factors of at most 64.
const LIMBS: usize = 8;

/// `value × 10^-places`, never below zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    /// The value, lowest digit first.
    limbs: [u64; LIMBS],
    places: u32,
}

impl Wide {
    pub(crate) const fn new(value: u128, places: u32) -> Self {
        let mut limbs = [0; LIMBS];
        limbs[0] = value as u64;
        limbs[1] = (value >> 64) as u64;
        Self { limbs, places }
    }

    /// Times `parts × 10^-places`. `None` when it does not fit.
    pub(crate) fn times(mut self, mut parts: u64, mut places: u32) -> Option<Self> {
        while parts != 0 && places > 0 && parts.is_multiple_of(10) {
            parts /= 10;
            places -= 1;
        }
        self.multiply(parts)?;
        self.places += places;
        Some(self)
    }

    /// The sum. `None` when it does not fit.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        let (mut sum, other) = (self.refined(places)?, other.refined(places)?);
        let mut carry = 0_u128;
        for (limb, more) in sum.limbs.iter_mut().zip(other.limbs) {
            carry += u128::from(*limb) + u128::from(more);
            *limb = carry as u64;
            carry >>= 64;
        }
        (carry == 0).then_some(sum)
    }

    /// In units of `10^-places`, half to even. `None` when it does not fit.
    pub(crate) fn round(self, places: u32) -> Option<i64> {
        if let Some(rounded) = self.round_small(places) {
            return Some(rounded);
        }
        let mut value = if self.places < places { self.refined(places)? } else { self };
        // Below the last digit that is dropped, only whether there was anything matters.
        let (mut last, mut below) = (0, false);
        let mut drop = value.places.saturating_sub(places);
        while drop > 1 {
            let chunk = (drop - 1).min(19);
            below |= value.divide(10_u64.pow(chunk)) != 0;
            drop -= chunk;
        }
        if drop == 1 {
            last = value.divide(10);
        }
        let up = last > 5 || (last == 5 && (below || !value.limbs[0].is_multiple_of(2)));
        if value.limbs[1..].iter().any(|limb| *limb != 0) {
            return None;
        }
        i64::try_from(value.limbs[0].checked_add(u64::from(up))?).ok()
    }

    /// The same of what one digit holds, which nearly every amount is; `None` if it is more.
    fn round_small(&self, places: u32) -> Option<i64> {
        let [value, rest @ ..] = self.limbs;
        let power = 10_u64.checked_pow(self.places.checked_sub(places)?)?;
        if rest != [0; LIMBS - 1] {
            return None;
        }
        let (whole, below) = (value / power, value % power);
        // Of one, half is none, and nothing is below it.
        let up = below > power / 2 || (power > 1 && below == power / 2 && whole % 2 == 1);
        i64::try_from(whole + u64::from(up)).ok()
    }

    fn refined(mut self, places: u32) -> Option<Self> {
        for _ in self.places..places {
            self.multiply(10)?;
        }
        self.places = self.places.max(places);
        Some(self)
    }

    fn multiply(&mut self, factor: u64) -> Option<()> {
        let mut carry = 0_u128;
        for limb in &mut self.limbs {
            carry += u128::from(*limb) * u128::from(factor);
            *limb = carry as u64;
            carry >>= 64;
        }
        (carry == 0).then_some(())
    }

    /// Divides, and returns the rest.
    fn divide(&mut self, divisor: u64) -> u64 {
        let mut rest = 0_u128;
        for limb in self.limbs.iter_mut().rev().skip_while(|limb| **limb == 0) {
            let value = (rest << 64) | u128::from(*limb);
            *limb = (value / u128::from(divisor)) as u64;
            rest = value % u128::from(divisor);
        }
        rest as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(value: u128, places: u32) -> Option<i64> {
        Wide::new(value, places).round(0)
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!(rounded(25, 1), Some(2));
        assert_eq!(rounded(35, 1), Some(4));
        assert_eq!(rounded(2_500_001, 6), Some(3));
        assert_eq!(rounded(2_499_999, 6), Some(2));
        assert_eq!(rounded(26, 1), Some(3));
        assert_eq!(rounded(3, 0), Some(3));
        assert_eq!(Wide::new(3, 0).round(2), Some(300));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(rounded(i64::MAX as u128, 0), Some(i64::MAX));
        assert_eq!(rounded(i64::MAX as u128 + 1, 0), None);
        assert_eq!(rounded(u128::MAX, 0), None);
        assert_eq!(rounded(u128::MAX, 20), Some(3_402_823_669_209_384_635));
    }

    #[test]
    fn factors_multiply_and_sums_align() {
        let price = Wide::new(7, 0).times(1_100_000_000, 9).unwrap(); // 7.7
        let total = price.plus(Wide::new(5, 2)).unwrap(); // 7.75
        assert_eq!(total.round(1), Some(78));
        assert_eq!(total.round(2), Some(775));
        let mut huge = Wide::new(u128::MAX, 0);
        for _ in 0..6 {
            huge = huge.times(u64::MAX, 9).unwrap();
        }
        assert!(huge.times(u64::MAX, 9).is_none());
    }
}
