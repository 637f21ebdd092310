//! From a line and a column to a path: what an error of `serde_json` says to what a person needs.

use std::fmt::Write as _;
use std::ops::Range;

/// An object or a list that is open where reading stopped.
struct Frame {
    step: Step,
    at: At,
}

enum Step {
    /// In an object: the bytes of the last name, with its quotation marks.
    Member(Range<usize>),
    /// In a list: the index.
    Item(usize),
}

/// How far the current member or item was read.
#[derive(Clone, Copy)]
enum At {
    /// Not begun: a name or an item may follow.
    Open,
    /// The name was read.
    Named,
    /// The value is to follow, or was begun.
    Value,
    /// The value ended here.
    Done(usize),
}

/// The path to the value that ends where reading stopped, or else begins there, or else lies around it.
///
/// `column` counts the bytes that were read of that line, as `serde_json` does.
pub(super) fn path(json: &[u8], error: &serde_json::Error, message: &str) -> String {
    let Some(breaks) = error.line().checked_sub(1) else { return String::new() };
    let mut starts = json.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let start = breaks.checked_sub(1).map_or(0, |breaks| starts.nth(breaks).unwrap_or(json.len()));
    let end = start.saturating_add(error.column()).min(json.len());
    let mut frames = frames(json, end);
    if let Some(top) = frames.last() {
        let is_meant = match top.at {
            At::Value => true,
            At::Done(at) => at == end,
            At::Named => false,
            // An item that was not even begun, as it is no list or no object, or else the list itself.
            At::Open => {
                matches!(top.step, Step::Item(_))
                    && match json.get(end) {
                        Some(b'{') => message.starts_with("invalid type: map"),
                        Some(b'[') => message.starts_with("invalid type: sequence"),
                        _ => false,
                    }
            }
        };
        if !is_meant {
            frames.pop();
        }
    }
    written(json, &frames)
}

/// What is open at `end`, outermost first. The text before was read once, so that it is taken for JSON.
fn frames(json: &[u8], end: usize) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    while at < end {
        let next = match json[at] {
            b'"' => string_end(json, at),
            b'{' | b'[' | b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => at + 1,
            _ => json[at..]
                .iter()
                .position(|byte| b",:]} \t\r\n".contains(byte))
                .map_or(json.len(), |len| at + len),
        };
        let top = frames.last_mut();
        match (json[at], top) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => {}
            (opening @ (b'{' | b'['), top) => {
                if let Some(top) = top {
                    top.at = At::Value;
                }
                let step = if opening == b'{' { Step::Member(0..0) } else { Step::Item(0) };
                frames.push(Frame { step, at: At::Open });
            }
            (b'}' | b']', _) => {
                frames.pop();
                if let Some(top) = frames.last_mut() {
                    top.at = At::Done(next);
                }
            }
            (_, None) => {}
            (b',', Some(top)) => {
                top.at = At::Open;
                if let Step::Item(index) = &mut top.step {
                    *index += 1;
                }
            }
            (b':', Some(top)) => top.at = At::Value,
            (b'"', Some(Frame { step: Step::Member(name), at: state @ At::Open })) => {
                if next <= end {
                    (*name, *state) = (at..next, At::Named);
                }
            }
            (_, Some(top)) => top.at = if next <= end { At::Done(next) } else { At::Value },
        }
        at = next;
    }
    frames
}

/// The place after a string that begins here.
fn string_end(json: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len() + 1
}

fn written(json: &[u8], frames: &[Frame]) -> String {
    let mut path = String::new();
    for frame in frames {
        match &frame.step {
            Step::Item(index) => {
                let _ = write!(path, "[{index}]");
            }
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path += &serde_json::from_slice::<String>(&json[name.clone()]).unwrap_or_default();
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::from_slice;
    use crate::ChatRequest;

    /// Where reading stops, on several lines, with escapes and after other values.
    #[test]
    fn places_in_texts_of_every_shape() {
        for (json, path) in [
            ("{\n \"model\": \"m\",\r\n \"messages\": [\n  {\"role\": 1}\n ]\n}", "messages[0].role"),
            (r#"{"model":"m","messages":[],"logit_bias":{"a\"b":1,"\u0063":[[]]},"n":"x"}"#, "n"),
            (r#"{"model":"m","messages":[],"stop":["a\\",["b"]]}"#, "stop[1]"),
            (r#"{"model":"m","messages":[],"stop":[{}]}"#, "stop[0]"),
            (r#"{"model":"m","messages":[{"role":"user","content":[[1]]}]}"#, "messages[0].content[0]"),
            (r#"{"model":"m","messages":[{"role":"user","content":"a"},{"#, "messages[1]"),
            (r#"{"model":"m","messages":[{"role":"us"#, "messages[0].role"),
            (r#"{"model":"m","model":"n"}"#, ""),
            (r#"{"model":"m","messages":[{"role":"user","role":"user"}]}"#, "messages[0]"),
            (r#"{"model":"m" "messages":[]}"#, "model"),
            (r#"{"model":"m","messages":[{"role":"user"}],}"#, ""),
        ] {
            let error = from_slice::<ChatRequest>(json.as_bytes()).unwrap_err();
            assert_eq!(error.path, path, "{json}: {error}");
        }
    }
}
