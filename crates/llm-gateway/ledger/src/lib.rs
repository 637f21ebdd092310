#![doc = include_str!("../README.md")]

mod entry;
mod intent;
mod journal;

pub use entry::{Charge, Entry, Flag, Flags, LegId, RequestId, Status, Tokens};
pub use intent::{Checkpoint, Intent};
pub use journal::{
    Batch, Damage, Durability, FullCause, Journal, JournalError, JournalOptions, JournalState, Mark, Open,
    Position, Reader, Record, Recovered, WhenFull, read_folder,
};
pub use llm_pricing::Usd;
pub use smol_str::{SmolStr, ToSmolStr};
