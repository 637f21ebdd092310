#![doc = include_str!("../README.md")]

mod anthropic;
mod answer;
mod errors;
mod forms;
mod hash;
mod json;
mod models;
mod openai;
mod ordinals;
mod pace;
mod plan;
mod request;
mod respond;
mod schema;
mod script;
mod text;

pub use forms::{SHORT_FORMS, ShortForm};
pub use ordinals::Ordinals;
pub use plan::{Plan, Step, Steps};
pub use respond::{Prepared, Wire, respond};
pub use script::{
    ErrorScript, MAX_BODY_BYTES, MAX_CHUNKS, RawScript, Script, ScriptError, ToolCall, UsageScript,
};
