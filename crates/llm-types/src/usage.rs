//! What an answer took, as OpenAI reports it and as disjoint counters.

use serde_json::{Number, Value};

use crate::{Extra, Nullable, wire_struct};

wire_struct! {
    /// Tokens, as OpenAI reports them: `prompt_tokens` includes what was read from and written to the prompt
    /// cache, `completion_tokens` includes thinking.
    ///
    /// Counts stay JSON numbers, so that what a vendor sent is what a client gets; [`Usage::counts`] reads
    /// them for computing.
    #[derive(Default)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Usage {
        required {}
        optional {
            /// Tokens read.
            prompt_tokens: Number,
            /// Tokens written.
            completion_tokens: Number,
            /// Their sum.
            total_tokens: Number,
            /// What kinds of tokens were read.
            prompt_tokens_details: PromptTokensDetails,
            /// What kinds of tokens were written.
            completion_tokens_details: CompletionTokensDetails,
            /// Tokens written to the prompt cache, in Anthropic's words.
            cache_creation_input_tokens: Number,
            /// Tokens read from the prompt cache, in Anthropic's words.
            cache_read_input_tokens: Number,
            /// Tools that ran at the vendor, in Anthropic's words.
            server_tool_use: Value,
        }
    }
}

wire_struct! {
    /// What kinds of tokens were read.
    #[derive(Default)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct PromptTokensDetails {
        required {}
        optional {
            /// Read from the prompt cache.
            cached_tokens: Number,
            /// Written to the prompt cache.
            cache_write_tokens: Number,
            /// Written to the prompt cache, by life: `ephemeral_5m_input_tokens`, `ephemeral_1h_input_tokens`.
            cache_creation_token_details: Extra,
            /// Sound.
            audio_tokens: Number,
            /// Images.
            image_tokens: Number,
            /// Text.
            text_tokens: Number,
        }
    }
}

wire_struct! {
    /// What kinds of tokens were written.
    #[derive(Default)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct CompletionTokensDetails {
        required {}
        optional {
            /// Thinking.
            reasoning_tokens: Number,
            /// Sound.
            audio_tokens: Number,
            /// Text.
            text_tokens: Number,
            /// Predicted and right.
            accepted_prediction_tokens: Number,
            /// Predicted and wrong; paid for all the same.
            rejected_prediction_tokens: Number,
        }
    }
}

/// Tokens in disjoint counters: every token stands in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TokenCounts {
    /// Read, neither cached nor of another kind.
    pub input: u64,
    /// Read from the prompt cache.
    pub input_cached: u64,
    /// Written to the prompt cache for five minutes, or for a life that the vendor does not name.
    pub input_cache_write: u64,
    /// Written to the prompt cache for an hour.
    pub input_cache_write_1h: u64,
    /// Sound read.
    pub input_audio: u64,
    /// Written, neither thinking nor sound.
    pub output: u64,
    /// Thinking.
    pub output_reasoning: u64,
    /// Sound written.
    pub output_audio: u64,
}

impl TokenCounts {
    /// All tokens read.
    pub const fn input_total(&self) -> u64 {
        self.input
            .saturating_add(self.input_cached)
            .saturating_add(self.input_cache_write)
            .saturating_add(self.input_cache_write_1h)
            .saturating_add(self.input_audio)
    }

    /// All tokens written.
    pub const fn output_total(&self) -> u64 {
        self.output.saturating_add(self.output_reasoning).saturating_add(self.output_audio)
    }
}

impl Usage {
    /// The member that holds the searches of a ranking, where those are paid for.
    pub const SEARCH_UNITS: &str = "search_units";

    /// Adds the sums of another answer's: tokens read, written, and both. What kinds of tokens they were stays this one's.
    pub fn add(&mut self, more: &Self) {
        add(&mut self.prompt_tokens, &more.prompt_tokens);
        add(&mut self.completion_tokens, &more.completion_tokens);
        add(&mut self.total_tokens, &more.total_tokens);
    }

    /// A usage with the three sums.
    pub fn new(prompt: u64, completion: u64) -> Self {
        Self {
            prompt_tokens: Nullable::Value(prompt.into()),
            completion_tokens: Nullable::Value(completion.into()),
            total_tokens: Nullable::Value(prompt.saturating_add(completion).into()),
            ..Self::default()
        }
    }

    /// The disjoint counters. A count that is negative or no number counts as zero, and details never exceed
    /// the sum that they belong to.
    pub fn counts(&self) -> TokenCounts {
        let prompt = self.prompt_tokens_details.get();
        let completion = self.completion_tokens_details.get();
        let cached = prompt
            .and_then(|details| some(&details.cached_tokens))
            .or_else(|| some(&self.cache_read_input_tokens))
            .unwrap_or(0);
        let written = prompt
            .and_then(|details| some(&details.cache_write_tokens))
            .or_else(|| some(&self.cache_creation_input_tokens))
            .unwrap_or(0);
        let written_1h = prompt
            .and_then(|details| details.cache_creation_token_details.get())
            .and_then(|lives| lives.get("ephemeral_1h_input_tokens"))
            .and_then(Value::as_u64)
            .unwrap_or(0)
            .min(written);
        let input_audio = prompt.map_or(0, |details| count(&details.audio_tokens));
        let reasoning = completion.map_or(0, |details| count(&details.reasoning_tokens));
        let output_audio = completion.map_or(0, |details| count(&details.audio_tokens));

        let mut input_left = count(&self.prompt_tokens);
        let mut output_left = count(&self.completion_tokens);
        let take = |wanted: u64, left: &mut u64| {
            let taken = wanted.min(*left);
            *left -= taken;
            taken
        };
        let mut counts = TokenCounts {
            input_cached: take(cached, &mut input_left),
            input_cache_write_1h: take(written_1h, &mut input_left),
            input_cache_write: take(written - written_1h, &mut input_left),
            input_audio: take(input_audio, &mut input_left),
            output_reasoning: take(reasoning, &mut output_left),
            output_audio: take(output_audio, &mut output_left),
            ..TokenCounts::default()
        };
        counts.input = input_left;
        counts.output = output_left;
        counts
    }
}

fn some(number: &Nullable<Number>) -> Option<u64> {
    number.get().map(whole)
}

fn count(number: &Nullable<Number>) -> u64 {
    number.get().map_or(0, whole)
}

/// A count for computing: fractions are cut off, what is below zero counts as zero.
fn whole(number: &Number) -> u64 {
    number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}

fn add(sum: &mut Nullable<Number>, more: &Nullable<Number>) {
    if let Some(more) = more.get().and_then(Number::as_u64) {
        let so_far = sum.get().and_then(Number::as_u64).unwrap_or(0);
        *sum = Nullable::Value(so_far.saturating_add(more).into());
    }
}

#[cfg(test)]
mod tests;
