//! The verbs: what the gateway does, written against plain values.

pub mod completion;
pub mod count;
pub mod explain;
pub mod health;
