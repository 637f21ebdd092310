//! TGI's own form: a prompt and what follows it.

mod read;
mod write;

pub(crate) use read::{TgiInterpret, decode};
pub(crate) use write::encode;
