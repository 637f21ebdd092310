//! From the fields of a model to what is known of it.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use llm_pricing::{
    Capabilities, Capability, Item, Mode, ModelInfo, PriceValue, Prices, Rate, SearchUnit, Words, vendor_of,
};

use super::json::Fields;

/// Fields that are neither prices nor capabilities and are read.
const READ: [&str; 14] = [
    "litellm_provider",
    "mode",
    "max_input_tokens",
    "max_output_tokens",
    "max_tokens",
    "output_vector_size",
    "prompt_cache_min_tokens",
    "source",
    "deprecation_date",
    "default_reasoning_effort",
    "supported_endpoints",
    "supported_modalities",
    "supported_output_modalities",
    "supported_regions",
];

const REASONING_EFFORTS: &str = "reasoning_effort_levels";

/// Fields that nobody here reads, on purpose: notes, limits of accounts, hints for LiteLLM's own code, and prices in
/// units other than dollars or for things that are not models' answers.
const LEFT_OUT: [&str; 16] = [
    "metadata",
    "comment",
    "rpm",
    "tpm",
    "token_count_model",
    "token_count_tokenizer",
    "token_count_framing",
    "reasoning_modes",
    "reasoning_contexts",
    "bedrock_output_config_effort_ceiling",
    "supported_audio_formats",
    "vertex_ai_audio_api",
    "audio_transcription_config",
    "input_dbu_cost_per_token",
    "output_dbu_cost_per_token",
    "guardrail_cost_per_unit",
];

/// What of `provider_specific_entry` multiplies a price; the rest are hints for LiteLLM's own code.
const FACTS: [&str; 2] = ["us", "fast"];

/// Price lists on which reaching a threshold crosses it.
///
/// Source: xAI docs, models and pricing, read 2026-11.
const INCLUSIVE: [&str; 1] = ["xai"];

/// Price lists on which an answer pays once for searching, unless the row says `per_query`.
///
/// Source: Gemini API docs, pricing and grounding with Google Search, read 2026-11.
const SEARCH_BY_ANSWER: [&str; 3] = ["gemini", "vertex_ai", "vertex_ai-language-models"];

/// Price lists on which a cached token costs half where its own price is not listed.
///
/// Source: Fireworks docs, prompt caching (serverless models), read 2026-11.
const CACHED_AT_HALF: [&str; 1] = ["fireworks_ai"];

pub(super) fn is_left_out(field: &str) -> bool {
    LEFT_OUT.contains(&field)
}

/// What was noticed on the way.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Prices that did not fit: as they were, as they are now, and whose they are.
    pub(super) rounded: Vec<(String, Rate, String)>,
    /// Fields that are not known.
    pub(super) unread: BTreeSet<String>,
}

/// A model with texts of its own.
pub(super) struct Model<'f> {
    key: &'f str,
    family: &'f str,
    mode: Option<Mode>,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    output_vector_size: Option<u64>,
    prompt_cache_min_tokens: Option<u64>,
    capabilities: Capabilities,
    prices: Option<Prices>,
    deprecation_date: Option<&'f str>,
    source: Option<&'f str>,
    default_reasoning_effort: Option<&'f str>,
    endpoints: String,
    input_modalities: String,
    output_modalities: String,
    regions: String,
    reasoning_efforts: String,
}

impl Model<'_> {
    pub(super) fn info(&self) -> ModelInfo<'_> {
        let mut info = ModelInfo::new(self.key, vendor_of(self.family), self.family);
        info.mode = self.mode;
        info.max_input_tokens = self.max_input_tokens;
        info.max_output_tokens = self.max_output_tokens;
        info.output_vector_size = self.output_vector_size;
        info.prompt_cache_min_tokens = self.prompt_cache_min_tokens;
        info.capabilities = self.capabilities;
        info.prices.clone_from(&self.prices);
        info.deprecation_date = self.deprecation_date;
        info.source = self.source;
        info.default_reasoning_effort = self.default_reasoning_effort;
        info.endpoints = Words::new(&self.endpoints);
        info.input_modalities = Words::new(&self.input_modalities);
        info.output_modalities = Words::new(&self.output_modalities);
        info.regions = Words::new(&self.regions);
        info.reasoning_efforts = Words::new(&self.reasoning_efforts);
        info
    }
}

/// Reads a model. Fails on a price or a capability of a kind that is not known: then `llm-pricing` has to learn it.
pub(super) fn model<'f>(key: &'f str, fields: &'f Fields, notes: &mut Notes) -> anyhow::Result<Model<'f>> {
    read(key, fields, notes).with_context(|| key.to_owned())
}

fn read<'f>(key: &'f str, fields: &'f Fields, notes: &mut Notes) -> anyhow::Result<Model<'f>> {
    let text = |name: &str| match fields.get(name) {
        Some(PriceValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let family = text("litellm_provider").context("no litellm_provider")?;
    let mode = match text("mode") {
        None => None,
        Some(name) => Some(Mode::from_name(name).with_context(|| format!("the mode {name} is new"))?),
    };
    let date = text("deprecation_date");
    if let Some(date) = date.filter(|date| date.len() != 10) {
        bail!("deprecation_date: {date} is no day");
    }
    let count =
        |name: &str| fields.get(name).map(|value| whole(value).with_context(|| name.to_owned())).transpose();
    let mut max_output_tokens = count("max_output_tokens")?;
    let max_input_tokens = count("max_input_tokens")?;
    if max_output_tokens.is_none() && max_input_tokens.is_none() {
        max_output_tokens = count("max_tokens")?;
    }
    let words = |name: &str| {
        fields.get(name).map_or(Ok(String::new()), |value| list(value).with_context(|| name.to_owned()))
    };
    Ok(Model {
        key,
        family,
        mode,
        max_input_tokens,
        max_output_tokens,
        output_vector_size: count("output_vector_size")?,
        prompt_cache_min_tokens: count("prompt_cache_min_tokens")?,
        capabilities: capabilities(fields)?,
        prices: prices(key, family, fields, notes)?,
        deprecation_date: date,
        source: text("source"),
        default_reasoning_effort: text("default_reasoning_effort"),
        endpoints: words("supported_endpoints")?,
        input_modalities: words("supported_modalities")?,
        output_modalities: words("supported_output_modalities")?,
        regions: words("supported_regions")?,
        reasoning_efforts: words(REASONING_EFFORTS)?,
    })
}

fn capabilities(fields: &Fields) -> anyhow::Result<Capabilities> {
    let mut known = Capabilities::default();
    for (name, value) in fields {
        if let PriceValue::Bool(has) = value {
            let capability = Capability::from_name(name);
            known.set(capability.with_context(|| format!("the capability {name} is new"))?, *has);
        }
    }
    Ok(known)
}

fn prices(key: &str, family: &str, fields: &Fields, notes: &mut Notes) -> anyhow::Result<Option<Prices>> {
    let mut own = Vec::new();
    for (name, value) in fields.iter().filter(|(_, value)| !matches!(value, PriceValue::Bool(_))) {
        if Prices::is_field(name) {
            let value = if name == "provider_specific_entry" { factors(value) } else { value.clone() };
            own.push((name.as_str(), rounded(key, &value, notes)));
        } else if ["cost", "pric", "multiplier", "billing"].iter().any(|word| name.contains(word)) {
            bail!("{name} looks like a price of a new kind");
        } else if !READ.contains(&name.as_str()) && name != REASONING_EFFORTS && !is_left_out(name) {
            notes.unread.insert(name.clone());
        }
    }
    let mut prices = Prices::from_fields(own.iter().map(|(name, value)| (*name, value)))?;
    if prices.is_empty() {
        return Ok(None);
    }
    if let (None, Some(input)) = (prices.rate(Item::CacheRead), prices.rate(Item::Input))
        && CACHED_AT_HALF.contains(&family)
    {
        let half = Rate::from_femtos(input.femtos() / 2).filter(|half| half.femtos() * 2 == input.femtos());
        prices = prices.with(Item::CacheRead, half.context("half of input_cost_per_token does not fit")?);
    }
    let by_answer = SEARCH_BY_ANSWER.contains(&family)
        && !fields.contains_key("web_search_billing_unit")
        && prices.rate(Item::WebSearch).is_some();
    let searches = if by_answer { SearchUnit::Answer } else { SearchUnit::Query };
    let inclusive = INCLUSIVE.contains(&family) && prices.rates().any(|(key, _)| key.above > 0);
    Ok(Some(prices.with_searches(searches).with_inclusive_thresholds(inclusive)))
}

fn factors(value: &PriceValue) -> PriceValue {
    match value {
        PriceValue::Map(map) => {
            PriceValue::Map(map.iter().filter(|(name, _)| FACTS.contains(&name.as_str())).cloned().collect())
        }
        other => other.clone(),
    }
}

/// The same with every number that has too many decimals at its nearest price.
fn rounded(key: &str, value: &PriceValue, notes: &mut Notes) -> PriceValue {
    match value {
        PriceValue::Number(text) if text.parse::<Rate>().is_err() => match Rate::nearest(text) {
            Ok(rate) => {
                notes.rounded.push((text.clone(), rate, key.to_owned()));
                PriceValue::Number(rate.to_string())
            }
            // Too large or no price at all, such as the end of a range: whoever reads it says so if it matters.
            Err(_) => value.clone(),
        },
        PriceValue::List(list) => {
            PriceValue::List(list.iter().map(|value| rounded(key, value, notes)).collect())
        }
        PriceValue::Map(map) => PriceValue::Map(
            map.iter().map(|(name, value)| (name.clone(), rounded(key, value, notes))).collect(),
        ),
        other => other.clone(),
    }
}

/// A count, which upstream may write as `4096.0`.
fn whole(value: &PriceValue) -> anyhow::Result<u64> {
    let PriceValue::Number(text) = value else { bail!("expected a number") };
    let digits = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|digit| digit == b'0'));
    digits.map_or(text.as_str(), |(digits, _)| digits).parse().with_context(|| text.clone())
}

/// The words of a list, with commas between.
fn list(value: &PriceValue) -> anyhow::Result<String> {
    let PriceValue::List(list) = value else { bail!("expected a list") };
    let words = list.iter().map(|value| match value {
        PriceValue::Text(word) if !word.contains(',') => Ok(word.as_str()),
        _ => bail!("expected words without commas"),
    });
    Ok(words.collect::<anyhow::Result<Vec<_>>>()?.join(","))
}
