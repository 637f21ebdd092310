//! One file a command.

pub(crate) mod chat;
pub(crate) mod check;
pub(crate) mod docs;
pub(crate) mod explain;
pub(crate) mod mock;
pub(crate) mod models;
mod reference;
pub(crate) mod serve;
