//! Answers in OpenAI's form, made of what a vendor says in its own.

use serde_json::{Value, json};

/// What pieces of streamed answers are called.
pub(crate) const CHUNK: &str = "chat.completion.chunk";

/// A whole answer.
pub fn answer(text: &str, reason: &str, usage: Option<Value>) -> Value {
    let message = json!({ "role": "assistant", "content": text });
    let choice = json!({ "index": 0, "message": message, "finish_reason": reason });
    let mut answer = json!({ "object": "chat.completion", "choices": [choice] });
    if let Some(usage) = usage {
        answer["usage"] = usage;
    }
    answer
}

/// A piece of a streamed answer.
pub fn piece(text: &str) -> Value {
    chunk(&json!({ "index": 0, "delta": { "content": text }, "finish_reason": null }))
}

/// The end of a streamed answer.
pub fn last(reason: &str, usage: Option<Value>) -> Value {
    let mut last = chunk(&json!({ "index": 0, "delta": {}, "finish_reason": reason }));
    if let Some(usage) = usage {
        last["usage"] = usage;
    }
    last
}

fn chunk(choice: &Value) -> Value {
    json!({ "object": CHUNK, "choices": [choice] })
}

/// A failure in words.
pub fn failure(message: &str) -> Value {
    json!({ "error": { "message": message } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_stands_where_it_was_told() {
        let usage = json!({"prompt_tokens": 1});
        assert_eq!(answer("a", "stop", Some(usage.clone()))["usage"], usage);
        assert_eq!(last("stop", Some(usage.clone()))["usage"], usage);
        assert_eq!(answer("a", "stop", None).get("usage"), None);
        assert_eq!(piece("a")["choices"][0]["delta"]["content"], "a");
        assert_eq!(failure("no")["error"]["message"], "no");
    }
}
