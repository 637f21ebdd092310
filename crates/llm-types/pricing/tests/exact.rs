//! The cost against a plain computation in big rationals.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use llm_pricing::{
    Adjustment, Factor, Item, Margin, Prices, Quantities, Rate, RateKey, Terms, Tier, Usd, cost,
};
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

/// The items of the property, none of which is another measure of another one.
const ITEMS: [Item; 10] = [
    Item::Input,
    Item::CacheRead,
    Item::CacheWrite,
    Item::CacheWrite1h,
    Item::InputAudio,
    Item::Output,
    Item::Reasoning,
    Item::Queries,
    Item::WebSearch,
    Item::FileStorage,
];

fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

fn parts(value: impl Into<BigInt>, places: u32) -> BigRational {
    BigRational::new(value.into(), ten_to(places))
}

/// To nano-dollars, half to even; `None` when that does not fit.
fn rounded(amount: &BigRational) -> Option<Usd> {
    let nanos = amount * BigRational::from(ten_to(9));
    let floor = nanos.floor().to_integer();
    let rest = nanos - BigRational::from(floor.clone());
    let half = BigRational::new(1.into(), 2.into());
    let up = rest > half || (rest == half && &floor % 2 != BigInt::from(0));
    i64::try_from(floor + i32::from(up)).ok().map(Usd::from_nanos)
}

/// The rules once more, without any care for speed: which rate an item has, and whether it is halved.
fn rate(prices: &[(RateKey, Rate)], item: Item, prompt: u64, tier: Tier) -> Option<(Rate, Tier, bool)> {
    let at = |above: u64, tier: Tier| {
        prices.iter().find(|(key, _)| *key == RateKey { item, above, tier }).map(|(_, rate)| *rate)
    };
    let thresholds: Vec<u64> = [272_000, 128_000].into_iter().filter(|it| prompt > *it).collect();
    let standard = |above: &u64| at(*above, Tier::Standard).map(|rate| (rate, Tier::Standard, false));
    let tiered = |above: &u64| at(*above, tier).map(|rate| (rate, tier, false));
    let all = || thresholds.iter().chain([&0]);
    let own = if tier == Tier::Batch {
        all().find_map(tiered).or_else(|| {
            let (rate, tier, _) = all().find_map(standard)?;
            Some((rate, tier, matches!(item as u8, 0..=17)))
        })
    } else {
        all().find_map(|above| tiered(above).or_else(|| standard(above)))
    };
    if item == Item::Reasoning {
        let output = rate(prices, Item::Output, prompt, tier);
        return match (own, output) {
            (Some((_, Tier::Standard, _)), Some((_, other, _))) if other != Tier::Standard => output,
            _ => own.or(output),
        };
    }
    own.or_else(|| rate(prices, item.fallback()?, prompt, tier))
}

fn keys() -> impl Strategy<Value = (RateKey, Rate)> {
    let tiers = [Tier::Standard, Tier::Flex, Tier::Priority, Tier::Batch];
    let above = prop_oneof![Just(0_u64), Just(128_000), Just(272_000)];
    // Now and then a rate that makes the sum too large.
    let rate = prop_oneof![60 => 0..=1_000_000_000_000_i64, 1 => 0..=i64::MAX / 1_000];
    (prop::sample::select(&ITEMS[..]), above, prop::sample::select(tiers.to_vec()), rate).prop_map(
        |(item, above, tier, rate)| (RateKey { item, above, tier }, Rate::from_femtos(rate).unwrap()),
    )
}

fn factor() -> impl Strategy<Value = Factor> {
    (0..=2_000_000_000_i64).prop_map(|nanos| Factor::from_nanos(nanos).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cost_is_the_rational_one_rounded_once(
        keys in prop::collection::vec(keys(), 0..24),
        counts in prop::collection::vec(prop_oneof![Just(0), 0..400_000_u64, 0..u64::from(u32::MAX)], ITEMS.len()),
        tier in prop::sample::select(vec![Tier::Standard, Tier::Flex, Tier::Priority, Tier::Batch]),
        uplift in prop::option::of(factor()),
        discount in 0..=1_000_000_000_i64,
        share in factor(),
        fixed in 0..=5_000_000_000_i64,
    ) {
        let mut prices = Prices::new();
        for (key, rate) in &keys {
            prices.set(*key, *rate);
        }
        let set: Vec<_> = prices.rates().collect();
        if let Some(uplift) = uplift {
            let json = serde_json::json!({"regional_endpoint_uplift_multiplier": uplift.to_string()});
            let uplifted: Prices = serde_json::from_value(json).unwrap();
            prices = prices.over(&uplifted);
        }
        let quantities =
            ITEMS.iter().zip(&counts).fold(Quantities::new(), |sum, (item, count)| sum.with(*item, *count));
        let adjustment = Adjustment {
            discount: Factor::from_nanos(discount).unwrap(),
            margin: Margin { share, fixed: Usd::from_nanos(fixed) },
        };
        let terms = Terms { tier, regional_endpoint: true, adjustment, ..Terms::default() };

        let prompt: u64 = ITEMS.iter().zip(&counts).take(5).map(|(_, count)| *count).sum();
        let (mut model, mut tools) = (parts(0, 0), parts(0, 0));
        let mut unpriced = Vec::new();
        for (item, count) in ITEMS.iter().zip(&counts).filter(|(_, count)| **count > 0) {
            let Some((rate, _, halved)) = rate(&set, *item, prompt, tier) else {
                unpriced.push(*item);
                continue;
            };
            let scale = if *item == Item::FileStorage { 3 } else { 0 };
            let mut amount = parts(rate.femtos(), 15) * parts(*count, scale);
            if halved {
                amount /= BigRational::from(BigInt::from(2));
            }
            if [Item::WebSearch, Item::FileStorage].contains(item) { tools += amount } else { model += amount }
        }
        unpriced.sort();
        let list = model * parts(uplift.map_or(1_000_000_000, Factor::nanos), 9) + tools;
        let total = list.clone() * parts(1_000_000_000 - discount, 9) * (parts(1, 0) + parts(share.nanos(), 9))
            + parts(fixed, 9);

        match cost(&quantities, &prices, &terms) {
            Ok(found) => {
                prop_assert_eq!(Some(found.total), rounded(&total));
                prop_assert_eq!(Some(found.before_adjustment), rounded(&list));
                prop_assert_eq!(found.unpriced, unpriced);
            }
            Err(_) => prop_assert!(rounded(&total).is_none() || rounded(&list).is_none()),
        }
    }

    #[test]
    fn text_and_amounts_agree(nanos in any::<i64>(), femtos in 0..=i64::MAX) {
        prop_assert_eq!(Usd::from_nanos(nanos).to_string().parse::<Usd>().unwrap().nanos(), nanos);
        let rate = Rate::from_femtos(femtos).unwrap();
        prop_assert_eq!(rate.to_string().parse::<Rate>().unwrap(), rate);
        // Fifteen digits survive the float that serde makes of a JSON number.
        let short = Rate::from_femtos(femtos % 1_000_000_000_000_000).unwrap();
        let json = serde_json::to_string(&short).unwrap();
        prop_assert_eq!(serde_json::from_str::<Rate>(&json).unwrap(), short);
    }
}

#[test]
fn sums_that_are_too_large_are_errors() {
    let prices = Prices::new().with(Item::Input, Rate::from_femtos(i64::MAX).unwrap());
    let too_large =
        |count| cost(&Quantities::new().with(Item::Input, count), &prices, &Terms::default()).is_err();
    assert!(!too_large(1_000_000));
    assert!(too_large(1_000_001));
    assert!(too_large(u64::MAX));
}
