#![doc = include_str!("../README.md")]

mod allowance;
mod beside;
mod call;
mod decoder;
mod demands;
mod dialect;
mod error;
mod event_stream;
mod foreign;
mod foreign_part;
mod framing;
mod hosted;
mod in_turn;
mod kept;
mod left_out;
mod login;
mod mcp;
mod note;
mod object_end;
mod object_schema;
mod parameters;
mod patch;
mod peek;
mod pieces;
mod provider;
mod reasoning;
mod relay;
mod sample;
mod scan;
mod secret;
mod server_tool;
mod sift;
mod sigv4;
mod source;
mod sse;
mod triage;
mod unchanged;
mod unheard;
mod unplaced;
pub mod vectors;

pub use allowance::{Allowance, AllowanceHeaders, Allowances};
pub use beside::{Beside, without_turns};
pub use call::{Call, Decoded, EffortBudgets, Encoded, OnUnsupported, Payload, Segment};
pub use decoder::{Decoder, Interpret, Items, NeverStreams, Outbox, StreamDecoder};
pub use demands::Demands;
pub use dialect::{ChunkWriter, Dialect, Incoming, Ingress, IngressError, Outgoing, Reply, WholeIngress};
pub use error::{EncodeError, StreamError, UpstreamError, header_text, retry_after_ms};
pub use event_stream::{EventStreamBuffer, write_event_stream};
pub use foreign::{foreign_member, foreign_to_function, said_already};
pub use foreign_part::{foreign_part, stored_part, words_of_file, words_of_part};
pub use framing::{Framer, Framing, LineBuffer};
pub use hosted::{HostedAct, HostedCall, HostedCalls, HostedPage, HostedState};
pub use in_turn::InTurn;
pub use kept::{
    Keeping, Kept, add_members, is_signed_elsewhere, is_usual_member, lost_signatures, members_of,
};
pub use left_out::LeftOut;
pub use login::{AwsKeys, Credential, Login, LoginInput, LoginRun, LoginStep};
pub use mcp::McpServer;
pub use note::{Note, NoteKind};
pub use object_end::ObjectEnd;
pub use object_schema::object_schema;
pub use parameters::{ParameterInfo, Parameters};
pub use patch::{Edit, apply};
pub use peek::{Member, Names, Peek};
pub use pieces::chunks;
pub use provider::{
    Capabilities, Chat, CountTokens, Embeddings, Operation, Prefill, Provider, Rerank, TokenCount,
    Translator, VendorInfo,
};
pub use reasoning::reasoning_said;
pub use relay::{Heard, Listener, Relay, RelayOperation, Seen};
pub use sample::Sample;
pub use scan::Scan;
pub use secret::Secret;
pub use server_tool::{ServerTool, ToolHome, ToolPurpose};
pub use sift::{Sifted, sift};
pub use sigv4::SigV4;
pub use source::{Source, SourcePlace, SourceSpan, cited_texts};
pub use sse::{FrameBuffer, FrameError, Frames, SseEvent};
pub use triage::triage;
pub use unchanged::{is_same_call, says_words};
pub use unheard::Unheard;
pub use unplaced::{more_marks, out_of_role, unplaced_in_calls, unplaced_in_choice, unplaced_in_form};
