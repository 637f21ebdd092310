#![doc = include_str!("../README.md")]

mod allowances;
mod changes;
mod chat;
mod edited;
mod embeddings;
mod error;
mod glance;
mod head;
mod ingress;
mod models;
mod openai;
mod options;
mod relay;
pub mod responses;
mod usage;

pub use allowances::{REQUESTS, TOKENS, allowances};
pub use changes::Changes;
pub use chat::{ChatInterpret, ChatWire};
pub use embeddings::{EmbeddingIngress, EmbeddingOptions, EmbeddingWire};
pub use error::read_error;
pub use glance::MessageGlance;
pub use head::post as request_head;
pub use ingress::{ChatIngress, error_names};
pub use openai::OpenAi;
pub use options::{
    AnswerOptions, Auth, DoneMarker, OutputLimit, Replay, RequestOptions, ThinkingMember, UsageRules,
    WireOptions,
};
pub use relay::{ChatListener, ChatRelay};
pub use responses::{
    ByModel, ByModelRelay, EncryptedThinking, ResponsesIngress, ResponsesOptions, ResponsesRelay,
    ResponsesWire, is_responses_model,
};
