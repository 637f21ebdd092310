//! Events as bytes, written from borrowed text.

use bytes::{BufMut, BytesMut};
use llm_types::{Extra, Nullable};
use serde::Serialize;
use serde_json::Value;

use crate::wire::{ErrorBody, MessageDeltaBody, MessageResponse, Usage};

/// One event of an answer.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::ingress) enum Event<'a> {
    MessageStart {
        message: &'a MessageResponse,
    },
    ContentBlockStart {
        index: u32,
        content_block: Start<'a>,
    },
    ContentBlockDelta {
        index: u32,
        delta: Delta<'a>,
    },
    ContentBlockStop {
        index: u32,
    },
    MessageDelta {
        delta: &'a MessageDeltaBody,
        usage: &'a Usage,
        #[serde(skip_serializing_if = "Option::is_none")]
        context_management: Option<&'a Nullable<Value>>,
    },
    MessageStop,
    Ping,
    Error {
        error: &'a ErrorBody,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a str>,
    },
}

/// A block as it begins.
#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::ingress) enum Start<'a> {
    Known(KnownStart<'a>),
    Own(&'a Extra),
}

/// A block whose content follows in deltas.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::ingress) enum KnownStart<'a> {
    Text {
        text: &'static str,
    },
    Thinking {
        thinking: &'static str,
        signature: &'static str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: NoMembers,
        #[serde(skip_serializing_if = "Option::is_none")]
        caller: Option<&'a Value>,
    },
}

/// `{}`
#[derive(Serialize)]
pub(in crate::ingress) struct NoMembers {}

/// What is added to a block.
#[derive(Serialize)]
#[serde(tag = "type")]
pub(in crate::ingress) enum Delta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "citations_delta")]
    Citations { citation: &'a Value },
    #[serde(rename = "compaction_delta")]
    Compaction(&'a Extra),
}

impl Event<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
            Self::Ping => "ping",
            Self::Error { .. } => "error",
        }
    }

    /// Writes the event as one frame.
    pub(in crate::ingress) fn write(&self, out: &mut BytesMut) {
        out.put_slice(b"event: ");
        out.put_slice(self.name().as_bytes());
        out.put_slice(b"\ndata: ");
        let written = serde_json::to_writer((&mut *out).writer(), self);
        debug_assert!(written.is_ok(), "strings and numbers into memory cannot fail");
        out.put_slice(b"\n\n");
    }
}
