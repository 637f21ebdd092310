//! From a vendor's usage to quantities, with everything in it that cannot be true.

mod anomaly;
mod numbers;
mod reported;

use llm_types::{CompletionTokensDetails, PromptTokensDetails, Usage};

use crate::{Item, Quantities, Tier};

pub use anomaly::{Anomaly, Contradiction, Side};
use numbers::Numbers;
pub use reported::reported_cost;

/// What a usage says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// How much of what. Details never exceed the sum that they belong to.
    pub quantities: Quantities,
    /// What cannot be true. The quantities of a side that is named here have to be estimated anew, not billed.
    pub anomalies: Vec<Anomaly>,
    /// What the vendor says of how it answered, for factors: `us`, `fast`.
    pub facts: Vec<String>,
    /// The tier that the usage names.
    pub tier: Option<Tier>,
}

impl Reading {
    /// Whether the tokens of a side have to be estimated, because the usage is absent or contradicts itself there.
    pub fn needs_estimate(&self, side: Side) -> bool {
        self.anomalies.iter().any(|anomaly| anomaly.side == side)
    }
}

/// Reads a usage in OpenAI's form, with the members that other vendors add to it.
///
/// Counts of details stand inside the sums, as OpenAI reports them. One other form is known by its own sum: a total
/// of prompt, completion and reasoning says that reasoning was counted beside the completion, as xAI does.
///
/// Source: OpenAI API reference, chat completion usage; xAI API reference, chat completions; Anthropic API docs,
/// messages usage; read 2026-11.
pub fn read(usage: &Usage) -> Reading {
    let mut numbers = Numbers::default();
    let prompt_details = usage.prompt_tokens_details.get();
    let completion_details = usage.completion_tokens_details.get();
    let reasoning = completion_details.map_or(0, |it| {
        numbers.field(&it.reasoning_tokens, Side::Completion, "completion_tokens_details.reasoning_tokens")
    });
    let (prompt, completion) = sums(usage, reasoning, &mut numbers);

    let mut reading = Reading {
        quantities: Quantities::new(),
        anomalies: Vec::new(),
        facts: facts(usage),
        tier: tier(usage),
    };
    // Where it stands: it is large.
    let quantities = &mut reading.quantities;
    read_prompt(usage, prompt_details, prompt, quantities, &mut numbers);
    read_completion(completion_details, completion, reasoning, quantities, &mut numbers);
    read_tools(usage, prompt_details, quantities, &mut numbers);
    reading.anomalies = numbers.anomalies;
    reading
}

/// Tokens of the prompt and of the completion, reasoning within.
fn sums(usage: &Usage, reasoning: u64, numbers: &mut Numbers) -> (u64, u64) {
    let prompt = numbers.sum(&usage.prompt_tokens, Side::Prompt, "prompt_tokens");
    let completion = numbers.sum(&usage.completion_tokens, Side::Completion, "completion_tokens");
    let total = numbers.total(&usage.total_tokens);
    match (prompt, completion, total) {
        (Some(prompt), Some(completion), Some(total)) => {
            let sum = prompt.saturating_add(completion);
            if sum == total {
                return (prompt, completion);
            }
            if reasoning > 0 && sum.checked_add(reasoning) == Some(total) {
                return (prompt, completion.saturating_add(reasoning));
            }
            numbers.both(Contradiction::TotalDiffers { total, sum });
            (prompt, completion)
        }
        // Embeddings write nothing, and say so by their total.
        (Some(prompt), None, Some(total)) if prompt == total && usage.completion_tokens.get().is_none() => {
            (prompt, 0)
        }
        (prompt, completion, _) => {
            numbers.missing(prompt.is_none(), Side::Prompt, "prompt_tokens");
            numbers.missing(completion.is_none(), Side::Completion, "completion_tokens");
            (prompt.unwrap_or(0), completion.unwrap_or(0))
        }
    }
}

fn read_prompt(
    usage: &Usage,
    details: Option<&PromptTokensDetails>,
    prompt: u64,
    quantities: &mut Quantities,
    numbers: &mut Numbers,
) {
    let none = PromptTokensDetails::default();
    let details = details.unwrap_or(&none);
    let cached = match details.cached_tokens.get() {
        Some(_) => numbers.field(&details.cached_tokens, Side::Prompt, "prompt_tokens_details.cached_tokens"),
        None => numbers.field(&usage.cache_read_input_tokens, Side::Prompt, "cache_read_input_tokens"),
    };
    let written = match details.cache_write_tokens.get() {
        Some(_) => numbers.field(
            &details.cache_write_tokens,
            Side::Prompt,
            "prompt_tokens_details.cache_write_tokens",
        ),
        None => {
            numbers.field(&usage.cache_creation_input_tokens, Side::Prompt, "cache_creation_input_tokens")
        }
    };
    let (hour, half_day, named) = lives(details, numbers);
    // A vendor that names lives and no sum has written what it names.
    let written = if written == 0 { named } else { written };
    numbers.within(named, written, Side::Prompt, "cache_creation_token_details", "cache_write_tokens");
    numbers.within(
        cached.saturating_add(written),
        prompt,
        Side::Prompt,
        "cached and written tokens",
        "prompt_tokens",
    );

    let mut left = Left(prompt);
    let cached = left.take(cached);
    let written = left.take(written);
    let mut from_write = Left(written);
    quantities.set(Item::CacheWrite1h, from_write.take(hour));
    quantities.set(Item::CacheWrite12h, from_write.take(half_day));
    quantities.set(Item::CacheWrite, from_write.0);

    let kinds = numbers.object(&details.extra, "cached_tokens_details");
    let cached_audio = numbers.member(kinds, Side::Prompt, "audio_tokens");
    let cached_image = numbers.member(kinds, Side::Prompt, "image_tokens");
    let mut from_cache = Left(cached);
    quantities.set(Item::CacheReadAudio, from_cache.take(cached_audio));
    quantities.set(Item::CacheReadImage, from_cache.take(cached_image));
    let explicit = details.extra.get("cache_type").and_then(|it| it.as_str()) == Some("ephemeral");
    quantities.set(if explicit { Item::CacheReadExplicit } else { Item::CacheRead }, from_cache.0);

    // A kind is counted whether or not it was cached: without a breakdown of the cache, only what was not cached
    // can be of that kind.
    let audio = numbers.field(&details.audio_tokens, Side::Prompt, "prompt_tokens_details.audio_tokens");
    let image = numbers.field(&details.image_tokens, Side::Prompt, "prompt_tokens_details.image_tokens");
    let video = numbers.member(Some(&details.extra), Side::Prompt, "video_tokens");
    let of_kinds = audio.saturating_add(image).saturating_add(video);
    numbers.within(of_kinds, prompt, Side::Prompt, "tokens of sound, images and video", "prompt_tokens");
    quantities.set(Item::InputAudio, left.take(audio.saturating_sub(cached_audio)));
    quantities.set(Item::InputImage, left.take(image.saturating_sub(cached_image)));
    quantities.set(Item::InputVideo, left.take(video));
    quantities.set(Item::Input, left.0);
}

/// Tokens written for an hour and for twelve, and the sum of all lives that are named.
fn lives(details: &PromptTokensDetails, numbers: &mut Numbers) -> (u64, u64, u64) {
    let anthropic = details.cache_creation_token_details.get();
    let openai = numbers.object(&details.extra, "cache_write_tokens_details");
    let mut named = |object, name| numbers.member(object, Side::Prompt, name);
    let short = named(anthropic, "ephemeral_5m_input_tokens")
        .saturating_add(named(anthropic, "ephemeral_30m_input_tokens"))
        .saturating_add(named(openai, "ttl_30m_tokens"));
    let hour = named(anthropic, "ephemeral_1h_input_tokens");
    let half_day =
        named(anthropic, "ephemeral_12h_input_tokens").saturating_add(named(openai, "ttl_12h_tokens"));
    (hour, half_day, short.saturating_add(hour).saturating_add(half_day))
}

fn read_completion(
    details: Option<&CompletionTokensDetails>,
    completion: u64,
    reasoning: u64,
    quantities: &mut Quantities,
    numbers: &mut Numbers,
) {
    let none = CompletionTokensDetails::default();
    let details = details.unwrap_or(&none);
    let side = Side::Completion;
    let audio = numbers.field(&details.audio_tokens, side, "completion_tokens_details.audio_tokens");
    let image = numbers.member(Some(&details.extra), side, "image_tokens");
    let video = numbers.member(Some(&details.extra), side, "video_tokens");
    let of_kinds = [audio, image, video].into_iter().fold(reasoning, u64::saturating_add);
    numbers.within(of_kinds, completion, side, "completion_tokens_details", "completion_tokens");

    let mut left = Left(completion);
    quantities.set(Item::Reasoning, left.take(reasoning));
    quantities.set(Item::OutputAudio, left.take(audio));
    quantities.set(Item::OutputImage, left.take(image));
    quantities.set(Item::OutputVideo, left.take(video));
    quantities.set(Item::Output, left.0);
}

/// Tools that ran at the vendor: `server_tool_use` of Anthropic, `server_side_tool_usage_details` of xAI,
/// `num_search_queries` and `citation_tokens` of Perplexity, Gemini's grounding as translators write it, and the searches
/// of a ranking.
fn read_tools(
    usage: &Usage,
    details: Option<&PromptTokensDetails>,
    quantities: &mut Quantities,
    numbers: &mut Numbers,
) {
    let anthropic = usage.server_tool_use.get().and_then(|it| it.as_object());
    let xai = numbers.object(&usage.extra, "server_side_tool_usage_details");
    let prompt = details.map(|details| &details.extra);
    let places = [
        (anthropic, "web_search_requests"),
        (xai, "web_search_calls"),
        (prompt, "web_search_requests"),
        (Some(&usage.extra), "num_search_queries"),
    ];
    // The same searches may be told of in more than one place.
    let searches = places.into_iter().map(|(object, name)| numbers.member(object, Side::Tools, name));
    quantities.set(Item::WebSearch, searches.max().unwrap_or(0));
    quantities.set(Item::MapSearch, numbers.member(prompt, Side::Tools, "google_maps_grounding_requests"));
    let queries = numbers.member(Some(&usage.extra), Side::Tools, Usage::SEARCH_UNITS);
    quantities.set(Item::Queries, queries);
    quantities.set(Item::Citation, numbers.member(Some(&usage.extra), Side::Tools, "citation_tokens"));
}

/// Where and how fast: `inference_geo` and `speed` of Anthropic.
///
/// Source: Anthropic API docs, data residency and fast mode, read 2026-11.
fn facts(usage: &Usage) -> Vec<String> {
    let words = ["inference_geo", "speed"].into_iter().filter_map(|name| usage.extra.get(name)?.as_str());
    words
        .map(str::to_ascii_lowercase)
        .filter(|word| !matches!(word.as_str(), "global" | "standard" | ""))
        .collect()
}

fn tier(usage: &Usage) -> Option<Tier> {
    usage.extra.get("service_tier").and_then(|it| it.as_str()).and_then(Tier::served)
}

/// What is left of a sum when its parts are taken away.
struct Left(u64);

impl Left {
    fn take(&mut self, wanted: u64) -> u64 {
        let taken = wanted.min(self.0);
        self.0 -= taken;
        taken
    }
}

#[cfg(test)]
mod tests;
