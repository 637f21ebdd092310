//! What a streamed answer is made of; the name of the event stands in the frame's headers.

use llm_types::{Extra, wire_struct};
use serde_json::{Number, Value};

use super::union::union_enum;
use super::{Metrics, Role, ServiceTier, StopReason, TokenUsage};

wire_struct! {
    /// `messageStart`
    pub struct MessageStart {
        required {
            /// Who speaks.
            role: Role,
        }
        optional {}
    }
}

wire_struct! {
    /// `contentBlockStart`: only blocks that are no text have one.
    pub struct BlockStart {
        required {
            /// Which block, counted from 0.
            #[serde(rename = "contentBlockIndex")]
            index: u32,
            /// What begins.
            start: Start,
        }
        optional {}
    }
}

/// What begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// `toolUse`
    ToolUse(ToolUseStart),
    /// `toolResult`: of a tool that ran at Bedrock.
    ToolResult(Value),
    /// `image`
    Image(Value),
    /// A beginning this version does not know, whole.
    Unknown(Extra),
}

union_enum!(Start, "the beginning of a block (an object with one member)", {
    "toolUse" => ToolUse,
    "toolResult" => ToolResult,
    "image" => Image,
});

wire_struct! {
    /// A call begins.
    pub struct ToolUseStart {
        required {
            /// The name by which the result refers to it.
            #[serde(rename = "toolUseId")]
            tool_use_id: String,
            /// Which tool.
            name: String,
        }
        optional {
            /// `server_tool_use` for a tool that runs at Bedrock.
            r#type: String,
        }
    }
}

wire_struct! {
    /// `contentBlockDelta`
    pub struct BlockDelta {
        required {
            /// Which block.
            #[serde(rename = "contentBlockIndex")]
            index: u32,
            /// What is added.
            delta: Delta,
        }
        optional {}
    }
}

/// What is added to a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// `text`
    Text(String),
    /// `toolUse`
    ToolUse(ToolUseDelta),
    /// `toolResult`: of a tool that ran at Bedrock.
    ToolResult(Value),
    /// `reasoningContent`
    Reasoning(ReasoningDelta),
    /// `citation`: a source of the text around it.
    Citation(Value),
    /// `image`
    Image(Value),
    /// A delta this version does not know, whole.
    Unknown(Extra),
}

union_enum!(Delta, "a delta (an object with one member)", {
    "text" => Text,
    "toolUse" => ToolUse,
    "toolResult" => ToolResult,
    "reasoningContent" => Reasoning,
    "citation" => Citation,
    "image" => Image,
});

wire_struct! {
    /// More of a call's input.
    #[derive(Default)]
    pub struct ToolUseDelta {
        required {}
        optional {
            /// A piece of JSON text.
            input: String,
        }
    }
}

wire_struct! {
    /// More thinking. One of the members is there.
    #[derive(Default)]
    pub struct ReasoningDelta {
        required {}
        optional {
            /// Text.
            text: String,
            /// The signature over the text before.
            signature: String,
            /// Encrypted thinking, in base64.
            #[serde(rename = "redactedContent")]
            redacted_content: String,
        }
    }
}

wire_struct! {
    /// `contentBlockStop`
    pub struct BlockStop {
        required {
            /// Which block.
            #[serde(rename = "contentBlockIndex")]
            index: u32,
        }
        optional {}
    }
}

wire_struct! {
    /// `messageStop`
    pub struct MessageStop {
        required {
            /// Why the model stopped.
            #[serde(rename = "stopReason")]
            stop_reason: StopReason,
        }
        optional {
            /// Members of the model's own answer, as they were asked for.
            #[serde(rename = "additionalModelResponseFields")]
            additional_model_response_fields: Value,
        }
    }
}

wire_struct! {
    /// `metadata`: the last event.
    #[derive(Default)]
    pub struct Metadata {
        required {}
        optional {
            /// What it took.
            usage: TokenUsage,
            /// How long it took.
            metrics: Metrics,
            /// What guardrails and routers did.
            trace: Value,
            /// The latency that was used.
            #[serde(rename = "performanceConfig")]
            performance_config: Value,
            /// The class of service that was used.
            #[serde(rename = "serviceTier")]
            service_tier: ServiceTier,
        }
    }
}

wire_struct! {
    /// An exception in mid-stream; its type stands in the frame's headers.
    #[derive(Default)]
    pub struct Exception {
        required {}
        optional {
            /// What happened.
            message: String,
            /// The model's own status.
            #[serde(rename = "originalStatusCode")]
            original_status_code: Number,
            /// The model's own words.
            #[serde(rename = "originalMessage")]
            original_message: String,
        }
    }
}
