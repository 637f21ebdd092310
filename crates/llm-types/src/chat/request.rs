//! What a client asks.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use super::{Message, ResponseFormat, Tool, ToolChoice};
use crate::open_enum::{any_of_schema, string_schema};
use crate::{Extra, Nullable, open_enum, wire_struct};

/// Members of OpenAI's requests that have no field here, and that no other vendor knows: they stand in `extra`, and who
/// sends `extra` to another vendor leaves them out.
///
/// Source: request parameters of the official `openai` package 3.52, read 2026-11.
pub const OPENAI_ONLY: &[&str] = &["moderation", "prompt_cache_options"];

wire_struct! {
    /// A chat request. Members it does not name, such as a vendor's own, are in `extra`.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct ChatRequest {
        required {
            /// The model's name.
            model: String,
            /// The conversation so far.
            messages: Vec<Message>,
        }
        optional {
            /// Spoken output wanted.
            audio: AudioRequest,
            /// -2 to 2: penalty for what was said often.
            frequency_penalty: Number,
            /// The oldest form of `tool_choice`.
            function_call: Value,
            /// The oldest form of `tools`.
            functions: Vec<Value>,
            /// Token id to bias, -100 to 100.
            logit_bias: Extra,
            /// Whether to return log probabilities.
            logprobs: bool,
            /// Most tokens to write, thinking included.
            max_completion_tokens: u64,
            /// Most tokens to write, older form.
            max_tokens: u64,
            /// Labels kept with a stored answer.
            metadata: Extra,
            /// `text`, `audio`.
            modalities: Vec<String>,
            /// How many answers.
            n: u32,
            /// Whether several tools may be called at once.
            parallel_tool_calls: bool,
            /// Text that the answer will mostly repeat.
            prediction: Prediction,
            /// -2 to 2: penalty for what was said at all.
            presence_penalty: Number,
            /// Name that groups requests with a common prefix.
            prompt_cache_key: String,
            /// `in_memory` or `24h`.
            prompt_cache_retention: String,
            /// How hard to think.
            reasoning_effort: ReasoningEffort,
            /// The form of the answer.
            response_format: ResponseFormat,
            /// A stable name for the end user, hashed.
            safety_identifier: String,
            /// For repeatable sampling.
            seed: i64,
            /// Which class of service.
            service_tier: ServiceTier,
            /// Where to stop.
            stop: Stop,
            /// Whether the vendor keeps the answer.
            store: bool,
            /// Whether to stream.
            stream: bool,
            /// How to stream.
            stream_options: StreamOptions,
            /// 0 to 2.
            temperature: Number,
            /// Anthropic's own word for how to think; wins over `reasoning_effort`.
            thinking: Value,
            /// Whether and which tools are called.
            tool_choice: ToolChoice,
            /// What may be called.
            tools: Vec<Tool>,
            /// 0 to 20: how many log probabilities a token.
            top_logprobs: u32,
            /// 0 to 1.
            top_p: Number,
            /// A stable name for the end user, older form.
            user: String,
            /// How many words.
            verbosity: Verbosity,
            /// Let the vendor search the web.
            web_search_options: Value,
        }
    }
}

impl ChatRequest {
    /// A request with only a model and messages.
    pub fn new(model: impl Into<String>, messages: Vec<Message>) -> Self {
        Self {
            model: model.into(),
            messages,
            audio: Nullable::Absent,
            frequency_penalty: Nullable::Absent,
            function_call: Nullable::Absent,
            functions: Nullable::Absent,
            logit_bias: Nullable::Absent,
            logprobs: Nullable::Absent,
            max_completion_tokens: Nullable::Absent,
            max_tokens: Nullable::Absent,
            metadata: Nullable::Absent,
            modalities: Nullable::Absent,
            n: Nullable::Absent,
            parallel_tool_calls: Nullable::Absent,
            prediction: Nullable::Absent,
            presence_penalty: Nullable::Absent,
            prompt_cache_key: Nullable::Absent,
            prompt_cache_retention: Nullable::Absent,
            reasoning_effort: Nullable::Absent,
            response_format: Nullable::Absent,
            safety_identifier: Nullable::Absent,
            seed: Nullable::Absent,
            service_tier: Nullable::Absent,
            stop: Nullable::Absent,
            store: Nullable::Absent,
            stream: Nullable::Absent,
            stream_options: Nullable::Absent,
            temperature: Nullable::Absent,
            thinking: Nullable::Absent,
            tool_choice: Nullable::Absent,
            tools: Nullable::Absent,
            top_logprobs: Nullable::Absent,
            top_p: Nullable::Absent,
            user: Nullable::Absent,
            verbosity: Nullable::Absent,
            web_search_options: Nullable::Absent,
            extra: Extra::new(),
        }
    }

    /// Whether the answer is to be streamed.
    pub fn streams(&self) -> bool {
        self.stream.get().copied().unwrap_or(false)
    }

    /// Whether the client asked for a usage chunk at the end of the stream.
    pub fn wants_stream_usage(&self) -> bool {
        self.stream_options.get().and_then(|options| options.include_usage.get().copied()).unwrap_or(false)
    }

    /// Most tokens to write, in whichever form it was said.
    pub fn output_limit(&self) -> Option<u64> {
        self.max_completion_tokens.get().or(self.max_tokens.get()).copied()
    }
}

open_enum! {
    /// How hard to think.
    pub enum ReasoningEffort {
        /// Not at all.
        None = "none",
        /// Hardly.
        Minimal = "minimal",
        /// A little.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// Long.
        High = "high",
        /// Longer.
        Xhigh = "xhigh",
        /// As long as the model can.
        Max = "max",
    }
}

open_enum! {
    /// How many words.
    pub enum Verbosity {
        /// Few.
        Low = "low",
        /// As usual.
        Medium = "medium",
        /// Many.
        High = "high",
    }
}

open_enum! {
    /// Which class of service.
    pub enum ServiceTier {
        /// As the project is set up.
        Auto = "auto",
        /// The usual one.
        Default = "default",
        /// Cheaper and slower.
        Flex = "flex",
        /// Reserved capacity.
        Scale = "scale",
        /// Dearer and faster.
        Priority = "priority",
    }
}
string_schema!(ReasoningEffort, Verbosity, ServiceTier);

wire_struct! {
    /// Spoken output wanted.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct AudioRequest {
        required {}
        optional {
            /// `wav`, `mp3`, `flac`, `opus` or `pcm16`.
            format: String,
            /// A voice, by name or as an object.
            voice: Value,
        }
    }
}

wire_struct! {
    /// Text that the answer will mostly repeat.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct Prediction {
        required {
            /// `content`.
            r#type: String,
            /// The text.
            content: super::MessageContent,
        }
        optional {}
    }
}

wire_struct! {
    /// How to stream.
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct StreamOptions {
        required {}
        optional {
            /// Whether a last chunk carries the usage.
            include_usage: bool,
            /// Whether padding hides the lengths of chunks.
            include_obfuscation: bool,
        }
    }
}

/// Where to stop: one text or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Stop {
    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Serialize for Stop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(one) => serializer.serialize_str(one),
            Self::Many(many) => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Stop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Stop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Stop, E> {
                Ok(Stop::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Stop, A::Error> {
                let mut many = Vec::new();
                while let Some(text) = seq.next_element()? {
                    many.push(text);
                }
                Ok(Stop::Many(many))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

any_of_schema!(Stop: String, Vec<String>);
