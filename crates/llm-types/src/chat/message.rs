//! One message of a conversation.

use serde_json::Value;

use super::{CacheControl, FunctionCall, MessageContent, ToolCall};
use crate::open_enum::string_schema;
use crate::{Extra, Nullable, open_enum, wire_struct};

open_enum! {
    /// Who speaks.
    pub enum Role {
        /// Instructions, older form.
        System = "system",
        /// Instructions, newer form.
        Developer = "developer",
        /// The person.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// The result of a tool call.
        Tool = "tool",
        /// The result of a function call, oldest form.
        Function = "function",
    }
}
string_schema!(Role);

wire_struct! {
    /// A message, of any role; which members make sense depends on the role.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Message {
        required {
            /// Who speaks.
            role: Role,
        }
        optional {
            /// What is said.
            content: MessageContent,
            /// A participant's name, or the function's for role `function`.
            name: String,
            /// Words of refusal by the model.
            refusal: String,
            /// Tools the model wants called.
            tool_calls: Vec<ToolCall>,
            /// For role `tool`: the call that this is the result of.
            tool_call_id: String,
            /// The oldest form of a tool call.
            function_call: FunctionCall,
            /// Spoken answer.
            audio: Audio,
            /// Sources the model names.
            annotations: Vec<Annotation>,
            /// The model's thinking as text.
            reasoning_content: String,
            /// The model's thinking as signed blocks; sent back unchanged, in order.
            thinking_blocks: Vec<ThinkingBlock>,
            /// A prompt-cache marker after this message.
            cache_control: CacheControl,
            /// What a vendor says that has no place elsewhere.
            provider_specific_fields: Extra,
        }
    }
}

impl Message {
    /// A message with text.
    pub fn new(role: Role, content: impl Into<MessageContent>) -> Self {
        Self { content: Nullable::Value(content.into()), ..Self::empty(role) }
    }

    /// A message with nothing in it yet.
    pub fn empty(role: Role) -> Self {
        Self {
            role,
            content: Nullable::Absent,
            name: Nullable::Absent,
            refusal: Nullable::Absent,
            tool_calls: Nullable::Absent,
            tool_call_id: Nullable::Absent,
            function_call: Nullable::Absent,
            audio: Nullable::Absent,
            annotations: Nullable::Absent,
            reasoning_content: Nullable::Absent,
            thinking_blocks: Nullable::Absent,
            cache_control: Nullable::Absent,
            provider_specific_fields: Nullable::Absent,
            extra: Extra::new(),
        }
    }

    /// What the person says.
    pub fn user(content: impl Into<MessageContent>) -> Self {
        Self::new(Role::User, content)
    }

    /// Instructions.
    pub fn system(content: impl Into<MessageContent>) -> Self {
        Self::new(Role::System, content)
    }

    /// What the model said.
    pub fn assistant(content: impl Into<MessageContent>) -> Self {
        Self::new(Role::Assistant, content)
    }

    /// The result of the tool call `id`.
    pub fn tool(id: impl Into<String>, content: impl Into<MessageContent>) -> Self {
        Self { tool_call_id: Nullable::Value(id.into()), ..Self::new(Role::Tool, content) }
    }
}

wire_struct! {
    /// One block of thinking. `type` is `thinking` (with `thinking` and `signature`) or `redacted_thinking`
    /// (with `data`); kept byte for byte, also where the text is empty.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ThinkingBlock {
        required {
            /// `thinking` or `redacted_thinking`.
            r#type: String,
        }
        optional {
            /// The text.
            thinking: String,
            /// The vendor's signature over it.
            signature: String,
            /// Encrypted thinking.
            data: String,
            /// A prompt-cache marker after this block.
            cache_control: CacheControl,
        }
    }
}

wire_struct! {
    /// Spoken output, or a reference to earlier spoken output.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Audio {
        required {}
        optional {
            /// Name by which a later request refers to it.
            id: String,
            /// Base64.
            data: String,
            /// When the vendor forgets it, in seconds since the epoch.
            expires_at: serde_json::Number,
            /// The words.
            transcript: String,
        }
    }
}

wire_struct! {
    /// A source that the model names; `url_citation` is the kind OpenAI documents.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Annotation {
        required {
            /// The kind.
            r#type: String,
        }
        optional {
            /// A page and the span of the answer that it supports.
            url_citation: Value,
        }
    }
}
