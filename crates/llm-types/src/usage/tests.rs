//! Counts: every token in exactly one counter, whatever a vendor says.

use super::*;

fn counts(json: &str) -> TokenCounts {
    crate::from_slice::<Usage>(json.as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}")).counts()
}

#[test]
fn every_token_stands_in_one_counter() {
    let none = TokenCounts::default();
    for (json, expected) in [
        ("{}", none),
        (r#"{"prompt_tokens":null,"completion_tokens":null}"#, none),
        (
            r#"{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}"#,
            TokenCounts { input: 9, output: 2, ..none },
        ),
        // OpenAI: details are parts of the sums.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},
                "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":5,"accepted_prediction_tokens":7}}"#,
            TokenCounts {
                input: 30,
                input_cached: 60,
                input_audio: 10,
                output: 15,
                output_reasoning: 30,
                output_audio: 5,
                ..none
            },
        ),
        // Cache writes of both lives; the longer one is a part of what was written.
        (
            r#"{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":20,"cache_write_tokens":50,
                "cache_creation_token_details":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30}}}"#,
            TokenCounts {
                input: 30,
                input_cached: 20,
                input_cache_write: 20,
                input_cache_write_1h: 30,
                ..none
            },
        ),
        (
            r#"{"prompt_tokens":100,"prompt_tokens_details":{"cache_write_tokens":50}}"#,
            TokenCounts { input: 50, input_cache_write: 50, ..none },
        ),
        // The longer life can be no more than what was written.
        (
            r#"{"prompt_tokens":100,"prompt_tokens_details":{"cache_write_tokens":10,
                "cache_creation_token_details":{"ephemeral_1h_input_tokens":30}}}"#,
            TokenCounts { input: 90, input_cache_write_1h: 10, ..none },
        ),
        // Anthropic's words, where OpenAI's are missing; OpenAI's win where both are there.
        (
            r#"{"prompt_tokens":100,"cache_read_input_tokens":40,"cache_creation_input_tokens":5}"#,
            TokenCounts { input: 55, input_cached: 40, input_cache_write: 5, ..none },
        ),
        (
            r#"{"prompt_tokens":100,"cache_read_input_tokens":40,"prompt_tokens_details":{"cached_tokens":0}}"#,
            TokenCounts { input: 100, ..none },
        ),
        (
            r#"{"prompt_tokens":100,"cache_read_input_tokens":40,"prompt_tokens_details":{"cached_tokens":null}}"#,
            TokenCounts { input: 60, input_cached: 40, ..none },
        ),
        // Details beyond the sum are cut, the dearest kinds last.
        (
            r#"{"prompt_tokens":10,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":15},
                "completion_tokens_details":{"reasoning_tokens":3,"audio_tokens":3}}"#,
            TokenCounts { input_cached: 10, output_reasoning: 3, output_audio: 1, ..none },
        ),
        // Below zero is nothing; fractions are cut off; what is huge is at its limit.
        (r#"{"prompt_tokens":-5,"completion_tokens":-0.5}"#, none),
        (
            r#"{"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":-3}}"#,
            TokenCounts { input: 5, ..none },
        ),
        (r#"{"prompt_tokens":7.0,"completion_tokens":2.9}"#, TokenCounts { input: 7, output: 2, ..none }),
        (r#"{"prompt_tokens":1e300}"#, TokenCounts { input: u64::MAX, ..none }),
        (r#"{"prompt_tokens":18446744073709551616}"#, TokenCounts { input: u64::MAX, ..none }),
    ] {
        assert_eq!(counts(json), expected, "{json}");
    }
}

#[test]
fn sums_do_not_overflow() {
    let all = TokenCounts {
        input: u64::MAX,
        input_cached: 1,
        output: u64::MAX,
        output_audio: 1,
        ..Default::default()
    };
    assert_eq!((all.input_total(), all.output_total()), (u64::MAX, u64::MAX));
    assert_eq!(Usage::new(u64::MAX, 1).total_tokens.get().and_then(Number::as_u64), Some(u64::MAX));
}

#[test]
fn the_parts_are_the_whole() {
    // Every combination of a few counts, sound or not: the counters sum up to what was reported.
    let some = [0, 1, 7, 50, 1000];
    for prompt in some {
        for cached in some {
            for written in some {
                for long in some {
                    let counts = counts(&format!(
                        r#"{{"prompt_tokens":{prompt},"prompt_tokens_details":{{"cached_tokens":{cached},
                        "cache_write_tokens":{written},"audio_tokens":{long},
                        "cache_creation_token_details":{{"ephemeral_1h_input_tokens":{long}}}}}}}"#
                    ));
                    assert_eq!(counts.input_total(), prompt, "{counts:?}");
                }
            }
        }
    }
}

#[test]
fn what_a_vendor_adds_is_kept() {
    let json = r#"{"prompt_tokens":1,"completion_tokens":2.5,"server_tool_use":{"web_search_requests":3},"cost":0.001}"#;
    let usage: Usage = crate::from_slice(json.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&usage).unwrap(), json);
}
