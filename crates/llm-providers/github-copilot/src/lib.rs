#![doc = include_str!("../README.md")]

mod copilot;
mod headers;
mod login;

pub use copilot::GithubCopilot;
