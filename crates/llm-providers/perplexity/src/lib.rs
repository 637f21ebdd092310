#![doc = include_str!("../README.md")]

mod agent;
mod chat;
mod embeddings;
mod rest;
mod route;
mod sonar;
mod sources;
mod stream;
mod vendor;

pub use vendor::Perplexity;
