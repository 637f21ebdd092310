//! One file a command.

pub mod chat;
pub mod check;
pub mod docs;
pub mod mock;
pub mod models;
mod reference;
pub mod serve;
