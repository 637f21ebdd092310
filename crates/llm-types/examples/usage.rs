//! Splits a vendor's usage into counters in which every token stands once.
//!
//! `cargo run -p llm-types --example usage`

use llm_types::{ParseError, Usage, from_slice};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), ParseError> {
    let usage: Usage = from_slice(
        br#"{"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500,
             "prompt_tokens_details": {"cached_tokens": 1000},
             "completion_tokens_details": {"reasoning_tokens": 250}}"#,
    )?;
    let counts = usage.counts();
    println!("read {} anew and {} from the cache", counts.input, counts.input_cached);
    println!("wrote {} words and {} of thinking, in tokens", counts.output, counts.output_reasoning);
    Ok(())
}
