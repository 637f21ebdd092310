#![doc = include_str!("../README.md")]

mod answer;
mod plain;
mod turns;

pub use answer::{answer, failure, last, piece};
pub use plain::{Keeps, plain};
pub use turns::{Speaker, Turn, prompt, turns};
