//! A chat request.

use llm_types::{Extra, MessageContent, Nullable, Tool, ToolCall, wire_struct};
use serde_json::{Number, Value};

wire_struct! {
    /// A chat request.
    pub struct ChatRequest {
        required {
            /// Which model.
            model: String,
            /// The conversation.
            messages: Vec<ChatMessage>,
        }
        optional {
            /// Whether to stream.
            stream: bool,
            /// What may be called, in OpenAI's form.
            tools: Vec<Tool>,
            /// Whether calls follow the tools' schemas exactly.
            strict_tools: bool,
            /// `REQUIRED` or `NONE`; absent: as the model sees fit.
            tool_choice: String,
            /// What the answer may draw on: texts, or `{"data": {…}, "id": …}`.
            documents: Vec<Value>,
            /// `{"mode": "FAST" | "ACCURATE" | "OFF" | "ENABLED" | "DISABLED"}`
            citation_options: Value,
            /// The form of the answer.
            response_format: ResponseFormat,
            /// `CONTEXTUAL`, `STRICT` or `OFF`.
            safety_mode: String,
            /// Tokens to write at most.
            max_tokens: u64,
            /// Where to stop; five at most.
            stop_sequences: Vec<String>,
            /// From 0.
            temperature: Number,
            /// For repeatable sampling.
            seed: i64,
            /// 0 to 1.
            frequency_penalty: Number,
            /// 0 to 1.
            presence_penalty: Number,
            /// 0 to 500: how many tokens are considered.
            k: Number,
            /// 0.01 to 0.99: how much of the probability is considered.
            p: Number,
            /// Whether to return log probabilities.
            logprobs: bool,
            /// Whether and how long to think.
            thinking: Thinking,
            /// From 0, the most urgent.
            priority: Number,
        }
    }
}

impl ChatRequest {
    /// A request with only a model and messages.
    pub fn new(model: impl Into<String>, messages: Vec<ChatMessage>) -> Self {
        Self {
            model: model.into(),
            messages,
            stream: Nullable::Absent,
            tools: Nullable::Absent,
            strict_tools: Nullable::Absent,
            tool_choice: Nullable::Absent,
            documents: Nullable::Absent,
            citation_options: Nullable::Absent,
            response_format: Nullable::Absent,
            safety_mode: Nullable::Absent,
            max_tokens: Nullable::Absent,
            stop_sequences: Nullable::Absent,
            temperature: Nullable::Absent,
            seed: Nullable::Absent,
            frequency_penalty: Nullable::Absent,
            presence_penalty: Nullable::Absent,
            k: Nullable::Absent,
            p: Nullable::Absent,
            logprobs: Nullable::Absent,
            thinking: Nullable::Absent,
            priority: Nullable::Absent,
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
            /// Text, or parts: `text`, `image_url`, `thinking` of the model's, `document` of a tool's.
            content: MessageContent,
            /// What the model plans to do with the tools that it calls.
            tool_plan: String,
            /// What the model called.
            tool_calls: Vec<ToolCall>,
            /// Which sources the model named.
            citations: Vec<Value>,
            /// For role `tool`: the call that this is the result of.
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
            tool_plan: Nullable::Absent,
            tool_calls: Nullable::Absent,
            citations: Nullable::Absent,
            tool_call_id: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// A document that an answer or a tool's result is made of.
    pub struct Document {
        required {
            /// Its members, or its text.
            data: Value,
        }
        optional {
            /// Name by which citations refer to it.
            id: String,
        }
    }
}

wire_struct! {
    /// The form of an answer.
    pub struct ResponseFormat {
        required {
            /// `text` or `json_object`.
            r#type: String,
        }
        optional {
            /// JSON Schema of the answer.
            json_schema: Value,
        }
    }
}

wire_struct! {
    /// Whether and how long to think.
    pub struct Thinking {
        required {
            /// `enabled` or `disabled`.
            r#type: String,
        }
        optional {
            /// Tokens of thinking at most.
            token_budget: u64,
        }
    }
}
