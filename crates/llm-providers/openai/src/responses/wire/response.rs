//! What a model answers.

use llm_types::{Extra, open_enum, wire_struct};
use serde_json::{Number, Value};

use super::item::Item;
use super::request::{Reasoning, TextConfig};

open_enum! {
    /// How far an answer is.
    pub enum Status {
        /// Waiting.
        Queued = "queued",
        /// Being written.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
        /// Broken off.
        Incomplete = "incomplete",
        /// Failed.
        Failed = "failed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

wire_struct! {
    /// An answer.
    #[derive(Default)]
    pub struct Response {
        required {}
        optional {
            /// Its name.
            id: String,
            /// `response`.
            object: String,
            /// When it began, in seconds since the epoch.
            created_at: Number,
            /// How far it is.
            status: Status,
            /// When it was done, in seconds since the epoch.
            completed_at: Number,
            /// Whether it was asked for later.
            background: bool,
            /// Why it failed.
            error: ResponseError,
            /// Why it was broken off.
            incomplete_details: IncompleteDetails,
            /// The instructions of the request.
            instructions: Value,
            /// The limit of the request.
            max_output_tokens: Number,
            /// The limit of the request.
            max_tool_calls: Number,
            /// The model that answered.
            model: String,
            /// What it said.
            output: Vec<Item>,
            /// As in the request.
            parallel_tool_calls: bool,
            /// As in the request.
            previous_response_id: String,
            /// As in the request.
            prompt_cache_key: String,
            /// As in the request.
            prompt_cache_retention: String,
            /// As in the request.
            reasoning: Reasoning,
            /// As in the request.
            safety_identifier: String,
            /// The class of service it got.
            service_tier: String,
            /// Whether the vendor keeps it.
            store: bool,
            /// As in the request.
            temperature: Number,
            /// As in the request.
            text: TextConfig,
            /// As in the request.
            tool_choice: Value,
            /// As in the request.
            tools: Vec<Value>,
            /// As in the request.
            top_logprobs: Number,
            /// As in the request.
            top_p: Number,
            /// As in the request.
            truncation: String,
            /// What it took.
            usage: Usage,
            /// As in the request.
            user: String,
            /// Labels kept with it.
            metadata: Extra,
            /// As in the request.
            frequency_penalty: Number,
            /// As in the request.
            presence_penalty: Number,
        }
    }
}

wire_struct! {
    /// Why an answer failed.
    pub struct ResponseError {
        required {}
        optional {
            /// The kind, such as `server_error`.
            code: String,
            /// In words.
            message: String,
        }
    }
}

wire_struct! {
    /// Why an answer was broken off.
    pub struct IncompleteDetails {
        required {}
        optional {
            /// `max_output_tokens` or `content_filter`.
            reason: String,
        }
    }
}

wire_struct! {
    /// What an answer took.
    #[derive(Default)]
    pub struct Usage {
        required {}
        optional {
            /// Tokens read.
            input_tokens: Number,
            /// What kinds of tokens were read.
            input_tokens_details: Extra,
            /// Tokens written.
            output_tokens: Number,
            /// What kinds of tokens were written.
            output_tokens_details: Extra,
            /// Their sum.
            total_tokens: Number,
        }
    }
}
