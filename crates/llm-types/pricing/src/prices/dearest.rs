//! The most that a token can cost.

use crate::{Factor, Prices, Rate};

/// What a token costs at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dearest {
    /// One that is read, of whatever kind.
    pub prompt: Rate,
    /// One that is written, of whatever kind.
    pub completion: Rate,
    /// The product of all factors that raise a price.
    pub factor: Factor,
}

impl Prices {
    /// The most that a token can cost: in the dearest tier, beyond the highest threshold, written into a cache for the
    /// longest time, as sound. `None` if tokens have no price.
    pub fn dearest_token(&self) -> Option<Dearest> {
        let of_bands = self.bands().iter().flat_map(|band| band.rates.iter().copied());
        let flat = self.rates().map(|(key, rate)| (key.item, rate));
        let tokens = flat.chain(of_bands).filter(|(item, _)| item.is_token());
        let (prompt, completion) = tokens.fold((None, None), |(prompt, completion), (item, rate)| {
            if item.is_prompt_token() {
                (prompt.max(Some(rate)), completion)
            } else {
                (prompt, completion.max(Some(rate)))
            }
        });
        let factors = self.factors().iter().map(|(_, factor)| factor.nanos()).filter(|nanos| *nanos > ONE);
        let factor = factors.fold(ONE, |product, nanos| {
            i64::try_from(i128::from(product) * i128::from(nanos) / i128::from(ONE)).unwrap_or(i64::MAX)
        });
        (prompt.is_some() || completion.is_some()).then_some(Dearest {
            prompt: prompt.unwrap_or(Rate::FREE),
            completion: completion.unwrap_or(Rate::FREE),
            factor: Factor::from_nanos(factor).unwrap_or(Factor::ONE),
        })
    }
}

const ONE: i64 = Factor::ONE.nanos();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FactorKey, Item, RateKey, Tier};

    #[test]
    fn the_dearest_of_all_counts() {
        let rate = |femtos| Rate::from_femtos(femtos).unwrap();
        assert_eq!(Prices::new().dearest_token(), None, "nothing is known");
        let mut prices = Prices::new().with(Item::Input, rate(100)).with(Item::Output, rate(400));
        prices.set(RateKey { item: Item::Input, above: 200_000, tier: Tier::Standard }, rate(250));
        prices.set(RateKey { item: Item::Output, above: 0, tier: Tier::Priority }, rate(900));
        prices.factors.push((FactorKey::ResidencyEu, Factor::from_nanos(1_100_000_000).unwrap()));
        prices.factors.push((FactorKey::Fact("slow".to_owned()), Factor::from_nanos(500_000_000).unwrap()));
        let dearest = prices.dearest_token().unwrap();
        assert_eq!((dearest.prompt, dearest.completion), (rate(250), rate(900)));
        assert_eq!(dearest.factor.nanos(), 1_100_000_000, "what lowers a price does not count");
    }
}
