#![doc = include_str!("../README.md")]

mod chat;
mod count;
mod embeddings;
mod error;
mod login;
mod model;
mod place;
mod relay;
mod rerank;
mod setup;
mod vendor;

pub use vendor::Vertex;
