#![doc = include_str!("../README.md")]

mod address;
mod legacy;
mod lacks;
mod stream;
pub mod vectors;
mod wire;

pub use address::{address, head};
pub use lacks::{leave_out, said_by_prompt};
pub use legacy::modern;
pub use stream::{Opened, Opener, json};
pub use wire::{Envelope, EnvelopeWire};
