//! What is asked.

use llm_types::{Extra, Nullable, open_enum, wire_struct};
use serde_json::{Number, Value};

use super::union::union_enum;
use super::{CachePoint, ContentBlock};

wire_struct! {
    /// A request to Converse or ConverseStream. The model stands in the address.
    #[derive(Default)]
    pub struct ConverseRequest {
        required {}
        optional {
            /// The conversation.
            messages: Vec<InputMessage>,
            /// Instructions.
            system: Vec<SystemBlock>,
            /// What all models know.
            #[serde(rename = "inferenceConfig")]
            inference_config: InferenceConfig,
            /// Tools.
            #[serde(rename = "toolConfig")]
            tool_config: ToolConfig,
            /// The guardrail that looks at the request and the answer.
            #[serde(rename = "guardrailConfig")]
            guardrail_config: Value,
            /// What only this model knows, in its own words.
            #[serde(rename = "additionalModelRequestFields")]
            additional_model_request_fields: Extra,
            /// Values for a prompt that Bedrock keeps.
            #[serde(rename = "promptVariables")]
            prompt_variables: Value,
            /// Members of the model's own answer that are wanted.
            #[serde(rename = "additionalModelResponseFieldPaths")]
            additional_model_response_field_paths: Vec<String>,
            /// Labels for the logs.
            #[serde(rename = "requestMetadata")]
            request_metadata: Extra,
            /// `{"latency": "standard" | "optimized"}`
            #[serde(rename = "performanceConfig")]
            performance_config: Value,
            /// The class of service.
            #[serde(rename = "serviceTier")]
            service_tier: ServiceTier,
            /// The form of the answer, and the effort.
            #[serde(rename = "outputConfig")]
            output_config: OutputConfig,
        }
    }
}

open_enum! {
    /// Who speaks.
    pub enum Role {
        /// The person, and the tools.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// Instructions in the middle.
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
            content: Vec<ContentBlock>,
        }
        optional {}
    }
}

/// A block of instructions.
#[derive(Debug, Clone, PartialEq)]
pub enum SystemBlock {
    /// `text`
    Text(String),
    /// `guardContent`
    GuardContent(Value),
    /// `cachePoint`
    CachePoint(CachePoint),
    /// A block this version does not know, whole.
    Unknown(Extra),
}

union_enum!(SystemBlock, "a system block (an object with one member)", {
    "text" => Text,
    "guardContent" => GuardContent,
    "cachePoint" => CachePoint,
});

wire_struct! {
    /// What all models know.
    #[derive(Default)]
    pub struct InferenceConfig {
        required {}
        optional {
            /// Most tokens to write.
            #[serde(rename = "maxTokens")]
            max_tokens: u64,
            /// 0 to 1.
            temperature: Number,
            /// 0 to 1.
            #[serde(rename = "topP")]
            top_p: Number,
            /// Where to stop.
            #[serde(rename = "stopSequences")]
            stop_sequences: Vec<String>,
        }
    }
}

wire_struct! {
    /// Tools, and the choice among them.
    pub struct ToolConfig {
        required {
            /// The tools.
            tools: Vec<Tool>,
        }
        optional {
            /// Whether and which are called.
            #[serde(rename = "toolChoice")]
            tool_choice: ToolChoice,
        }
    }
}

/// A tool, or a mark between tools.
#[derive(Debug, Clone, PartialEq)]
pub enum Tool {
    /// `toolSpec`: one of the client's.
    Spec(ToolSpec),
    /// `systemTool`: one that runs at Bedrock.
    System(Value),
    /// `cachePoint`
    CachePoint(CachePoint),
    /// A tool this version does not know, whole.
    Unknown(Extra),
}

union_enum!(Tool, "a tool (an object with one member)", {
    "toolSpec" => Spec,
    "systemTool" => System,
    "cachePoint" => CachePoint,
});

wire_struct! {
    /// A tool of the client's.
    pub struct ToolSpec {
        required {
            /// Letters, digits, `_` and `-`, at most 64.
            name: String,
            /// `{"json": schema}`
            #[serde(rename = "inputSchema")]
            input_schema: Value,
        }
        optional {
            /// What it does, for the model; not empty.
            description: String,
            /// Whether the input must follow the schema exactly.
            strict: bool,
        }
    }
}

/// Whether and which tools are called.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolChoice {
    /// `auto`: as the model sees fit.
    Auto(Extra),
    /// `any`: at least one.
    Any(Extra),
    /// `tool`: this one, `{"name": …}`.
    Tool(Value),
    /// A choice this version does not know, whole.
    Unknown(Extra),
}

union_enum!(ToolChoice, "a tool choice (an object with one member)", {
    "auto" => Auto,
    "any" => Any,
    "tool" => Tool,
});

wire_struct! {
    /// The class of service.
    pub struct ServiceTier {
        required {
            /// `priority`, `default`, `flex` or `reserved`.
            r#type: String,
        }
        optional {}
    }
}

wire_struct! {
    /// The form of the answer, and the effort.
    #[derive(Default)]
    pub struct OutputConfig {
        required {}
        optional {
            /// The form.
            #[serde(rename = "textFormat")]
            text_format: TextFormat,
            /// `low`, `medium`, `high`, `xhigh` or `max`.
            effort: String,
        }
    }
}

wire_struct! {
    /// The form of an answer.
    pub struct TextFormat {
        required {
            /// `json_schema`
            r#type: String,
            /// `{"jsonSchema": …}`
            structure: Value,
        }
        optional {}
    }
}

impl TextFormat {
    /// JSON that follows a schema.
    pub fn json_schema(schema: &JsonSchema) -> Self {
        let structure = serde_json::json!({ "jsonSchema": schema });
        Self { r#type: "json_schema".to_owned(), structure, extra: Extra::new() }
    }

    /// The schema, if that is the form.
    pub fn schema(&self) -> Option<JsonSchema> {
        llm_types::from_value(self.structure.get("jsonSchema")?.clone()).ok()
    }
}

wire_struct! {
    /// A schema for an answer.
    pub struct JsonSchema {
        required {
            /// The JSON Schema, as text.
            schema: String,
        }
        optional {
            /// Its name.
            name: String,
            /// What it is for.
            description: String,
        }
    }
}

impl ToolConfig {
    /// Tools without a choice.
    pub fn new(tools: Vec<Tool>) -> Self {
        Self { tools, tool_choice: Nullable::Absent, extra: Extra::new() }
    }
}

impl CachePoint {
    /// A cache point of this life.
    pub fn new(ttl: Option<&str>) -> Self {
        Self { r#type: "default".to_owned(), ttl: ttl.map(str::to_owned).into(), extra: Extra::new() }
    }
}
