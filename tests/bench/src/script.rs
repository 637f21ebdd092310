//! What the upstream shall do, read from the request: the model's name carries the numbers, so that a
//! proxy in between needs no headers of ours.

use memchr::memmem;

/// How the upstream answers one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Script {
    /// Content events of a stream.
    pub chunks: u32,
    /// Milliseconds between two events; 0 sends all at once.
    pub pause_ms: u64,
    /// Milliseconds before the answer begins.
    pub delay_ms: u64,
}

impl Script {
    /// Reads the numbers that follow `c` (chunks), `p` (pause) and `d` (delay) between the hyphens of a
    /// model's name. What is not said is 10 chunks, no pause, no delay.
    #[must_use]
    pub fn from_model(model: &str) -> Self {
        let mut script = Self { chunks: 10, pause_ms: 0, delay_ms: 0 };
        for part in model.split('-') {
            let Some((letter, number)) = part.split_at_checked(1) else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            match letter {
                "c" => script.chunks = number,
                "p" => script.pause_ms = number.into(),
                "d" => script.delay_ms = number.into(),
                _ => {}
            }
        }
        script
    }
}

/// The three things of a request body that change the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// From the model's name.
    pub script: Script,
    /// Whether the answer is a stream.
    pub stream: bool,
    /// Whether an OpenAI stream ends in a chunk with the usage.
    pub include_usage: bool,
}

impl Ask {
    /// Searches a body for the members instead of parsing it: the upstream shall cost next to nothing.
    /// The prompts of the load generator do not hold these words.
    #[must_use]
    pub fn from_body(body: &[u8]) -> Self {
        let model = after(body, b"\"model\"")
            .and_then(|rest| rest.strip_prefix(b"\""))
            .and_then(|rest| rest.split(|byte| *byte == b'"').next())
            .and_then(|name| std::str::from_utf8(name).ok())
            .unwrap_or_default();
        let is_true = |member| after(body, member).is_some_and(|rest| rest.starts_with(b"true"));
        Self {
            script: Script::from_model(model),
            stream: is_true(b"\"stream\""),
            include_usage: is_true(b"\"include_usage\""),
        }
    }
}

/// What follows a member's name and colon.
fn after<'a>(body: &'a [u8], member: &[u8]) -> Option<&'a [u8]> {
    let rest = &body[memmem::find(body, member)? + member.len()..];
    Some(rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_between_hyphens_are_read_and_words_are_not() {
        let script = Script::from_model("claude-bench-c100-p5-d60");
        assert_eq!(script, Script { chunks: 100, pause_ms: 5, delay_ms: 60 });
        assert_eq!(Script::from_model("claude-dpc"), Script { chunks: 10, pause_ms: 0, delay_ms: 0 });
        assert_eq!(Script::from_model(""), Script::from_model("bench"));
    }

    #[test]
    fn a_body_is_searched_whatever_its_spacing_and_order() {
        let ask = Ask::from_body(
            br#"{"stream_options": {"include_usage" : true}, "stream": true,"model" :"bench-c7"}"#,
        );
        assert_eq!((ask.script.chunks, ask.stream, ask.include_usage), (7, true, true));
        let plain = Ask::from_body(br#"{"model":"bench","stream":false}"#);
        assert_eq!((plain.script.chunks, plain.stream, plain.include_usage), (10, false, false));
    }
}
