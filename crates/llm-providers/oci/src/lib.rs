#![doc = include_str!("../README.md")]

mod chat;
mod cohere;
mod embeddings;
mod error;
mod generic;
mod head;
mod login;
mod rerank;
mod schema;
mod signature;
mod vendor;

pub use vendor::Oci;
