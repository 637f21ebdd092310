//! [`AzureInterpret`]: OpenAI's stream with what Azure puts into it: chunks of nothing but a content filter's results,
//! whose id, model and time are empty.
//!
//! Source: Microsoft Learn, "Content streaming" (learn.microsoft.com/azure/foundry/openai/concepts/content-streaming),
//! read 2026-11.

use std::borrow::Cow;
use std::sync::Arc;

use llm_provider_core::{Interpret, Outbox, SseEvent};
use llm_provider_openai::{ChatInterpret, WireOptions};
use llm_types::{ChatChunk, Extra};
use serde_json::Value;

/// Reads a streamed answer of Azure's.
pub(crate) struct AzureInterpret(ChatInterpret);

impl AzureInterpret {
    pub(crate) fn new(options: &WireOptions) -> Self {
        Self(ChatInterpret::new(Arc::new(options.clone())))
    }
}

impl Interpret for AzureInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        match without_empty(&event.data) {
            Some(data) => self.0.event(&SseEvent { data: Cow::Owned(data), ..event.clone() }, out),
            None => self.0.event(event, out),
        }
    }

    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }
}

/// A chunk without the members that say nothing, whose choices have a delta; `None` for the usual ones.
fn without_empty(data: &[u8]) -> Option<Vec<u8>> {
    const EMPTY: &[u8] = b"\"id\":\"\"";
    data.windows(EMPTY.len()).find(|window| *window == EMPTY)?;
    let mut chunk: Extra = serde_json::from_slice(data).ok()?;
    let is_empty = |name: &str, value: &Value| match value {
        Value::String(text) => matches!(name, "id" | "model" | "object") && text.is_empty(),
        Value::Number(number) => name == "created" && number.as_u64() == Some(0),
        _ => false,
    };
    let before = chunk.len();
    chunk.retain(|name, value| !is_empty(name, value));
    if chunk.len() == before {
        return None;
    }
    for choice in chunk.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        // Results of a filter that comes after the text have none.
        if let Some(choice) = choice.as_object_mut() {
            choice.entry("delta").or_insert_with(|| Value::Object(Extra::new()));
        }
    }
    serde_json::to_vec(&chunk).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_goes_and_the_rest_stays() {
        let odd =
            br#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{}]}"#;
        let rest = without_empty(odd).unwrap();
        assert_eq!(rest, br#"{"choices":[],"prompt_filter_results":[{}]}"#);
        let late = br#"{"choices":[{"index":0,"content_filter_offsets":{}}],"id":""}"#;
        let rest = without_empty(late).unwrap();
        assert_eq!(rest, br#"{"choices":[{"index":0,"content_filter_offsets":{},"delta":{}}]}"#);
        for usual in [r#"{"id":"a","created":0}"#, r#"{"id":"a","choices":[{"id":""}]}"#, "[DONE]", ""] {
            assert_eq!(without_empty(usual.as_bytes()), None, "{usual}");
        }
    }
}
