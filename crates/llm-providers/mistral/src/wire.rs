//! Mistral's JSON where it is not OpenAI's: filling in the middle.
//!
//! Source: Mistral AI API reference, "Fill-in-the-middle completions", read 2026-11.

use llm_types::{Extra, Stop, wire_struct};
use serde_json::Number;

wire_struct! {
    /// `POST /v1/fim/completions`: what stands between a prompt and a suffix. The answer has the form of chat's.
    pub struct FimRequest {
        required {
            /// Which model.
            model: String,
            /// What comes before.
            prompt: String,
        }
        optional {
            /// What comes after.
            suffix: String,
            /// Tokens to write at most.
            max_tokens: u64,
            /// Tokens to write at least.
            min_tokens: u64,
            /// 0 to 1.5.
            temperature: Number,
            /// 0 to 1.
            top_p: Number,
            /// Where to stop.
            stop: Stop,
            /// For repeatable sampling.
            random_seed: i64,
            /// Whether to stream.
            stream: bool,
            /// Labels.
            metadata: Extra,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives() {
        llm_testkit::laws::json_identity::<FimRequest>(
            r#"{"model":"codestral-latest","prompt":"def f(","suffix":"return 1","max_tokens":5,"min_tokens":1,"temperature":0.2,
            "top_p":1,"stop":["\n"],"random_seed":7,"stream":false,"metadata":{"a":1},"prompt_cache_key":"k"}"#,
        );
    }
}
