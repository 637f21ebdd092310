//! How much a request may take.

use llm_limits::{Demand, Prices, Size};
use proptest::prelude::*;

fn prices(input: &str, output: &str) -> Prices {
    Prices { input: input.parse().unwrap(), output: output.parse().unwrap(), ..Prices::default() }
}

#[test]
fn costs_are_rounded_up() {
    let prices = prices("0.0000000001", "2.5e-6");
    assert_eq!(prices.cost(Size { input: 1, output: 0 }), 1, "a tenth of a nano-dollar is one");
    assert_eq!(prices.cost(Size { input: 10, output: 1 }), 2_501);
    assert_eq!(prices.cost(Size { input: -5, output: -5 }), 0);
    assert_eq!(prices.cost(Size { input: i64::MAX, output: i64::MAX }), i64::MAX, "and never overflow");
    let with_call = Prices { request: "0.01".parse().unwrap(), ..prices };
    assert_eq!(with_call.cost(Size::default()), 10_000_000);
    let size = Size::of_bytes(u64::MAX, u64::MAX, 5);
    assert_eq!((size.input, size.tokens()), (i64::MAX, i64::MAX));
    assert_eq!(Demand::of(Size::of_bytes(90, 10, 50), &prices).tokens, Some(150));
}

#[test]
fn how_much_may_be_written() {
    let costs = prices("1e-6", "4e-6");
    assert_eq!(costs.fits(1_000, Some(5_000_000), None), Some(1_000));
    assert_eq!(costs.fits(1_000, Some(5_000_000), Some(1_300)), Some(300));
    assert_eq!(costs.fits(1_000, Some(1_000_000), None), Some(0));
    assert_eq!(costs.fits(1_000, Some(999_999), None), None, "what is read is too much");
    assert_eq!(costs.fits(1_000, None, Some(999)), None);
    assert_eq!(costs.fits(1_000, None, None), Some(i64::MAX));
    assert_eq!(prices("0", "0").fits(1_000, Some(0), None), Some(i64::MAX), "what is free always fits");
}

proptest! {
    #[test]
    fn what_fits_is_paid_and_one_more_is_not(
        input in 0_i64..1_000_000, nanos in 0_i64..10_000_000_000,
        rates in (0_i64..10_000_000_000_000, 1_i64..10_000_000_000_000), request in 0_i64..1_000_000,
    ) {
        let rate = |femtos| llm_pricing::Rate::from_femtos(femtos).unwrap();
        let prices = Prices { input: rate(rates.0), output: rate(rates.1), request: llm_pricing::Usd::from_nanos(request) };
        let cost = |output| prices.cost(Size { input, output });
        match prices.fits(input, Some(nanos), None) {
            Some(output) => {
                prop_assert!(cost(output) <= nanos);
                prop_assert!(cost(output + 1) > nanos);
            }
            None => prop_assert!(cost(0) > nanos),
        }
    }
}
