//! [`DatabricksInterpret`]: OpenAI's stream with content in parts, and with first arguments that mean nothing.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use llm_provider_core::{Interpret, Outbox, SseEvent};
use llm_provider_openai::{ChatInterpret, WireOptions};
use llm_types::ChatChunk;
use memchr::memmem;
use serde_json::{Value, json};

use crate::answer::mended;

/// Reads a streamed answer.
pub(crate) struct DatabricksInterpret {
    inner: ChatInterpret,
    /// Calls, by choice and index, of whose arguments nothing was told but `{}`.
    empty: BTreeSet<(u64, u64)>,
}

impl DatabricksInterpret {
    pub(crate) fn new(options: &WireOptions) -> Self {
        Self { inner: ChatInterpret::new(Arc::new(options.clone())), empty: BTreeSet::new() }
    }

    /// A chunk in OpenAI's form; `None` if it is in that form already.
    fn adapted(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        let mended = mended(data, "delta");
        let has_calls = memmem::find(data, b"\"tool_calls\"").is_some() || !self.empty.is_empty();
        let mut value = match mended {
            Some(value) => value,
            None if has_calls => serde_json::from_slice(data).ok()?,
            None => return None,
        };
        for choice in value.get_mut("choices")?.as_array_mut()? {
            self.calls(choice);
        }
        serde_json::to_vec(&value).ok()
    }

    /// Holds back the `{}` with which a call begins, until it is known that nothing follows.
    fn calls(&mut self, choice: &mut Value) {
        let choice_index = choice["index"].as_u64().unwrap_or(0);
        let calls = choice.pointer_mut("/delta/tool_calls").and_then(Value::as_array_mut);
        for call in calls.into_iter().flatten() {
            let key = (choice_index, call["index"].as_u64().unwrap_or(0));
            let begins = call["function"]["name"].as_str().is_some_and(|name| !name.is_empty());
            let Some(arguments) = call.pointer_mut("/function/arguments") else { continue };
            if begins && arguments == "{}" {
                *arguments = "".into();
                self.empty.insert(key);
            } else if arguments.as_str().is_some_and(|arguments| !arguments.is_empty()) {
                self.empty.remove(&key);
            }
        }
        if choice["finish_reason"].is_null() {
            return;
        }
        let ended: Vec<u64> =
            self.empty.iter().filter(|(of, _)| *of == choice_index).map(|(_, index)| *index).collect();
        self.empty.retain(|(of, _)| *of != choice_index);
        let Some(choice) = choice.as_object_mut().filter(|_| !ended.is_empty()) else { return };
        let ended = ended.iter().map(|index| json!({ "index": index, "function": { "arguments": "{}" } }));
        let delta = choice.entry("delta").or_insert(Value::Null);
        match delta.get_mut("tool_calls").and_then(Value::as_array_mut) {
            Some(calls) => calls.extend(ended),
            None => match delta.as_object_mut() {
                Some(delta) => drop(delta.insert("tool_calls".to_owned(), ended.collect())),
                None => *delta = json!({ "tool_calls": ended.collect::<Value>() }),
            },
        }
    }
}

impl Interpret for DatabricksInterpret {
    type Chunk = ChatChunk;

    fn event(&mut self, event: &SseEvent<'_>, out: &mut Outbox<ChatChunk>) {
        match self.adapted(&event.data) {
            Some(data) => self.inner.event(&SseEvent { data: Cow::Owned(data), ..event.clone() }, out),
            None => self.inner.event(event, out),
        }
    }

    fn is_complete(&self) -> bool {
        self.inner.is_complete()
    }
}
