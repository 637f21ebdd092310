#![doc = include_str!("../README.md")]

mod chat;
mod embeddings;
mod error;
mod head;
mod records;
mod text;
mod vendor;

pub use vendor::SageMaker;
