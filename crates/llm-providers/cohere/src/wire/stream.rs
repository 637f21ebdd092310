//! The events of a streamed answer; the SSE `event` name repeats the `type` inside.

use llm_types::{Extra, Nullable, open_enum, wire_struct};
use serde_json::Value;

use super::Usage;

open_enum! {
    /// What an event says.
    pub enum EventKind {
        /// The answer begins.
        MessageStart = "message-start",
        /// A part of the content begins.
        ContentStart = "content-start",
        /// It goes on.
        ContentDelta = "content-delta",
        /// It ends.
        ContentEnd = "content-end",
        /// The plan goes on.
        ToolPlanDelta = "tool-plan-delta",
        /// A call begins.
        ToolCallStart = "tool-call-start",
        /// Its arguments go on.
        ToolCallDelta = "tool-call-delta",
        /// It ends.
        ToolCallEnd = "tool-call-end",
        /// A citation, whole.
        CitationStart = "citation-start",
        /// It ends.
        CitationEnd = "citation-end",
        /// The answer ends.
        MessageEnd = "message-end",
        /// The prompt as the model saw it.
        Debug = "debug",
    }
}

wire_struct! {
    /// One event.
    pub struct StreamEvent {
        required {
            /// What it says.
            r#type: EventKind,
        }
        optional {
            /// Cohere's name for this answer.
            id: String,
            /// Which part, call or citation.
            index: u32,
            /// What is new.
            delta: EventDelta,
            /// Log probabilities of this piece.
            logprobs: Value,
        }
    }
}

impl StreamEvent {
    /// An event with nothing but its type.
    pub fn new(kind: EventKind) -> Self {
        Self {
            r#type: kind,
            id: Nullable::Absent,
            index: Nullable::Absent,
            delta: Nullable::Absent,
            logprobs: Nullable::Absent,
            extra: Extra::new(),
        }
    }
}

wire_struct! {
    /// What is new.
    #[derive(Default)]
    pub struct EventDelta {
        required {}
        optional {
            /// In the message.
            message: EventMessage,
            /// Why the model stopped.
            finish_reason: String,
            /// What it took.
            usage: Usage,
            /// What went wrong.
            error: String,
        }
    }
}

wire_struct! {
    /// What is new in the message. The first event has empty lists where others have one object.
    #[derive(Default)]
    pub struct EventMessage {
        required {}
        optional {
            /// `assistant`.
            role: String,
            /// `{"type": …, "text" | "thinking": …}`
            content: Value,
            /// More of the plan.
            tool_plan: String,
            /// A call, or more of its arguments.
            tool_calls: Value,
            /// A citation.
            citations: Value,
        }
    }
}
