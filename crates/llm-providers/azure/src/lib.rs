#![doc = include_str!("../README.md")]

mod address;
mod azure;
mod either;
mod foundry;
mod login;
mod prepared;
mod stream;

pub use azure::Azure;
pub use foundry::AzureAi;
