//! Thinking that a model writes into its text, between `<think>` and `</think>`, because the server does not tell it
//! apart.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Tells thinking from text in pieces cut anywhere. Thinking stands at the beginning or not at all.
#[derive(Debug, Default)]
pub(crate) struct ThinkTags {
    state: State,
    /// What may yet turn out to be part of a tag.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Thinking,
    /// Line ends after the tag belong to it.
    After,
    Text,
}

/// Thinking, and text.
pub(crate) type Pieces = (String, String);

impl ThinkTags {
    /// Adds a piece; gives what can be told by now.
    pub(crate) fn push(&mut self, piece: &str) -> Pieces {
        let mut out = Pieces::default();
        let all = std::mem::take(&mut self.held) + piece;
        let mut rest = all.as_str();
        if self.state == State::Start {
            let begun = rest.trim_start();
            match begun.strip_prefix(OPEN) {
                Some(inside) => {
                    self.state = State::Thinking;
                    rest = inside;
                }
                None if OPEN.starts_with(begun) => {
                    self.held = rest.to_owned();
                    return out;
                }
                None => self.state = State::Text,
            }
        }
        if self.state == State::Thinking {
            let (certain, after) = match rest.split_once(CLOSE) {
                Some((thought, after)) => (thought, Some(after)),
                None => (&rest[..rest.len() - overlap(rest)], None),
            };
            out.0.push_str(certain);
            match after {
                Some(after) => {
                    self.state = State::After;
                    rest = after;
                }
                None => {
                    self.held = rest[certain.len()..].to_owned();
                    return out;
                }
            }
        }
        if self.state == State::After {
            rest = rest.trim_start_matches(['\r', '\n']);
            if rest.is_empty() {
                return out;
            }
            self.state = State::Text;
        }
        out.1.push_str(rest);
        out
    }

    /// The text ended: what was held is what it looks like.
    pub(crate) fn finish(&mut self) -> Pieces {
        let held = std::mem::take(&mut self.held);
        if self.state == State::Thinking { (held, String::new()) } else { (String::new(), held) }
    }
}

/// How many bytes at the end may be the beginning of the closing tag.
fn overlap(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|&length| text.ends_with(&CLOSE[..length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_wherever_it_is_cut() {
        for (text, thinking, rest) in [
            ("<think>a < b</think>\n\nyes", "a < b", "yes"),
            (" <think>\n</thi nk></think>ö</think>", "\n</thi nk>", "ö</think>"),
            ("no <think>tags</think>", "", "no <think>tags</think>"),
            ("<thi", "", "<thi"),
            ("<think>never closed </th", "never closed </th", ""),
            ("<think></think>", "", ""),
            ("", "", ""),
        ] {
            let places: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            for &first in &places {
                for &second in places.iter().filter(|&&second| second >= first) {
                    let mut tags = ThinkTags::default();
                    let mut all = Pieces::default();
                    for piece in [&text[..first], &text[first..second], &text[second..]] {
                        let (thought, said) = tags.push(piece);
                        all.0 += &thought;
                        all.1 += &said;
                    }
                    let (thought, said) = tags.finish();
                    assert_eq!(
                        (all.0 + &thought, all.1 + &said),
                        (thinking.to_owned(), rest.to_owned()),
                        "{text}"
                    );
                }
            }
        }
    }
}
