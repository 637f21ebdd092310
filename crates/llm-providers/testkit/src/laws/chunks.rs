//! What holds of the chunks of one answer.

use std::collections::BTreeMap;

use llm_types::{ChatChunk, FinishReason, Nullable, ToolCall};

/// All laws of this file, on the chunks of one complete answer.
///
/// # Panics
/// If one does not hold.
#[track_caller]
pub fn stream_laws(chunks: &[ChatChunk]) {
    usage_once(chunks);
    one_finish_per_choice(chunks);
    tool_indices(chunks);
}

/// Usage is told at most once, and after it no choice goes on.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn usage_once(chunks: &[ChatChunk]) {
    let told: Vec<_> =
        chunks.iter().enumerate().filter(|(_, chunk)| chunk.usage.is_value()).map(|(at, _)| at).collect();
    assert!(told.len() <= 1, "usage is told in chunks {told:?}; once is right");
    let Some(&at) = told.first() else { return };
    for (later, chunk) in chunks.iter().enumerate().skip(at + 1) {
        assert!(
            chunk.choices().is_empty(),
            "chunk {later} goes on after the usage in chunk {at}: {chunk:#?}"
        );
    }
}

/// Every choice that began ends with one finish reason, in its last chunk.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn one_finish_per_choice(chunks: &[ChatChunk]) {
    let mut ended = BTreeMap::new();
    for (at, chunk) in chunks.iter().enumerate() {
        for choice in chunk.choices() {
            let index = choice.index.get().copied().unwrap_or(0);
            let end = ended.entry(index).or_insert(None);
            assert!(end.is_none(), "choice {index} goes on in chunk {at} after it ended: {choice:#?}");
            *end = choice.finish_reason.get().cloned();
        }
    }
    for (index, end) in ended {
        assert!(end.is_some(), "choice {index} never ends");
    }
}

/// Tool calls are numbered 0, 1, 2 … in the order in which they begin; a call's first piece has its id and
/// name, later pieces have neither; ids differ; and the arguments of an answer that ended by calling tools
/// are JSON.
///
/// # Panics
/// If it does not hold.
#[track_caller]
pub fn tool_indices(chunks: &[ChatChunk]) {
    let mut choices: BTreeMap<u32, Calls> = BTreeMap::new();
    for (at, chunk) in chunks.iter().enumerate() {
        for choice in chunk.choices() {
            let calls = choices.entry(choice.index.get().copied().unwrap_or(0)).or_default();
            for piece in choice.delta.get().and_then(|delta| delta.tool_calls.get()).into_iter().flatten() {
                calls.add(piece, at);
            }
            if let Some(reason) = choice.finish_reason.get() {
                calls.end(reason);
            }
        }
    }
}

#[derive(Default)]
struct Calls(Vec<Call>);

struct Call {
    id: String,
    is_function: bool,
    arguments: String,
}

impl Calls {
    #[track_caller]
    fn add(&mut self, piece: &ToolCall, at: usize) {
        let index =
            *piece.index.get().unwrap_or_else(|| panic!("chunk {at}: a piece without index: {piece:#?}"))
                as usize;
        let function = piece.function.get();
        let name = function
            .and_then(|function| function.name.get())
            .or_else(|| piece.custom.get().and_then(|custom| custom.name.get()));
        if index < self.0.len() {
            assert!(
                !piece.id.is_value() && name.is_none(),
                "chunk {at}: a later piece of call {index} has an id or a name again: {piece:#?}"
            );
        } else {
            assert_eq!(
                index,
                self.0.len(),
                "chunk {at}: calls are numbered in the order in which they begin"
            );
            let id = piece.id.get().cloned().unwrap_or_default();
            assert!(!id.is_empty(), "chunk {at}: the first piece of call {index} has no id: {piece:#?}");
            assert!(
                name.is_some_and(|name| !name.is_empty()),
                "chunk {at}: call {index} has no name: {piece:#?}"
            );
            assert!(self.0.iter().all(|call| call.id != id), "chunk {at}: two calls have the id `{id}`");
            self.0.push(Call { id, is_function: function.is_some(), arguments: String::new() });
        }
        if let Some(Nullable::Value(arguments)) = function.map(|function| &function.arguments) {
            self.0[index].arguments.push_str(arguments);
        }
    }

    #[track_caller]
    fn end(&self, reason: &FinishReason) {
        if !self.0.is_empty() && *reason == FinishReason::Stop {
            panic!("the answer called tools and ends in `stop`; `tool_calls` is right");
        }
        if *reason != FinishReason::ToolCalls {
            return;
        }
        assert!(!self.0.is_empty(), "the answer ends in `tool_calls` and called none");
        for (index, call) in self.0.iter().enumerate().filter(|(_, call)| call.is_function) {
            if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments) {
                panic!("the arguments of call {index} are no JSON ({error}): `{}`", call.arguments);
            }
        }
    }
}

#[cfg(test)]
mod tests;
