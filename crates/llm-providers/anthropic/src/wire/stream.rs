//! The events of a streamed answer; the SSE `event` name repeats the `type` inside.

use llm_types::{Extra, wire_struct};
use serde_json::Value;

use super::tagged::tagged_enum;
use super::{ContentBlock, ErrorBody, MessageResponse, StopDetails, StopReason, Usage};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    /// `message_start`
    MessageStart(MessageStart),
    /// `content_block_start`
    ContentBlockStart(BlockStart),
    /// `content_block_delta`
    ContentBlockDelta(BlockDelta),
    /// `content_block_stop`
    ContentBlockStop(BlockStop),
    /// `message_delta`
    MessageDelta(MessageDelta),
    /// `message_stop`
    MessageStop(Empty),
    /// `ping`
    Ping(Empty),
    /// `error`
    Error(StreamError),
    /// An event this version does not know, whole.
    Unknown(Extra),
}

tagged_enum!(StreamEvent, "a stream event (an object with a `type`)", {
    "message_start" => MessageStart,
    "content_block_start" => ContentBlockStart,
    "content_block_delta" => ContentBlockDelta,
    "content_block_stop" => ContentBlockStop,
    "message_delta" => MessageDelta,
    "message_stop" => MessageStop,
    "ping" => Ping,
    "error" => Error,
});

wire_struct! {
    /// An event that has nothing but its name.
    #[derive(Default)]
    pub struct Empty {
        required {}
        optional {}
    }
}

wire_struct! {
    /// The beginning: an answer without content.
    pub struct MessageStart {
        required {
            /// Id, model and the usage so far.
            message: MessageResponse,
        }
        optional {}
    }
}

wire_struct! {
    /// A block begins.
    pub struct BlockStart {
        required {
            /// Which block, counted from 0.
            index: u32,
            /// The block, its text empty yet.
            content_block: ContentBlock,
        }
        optional {}
    }
}

wire_struct! {
    /// A block goes on.
    pub struct BlockDelta {
        required {
            /// Which block.
            index: u32,
            /// What is added.
            delta: Delta,
        }
        optional {}
    }
}

wire_struct! {
    /// A block ends.
    pub struct BlockStop {
        required {
            /// Which block.
            index: u32,
        }
        optional {}
    }
}

/// What is added to a block.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// `text_delta`
    Text(TextDelta),
    /// `input_json_delta`
    InputJson(InputJsonDelta),
    /// `thinking_delta`
    Thinking(ThinkingDelta),
    /// `signature_delta`
    Signature(SignatureDelta),
    /// `citations_delta`
    Citations(CitationsDelta),
    /// `compaction_delta`
    Compaction(CompactionDelta),
    /// A delta this version does not know, whole.
    Unknown(Extra),
}

tagged_enum!(Delta, "a delta (an object with a `type`)", {
    "text_delta" => Text,
    "input_json_delta" => InputJson,
    "thinking_delta" => Thinking,
    "signature_delta" => Signature,
    "citations_delta" => Citations,
    "compaction_delta" => Compaction,
});

wire_struct! {
    /// More text.
    pub struct TextDelta {
        required {
            /// The text.
            text: String,
        }
        optional {}
    }
}

wire_struct! {
    /// More of a tool's input.
    pub struct InputJsonDelta {
        required {
            /// A piece of JSON text, cut anywhere; may be empty.
            partial_json: String,
        }
        optional {}
    }
}

wire_struct! {
    /// More thinking.
    pub struct ThinkingDelta {
        required {
            /// The text.
            thinking: String,
        }
        optional {}
    }
}

wire_struct! {
    /// The signature over the thinking of this block.
    pub struct SignatureDelta {
        required {
            /// The signature.
            signature: String,
        }
        optional {}
    }
}

wire_struct! {
    /// One more citation of this text block.
    pub struct CitationsDelta {
        required {
            /// The citation.
            citation: Value,
        }
        optional {}
    }
}

wire_struct! {
    /// What a long conversation was compacted into.
    pub struct CompactionDelta {
        required {}
        optional {
            /// The summary.
            content: String,
        }
    }
}

wire_struct! {
    /// The answer as a whole goes on: why it stopped, and what it took.
    pub struct MessageDelta {
        required {
            /// What is new.
            delta: MessageDeltaBody,
        }
        optional {
            /// What it took so far; sums, not differences.
            usage: Usage,
            /// What was cut from the conversation.
            context_management: Value,
        }
    }
}

wire_struct! {
    /// Why the model stopped.
    #[derive(Default)]
    pub struct MessageDeltaBody {
        required {}
        optional {
            /// Why.
            stop_reason: StopReason,
            /// The text it stopped at.
            stop_sequence: String,
            /// More on why.
            stop_details: StopDetails,
            /// The container that code ran in.
            container: Value,
        }
    }
}

wire_struct! {
    /// The vendor's failure in mid-stream.
    pub struct StreamError {
        required {
            /// What happened.
            error: ErrorBody,
        }
        optional {
            /// Anthropic's name for the request.
            request_id: String,
        }
    }
}
