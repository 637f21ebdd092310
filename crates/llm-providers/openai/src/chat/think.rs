//! Thinking that stands in the text between `<think>` and `</think>`, cut anywhere.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Tells thinking from text. Thinking stands at the beginning or not at all.
#[derive(Debug, Default)]
pub(super) struct ThinkTags {
    state: State,
    /// Text that may yet turn out to be part of a tag.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Inside,
    /// After the tag: line ends that belong to it are passed over.
    Closed,
    Text,
}

/// A piece of text taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// Thinking.
    pub(super) thinking: String,
    /// Text.
    pub(super) text: String,
}

impl ThinkTags {
    /// Adds text; gives what can be told.
    pub(super) fn push(&mut self, text: &str) -> Pieces {
        let mut pieces = Pieces::default();
        if self.state == State::Text {
            pieces.text.push_str(text);
            return pieces;
        }
        let mut all = std::mem::take(&mut self.held);
        all.push_str(text);
        let mut rest = all.as_str();
        loop {
            match self.state {
                State::Start => {
                    let begun = rest.trim_start();
                    if let Some(inside) = begun.strip_prefix(OPEN) {
                        self.state = State::Inside;
                        rest = inside;
                    } else if OPEN.starts_with(begun) {
                        break;
                    } else {
                        self.state = State::Text;
                    }
                }
                State::Inside => {
                    let Some(end) = rest.find(CLOSE) else {
                        let certain = rest.len() - overlap(rest);
                        pieces.thinking.push_str(&rest[..certain]);
                        rest = &rest[certain..];
                        break;
                    };
                    pieces.thinking.push_str(&rest[..end]);
                    rest = &rest[end + CLOSE.len()..];
                    self.state = State::Closed;
                }
                State::Closed => {
                    rest = rest.trim_start_matches(['\r', '\n']);
                    if rest.is_empty() {
                        break;
                    }
                    self.state = State::Text;
                }
                State::Text => {
                    pieces.text.push_str(rest);
                    rest = "";
                    break;
                }
            }
        }
        self.held = rest.to_owned();
        pieces
    }

    /// The text ended: what was held is what it looks like.
    pub(super) fn finish(&mut self) -> Pieces {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Inside => Pieces { thinking: held, text: String::new() },
            _ => Pieces { thinking: String::new(), text: held },
        }
    }
}

/// How many bytes at the end of `text` may be the beginning of the closing tag.
fn overlap(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|&length| text.ends_with(&CLOSE[..length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&str]) -> (String, String) {
        let mut tags = ThinkTags::default();
        let mut all = Pieces::default();
        let mut add = |pieces: Pieces| {
            all.thinking.push_str(&pieces.thinking);
            all.text.push_str(&pieces.text);
        };
        for piece in pieces {
            add(tags.push(piece));
        }
        add(tags.finish());
        (all.thinking, all.text)
    }

    #[test]
    fn the_same_wherever_it_is_cut() {
        for (text, thinking, rest) in [
            ("<think>a < b</think>\n\nyes", "a < b", "yes"),
            ("\n<think>\n</thin k></think>ü</think>", "\n</thin k>", "ü</think>"),
            ("no <think>tags</think>", "", "no <think>tags</think>"),
            ("<thin", "", "<thin"),
            ("<think>never closed </thi", "never closed </thi", ""),
            ("<think></think>", "", ""),
            (" \n", "", " \n"),
            ("", "", ""),
        ] {
            let wanted = (thinking.to_owned(), rest.to_owned());
            let places: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
            for &first in &places {
                for &second in places.iter().filter(|&&second| second >= first) {
                    assert_eq!(
                        read(&[&text[..first], &text[first..second], &text[second..]]),
                        wanted,
                        "{text}"
                    );
                }
            }
            let bytes: Vec<_> = text.split_inclusive(|_| true).collect();
            assert_eq!(read(&bytes), wanted, "{text}");
        }
    }
}
