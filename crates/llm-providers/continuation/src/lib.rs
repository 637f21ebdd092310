#![doc = include_str!("../README.md")]

mod calls;
mod json;
mod obstacle;
mod plan;
mod seam;
mod thread;
mod usage;

pub use obstacle::Obstacle;
pub use plan::Plan;
pub use thread::Thread;
pub use usage::{estimate, sum};

/// A continuing answer that does not fit what the client has: the stream ends with the error it would have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// It says something else where it had to repeat.
    #[error("the continuing answer contradicts what has been streamed")]
    Differs,
    /// It ended before it had come to where the first broke off.
    #[error("the continuing answer ended before the place where the first broke off")]
    Unfinished,
}
