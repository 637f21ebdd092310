//! What answers cost, what is reserved for them, and what is told where nobody has counted.

use llm_pricing::Margin;
use serde_json::json;

use super::*;

fn pricing() -> Pricing {
    let prices = Pricing::of("openai", "gpt-4o-mini", None, &Prices::new());
    assert!(prices.is_some(), "the table knows it");
    Pricing { prices, ..Pricing::default() }
}

fn seen(usage: serde_json::Value) -> Seen {
    Seen { usage: llm_types::from_value(usage).ok(), content_bytes: 40, ..Seen::default() }
}

#[test]
fn what_was_counted_is_billed() {
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100});
    let bill = pricing().bill(&seen(usage), 4, UnixMs(0)).unwrap();
    // 1000 at 0.15 and 100 at 0.60 dollars a million.
    assert_eq!((bill.cost.total.to_string().as_str(), bill.is_estimate), ("0.00021", false));
}

#[test]
fn what_was_not_counted_is_estimated_and_said_so() {
    let bill = pricing().bill(&Seen { content_bytes: 40, ..Seen::default() }, 4000, UnixMs(0)).unwrap();
    assert!(bill.is_estimate);
    // 1000 tokens read and 10 written.
    assert_eq!(bill.cost.total.to_string(), "0.000156");
    let odd = json!({"prompt_tokens": -5, "completion_tokens": 10, "total_tokens": 5});
    assert!(pricing().bill(&seen(odd), 4000, UnixMs(0)).unwrap().is_estimate);
}

#[test]
fn a_client_is_told_the_estimate() {
    let usage = |told: serde_json::Value| {
        let told: Usage = llm_types::from_value(told).unwrap();
        estimated_usage(Some(&told), 40, 4000).map(|usage| serde_json::to_value(usage).unwrap())
    };
    let absent = serde_json::to_value(estimated_usage(None, 40, 4000).unwrap()).unwrap();
    let estimate =
        json!({"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010, "estimated": true});
    assert_eq!(absent, estimate);
    assert_eq!(usage(json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})), None);
    assert_eq!(
        usage(json!({"prompt_tokens": -3, "completion_tokens": 4, "x": 1,
            "completion_tokens_details": {"reasoning_tokens": 2}})),
        Some(json!({"prompt_tokens": 1000, "completion_tokens": 4, "total_tokens": 1004, "x": 1,
            "completion_tokens_details": {"reasoning_tokens": 2}, "estimated": true}))
    );
}

#[test]
fn the_vendors_own_word_counts_first() {
    let usage = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.25});
    let pricing = Pricing { vendor: "openrouter".to_owned(), ..Pricing::default() };
    let bill = pricing.bill(&seen(usage), 4, UnixMs(0)).unwrap();
    assert_eq!((bill.cost.total.to_string().as_str(), bill.is_reported), ("0.25", true));
}

#[test]
fn what_broke_off_is_counted_by_the_vocabulary() {
    let pricing = Pricing { encoding: Some(Encoding::O200k), ..pricing() };
    let mut seen = Seen::default();
    assert_eq!(pricing.broken_usage(&seen, 400), None, "nothing was written");
    seen.wrote("hello".as_bytes());
    (0..9).for_each(|_| seen.wrote(" hello".as_bytes()));
    let usage = pricing.broken_usage(&seen, 400).unwrap();
    assert_eq!((usage.counts().input, usage.counts().output), (100, 10));
    // What does not fit into the sample is more of the same.
    (0..10_000).for_each(|_| seen.wrote(" hello".as_bytes()));
    let counted = pricing.broken_usage(&seen, 400).unwrap().counts().output;
    assert!((10_005..10_020).contains(&counted), "{counted}");
    let bill = pricing.bill(&Seen { usage: Some(usage), ..seen.clone() }, 400, UnixMs(0)).unwrap();
    assert!(bill.is_estimate);
    // 100 read at 0.15 and 10 written at 0.60 dollars a million.
    assert_eq!(bill.cost.total.to_string(), "0.000021");

    // A vendor that tells what it has read at once, and of what it wrote the beginning.
    let told =
        json!({"prompt_tokens": 7, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 3}});
    seen.usage = llm_types::from_value(told).ok();
    let counts = pricing.broken_usage(&seen, 400).unwrap().counts();
    assert_eq!((counts.input_total(), counts.input_cached, counts.output), (7, 3, counted));
    seen.usage = Some(Usage::new(7, 20_000));
    assert_eq!(pricing.broken_usage(&seen, 400), None, "it knows of more");
    assert_eq!((pricing.counted_low(100), Pricing::default().counted_low(100)), (100, 75));
}

#[test]
fn somebody_may_pay_less_or_more_than_others() {
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100});
    let margin = Margin { share: "0.5".parse().unwrap(), fixed: "0.001".parse().unwrap() };
    let own = Adjustment { discount: "0.2".parse().unwrap(), margin };
    let usual = Arc::new(Pricing { adjustment: Adjustment { margin, ..Adjustment::default() }, ..pricing() });
    let special = usual.for_payer(Some(own));
    let bill = |pricing: &Pricing| pricing.bill(&seen(usage.clone()), 4, UnixMs(0)).unwrap().cost;
    // Of 0.00021 one and a half, and a thousandth.
    assert_eq!(bill(&usual).total.to_string(), "0.001315");
    // Of that four fifths one and a half times, and a thousandth.
    assert_eq!(bill(&special).total.to_string(), "0.002578");
    assert_eq!(bill(&special).before_adjustment.to_string(), "0.00021");
    assert!(Arc::ptr_eq(&usual, &usual.for_payer(None)));

    // What is reserved is enough for that, and not much more.
    let size = llm_limits::Size { input: 1000, output: 100 };
    for pricing in [&usual, &special] {
        let (most, cost) = (pricing.ceiling(true, 0).unwrap().cost(size), bill(pricing).total.nanos());
        assert!((cost..cost + 20).contains(&most), "{most} for {cost}");
    }
    // A vendor's own word is what it costs, and not what is paid.
    let told = json!({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.25});
    let router = Arc::new(Pricing { vendor: "openrouter".to_owned(), ..Pricing::default() });
    let bill = router.for_payer(Some(own)).bill(&seen(told), 4, UnixMs(0)).unwrap();
    assert_eq!(bill.cost.total.to_string(), "0.301");
}

#[test]
fn an_unknown_model_has_no_price() {
    assert_eq!(Pricing::of("openai", "no-such-model", None, &Prices::new()), None);
}

/// Nano-dollars that are paid of so many: a share off, a share on, a fixed amount; by whole numbers, half to even.
fn paid(list: i128, adjustment: Adjustment) -> i128 {
    let whole = i128::from(Factor::ONE.nanos());
    let (discount, margin) = (i128::from(adjustment.discount.nanos()), adjustment.margin);
    let scaled = list * (whole - discount).max(0) * (whole + i128::from(margin.share.nanos()));
    let (unit, fixed) = (whole * whole, i128::from(margin.fixed.nanos()));
    let (down, rest) = (scaled / unit, scaled % unit);
    let up = rest * 2 > unit || rest * 2 == unit && down % 2 == 1;
    down + i128::from(up) + fixed
}

#[test]
fn bills_reservations_and_adjustments_agree_to_the_nano_dollar() {
    let adjustment = |discount: &str, share: &str, fixed: &str| Adjustment {
        discount: discount.parse().unwrap(),
        margin: Margin { share: share.parse().unwrap(), fixed: fixed.parse().unwrap() },
    };
    let adjustments = [
        Adjustment::default(),
        adjustment("0.05", "0", "0"),
        adjustment("0", "0.1", "0"),
        adjustment("0.333333333", "0.123456789", "0.000000007"),
        adjustment("0.5", "2", "0.01"),
        adjustment("1", "0.5", "0.25"),
    ];
    let usages = [
        (json!({"prompt_tokens": 1, "completion_tokens": 1}), (1, 1)),
        (json!({"prompt_tokens": 12_345, "completion_tokens": 678}), (12_345, 678)),
        (json!({"prompt_tokens": 999_983, "completion_tokens": 65_521}), (999_983, 65_521)),
    ];
    for own in adjustments {
        for theirs in adjustments {
            let plain = Arc::new(Pricing { adjustment: theirs, ..pricing() });
            let pricing = plain.for_payer(Some(own));
            for (usage, (input, output)) in &usages {
                let bill = pricing.bill(&seen(usage.clone()), 4, UnixMs(0)).unwrap();
                // 150 and 600 nano-dollars a token.
                let list = i128::from(input * 150 + output * 600);
                assert_eq!(i128::from(bill.cost.before_adjustment.nanos()), list);
                let total = i128::from(bill.cost.total.nanos());
                assert_eq!(total, paid(paid(list, theirs), own), "{theirs:?}, {own:?}, {usage}");
                let size = llm_limits::Size { input: *input, output: *output };
                let most = i128::from(pricing.ceiling(true, 0).unwrap().cost(size));
                // A femto-dollar a token more than it is, which is rounded up, and a nano-dollar for each fixed amount.
                let spare = i128::from(input + output) / 100_000 + 10;
                assert!((total..=total + spare).contains(&most), "{most} for {total}: {theirs:?}, {own:?}");
                if own == Adjustment::default() {
                    let router = plain.router_price().unwrap();
                    let femtos = i128::from(router.input) * i128::from(*input)
                        + i128::from(router.output) * i128::from(*output)
                        + i128::from(router.request);
                    assert!((femtos / 1_000_000 - total).abs() <= spare, "{femtos} for {total}");
                }
            }
        }
    }
}

#[test]
fn a_bill_says_whether_tokens_are_all_that_it_is_made_of() {
    let fields = [
        ("input_cost_per_token", json!(1e-6)),
        ("output_cost_per_token", json!(1e-6)),
        ("cache_creation_input_token_cost", json!(2e-6)),
        ("cache_creation_input_token_cost_above_1hr", json!(3e-6)),
        ("input_cost_per_query", json!(0.002)),
        ("input_cost_per_token_priority", json!(5e-6)),
    ]
    .map(|(name, value)| (name, serde_json::from_value::<llm_pricing::PriceValue>(value).unwrap()));
    let prices = Prices::from_fields(fields.iter().map(|(name, value)| (*name, value))).unwrap();
    let pricing = Pricing { prices: Some(prices), ..Pricing::default() };
    let is_of_tokens =
        |usage: serde_json::Value| pricing.bill(&seen(usage), 4, UnixMs(0)).unwrap().is_of_tokens;
    assert!(is_of_tokens(json!({"prompt_tokens": 9, "completion_tokens": 4, "service_tier": "default",
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 2}})));
    for more in [
        json!({"search_units": 1}),
        json!({"service_tier": "priority"}),
        json!({"prompt_tokens_details": {"cache_creation_token_details": {"ephemeral_1h_input_tokens": 3}}}),
    ] {
        let mut usage = json!({"prompt_tokens": 9, "completion_tokens": 4});
        usage.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(!is_of_tokens(usage.clone()), "{usage}");
    }
}

#[test]
fn searches_are_reserved_for_as_they_are_billed() {
    let of = |vendor: &str, model: &str, adjustment: Adjustment| {
        let prices = Pricing::of(vendor, model, None, &Prices::new());
        assert!(prices.is_some(), "the table knows {model}");
        Pricing { prices, adjustment, ..Pricing::default() }
    };
    let half_more = Adjustment {
        margin: Margin { share: "0.5".parse().unwrap(), ..Margin::default() },
        ..Adjustment::default()
    };
    for (adjustment, each) in [(Adjustment::default(), 10_000_000), (half_more, 15_000_000)] {
        let claude = of("anthropic", "claude-sonnet-4-5", adjustment);
        for searches in [0, 1, 5] {
            let request = claude.ceiling(true, searches).unwrap().request.nanos();
            let wanted = each * i64::try_from(searches).unwrap();
            assert!((wanted..wanted + 3).contains(&request), "{request} for {searches}");
        }
    }
    // The dearest of three prices, by how much of what is found is read.
    let dearest = pricing().ceiling(true, 5).unwrap().request.nanos();
    assert!((125_000_000..125_000_003).contains(&dearest), "{dearest}");
}
