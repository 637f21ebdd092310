//! Bills worked out by hand, at the prices of the table in this crate.
//!
//! The comments hold the sums. Sources: the vendors' price pages, as each row names them.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use llm_pricing::{Cost, Item, Quantities, Rate, Table, Terms, Tier, Usd, cost, find, read};
use llm_types::Usage;
use serde_json::json;

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn quantities(of: &[(Item, u64)]) -> Quantities {
    of.iter().fold(Quantities::new(), |sum, (item, count)| sum.with(*item, *count))
}

fn bill_on(vendor: &str, model: &str, quantities: &Quantities, terms: &Terms<'_>) -> Cost {
    let info = find(vendor, model).unwrap_or_else(|| panic!("{vendor}/{model} is not in the table"));
    let bill = cost(quantities, &info.prices.expect("prices"), terms).unwrap();
    assert_eq!(bill.unpriced, [], "{vendor}/{model}");
    bill
}

#[track_caller]
fn costs(vendor: &str, model: &str, tier: Tier, of: &[(Item, u64)], dollars: &str) {
    let terms = Terms { tier, ..Terms::default() };
    let bill = bill_on(vendor, model, &quantities(of), &terms);
    assert_eq!(bill.total, usd(dollars), "{vendor}/{model}: {:#?}", bill.lines);
}

fn usage(json: serde_json::Value) -> Usage {
    serde_json::from_value(json).unwrap()
}

#[test]
fn cache_lives_are_mixed() {
    // 2000 × 3e-6 + 10000 × 3e-7 + 3000 × 3.75e-6 + 1000 × 6e-6 = 0.02625; 800 × 1.5e-5 = 0.012.
    let usage = usage(json!({
        "prompt_tokens": 16_000, "completion_tokens": 800, "total_tokens": 16_800,
        "prompt_tokens_details": {
            "cached_tokens": 10_000, "cache_write_tokens": 4_000,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 3_000, "ephemeral_1h_input_tokens": 1_000}
        }
    }));
    let reading = read(&usage);
    assert_eq!(reading.anomalies, []);
    let model = "claude-sonnet-4-5-20250929";
    assert_eq!(bill_on("anthropic", model, &reading.quantities, &Terms::default()).total, usd("0.03825"));
    // In a batch every rate halves, the hour's too, which has no batch price of its own.
    let terms = Terms { tier: Tier::Batch, ..Terms::default() };
    assert_eq!(bill_on("anthropic", model, &reading.quantities, &terms).total, usd("0.019125"));
}

#[test]
fn tiers_have_prices_of_their_own() {
    // 4000 × 1.25e-6 + 8000 × 1.25e-7 = 0.006; 2500 × 1e-5 = 0.025.
    let of = [(Item::Input, 4_000), (Item::CacheRead, 8_000), (Item::Output, 700), (Item::Reasoning, 1_800)];
    costs("openai", "gpt-5", Tier::Standard, &of, "0.031");
    costs("openai", "gpt-5", Tier::Flex, &of, "0.0155");
    costs("openai", "gpt-5", Tier::Priority, &of, "0.062");
    costs("openai", "gpt-5", Tier::Batch, &of, "0.0155");
}

#[test]
fn above_a_threshold_the_whole_request_costs_more() {
    // 200000 × 2.5e-6 + 50000 × 2.5e-7 = 0.5125; 3000 × 1.5e-5 = 0.045.
    let out = [(Item::Output, 2_000), (Item::Reasoning, 1_000)];
    let of = [(Item::Input, 200_000), (Item::CacheRead, 50_000), out[0], out[1]];
    costs("gemini", "gemini-2.5-pro", Tier::Standard, &of, "0.5575");
    // At the threshold it does not yet: 200000 × 1.25e-6 = 0.25; 3000 × 1e-5 = 0.03.
    let of = [(Item::Input, 200_000), out[0], out[1]];
    costs("gemini", "gemini-2.5-pro", Tier::Standard, &of, "0.28");
    // At xAI reaching it is enough: 200000 × 2.5e-6 + 1000 × 5e-6 against 199999 × 1.25e-6 + 1000 × 2.5e-6.
    costs("xai", "grok-4.3", Tier::Standard, &[(Item::Input, 200_000), (Item::Output, 1_000)], "0.505");
    costs("xai", "grok-4.3", Tier::Standard, &[(Item::Input, 199_999), (Item::Output, 1_000)], "0.25249875");
}

#[test]
fn sound_has_rates_of_its_own() {
    // 500 × 2.5e-6 + 1000 × 4e-5 = 0.04125; 200 × 1e-5 + 700 × 8e-5 = 0.058.
    let of = [(Item::Input, 500), (Item::InputAudio, 1_000), (Item::Output, 200), (Item::OutputAudio, 700)];
    costs("openai", "gpt-4o-audio-preview-2024-12-17", Tier::Standard, &of, "0.09925");
}

#[test]
fn image_tokens_have_rates_of_their_own() {
    // 300 × 5e-6 + 1000 × 1e-5 + 4160 × 4e-5 = 0.1779.
    let of = [(Item::Input, 300), (Item::InputImage, 1_000), (Item::OutputImage, 4_160)];
    costs("openai", "gpt-image-1", Tier::Standard, &of, "0.1779");
    // Without a breakdown, what an image model writes are image tokens.
    let of = [(Item::Input, 300), (Item::InputImage, 1_000), (Item::Output, 4_160)];
    costs("openai", "gpt-image-1", Tier::Standard, &of, "0.1779");
}

#[test]
fn bands_bill_the_whole_request_at_one_price() {
    let of = |prompt| [(Item::Input, prompt), (Item::Output, 1_000)];
    // 256000 × 5e-8 + 1000 × 4e-7; then 256001 × 2.5e-7 + 1000 × 2e-6.
    costs("dashscope", "qwen-flash", Tier::Standard, &of(256_000), "0.0132");
    costs("dashscope", "qwen-flash", Tier::Standard, &of(256_001), "0.06600025");
    // Above the last band, the last band: 2000000 × 2.5e-7 + 0.002.
    costs("dashscope", "qwen-flash", Tier::Standard, &of(2_000_000), "0.502");
}

#[test]
fn regions_have_rows_or_factors() {
    let of = [(Item::Input, 1_000), (Item::Output, 1_000)];
    let model = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    costs("bedrock", &format!("us.{model}"), Tier::Standard, &of, "0.0198");
    costs("bedrock", &format!("global.{model}"), Tier::Standard, &of, "0.018");
    costs("bedrock", model, Tier::Standard, &of, "0.018");
    // At Anthropic itself the answer says where it was made: (1000 × 5e-6 + 1000 × 2.5e-5) × 1.1.
    let reading = read(&usage(json!({
        "prompt_tokens": 1_000, "completion_tokens": 1_000, "total_tokens": 2_000, "inference_geo": "us"
    })));
    let terms = Terms { facts: &reading.facts, ..Terms::default() };
    assert_eq!(bill_on("anthropic", "claude-opus-4-6", &reading.quantities, &terms).total, usd("0.033"));
    // A Vertex AI endpoint other than the global one: (1000 × 1.5e-6 + 1000 × 9e-6) × 1.1.
    let terms = Terms { regional_endpoint: true, ..Terms::default() };
    let bill = bill_on("vertex_ai", "gemini-3.5-flash", &reading.quantities, &terms);
    assert_eq!(bill.total, usd("0.01155"));
}

#[test]
fn a_length_is_billed_once() {
    // 90 s × 0.0001, although the row has the same price on both sides.
    costs("openai", "whisper-1", Tier::Standard, &[(Item::InputSeconds, 90_000)], "0.009");
    // 12.5 s × 0.00007167.
    costs("deepgram", "nova-3", Tier::Standard, &[(Item::InputSeconds, 12_500)], "0.000895875");
    // A row that has its price on the side of the answer: 60 s × 0.0000277778.
    costs("soniox", "stt-async-v4", Tier::Standard, &[(Item::InputSeconds, 60_000)], "0.001666668");
    // Tokens before seconds: 1000 × 2.5e-6 + 50 × 1e-5, not 60 s × 0.0001 as well.
    let of = [(Item::InputAudio, 1_000), (Item::Output, 50), (Item::InputSeconds, 60_000)];
    costs("openai", "gpt-4o-transcribe", Tier::Standard, &of, "0.003");
}

#[test]
fn reranking_is_billed_by_search_unit_or_token() {
    costs("cohere", "rerank-v3.5", Tier::Standard, &[(Item::Queries, 3)], "0.006");
    costs("cohere", "rerank-v3.5", Tier::Standard, &[(Item::Queries, 1)], "0.002");
    // 20000 × 5e-8.
    costs("voyage", "rerank-2", Tier::Standard, &[(Item::Input, 20_000)], "0.001");
}

#[test]
fn web_searches_come_on_top() {
    // 1000 × 3e-6 + 100 × 1.5e-5 = 0.0045; 3 × 0.01.
    let of = [(Item::Input, 1_000), (Item::Output, 100), (Item::WebSearch, 3)];
    costs("anthropic", "claude-sonnet-4-5-20250929", Tier::Standard, &of, "0.0345");
    // Gemini 2.5 is paid by the answer, Gemini 3 by the search.
    let of = [(Item::WebSearch, 3)];
    costs("gemini", "gemini-2.5-pro", Tier::Standard, &of, "0.035");
    let per_search = find("gemini", "gemini-3-flash-preview").unwrap().prices.unwrap();
    let one = per_search.rate(Item::WebSearch).unwrap();
    let bill = cost(&quantities(&of), &per_search, &Terms::default()).unwrap();
    assert_eq!(bill.lines[0].quantity, 3);
    assert_eq!(bill.lines[0].rate, one);
}

#[test]
fn off_peak_hours_are_cheaper() {
    // Wednesday 2026-11-18, 02:00 and 05:00 in UTC: 1000 × 3e-7 + 1000 × 1.2e-6, then half.
    let of = quantities(&[(Item::Input, 1_000), (Item::Output, 1_000)]);
    let at = |ms| {
        let terms = Terms { at: Some(llm_types::UnixMs(ms)), ..Terms::default() };
        bill_on("deepseek", "deepseek-v4-flash", &of, &terms).total
    };
    assert_eq!(at(1_794_967_200_000), usd("0.0015"));
    assert_eq!(at(1_794_978_000_000), usd("0.00075"));
}

#[test]
fn every_mode_has_its_unit() {
    // Embeddings: 1000000 × 2e-8, and half of it in a batch.
    let of = [(Item::Input, 1_000_000)];
    costs("openai", "text-embedding-3-small", Tier::Standard, &of, "0.02");
    costs("openai", "text-embedding-3-small", Tier::Batch, &of, "0.01");
    // Speech: 2000 characters × 1.5e-5.
    costs("openai", "tts-1", Tier::Standard, &[(Item::InputCharacters, 2_000)], "0.03");
    // Pages: 4 × 0.004 + 2 × 0.005, and half of it in a batch.
    let of = [(Item::Pages, 4), (Item::AnnotatedPages, 2)];
    costs("mistral", "mistral-ocr-latest", Tier::Standard, &of, "0.026");
    costs("mistral", "mistral-ocr-latest", Tier::Batch, &of, "0.013");
    // Searches: 5 × 0.008.
    costs("tavily", "search", Tier::Standard, &[(Item::Queries, 5)], "0.04");
    // Video: 8 s × 0.1.
    costs("openai", "sora-2", Tier::Standard, &[(Item::OutputSeconds, 8_000)], "0.8");
    // Sessions of a code interpreter: 2 × 0.03.
    costs("openai", "container", Tier::Standard, &[(Item::CodeSessions, 2)], "0.06");
    // Moderation is free, which is a price.
    costs("openai", "omni-moderation-latest", Tier::Standard, &[(Item::Input, 50)], "0");
}

#[test]
fn images_are_billed_by_pixel_where_that_is_the_price() {
    // 1024 × 1024 × 8.39233e-8 = 0.0879999582208, in the row of this size and quality.
    let info = Table::embedded().find_image("azure", "dall-e-3", Some("1024x1024"), Some("hd")).unwrap();
    let of = quantities(&[(Item::InputPixels, 1024 * 1024), (Item::OutputImages, 1)]);
    let bill = cost(&of, &info.prices.unwrap(), &Terms::default()).unwrap();
    assert_eq!(bill.total, usd("0.087999958"));
    assert_eq!(bill.lines[0].amount.to_string(), "0.0879999582208");
}

#[test]
fn search_prices_go_by_results() {
    let of = |results| {
        let mut of = quantities(&[(Item::Queries, 2)]);
        of.search_results = results;
        bill_on("exa_ai", "search", &of, &Terms::default()).total
    };
    assert_eq!((of(25), of(26), of(1_000)), (usd("0.01"), usd("0.05"), usd("0.05")));
}

#[test]
fn a_bill_says_what_it_is_made_of() {
    let of = quantities(&[(Item::Input, 200_001), (Item::Reasoning, 7)]);
    let bill = bill_on("gemini", "gemini-2.5-pro", &of, &Terms::default());
    let line = bill.lines[0];
    assert_eq!((line.item, line.quantity, line.above), (Item::Input, 200_001, 200_000));
    assert_eq!(line.rate, "2.5e-6".parse::<Rate>().unwrap());
    assert_eq!(line.amount.to_string(), "0.5000025");
    // Thinking has no price of its own there and takes that of the output.
    assert_eq!((bill.lines[1].item, bill.lines[1].priced_as), (Item::Reasoning, Item::Output));
    assert_eq!(
        serde_json::to_value(bill.lines[1]).unwrap(),
        json!({
            "item": "output_cost_per_reasoning_token", "quantity": 7, "rate": 1.5e-5,
            "priced_as": "output_cost_per_token", "above": 200_000, "tier": "standard", "halved": false,
            "amount": "0.000105"
        })
    );
}
