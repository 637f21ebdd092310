//! Short forms: scripts that are named by the model, such as `mock/error-429`.

use crate::script::{ErrorScript, Script};

/// A short form as `/v1/models` lists it, with what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortForm {
    /// An example of the name, without the prefix `mock/`.
    pub example: &'static str,
    /// What the vendor then does.
    pub what: &'static str,
}

/// Every short form. `N` in a description stands for the number in the example, which is free.
pub const SHORT_FORMS: &[ShortForm] = &[
    ShortForm { example: "hello", what: "a greeting that repeats the last user message" },
    ShortForm { example: "echo", what: "the last user message, whole" },
    ShortForm { example: "empty", what: "an answer without any text" },
    ShortForm { example: "length", what: "an answer that ends with finish reason `length`" },
    ShortForm { example: "thinking", what: "reasoning, then text" },
    ShortForm { example: "tools", what: "a call of the first tool, arguments made up from its schema" },
    ShortForm { example: "tools-2", what: "calls of the first N tools" },
    ShortForm { example: "stream-100", what: "text in N chunks, one word each" },
    ShortForm { example: "big-1048576", what: "text of at least N bytes" },
    ShortForm { example: "endless", what: "an answer that never ends" },
    ShortForm { example: "slow", what: "2 s before the first chunk, 100 ms between chunks" },
    ShortForm { example: "slow-500", what: "N ms before the first chunk, 100 ms between chunks" },
    ShortForm {
        example: "error-429",
        what: "refused with status N, 400 to 599; 429 and 503 with `retry-after: 1`",
    },
    ShortForm { example: "flaky-2", what: "the same request refused N times with a 500, then answered" },
    ShortForm { example: "stall", what: "silence for ever after 3 chunks" },
    ShortForm { example: "stall-0", what: "silence for ever after N chunks" },
    ShortForm { example: "cut", what: "connection broken after 3 chunks" },
    ShortForm { example: "cut-0", what: "connection broken after N chunks" },
    ShortForm { example: "stream-error", what: "an error event after 3 chunks" },
    ShortForm { example: "stream-error-0", what: "an error event after N chunks" },
];

const FAULT_AFTER_CHUNKS: u64 = 3;
const FAULT_CHUNKS: u64 = 10;

impl Script {
    /// The script that a model's name stands for. A prefix `mock/` is skipped; a name that is no short form is `None`.
    ///
    /// ```
    /// use llm_provider_mock::Script;
    ///
    /// assert_eq!(Script::from_model("mock/stream-100").and_then(|s| s.chunks), Some(100));
    /// assert_eq!(Script::from_model("gpt-4o"), None);
    /// ```
    pub fn from_model(model: &str) -> Option<Self> {
        let name = model.strip_prefix("mock/").unwrap_or(model);
        let (stem, number) = match name.rsplit_once('-') {
            Some((stem, digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                (stem, Some(digits.parse().ok()?))
            }
            _ => (name, None),
        };
        let script = form(stem, number)?;
        script.check().is_ok().then_some(script)
    }
}

fn form(stem: &str, number: Option<u64>) -> Option<Script> {
    let plain = Script::default();
    let fault_after = number.unwrap_or(FAULT_AFTER_CHUNKS);
    // Long enough for the fault to come in mid-stream.
    let long =
        || Script { chunks: Some(FAULT_CHUNKS.max(fault_after.saturating_add(1))), ..Script::default() };
    Some(match (stem, number) {
        ("hello", None) => plain,
        ("echo", None) => Script { echo: true, ..plain },
        ("empty", None) => Script::saying(""),
        ("length", None) => Script { finish_reason: Some("length".to_owned()), ..plain },
        ("thinking", None) => Script {
            reasoning: Some("The user wrote something. I have no model to ask, so I greet them.".to_owned()),
            ..plain
        },
        ("tools", n) => Script { call_tools: n.unwrap_or(1), ..plain },
        ("stream", Some(n)) => Script { chunks: Some(n), ..plain },
        ("big", Some(n)) => Script { body_bytes: n, ..plain },
        ("endless", None) => Script { endless: true, ..plain },
        ("slow", n) => Script { first_chunk_ms: n.unwrap_or(2_000), chunk_ms: 100, ..plain },
        ("error", Some(n)) => {
            let status = u16::try_from(n).ok()?;
            let retry_after_s = matches!(status, 429 | 503).then_some(1);
            Script { error: Some(ErrorScript { retry_after_s, ..ErrorScript::new(status) }), ..plain }
        }
        ("flaky", Some(n)) => Script { fail_first: Some(n), ..plain },
        ("stall", _) => Script { stall_after_chunks: Some(fault_after), ..long() },
        ("cut", _) => Script { cut_after_chunks: Some(fault_after), ..long() },
        ("stream-error", _) => Script { error_in_stream_after_chunks: Some(fault_after), ..long() },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_form_is_a_script_with_and_without_the_prefix() {
        for form in SHORT_FORMS {
            let bare = Script::from_model(form.example);
            assert!(bare.is_some(), "{}", form.example);
            assert_eq!(bare, Script::from_model(&format!("mock/{}", form.example)));
        }
    }

    #[test]
    fn names_of_models_are_not_short_forms() {
        for name in [
            "gpt-4o",
            "claude-sonnet-4-5",
            "o3",
            "",
            "-",
            "mock/",
            "error-",
            "error-x",
            "error-200",
            "stream-0",
            "stream-99999999999999999999999",
            "echo-1",
            "big-99999999999",
            "tools-two",
        ] {
            assert_eq!(Script::from_model(name), None, "{name}");
        }
    }
}
