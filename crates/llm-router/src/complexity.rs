//! How hard a prompt is, by its words.

use serde::{Deserialize, Serialize};

mod words;

#[cfg(test)]
mod tests;

/// How hard a prompt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Small talk, a definition, a look-up.
    Simple,
    /// A plain task.
    Medium,
    /// Code, or matters of a trade.
    Complex,
    /// To be thought through.
    Reasoning,
}

impl Tier {
    /// Every tier, the easiest first.
    pub const ALL: [Self; 4] = [Self::Simple, Self::Medium, Self::Complex, Self::Reasoning];

    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Medium => "medium",
            Self::Complex => "complex",
            Self::Reasoning => "reasoning",
        }
    }
}

/// How hard a prompt is, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Complexity {
    /// The sum of all signs by their weights.
    pub score: f64,
    /// What it comes to.
    pub tier: Tier,
}

/// Where a tier ends and the next begins.
const BOUNDARIES: [f64; 3] = [0.15, 0.35, 0.60];

/// Tokens below which a prompt is short, and from which on it is long.
const SHORT: usize = 15;
const LONG: usize = 400;

/// Bytes that are looked at, at either end of a prompt that has more.
const END: usize = 8 * 1024;

impl Complexity {
    /// Judges a prompt by its words: what the user asks, with or without what the system says.
    ///
    /// Seven signs, each from -1 to 1, are weighed: code 0.30, reasoning 0.25, matters of a trade 0.25, length 0.10, small
    /// talk 0.05, several steps 0.03, many questions 0.02. Two signs of reasoning are enough for that tier by themselves.
    /// The words are English ones; of a prompt with more than 16 KiB its two ends are read.
    ///
    /// Source: LiteLLM docs, Complexity router, read 2026-11: signs, weights and boundaries. The words are our own.
    pub fn of(prompt: &str) -> Self {
        let text = ends(prompt).to_lowercase();
        let count = |words: &[&str]| words.iter().filter(|word| contains_word(&text, word)).count();

        let reasoning = count(words::REASONING);
        let steps = count(words::STEPS) > 0 || numbered_steps(&text) >= 2;
        let tokens = prompt.len() / 4;
        let signs = [
            (0.30, graded(count(words::CODE) + usize::from(prompt.contains("```")), 1, 2)),
            (0.25, graded(reasoning, 1, 2)),
            (0.25, graded(count(words::TRADE), 2, 4)),
            (0.10, if tokens < SHORT { -1.0 } else { f64::from(u8::from(tokens >= LONG)) }),
            (0.05, -f64::from(u8::from(count(words::SIMPLE) > 0))),
            (0.03, f64::from(u8::from(steps))),
            (0.02, f64::from(u8::from(text.matches('?').count() > 3))),
        ];
        let score: f64 = signs.into_iter().map(|(weight, sign)| weight * sign).sum();
        let above = BOUNDARIES.into_iter().filter(|boundary| score >= *boundary).count();
        let tier = if reasoning >= 2 { Tier::Reasoning } else { Tier::ALL[above] };
        Self { score, tier }
    }
}

/// A sign that is half there from `some` hits on, and wholly from `many`.
fn graded(hits: usize, some: usize, many: usize) -> f64 {
    if hits >= many {
        1.0
    } else if hits >= some {
        0.5
    } else {
        0.0
    }
}

/// The prompt, or its two ends.
fn ends(prompt: &str) -> String {
    if prompt.len() <= 2 * END {
        return prompt.to_owned();
    }
    let (head, tail) = (prompt.floor_char_boundary(END), prompt.ceil_char_boundary(prompt.len() - END));
    format!("{}\n{}", &prompt[..head], &prompt[tail..])
}

/// Whether the word stands in the text with no letter or digit beside it.
fn contains_word(text: &str, word: &str) -> bool {
    let outside = |neighbour: Option<char>| !neighbour.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        outside(text[..at].chars().next_back()) && outside(text[at + word.len()..].chars().next())
    })
}

/// Lines that begin with a number, as in a list of steps.
fn numbered_steps(text: &str) -> usize {
    let is_numbered = |line: &&str| {
        let rest = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < line.trim_start().len() && rest.starts_with(['.', ')'])
    };
    text.lines().filter(is_numbered).count()
}
