//! What a client asks.

use std::fmt;

use llm_types::{Extra, ReasoningEffort, ServiceTier, Verbosity, wire_struct};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use super::item::Item;
use super::tagged::{tagged_enum, text_or};
use super::tools::{Tool, ToolChoice};

wire_struct! {
    /// A request.
    #[derive(Default)]
    pub struct ResponsesRequest {
        required {}
        optional {
            /// The model.
            model: String,
            /// What is said.
            input: Input,
            /// Instructions that stand before the input.
            instructions: Input,
            /// What may be called.
            tools: Vec<Tool>,
            /// Whether and which tools are called.
            tool_choice: ToolChoice,
            /// Whether several tools may be called at once.
            parallel_tool_calls: bool,
            /// Most calls of the vendor's own tools.
            max_tool_calls: u64,
            /// Most tokens to write, thinking included.
            max_output_tokens: u64,
            /// How to think.
            reasoning: Reasoning,
            /// The form of the text.
            text: TextConfig,
            /// 0 to 2.
            temperature: Number,
            /// 0 to 1.
            top_p: Number,
            /// 0 to 20: how many log probabilities a token.
            top_logprobs: u32,
            /// What else the answer should hold.
            include: Vec<String>,
            /// Whether the vendor keeps the answer.
            store: bool,
            /// The answer that this goes on from.
            previous_response_id: String,
            /// The stored conversation that this belongs to.
            conversation: Conversation,
            /// A stored prompt.
            prompt: Value,
            /// Whether to answer later.
            background: bool,
            /// Whether to stream.
            stream: bool,
            /// How to stream.
            stream_options: llm_types::StreamOptions,
            /// `auto` or `disabled`: whether old items may be left out.
            truncation: String,
            /// Labels kept with a stored answer.
            metadata: Extra,
            /// Which class of service.
            service_tier: ServiceTier,
            /// A stable name for the end user, older form.
            user: String,
            /// A stable name for the end user, hashed.
            safety_identifier: String,
            /// Name that groups requests with a common prefix.
            prompt_cache_key: String,
            /// `in_memory` or `24h`.
            prompt_cache_retention: String,
        }
    }
}

/// What is said: a text by the user, or items.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A text.
    Text(String),
    /// Items, in order.
    Items(Vec<Item>),
}

text_or!(Input: "a string or a list of items", Text, Items from seq);

wire_struct! {
    /// How to think.
    #[derive(Default)]
    pub struct Reasoning {
        required {}
        optional {
            /// How hard.
            effort: ReasoningEffort,
            /// `auto`, `concise` or `detailed`.
            summary: String,
            /// The same, older form.
            generate_summary: String,
        }
    }
}

wire_struct! {
    /// The form of the text.
    #[derive(Default)]
    pub struct TextConfig {
        required {}
        optional {
            /// Its form.
            format: TextFormat,
            /// How many words.
            verbosity: Verbosity,
        }
    }
}

tagged_enum! {
    /// The form that a text must have.
    pub enum TextFormat: "a text format (an object with a `type`)" {
        /// Any.
        Text(Extra) = "text",
        /// Some JSON object.
        JsonObject(Extra) = "json_object",
        /// JSON that follows a schema.
        JsonSchema(SchemaFormat) = "json_schema",
    }
}

wire_struct! {
    /// JSON that follows a schema.
    pub struct SchemaFormat {
        required {
            /// Letters, digits, `_` and `-`, at most 64.
            name: String,
        }
        optional {
            /// The JSON Schema.
            schema: Value,
            /// What it is for, for the model.
            description: String,
            /// Whether the answer must follow it exactly.
            strict: bool,
        }
    }
}

/// A stored conversation: its name, or an object that holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Conversation {
    /// The name.
    Id(String),
    /// `{"id": …}`
    Object(Extra),
}

impl Serialize for Conversation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => serializer.serialize_str(id),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Conversation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Conversation;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a conversation's name or an object with an `id`")
            }

            fn visit_str<E>(self, id: &str) -> Result<Conversation, E> {
                Ok(Conversation::Id(id.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Conversation, A::Error> {
                Extra::deserialize(MapAccessDeserializer::new(map)).map(Conversation::Object)
            }
        }
        deserializer.deserialize_any(Read)
    }
}
