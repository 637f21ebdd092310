//! What other vendors signed, in a history that passes through: Gemini would refuse the signatures.

use std::borrow::Cow;

use bytes::Bytes;
use llm_provider_core::{Edit, HostedCall, Kept, Peek, Sifted, apply, sift};

use crate::chat::encode::FOREIGN_SIGNATURE;
use crate::ingress::hosted;
use crate::model::Model;

/// Both spellings of the members: Google takes either, and its own clients mix them.
const SIGNATURE: [&str; 2] = ["thoughtSignature", "thought_signature"];
const CALL: [&str; 2] = ["functionCall", "function_call"];

/// The edits that take such signatures out, and thoughts and empty parts with them. A call by another vendor's model is
/// signed as Google wants it of those.
pub(crate) fn edits(peek: &Peek<'_>, model: &str) -> Vec<Edit> {
    let contents = peek.raw("contents").unwrap_or_default();
    if !Kept::may_be_in(contents) && !HostedCall::may_be_in(contents) {
        return Vec::new();
    }
    let wants_signed_calls = Model::of(model).is_third();
    let mut edits = Vec::new();
    let mut turn = Turn::default();
    let sifted = sift(contents, "parts", |number, index, json| {
        if turn.number != number {
            turn = Turn { number, ..Turn::default() };
        }
        let is_told = HostedCall::may_be_in(json)
            && serde_json::from_str(json).is_ok_and(|part| hosted::is_told_for_another(&part));
        if is_told {
            let name = format!("contents[{number}].parts[{index}]").into();
            edits.push(Edit::Remove { name, reason: "another vendor's tool ran it".into() });
            return Sifted::Left;
        }
        let Ok(part) = Peek::new(json.as_bytes()) else { return Sifted::Kept };
        let decided = turn.part(&part, wants_signed_calls);
        if decided.is_foreign {
            // A member of this name does not exist, so that the edit is a note and nothing more.
            let name = format!("contents[{number}].parts[{index}].thoughtSignature").into();
            edits.push(Edit::Remove { name, reason: "another vendor's signature".into() });
        }
        decided.sifted
    });
    edits.extend(sifted.map(|json| Edit::Set { name: "contents".into(), json }));
    edits
}

/// A turn while its parts are looked at.
#[derive(Default)]
struct Turn {
    number: usize,
    /// Whether another vendor's model said it.
    is_foreign: bool,
    has_calls: bool,
}

struct Decided {
    is_foreign: bool,
    sifted: Sifted,
}

impl Turn {
    fn part(&mut self, part: &Peek<'_>, wants_signed_calls: bool) -> Decided {
        let signature = either(part, SIGNATURE);
        let sealed = signature.filter(|name| {
            let text: Option<Cow<'_, str>> = part.text(name).ok().flatten();
            text.is_some_and(|text| Kept::is_seal_in_base64(&text))
        });
        self.is_foreign |= sealed.is_some();
        let is_call = either(part, CALL).is_some();
        let is_first = is_call && !self.has_calls;
        self.has_calls |= is_call;
        let sifted = if is_first && self.is_foreign && wants_signed_calls {
            match (signature, sealed) {
                (Some(_), None) => Sifted::Kept,
                (_, sealed) => set(part, sealed.unwrap_or(SIGNATURE[0]), FOREIGN_SIGNATURE),
            }
        } else if let Some(name) = sealed {
            let is_empty = part.raw("text") == Some("\"\"");
            if is_empty || part.raw("thought") == Some("true") { Sifted::Left } else { without(part, name) }
        } else {
            Sifted::Kept
        };
        Decided { is_foreign: sealed.is_some(), sifted }
    }
}

/// The name under which a member stands in an object.
fn either(object: &Peek<'_>, names: [&'static str; 2]) -> Option<&'static str> {
    names.into_iter().find(|name| object.has(name))
}

fn set(part: &Peek<'_>, name: &'static str, text: &str) -> Sifted {
    edited(part, Edit::set_text(name, text))
}

fn without(part: &Peek<'_>, name: &'static str) -> Sifted {
    edited(part, Edit::Remove { name: name.into(), reason: "".into() })
}

fn edited(part: &Peek<'_>, edit: Edit) -> Sifted {
    let bytes = apply(&Bytes::copy_from_slice(part.body().as_bytes()), part, &[edit]);
    String::from_utf8(bytes.into()).map_or(Sifted::Kept, Sifted::Changed)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ingress::seal;

    /// The body that is sent, and what is noted.
    fn passed(body: &Value, model: &str) -> (Value, Vec<String>) {
        let bytes = Bytes::from(body.to_string());
        let peek = Peek::new(&bytes).unwrap();
        let edits = edits(&peek, model);
        let notes = edits.iter().filter_map(Edit::note).map(|note| note.to_string()).collect();
        (serde_json::from_slice(&apply(&bytes, &peek, &edits)).unwrap(), notes)
    }

    fn call(name: &str) -> Value {
        json!({ "functionCall": { "name": name, "args": { "x": 1.5 } } })
    }

    fn signed(mut part: Value, signature: &str) -> Value {
        part["thoughtSignature"] = signature.into();
        part
    }

    #[test]
    fn geminis_own_passes_as_it_is() {
        let body = json!({ "contents": [
            { "role": "model", "parts": [{ "text": "Hm.", "thought": true }, signed(call("f"), "CiIB0e2Kb6"), call("g")] },
            { "role": "user", "parts": [{ "text": "llmgw" }] },
        ] });
        assert_eq!(passed(&body, "gemini-3-pro"), (body, Vec::new()));
    }

    #[test]
    fn what_others_signed_is_taken_out() {
        let kept = Kept::of_call("a", llm_types::Extra::new());
        let seal = seal(&kept);
        let url_safe = seal.replace('+', "-").replace('/', "_");
        let own = json!({ "role": "model", "parts": [signed(call("f"), "CiIB0e2Kb6"), call("g")] });
        let body = json!({ "contents": [
            { "role": "model", "parts": [
                { "text": "Hm.", "thought": true, "thoughtSignature": seal },
                { "text": "So.", "thought_signature": url_safe },
                call("f"),
                signed(call("g"), &seal),
                { "text": "", "thoughtSignature": seal },
            ] },
            own,
            { "role": "model", "parts": [{ "text": "", "thoughtSignature": seal }] },
            { "role": "model", "parts": [signed(call("f"), &seal)] },
        ] });
        let expected = |first: Value, last: Value| {
            json!({ "contents": [
                { "role": "model", "parts": [{ "text": "So." }, first, call("g")] },
                own,
                { "role": "model", "parts": [last] },
            ] })
        };
        let (sent, notes) = passed(&body, "gemini-2.5-pro");
        assert_eq!(sent, expected(call("f"), call("f")));
        let note = |turn: u8, part: u8| {
            format!("dropped contents[{turn}].parts[{part}].thoughtSignature: another vendor's signature")
        };
        assert_eq!(notes, [note(0, 0), note(0, 1), note(0, 3), note(0, 4), note(2, 0), note(3, 0)]);
        let (sent, _) = passed(&body, "gemini-3-pro");
        let marked = signed(call("f"), FOREIGN_SIGNATURE);
        assert_eq!(sent, expected(marked.clone(), marked));
    }
}
