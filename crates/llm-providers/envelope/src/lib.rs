#![doc = include_str!("../README.md")]

mod address;
mod content;
mod lacks;
mod legacy;
mod rest;
mod stream;
mod unplaced;
pub mod vectors;
mod wire;

pub use address::{address, head};
pub use content::{bare_parts, functions_only, leave_out_parts, plain_history, texts_only};
pub use lacks::{effort_of_three, leave_out, one_limit, said_by_prompt, usage_alone};
pub use legacy::modern;
pub use rest::{beside, unknown, unknown_beside};
pub use stream::{Opened, Opener, json};
pub use unplaced::unplaced;
pub use wire::{Envelope, EnvelopeWire};
