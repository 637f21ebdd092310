//! [`Numbers`]: clients put streamed lists together by the `index` of their pieces.
//!
//! OpenAI's own SDKs refuse a list of objects that grows from chunk to chunk without it. Source: `openai-python`,
//! `lib/streaming/_deltas.py`, read 2026-11.

mod grown;

use llm_types::{ChatChunk, ChatRequest, Delta, Extra, ThinkingBlock};
use serde_json::Value;

use crate::responses::{OUTPUT_ITEM, REASONING_ITEM};
use grown::Grown;

const INDEX: &str = "index";

/// Where the place of a file in the text stands in a stream, in which `index` is the number of the annotation.
const PLACE: &str = "text_index";

/// Annotations that tell their place in the text by `index`.
///
/// Source: OpenAI API reference, "Responses", annotations of output text, read 2026-11.
const FILES: &[&str] = &["file_citation", "file_path"];

/// Members of `provider_specific_fields` that come one at a time, whole: a list of them is what grows. `citation` is
/// not among them, which LiteLLM's clients know as it is.
const ONE_AT_A_TIME: &[&str] = &["content_block", "part", OUTPUT_ITEM];

/// What has been told so far, by choice.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<(Option<u32>, Counts)>);

#[derive(Debug, Default)]
struct Counts {
    thinking: u32,
    /// Whether the latest thinking may go on. A signature closes it.
    is_open: bool,
    annotations: u32,
    /// Members that only a vendor knows.
    own: Grown,
}

impl Numbers {
    /// The chunk with an `index` in each piece of thinking, each annotation, and each entry of a vendor's own list that
    /// grows; `None` if it has none of them.
    pub(super) fn number(&mut self, chunk: &ChatChunk) -> Option<ChatChunk> {
        let has_pieces = |delta: &Delta| {
            delta.thinking_blocks.is_value()
                || delta.annotations.is_value()
                || delta.provider_specific_fields.is_value()
                || !delta.extra.is_empty()
        };
        if !chunk.choices().iter().any(|choice| choice.delta.get().is_some_and(has_pieces)) {
            return None;
        }
        let mut chunk = chunk.clone();
        for choice in chunk.choices.get_mut().into_iter().flatten() {
            let counts = self.counts(choice.index.get().copied());
            let Some(delta) = choice.delta.get_mut() else { continue };
            for piece in delta.thinking_blocks.get_mut().into_iter().flatten() {
                let number = counts.thought(piece);
                piece.extra.entry(INDEX).or_insert_with(|| number.into());
            }
            for annotation in delta.annotations.get_mut().into_iter().flatten() {
                let number = counts.annotations;
                counts.annotations += 1;
                // A file's place in the text is called so too, and is no number of the annotation.
                let is_file = FILES.contains(&annotation.r#type.as_str());
                if let Some(place) = annotation.extra.get_mut(INDEX).filter(|_| is_file) {
                    let place = std::mem::replace(place, number.into());
                    annotation.extra.insert(PLACE.to_owned(), place);
                } else {
                    annotation.extra.entry(INDEX).or_insert_with(|| number.into());
                }
            }
            if let Some(fields) = delta.provider_specific_fields.get_mut() {
                as_lists(fields);
                counts.own.members(fields);
            }
            counts.own.members(&mut delta.extra);
        }
        Some(chunk)
    }

    fn counts(&mut self, choice: Option<u32>) -> &mut Counts {
        let at = self.0.iter().position(|(index, _)| *index == choice).unwrap_or_else(|| {
            self.0.push((choice, Counts::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

/// What comes one at a time, as lists of one.
fn as_lists(fields: &mut Extra) {
    for name in ONE_AT_A_TIME {
        if let Some(one @ Value::Object(_)) = fields.get_mut(*name) {
            *one = Value::Array(vec![one.take()]);
        }
    }
}

impl Counts {
    /// The number of the block that a piece belongs to.
    fn thought(&mut self, piece: &ThinkingBlock) -> u32 {
        let is_text = piece.r#type == "thinking";
        if !(is_text && self.is_open) {
            self.thinking += 1;
        }
        let is_signed = !piece.signature.as_deref().unwrap_or_default().is_empty()
            || piece.extra.contains_key(REASONING_ITEM);
        self.is_open = is_text && !is_signed;
        self.thinking - 1
    }
}

/// Takes the numbers out of a request: clients send an answer back as they put it together.
pub(super) fn forget(request: &mut ChatRequest) {
    for message in &mut request.messages {
        for block in message.thinking_blocks.get_mut().into_iter().flatten() {
            block.extra.shift_remove(INDEX);
        }
        for annotation in message.annotations.get_mut().into_iter().flatten() {
            annotation.extra.shift_remove(INDEX);
            if let Some(place) = annotation.extra.shift_remove(PLACE) {
                annotation.extra.insert(INDEX.to_owned(), place);
            }
        }
        // What was told one at a time comes back as the client put it together; the list of all of it is what counts.
        if let Some(fields) = message.provider_specific_fields.get_mut() {
            *fields = llm_provider_core::without_turns(std::mem::take(fields));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn numbered(numbers: &mut Numbers, choice: u32, delta: &Value) -> Option<Value> {
        let chunk = json!({"choices": [{"index": choice, "delta": delta}]});
        let chunk = numbers.number(&serde_json::from_value(chunk).unwrap())?;
        Some(serde_json::to_value(chunk).unwrap()["choices"][0]["delta"].take())
    }

    fn indices(delta: Option<Value>, list: &str) -> Vec<Value> {
        delta.unwrap()[list].as_array().unwrap().iter().map(|piece| piece["index"].clone()).collect()
    }

    #[test]
    fn a_signature_ends_a_block() {
        let mut numbers = Numbers::default();
        let mut told = |piece: Value| {
            indices(numbered(&mut numbers, 0, &json!({"thinking_blocks": [piece]})), "thinking_blocks")
        };
        let text = || json!({"type": "thinking", "thinking": "a"});
        let signed = || json!({"type": "thinking", "thinking": "", "signature": "s"});
        assert_eq!([told(text()), told(text()), told(signed())], [[0], [0], [0]]);
        assert_eq!([told(text()), told(signed())], [[1], [1]]);
        assert_eq!(told(signed()), [2]);
        assert_eq!(told(json!({"type": "redacted_thinking", "data": "d"})), [3]);
        assert_eq!(told(text()), [4]);
        // So does the item of a Responses API, which holds the signed thinking itself.
        assert_eq!(told(json!({"type": "thinking", "thinking": "", "reasoning_item": {}})), [4]);
        assert_eq!(told(text()), [5]);
    }

    #[test]
    fn choices_are_counted_apart_and_the_vendors_numbers_kept() {
        let mut numbers = Numbers::default();
        let two = json!({"annotations": [{"type": "url_citation"}, {"type": "url_citation"}]});
        assert_eq!(indices(numbered(&mut numbers, 0, &two), "annotations"), [0, 1]);
        assert_eq!(indices(numbered(&mut numbers, 0, &two), "annotations"), [2, 3]);
        assert_eq!(indices(numbered(&mut numbers, 1, &two), "annotations"), [0, 1]);
        let files = json!({"annotations": [{"type": "file_citation", "file_id": "f", "index": 7},
            {"type": "file_citation", "file_id": "g", "index": 7}]});
        let told = numbered(&mut numbers, 2, &files).unwrap();
        assert_eq!(told["annotations"][1]["text_index"], 7, "{told}");
        assert_eq!(indices(Some(told), "annotations"), [0, 1]);
        let own = json!({"annotations": [{"type": "url_citation", "index": 9}]});
        assert_eq!(indices(numbered(&mut numbers, 1, &own), "annotations"), [9]);
        assert_eq!(numbered(&mut numbers, 0, &json!({"content": "a"})), None);
    }

    /// Twice the same list of objects, at any depth, and twice one of what comes one at a time.
    #[test]
    fn lists_of_a_vendor_grow() {
        let mut numbers = Numbers::default();
        let mut told = |fields: Value| {
            let delta = json!({"provider_specific_fields": fields, "images": [{"type": "image_url"}]});
            numbered(&mut numbers, 0, &delta).unwrap()
        };
        let fields = |id: &str| json!({"content_block": {"id": id}, "citation": {"sources": [{"id": id}]}});
        let first = told(fields("a"));
        assert_eq!(
            first["provider_specific_fields"],
            json!({"content_block": [{"id": "a", "index": 0}], "citation": {"sources": [{"id": "a"}]}})
        );
        assert_eq!(first["images"], json!([{"type": "image_url"}]));
        let second = told(fields("b"));
        assert_eq!(
            second["provider_specific_fields"],
            json!({"content_block": [{"id": "b", "index": 1}], "citation": {"sources": [{"id": "b", "index": 1}]}})
        );
        assert_eq!(second["images"], json!([{"type": "image_url", "index": 1}]));
    }

    #[test]
    fn numbers_do_not_come_back() {
        let message = json!({"role": "assistant", "content": "a",
            "thinking_blocks": [{"type": "thinking", "thinking": "a", "signature": "s", "index": 0}]});
        let mut request: ChatRequest =
            serde_json::from_value(json!({"model": "m", "messages": [message]})).unwrap();
        forget(&mut request);
        assert!(!serde_json::to_string(&request).unwrap().contains("index"));
    }
}
