//! Where the text of one answer passes into that of the next.

use crate::Contradiction;
use crate::json::Repetition;

/// Bytes of the end of a text in which an overlap is looked for.
const OVERLAP_BYTES: usize = 2_000;
/// Characters that nobody says again by chance, where nothing had to be said again.
const TELLING_CHARACTERS: usize = 24;
/// Bytes of the words with which an answer is asked to begin.
const ANCHOR_BYTES: usize = 80;

/// The last words of a text, with which its continuation is asked to begin, so that the seam shows.
pub(crate) fn anchor(said: &str) -> &str {
    let said = said.trim_end();
    let from = said.len().saturating_sub(ANCHOR_BYTES);
    let from = (from..said.len()).find(|at| begins_a_word(said, *at)).unwrap_or(0);
    &said[from..]
}

/// Takes the text of a continuing answer, and gives what is new in it.
#[derive(Debug, Clone)]
pub(crate) struct Seam(State);

#[derive(Debug, Clone)]
enum State {
    /// Everything is new.
    Open,
    /// Spaces that have been said, and that whoever goes on was not told of.
    Spaces(String),
    /// It is not clear yet whether it repeats something.
    Words(Words),
    /// It repeats a JSON text.
    Json { said: String, repetition: Repetition, begun: bool },
    /// Nothing is wanted of it.
    Mute,
}

impl Seam {
    /// Nothing has been said but, perhaps, spaces.
    pub(crate) fn fresh(said: &str) -> Self {
        Self(after_spaces(said))
    }

    /// The vendor was given the text as the beginning of its answer, without the spaces at its end.
    pub(crate) fn prefilled(said: &str) -> Self {
        Self(State::Words(Words::new(said, false)))
    }

    /// The model was asked to go on, and to begin with the [`anchor`].
    pub(crate) fn asked(said: &str) -> Self {
        Self(State::Words(Words::new(said, true)))
    }

    /// The model was asked to give the whole JSON text again.
    pub(crate) fn structured(said: &str) -> Self {
        Self(State::Json { said: said.to_owned(), repetition: Repetition::of(said), begun: false })
    }

    /// The text is over: what is said of it is not wanted.
    pub(crate) fn mute() -> Self {
        Self(State::Mute)
    }

    /// Whether text is not wanted.
    pub(crate) fn is_mute(&self) -> bool {
        matches!(self.0, State::Mute)
    }

    /// Hears more; gives what is new in it, as far as that is clear by now.
    pub(crate) fn push(&mut self, more: &str) -> Result<String, Contradiction> {
        match &mut self.0 {
            State::Open => Ok(more.to_owned()),
            State::Mute => Ok(String::new()),
            State::Spaces(spaces) => {
                let (rest, is_over) = without(spaces, more);
                let rest = rest.to_owned();
                if is_over {
                    self.0 = State::Open;
                }
                Ok(rest)
            }
            State::Words(words) => match words.push(more) {
                None => Ok(String::new()),
                Some((rest, spaces)) => {
                    self.0 = after_spaces(&spaces);
                    self.push(&rest)
                }
            },
            State::Json { said, repetition, begun } => {
                if !*begun {
                    let first = |text: &str| text.trim_start().chars().next();
                    let Some(begins) = first(more) else { return Ok(String::new()) };
                    if first(said) != Some(begins) {
                        // It goes on, although it was asked for everything.
                        self.0 = State::Open;
                        return Ok(more.to_owned());
                    }
                    *begun = true;
                }
                match repetition.push(more)? {
                    None => Ok(String::new()),
                    Some(rest) => {
                        self.0 = State::Open;
                        Ok(rest)
                    }
                }
            }
        }
    }

    /// The answer is over: what was held back.
    pub(crate) fn finish(&mut self) -> Result<String, Contradiction> {
        match std::mem::replace(&mut self.0, State::Open) {
            State::Open | State::Mute | State::Spaces(_) => Ok(String::new()),
            State::Words(words) => {
                let (rest, spaces) = words.finish();
                self.0 = after_spaces(&spaces);
                self.push(&rest)
            }
            // Nothing is known to be missing if nothing was said.
            State::Json { begun: false, said, .. } if crate::json::is_whole(&said) => Ok(String::new()),
            State::Json { .. } => Err(Contradiction::Unfinished),
        }
    }
}

fn after_spaces(spaces: &str) -> State {
    if spaces.is_empty() { State::Open } else { State::Spaces(spaces.to_owned()) }
}

/// `more` without the spaces at its beginning that have been said before, and whether there can be no more of those.
fn without<'a>(spaces: &mut String, more: &'a str) -> (&'a str, bool) {
    let mut rest = more;
    while let (Some(expected), Some(c)) = (spaces.chars().next(), rest.chars().next()) {
        if expected != c {
            return (rest, true);
        }
        spaces.remove(0);
        rest = &rest[c.len_utf8()..];
    }
    (rest, spaces.is_empty())
}

/// Finds out how many of the last words are said again.
#[derive(Debug, Clone)]
struct Words {
    /// What has been said, and the spaces after it.
    said: String,
    spaces: String,
    /// Places in `said` from which on the answer may be repeating it.
    from: Vec<usize>,
    held: String,
}

impl Words {
    fn new(said: &str, asked: bool) -> Self {
        let body = said.trim_end();
        let spaces = said[body.len()..].to_owned();
        let mut from = Vec::new();
        if asked {
            let anchored = body.len() - anchor(body).len();
            let near = body.len().saturating_sub(OVERLAP_BYTES);
            let places = (near..body.len()).filter(|at| begins_a_word(body, *at));
            from.extend(places.filter(|at| *at == anchored || is_telling(&body[*at..])));
        }
        let whole = if asked { 1 } else { TELLING_CHARACTERS };
        if body.chars().count() >= whole && from.first() != Some(&0) {
            from.insert(0, 0);
        }
        Self { said: body.to_owned(), spaces, from, held: String::new() }
    }

    /// What is new, and the spaces that may not be; `None` while that is not clear.
    fn push(&mut self, more: &str) -> Option<(String, String)> {
        self.held.push_str(more);
        let heard = self.held.trim_start();
        if heard.is_empty() && !self.from.is_empty() {
            return None;
        }
        let said = &self.said;
        self.from.retain(|from| said[*from..].starts_with(heard) || heard.starts_with(&said[*from..]));
        let undecided = self.from.iter().any(|from| said.len() - from > heard.len());
        (!undecided).then(|| self.decided())
    }

    /// The longest overlap counts.
    fn decided(&self) -> (String, String) {
        let heard = self.held.trim_start();
        let repeated = |from: &&usize| heard.starts_with(&self.said[**from..]);
        match self.from.iter().find(repeated) {
            Some(from) => (heard[self.said.len() - from..].to_owned(), self.spaces.clone()),
            None => (self.held.clone(), self.spaces.clone()),
        }
    }

    /// An answer that ends before it has said anything new.
    fn finish(self) -> (String, String) {
        let heard = self.held.trim_start();
        let partly = self.from.iter().any(|from| self.said.len() - from > heard.len());
        let repeated = self.from.iter().any(|from| heard.starts_with(&self.said[*from..]));
        if partly && !repeated { (String::new(), String::new()) } else { self.decided() }
    }
}

fn begins_a_word(text: &str, at: usize) -> bool {
    if !text.is_char_boundary(at) || text[at..].starts_with(char::is_whitespace) {
        return false;
    }
    // Scripts without spaces have a word in every letter.
    text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() || !before.is_ascii())
}

/// Whether words are so many that they are not said twice by chance.
fn is_telling(words: &str) -> bool {
    let spaced = words.split_whitespace().nth(1).is_some() && words.len() >= 5;
    spaced || words.len() >= 16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is new, whatever the pieces.
    fn new(seam: &Seam, text: &str) -> Result<String, Contradiction> {
        let mut results = Vec::new();
        for size in [1, 2, 5, 1000] {
            let mut seam = seam.clone();
            let mut out = String::new();
            let chars: Vec<char> = text.chars().collect();
            for piece in chars.chunks(size) {
                out += &seam.push(&piece.iter().collect::<String>())?;
            }
            out += &seam.finish()?;
            results.push(out);
        }
        assert!(results.iter().all(|one| *one == results[0]), "{text}: {results:?}");
        Ok(results.swap_remove(0))
    }

    #[test]
    fn a_prefilled_answer_goes_on_as_it_is() {
        for (said, text, expected) in [
            ("The quick", " brown fox", " brown fox"),
            ("The qui", "ck brown fox", "ck brown fox"),
            ("la la la", " la la", " la la"),
            ("One. ", " Two.", "Two."),
            ("One.\n\n", "\n\n- Two", "- Two"),
            ("One.\n\n", "\n- Two", "- Two"),
            ("One.\n\n", "- Two", "- Two"),
            ("", "Hello", "Hello"),
            ("  ", " x", "x"),
        ] {
            assert_eq!(new(&Seam::prefilled(said), text).unwrap(), expected, "{said:?} {text:?}");
        }
    }

    #[test]
    fn a_vendor_that_begins_anew_all_the_same_is_found_out() {
        let said = "Once upon a time there was a fox. ";
        let text = "Once upon a time there was a fox. It was quick.";
        assert_eq!(new(&Seam::prefilled(said), text).unwrap(), "It was quick.");
        assert_eq!(new(&Seam::prefilled("Once"), "Once upon").unwrap(), "Once upon");
    }

    #[test]
    fn what_was_asked_for_is_said_once() {
        let said = "The fox jumps over the lazy dog and then it runs to the riv";
        for text in [
            "The fox jumps over the lazy dog and then it runs to the river.",
            "  it runs to the river.",
            "and then it runs to the river.",
            "er.",
        ] {
            assert_eq!(new(&Seam::asked(said), text).unwrap(), "er.", "{text}");
        }
        let long = "word ".repeat(900) + "and the end is ne";
        assert_eq!(new(&Seam::asked(&long), &(anchor(&long).to_owned() + "ar.")).unwrap(), "ar.");
        assert_eq!(new(&Seam::asked("He"), "Hello").unwrap(), "llo");
        assert_eq!(new(&Seam::asked("He"), "llo").unwrap(), "llo");
        assert_eq!(new(&Seam::asked("One two "), "One two three").unwrap(), "three");
        assert_eq!(new(&Seam::asked("狐狸跳过了那只懒"), "跳过了那只懒狗").unwrap(), "狗");
    }

    #[test]
    fn chance_is_no_overlap() {
        assert_eq!(new(&Seam::asked("I said that she said that"), " that is so").unwrap(), " that is so");
        assert_eq!(new(&Seam::asked("it is a bowl"), "l of soup").unwrap(), "l of soup");
    }

    #[test]
    fn nothing_new_is_nothing() {
        assert_eq!(new(&Seam::asked("All is said."), "All is said.").unwrap(), "");
        assert_eq!(new(&Seam::asked("All is said and done."), "is said and").unwrap(), "");
        assert_eq!(new(&Seam::mute(), "words").unwrap(), "");
    }

    #[test]
    fn json_goes_on_whether_it_is_repeated_or_not() {
        let said = r#"{"name": "Fox", "legs"#;
        assert_eq!(new(&Seam::structured(said), r#" {"name":"Fox","legs":4}"#).unwrap(), r#"":4}"#);
        assert_eq!(new(&Seam::structured(said), r#"": 4}"#).unwrap(), r#"": 4}"#);
        assert_eq!(new(&Seam::structured(said), r#"{"name": "Dog"}"#), Err(Contradiction::Differs));
        assert_eq!(new(&Seam::structured(said), r#"{"name":"Fox""#), Err(Contradiction::Unfinished));
        assert_eq!(new(&Seam::structured("{}"), "").unwrap(), "");
    }

    #[test]
    fn an_anchor_begins_with_a_word() {
        assert_eq!(anchor("short text "), "short text");
        let long = format!("{} end", "x".repeat(200));
        assert_eq!(anchor(&long), "end");
        let words = "abc ".repeat(100);
        assert!(anchor(&words).starts_with("abc") && anchor(&words).len() <= ANCHOR_BYTES);
    }
}
