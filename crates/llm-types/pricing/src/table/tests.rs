use super::*;
use crate::{Capability, Item, Mode, Prices, Rate, Tier, Words};

const FROM: Provenance<'_> = Provenance { source: "test 1", read_on: "2026-11-21", sha256: "00" };

fn find(vendor: &str, model: &str) -> Option<&'static str> {
    Table::embedded().find(vendor, model).map(|info| info.key)
}

#[test]
fn the_table_of_this_crate_opens_and_every_row_reads() {
    let table = Table::open(EMBEDDED).expect("models.bin");
    assert!(table.len() > 4_000, "{}", table.len());
    assert_eq!(table.iter().count(), table.len());
    assert!(table.source().starts_with("litellm "), "{}", table.source());
    assert_eq!((table.read_on().len(), table.source_sha256().len()), (10, 64));
    assert!(EMBEDDED.len() < 512 * 1024, "{} bytes", EMBEDDED.len());
}

#[test]
fn every_model_is_found_by_its_key() {
    let table = Table::embedded();
    let keys: Vec<_> = table.iter().map(|info| info.key).collect();
    assert!(keys.windows(2).all(|pair| order(pair[0], pair[1]).is_lt()));
    for info in table.iter() {
        assert_eq!(table.get(info.key).as_ref(), Some(&info));
        assert_eq!(table.get(&info.key.to_uppercase()).map(|it| it.key), Some(info.key));
        // Two rows may go by one name; the one with the vendor in its key comes first.
        let found = table.find(info.vendor, info.name()).map(|it| it.key);
        assert!(
            [Some(info.key), Some(&*format!("{}/{}", info.vendor, info.key))].contains(&found),
            "{found:?}"
        );
    }
}

#[test]
fn prices_of_the_table_are_written_as_they_are_read() {
    for info in Table::embedded().iter() {
        let Some(prices) = info.prices else { continue };
        let json = serde_json::to_value(&prices).unwrap();
        let again: Prices = serde_json::from_value(json).unwrap();
        assert_eq!(
            again.with_inclusive_thresholds(prices.has_inclusive_thresholds()),
            prices,
            "{}",
            info.key
        );
    }
}

#[test]
fn names_are_looked_up_as_vendors_say_them() {
    assert_eq!(find("openai", "gpt-5"), Some("gpt-5"));
    assert_eq!(find("openai", "openai/gpt-5"), Some("gpt-5"));
    assert_eq!(find("azure", "gpt-4o"), Some("azure/gpt-4o"));
    assert_eq!(find("gemini", "gemini-2.5-pro"), Some("gemini/gemini-2.5-pro"));
    assert_eq!(find("gemini", "models/gemini-2.5-pro"), Some("gemini/gemini-2.5-pro"));
    assert_eq!(find("vertex_ai", "gemini-2.5-pro"), Some("gemini-2.5-pro"));
    assert_eq!(find("vertex_ai_beta", "publishers/google/models/gemini-2.5-pro"), Some("gemini-2.5-pro"));
    assert_eq!(find("cohere_chat", "rerank-v3.5"), Some("rerank-v3.5"));
    assert_eq!(find("groq", "openai/gpt-oss-120b"), Some("groq/openai/gpt-oss-120b"));
    assert_eq!(find("openai", "ft:gpt-4o-2024-08-06:org::id"), Some("ft:gpt-4o-2024-08-06"));
}

#[test]
fn bedrock_names_may_have_routes_regions_and_arns() {
    const NAME: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    let us = format!("us.{NAME}");
    for name in [
        us.clone(),
        format!("bedrock/{us}"),
        format!("converse/{us}"),
        format!("bedrock/converse/{us}"),
        format!("arn:aws:bedrock:us-east-1:123456789012:inference-profile/{us}"),
    ] {
        assert_eq!(find("bedrock", &name), Some(us.as_str()), "{name}");
    }
    let foundation = format!("arn:aws:bedrock:us-east-1::foundation-model/{NAME}");
    assert_eq!(find("bedrock", &foundation), Some(NAME));
    assert_eq!(find("bedrock", &format!("invoke/us-east-1/{NAME}")), Some(NAME));
    // A prefix without a row of its own.
    assert_eq!(find("bedrock", &format!("sa.{NAME}")), Some(NAME));
    assert_eq!(find("bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"), None);
}

#[test]
fn a_region_may_have_its_own_row() {
    let table = Table::embedded();
    let key = |vendor, model, region| table.find_in(vendor, model, region).map(|info| info.key);
    assert_eq!(key("azure", "gpt-4o-2024-08-06", "eu"), Some("azure/eu/gpt-4o-2024-08-06"));
    assert_eq!(key("azure", "gpt-4o-2024-08-06", "mars"), Some("azure/gpt-4o-2024-08-06"));
    assert_eq!(
        key("bedrock", "anthropic.claude-v1", "us-east-1"),
        Some("bedrock/us-east-1/anthropic.claude-v1")
    );
}

#[test]
fn vendors_do_not_lend_each_other_prices() {
    assert_eq!(find("groq", "gpt-5"), None);
    assert_eq!(find("my_own", "gpt-5"), None);
    assert_eq!(find("openai", "gpt-5-from-the-future"), None);
    assert_eq!(find("openai", ""), None);
    assert_eq!(find("", ""), None);
}

#[test]
fn one_name_is_enough() {
    let key = |name| Table::embedded().find_name(name).map(|info| info.key);
    assert_eq!(key("gpt-5"), Some("gpt-5"));
    assert_eq!(key("openai/gpt-5"), Some("gpt-5"));
    assert_eq!(key("azure/gpt-4o"), Some("azure/gpt-4o"));
    assert_eq!(key("nobody/gpt-5"), None);
}

#[test]
fn sizes_of_images_may_have_rows() {
    let table = Table::embedded();
    let key = |model, size, quality| table.find_image("azure", model, size, quality).map(|info| info.key);
    assert_eq!(key("azure/dall-e-3", Some("1024x1792"), Some("hd")), Some("azure/hd/1024-x-1792/dall-e-3"));
    assert_eq!(key("gpt-image-1", Some("17x17"), Some("high")), Some("azure/gpt-image-1"));
    assert_eq!(key("gpt-image-1", None, None), Some("azure/gpt-image-1"));
}

#[test]
fn facts_of_a_model_are_there() {
    let info = super::find("anthropic", "claude-sonnet-4-5-20250929").unwrap();
    assert_eq!(
        (info.mode, info.vendor, info.max_input_tokens),
        (Some(Mode::Chat), "anthropic", Some(200_000))
    );
    assert_eq!(info.capabilities.get(Capability::FunctionCalling), Some(true));
    assert_eq!(info.deprecation_date, Some("2026-11-30"));
    assert!(info.source.unwrap().starts_with("https://"));
    let info = super::find("openai", "gpt-5").unwrap();
    assert_eq!(info.input_modalities.iter().collect::<Vec<_>>(), ["text", "image"]);
    assert!(info.endpoints.iter().any(|endpoint| endpoint == "/v1/responses"));
    let free = super::find("openai", "omni-moderation-latest").unwrap().prices.unwrap();
    assert_eq!(free.rate(Item::Input), Some(Rate::FREE));
}

#[test]
fn rows_without_a_price_have_none() {
    let unpriced: Vec<_> = Table::embedded().iter().filter(|info| info.prices.is_none()).collect();
    assert!(!unpriced.is_empty());
    assert!(unpriced.len() < 1_000, "{}", unpriced.len());
}

#[test]
fn what_is_written_is_read_again_in_any_order() {
    let mut first = ModelInfo::new("B/model", "b", "b-family");
    first.mode = Some(Mode::Rerank);
    first.max_input_tokens = Some(0);
    first.capabilities.set(Capability::Vision, false);
    first.regions = Words::new("eu,us");
    first.prices = Some(Prices::new().with(Item::VectorStorage, Rate::FREE));
    let second = ModelInfo::new("a", "a", "a");
    let bytes = write(vec![first.clone(), second.clone()], FROM).unwrap();
    assert_eq!(bytes, write(vec![second.clone(), first.clone()], FROM).unwrap());
    let table = Table::open(&bytes).unwrap();
    assert_eq!(table.iter().collect::<Vec<_>>(), [second, first.clone()]);
    assert_eq!((table.source(), table.read_on(), table.source_sha256()), ("test 1", "2026-11-21", "00"));
    assert_eq!(table.get("b/MODEL"), Some(first));
}

#[test]
fn every_kind_of_price_is_kept() {
    let json = serde_json::json!({
        "input_cost_per_token": 1e-6, "output_cost_per_token_above_272k_tokens_ultrafast": 9223,
        "search_context_cost_per_query": {"search_context_size_low": 0.01},
        "web_search_billing_unit": "per_answer",
        "search_free_requests": {"count": 5000, "period": "month"},
        "tiered_pricing": [{"max_results_range": [0, 25], "input_cost_per_query": 0.005}],
        "off_peak_pricing": {
            "input_cost_per_token": 5e-7, "windows": [{"hours_utc": "16:30-00:30", "weekdays": [1, 7]}],
            "weekday_timezone": "-03:30"
        },
        "regional_processing_uplift_multiplier_eu": 1.1, "regional_processing_uplift_multiplier_us": 1.2,
        "regional_endpoint_uplift_multiplier": 1.3, "provider_specific_entry": {"fast": 2}
    });
    let mut info = ModelInfo::new("m", "v", "f");
    info.prices = Some(serde_json::from_value::<Prices>(json).unwrap().with_inclusive_thresholds(true));
    let bytes = write(vec![info.clone()], FROM).unwrap();
    assert_eq!(Table::open(&bytes).unwrap().get("m"), Some(info));
    assert_eq!(Tier::ALL.len(), 7, "a tier is kept in seven bits");
}

#[test]
fn keys_stand_once() {
    let twice = vec![ModelInfo::new("GPT", "a", "a"), ModelInfo::new("gpt", "b", "b")];
    assert!(matches!(write(twice, FROM), Err(Duplicate(key)) if key.eq_ignore_ascii_case("gpt")));
}

#[test]
fn broken_tables_are_refused_or_empty_and_never_panic() {
    assert_eq!(Table::open(b"").unwrap_err(), NotATable);
    assert!(Table::default().is_empty() && Table::default().get("gpt-5").is_none());
    let mut info = ModelInfo::new("model", "vendor", "family");
    info.prices = Some(Prices::new().with(Item::Input, Rate::FREE));
    let bytes = write(vec![info], FROM).unwrap();
    for end in 0..bytes.len() {
        assert_eq!(Table::open(&bytes[..end]).unwrap_err(), NotATable);
    }
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xFF] {
            let mut broken = bytes.clone();
            broken[at] ^= change;
            if let Ok(table) = Table::open(&broken) {
                let _ = table.iter().take(1_000).count();
                let _ = table.get("model");
            }
        }
    }
}
