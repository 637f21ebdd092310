//! What Anthropic answers: a message, a count, an error.

use llm_types::{Nullable, open_enum, wire_struct};
use serde_json::{Number, Value};

use super::{ContentBlock, Role};

wire_struct! {
    /// A whole answer; in a stream, its beginning.
    pub struct MessageResponse {
        required {
            /// Anthropic's name for this answer.
            #[serde(default, skip_serializing_if = "Nullable::is_absent")]
            id: Nullable<String>,
            /// `message`.
            #[serde(default, skip_serializing_if = "Nullable::is_absent")]
            r#type: Nullable<String>,
            /// `assistant`.
            #[serde(default, skip_serializing_if = "Nullable::is_absent")]
            role: Nullable<Role>,
            /// The model that answered.
            #[serde(default, skip_serializing_if = "Nullable::is_absent")]
            model: Nullable<String>,
            /// What is said.
            content: Vec<ContentBlock>,
        }
        optional {
            /// Why the model stopped.
            stop_reason: StopReason,
            /// The text it stopped at.
            stop_sequence: String,
            /// More on why it stopped.
            stop_details: StopDetails,
            /// What it took.
            usage: Usage,
            /// The container that code ran in.
            container: Value,
            /// What was cut from the conversation.
            context_management: Value,
        }
    }
}

open_enum! {
    /// Why the model stopped.
    pub enum StopReason {
        /// It was done.
        EndTurn = "end_turn",
        /// The limit of tokens was reached.
        MaxTokens = "max_tokens",
        /// It met a stop sequence.
        StopSequence = "stop_sequence",
        /// It wants tools called.
        ToolUse = "tool_use",
        /// A long turn was paused; send the answer back to go on.
        PauseTurn = "pause_turn",
        /// It, or a filter, refused.
        Refusal = "refusal",
        /// The context window is full.
        ModelContextWindowExceeded = "model_context_window_exceeded",
        /// The conversation was compacted and the turn paused after it.
        Compaction = "compaction",
    }
}

wire_struct! {
    /// More on why the model stopped.
    pub struct StopDetails {
        required {}
        optional {
            /// `refusal`.
            r#type: String,
            /// Which policy.
            category: String,
            /// In words.
            explanation: String,
        }
    }
}

wire_struct! {
    /// What an answer took. Counts stand beside each other: `input_tokens` holds neither what was read from
    /// nor what was written to the prompt cache.
    #[derive(Default)]
    pub struct Usage {
        required {}
        optional {
            /// Tokens read, uncached.
            input_tokens: Number,
            /// Tokens written to the prompt cache.
            cache_creation_input_tokens: Number,
            /// Tokens read from the prompt cache.
            cache_read_input_tokens: Number,
            /// Tokens written to the prompt cache, by life.
            cache_creation: CacheCreation,
            /// Tokens written, thinking included.
            output_tokens: Number,
            /// What kinds of tokens were written.
            output_tokens_details: OutputTokensDetails,
            /// Tools that ran at Anthropic: `web_search_requests`, `web_fetch_requests`.
            server_tool_use: Value,
            /// `standard`, `priority` or `batch`.
            service_tier: String,
            /// One usage a round, where a turn took several; the top level then tells the last one only.
            iterations: Vec<Usage>,
        }
    }
}

wire_struct! {
    /// Tokens written to the prompt cache, by life.
    #[derive(Default)]
    pub struct CacheCreation {
        required {}
        optional {
            /// For five minutes.
            ephemeral_5m_input_tokens: Number,
            /// For an hour.
            ephemeral_1h_input_tokens: Number,
        }
    }
}

wire_struct! {
    /// What kinds of tokens were written.
    #[derive(Default)]
    pub struct OutputTokensDetails {
        required {}
        optional {
            /// Thinking.
            thinking_tokens: Number,
        }
    }
}

wire_struct! {
    /// How many tokens a request would read.
    pub struct CountTokensResponse {
        required {
            /// Tokens.
            input_tokens: u64,
        }
        optional {}
    }
}

wire_struct! {
    /// An error as a whole body.
    pub struct ErrorResponse {
        required {
            /// `error`.
            r#type: String,
            /// What happened.
            error: ErrorBody,
        }
        optional {
            /// Anthropic's name for the request.
            request_id: String,
        }
    }
}

wire_struct! {
    /// What happened.
    pub struct ErrorBody {
        required {
            /// `invalid_request_error`, `overloaded_error`, …
            r#type: String,
            /// In words.
            message: String,
        }
        optional {}
    }
}
