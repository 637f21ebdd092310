#![doc = include_str!("../README.md")]

mod address;
mod answer;
mod databricks;
mod messages;
mod request;
mod stream;

pub use databricks::Databricks;
