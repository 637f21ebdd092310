//! Ollama's JSON, in Ollama's names.
//!
//! Source: Ollama docs, "Generate a chat message", "Generate a response", "Generate embeddings"
//! (docs.ollama.com/api), read 2026-11.

use llm_types::{Extra, Nullable, Tool, wire_struct};
use serde_json::{Number, Value};

wire_struct! {
    /// `POST /api/chat`
    pub struct ChatRequest {
        required {
            /// Which model.
            model: String,
        }
        optional {
            /// The conversation. Without any, the model is loaded and nothing is said.
            messages: Vec<ChatMessage>,
            /// What may be called, in OpenAI's form.
            tools: Vec<Tool>,
            /// `json`, or a JSON Schema.
            format: Value,
            /// How to sample, and how to run the model.
            options: Extra,
            /// Whether to stream; absent is yes.
            stream: bool,
            /// How long the model stays in memory.
            keep_alive: Value,
            /// Whether to think, or how long: `low`, `medium`, `high`.
            think: Value,
            /// Whether to return log probabilities.
            logprobs: bool,
            /// How many a token, up to 20.
            top_logprobs: u32,
        }
    }
}

impl ChatRequest {
    /// A request with only a model and messages.
    pub fn new(model: impl Into<String>, messages: Vec<ChatMessage>) -> Self {
        Self {
            model: model.into(),
            messages: Nullable::Value(messages),
            tools: Nullable::Absent,
            format: Nullable::Absent,
            options: Nullable::Absent,
            stream: Nullable::Absent,
            keep_alive: Nullable::Absent,
            think: Nullable::Absent,
            logprobs: Nullable::Absent,
            top_logprobs: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// A message, of any role.
    pub struct ChatMessage {
        required {
            /// `system`, `user`, `assistant` or `tool`.
            role: String,
        }
        optional {
            /// Text.
            content: String,
            /// The model's thinking.
            thinking: String,
            /// Images in base64.
            images: Vec<String>,
            /// What the model calls.
            tool_calls: Vec<ToolCall>,
            /// For role `tool`: the tool that this is the result of.
            tool_name: String,
            /// For role `tool`: the call, where it has a name.
            tool_call_id: String,
        }
    }
}

impl ChatMessage {
    /// A message without content.
    pub fn new(role: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            content: Nullable::Absent,
            thinking: Nullable::Absent,
            images: Nullable::Absent,
            tool_calls: Nullable::Absent,
            tool_name: Nullable::Absent,
            tool_call_id: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// A call.
    pub struct ToolCall {
        required {
            /// What is called, and with what.
            function: ToolFunction,
        }
        optional {
            /// Name of the call; older servers give none.
            id: String,
        }
    }
}

wire_struct! {
    /// What is called, and with what.
    pub struct ToolFunction {
        required {
            /// The tool's name.
            name: String,
        }
        optional {
            /// Which call of the answer.
            index: Number,
            /// A JSON object.
            arguments: Value,
        }
    }
}

wire_struct! {
    /// An answer of `/api/chat`, or a line of one.
    #[derive(Default)]
    pub struct ChatResponse {
        required {}
        optional {
            /// The model as it was asked for.
            model: String,
            /// When, as RFC 3339.
            created_at: String,
            /// What is said, or more of it.
            message: ChatMessage,
            /// Whether this is the end.
            done: bool,
            /// `stop`, `length`, `load` or `unload`.
            done_reason: String,
            /// Nanoseconds in all.
            total_duration: Number,
            /// Nanoseconds to load the model.
            load_duration: Number,
            /// Tokens read; older servers leave it out where the prompt was in memory.
            prompt_eval_count: Number,
            /// Nanoseconds to read them.
            prompt_eval_duration: Number,
            /// Tokens written.
            eval_count: Number,
            /// Nanoseconds to write them.
            eval_duration: Number,
            /// Log probabilities, in OpenAI's form.
            logprobs: Vec<Value>,
        }
    }
}

wire_struct! {
    /// `POST /api/generate`
    pub struct GenerateRequest {
        required {
            /// Which model.
            model: String,
        }
        optional {
            /// What to go on from.
            prompt: String,
            /// What comes after the answer.
            suffix: String,
            /// Instructions.
            system: String,
            /// How the prompt is put together, in Go's templates.
            template: String,
            /// The conversation so far, in tokens.
            context: Value,
            /// Whether the prompt is taken as it is, without a template.
            raw: bool,
            /// Images in base64.
            images: Vec<String>,
            /// `json`, or a JSON Schema.
            format: Value,
            /// How to sample, and how to run the model.
            options: Extra,
            /// Whether to stream; absent is yes.
            stream: bool,
            /// How long the model stays in memory.
            keep_alive: Value,
            /// Whether to think, or how long.
            think: Value,
            /// Whether to return log probabilities.
            logprobs: bool,
            /// How many a token, up to 20.
            top_logprobs: u32,
        }
    }
}

wire_struct! {
    /// An answer of `/api/generate`, or a line of one.
    #[derive(Default)]
    pub struct GenerateResponse {
        required {}
        optional {
            /// The model as it was asked for.
            model: String,
            /// When, as RFC 3339.
            created_at: String,
            /// What is said, or more of it.
            response: String,
            /// The model's thinking, or more of it.
            thinking: String,
            /// Whether this is the end.
            done: bool,
            /// `stop`, `length`, `load` or `unload`.
            done_reason: String,
            /// Nanoseconds in all.
            total_duration: Number,
            /// Nanoseconds to load the model.
            load_duration: Number,
            /// Tokens read.
            prompt_eval_count: Number,
            /// Nanoseconds to read them.
            prompt_eval_duration: Number,
            /// Tokens written.
            eval_count: Number,
            /// Nanoseconds to write them.
            eval_duration: Number,
            /// Log probabilities, in OpenAI's form.
            logprobs: Vec<Value>,
        }
    }
}

wire_struct! {
    /// `POST /api/embed`
    pub struct EmbedRequest {
        required {
            /// Which model.
            model: String,
            /// One text or several.
            input: Value,
        }
        optional {
            /// Whether a text that is too long is cut.
            truncate: bool,
            /// How many numbers a vector has.
            dimensions: u64,
            /// How long the model stays in memory.
            keep_alive: Value,
            /// How to run the model.
            options: Extra,
        }
    }
}

wire_struct! {
    /// An answer of `/api/embed`.
    pub struct EmbedResponse {
        required {
            /// One vector for each text.
            embeddings: Vec<Vec<Number>>,
        }
        optional {
            /// The model as it was asked for.
            model: String,
            /// Tokens read.
            prompt_eval_count: Number,
            /// Nanoseconds in all.
            total_duration: Number,
            /// Nanoseconds to load the model.
            load_duration: Number,
        }
    }
}

#[cfg(test)]
mod tests {
    use llm_testkit::laws::json_identity;
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_and_more_survives() {
        json_identity::<ChatRequest>(
            &json!({
                "future": [1], "model": "m", "stream": null, "think": "high", "keep_alive": -1, "format": { "type": "object" },
                "messages": [
                    { "role": "user", "content": "?", "images": ["AA=="], "note": 1 },
                    { "role": "assistant", "thinking": "t", "tool_calls": [{ "id": "c", "function": { "index": 0, "name": "f", "arguments": { "a": 1 } } }] },
                    { "role": "tool", "tool_name": "f", "tool_call_id": "c", "content": "r" }
                ],
                "tools": [{ "type": "function", "function": { "name": "f" } }], "options": { "num_ctx": 8, "stop": ["x"] },
                "logprobs": true, "top_logprobs": 2
            })
            .to_string(),
        );
        json_identity::<ChatResponse>(
            &json!({ "model": "m", "created_at": "t", "message": { "role": "assistant", "content": "" }, "done": true,
                "done_reason": "later", "total_duration": 1, "eval_count": 2, "logprobs": [{ "token": "a", "logprob": -0.5 }], "x": null })
            .to_string(),
        );
        json_identity::<GenerateRequest>(
            &json!({ "model": "m", "prompt": "p", "suffix": "s", "system": "y", "template": "t", "context": [1], "raw": true,
                "images": ["AA=="], "width": 5 })
            .to_string(),
        );
        json_identity::<GenerateResponse>(
            &json!({ "model": "m", "response": "r", "context": [1], "done": false }).to_string(),
        );
        json_identity::<EmbedRequest>(
            &json!({ "model": "m", "input": ["a"], "truncate": false, "more": 1 }).to_string(),
        );
        json_identity::<EmbedResponse>(
            &json!({ "model": "m", "embeddings": [[0.1, 1]], "prompt_eval_count": 3 }).to_string(),
        );
    }
}
