//! Numbers for the tool calls of a streamed answer.
//!
//! Vendors number them all 0, begin anew in every chunk, or not at all. A call is told from another by its id
//! first, and gets the next number when it begins.

use llm_types::{Nullable, ToolCall};

/// The calls of one choice, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Known>);

#[derive(Debug)]
struct Known {
    vendor_index: Option<u32>,
    id: String,
    name: String,
}

impl Calls {
    /// Whether there is any.
    pub(super) const fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Numbers pieces. The first piece of a call keeps id, type and name; later ones lose what was said.
    pub(super) fn settle(&mut self, pieces: &mut [ToolCall], id_stem: impl Fn() -> String) {
        for piece in pieces {
            let name = name_of(piece).to_owned();
            let id = piece.id.as_deref().unwrap_or_default();
            let at = match self.find(id, &name, piece.index.get().copied()) {
                Some(at) => {
                    self.later(at, piece, &name);
                    at
                }
                None => self.first(piece, name, &id_stem),
            };
            piece.index = u32::try_from(at).unwrap_or(u32::MAX).into();
        }
    }

    /// Which call a piece belongs to; `None` for one that begins.
    fn find(&self, id: &str, name: &str, vendor_index: Option<u32>) -> Option<usize> {
        if !id.is_empty() {
            return self.0.iter().position(|known| known.id == id);
        }
        let Some(index) = vendor_index else {
            // Without number and id, a name begins a call and anything else goes on with the last one.
            return if name.is_empty() { self.0.len().checked_sub(1) } else { None };
        };
        self.0.iter().rposition(|known| known.vendor_index == Some(index))
    }

    fn first(&mut self, piece: &mut ToolCall, name: String, id_stem: impl Fn() -> String) -> usize {
        let at = self.0.len();
        if piece.id.as_deref().unwrap_or_default().is_empty() {
            piece.id = format!("{}_{at}", id_stem()).into();
        }
        if !piece.r#type.is_value() {
            piece.r#type = if piece.custom.is_value() { "custom" } else { "function" }.to_owned().into();
        }
        self.0.push(Known {
            vendor_index: piece.index.get().copied(),
            id: piece.id.as_deref().unwrap_or_default().to_owned(),
            name,
        });
        at
    }

    fn later(&mut self, at: usize, piece: &mut ToolCall, name: &str) {
        piece.id = Nullable::Absent;
        piece.r#type = Nullable::Absent;
        if name.is_empty() || name == self.0[at].name {
            if let Some(function) = piece.function.get_mut() {
                function.name = Nullable::Absent;
            }
            if let Some(custom) = piece.custom.get_mut() {
                custom.name = Nullable::Absent;
            }
        } else {
            self.0[at].name.push_str(name);
        }
    }
}

fn name_of(piece: &ToolCall) -> &str {
    let function = piece.function.get().and_then(|function| function.name.as_deref());
    function.or_else(|| piece.custom.get().and_then(|custom| custom.name.as_deref())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Numbers and ids of the pieces, one list a chunk.
    fn read(chunks: &[serde_json::Value]) -> Vec<(u32, Option<String>, Option<String>)> {
        let mut calls = Calls::default();
        let mut out = Vec::new();
        for chunk in chunks {
            let mut pieces: Vec<ToolCall> = serde_json::from_value(chunk.clone()).unwrap();
            calls.settle(&mut pieces, || "call_x".to_owned());
            out.extend(pieces.into_iter().map(|piece| {
                let name = piece.function.into_option().and_then(|function| function.name.into_option());
                (piece.index.into_option().unwrap(), piece.id.into_option(), name)
            }));
        }
        out
    }

    fn at(index: u32, id: Option<&str>, name: Option<&str>) -> (u32, Option<String>, Option<String>) {
        (index, id.map(str::to_owned), name.map(str::to_owned))
    }

    #[test]
    fn all_numbered_zero() {
        let pieces = read(&[
            json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]),
            json!([{"index": 0, "id": "b", "function": {"name": "f", "arguments": "{"}}]),
            json!([{"index": 0, "id": "", "function": {"arguments": "}"}}]),
        ]);
        assert_eq!(pieces, [at(0, Some("a"), Some("f")), at(1, Some("b"), Some("f")), at(1, None, None)]);
    }

    #[test]
    fn not_numbered_and_without_ids() {
        let pieces = read(&[
            json!([{"function": {"name": "f", "arguments": ""}}, {"function": {"name": "g", "arguments": ""}}]),
            json!([{"function": {"arguments": "{}"}}]),
        ]);
        let ids = [at(0, Some("call_x_0"), Some("f")), at(1, Some("call_x_1"), Some("g")), at(1, None, None)];
        assert_eq!(pieces, ids);
    }

    #[test]
    fn numbers_that_begin_past_zero_and_ids_that_are_repeated() {
        let pieces = read(&[
            json!([{"index": 1, "id": "a", "function": {"name": "f"}}]),
            json!([{"index": 2, "id": "b", "function": {"name": "g"}}]),
            json!([{"index": 1, "id": "a", "type": "function", "function": {"name": "f", "arguments": "1"}}]),
            json!([{"index": 2, "function": {"name": "", "arguments": "2"}}]),
        ]);
        assert_eq!(
            pieces,
            [at(0, Some("a"), Some("f")), at(1, Some("b"), Some("g")), at(0, None, None), at(1, None, None)]
        );
    }
}
