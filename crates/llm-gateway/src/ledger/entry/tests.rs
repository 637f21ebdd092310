//! What becomes of a leg whose usage cannot be true, or whose price nobody knows.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::exchange::{Exchange, Finaliser};
use crate::pricing::Pricing;

const REQUEST_BYTES: u64 = 80;

fn settled(record: &Record, leg: &Leg, ending: &Ending<'_>) -> Entry {
    let mut entry = intended(record, leg, 0);
    settle(&mut entry, record, leg, ending);
    entry
}

/// The entry of a leg that ended so, after the vendor had told this usage and written so many bytes.
fn entry(pricing: Pricing, status: Status, usage: Value, content_bytes: u64) -> Entry {
    let runtime = Runtime::system();
    let name = Name::new(&runtime, None);
    let mut exchange = Exchange::begin(&Finaliser::new(runtime, Vec::new(), None), name, "/", 1);
    exchange.record_mut().request_bytes = REQUEST_BYTES;
    let leg = Leg { pricing: Arc::new(pricing), ..Leg::sample() };
    let usage: Option<Usage> = serde_json::from_value(usage).unwrap();
    let seen = Seen { usage, content_bytes, ..Seen::default() };
    let record = exchange.record();
    let ending = Ending { status, seen: Some(&seen), known: Known::default(), at: record.started };
    let entry = settled(record, &leg, &ending);
    // What has been found out already says the same.
    let sound = pricing::estimated_usage(seen.usage.as_ref(), content_bytes, REQUEST_BYTES).is_none();
    let bill = leg.pricing.bill(&seen, REQUEST_BYTES, record.started);
    let known = Known { bill: Billed::Known(bill.as_ref()), is_sound: sound };
    if status == Status::Answered {
        assert_eq!(settled(record, &leg, &Ending { known, ..ending }), entry);
    }
    entry
}

fn flags(entry: &Entry) -> Vec<Flag> {
    let all = [Flag::Estimated, Flag::Clamped, Flag::Unpriced, Flag::Reported];
    all.into_iter().filter(|flag| entry.flags.has(*flag)).collect()
}

fn told(entry: &Entry) -> (i64, i64, i64) {
    (entry.tokens.prompt, entry.tokens.completion, entry.cost.nanos())
}

#[test]
fn usage_that_cannot_be_true_is_estimated_whether_there_is_a_price_or_not() {
    let priced = || {
        let fields = [("input_cost_per_token", json!(0.001)), ("output_cost_per_token", json!(0.001))]
            .map(|(name, value)| (name, serde_json::from_value::<llm_pricing::PriceValue>(value).unwrap()));
        let prices = llm_pricing::Prices::from_fields(fields.iter().map(|(name, value)| (*name, value)));
        Pricing { prices: Some(prices.unwrap()), ..Pricing::default() }
    };
    let negative = json!({"prompt_tokens": 7, "completion_tokens": -9_000});
    let unpriced = entry(Pricing::default(), Status::Answered, negative.clone(), 400);
    assert_eq!(told(&unpriced), (7, 100, 0), "four bytes a token");
    assert_eq!(flags(&unpriced), [Flag::Estimated, Flag::Clamped, Flag::Unpriced]);
    let known = entry(priced(), Status::Answered, negative, 400);
    assert_eq!(told(&known), (7, 100, 107_000_000));
    assert_eq!(flags(&known), [Flag::Estimated, Flag::Clamped]);

    // Nothing told is no contradiction, and what can be true stands.
    let silent = entry(Pricing::default(), Status::Answered, Value::Null, 400);
    assert_eq!((told(&silent), flags(&silent)), ((20, 100, 0), vec![Flag::Estimated, Flag::Unpriced]));
    let true_usage = json!({"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16});
    let plain = entry(Pricing::default(), Status::Answered, true_usage, 400);
    assert_eq!((told(&plain), flags(&plain)), ((7, 9, 0), vec![Flag::Unpriced]));
    // What was counted here because the answer broke off is an estimate, and no word of the vendor's was set aside.
    let counted = json!({"prompt_tokens": 20, "completion_tokens": 9, "estimated": true});
    let broke_off = entry(Pricing::default(), Status::HungUp, counted.clone(), 36);
    assert_eq!((told(&broke_off), flags(&broke_off)), ((20, 9, 0), vec![Flag::Estimated, Flag::Unpriced]));
    let priced_too = entry(priced(), Status::HungUp, counted, 36);
    assert_eq!((told(&priced_too), flags(&priced_too)), ((20, 9, 29_000_000), vec![Flag::Estimated]));
    // Who refused has not worked: nobody misses a price.
    let refused = entry(Pricing::default(), Status::Failed, Value::Null, 0);
    assert_eq!((told(&refused), flags(&refused)), ((0, 0, 0), Vec::new()));
}

#[test]
fn what_is_booked_costs_the_same_again_unless_it_says_that_tokens_are_not_all() {
    let fields = [
        ("input_cost_per_token", 3e-6),
        ("output_cost_per_token", 15e-6),
        ("cache_read_input_token_cost", 3e-7),
        ("cache_creation_input_token_cost", 3.75e-6),
        ("cache_creation_input_token_cost_above_1hr", 6e-6),
        ("input_cost_per_query", 0.002),
    ]
    .map(|(name, usd)| (name, serde_json::from_value::<llm_pricing::PriceValue>(json!(usd)).unwrap()));
    let prices = llm_pricing::Prices::from_fields(fields.iter().map(|(name, value)| (*name, value))).unwrap();
    let adjustment = llm_pricing::Adjustment {
        discount: "0.123456789".parse().unwrap(),
        margin: llm_pricing::Margin { share: "0.3".parse().unwrap(), fixed: "0.001".parse().unwrap() },
    };
    let pricing = || Pricing { prices: Some(prices.clone()), adjustment, ..Pricing::default() };
    let again = |entry: &Entry| {
        let seen = Seen { usage: Some(usage(&entry.tokens)), complete: true, ..Seen::default() };
        pricing().bill(&seen, 0, entry.started).unwrap().cost
    };
    for told in [
        json!({"prompt_tokens": 1_003, "completion_tokens": 77}),
        json!({"prompt_tokens": 1_003, "completion_tokens": 77, "prompt_tokens_details": {"cached_tokens": 501},
            "completion_tokens_details": {"reasoning_tokens": 33}}),
        json!({"prompt_tokens": 1_003, "completion_tokens": 77,
            "prompt_tokens_details": {"cached_tokens": 501, "cache_write_tokens": 211}}),
    ] {
        let entry = entry(pricing(), Status::Answered, told.clone(), 400);
        assert!(!entry.flags.has(Flag::BeyondTokens), "{told}");
        let cost = again(&entry);
        assert_eq!((cost.total, cost.before_adjustment), (entry.cost, entry.list_cost), "{told}");
    }
    let searched = json!({"prompt_tokens": 0, "completion_tokens": 0, "search_units": 2});
    let entry = entry(pricing(), Status::Answered, searched, 0);
    assert!(entry.flags.has(Flag::BeyondTokens) && again(&entry).before_adjustment != entry.list_cost);
}
