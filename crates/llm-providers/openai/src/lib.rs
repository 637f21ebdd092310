//! OpenAI chat completions, translated and passed through
