//! Ids of tool calls: Mistral takes nine letters and digits. Any other id is mapped to such a one, the same id always to
//! the same, so that results find their calls and the vendor's prompt cache keeps hitting.
//!
//! Source: Mistral AI's error "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9", as its docs and
//! issue tracker have it, read 2026-11.

use llm_provider_core::NoteKind;
use llm_provider_openai::Changes;
use llm_types::{Message, Nullable};

/// Whether an id is of Mistral's form.
pub(crate) fn is_short(id: &str) -> bool {
    id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Nine letters and digits for any id. FNV-1a, as it is the same on every platform and in every version.
fn short(id: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut out = String::with_capacity(9);
    for _ in 0..9 {
        out.push(char::from(DIGITS[(hash % 62) as usize]));
        hash /= 62;
    }
    out
}

fn is_long(id: &Nullable<String>) -> bool {
    id.as_deref().is_some_and(|id| !is_short(id))
}

/// Whether a message has an id that must be mapped.
pub(super) fn needs_short(message: &Message) -> bool {
    is_long(&message.tool_call_id)
        || message.tool_calls.get().is_some_and(|calls| calls.iter().any(|call| is_long(&call.id)))
}

/// Maps the ids of a message.
pub(super) fn shorten(message: &mut Message, path: &str, changes: &mut Changes<'_>) {
    let mut map = |id: &mut Nullable<String>, path: String| {
        if is_long(id)
            && let Some(id) = id.get_mut()
        {
            *id = short(id);
            changes.note(NoteKind::Renamed, path, id.clone());
        }
    };
    map(&mut message.tool_call_id, format!("{path}.tool_call_id"));
    for (at, call) in message.tool_calls.get_mut().into_iter().flatten().enumerate() {
        map(&mut call.id, format!("{path}.tool_calls[{at}].id"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_becomes_one_of_nine() {
        assert!(is_short("a1B2c3D4e") && !is_short("call_1234") && !is_short("abc") && !is_short("äöüäö"));
        let ids = ["call_1", "call_2", "toolu_01ABC", ""];
        for id in ids {
            assert!(is_short(&short(id)), "{id}");
            assert_eq!(short(id), short(id));
        }
        assert_ne!(short("call_1"), short("call_2"));
    }
}
