//! The story that the fixtures of every vendor tell.

/// The answer's text in all scenarios with text, whole or joined from the chunks.
pub const TEXT: &str = "Paris is the capital of France.";

/// The thinking in `thinking` and `thinking_stream`.
pub const THINKING: &str = "The user asks for the capital of France.";

/// Tokens read in `text`, `text_stream`: none of them cached.
pub const PROMPT_TOKENS: u64 = 12;

/// Tokens written in `text`, `text_stream`: none of them thinking.
pub const COMPLETION_TOKENS: u64 = 8;

/// Tokens read in `usage_cached`, by OpenAI's count: those from the cache included.
pub const CACHED_PROMPT_TOKENS: u64 = 100;

/// Tokens of these that were read from the prompt cache.
pub const CACHED_TOKENS: u64 = 80;

/// The tool that is called in `tools`, `tools_stream` and, first, in `parallel_tools_stream`.
pub const TOOL: (&str, &str) = ("get_weather", r#"{"city":"Paris"}"#);

/// The tool that is called second in `parallel_tools_stream`.
pub const SECOND_TOOL: (&str, &str) = ("get_time", r#"{"zone":"Europe/Paris"}"#);

/// How long `rate_limit` asks to wait, in milliseconds.
pub const RETRY_AFTER_MS: u64 = 20_000;
