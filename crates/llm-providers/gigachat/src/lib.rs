#![doc = include_str!("../README.md")]

mod answer;
mod chat;
mod embeddings;
mod login;
mod messages;
mod vendor;

pub use vendor::GigaChat;
