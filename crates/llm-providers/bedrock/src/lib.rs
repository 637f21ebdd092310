#![doc = include_str!("../README.md")]

mod chat;
mod claude_tools;
mod converse;
mod count;
mod embed;
mod error;
mod head;
mod ingress;
mod invoke;
mod login;
mod model;
mod relay;
mod rerank;
mod usage;
mod vendor;
pub mod wire;

pub use ingress::ConverseIngress;
pub use vendor::Bedrock;
