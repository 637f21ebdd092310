#![doc = include_str!("../README.md")]

mod chat;
mod events;
mod prediction;
mod prompt;
mod vendor;

pub use vendor::Replicate;
