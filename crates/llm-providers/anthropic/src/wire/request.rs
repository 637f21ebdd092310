//! What a client asks of `/v1/messages` and `/v1/messages/count_tokens`.

use llm_types::{CacheControl, Extra, Nullable, open_enum, wire_struct};
use serde_json::{Number, Value};

use super::Content;

wire_struct! {
    /// A request. Members it does not name are in `extra`.
    pub struct MessagesRequest {
        required {
            /// The model's name.
            model: String,
            /// The conversation so far.
            messages: Vec<InputMessage>,
        }
        optional {
            /// Most tokens to write, thinking included. Demanded, except when counting.
            max_tokens: u64,
            /// Instructions.
            system: Content,
            /// What may be called.
            tools: Vec<Tool>,
            /// Whether and which tools are called.
            tool_choice: ToolChoice,
            /// How to think.
            thinking: Thinking,
            /// Effort and form of the answer.
            output_config: OutputConfig,
            /// Where to stop.
            stop_sequences: Vec<String>,
            /// 0 to 1.
            temperature: Number,
            /// 0 to 1.
            top_p: Number,
            /// Only the most likely tokens, this many.
            top_k: Number,
            /// Who asks.
            metadata: Metadata,
            /// `auto` or `standard_only`.
            service_tier: String,
            /// A prompt-cache marker after the last block that can have one.
            cache_control: CacheControl,
            /// Whether to stream.
            stream: bool,
            /// `standard` or `fast`.
            speed: String,
            /// Where the model may run.
            inference_geo: String,
            /// A container for code, by id or as an object with skills.
            container: Value,
            /// MCP servers that Anthropic talks to.
            mcp_servers: Value,
            /// What is cut from a long conversation, and when.
            context_management: Value,
        }
    }
}

impl MessagesRequest {
    /// A request with only a model and messages.
    pub fn new(model: impl Into<String>, messages: Vec<InputMessage>) -> Self {
        Self {
            model: model.into(),
            messages,
            max_tokens: Nullable::Absent,
            system: Nullable::Absent,
            tools: Nullable::Absent,
            tool_choice: Nullable::Absent,
            thinking: Nullable::Absent,
            output_config: Nullable::Absent,
            stop_sequences: Nullable::Absent,
            temperature: Nullable::Absent,
            top_p: Nullable::Absent,
            top_k: Nullable::Absent,
            metadata: Nullable::Absent,
            service_tier: Nullable::Absent,
            cache_control: Nullable::Absent,
            stream: Nullable::Absent,
            speed: Nullable::Absent,
            inference_geo: Nullable::Absent,
            container: Nullable::Absent,
            mcp_servers: Nullable::Absent,
            context_management: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

open_enum! {
    /// Who speaks.
    pub enum Role {
        /// The person, and the results of tools.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// Instructions amid the conversation, which some models take.
        System = "system",
    }
}

wire_struct! {
    /// One message.
    pub struct InputMessage {
        required {
            /// Who speaks.
            role: Role,
            /// What is said.
            content: Content,
        }
        optional {}
    }
}

impl InputMessage {
    /// A message.
    pub fn new(role: Role, content: Content) -> Self {
        Self { role, content, extra: Extra::new() }
    }
}

wire_struct! {
    /// A tool. Without a `type`, or with `custom`, the client runs it; other types run at Anthropic or have a
    /// form that the model knows.
    pub struct Tool {
        required {}
        optional {
            /// `custom`, `web_search_20250305`, …
            r#type: String,
            /// Its name.
            name: String,
            /// What it does, for the model.
            description: String,
            /// JSON Schema of the input, of type `object`.
            input_schema: Value,
            /// Whether the input must follow the schema exactly.
            strict: bool,
            /// A prompt-cache marker after this tool.
            cache_control: CacheControl,
        }
    }
}

impl Tool {
    /// Whether the client runs it.
    pub fn is_custom(&self) -> bool {
        self.r#type.as_deref().is_none_or(|kind| kind == "custom")
    }
}

wire_struct! {
    /// Whether and which tools are called.
    pub struct ToolChoice {
        required {
            /// `auto`, `any`, `tool` or `none`.
            r#type: String,
        }
        optional {
            /// With `tool`: which one.
            name: String,
            /// Whether at most one tool is called at once.
            disable_parallel_tool_use: bool,
        }
    }
}

impl ToolChoice {
    /// A choice by its kind.
    pub fn of(kind: &str) -> Self {
        Self {
            r#type: kind.to_owned(),
            name: Nullable::Absent,
            disable_parallel_tool_use: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// How to think.
    pub struct Thinking {
        required {
            /// `enabled`, `adaptive`, `disabled`, …
            r#type: String,
        }
        optional {
            /// With `enabled`: most tokens of thinking; at least 1024 and less than `max_tokens`.
            budget_tokens: u64,
            /// `summarized` or `omitted`.
            display: String,
        }
    }
}

wire_struct! {
    /// Effort and form of the answer.
    pub struct OutputConfig {
        required {}
        optional {
            /// `low`, `medium`, `high`, `xhigh` or `max`.
            effort: String,
            /// The form.
            format: OutputFormat,
        }
    }
}

wire_struct! {
    /// The form of the answer.
    pub struct OutputFormat {
        required {
            /// `json_schema`.
            r#type: String,
        }
        optional {
            /// The JSON Schema, within Anthropic's subset.
            schema: Value,
        }
    }
}

wire_struct! {
    /// Who asks.
    pub struct Metadata {
        required {}
        optional {
            /// An opaque name for the end user.
            user_id: String,
        }
    }
}
