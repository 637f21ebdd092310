use serde_json::{Value, json};

use super::*;

fn prices(json: Value) -> Prices {
    serde_json::from_value(json).unwrap()
}

fn error(json: Value) -> String {
    serde_json::from_value::<Prices>(json).unwrap_err().to_string()
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn quote(prices: &Prices, item: Item, prompt_tokens: u64, tier: Tier) -> Option<String> {
    let when = Situation { prompt_tokens, tier, ..Situation::default() };
    prices.quote(item, when).map(|quote| quote.rate.to_string())
}

#[test]
fn names_are_item_threshold_and_tier() {
    let prices = prices(json!({
        "input_cost_per_token": "1e-6", "input_cost_per_token_flex": 2e-6,
        "input_cost_per_token_above_200k_tokens": 3e-6, "input_cost_per_token_above_200k_tokens_priority": 4e-6,
        "output_cost_per_token_priority_above_200k_tokens": 5e-6,
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 6e-6,
        "input_cost_per_character_above_128000_tokens": 7e-6, "output_cost_per_second_1080p": 8,
        "cache_read_input_token_cost": null
    }));
    let found: Vec<_> =
        prices.rates().map(|(key, rate)| (key.item, key.above, key.tier, rate.to_string())).collect();
    let wanted = [
        (Item::Input, 0, Tier::Standard, "0.000001"),
        (Item::Input, 0, Tier::Flex, "0.000002"),
        (Item::Input, 200_000, Tier::Standard, "0.000003"),
        (Item::Input, 200_000, Tier::Priority, "0.000004"),
        (Item::CacheWrite1h, 200_000, Tier::Standard, "0.000006"),
        (Item::Output, 200_000, Tier::Priority, "0.000005"),
        (Item::InputCharacters, 128_000, Tier::Standard, "0.000007"),
        (Item::OutputSeconds1080p, 0, Tier::Standard, "8"),
    ];
    assert_eq!(found, wanted.map(|(item, above, tier, rate)| (item, above, tier, rate.to_owned())));
}

#[test]
fn errors_name_the_key() {
    assert_eq!(error(json!({"input_cost_per_tokn": 1})), "input_cost_per_tokn: no price has this name");
    assert_eq!(
        error(json!({"input_cost_per_token": "free"})),
        "input_cost_per_token: free is not a decimal number"
    );
    assert_eq!(
        error(json!({"input_cost_per_token": -1e-6})),
        "input_cost_per_token: -0.000001 is below zero"
    );
    assert_eq!(error(json!({"input_cost_per_token": true})), "input_cost_per_token: expected a number");
    assert_eq!(
        error(json!({"output_cost_per_token": "1e-16"})),
        "output_cost_per_token: 1e-16 has more than 15 decimals"
    );
    assert_eq!(error(json!({"input_cost_per_query": 1e7})), "input_cost_per_query: 10000000 is too large");
    assert_eq!(
        error(
            json!({"tiered_pricing": [{"range": [0, 10], "input_cost_per_token": 1}, {"range": [10, 20]}]})
        ),
        "tiered_pricing[1].input_cost_per_token: expected a price"
    );
    assert_eq!(
        error(json!({"tiered_pricing": [{"range": [9, 1], "input_cost_per_token": 1}]})),
        "tiered_pricing[0].range: expected the smaller number first"
    );
    assert_eq!(
        error(json!({"off_peak_pricing": {"hours_utc": "25:00-01:00"}})),
        "off_peak_pricing.hours_utc: expected hours such as `16:30-00:30`"
    );
    assert_eq!(
        error(json!({"off_peak_pricing": {"windows": [{"hours_utc": "00:00-00:00", "weekdays": [8]}]}})),
        "off_peak_pricing.windows[0]: expected weekdays from 1, Monday, to 7"
    );
    assert_eq!(
        error(json!({"search_context_cost_per_query": {"search_context_size_huge": 1}})),
        "search_context_cost_per_query.search_context_size_huge: no price has this name"
    );
    assert!(error(json!([])).contains("expected prices by name"));
}

#[test]
fn what_is_a_field_is_read() {
    for name in [
        "input_cost_per_token",
        "cache_creation_input_token_cost_above_12hr_above_272k_tokens_ultrafast",
        "tiered_pricing",
        "regional_endpoint_uplift_multiplier",
        "ocr_cost_per_page_batches",
        "input_cost_per_token_cache_hit",
    ] {
        assert!(Prices::is_field(name), "{name}");
    }
    for name in [
        "input_dbu_cost_per_token",
        "max_input_tokens",
        "search_context_size_low",
        "input_cost_per_token_above_k_tokens",
        "input_cost_per_token_above_0k_tokens",
        "input_cost_per_token_flex_above_200k_tokens_priority",
        "input_cost_per_token_flex_flex",
    ] {
        assert!(!Prices::is_field(name), "{name}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let json = json!({
        "input_cost_per_token": 1e-6, "input_cost_per_token_above_200k_tokens_priority": 4e-6,
        "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_high": 0.03},
        "web_search_billing_unit": "per_answer",
        "search_free_requests": {"count": 1500, "period": "day", "shared_group": "gemini-2-flash"},
        "tiered_pricing": [
            {"range": [0, 32_000], "input_cost_per_token": 1e-6, "output_cost_per_reasoning_token": 2e-6},
            {"range": [32_000, 128_000], "input_cost_per_token": 2e-6}
        ],
        "off_peak_pricing": {
            "input_cost_per_token": 5e-7,
            "windows": [{"hours_utc": "16:30-00:30"}, {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}],
            "weekday_timezone": "+08:00"
        },
        "regional_processing_uplift_multiplier_eu": 1.1,
        "provider_specific_entry": {"fast": 2, "us": 1.1}
    });
    let prices = prices(json.clone());
    assert_eq!(serde_json::to_value(&prices).unwrap(), json);
    assert_eq!(prices.free_searches().unwrap().count, 1_500);
    let results = json!({"tiered_pricing": [
        {"max_results_range": [0, 25], "input_cost_per_query": 0.005},
        {"max_results_range": [26, 100], "input_cost_per_query": 0.025}
    ]});
    assert_eq!(
        serde_json::to_value(serde_json::from_value::<Prices>(results.clone()).unwrap()).unwrap(),
        results
    );
}

#[test]
fn the_highest_threshold_crossed_counts() {
    let prices = prices(json!({
        "input_cost_per_token": 1, "input_cost_per_token_above_128k_tokens": 2,
        "input_cost_per_token_above_256k_tokens": 3, "input_cost_per_token_priority": 4,
        "output_cost_per_token": 5, "output_cost_per_token_above_128k_tokens": 6
    }));
    let input = |tokens, tier| quote(&prices, Item::Input, tokens, tier).unwrap();
    assert_eq!(input(128_000, Tier::Standard), "1");
    assert_eq!(input(128_001, Tier::Standard), "2");
    assert_eq!(input(256_001, Tier::Standard), "3");
    // A tier without a price up there is billed as usual up there.
    assert_eq!((input(1, Tier::Priority), input(200_000, Tier::Priority)), ("4".into(), "2".into()));
    // The prompt decides for the output as well; a threshold without an output price leaves the one before.
    assert_eq!(quote(&prices, Item::Output, 300_000, Tier::Standard).unwrap(), "6");
    let inclusive = prices.clone().with_inclusive_thresholds(true);
    assert_eq!(quote(&inclusive, Item::Input, 128_000, Tier::Standard).unwrap(), "2");
    assert_eq!(quote(&inclusive, Item::Input, 127_999, Tier::Standard).unwrap(), "1");
}

#[test]
fn missing_cache_prices_are_those_of_the_input() {
    let prices = prices(json!({"input_cost_per_token": 1, "input_cost_per_token_above_128k_tokens": 2}));
    for item in
        [Item::CacheRead, Item::CacheWrite, Item::CacheWrite1h, Item::CacheReadAudio, Item::InputVideo]
    {
        assert_eq!(quote(&prices, item, 200_000, Tier::Standard).unwrap(), "2", "{item}");
    }
    let free = prices.with(Item::CacheRead, Rate::FREE);
    assert_eq!(quote(&free, Item::CacheReadAudio, 1, Tier::Standard).unwrap(), "0");
    assert_eq!(quote(&free, Item::Output, 1, Tier::Standard), None);
}

#[test]
fn an_hours_life_falls_back_to_the_usual_one() {
    let prices = prices(json!({
        "input_cost_per_token": 1, "cache_creation_input_token_cost": 2, "cache_creation_input_token_cost_flex": 3
    }));
    assert_eq!(quote(&prices, Item::CacheWrite1h, 1, Tier::Standard).unwrap(), "2");
    assert_eq!(quote(&prices, Item::CacheWrite12h, 1, Tier::Flex).unwrap(), "3");
}

#[test]
fn thinking_follows_the_output_into_a_tier() {
    let base = json!({
        "output_cost_per_token": 1, "output_cost_per_reasoning_token": 2, "output_cost_per_token_flex": 3
    });
    let prices = prices(base);
    assert_eq!(quote(&prices, Item::Reasoning, 1, Tier::Standard).unwrap(), "2");
    assert_eq!(quote(&prices, Item::Reasoning, 1, Tier::Flex).unwrap(), "3");
    assert_eq!(quote(&prices, Item::Reasoning, 1, Tier::Priority).unwrap(), "2");
}

#[test]
fn a_batch_has_its_price_or_half_the_usual_one() {
    let prices = prices(json!({
        "input_cost_per_token": 10, "input_cost_per_token_batches": 4, "input_cost_per_token_above_200k_tokens": 20,
        "output_cost_per_token": 30, "output_cost_per_token_above_200k_tokens": 40
    }));
    let batch = |item, prompt_tokens| {
        let when = Situation { prompt_tokens, tier: Tier::Batch, ..Situation::default() };
        prices.quote(item, when).map(|quote| (quote.rate.to_string(), quote.halved)).unwrap()
    };
    assert_eq!(batch(Item::Input, 300_000), ("4".to_owned(), false));
    assert_eq!(batch(Item::CacheRead, 1), ("4".to_owned(), false));
    assert_eq!(batch(Item::Output, 300_000), ("40".to_owned(), true));
}

#[test]
fn bands_never_mix_with_flat_prices() {
    let prices = prices(json!({
        "input_cost_per_token": 9, "cache_read_input_token_cost": 9, "output_cost_per_token": 7,
        "output_cost_per_reasoning_token": 9, "input_cost_per_audio_token": 8,
        "tiered_pricing": [
            {"range": [0, 100], "input_cost_per_token": 1, "output_cost_per_token": 2},
            {"range": [100, 200], "input_cost_per_token": 3, "cache_read_input_token_cost": 0.5}
        ]
    }));
    let at = |item, tokens| quote(&prices, item, tokens, Tier::Standard).unwrap();
    assert_eq!(
        (at(Item::Input, 100), at(Item::Input, 101), at(Item::Input, 1_000)),
        ("1".into(), "3".into(), "3".into())
    );
    assert_eq!((at(Item::CacheRead, 1), at(Item::CacheRead, 101)), ("1".into(), "0.5".into()));
    // An output price of its own stands beside bands that have none.
    assert_eq!((at(Item::Output, 1), at(Item::Output, 101)), ("2".into(), "7".into()));
    assert_eq!((at(Item::Reasoning, 1), at(Item::Reasoning, 101)), ("2".into(), "7".into()));
    assert_eq!(at(Item::InputAudio, 1), "8");
}

#[test]
fn off_peak_prices_replace_all_others() {
    let prices = prices(json!({
        "input_cost_per_token": 10, "input_cost_per_token_above_200k_tokens": 20, "input_cost_per_token_batches": 6,
        "cache_creation_input_token_cost": 9, "output_cost_per_token": 30, "output_cost_per_reasoning_token": 40,
        "off_peak_pricing": {"hours_utc": "00:00-00:00", "input_cost_per_token": 4, "output_cost_per_token": 8}
    }));
    let at = |item, tier| {
        let when = Situation { prompt_tokens: 300_000, tier, off_peak: true, ..Situation::default() };
        prices.quote(item, when).map(|quote| (quote.rate.to_string(), quote.halved)).unwrap()
    };
    assert_eq!(at(Item::Input, Tier::Standard).0, "4");
    assert_eq!(at(Item::Output, Tier::Priority).0, "8");
    assert_eq!(at(Item::CacheRead, Tier::Standard).0, "4");
    assert_eq!(at(Item::CacheWrite, Tier::Standard).0, "9");
    assert_eq!(at(Item::Reasoning, Tier::Standard).0, "40");
    assert_eq!(at(Item::Input, Tier::Batch), ("6".to_owned(), false));
    assert_eq!(at(Item::Output, Tier::Batch), ("8".to_owned(), true));
}

#[test]
fn what_a_deployment_sets_is_what_it_pays() {
    let base = prices(json!({
        "input_cost_per_token": 10, "input_cost_per_token_above_200k_tokens": 20, "output_cost_per_token": 30,
        "output_cost_per_token_flex": 15, "regional_endpoint_uplift_multiplier": 1.1,
        "off_peak_pricing": {"hours_utc": "00:00-00:00", "input_cost_per_token": 4}
    }));
    let own = prices(json!({"input_cost_per_token": 1})).over(&base);
    assert_eq!(quote(&own, Item::Input, 300_000, Tier::Standard).unwrap(), "1");
    assert_eq!(quote(&own, Item::Output, 1, Tier::Flex).unwrap(), "15");
    assert!(own.off_peak.is_none());
    assert_eq!(own.factors(), base.factors());
    let other = Prices::new().with(Item::Queries, rate("0.1")).over(&base);
    assert!(other.off_peak.is_some());
    assert_eq!(Prices::new().over(&base), base);
}

#[test]
fn the_older_name_of_a_price_gives_way() {
    let both = prices(json!({"cache_read_input_token_cost": 1, "input_cost_per_token_cache_hit": 2}));
    assert_eq!(both.rate(Item::CacheRead), Some(rate("1")));
    assert_eq!(prices(json!({"input_cost_per_token_cache_hit": 2})).rate(Item::CacheRead), Some(rate("2")));
}
