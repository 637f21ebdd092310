#![doc = include_str!("../README.md")]

mod call;
mod decoder;
mod dialect;
mod error;
mod note;
mod patch;
mod peek;
mod provider;
mod relay;
mod scan;
mod secret;
mod sse;
mod triage;

pub use call::{Call, Decoded, EffortBudgets, Encoded, OnUnsupported, Payload, Segment};
pub use decoder::{Decoder, Interpret, Items, Outbox, SseDecoder};
pub use dialect::{ChunkWriter, Dialect, Incoming, Ingress, IngressError, Outgoing, Reply};
pub use error::{EncodeError, StreamError, UpstreamError, header_text, retry_after_ms};
pub use note::{Note, NoteKind};
pub use patch::{Edit, apply};
pub use peek::{Member, Peek};
pub use provider::{
    Capabilities, Chat, CountTokens, Operation, Provider, TokenCount, Translator, VendorInfo,
};
pub use relay::{Heard, Listener, Relay, RelayOperation, Seen};
pub use scan::Scan;
pub use secret::Secret;
pub use sse::{FrameBuffer, FrameError, Frames, SseEvent};
pub use triage::triage;
