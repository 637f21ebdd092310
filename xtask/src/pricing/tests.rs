use llm_pricing::{Item, PriceValue, Tier};

use super::{convert::Notes, snapshot::Header, *};

/// A table of upstream's kind.
const UPSTREAM: &str = r#"{
  "sample_spec": {"input_cost_per_token": 0.0, "mode": "one of: chat, embedding"},
  "fallback_generalizations": {"rules": []},
  "gpt-x": {
    "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.0000000000000002e-07,
    "output_cost_per_token": 1e-06, "max_input_tokens": 4096.0, "supports_vision": true,
    "metadata": {"notes": "left out"}, "rpm": 10, "supported_modalities": ["text", "image"]
  },
  "xai/grok": {
    "litellm_provider": "xai", "mode": "chat",
    "input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 2e-06
  }
}"#;

fn snapshot() -> Snapshot {
    Snapshot::of(UPSTREAM, Header::default()).expect("a table")
}

fn correct(toml: &str) -> anyhow::Result<std::collections::BTreeMap<String, json::Fields>> {
    Corrections::parse(toml)?.apply(snapshot().models)
}

fn failure<T>(result: anyhow::Result<T>) -> String {
    format!("{:#}", result.err().expect("an error"))
}

fn one(json: &str) -> anyhow::Result<Option<llm_pricing::Prices>> {
    let fields = json::fields(json)?;
    Ok(convert::model("m", &fields, &mut Notes::default())?.info().prices)
}

/// The committed table is what the committed files give: the same check as `cargo xtask pricing --check`.
#[test]
fn the_committed_table_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/llm-types/pricing/data");
    let snapshot = Snapshot::read(&folder.join("upstream.jsonl")).expect("upstream.jsonl");
    let made = make(&snapshot, &folder.join(CORRECTIONS)).expect("a table");
    assert!(
        check(&made.table, &folder.join(TABLE)).expect("models.bin"),
        "run: cargo xtask pricing --offline"
    );
    assert!(made.notes.unread.is_empty(), "{:?}", made.notes.unread);
}

#[test]
fn a_changed_table_is_noticed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/llm-types/pricing/data");
    let mut snapshot = Snapshot::read(&folder.join("upstream.jsonl")).expect("upstream.jsonl");
    let fields = snapshot.models.get_mut("gpt-5").expect("gpt-5");
    fields.insert("input_cost_per_token".to_owned(), PriceValue::Number("1.25e-05".to_owned()));
    let made = make(&snapshot, &folder.join(CORRECTIONS)).expect("a table");
    assert!(!check(&made.table, &folder.join(TABLE)).expect("models.bin"));
}

#[test]
fn a_snapshot_keeps_what_is_read_to_the_digit() {
    let models = snapshot().models;
    assert_eq!(models.keys().collect::<Vec<_>>(), ["gpt-x", "xai/grok"]);
    let fields = &models["gpt-x"];
    assert_eq!(fields["input_cost_per_token"], PriceValue::Number("2.0000000000000002e-07".to_owned()));
    assert!(!fields.contains_key("metadata") && !fields.contains_key("rpm"));

    let path = std::env::temp_dir().join(format!("llm-pricing-{}.jsonl", std::process::id()));
    snapshot().write(&path).expect("a file");
    let again = Snapshot::read(&path).expect("a snapshot");
    fs::remove_file(&path).expect("a file");
    assert_eq!(again.models, models);
}

#[test]
fn prices_become_rates_and_roundings_are_told() {
    let mut notes = Notes::default();
    let models = snapshot().models;
    let model = convert::model("gpt-x", &models["gpt-x"], &mut notes).expect("a model");
    let info = model.info();
    assert_eq!((info.vendor, info.max_input_tokens), ("openai", Some(4_096)));
    assert_eq!(
        info.prices.and_then(|it| it.rate(Item::Input)).map(|rate| rate.to_string()),
        Some("0.0000002".into())
    );
    assert_eq!(notes.rounded.len(), 1);
    let grok = convert::model("xai/grok", &models["xai/grok"], &mut notes).expect("a model");
    assert!(grok.info().prices.is_some_and(|prices| prices.has_inclusive_thresholds()));
}

#[test]
fn what_is_new_upstream_fails_loudly() {
    let fail = |json| failure(one(json));
    assert!(fail(r#"{"litellm_provider":"a","moon_cost_per_crater":1}"#).contains("a price of a new kind"));
    assert!(
        fail(r#"{"litellm_provider":"a","supports_flying":true}"#)
            .contains("the capability supports_flying is new")
    );
    assert!(fail(r#"{"litellm_provider":"a","mode":"telepathy"}"#).contains("the mode telepathy is new"));
    assert!(fail(r#"{"mode":"chat"}"#).contains("no litellm_provider"));
    assert!(fail(r#"{"litellm_provider":"a","input_cost_per_token":-1}"#).contains("is below zero"));
    assert!(fail(r#"{"litellm_provider":"a","deprecation_date":"soon"}"#).contains("soon is no day"));
}

#[test]
fn vendors_ways_are_known_from_their_lists() {
    let searches = r#""search_context_cost_per_query":{"search_context_size_medium":0.035}"#;
    let gemini =
        |more: &str| one(&format!(r#"{{"litellm_provider":"gemini",{searches}{more}}}"#)).expect("prices");
    let unit = |prices: Option<llm_pricing::Prices>| prices.map(|prices| prices.searches());
    assert_eq!(unit(gemini("")), Some(llm_pricing::SearchUnit::Answer));
    assert_eq!(
        unit(gemini(r#","web_search_billing_unit":"per_query""#)),
        Some(llm_pricing::SearchUnit::Query)
    );
    let fireworks =
        one(r#"{"litellm_provider":"fireworks_ai","input_cost_per_token":9e-07}"#).expect("prices");
    assert_eq!(
        fireworks.and_then(|it| it.rate(Item::CacheRead)).map(|rate| rate.to_string()),
        Some("0.00000045".to_owned())
    );
    let hints = one(r#"{"litellm_provider":"a","input_cost_per_token":1,
        "provider_specific_entry":{"us":1.1,"schema":"titan_v2","minimax_free_input_images":5}}"#);
    assert_eq!(hints.expect("prices").expect("prices").factors().len(), 1);
    assert_eq!(one(r#"{"litellm_provider":"a","mode":"chat"}"#).expect("a model"), None);
}

const GROUNDS: &str = "why = \"it is\"\nsource = \"https://example.com\"\nread = \"2026-11-21\"\n";

#[test]
fn corrections_correct() {
    let toml = format!(
        "[[correction]]\nmodels = [\"gpt-x\"]\n{GROUNDS}was = {{ output_cost_per_token = 1e-6 }}\n\
         set = {{ output_cost_per_token = \"2e-06\", output_cost_per_token_flex = 1e-6 }}\n\
         [[addition]]\nmodel = \"new\"\n{GROUNDS}fields = {{ litellm_provider = \"a\", input_cost_per_token = 1 }}\n\
         [[removal]]\nmodels = [\"xai/grok\"]\n{GROUNDS}"
    );
    let models = correct(&toml).expect("corrected");
    assert_eq!(models.keys().collect::<Vec<_>>(), ["gpt-x", "new"]);
    let model = convert::model("gpt-x", &models["gpt-x"], &mut Notes::default()).expect("a model");
    let prices = model.info().prices.expect("prices");
    let output: Vec<_> = prices.rates().filter(|(key, _)| key.item == Item::Output).collect();
    assert_eq!(
        output.iter().map(|(key, rate)| (key.tier, rate.to_string())).collect::<Vec<_>>(),
        [(Tier::Standard, "0.000002".to_owned()), (Tier::Flex, "0.000001".to_owned()),]
    );
}

#[test]
fn corrections_of_something_else_fail() {
    let fail = |body: &str| failure(correct(&format!("{body}\n{GROUNDS}")));
    let was = fail(
        "[[correction]]\nmodels = [\"gpt-x\"]\nwas.output_cost_per_token = 3e-6\nset.output_cost_per_token = 4e-6",
    );
    assert!(was.contains("output_cost_per_token is"), "{was}");
    let unsaid = fail("[[correction]]\nmodels = [\"gpt-x\"]\nset.output_cost_per_token = 4e-6");
    assert!(unsaid.contains("and was None"), "{unsaid}");
    assert!(fail("[[correction]]\nmodels = [\"gone\"]\nset.mode = \"chat\"").contains("is not there"));
    assert!(fail("[[removal]]\nmodels = [\"gone\"]").contains("is not there"));
    assert!(fail("[[addition]]\nmodel = \"gpt-x\"\nfields.mode = \"chat\"").contains("is there already"));
    let sourceless =
        "[[removal]]\nmodels = [\"gpt-x\"]\nwhy = \"so\"\nsource = \"somebody\"\nread = \"2026-11-21\"";
    assert!(failure(Corrections::parse(sourceless)).contains("a correction needs"));
}
