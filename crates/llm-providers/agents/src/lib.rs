#![doc = include_str!("../README.md")]

mod ask;
mod dify;
mod langflow;
mod langgraph;

pub use dify::Dify;
pub use langflow::Langflow;
pub use langgraph::LangGraph;
