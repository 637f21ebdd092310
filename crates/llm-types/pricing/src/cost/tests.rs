use super::*;
use crate::Margin;

fn prices(json: serde_json::Value) -> Prices {
    serde_json::from_value(json).unwrap()
}

fn of(items: &[(Item, u64)]) -> Quantities {
    items.iter().fold(Quantities::new(), |sum, (item, count)| sum.with(*item, *count))
}

fn billed(items: &[(Item, u64)], json: serde_json::Value) -> Vec<(Item, u64)> {
    let cost = cost(&of(items), &prices(json), &Terms::default()).unwrap();
    cost.lines.iter().map(|line| (line.item, line.quantity)).collect()
}

#[test]
fn an_unknown_price_is_not_zero() {
    let cost = cost(
        &of(&[(Item::Input, 10), (Item::Output, 10), (Item::WebSearch, 1)]),
        &prices(serde_json::json!({"input_cost_per_token": 0.0})),
        &Terms::default(),
    )
    .unwrap();
    assert_eq!(cost.total, Usd::ZERO);
    assert_eq!(cost.unpriced, [Item::Output, Item::WebSearch]);
    assert!(!cost.is_complete());
    assert_eq!(cost.lines.len(), 1);
}

#[test]
fn what_some_vendors_count_without_charging_is_no_gap() {
    let bill = cost(&of(&[(Item::Citation, 10)]), &Prices::new(), &Terms::default()).unwrap();
    assert!(bill.is_complete());
}

#[test]
fn rounding_happens_once() {
    // Three lines of 0.4 nano-dollars each: 1.2, not 0 + 0 + 0.
    let rates = serde_json::json!({
        "input_cost_per_token": 4e-10, "cache_read_input_token_cost": 4e-10, "output_cost_per_token": 4e-10
    });
    let items = of(&[(Item::Input, 1), (Item::CacheRead, 1), (Item::Output, 1)]);
    let bill = cost(&items, &prices(rates), &Terms::default()).unwrap();
    assert_eq!(bill.total.nanos(), 1);
    assert_eq!(bill.part(Part::Input).nanos(), 0);
}

#[test]
fn halves_go_to_even() {
    for (tokens, nanos) in [(1, 0), (3, 2), (5, 2), (7, 4)] {
        let rate = serde_json::json!({"input_cost_per_token": 5e-10});
        let bill = cost(&of(&[(Item::Input, tokens)]), &prices(rate), &Terms::default()).unwrap();
        assert_eq!(bill.total.nanos(), nanos, "{tokens}");
    }
}

#[test]
fn an_odd_rate_is_halved_exactly() {
    let rate = serde_json::json!({"input_cost_per_token": 1e-15});
    let terms = Terms { tier: Tier::Batch, ..Terms::default() };
    let bill = cost(&of(&[(Item::Input, 1_000_000)]), &prices(rate), &terms).unwrap();
    assert_eq!(bill.lines[0].amount.to_string(), "0.0000000005");
    assert!(bill.lines[0].halved);
}

#[test]
fn a_batch_halves_tokens_only() {
    let rates = serde_json::json!({"input_cost_per_query": 0.002, "input_cost_per_token": 0.002});
    let terms = Terms { tier: Tier::Batch, ..Terms::default() };
    let bill = cost(&of(&[(Item::Queries, 1), (Item::Input, 1)]), &prices(rates), &terms).unwrap();
    assert_eq!(bill.total.to_string(), "0.003");
}

#[test]
fn factors_multiply_the_model_and_not_its_tools() {
    let rates = serde_json::json!({
        "input_cost_per_token": 1.0, "search_context_cost_per_query": {"search_context_size_medium": 1.0},
        "regional_processing_uplift_multiplier_eu": 1.1, "regional_processing_uplift_multiplier_us": 1.3,
        "provider_specific_entry": {"us": 1.1, "fast": 2, "schema": "titan_v2"}
    });
    let rates = prices(rates);
    let items = of(&[(Item::Input, 1), (Item::WebSearch, 1)]);
    assert_eq!(cost(&items, &rates, &Terms::default()).unwrap().total.to_string(), "2");
    let mut terms = Terms { residency: Some(Residency::Eu), ..Terms::default() };
    assert_eq!(cost(&items, &rates, &terms).unwrap().total.to_string(), "2.1");
    let facts = ["US".to_owned(), "fast".to_owned(), "elsewhere".to_owned()];
    terms.facts = &facts;
    let bill = cost(&items, &rates, &terms).unwrap();
    assert_eq!(bill.total.to_string(), "3.42"); // 1.1 × 1.1 × 2 + 1
    assert_eq!(bill.part(Part::Input).to_string(), "2.42");
    assert_eq!(bill.part(Part::Tools).to_string(), "1");
}

#[test]
fn a_discount_comes_before_a_margin() {
    let rates = prices(serde_json::json!({"input_cost_per_token": 0.01}));
    let margin = Margin { share: "0.1".parse().unwrap(), fixed: "0.0005".parse().unwrap() };
    let adjustment = Adjustment { discount: "0.05".parse().unwrap(), margin };
    let mut terms = Terms { adjustment, ..Terms::default() };
    let bill = cost(&of(&[(Item::Input, 100)]), &rates, &terms).unwrap();
    // 1 × 0.95 × 1.1 + 0.0005
    assert_eq!(bill.total.to_string(), "1.0455");
    assert_eq!(bill.before_adjustment.to_string(), "1");
    terms.adjustment.discount = "7".parse().unwrap();
    assert_eq!(cost(&of(&[(Item::Input, 100)]), &rates, &terms).unwrap().total.to_string(), "0.0005");
}

#[test]
fn a_price_by_the_call_is_paid_once() {
    let rates = serde_json::json!({"input_cost_per_request": 0.005});
    assert_eq!(billed(&[], rates.clone()), [(Item::Requests, 1)]);
    assert_eq!(billed(&[(Item::Requests, 4)], rates), [(Item::Requests, 4)]);
}

#[test]
fn characters_stand_for_the_text_where_they_have_a_price() {
    let text = [(Item::Input, 10), (Item::InputCharacters, 40)];
    let by_character = serde_json::json!({"input_cost_per_token": 1.0, "input_cost_per_character": 1.0});
    assert_eq!(billed(&text, by_character), [(Item::InputCharacters, 40)]);
    assert_eq!(billed(&text, serde_json::json!({"input_cost_per_token": 1.0})), [(Item::Input, 10)]);
    assert_eq!(
        cost(&of(&text[1..]), &prices(serde_json::json!({"input_cost_per_token": 1.0})), &Terms::default())
            .unwrap()
            .unpriced,
        [Item::InputCharacters]
    );
}

#[test]
fn media_are_billed_by_one_measure() {
    let sound = [(Item::InputAudio, 10), (Item::InputAudioSeconds, 2_000)];
    let both = serde_json::json!({"input_cost_per_token": 1.0, "input_cost_per_audio_per_second": 1.0});
    assert_eq!(billed(&sound, both), [(Item::InputAudioSeconds, 2_000)]);
    assert_eq!(
        billed(&sound, serde_json::json!({"input_cost_per_audio_token": 1.0})),
        [(Item::InputAudio, 10)]
    );
    let video = [(Item::InputVideo, 10), (Item::InputVideoSecondsOver15, 20_000)];
    let over = serde_json::json!({"input_cost_per_token": 1.0, "input_cost_per_video_per_second": 1.0});
    assert_eq!(billed(&video, over), [(Item::InputVideoSecondsOver15, 20_000)]);
    let image = [(Item::InputImage, 10), (Item::InputImages, 1)];
    assert_eq!(billed(&image, serde_json::json!({"input_cost_per_token": 1.0})), [(Item::InputImage, 10)]);
    assert_eq!(
        billed(&image, serde_json::json!({"input_cost_per_token": 1.0, "input_cost_per_image": 1.0})),
        [(Item::InputImages, 1)]
    );
}

#[test]
fn images_made_are_billed_by_token_image_or_pixel() {
    let made = [(Item::OutputImage, 10), (Item::OutputImages2k, 1), (Item::InputPixels, 100)];
    let all = serde_json::json!({
        "output_cost_per_image_token": 1.0, "output_cost_per_image": 1.0, "input_cost_per_pixel": 1.0
    });
    assert_eq!(billed(&made, all.clone()), [(Item::OutputImage, 10)]);
    assert_eq!(billed(&made[1..], all), [(Item::OutputImages2k, 1)]);
    let pixels = serde_json::json!({"input_cost_per_pixel": 1.0, "output_cost_per_pixel": 0.0});
    assert_eq!(billed(&made[1..], pixels), [(Item::InputPixels, 100)]);
    // No price at all: the gap is named, and named once.
    let bill = cost(&of(&made[1..]), &Prices::new(), &Terms::default()).unwrap();
    assert_eq!(bill.unpriced, [Item::OutputImages2k]);
}

#[test]
fn some_vendors_charge_once_for_searching() {
    let rates = serde_json::json!({
        "search_context_cost_per_query": {"search_context_size_medium": 0.035, "search_context_size_high": 0.05},
        "web_search_billing_unit": "per_answer"
    });
    assert_eq!(billed(&[(Item::WebSearch, 5)], rates.clone()), [(Item::WebSearch, 1)]);
    assert_eq!(
        billed(&[(Item::WebSearch, 5), (Item::WebSearchHigh, 2)], rates.clone()),
        [(Item::WebSearchHigh, 1)]
    );
    // A size without a price has that of the usual one.
    let bill = cost(&of(&[(Item::WebSearchLow, 1)]), &prices(rates), &Terms::default()).unwrap();
    assert_eq!(bill.total.to_string(), "0.035");
}

#[test]
fn prices_for_a_thousand_are_divided() {
    let rates = prices(serde_json::json!({
        "file_search_cost_per_1k_calls": 2.5, "file_search_cost_per_gb_per_day": 0.1,
        "computer_use_input_cost_per_1k_tokens": 0.003
    }));
    let items = of(&[(Item::FileSearches, 4), (Item::FileStorage, 1_500), (Item::ComputerInput, 2_000)]);
    // 4 × 0.0025 + 1.5 × 0.1 + 2000 × 0.000003
    assert_eq!(cost(&items, &rates, &Terms::default()).unwrap().total.to_string(), "0.166");
    let json = serde_json::to_value(&rates).unwrap();
    assert_eq!(json["file_search_cost_per_1k_calls"], 2.5);
    assert_eq!(serde_json::from_value::<Prices>(json).unwrap(), rates);
}
