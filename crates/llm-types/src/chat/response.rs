//! What a model answers, whole and in chunks.

use serde_json::Value;

use super::{Annotation, Audio, FunctionCall, Message, Role, ServiceTier, ThinkingBlock, ToolCall};
use crate::open_enum::string_schema;
use crate::{Extra, Nullable, Usage, open_enum, wire_struct};

open_enum! {
    /// Why the model stopped.
    pub enum FinishReason {
        /// It was done, or met a stop text.
        Stop = "stop",
        /// The limit of tokens was reached.
        Length = "length",
        /// It wants tools called.
        ToolCalls = "tool_calls",
        /// The content was withheld.
        ContentFilter = "content_filter",
        /// It wants a function called, oldest form.
        FunctionCall = "function_call",
    }
}
string_schema!(FinishReason);

wire_struct! {
    /// A whole answer.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ChatResponse {
        required {
            /// One a choice asked for.
            choices: Vec<Choice>,
        }
        optional {
            /// The vendor's name for this answer.
            id: String,
            /// `chat.completion`.
            object: String,
            /// When, in seconds since the epoch.
            created: serde_json::Number,
            /// The model that answered.
            model: String,
            /// What it took.
            usage: Usage,
            /// The class of service it got.
            service_tier: ServiceTier,
            /// The vendor's configuration.
            system_fingerprint: String,
            /// What a vendor says that has no place elsewhere.
            provider_specific_fields: Extra,
        }
    }
}

impl ChatResponse {
    /// An answer with one choice.
    pub fn new(id: String, created_s: i64, model: String, choice: Choice) -> Self {
        Self {
            choices: vec![choice],
            id: Nullable::Value(id),
            object: Nullable::Value("chat.completion".to_owned()),
            created: Nullable::Value(created_s.into()),
            model: Nullable::Value(model),
            usage: Nullable::Absent,
            service_tier: Nullable::Absent,
            system_fingerprint: Nullable::Absent,
            provider_specific_fields: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// One of the answers.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Choice {
        required {
            /// What is said.
            message: Message,
        }
        optional {
            /// Which one, counted from 0.
            index: u32,
            /// Why the model stopped.
            finish_reason: FinishReason,
            /// Log probabilities.
            logprobs: Value,
        }
    }
}

impl Choice {
    /// The first choice.
    pub fn new(message: Message, finish_reason: FinishReason) -> Self {
        Self {
            message,
            index: Nullable::Value(0),
            finish_reason: Nullable::Value(finish_reason),
            logprobs: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// A piece of a streamed answer.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ChatChunk {
        required {}
        optional {
            /// One a choice that goes on; empty in a chunk that carries usage only.
            choices: Vec<ChunkChoice>,
            /// The vendor's name for this answer, the same in all chunks.
            id: String,
            /// `chat.completion.chunk`.
            object: String,
            /// When, in seconds since the epoch.
            created: serde_json::Number,
            /// The model that answers.
            model: String,
            /// What it took; in the last chunk only.
            usage: Usage,
            /// The class of service it gets.
            service_tier: ServiceTier,
            /// The vendor's configuration.
            system_fingerprint: String,
            /// What a vendor says that has no place elsewhere.
            provider_specific_fields: Extra,
        }
    }
}

impl ChatChunk {
    /// A chunk with nothing in it but its place in the stream.
    pub fn new(id: &str, created_s: i64, model: &str, choices: Vec<ChunkChoice>) -> Self {
        Self {
            choices: Nullable::Value(choices),
            id: Nullable::Value(id.to_owned()),
            object: Nullable::Value("chat.completion.chunk".to_owned()),
            created: Nullable::Value(created_s.into()),
            model: Nullable::Value(model.to_owned()),
            usage: Nullable::Absent,
            service_tier: Nullable::Absent,
            system_fingerprint: Nullable::Absent,
            provider_specific_fields: Nullable::Absent,
            extra: Extra::new(),
        }
    }

    /// The choices, none if the member is absent.
    pub fn choices(&self) -> &[ChunkChoice] {
        self.choices.as_deref().unwrap_or_default()
    }
}

wire_struct! {
    /// How one of the answers goes on.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ChunkChoice {
        required {}
        optional {
            /// Which one, counted from 0.
            index: u32,
            /// What is added.
            delta: Delta,
            /// Why the model stopped; in the last chunk of this choice.
            finish_reason: FinishReason,
            /// Log probabilities.
            logprobs: Value,
        }
    }
}

impl ChunkChoice {
    /// A choice ends for this reason.
    pub fn ended(index: u32, reason: FinishReason) -> Self {
        Self {
            index: Nullable::Value(index),
            finish_reason: Nullable::Value(reason),
            ..Self::new(Delta::default())
        }
    }

    /// The first choice goes on by `delta`.
    pub fn new(delta: Delta) -> Self {
        Self {
            index: Nullable::Value(0),
            delta: Nullable::Value(delta),
            finish_reason: Nullable::Null,
            logprobs: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// What is added to an answer.
    #[derive(Default)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Delta {
        required {}
        optional {
            /// Who speaks; in the first chunk.
            role: Role,
            /// More text.
            content: String,
            /// More words of refusal.
            refusal: String,
            /// More of the tool calls.
            tool_calls: Vec<ToolCall>,
            /// More of the oldest form of a tool call.
            function_call: FunctionCall,
            /// More sound.
            audio: Audio,
            /// More sources.
            annotations: Vec<Annotation>,
            /// More thinking.
            reasoning_content: String,
            /// More of the signed blocks: a piece of text, or a block's signature once it is whole.
            thinking_blocks: Vec<ThinkingBlock>,
            /// What a vendor says that has no place elsewhere.
            provider_specific_fields: Extra,
        }
    }
}

impl Delta {
    /// More text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { content: Nullable::Value(text.into()), ..Self::default() }
    }
}
