//! [`sift`]: takes pieces out of the turns of a conversation that otherwise passes through as bytes.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use crate::Scan;

/// What becomes of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sifted {
    /// It stays as it is.
    Kept,
    /// It is left out.
    Left,
    /// This JSON text stands in its place.
    Changed(String),
}

/// Goes through the pieces of `turns`, a JSON list of objects that each have a list of pieces in `member`, and gives the
/// list with the pieces as `decide` wants them; `None` if they all stay, or if the text is no such list, which the vendor
/// then says itself. What no piece is touched of stays byte for byte. A turn that loses all of its pieces goes with them.
///
/// `decide` is told the numbers of turn and piece, and the piece.
///
/// ```
/// use llm_provider_core::{Sifted, sift};
///
/// let turns = r#"[{"role": "a", "content": [1, {"b": 2}], "n": 1e2}, {"content": "text"}]"#;
/// let sifted = sift(turns, "content", |_turn, _piece, json| match json {
///     "1" => Sifted::Left,
///     _ => Sifted::Kept,
/// });
/// assert_eq!(sifted.unwrap(), r#"[{"role": "a", "content": [{"b": 2}], "n": 1e2},{"content": "text"}]"#);
/// ```
pub fn sift(
    turns: &str,
    member: &str,
    mut decide: impl FnMut(usize, usize, &str) -> Sifted,
) -> Option<String> {
    let turns: Vec<&RawValue> = serde_json::from_str(turns).ok()?;
    let mut is_touched = false;
    let mut out: Vec<Cow<'_, str>> = Vec::with_capacity(turns.len());
    for (number, turn) in turns.into_iter().map(RawValue::get).enumerate() {
        let Some((span, pieces)) = pieces(turn, member) else {
            out.push(turn.into());
            continue;
        };
        let mut sifted: Vec<Cow<'_, str>> = Vec::with_capacity(pieces.len());
        let mut is_same = true;
        for (index, piece) in pieces.into_iter().map(RawValue::get).enumerate() {
            let decided = decide(number, index, piece);
            is_same &= decided == Sifted::Kept;
            match decided {
                Sifted::Kept => sifted.push(piece.into()),
                Sifted::Left => {}
                Sifted::Changed(json) => sifted.push(json.into()),
            }
        }
        is_touched |= !is_same;
        if is_same {
            out.push(turn.into());
        } else if !sifted.is_empty() {
            out.push(format!("{}[{}]{}", &turn[..span.start], sifted.join(","), &turn[span.end..]).into());
        }
    }
    is_touched.then(|| format!("[{}]", out.join(",")))
}

/// The pieces of a turn, and where their list stands in it.
fn pieces<'a>(turn: &'a str, member: &str) -> Option<(Range<usize>, Vec<&'a RawValue>)> {
    let (_, list) = Scan::new(turn.as_bytes()).find(|(name, _)| *name == member.as_bytes())?;
    let start = list.as_ptr().addr() - turn.as_ptr().addr();
    let span = start..start + list.len();
    let pieces = serde_json::from_str(turn.get(span.clone())?).ok()?;
    Some((span, pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_touched_stays_as_it_is() {
        let turns = r#" [ {"role":"user","content":"a"} , {"content" : [ {"n": 1e2}, 2 ] , "z":null} ] "#;
        let mut seen = Vec::new();
        let kept = sift(turns, "content", |turn, piece, json| {
            seen.push((turn, piece, json.to_owned()));
            Sifted::Kept
        });
        assert_eq!(kept, None);
        assert_eq!(seen, [(1, 0, r#"{"n": 1e2}"#.to_owned()), (1, 1, "2".to_owned())]);
        let changed = sift(turns, "content", |_, piece, _| match piece {
            0 => Sifted::Kept,
            _ => Sifted::Changed("3".to_owned()),
        });
        let expected = r#"[{"role":"user","content":"a"},{"content" : [{"n": 1e2},3] , "z":null}]"#;
        assert_eq!(changed.as_deref(), Some(expected));
    }

    #[test]
    fn a_turn_without_pieces_goes() {
        let turns = r#"[{"content":[1]},{"content":[2]},{"content":[]}]"#;
        let sifted = sift(turns, "content", |turn, _, _| if turn == 0 { Sifted::Left } else { Sifted::Kept });
        assert_eq!(sifted.as_deref(), Some(r#"[{"content":[2]},{"content":[]}]"#));
    }

    #[test]
    fn what_is_no_conversation_is_the_vendors_to_judge() {
        for turns in ["", "{}", "null", "[1, \"a\", {}]", r#"[{"content": {"a": 1}}]"#, r#"[{"content": [1"#]
        {
            assert_eq!(sift(turns, "content", |_, _, _| Sifted::Left), None, "{turns}");
        }
    }
}
