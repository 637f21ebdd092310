//! Chunks that break a law, one by one.

use std::panic::catch_unwind;

use serde_json::{Value, json};

use super::*;

fn chunks(chunks: &[Value]) -> Vec<ChatChunk> {
    chunks.iter().map(|chunk| llm_types::from_value(chunk.clone()).unwrap()).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
fn piece(calls: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]})
}

fn end(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn first(index: u32, id: &str, arguments: &str) -> Value {
    json!({"index": index, "id": id, "type": "function", "function": {"name": "f", "arguments": arguments}})
}

fn more(index: u32, arguments: &str) -> Value {
    json!({"index": index, "function": {"arguments": arguments}})
}

fn usage() -> Value {
    json!({"choices": [], "usage": {"prompt_tokens": 1}})
}

#[test]
fn sound_chunks_keep_all_laws() {
    stream_laws(&[]);
    stream_laws(&chunks(&[
        piece(json!([first(0, "a", "")])),
        piece(json!([more(0, "{\"x\""), first(1, "b", "{")])),
        piece(json!([more(1, "}"), more(0, ":1}")])),
        end("tool_calls"),
        usage(),
    ]));
    // Cut short by the limit, arguments may be no JSON.
    stream_laws(&chunks(&[piece(json!([first(0, "a", "{\"x")])), end("length")]));
    // Two choices, each with its own calls.
    stream_laws(&chunks(&[
        piece(json!([first(0, "a", "{}")])),
        json!({"choices": [{"index": 1, "delta": {"tool_calls": [first(0, "a", "{}")]}, "finish_reason": "tool_calls"}]}),
        end("tool_calls"),
    ]));
    // A custom tool's input is free text.
    stream_laws(&chunks(&[
        piece(json!([{"index": 0, "id": "c", "type": "custom", "custom": {"name": "g", "input": "free"}}])),
        end("tool_calls"),
    ]));
}

#[test]
fn broken_chunks_are_found() {
    for (broken, message) in [
        (vec![usage(), usage()], "usage is told in chunks [0, 1]"),
        (vec![usage(), end("stop")], "chunk 1 goes on after the usage in chunk 0"),
        (vec![end("stop"), end("stop")], "choice 0 goes on in chunk 1 after it ended"),
        (vec![piece(json!([first(0, "a", "{}")]))], "choice 0 never ends"),
        (
            vec![piece(json!([first(1, "a", "{}")])), end("tool_calls")],
            "numbered in the order in which they begin",
        ),
        (
            vec![piece(json!([first(0, "a", "{}"), first(0, "b", "{}")])), end("tool_calls")],
            "has an id or a name again",
        ),
        (
            vec![piece(json!([first(0, "a", "{}"), first(1, "a", "{}")])), end("tool_calls")],
            "two calls have the id `a`",
        ),
        (vec![piece(json!([first(0, "", "{}")])), end("tool_calls")], "the first piece of call 0 has no id"),
        (
            vec![piece(json!([{"index": 0, "id": "a", "function": {}}])), end("tool_calls")],
            "call 0 has no name",
        ),
        (vec![piece(json!([{"id": "a"}])), end("tool_calls")], "a piece without index"),
        (vec![piece(json!([first(0, "a", "")])), end("tool_calls")], "the arguments of call 0 are no JSON"),
        (
            vec![piece(json!([first(0, "a", "{\"x")])), end("tool_calls")],
            "the arguments of call 0 are no JSON",
        ),
        (vec![piece(json!([first(0, "a", "{}")])), end("stop")], "called tools and ends in `stop`"),
        (vec![end("tool_calls")], "ends in `tool_calls` and called none"),
    ] {
        let panic = catch_unwind(|| stream_laws(&chunks(&broken))).expect_err(&format!("{broken:?}"));
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        assert!(text.is_some_and(|text| text.contains(message)), "`{message}`, not {text:?}");
    }
}
