//! What is answered.

use llm_types::{Extra, open_enum, wire_struct};
use serde_json::{Number, Value};

use super::{InputMessage, ServiceTier};

wire_struct! {
    /// A whole answer.
    pub struct ConverseResponse {
        required {
            /// The message.
            output: ConverseOutput,
        }
        optional {
            /// Why the model stopped.
            #[serde(rename = "stopReason")]
            stop_reason: StopReason,
            /// What it took.
            usage: TokenUsage,
            /// How long it took.
            metrics: Metrics,
            /// Members of the model's own answer, as they were asked for.
            #[serde(rename = "additionalModelResponseFields")]
            additional_model_response_fields: Value,
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
    /// The message inside an answer.
    #[derive(Default)]
    pub struct ConverseOutput {
        required {}
        optional {
            /// The message.
            message: InputMessage,
        }
    }
}

open_enum! {
    /// Why the model stopped.
    pub enum StopReason {
        /// It was done.
        EndTurn = "end_turn",
        /// It wants tools called.
        ToolUse = "tool_use",
        /// The limit of tokens was reached.
        MaxTokens = "max_tokens",
        /// It met a stop text.
        StopSequence = "stop_sequence",
        /// A guardrail stepped in.
        GuardrailIntervened = "guardrail_intervened",
        /// The content was withheld.
        ContentFiltered = "content_filtered",
        /// It wrote what cannot be read.
        MalformedModelOutput = "malformed_model_output",
        /// It wrote a call that cannot be read.
        MalformedToolUse = "malformed_tool_use",
        /// The context window was full.
        ModelContextWindowExceeded = "model_context_window_exceeded",
    }
}

wire_struct! {
    /// Tokens. What was read from and written to the prompt cache stands beside `inputTokens`, not inside.
    #[derive(Default)]
    pub struct TokenUsage {
        required {}
        optional {
            /// Tokens read, neither from nor to the cache.
            #[serde(rename = "inputTokens")]
            input_tokens: Number,
            /// Tokens written.
            #[serde(rename = "outputTokens")]
            output_tokens: Number,
            /// All of them.
            #[serde(rename = "totalTokens")]
            total_tokens: Number,
            /// Tokens read from the cache.
            #[serde(rename = "cacheReadInputTokens")]
            cache_read_input_tokens: Number,
            /// Tokens written to the cache.
            #[serde(rename = "cacheWriteInputTokens")]
            cache_write_input_tokens: Number,
            /// The same by life.
            #[serde(rename = "cacheDetails")]
            cache_details: Vec<CacheDetail>,
        }
    }
}

wire_struct! {
    /// Tokens written to the cache for a life.
    pub struct CacheDetail {
        required {
            /// `5m` or `1h`.
            ttl: String,
            /// Tokens.
            #[serde(rename = "inputTokens")]
            input_tokens: Number,
        }
        optional {}
    }
}

wire_struct! {
    /// How long an answer took.
    #[derive(Default)]
    pub struct Metrics {
        required {}
        optional {
            /// In milliseconds.
            #[serde(rename = "latencyMs")]
            latency_ms: Number,
        }
    }
}

impl ConverseOutput {
    /// A message.
    pub fn new(message: InputMessage) -> Self {
        Self { message: llm_types::Nullable::Value(message), extra: Extra::new() }
    }
}
