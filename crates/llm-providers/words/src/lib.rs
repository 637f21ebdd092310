#![doc = include_str!("../README.md")]

mod answer;
mod at_end;
mod plain;
mod turns;
mod whole;

pub use answer::{answer, failure, last, piece};
pub use at_end::{AtEnd, END};
pub use plain::{Keeps, plain};
pub use turns::{Speaker, Turn, prompt, turns};
pub use whole::Whole;
