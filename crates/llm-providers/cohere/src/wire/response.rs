//! A whole chat answer, and errors.

use llm_types::{ContentPart, Nullable, ToolCall, wire_struct};
use serde_json::{Number, Value};

wire_struct! {
    /// A whole answer.
    pub struct ChatResponse {
        required {
            /// What is said.
            message: ResponseMessage,
        }
        optional {
            /// Cohere's name for this answer.
            id: String,
            /// `COMPLETE`, `STOP_SEQUENCE`, `MAX_TOKENS`, `TOOL_CALL`, `ERROR` or `TIMEOUT`.
            finish_reason: String,
            /// What it took.
            usage: Usage,
            /// Log probabilities, one for each piece of text.
            logprobs: Vec<Logprob>,
        }
    }
}

wire_struct! {
    /// What is said.
    #[derive(Default)]
    pub struct ResponseMessage {
        required {}
        optional {
            /// `assistant`.
            role: String,
            /// Parts of type `text` and `thinking`.
            content: Vec<ContentPart>,
            /// What the model plans to do with the tools that it calls.
            tool_plan: String,
            /// What the model calls.
            tool_calls: Vec<ToolCall>,
            /// Sources of what is said.
            citations: Vec<Citation>,
        }
    }
}

wire_struct! {
    /// Sources of a span of the answer.
    #[derive(Default)]
    pub struct Citation {
        required {}
        optional {
            /// Where the span begins in the part's text, in letters.
            start: u64,
            /// Where it ends.
            end: u64,
            /// Its words.
            text: String,
            /// Documents and results of tools: `{"type": "document" | "tool", "id": …, …}`.
            sources: Vec<Value>,
            /// Which part of the content.
            content_index: u64,
            /// `TEXT_CONTENT`, `THINKING_CONTENT` or `PLAN`.
            r#type: String,
        }
    }
}

wire_struct! {
    /// Log probabilities of a piece of text.
    pub struct Logprob {
        required {}
        optional {
            /// The text.
            text: String,
            /// Its tokens.
            token_ids: Vec<Number>,
            /// One for each token.
            logprobs: Vec<Number>,
        }
    }
}

wire_struct! {
    /// What an answer took.
    #[derive(Default)]
    pub struct Usage {
        required {}
        optional {
            /// What is paid for.
            billed_units: BilledUnits,
            /// Tokens read and written.
            tokens: Tokens,
            /// Of those read, the ones that came from the prompt cache.
            cached_tokens: Number,
        }
    }
}

wire_struct! {
    /// What is paid for; tokens that Cohere adds to a prompt by itself are not.
    #[derive(Default)]
    pub struct BilledUnits {
        required {}
        optional {
            /// Tokens read.
            input_tokens: Number,
            /// Tokens written.
            output_tokens: Number,
        }
    }
}

wire_struct! {
    /// Tokens read and written.
    #[derive(Default)]
    pub struct Tokens {
        required {}
        optional {
            /// Read.
            input_tokens: Number,
            /// Written.
            output_tokens: Number,
        }
    }
}

wire_struct! {
    /// An error.
    pub struct ErrorBody {
        required {}
        optional {
            /// In words.
            message: String,
            /// Cohere's name for the request.
            id: String,
        }
    }
}

impl ErrorBody {
    /// An error in words.
    pub fn new(message: impl Into<String>, id: Option<String>) -> Self {
        Self { message: Nullable::Value(message.into()), id: id.into(), extra: Default::default() }
    }
}
