#![doc = include_str!("../README.md")]

mod chat;
mod embeddings;
mod error;
mod head;
mod login;
mod vendor;

pub use vendor::Sap;
