#![doc = include_str!("../README.md")]

mod chat;
mod embeddings;
mod error;
mod gateway;
mod head;
mod login;
mod rerank;
mod vendor;

pub use gateway::WatsonxGateway;
pub use vendor::Watsonx;
