#![doc = include_str!("../README.md")]

mod answer;
mod anthropic;
#[cfg(feature = "play")]
mod body;
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
#[cfg(feature = "service")]
mod service;
mod text;
mod vectors;
mod vendor;

#[cfg(feature = "play")]
pub use body::{Cut, PlanBody};
pub use forms::{SHORT_FORMS, ShortForm};
pub use ordinals::Ordinals;
pub use plan::{Plan, Reported, Step, Steps};
pub use respond::{Prepared, Wire, respond};
pub use script::{
    ErrorScript, MAX_BODY_BYTES, MAX_CHUNKS, RawScript, Script, ScriptError, ToolCall, UsageScript,
};
#[cfg(feature = "service")]
pub use service::{MockService, Seconds};
pub use vendor::Mock;
